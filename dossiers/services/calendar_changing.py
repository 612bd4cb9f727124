"""Changing a calendar: rehearsed, applied as one audited operation, carried out promise by promise.

Nothing moves silently: by default every promise stands, and what is done with each dossier is
written down once (docs/adr/0012, domain.md 3.9). Whoever keeps calendars (R10) may enter days;
what becomes of promises is the reform office's to decide (R11).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.calendars import DayChange, change_days
from agencies.models import Calendar, CalendarDay
from dossiers import rehearsing
from dossiers.clockwork import changes_of
from dossiers.models import (
    CalendarChange,
    CalendarChangeDay,
    CalendarMove,
    CalendarShift,
    Dossier,
)
from dossiers.recording import ActDataError, locked_for_act
from dossiers.services.adjusting import move_with_calendar
from dossiers.shifts import Shift
from dossiers.workflow import RUNNING_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agencies.models import Officer
    from dossiers.rehearsing import Calendars

logger = structlog.get_logger(__name__)

KEEPERS = frozenset({Role.ADMINISTRATOR, Role.REFORM_OFFICER})
MOST_DAYS = 31
MOVED_AT_ONCE = 100  # dossiers between two looks at the clock and at what is left
FORGOTTEN_AFTER = dt.timedelta(days=30)

Choice, Stage = CalendarChange.Choice, CalendarShift.Stage
Direction, Outcome = CalendarMove.Direction, CalendarMove.Outcome


class ChangeError(Exception):
    """A change of calendar cannot go on: applied already, or rehearsed by an older calendar."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the promises that a changed calendar touches."""

    earlier: str = Choice.KEEP.value
    later: str = Choice.KEEP.value
    later_reason: str = ""


def propose(
    calendar: Calendar,
    *,
    by: Officer,
    number: str,
    announced_on: dt.date,
    days: Sequence[DayChange],
) -> CalendarChange:
    """Ghi một thay đổi lịch để thử: its days and their announcement; nothing changes yet.

    Raises ActDataError naming `number` or `days`.
    """
    _keeper(by)
    if not number.strip():
        raise ActDataError({"number": _("Hãy ghi số văn bản công bố.")})
    if not days or len(days) > MOST_DAYS:
        raise ActDataError({"days": _("Hãy ghi từ 1 đến %(most)s ngày.") % {"most": MOST_DAYS}})
    faults = faults_of(calendar, days)
    if faults:
        raise ActDataError({"days": " ".join(dict.fromkeys(faults.values()))})
    with transaction.atomic():
        locked = Calendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
        known = {day.on: day for day in locked.days.filter(on__in=[day.on for day in days])}
        change = CalendarChange.objects.create(
            calendar=locked,
            number=number.strip(),
            announced_on=announced_on,
            base_version=locked.version,
            rehearsed_by=by,
            created_at=timezone.now(),
        )
        CalendarChangeDay.objects.bulk_create(
            CalendarChangeDay(
                change=change,
                on=day.on,
                kind=day.kind,
                name=day.name,
                kind_before=known[day.on].kind if day.on in known else "",
                name_before=known[day.on].name if day.on in known else "",
                source_before=known[day.on].source if day.on in known else "",
            )
            for day in days
        )
        return change


def faults_of(calendar: Calendar, days: Sequence[DayChange]) -> dict[int, str]:
    """Tell what is wrong with each day, by its place: a change must change something. One query."""
    rest = set(calendar.rest_weekdays)
    known = dict(calendar.days.filter(on__in=[day.on for day in days]).values_list("on", "kind"))
    faults: dict[int, str] = {}
    seen: set[dt.date] = set()
    for place, day in enumerate(days):
        if day.on in seen:
            faults[place] = _("Ngày này có hai dòng, chỉ giữ một.")
        elif not calendar.loaded_from <= day.on <= calendar.loaded_until:
            faults[place] = _("Lịch chỉ có dữ liệu từ %(first)s đến %(last)s.") % {
                "first": f"{calendar.loaded_from:%d/%m/%Y}",
                "last": f"{calendar.loaded_until:%d/%m/%Y}",
            }
        elif not day.kind and day.on not in known:
            faults[place] = _("Ngày này vốn không phải ngày đặc biệt, không có gì để bỏ.")
        elif day.kind and known.get(day.on) == day.kind:
            faults[place] = _("Lịch này đã có ngày đó, cùng loại.")
        elif day.kind == CalendarDay.Kind.MAKE_UP and day.on.weekday() not in rest:
            faults[place] = _("Ngày này vốn là ngày làm việc; làm bù chỉ vào ngày nghỉ hằng tuần.")
        elif day.kind == CalendarDay.Kind.SWAPPED_OFF and day.on.weekday() in rest:
            faults[place] = _("Ngày này vốn là ngày nghỉ hằng tuần, không cần hoán đổi.")
        elif day.kind and not day.name.strip():
            faults[place] = _("Hãy ghi tên của ngày này, ví dụ: nghỉ hoán đổi dịp 30/4.")
        seen.add(day.on)
    return faults


