"""The survey as a citizen fills it in: one row of five per question, a few free words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dossiers.models import Score

if TYPE_CHECKING:
    from dossiers.models import SurveyQuestion

LONGEST_COMMENT = 1000


class SurveyForm(forms.Form):
    """The questions of one slip; whoever scores one may leave out the others."""

    comment = forms.CharField(
        label=_("Góp ý thêm"),
        help_text=_("Đừng ghi số giấy tờ hay số điện thoại."),
        max_length=LONGEST_COMMENT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, data: Any = None, *, questions: Sequence[SurveyQuestion]) -> None:
        super().__init__(data)
        self.questions = list(questions)
        asked = {
            f"q{question.pk}": forms.TypedChoiceField(
                label=question.text,
                choices=Score.choices,
                coerce=int,
                empty_value=None,
                widget=forms.RadioSelect,
                required=False,
            )
            for question in self.questions
        }
        self.fields = {**asked, **self.fields}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.scores:
            self.add_error(None, _("Hãy chọn mức độ cho ít nhất một câu."))
        return cleaned

    @property
    def scores(self) -> dict[SurveyQuestion, int]:
        """The questions that were scored; of a clean form."""
        found = {question: self.cleaned_data.get(f"q{question.pk}") for question in self.questions}
        return {question: score for question, score in found.items() if score}


class PaperSurveyForm(SurveyForm):
    """The same slip as it came out of the box, with the day it was answered."""

    answered_on = forms.DateField(
        label=_("Ngày bỏ phiếu vào hòm"),
        help_text=_("Không rõ ngày thì ghi ngày mở hòm."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": _("Hãy ghi ngày bỏ phiếu vào hòm."),
            "invalid": _("Ngày không đọc được."),
        },
    )

    def __init__(
        self, data: Any = None, *, questions: Sequence[SurveyQuestion], issued_on: dt.date
    ) -> None:
        super().__init__(data, questions=questions)
        self.issued_on = issued_on
        self.initial["answered_on"] = timezone.localdate()
        self.order_fields(["answered_on"])

    def clean_answered_on(self) -> dt.date:
        """Refuse a day before the slip was handed out, or to come."""
        day: dt.date = self.cleaned_data["answered_on"]
        if day < self.issued_on:
            raise forms.ValidationError(
                _("Phiếu này phát ngày %(day)s, không thể trả lời trước đó.")
                % {"day": f"{self.issued_on:%d/%m/%Y}"}
            )
        if day > timezone.localdate():
            raise forms.ValidationError(_("Ngày bỏ phiếu không thể ở tương lai."))
        return day
