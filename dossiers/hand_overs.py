"""Bàn giao hồ sơ giấy: who has the papers of a dossier, and the sheets on which they go.

The paper axis stands beside the four of domain.md 2.1 and never moves the state of a dossier: an act
goes on while its papers are still on the road. Locks are taken in one order everywhere: the sheet,
then paper files by dossier, then the counter of numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import structlog
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.roles import Role
from agencies.models import Agency
from agencies.working_time import LOCAL_ZONE
from dossiers.models import (
    Dossier,
    DossierDocument,
    HandOver,
    HandOverItem,
    PaperFile,
    PaperMove,
)
from dossiers.paper_numbers import next_number
from dossiers.workflow import State
from procedures.models import Channel

if TYPE_CHECKING:
    from agencies.models import Officer
    from dossiers.models import DossierQuerySet

logger = structlog.get_logger(__name__)

KIND = "hand_over"  # the counter of numbers, beside those of the forms
# Who carries papers: everybody who works on dossiers in an agency; who only supervises does not.
HANDLING_ROLES = frozenset(
    {
        Role.RECEPTIONIST,
        Role.RETURNER,
        Role.CLERK,
        Role.SPECIALIST,
        Role.HEAD,
        Role.SIGNER,
    }
)
MOST_ITEMS = 200  # on one sheet
# Papers nobody has moved yet are looked for among the dossiers of so many days; older by their code.
LOOKED_BACK = dt.timedelta(days=60)
# Written as the partial index `dossier_held` is, so that it serves: the archive is never read.
_NOT_ENDED = ~Q(state__in=["returned", "withdrawn", "stopped", "refused"])
_NOT_RECEIVED = frozenset({State.DRAFT, State.SUBMITTED, State.AWAITING_COMPLETION})


class HandOverError(ValueError):
    """The papers cannot be moved so; the text is for the officer, in Vietnamese."""


class Place(NamedTuple):
    """Nơi giao, nơi nhận: an agency, or the public post."""

    agency: Agency | None

    @property
    def name(self) -> str:
        return self.agency.name if self.agency else str(_("Bưu chính công ích"))

    @property
    def key(self) -> str:
        """What stands in addresses and forms."""
        return self.agency.code if self.agency else POST_KEY


POST = Place(None)
POST_KEY = "buu-chinh"


@dataclass(frozen=True, slots=True)
class Found:
    """What the receiving side found: ticked now, and still missing."""

    ticked: int
    missing: int
    is_closed: bool


@dataclass(frozen=True, slots=True)
class PostTrips:
    """Lượt bưu chính: how often the post took a paper file away and brought one (rule 17)."""

    taken: int
    brought: int


def post_trips(agencies: Collection[int], start: dt.date, end: dt.date) -> PostTrips:
    """Count the trips of the post from and to the agencies on local days, both included.

    A trip is one paper file on one sheet that arrived on the day: a dossier may make several or
    none, so no trip is ever added to dossiers or divided by them (domain.md 7.3). Runs one query.
    """
    counted = HandOverItem.objects.filter(
        received_at__gte=_midnight(start),
        received_at__lt=_midnight(end + dt.timedelta(days=1)),
    ).aggregate(
        taken=Count("pk", filter=Q(handover__to_agency=None, handover__from_agency__in=agencies)),
        brought=Count("pk", filter=Q(handover__from_agency=None, handover__to_agency__in=agencies)),
    )
    return PostTrips(**counted)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=LOCAL_ZONE)


def handling_agencies(officer: Officer, today: dt.date) -> list[int]:
    """Return the ids of the agencies whose papers the officer carries. Shares the query of roles."""
    held = officer.held_roles(today)
    return sorted({agency for role, agency in held if Role(role) in HANDLING_ROLES})


def may_handle(officer: Officer, agency_id: int, today: dt.date) -> bool:
    """Tell whether the officer carries papers of the agency."""
    return not officer.roles_in([agency_id], today).isdisjoint(HANDLING_ROLES)


# What waits to be handed over


def proposed(source: Place, desk: Agency, target: Place | None, today: dt.date) -> DossierQuerySet:
    """Return the dossiers whose papers are at the source while their work is elsewhere.

    What the counter has transferred goes to the agency that holds it; a published result, and the
    papers of what was withdrawn or stopped, go back to the counter, or with the post to who asked
    for that. `desk` is the agency that asks; a target of None means anywhere. Of what nobody has
    moved yet, and of what ended, LOOKED_BACK days are searched; the rest is added by its code.
    """
    since = today - LOOKED_BACK
    going = Q(holder_agency=desk) | Q(receiving_agency=desk) | Q(competent_agency=desk)
    here = Q(paper_file__isnull=False, paper_file__agency__isnull=True)
    if source.agency is not None:
        going = ~Q(holder_agency=source.agency)
        to_post = Q(state=State.SETTLED, result_channel="post", holder_agency=source.agency)
        if target is None:
            going |= to_post
        elif target.agency is None:
            going = to_post
        else:
            going = Q(holder_agency=target.agency)
        never_moved = Q(paper_file__isnull=True)
        transferred = Q(receiving_agency=source.agency, received_on__gte=since)
        published = Q(competent_agency=source.agency, state=State.SETTLED, settled_on__gte=since)
        here = Q(paper_file__agency=source.agency, paper_file__under_way__isnull=True)
        here |= never_moved & ((transferred & ~Q(channel=Channel.ONLINE)) | published)
    running = Dossier.objects.filter(_NOT_ENDED, here, going).exclude(
        state__in=sorted(_NOT_RECEIVED)
    )
    ended = Dossier.objects.filter(
        here, going, state__in=["withdrawn", "stopped"], settled_on__gte=since
    )
    either = running.values("pk").union(ended.values("pk"))
    return Dossier.objects.filter(pk__in=either).order_by("received_at", "pk")


def targets(source: Place, desk: Agency, today: dt.date) -> list[tuple[Place, int]]:
    """Return where papers of the source are awaited, most first, with how many. Runs two queries."""
    waiting = proposed(source, desk, None, today)
    counts: dict[int | None, int] = {}
    rows = waiting.order_by().values_list("holder_agency_id", flat=True)[: MOST_ITEMS * 10]
    for holder in rows:
        key = None if source.agency and holder == source.agency.pk else holder
        counts[key] = counts.get(key, 0) + 1
    agencies = {a.pk: a for a in Agency.objects.filter(pk__in=[k for k in counts if k])}
    found = [(Place(agencies.get(key) if key else None), count) for key, count in counts.items()]
    return sorted(found, key=lambda pair: (-pair[1], pair[0].key))


# Acts on papers


@transaction.atomic
def write(
    source: Place,
    target: Place,
    dossier_ids: Collection[int],
    *,
    by: Officer,
    is_sealed: bool = False,
    note: str = "",
    courier: str = "",
) -> HandOver:
    """Lập phiếu: hand paper files over; they are under way until the other side ticks them.

    Raises HandOverError when a file is under way already, is said to be elsewhere, or the officer
    carries no papers of the agency that writes. Runs at most twelve queries, however many files.
    """
    now = timezone.now()
    today = timezone.localdate(now)
    writer = source.agency or target.agency
    if writer is None or source.key == target.key:
        raise HandOverError(_("Bên giao và bên nhận phải khác nhau."))
    if not may_handle(by, writer.pk, today):
        raise HandOverError(_("Bạn không giữ hồ sơ giấy của %(agency)s.") % {"agency": writer.name})
    wanted = sorted(set(dossier_ids))
    if not wanted:
        raise HandOverError(_("Hãy chọn ít nhất một hồ sơ."))
    if len(wanted) > MOST_ITEMS:
        raise HandOverError(
            _("Một phiếu có nhiều nhất %(most)d hồ sơ; hãy lập thêm phiếu.") % {"most": MOST_ITEMS}
        )
    files = _locked(wanted, source, by=by, now=now)
    dossiers = {d.pk: d for d in Dossier.objects.filter(pk__in=wanted).only("code", "state",
                                                                            "tracking_code")}  # fmt: skip
    _refuse_elsewhere(files, dossiers, source)
    papers = dict(
        DossierDocument.objects.filter(dossier__in=wanted)
        .values_list("dossier")
        .annotate(total=Sum("quantity"))
        .order_by()
    )
    handover = HandOver.objects.create(
        agency=writer,
        year=today.year,
        number=next_number(writer, today.year, KIND),
        from_agency=source.agency,
        to_agency=target.agency,
        created_by=by,
        created_at=now,
        is_sealed=is_sealed,
        note=note,
        courier_name=courier,
    )
    HandOverItem.objects.bulk_create(
        HandOverItem(
            handover=handover,
            position=position,
            dossier_id=file.dossier_id,
            papers=papers.get(file.dossier_id, 0),
            has_result=dossiers[file.dossier_id].state == State.SETTLED,
            shelf_before=file.shelf,
        )
        # By code, as they are looked for in the bag.
        for position, file in enumerate(
            sorted(files, key=lambda file: dossiers[file.dossier_id].public_code), start=1
        )
    )
    _move(wanted, source.agency, by=by, now=now, leaving_on=handover)
    logger.info("hand-over", handover=handover.pk, act="write", by=by.pk, count=len(files))
    return handover


@transaction.atomic
def receive(
    handover: HandOver,
    items: Collection[int],
    *,
    by: Officer,
    shelf: str = "",
    closes: bool = False,
    notes: Mapping[int, str] | None = None,
    courier: str = "",
) -> Found:
    """Nhận: tick the files that arrived; with `closes` sign for the sheet and state what is missing.

    A file ticked before stays with who ticked it, so two officers or a second click change nothing.
    The sheet closes by itself when nothing is missing; what turns up later may still be ticked.
    Raises HandOverError for a cancelled sheet or an officer of another agency.
    """
    now = timezone.now()
    sheet = _locked_sheet(handover)
    _refuse_stranger(sheet.receiving_agency_id, by, now)
    rows = list(sheet.items.all())
    arrived = [row for row in rows if row.pk in items and row.is_missing]
    if arrived:
        HandOverItem.objects.filter(pk__in=[row.pk for row in arrived]).update(
            received_at=now, received_by=by
        )
        _move([row.dossier_id for row in arrived], sheet.to_agency, by=by, now=now, shelf=shelf,
              arrived_on=sheet)  # fmt: skip
    ticked = {row.pk for row in arrived}
    missing = [row for row in rows if row.is_missing and row.pk not in ticked]
    for row in missing:
        said = (notes or {}).get(row.pk, "").strip()[:300]
        if said and said != row.missing_note:
            HandOverItem.objects.filter(pk=row.pk).update(missing_note=said)
    is_closed = sheet.received_at is not None
    if not is_closed and (closes or not missing):
        sheet.received_at, sheet.received_by, is_closed = now, by, True
        sheet.courier_name = courier or sheet.courier_name
        sheet.save(update_fields=["received_at", "received_by", "courier_name"])
    logger.info("hand-over", handover=sheet.pk, act="receive", by=by.pk, count=len(arrived),
                missing=len(missing))  # fmt: skip
    return Found(len(arrived), len(missing), is_closed)


@transaction.atomic
def take_back(handover: HandOver, items: Collection[int], *, by: Officer) -> int:
    """Giữ lại: say that files reported missing never left; return how many. For the giving side.

    Raises HandOverError while the receiving side has not signed, and for officers of others.
    """
    now = timezone.now()
    sheet = _locked_sheet(handover)
    _refuse_stranger(sheet.giving_agency_id, by, now)
    if sheet.received_at is None:
        raise HandOverError(_("Bên nhận chưa ký nhận; nếu lập nhầm phiếu, hãy huỷ phiếu."))
    kept = [row for row in sheet.items.all() if row.pk in items and row.is_missing]
    _keep(kept, sheet, by=by, now=now)
    logger.info("hand-over", handover=sheet.pk, act="take back", by=by.pk, count=len(kept))
    return len(kept)


@transaction.atomic
def cancel(handover: HandOver, *, by: Officer, reason: str) -> None:
    """Huỷ phiếu: a sheet written by mistake keeps its number, its files stay where they were.

    Raises HandOverError once anything was ticked, without a reason, and for officers of others.
    """
    now = timezone.now()
    sheet = _locked_sheet(handover)
    _refuse_stranger(sheet.agency_id, by, now)
    reason = reason.strip()[:300]
    if not reason:
        raise HandOverError(_("Hãy ghi lý do huỷ phiếu."))
    rows = list(sheet.items.all())
    if sheet.received_at or any(row.received_at for row in rows):
        raise HandOverError(_("Bên nhận đã nhận hồ sơ trên phiếu này nên không huỷ được nữa."))
    _keep(rows, sheet, by=by, now=now)
    sheet.cancelled_at, sheet.cancelled_by, sheet.cancel_reason = now, by, reason
    sheet.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    logger.info("hand-over", handover=sheet.pk, act="cancel", by=by.pk, count=len(rows))


@transaction.atomic
def put(dossier: Dossier, agency: Agency, shelf: str, *, by: Officer) -> PaperFile:
    """Để giấy: say that the papers of a dossier are in an agency, and on which shelf.

    For papers that nobody moved on a sheet, too: who has them in hand knows best. Raises
    HandOverError while they are under way, and for officers of another agency.
    """
    now = timezone.now()
    _refuse_stranger(agency.pk, by, now)
    (file,) = _locked([dossier.pk], Place(agency), by=by, now=now)
    if file.under_way is not None:
        raise HandOverError(
            _("Giấy đang trên phiếu bàn giao số %(sheet)s; bên nhận hãy ghi nhận trên phiếu đó.")
            % {"sheet": f"{file.under_way.number}/{file.under_way.year}"}
        )
    _move([dossier.pk], agency, by=by, now=now, shelf=shelf.strip()[:60])
    file.refresh_from_db()
    return file


def difference(missing: int) -> str:
    """Say what a sheet lacks: "thiếu 2 hồ sơ"; empty when nothing does."""
    if not missing:
        return ""
    return ngettext("thiếu %(count)d hồ sơ", "thiếu %(count)d hồ sơ", missing) % {"count": missing}


def _locked(
    dossier_ids: Sequence[int], source: Place, *, by: Officer, now: dt.datetime
) -> list[PaperFile]:
    """Return the paper files of dossiers, locked, in order of their ids; new ones at the source."""
    PaperFile.objects.bulk_create(
        [
            PaperFile(dossier_id=pk, agency=source.agency, changed_by=by, changed_at=now)
            for pk in dossier_ids
        ],
        ignore_conflicts=True,
    )
    # No join: who waited for a lock would see the changed file beside the sheet it was on before.
    return list(
        PaperFile.objects.select_for_update(of=("self",), no_key=True)
        .filter(dossier__in=dossier_ids)
        .order_by("dossier_id")
    )


def _locked_sheet(handover: HandOver) -> HandOver:
    sheet = HandOver.objects.select_for_update(of=("self",), no_key=True).get(pk=handover.pk)
    if sheet.cancelled_at is not None:
        raise HandOverError(_("Phiếu này đã huỷ."))
    return sheet


def _refuse_stranger(agency_id: int, by: Officer, now: dt.datetime) -> None:
    if not may_handle(by, agency_id, timezone.localdate(now)):
        raise HandOverError(_("Việc này của cán bộ bên kia; bạn chỉ xem được phiếu."))


def _refuse_elsewhere(
    files: Iterable[PaperFile], dossiers: Mapping[int, Dossier], source: Place
) -> None:
    """Raise HandOverError naming every file that is not where the sheet takes it from."""
    faults = []
    for file in files:
        code = dossiers[file.dossier_id].public_code
        if file.under_way is not None:
            sheet = f"{file.under_way.number}/{file.under_way.year}"
            faults.append(
                _("%(code)s đang trên phiếu số %(sheet)s") % {"code": code, "sheet": sheet}
            )
        elif file.agency_id != (source.agency.pk if source.agency else None):
            where = Place(file.agency).name
            faults.append(_("%(code)s đang ở %(place)s") % {"code": code, "place": where})
    if faults:
        raise HandOverError(_("Chưa lập phiếu vì: %(faults)s.") % {"faults": "; ".join(faults)})


def _keep(rows: Sequence[HandOverItem], sheet: HandOver, *, by: Officer, now: dt.datetime) -> None:
    if not rows:
        return
    HandOverItem.objects.filter(pk__in=[row.pk for row in rows]).update(
        taken_back_at=now, taken_back_by=by
    )
    _move([row.dossier_id for row in rows], sheet.from_agency, by=by, now=now, arrived_on=sheet)


def _move(
    dossier_ids: Sequence[int],
    agency: Agency | None,
    *,
    by: Officer,
    now: dt.datetime,
    shelf: str = "",
    leaving_on: HandOver | None = None,
    arrived_on: HandOver | None = None,
) -> None:
    """Write where the papers are, and that they came there. Runs three queries."""
    # The lock before the update, so that all take the rows in one order.
    list(
        PaperFile.objects.select_for_update(of=("self",), no_key=True)
        .filter(dossier__in=dossier_ids)
        .order_by("dossier_id")
        .values_list("pk")
    )
    PaperFile.objects.filter(dossier__in=dossier_ids).update(
        agency=agency,
        shelf=shelf if agency else "",
        under_way=leaving_on,
        changed_by=by,
        changed_at=now,
    )
    PaperMove.objects.bulk_create(
        PaperMove(
            dossier_id=pk,
            agency=agency,
            shelf=shelf if agency else "",
            handover=leaving_on or arrived_on,
            is_leaving=leaving_on is not None,
            by=by,
            at=now,
        )
        for pk in sorted(dossier_ids)
    )
