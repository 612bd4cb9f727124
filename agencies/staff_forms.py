"""The forms of keeping officers: an account, a role with its days, a file of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.folding import tidy
from accounts.roles import Role

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Agency, Desk, Officer
    from agencies.staffing import Keeper

_DAY = ["%Y-%m-%d", "%d/%m/%Y"]
MOST_BYTES = 500_000  # of an uploaded file: some thousands of officers


def _day(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        input_formats=_DAY,
        required=required,
        help_text=help_text,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


class _TidyForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        """Take needless blanks out of every line that was typed."""
        typed = super().clean() or self.cleaned_data
        return {
            name: tidy(value) if isinstance(value, str) else value for name, value in typed.items()
        }


class AgencyForm(forms.Form):
    """Which agency: the first step of adding and of moving, for the roles hang on it."""

    co_quan = forms.ChoiceField(label=_("Cơ quan"))

    def __init__(self, agencies: list[Agency], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["co_quan"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(agency.code, f"{agency.name} ({agency.code})") for agency in agencies]


class OfficerForm(_TidyForm):
    """A new officer of one agency."""

    username = forms.CharField(
        label=_("Tên đăng nhập"),
        max_length=150,
        help_text=_("Chữ, số và các dấu @ . + - _; không đổi được về sau."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    full_name = forms.CharField(label=_("Họ và tên"), max_length=200)
    title = forms.CharField(label=_("Chức danh"), max_length=150, required=False)
    phone = forms.CharField(label=_("Điện thoại"), max_length=30, required=False)
    email = forms.EmailField(label=_("Thư điện tử"), max_length=254, required=False)
    desk = forms.ChoiceField(label=_("Bộ phận một cửa"), required=False)
    roles = forms.MultipleChoiceField(label=_("Vai trò"), widget=forms.CheckboxSelectMultiple)
    valid_from = _day(_("Từ ngày"))
    valid_to = _day(
        _("Đến hết ngày"), required=False, help_text=_("Để trống khi chưa biết ngày kết thúc.")
    )

    def __init__(self, keeper: Keeper, agency: Agency, today: dt.date, data: Any = None) -> None:
        super().__init__(data, initial={"valid_from": today})
        self.desks = _offer_desks(self, agency)
        roles = self.fields["roles"]
        assert isinstance(roles, forms.MultipleChoiceField)  # noqa: S101 - declared above
        roles.choices = [(role.value, role.label) for role in keeper.roles_for(agency)]

    def clean_desk(self) -> Any:
        return self.desks.get(self.cleaned_data["desk"])

    def clean_roles(self) -> list[Role]:
        return [Role(role) for role in self.cleaned_data["roles"]]


class DetailsForm(_TidyForm):
    """What an officer is called and how they are reached."""

    full_name = forms.CharField(label=_("Họ và tên"), max_length=200)
    title = forms.CharField(label=_("Chức danh"), max_length=150, required=False)
    phone = forms.CharField(label=_("Điện thoại"), max_length=30, required=False)
    email = forms.EmailField(label=_("Thư điện tử"), max_length=254, required=False)
    desk = forms.ChoiceField(label=_("Bộ phận một cửa"), required=False)

    def __init__(self, officer: Officer, data: Any = None) -> None:
        super().__init__(
            data,
            initial={
                "full_name": officer.full_name,
                "title": officer.title,
                "phone": officer.phone,
                "email": officer.user.email,
                "desk": officer.desk_id,
            },
        )
        self.desks = _offer_desks(self, officer.agency)

    def clean_desk(self) -> Any:
        return self.desks.get(self.cleaned_data["desk"])


def _offer_desks(form: forms.Form, agency: Agency) -> dict[str, Desk]:
    """Offer the desks of the agency, or no field where it has none. Runs one query."""
    desks = {str(desk.pk): desk for desk in agency.desks.order_by("name")}
    field = form.fields["desk"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - of the forms above
    field.choices = [("", _("Không")), *((pk, each.name) for pk, each in desks.items())]
    if not desks:
        del form.fields["desk"]
    return desks


class RoleForm(forms.Form):
    """One more role in an agency."""

    role = forms.ChoiceField(label=_("Vai trò"))
    valid_from = _day(_("Từ ngày"))
    valid_to = _day(
        _("Đến hết ngày"), required=False, help_text=_("Để trống khi chưa biết ngày kết thúc.")
    )

    def __init__(self, keeper: Keeper, agency: Agency, today: dt.date, data: Any = None) -> None:
        super().__init__(data, initial={"valid_from": today})
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)  # noqa: S101 - declared above
        role.choices = [(each.value, each.label) for each in keeper.roles_for(agency)]

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class EndForm(forms.Form):
    """The last day of a role."""

    valid_to = _day(_("Ngày cuối cùng"))


class TransferForm(_TidyForm):
    """What an officer is at the new place."""

    title = forms.CharField(
        label=_("Chức danh mới"), max_length=150, required=False,
        help_text=_("Để trống thì giữ chức danh đang có."),
    )  # fmt: skip
    roles = forms.MultipleChoiceField(
        label=_("Vai trò ở nơi mới"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, keeper: Keeper, agency: Agency, data: Any = None) -> None:
        super().__init__(data)
        roles = self.fields["roles"]
        assert isinstance(roles, forms.MultipleChoiceField)  # noqa: S101 - declared above
        roles.choices = [(role.value, role.label) for role in keeper.roles_for(agency)]

    def clean_roles(self) -> list[Role]:
        return [Role(role) for role in self.cleaned_data["roles"]]


class UploadForm(forms.Form):
    """A file of officers, read as text; nothing of it is kept on the server."""

    file = forms.FileField(
        label=_("Tệp CSV"),
        help_text=_("Mã hoá UTF-8, tối đa 500 kB. Trong Excel: Lưu thành, CSV UTF-8."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> str:
        """Return the text; a file in another encoding is refused by the line it shows on."""
        uploaded = self.cleaned_data["file"]
        if uploaded.size > MOST_BYTES:
            raise ValidationError(_("Tệp lớn quá 500 kB, hãy chia nhỏ."))
        content: bytes = uploaded.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise ValidationError(
                _("Dòng %(line)d không phải là UTF-8. Hãy lưu lại tệp theo UTF-8."),
                params={"line": line},
            ) from error
