"""What an officer asks of the register: whose, and of which days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Agency

if TYPE_CHECKING:
    from collections.abc import Sequence


class RegisterForm(forms.Form):
    """The agency, among those in sight, and the first and last day of receipt."""

    agency = forms.ChoiceField(
        label=gettext_lazy("Cơ quan tiếp nhận"),
        error_messages={"invalid_choice": gettext_lazy("Hãy chọn cơ quan trong danh sách.")},
    )
    start = forms.DateField(
        label=gettext_lazy("Từ ngày"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": gettext_lazy("Hãy ghi ngày đầu của kỳ.")},
    )
    end = forms.DateField(
        label=gettext_lazy("Đến ngày"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": gettext_lazy("Hãy ghi ngày cuối của kỳ.")},
    )

    def __init__(self, data: Any = None, *, agencies: Sequence[Agency], own: Agency) -> None:
        """Offer the agencies in sight, the officer's own first chosen, this month's days."""
        today = timezone.localdate()
        super().__init__(
            data, initial={"agency": own.code, "start": today.replace(day=1), "end": today}
        )
        self._agencies = {agency.code: agency for agency in agencies}
        field = self.fields["agency"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - as declared above
        field.choices = [(agency.code, agency.label) for agency in agencies]

    def clean_agency(self) -> Agency:
        """Return the agency itself."""
        return self._agencies[self.cleaned_data["agency"]]

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end < start:
            self.add_error("end", _("Ngày cuối không được trước ngày đầu."))
        return cleaned
