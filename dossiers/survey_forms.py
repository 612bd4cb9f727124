"""The survey as a citizen fills it in: one row of five per question, a few free words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
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
