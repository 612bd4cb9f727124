"""What a citizen types to find a dossier."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dossiers import tracking_codes

SLIP = _(
    "Có lẽ một ký tự của mã tra cứu gõ nhầm: hãy so lại với giấy hẹn. Nếu mã đúng như trên giấy, "
    "hãy bấm Xem hồ sơ lần nữa."
)
_AS_TYPED = {"autocomplete": "off", "spellcheck": "false"}


class LookUpForm(forms.Form):
    """A code and a second fact; a slip seen by the check character is said before any query."""

    code = forms.CharField(
        label=_("Mã hồ sơ hoặc mã tra cứu"),
        help_text=_("Ghi trên giấy hẹn. Không phân biệt chữ hoa, dấu cách, số 0 với chữ O."),
        max_length=tracking_codes.LONGEST,
        widget=forms.TextInput({**_AS_TYPED, "autocapitalize": "characters"}),
        error_messages={"required": _("Hãy nhập mã ghi trên giấy hẹn.")},
    )
    proof = forms.CharField(
        label=_("4 ký tự cuối của số giấy tờ hoặc điện thoại"),
        help_text=_(
            "Của chủ hồ sơ: số định danh cá nhân, mã số thuế, hoặc số điện thoại đã khai khi nộp."
        ),
        max_length=50,
        widget=forms.TextInput({**_AS_TYPED, "autocapitalize": "characters"}),
        error_messages={"required": _("Hãy nhập 4 ký tự cuối.")},
    )
    # The code whose slip was pointed out already: typed again, it is looked up as it is, for old
    # systems may have issued codes that only look like ours.
    pointed_out = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def for_code(cls, typed: str) -> LookUpForm:
        """Return the form with a code filled in, its slip already pointed out."""
        written = (
            tracking_codes.grouped(tracking_codes.fold(typed))
            if tracking_codes.has_shape(typed)
            else tracking_codes.normalise_code(typed)
        )
        return cls(initial={"code": written, "pointed_out": tracking_codes.fold(typed)})

    def clean(self) -> dict[str, Any]:
        """Point out a slip once."""
        cleaned = super().clean() or self.cleaned_data
        code = cleaned.get("code", "")
        if has_slip(code) and cleaned.get("pointed_out") != tracking_codes.fold(code):
            self.add_error("code", SLIP)
            # What is shown again is what was sent, which is immutable: hence the copy.
            self.data = {**self.data.dict(), "pointed_out": tracking_codes.fold(code)}  # type: ignore[attr-defined]
        return cleaned


def has_slip(typed: str) -> bool:
    """Whether this is meant as a tracking code and its check character disagrees."""
    return tracking_codes.has_shape(typed) and not tracking_codes.is_valid(typed)