def rehearse(change: CalendarChange) -> CalendarChange:
    """Thử thay đổi lịch: list every open dossier that would move, by the calendar of now.

    Changes no dossier and no calendar; done again it takes the place of the older rehearsal.
    Raises ChangeError for an applied change and for days that another change has altered since.
    """
    with transaction.atomic():
        locked = CalendarChange.objects.select_for_update(no_key=True).get(pk=change.pk)
        if locked.is_applied:
            raise ChangeError(_("Thay đổi này đã được áp dụng."))
        version = Calendar.objects.values_list("version", flat=True).get(pk=locked.calendar_id)
        if version != locked.base_version and _has_moved_on(locked):
            raise ChangeError(_stale())
        calendars = rehearsing.calendars_of(locked)
        tally = rehearsing.list_shifts(locked, Stage.REHEARSED, calendars)
        locked.counts = rehearsing.counts_of(locked, Stage.REHEARSED, tally)
        locked.digest = tally.digest
        locked.base_version = version
        locked.rehearsed_at = timezone.now()
        locked.save(update_fields=["counts", "digest", "base_version", "rehearsed_at"])
    logger.info(
        "calendar rehearsed", change=locked.pk, earlier=sum(tally.earlier.values()),
        later=sum(tally.later.values()),
    )  # fmt: skip
    return locked


def _has_moved_on(change: CalendarChange) -> bool:
    """Tell whether a day of the change is no longer what it was when the change was written."""
    now = dict(
        CalendarDay.objects.filter(
            calendar=change.calendar_id, on__in=change.days.values("on")
        ).values_list("on", "kind")
    )
    return any(now.get(day.on, "") != day.kind_before for day in change.days.all())


def _stale() -> str:
    return _("Lịch đã thay đổi sau lần thử này. Hãy thử lại trước khi áp dụng.")


def apply(
    change: CalendarChange, *, by: Officer, decision: Decision, digest: bytes
) -> CalendarChange:
    """Áp dụng thay đổi lịch: its days are in the calendar, once; promises follow (`carry_out`).

    `digest` is that of the rehearsal the officer has read. Waits for acts that began by the old
    calendar; acts that come later begin by the new one. Raises ChangeError when it is applied
    already, was rehearsed anew or by an older calendar, or another change is under way;
    ActDataError naming `earlier`, `later` or `later_reason`.
    """
    _keeper(by)
    _decidable(by, decision)
    with transaction.atomic():
        # FOR UPDATE, not NO KEY: it is what `calendar_for_promise` refuses to share.
        calendar = Calendar.objects.select_for_update().get(pk=change.calendar_id)
        locked = CalendarChange.objects.select_for_update(no_key=True).get(pk=change.pk)
        if locked.is_applied:
            raise ChangeError(_("Thay đổi này đã được áp dụng."))
        if locked.rehearsed_at is None:
            raise ChangeError(_("Hãy thử trước khi áp dụng."))
        if calendar.version != locked.base_version or bytes(locked.digest) != digest:
            raise ChangeError(_stale())
        if CalendarChange.objects.filter(
            calendar=calendar, applied_at__isnull=False, finished_at__isnull=True
        ).exists():
            raise ChangeError(_("Một thay đổi khác của lịch này đang được thực hiện, hãy đợi."))
        source = rehearsing.source_of(locked)
        locked.version_after = change_days(
            calendar, [DayChange(d.on, d.kind, d.name, source) for d in locked.days.all()]
        )
        locked.earlier, locked.later = decision.earlier, decision.later
        locked.later_reason = decision.later_reason.strip() if decision.later == Choice.MOVE else ""
        locked.applied_by, locked.applied_at = by, timezone.now()
        locked.save(
            update_fields=[
                "version_after", "earlier", "later", "later_reason", "applied_by", "applied_at",
            ]
        )  # fmt: skip
    logger.info("calendar changed", change=locked.pk, version=locked.version_after, by=by.pk)
    return locked


