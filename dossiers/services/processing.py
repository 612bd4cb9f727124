"""Inside the settling agency: T11-T13, T16, T17, T25-T27, T34 of domain.md 2.5."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.models import Officer
from dossiers import paper_issue
from dossiers.clockwork import end_pause, note_due_change
from dossiers.models import Dossier, Pause, Signature, SupplementRound, local_day
from dossiers.opening import may_settle
from dossiers.recording import ActDataError, begin, check_answer_by
from dossiers.services import chains
from dossiers.services.intake import Paper, _add_papers
from dossiers.workflow import Act, ClockEffect, PaperKind, State
from procedures.models import ProcedureVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agencies.models import Agency


def transfer(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Chuyển cơ quan giải quyết: the clock runs on; after 15:00 the next morning will do (T11)."""
    return _plain(Act.TRANSFER, dossier, by=by, version=version, note=note, at=at)


def assign(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    assignee: Officer | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Phân công: a specialist of the agency takes the dossier, or takes it over (T12).

    Without an assignee the specialist with the fewest open dossiers takes it; ActDataError names
    `assignee` when the agency has none, or the chosen one is none there.
    """
    with transaction.atomic():
        step = begin(Act.ASSIGN, dossier, by=by, version=version, at=at)
        assignee = _specialist(step.dossier, assignee)
        event = step.append(reason=note, data={"assignee": assignee.pk}, holder_officer=assignee)
        if event.holder_officer is None:
            raise ActDataError({"assignee": _("Người được giao vừa thôi việc.")})
        step.record.write()
        return step.dossier


def redirect(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    agency: Agency,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Chuyển lại đúng đơn vị: it came to the wrong unit; the right one settles it now (T13).

    Authority comes from the procedure and its object, never from the counter (domain.md 6.4). The
    clock runs on. Raises ActDataError naming `agency` when it is the same one, one that may not be
    competent for the procedure (`opening.may_settle`), or one without a head to take the dossier.
    """
    with transaction.atomic():
        step = begin(Act.REDIRECT, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        if agency.pk == locked.holder_agency_id:
            raise ActDataError({"agency": _("Hồ sơ đang ở chính cơ quan này.")})
        competent = may_settle(locked, on=timezone.localdate()).filter(pk=agency.pk)
        if not competent.exists():
            raise ActDataError(
                {
                    "agency": _(
                        "Cơ quan này không thuộc cấp thực hiện thủ tục hoặc đã ngừng hoạt động."
                    )
                }
            )
        if not competent.with_a(Role.HEAD, timezone.localdate()).exists():
            raise ActDataError({"agency": _("Cơ quan này chưa có lãnh đạo đơn vị để nhận hồ sơ.")})
        step.append(
            reason=reason,
            data={"from": locked.competent_agency_id, "to": agency.pk},
            holder_agency=agency,
        )
        locked.competent_agency = agency
        step.record.write(fields=["competent_agency"])
        chains.follow(locked, at=step.at)
        return locked


def request_supplement(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    items: Sequence[str] = (),
    reply_by: dt.date | None = None,
    at: dt.datetime | None = None,
) -> Dossier:
    """Yêu cầu bổ sung: the clock pauses until the applicant's papers are accepted (T16, Mẫu 02)."""
    with transaction.atomic():
        step = begin(Act.REQUEST_SUPPLEMENT, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        today = local_day(step.at)
        if reply_by is None:
            reply_by = today + dt.timedelta(days=locked.version.supplement_days)
        else:
            check_answer_by(locked, "reply_by", _("Hạn bổ sung"), reply_by, today=today)
        asked = list(items) or [reason]
        locked.supplement_count += 1
        holder = locked.holder_officer
        event = step.append(
            reason=reason,
            data={"items": asked, "reply_by": reply_by.isoformat()},
            holder_officer=holder,
        )
        locked.paused_at, locked.reply_by = step.at, reply_by
        step.record.write(fields=["supplement_count"])
        Pause.objects.create(dossier=locked, state=State.AWAITING_SUPPLEMENT, started_at=step.at)
        SupplementRound.objects.create(
            dossier=locked,
            number=locked.supplement_count,
            requested_at=step.at,
            requested_by=by,
            reason=reason,
            items=asked,
            reply_by=reply_by,
            due_before=locked.due_at,
        )
        paper_issue.issue(
            PaperKind.SUPPLEMENT_REQUEST,
            dossier=locked,
            event=event,
            agency=locked.receiving_agency,
            officer=by,
            at=step.at,
        )
        chains.follow(locked, at=step.at)
        return locked


def accept_supplement(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    papers: Sequence[Paper] = (),
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Nhận bổ sung: the clock resumes, or restarts where the procedure says so (T17).

    A changed date gives a new receipt that names the old one; the first promise stays.
    """
    with transaction.atomic():
        step = begin(Act.ACCEPT_SUPPLEMENT, dossier, by=by, version=version, at=at)
        locked = step.dossier
        restarts = locked.version.supplement_policy == ProcedureVersion.SupplementPolicy.RESTART
        before = locked.due_at
        end_pause(locked, at=step.at, restarts=restarts)
        event = step.append(
            reason=note,
            data={"round": locked.supplement_count},
            clock=ClockEffect.RESTART if restarts else ClockEffect.RESUME,
            holder_officer=locked.holder_officer,
        )
        step.record.write(fields=["due_at", "due_on"])
        # The last round alone: one that lapsed, or was overtaken by T37, was never answered.
        SupplementRound.objects.filter(
            dossier=locked, before_acceptance=False, number=locked.supplement_count
        ).update(answered_at=step.at, due_after=locked.due_at)
        _add_papers(locked, papers, supplement_round=locked.supplement_count)
        why = _("Nhận bổ sung lần %(number)s") % {"number": locked.supplement_count}
        if note_due_change(locked, event, before=before, reason=why):
            paper_issue.issue(
                PaperKind.RECEIPT,
                dossier=locked,
                event=event,
                agency=locked.receiving_agency,
                officer=by,
                at=step.at,
                replaces=locked.slips.filter(kind=PaperKind.RECEIPT).order_by("-pk").first(),
            )
        chains.follow(locked, at=step.at)
        return locked


def propose(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Trình ký: the draft of the result goes to the signer and is locked (T25).

    The specialist holds it no more: whose time runs now is the signer's.
    """
    return _proposed(Act.PROPOSE, "granted", dossier, by=by, version=version, reason=note, at=at)


def propose_denial(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Trình từ chối giải quyết: the reasoned refusal on the merits is the result (T34)."""
    return _proposed(
        Act.PROPOSE_DENIAL, "denied", dossier, by=by, version=version, reason=reason, at=at
    )


def _proposed(
    act: Act,
    result_kind: str,
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None,
    reason: str,
    at: dt.datetime | None,
) -> Dossier:
    with transaction.atomic():
        step = begin(act, dossier, by=by, version=version, at=at, reason=reason)
        step.append(reason=reason)
        step.dossier.result_kind = result_kind
        step.record.write(fields=["result_kind"])
        return step.dossier


def send_back(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Trả lại để làm lại: the signer wants the draft changed, and says what (T26).

    It goes back to whoever proposed it.
    """
    with transaction.atomic():
        step = begin(Act.SEND_BACK, dossier, by=by, version=version, at=at, reason=reason)
        proposal = (
            step.dossier.events.filter(act__in=[Act.PROPOSE, Act.PROPOSE_DENIAL])
            .select_related("actor")
            .order_by("-seq")
            .first()
        )
        step.append(reason=reason, holder_officer=proposal.actor if proposal else None)
        step.dossier.result_kind = ""
        step.record.write(fields=["result_kind"])
        return step.dossier


def approve(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    signature: str = Signature.HAND,
    note: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Ký duyệt: the result is signed and waits for number and seal (T27).

    Who does it is who signed. `signature` says how: the portal keeps no file of the result whose
    signature it could check.
    """
    data = {"signature": Signature(signature).value}
    return _plain(Act.APPROVE, dossier, by=by, version=version, note=note, data=data, at=at)


def _plain(
    act: Act,
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None,
    note: str,
    data: dict[str, Any] | None = None,
    at: dt.datetime | None,
) -> Dossier:
    """Do an act that only moves the dossier; it leaves the hands of the officer who had it."""
    with transaction.atomic():
        step = begin(act, dossier, by=by, version=version, at=at, reason=note)
        step.append(reason=note, data=data)
        step.record.write()
        return step.dossier


def _specialist(dossier: Dossier, chosen: Officer | None) -> Officer:
    """Return who takes the dossier: the chosen one, if a specialist there, else the least loaded."""
    there = list(
        Officer.objects.working_in(dossier.holder_agency, timezone.localdate(), Role.SPECIALIST)
        .annotate(
            load=Count(
                "held_dossiers",
                filter=Q(
                    held_dossiers__settled_at__isnull=True,
                    held_dossiers__received_at__isnull=False,
                ),
                distinct=True,
            )
        )
        .order_by("load", "name_sort", "pk")
    )
    if not there:
        raise ActDataError({"assignee": _("Cơ quan đang giữ hồ sơ chưa có chuyên viên.")})
    if chosen is None:
        return there[0]
    if chosen not in there:
        raise ActDataError(
            {"assignee": _("Người được giao phải là chuyên viên của cơ quan đang giữ hồ sơ.")}
        )
    return chosen
