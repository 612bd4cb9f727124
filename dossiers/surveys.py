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
from dossiers import survey_tokens
from dossiers.models import PaperSlip, Score, SurveyAnswer, SurveyQuestion, SurveyScore
from dossiers.workflow import PaperKind

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = structlog.get_logger(__name__)

WITH_SURVEY = frozenset({PaperKind.RECEIPT, PaperKind.SUPPLEMENT_REQUEST, PaperKind.REFUSAL})
# domain.md 8, decision: a survey is valid for 30 days.
ANSWER_DAYS = 30
OVERALL = "overall"  # the code of the question about the whole


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


def address_of(slip: PaperSlip) -> str:
    """Return where a slip is answered, for its QR: the portal's public address."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/ks/{survey_tokens.make(slip.pk)}/"


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


def answer(
    slip: PaperSlip,
    scores: Mapping[SurveyQuestion, int],
    *,
    comment: str = "",
) -> SurveyAnswer:
    """Trả lời: store what the holder of a slip said. Runs two queries.

    The national formula counts likes and dislikes (domain.md 8): they follow from the question
    about the whole, and one that is neither good nor bad is neither.

    Raises AlreadyAnsweredError for the second answer of a slip, ClosedError after its last day.
    """
    now = timezone.now()
    if not is_open(slip, now):
        raise ClosedError
    dossier = slip.dossier
    try:
        with transaction.atomic():
            row = SurveyAnswer.objects.create(
                slip=slip,
                dossier=dossier,
                receiving_agency_id=dossier.receiving_agency_id,
                competent_agency_id=dossier.competent_agency_id,
                answered_at=now,
                answered_on=timezone.localdate(now),
                liked=_liked(scores),
                comment_sealed=seal(comment.strip()),
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