def _keeper(by: Officer) -> None:
    if KEEPERS.isdisjoint(_roles(by)):
        raise ActDataError({"calendar": _("Bạn không giữ lịch làm việc của tỉnh.")})


def _decidable(by: Officer, decision: Decision) -> None:
    """Refuse what is not the officer's to decide, and a later date without its reason."""
    for name in ("earlier", "later"):
        chosen = getattr(decision, name)
        if chosen not in Choice.values:
            raise ActDataError({name: _("Hãy chọn giữ hoặc dời.")})
        if chosen == Choice.MOVE and Role.REFORM_OFFICER not in _roles(by):
            raise ActDataError(
                {name: _("Dời ngày đã hẹn với người dân là việc của cán bộ kiểm soát thủ tục.")}
            )
    if decision.later == Choice.MOVE and not decision.later_reason.strip():
        raise ActDataError({"later_reason": _("Hãy ghi vì sao dời ngày hẹn muộn hơn.")})


def _roles(by: Officer) -> set[str]:
    return {role for role, _agency in by.held_roles(timezone.localdate())}


def carry_out(change_id: int, *, goes_on: Callable[[], bool] = lambda: True) -> bool:
    """Thực hiện thay đổi lịch: deal with each promise of an applied change; tell if none is left.

    May be stopped anywhere and begun again, by several at once: each dossier is dealt with once.
    `goes_on` is asked now and then whether there is time for more.
    """
    change = _planned(change_id)
    if change is None or change.finished_at is not None:
        return True
    calendars = rehearsing.calendars_of(change)
    if change.earlier == Choice.KEEP:
        _keep_all(change, Direction.EARLIER, goes_on)
    if change.later == Choice.KEEP:
        _keep_all(change, Direction.LATER, goes_on)
    while goes_on():
        left = list(_left(change).order_by("dossier")[:MOVED_AT_ONCE])
        if not left:
            return _finish(change)
        for row in left:
            _deal(change, row, calendars)
        _progress(change)
    return not _left(change).exists() and _finish(change)


def _planned(change_id: int) -> CalendarChange | None:
    """Return an applied change with its list of today, made by whoever comes first."""
    with transaction.atomic():
        change = CalendarChange.objects.select_for_update(no_key=True).filter(pk=change_id).first()
        if change is None or not change.is_applied:
            return None
        if change.planned_at is None:
            calendars = rehearsing.calendars_of(change)
            tally = rehearsing.list_shifts(change, Stage.PLANNED, calendars)
            change.planned_at = change.progress_at = timezone.now()
            change.plan_digest = tally.digest
            change.differences = rehearsing.differences_of(change)
            change.save(update_fields=["planned_at", "plan_digest", "differences", "progress_at"])
        return change


def _left(change: CalendarChange) -> QuerySet[CalendarShift]:
    done = CalendarMove.objects.filter(change=change, dossier=OuterRef("dossier"))
    return CalendarShift.objects.filter(~Exists(done), change=change, stage=Stage.PLANNED)


def _progress(change: CalendarChange) -> None:
    CalendarChange.objects.filter(pk=change.pk).update(progress_at=timezone.now())


def _finish(change: CalendarChange) -> bool:
    now = timezone.now()
    CalendarChange.objects.filter(pk=change.pk, finished_at__isnull=True).update(
        finished_at=now, progress_at=now
    )
    logger.info("calendar change carried out", change=change.pk)
    return True


