"""Khảo sát: what the slip that goes out with forms 01, 02 and 03 asks, and its answer, once.

TT 01/2018 Chương III: a survey form goes out with each of the three. The portal's own rate must not
be called SIPAS, which is an independent survey (domain.md 8).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import tries
from accounts.personal_data import keyed_digest, seal
from accounts.roles import Role
from agencies.working_time import LOCAL_ZONE
from dossiers import survey_tokens
from dossiers.models import PaperSlip, Score, SurveyAnswer, SurveyQuestion, SurveyScore
from dossiers.workflow import PaperKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agencies.models import Officer

logger = structlog.get_logger(__name__)

WITH_SURVEY = frozenset({PaperKind.RECEIPT, PaperKind.SUPPLEMENT_REQUEST, PaperKind.REFUSAL})
# domain.md 8, decision: a survey is valid for 30 days.
ANSWER_DAYS = 30
OVERALL = "overall"  # the code of the question about the whole
# Who types in what came out of the box at the counter (TT 01/2018 Chương III).
ENTERING_ROLES = frozenset({Role.RECEPTIONIST, Role.RETURNER, Role.SUPERVISOR, Role.REFORM_OFFICER})


class AlreadyAnsweredError(Exception):
    """The slip has been answered."""


class ClosedError(Exception):
    """The slip can be answered no more."""


def slip_of(token: str) -> PaperSlip | None:
    """Return the paper whose survey a token opens; None for any other. Runs at most one query."""
    slip_id = survey_tokens.slip_id_of(token)
    if slip_id is None:
        return None
    return (
        PaperSlip.objects.select_related(
            "dossier__version", "dossier__competent_agency", "survey_answer"
        )
        .filter(pk=slip_id, kind__in=[kind.value for kind in WITH_SURVEY])
        .first()
    )


def slip_scanned(typed: str) -> PaperSlip | None:
    """Return the paper of a scanned or typed slip: its address, or the token alone. At most one query."""
    parts = [part for part in typed.strip().split("/") if part]
    return slip_of(parts[-1]) if parts else None


def address_of(slip: PaperSlip) -> str:
    """Return where a slip is answered, for its QR: the portal's public address."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/ks/{survey_tokens.make(slip.pk)}/"


def open_slip_of(dossier_id: int, now: dt.datetime) -> PaperSlip | None:
    """Return the slip by which the owner of a finished dossier can still say how it went.

    That is the one of the last receipt or refusal nobody answered. Runs one query.
    """
    slip = (
        PaperSlip.objects.select_related("dossier")
        .filter(
            dossier=dossier_id,
            kind__in=[PaperKind.RECEIPT.value, PaperKind.REFUSAL.value],
            survey_answer__isnull=True,
        )
        .order_by("-pk")
        .first()
    )
    return slip if slip is not None and is_open(slip, now) else None


def questions_of(slip: PaperSlip) -> list[SurveyQuestion]:
    """Return what the slip asks: as of the day it was issued, a reprint too. Runs one query."""
    on = timezone.localdate(slip.issued_at)
    return list(SurveyQuestion.objects.asked_with(slip.kind, on))


def closes_at(slip: PaperSlip) -> dt.datetime | None:
    """Return the instant after which no answer is taken; None while the dossier is worked on.

    A receipt's survey runs to 30 days after the result was returned or the dossier ended without
    one; those of a request or a refusal 30 days from their issue. Reads the slip's dossier.
    """
    span = dt.timedelta(days=ANSWER_DAYS)
    if slip.kind != PaperKind.RECEIPT:
        return slip.issued_at + span
    dossier = slip.dossier
    if dossier.returned_at is not None:
        return dossier.returned_at + span
    if dossier.settled_at is not None and dossier.state in {"withdrawn", "stopped"}:
        return dossier.settled_at + span
    return None


def is_open(slip: PaperSlip, now: dt.datetime) -> bool:
    """Tell whether the slip may still be answered, whether or not it was."""
    end = closes_at(slip)
    return end is None or now <= end


def may_enter(officer: Officer, slip: PaperSlip, today: dt.date) -> bool:
    """Tell whether the officer types in paper answers of this slip: where it was handed out, or R11.

    Shares the query of roles; reads the slip's dossier.
    """
    counter = [slip.agency_id, slip.dossier.receiving_agency_id]
    in_province = {role for role, _agency in officer.held_roles(today)} & {Role.REFORM_OFFICER}
    return bool(in_province or officer.roles_in(counter, today) & ENTERING_ROLES)


def moment_on_paper(day: dt.date, now: dt.datetime) -> dt.datetime:
    """Return the instant an answer on paper stands for: its day has no hour, so its end, never later
    than now."""
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=LOCAL_ZONE)
    return min(now, end - dt.timedelta(seconds=1))


def answer(
    slip: PaperSlip,
    scores: Mapping[SurveyQuestion, int],
    *,
    comment: str = "",
    on_paper: dt.date | None = None,
    by: Officer | None = None,
) -> SurveyAnswer:
    """Trả lời: store what the holder of a slip said. Runs two queries.

    The national formula counts likes and dislikes (domain.md 8): they follow from the question
    about the whole, and one that is neither good nor bad is neither. What was marked on paper is
    typed in by an officer with the local day it was put into the box, which is its day.

    Raises AlreadyAnsweredError for the second answer of a slip, ClosedError after its last day and,
    on paper, before the day of its issue or for a day to come.
    """
    now = timezone.now()
    at = now if on_paper is None else moment_on_paper(on_paper, now)
    if not is_open(slip, at):
        raise ClosedError
    if on_paper is not None and not (
        timezone.localdate(slip.issued_at) <= on_paper <= timezone.localdate(now)
    ):
        raise ClosedError
    dossier = slip.dossier
    try:
        with transaction.atomic():
            row = SurveyAnswer.objects.create(
                slip=slip,
                dossier=dossier,
                receiving_agency_id=dossier.receiving_agency_id,
                competent_agency_id=dossier.competent_agency_id,
                answered_at=at,
                answered_on=timezone.localdate(at),
                liked=_liked(scores),
                comment_sealed=seal(comment.strip()),
                entered_by=by,
                entered_at=now if by else None,
            )
            SurveyScore.objects.bulk_create(
                SurveyScore(answer=row, question=question, score=score)
                for question, score in scores.items()
            )
    except IntegrityError as error:
        if "slip_id" not in str(error):
            raise
        raise AlreadyAnsweredError from error
    # Neither the slip nor the dossier: who reads the log must not learn who answered when.
    logger.info("survey answered", kind=slip.kind)
    return row


def _liked(scores: Mapping[SurveyQuestion, int]) -> bool | None:
    overall = next((score for question, score in scores.items() if question.code == OVERALL), None)
    if overall is None or overall == Score.NEUTRAL:
        return None
    return overall >= Score.SATISFIED


def let_try(subject: str, address: str, *, is_wrong: bool) -> None:
    """Let an answer be sent and count a refused one; raises TooManyTriesError (accounts.tries)."""
    limits = tries.Limits(
        settings.TRACKING_TRIES_PER_CODE,
        settings.TRACKING_TRIES_PER_NETWORK,
        float(settings.TRACKING_WINDOW),
    )
    digest = keyed_digest("survey.token", subject)
    tries.let_try("survey", digest, address, limits, is_wrong=is_wrong)
