"""The forms of delegation: whose roles, to whom, in which days, by which document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from agencies.delegations import colleagues_of, delegable_roles

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Agency, Officer

_DAY = ["%Y-%m-%d", "%d/%m/%Y"]


class DelegationForm(forms.Form):
    """A delegation of one officer's roles in one agency."""

    delegate = forms.ChoiceField(label=_("Người được uỷ quyền"))
    roles = forms.MultipleChoiceField(
        label=_("Vai trò uỷ quyền"), widget=forms.CheckboxSelectMultiple
    )
    valid_from = forms.DateField(
        label=_("Từ ngày"),
        input_formats=_DAY,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    valid_to = forms.DateField(
        label=_("Đến hết ngày"),
        input_formats=_DAY,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    document_number = forms.CharField(label=_("Văn bản uỷ quyền số"), max_length=60)
    reason = forms.CharField(
        label=_("Lý do"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(
        self,
        giver: Officer,
        agency: Agency,
        today: dt.date,
        data: Any = None,
        *,
        roles: list[Role] | None = None,
    ) -> None:
        super().__init__(data, initial={"valid_from": today})
        self.colleagues = {
            officer.user.username: officer
            for officer in colleagues_of(giver, agency, today)
            .select_related("user")
            .order_by("name_sort", "pk")
        }
        offered = delegable_roles(giver, agency, today) if roles is None else roles
        to, held = self.fields["delegate"], self.fields["roles"]
        assert isinstance(to, forms.ChoiceField)  # noqa: S101 - declared above
        assert isinstance(held, forms.MultipleChoiceField)  # noqa: S101 - declared above
        to.choices = [
            ("", _("Chọn đồng nghiệp")),
            *((name, _named(officer)) for name, officer in self.colleagues.items()),
        ]
        held.choices = [(role.value, role.label) for role in offered]
        if len(offered) == 1:
            self.initial["roles"] = [offered[0].value]

    def clean_delegate(self) -> Officer:
        return self.colleagues[self.cleaned_data["delegate"]]

    def clean_roles(self) -> list[Role]:
        return [Role(role) for role in self.cleaned_data["roles"]]


class RevocationForm(forms.Form):
    """Why a delegation ends before its last day."""

    reason = forms.CharField(label=_("Lý do thu hồi"), max_length=500)


def _named(officer: Officer) -> str:
    return f"{officer.full_name}, {officer.title}" if officer.title else officer.full_name
