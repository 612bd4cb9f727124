"""Asking other agencies while the clock runs on: T14, T15 of domain.md 2.5."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.calendars import calendar_of
from dossiers import deadlines, paper_issue
from dossiers.deadlines import Limit, LimitError, Unit
from dossiers.models import Consultation, Dossier
from dossiers.recording import ActDataError, begin
from dossiers.workflow import Act, Opening, PaperKind

if TYPE_CHECKING:
    from accounts.roles import Role
    from agencies.models import Agency, Officer
    from dossiers.models import DossierEvent


def consult(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    agency: Agency,
    question: str,
    answer_by: dt.date | None = None,
    at: dt.datetime | None = None,
) -> Dossier:
    """Lấy ý kiến: one agency is asked, several one after the other in parallel (T14).

    The clock runs on (domain.md 3.5). `answer_by` left out: the working days of the procedure
    version, on the calendar of the agency asked. Raises ActDataError naming `agency`, `question`
    or `answer_by`.
    """
    with transaction.atomic():
        step = begin(Act.CONSULT, dossier, by=by, version=version, at=at)
        locked = step.dossier
        if not question.strip():
            raise ActDataError({"question": _("Hãy ghi nội dung cần lấy ý kiến.")})
        if agency.pk in {locked.holder_agency_id, *locked.consulted_agencies}:
            raise ActDataError(
                {"agency": _("Cơ quan này đang giữ hồ sơ hoặc đang được lấy ý kiến.")}
            )
        calendar = calendar_of(agency)
        if answer_by is None:
            due = deadlines.due_at(
                Limit(Decimal(locked.version.consultation_days), Unit.WORKING_DAY),
                step.at,
                calendar,
            )
        else:
            try:
                due = deadlines.end_of_day(answer_by, calendar)
            except LimitError as error:
                raise ActDataError({"answer_by": error.message}) from error
        if due is None or due <= step.at:
            raise ActDataError({"answer_by": _("Hạn trả lời phải sau lúc lấy ý kiến.")})
        event = step.append(
            data={
                "agency": agency.pk,
                "question": question,
                "answer_by": timezone.localdate(due).isoformat(),
            },
            holder_officer=locked.holder_officer,
        )
        locked.consulted_agencies = [*locked.consulted_agencies, agency.pk]
        step.record.write(fields=["consulted_agencies"])
        Consultation.objects.create(
            dossier=locked, agency=agency, question=question, answer_by=due, asked_event=event
        )
        paper_issue.issue(
            PaperKind.CONSULTATION,
            dossier=locked,
            event=event,
            agency=locked.holder_agency,
            officer=by,
            at=step.at,
        )
        return locked


def answer_consultation(
    dossier: Dossier,
    *,
    by: Officer | None,
    version: int | None = None,
    answer: str = "",
    agency: Agency | None = None,
    at: dt.datetime | None = None,
) -> Dossier:
    """Trả lời ý kiến: the last answer gives the dossier back to who asked (T15).

    The machine answers "no opinion" for an agency whose time is over: the responsibility stays
    with that agency. An officer answers for the agency in which they hold the role. Raises
    ActDataError naming `answer` or `agency`.
    """
    with transaction.atomic():
        step = begin(Act.ANSWER_CONSULTATION, dossier, by=by, version=version, at=at)
        locked = step.dossier
        waiting = list(
            locked.consultations.filter(outcome=Consultation.Outcome.OPEN)
            .select_related("agency", "asked_event__holder_officer")
            .order_by("pk")
        )
        asked = _asked(waiting, by=by, answering=step.opening.row.roles, agency=agency)
        if by is not None:
            # Of several agencies asked, the one answered for and the role held there.
            there = by.roles_in([asked.agency_id], timezone.localdate())
            step = replace(
                step,
                agency=asked.agency,
                opening=Opening(step.opening.row, there & step.opening.row.roles),
            )
        if by is not None and not answer.strip():
            raise ActDataError({"answer": _("Hãy ghi ý kiến trả lời.")})
        if by is None and asked.answer_by > step.at:
            raise ActDataError({"agency": _("Cơ quan được hỏi còn thời hạn trả lời.")})
        outcome = Consultation.Outcome.ANSWERED if by else Consultation.Outcome.NO_OPINION
        event = step.append(
            reason=answer,
            data={"agency": asked.agency_id, "outcome": outcome.value},
            holder_officer=locked.holder_officer or asked.asked_event.holder_officer,
        )
        locked.consulted_agencies = [
            pk for pk in locked.consulted_agencies if pk != asked.agency_id
        ]
        step.record.write(fields=["consulted_agencies"])
        asked.answered_event, asked.outcome, asked.answer = event, outcome, answer
        asked.save(update_fields=["answered_event", "outcome", "answer"])
        return locked


def _asked(
    waiting: list[Consultation],
    *,
    by: Officer | None,
    answering: frozenset[Role],
    agency: Agency | None,
) -> Consultation:
    """Return the open question that is answered: the named agency's, else the officer's own.

    An officer's own is asked of an agency in which they hold a role that may answer.
    """
    if by is not None:
        held = {
            agency_id
            for role, agency_id in by.held_roles(timezone.localdate())
            if role in answering
        }
        waiting = [row for row in waiting if row.agency_id in held]
    if agency is not None:
        waiting = [row for row in waiting if row.agency_id == agency.pk]
    if not waiting:
        raise ActDataError({"agency": _("Cơ quan này không có ý kiến nào phải trả lời.")})
    return waiting[0]


def call_off(dossier: Dossier, event: DossierEvent) -> None:
    """Ask nobody any more about a dossier that ended or begins anew; its event is written. One query."""
    dossier.consultations.filter(outcome=Consultation.Outcome.OPEN).update(
        outcome=Consultation.Outcome.CALLED_OFF, answered_event=event
    )
