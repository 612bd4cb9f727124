from __future__ import annotations

import datetime as dt
from typing import Self

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.personal_data import unseal
from agencies.models import Agency, Officer
from dossiers.models.base import append_only
from dossiers.models.dossier import Dossier
from dossiers.models.papers import PaperSlip
from dossiers.workflow import PaperKind


class Score(models.IntegerChoices):
    """Mức độ hài lòng: the five-point scale; satisfied are the two best (domain.md 8)."""

    VERY_SATISFIED = 5, _("Rất hài lòng")
    SATISFIED = 4, _("Hài lòng")
    NEUTRAL = 3, _("Bình thường")
    DISSATISFIED = 2, _("Không hài lòng")
    VERY_DISSATISFIED = 1, _("Rất không hài lòng")


class SurveyQuestionQuerySet(models.QuerySet["SurveyQuestion"]):
    def asked_with(self, kind: str, on: dt.date) -> Self:
        """Return the questions of the slips that go out with a kind of form on a local day."""
        return self.filter(
            Q(only_with="") | Q(only_with=kind),
            Q(valid_to__isnull=True) | Q(valid_to__gte=on),
            valid_from__lte=on,
        ).order_by("position", "pk")


class SurveyQuestion(models.Model):
    """Câu hỏi khảo sát: designed by the office of the province's committee (TT 01/2018 Chương III).

    What was asked stays as it was asked: another wording is another question, with its own days.
    """

    code = models.SlugField(_("mã"), max_length=40)
    position = models.PositiveSmallIntegerField(_("thứ tự"))
    text = models.CharField(_("câu hỏi"), max_length=300)
    only_with = models.CharField(
        _("chỉ hỏi kèm"),
        max_length=20,
        choices=[
            (kind.value, kind.label)
            for kind in (PaperKind.RECEIPT, PaperKind.SUPPLEMENT_REQUEST, PaperKind.REFUSAL)
        ],
        blank=True,
        default="",
    )
    valid_from = models.DateField(_("hỏi từ ngày"))
    valid_to = models.DateField(_("hỏi đến ngày"), null=True, blank=True)

    objects = SurveyQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("câu hỏi khảo sát")
        verbose_name_plural = _("câu hỏi khảo sát")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="surveyquestion_once"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="surveyquestion_ends_after_it_starts",
                violation_error_message=_("Ngày kết thúc phải sau ngày bắt đầu."),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="surveyquestion_frozen", fields=["code", "text", "only_with", "valid_from"]
            )
        ]

    def __str__(self) -> str:
        return self.text


class SurveyAnswer(models.Model):
    """Trả lời khảo sát: what the holder of one slip said, once; no officer's page names whose it is.

    The agencies stand beside the dossier as they were, so that reports count without it.
    """

    append_only = True

    slip = models.OneToOneField(PaperSlip, models.PROTECT, related_name="survey_answer")
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="survey_answers")
    receiving_agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    competent_agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(_("trả lời lúc"))
    answered_on = models.DateField(_("ngày trả lời"))
    # The national formula counts likes and dislikes (domain.md 8).
    liked = models.BooleanField(_("hài lòng nói chung"), null=True)
    # People name people in what they write freely.
    comment_sealed = models.BinaryField(default=b"")
    # Who typed in what was marked on paper, and when; nobody where the holder answered online.
    entered_by = models.ForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", verbose_name=_("nhập từ giấy bởi")
    )
    entered_at = models.DateTimeField(_("nhập từ giấy lúc"), null=True)

    class Meta:
        verbose_name = _("trả lời khảo sát")
        verbose_name_plural = _("trả lời khảo sát")
        constraints = [
            models.CheckConstraint(
                condition=Q(entered_by__isnull=True, entered_at__isnull=True)
                | Q(entered_by__isnull=False, entered_at__isnull=False),
                name="surveyanswer_entered_by_somebody",
                violation_error_message=_("Phiếu nhập từ giấy phải có người nhập."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["answered_on", "competent_agency"], name="surveyanswer_by_answered_on"
            )
        ]
        triggers = append_only("surveyanswer")

    def __str__(self) -> str:
        return f"{self.slip_id}"

    @property
    def comment(self) -> str:
        return unseal(self.comment_sealed)


class SurveyScore(models.Model):
    """Điểm khảo sát: the score of one question in one answer."""

    append_only = True

    answer = models.ForeignKey(SurveyAnswer, models.PROTECT, related_name="scores")
    question = models.ForeignKey(SurveyQuestion, models.PROTECT, related_name="scores")
    score = models.PositiveSmallIntegerField(
        _("mức độ"), choices=Score, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )

    class Meta:
        verbose_name = _("điểm khảo sát")
        verbose_name_plural = _("điểm khảo sát")
        constraints = [
            models.UniqueConstraint(fields=["answer", "question"], name="surveyscore_once"),
            models.CheckConstraint(
                condition=Q(score__gte=1, score__lte=5),
                name="surveyscore_on_the_scale",
                violation_error_message=_("Mức độ từ 1 đến 5."),
            ),
        ]
        triggers = append_only("surveyscore")

    def __str__(self) -> str:
        return f"{self.answer_id} {self.question_id} {self.score}"
