"""Hoàn tiền tại quầy: of which dossier, how much, by which voucher, why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dossiers.forms import MoneyField, one_line


class RefundForm(forms.Form):
    """What is written down when cash goes back."""

    code = one_line(_("Mã hồ sơ"), length=40, required=True, spellcheck="false")
    amount_vnd = MoneyField(label=_("Số tiền hoàn"))
    voucher_number = one_line(_("Số phiếu chi"), length=40, required=True, spellcheck="false")
    reason = one_line(_("Lý do"), length=500, required=True)

    def clean_amount_vnd(self) -> Any:
        if self.cleaned_data["amount_vnd"] is None:
            raise forms.ValidationError(_("Hãy ghi số tiền."))
        return self.cleaned_data["amount_vnd"]