def _keep_all(
    change: CalendarChange, direction: CalendarMove.Direction, goes_on: Callable[[], bool]
) -> None:
    """Let the promises of one direction stand, many in one statement: nothing of theirs changes.

    Only what later pauses are added to is written on the dossier: the promise, and not what the
    new calendar would say. A dossier that ended or moved meanwhile is told so.
    """
    comparison = "<" if direction is Direction.EARLIER else ">"
    while goes_on():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO dossiers_calendarmove
                    (change_id, dossier_id, at, due_before, due_by_rule, due_after, direction,
                     outcome)
                SELECT s.change_id, s.dossier_id, %(now)s, s.due_before, s.due_after, d.due_at,
                       %(direction)s,
                       CASE WHEN d.settled_at IS NULL AND d.due_at = s.due_before
                            THEN 'kept' ELSE 'overtaken' END
                FROM dossiers_calendarshift s JOIN dossiers_dossier d ON d.id = s.dossier_id
                WHERE s.change_id = %(change)s AND s.stage = 'planned'
                  AND s.due_after {comparison} s.due_before
                  AND NOT EXISTS (SELECT FROM dossiers_calendarmove m
                                  WHERE m.change_id = s.change_id AND m.dossier_id = s.dossier_id)
                ORDER BY s.dossier_id LIMIT %(most)s
                ON CONFLICT (change_id, dossier_id) DO NOTHING
                RETURNING dossier_id, outcome
                """,  # noqa: S608 - one of two signs
                {
                    "now": timezone.now(),
                    "direction": direction.value,
                    "change": change.pk,
                    "most": rehearsing.CHUNK,
                },
            )
            done = cursor.fetchall()
            _keep([pk for pk, outcome in done if outcome == Outcome.KEPT], change)
        if not done:
            return
        _progress(change)


def _keep(dossiers: Sequence[int], change: CalendarChange) -> None:
    """Write on dossiers that their date is a kept promise: later pauses are added to it.

    A pause under way counts whole, from its own beginning.
    """
    Dossier.objects.filter(pk__in=dossiers).update(
        due_base_at=F("due_at"), due_base_from=Coalesce(F("paused_at"), change.applied_at)
    )


def _deal(change: CalendarChange, row: CalendarShift, calendars: Calendars) -> None:
    """Deal with one promise of the list, under the lock of its dossier, unless somebody has."""
    with transaction.atomic():
        dossier = locked_for_act(Dossier(pk=row.dossier_id))
        if CalendarMove.objects.filter(change=change, dossier=dossier).exists():
            return
        found = _shift_now(row, dossier, calendars)
        seen = found or row
        direction, decided = _decided(change, is_earlier=seen.due_after < seen.due_before)
        move = CalendarMove(
            change=change,
            dossier=dossier,
            at=timezone.now(),
            due_before=row.due_before,
            due_by_rule=row.due_after,
            due_after=dossier.due_at,
            direction=direction,
            outcome=Outcome.OVERTAKEN,
        )
        if found is not None:
            move.due_before, move.due_by_rule = found.due_before, found.due_after
            if decided == Choice.MOVE:
                moved, move.event = move_with_calendar(
                    dossier, change=change, shift=found, reason=_reason(change, direction)
                )
                move.due_after, move.outcome = moved.due_at, Outcome.MOVED
            else:
                move.outcome = Outcome.KEPT
                _keep([dossier.pk], change)
        move.save(force_insert=True)


def _shift_now(row: CalendarShift, dossier: Dossier, calendars: Calendars) -> Shift | None:
    """Return where the date goes as the dossier stands under its lock, None when it no longer does.

    What happened since the list was made (an end, a resumed clock) is looked at again here.
    """
    if not dossier.is_open or dossier.state not in RUNNING_STATES:
        return None
    return rehearsing.shift_of(dossier, list(dossier.pauses.all()), changes_of(dossier), calendars)


def _decided(change: CalendarChange, *, is_earlier: bool) -> tuple[CalendarMove.Direction, str]:
    if is_earlier:
        return Direction.EARLIER, change.earlier
    return Direction.LATER, change.later


def _reason(change: CalendarChange, direction: CalendarMove.Direction) -> str:
    """Return what the timeline of the dossier and its new receipt say."""
    text = _("Lịch làm việc thay đổi theo %(source)s.") % {"source": rehearsing.source_of(change)}
    return f"{text} {change.later_reason}" if direction is Direction.LATER else text


def unfinished_since(before: dt.datetime) -> list[int]:
    """Return the applied changes nobody has worked on since then. Runs one query."""
    return list(
        CalendarChange.objects.filter(applied_at__isnull=False, finished_at__isnull=True)
        .annotate(worked_at=Coalesce("progress_at", "applied_at"))
        .filter(worked_at__lt=before)
        .values_list("pk", flat=True)
    )


def forget_rehearsals(now: dt.datetime) -> int:
    """Delete the lists of rehearsals a month after they served; the changes stay to read.

    What nobody applied must be rehearsed again; what was applied has the list of that day.
    """
    before = now - FORGOTTEN_AFTER
    old = CalendarChange.objects.filter(applied_at__isnull=True, rehearsed_at__lt=before)
    lists = CalendarShift.objects.filter(stage=Stage.REHEARSED)
    deleted, _by_model = lists.filter(
        Q(change__in=old) | Q(change__finished_at__lt=before)
    ).delete()
    old.update(rehearsed_at=None)
    return deleted
