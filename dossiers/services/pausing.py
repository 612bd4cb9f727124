"""When the agency cannot go on or will be late: T22-T24 of domain.md 2.5, 3.5, 3.8."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.calendars import calendar_of
from dossiers import deadlines, paper_issue
from dossiers.clockwork import change_due, end_pause, note_due_change
from dossiers.deadlines import LimitError
from dossiers.models import Dossier, DueOrigin, Pause, local_day
from dossiers.recording import ActDataError, begin
from dossiers.services import chains
from dossiers.workflow import Act, PaperKind, State

if TYPE_CHECKING:
    from agencies.models import Officer


def suspend(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    legal_basis: str,
    resume_expected: dt.date,
    at: dt.datetime | None = None,
) -> Dossier:
    """Tạm dừng: the law makes the agency wait, for a court or a verification abroad (T22).

    Sent to the national portal as 4, never as 8 (domain.md 2.3). Raises ActDataError naming
    `legal_basis` or `resume_expected`.
    """
    with transaction.atomic():
        step = begin(Act.SUSPEND, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        if not legal_basis.strip():
            raise ActDataError({"legal_basis": _("Hãy ghi căn cứ pháp lý của việc tạm dừng.")})
        today = local_day(step.at)
        last = today + dt.timedelta(days=locked.version.longest_suspension_days)
        if resume_expected < today:
            raise ActDataError(
                {"resume_expected": _("Ngày dự kiến tiếp tục không được trước hôm nay.")}
            )
        if resume_expected > last:
            raise ActDataError(
                {
                    "resume_expected": _("Ngày dự kiến tiếp tục xa nhất theo thủ tục là %(last)s.")
                    % {"last": f"{last:%d/%m/%Y}"}
                }
            )
        event = step.append(
            reason=reason,
            data={"legal_basis": legal_basis, "resume_expected": resume_expected.isoformat()},
            holder_officer=locked.holder_officer,
        )
        locked.paused_at = step.at
        step.record.write()
        Pause.objects.create(dossier=locked, state=State.SUSPENDED, started_at=step.at)
        paper_issue.issue(
            PaperKind.SUSPENSION_NOTICE,
            dossier=locked,
            event=event,
            agency=locked.competent_agency,
            officer=by,
            at=step.at,
        )
        chains.follow(locked, at=step.at)
        return locked


def resume(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Tiếp tục xử lý: back to the state and the officer of before; the clock runs (T23)."""
    with transaction.atomic():
        step = begin(Act.RESUME, dossier, by=by, version=version, at=at)
        locked = step.dossier
        before = locked.due_at
        end_pause(locked, at=step.at)
        event = step.append(reason=note, holder_officer=locked.holder_officer)
        step.record.write(fields=["due_at", "due_on"])
        note_due_change(locked, event, before=before, reason=_("Tiếp tục sau tạm dừng"))
        chains.follow(locked, at=step.at)
        return locked


def extend(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    new_due_on: dt.date,
    at: dt.datetime | None = None,
) -> Dossier:
    """Xin lỗi, hẹn lại: once in all, before the date or late, by the head's signature (T24, Mẫu 04).

    The first promise and the legal date stay; the new date stands beside them (domain.md 3.7, 3.8).
    Sent less than a day before the due date it is a late apology. Raises ActDataError naming
    `new_due_on`: no working day, not after the date it moves, or above the procedure's cap for
    who is no signer.
    """
    with transaction.atomic():
        step = begin(Act.EXTEND, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        if locked.due_at is None or locked.due_on is None:
            raise ActDataError({"new_due_on": _("Hồ sơ không có ngày hẹn trả để hẹn lại.")})
        today = local_day(step.at)
        new_due = _promised(locked, new_due_on, today=today, role=step.opening.role)
        is_late = today > locked.due_on - dt.timedelta(days=1)
        event = step.append(
            reason=reason,
            data={
                "new_due": new_due.isoformat(),
                "due_before": locked.due_at.isoformat(),
                "late": is_late,
            },
            holder_officer=locked.holder_officer,
        )
        change = change_due(
            locked,
            new_due,
            origin=DueOrigin.APOLOGY,
            reason=reason,
            event=event,
            is_late=is_late,
        )
        step.record.write()
        change.save()
        paper_issue.issue(
            PaperKind.APOLOGY,
            dossier=locked,
            event=event,
            agency=locked.competent_agency,
            officer=by,
            at=step.at,
        )
        return locked


def _promised(dossier: Dossier, on: dt.date, *, today: dt.date, role: Role) -> dt.datetime:
    """Return the moment a new date promises; raise ActDataError where it may not be promised."""
    assert dossier.due_on is not None  # noqa: S101 - the caller looked
    calendar = calendar_of(dossier.clock_agency)
    if on <= max(dossier.due_on, today):
        raise ActDataError(
            {"new_due_on": _("Ngày hẹn lại phải sau ngày hẹn trả cũ và sau hôm nay.")}
        )
    try:
        promised = deadlines.end_of_day(on, calendar)
    except LimitError as error:
        raise ActDataError({"new_due_on": error.message}) from error
    if not calendar.is_working_day(on):
        raise ActDataError({"new_due_on": _("Ngày hẹn lại phải là ngày làm việc.")})
    last = last_new_date(dossier, today)
    if last is not None and on > last and role is not Role.SIGNER:
        raise ActDataError(
            {
                "new_due_on": _(
                    "Quá mức gia hạn của thủ tục (đến %(last)s): phải do lãnh đạo ký quyết định."
                )
                % {"last": f"{last:%d/%m/%Y}"}
            }
        )
    return promised


def last_new_date(dossier: Dossier, today: dt.date) -> dt.date | None:
    """Return the last day that may be promised without the signer: the procedure's cap.

    In calendar days of the first promise, counted from the day it moves (domain.md 3.8, decision).
    """
    if dossier.due_original_at is None or dossier.received_on is None or dossier.due_on is None:
        return None
    first = local_day(dossier.due_original_at) - dossier.received_on
    span = first * dossier.version.extension_cap_percent // 100
    return max(dossier.due_on, today) + max(span, dt.timedelta(days=1))
