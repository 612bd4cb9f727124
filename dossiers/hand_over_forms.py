"""What an officer types about paper files: which dossiers go, where they lie, why a sheet is void."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dossiers import tracking_codes
from dossiers.hand_overs import MOST_ITEMS
from dossiers.models import Dossier

if TYPE_CHECKING:
    from agencies.models import Agency
    from agencies.scope import Scope

_LONGEST_CODE = 40
_LONGEST_LIST = MOST_ITEMS * (_LONGEST_CODE + 2)
_SHOWN = 5  # unknown codes named in the answer


class HandOverForm(forms.Form):
    """The rest of a sheet: codes that were scanned or typed, and what stands beside them.

    The ticked dossiers come beside it as `dossier`, one code each.
    """

    codes = forms.CharField(
        label=_("Thêm hồ sơ theo mã"),
        help_text=_("Quét hoặc gõ, mỗi dòng một mã hồ sơ."),
        max_length=_LONGEST_LIST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    is_sealed = forms.BooleanField(label=_("Túi hồ sơ có niêm phong"), required=False)
    courier = forms.CharField(
        label=_("Nhân viên bưu chính"), max_length=200, required=False, strip=True
    )
    note = forms.CharField(label=_("Ghi chú trên phiếu"), max_length=300, required=False)

    def __init__(
        self, data: Any = None, *, scope: Scope, ticked: list[str], with_post: bool
    ) -> None:
        super().__init__(data)
        self.scope = scope
        self.ticked = ticked
        if not with_post:
            del self.fields["courier"]

    def clean(self) -> dict[str, Any]:
        """Find the dossiers of the codes, in sight of the officer. Runs one query.

        An unknown code names itself: a mistyped one must not be left out in silence.
        """
        cleaned = super().clean() or {}
        typed = [line.strip() for line in cleaned.get("codes", "").splitlines() if line.strip()]
        wanted = list(dict.fromkeys([*self.ticked, *typed]))[: MOST_ITEMS * 2]
        found = _find(wanted, self.scope)
        unknown = [code for code in wanted if code not in found]
        if unknown:
            named = ", ".join(code[:_LONGEST_CODE] for code in unknown[:_SHOWN])
            self.add_error(
                "codes",
                gettext("Không có hồ sơ nào trong phạm vi của bạn mang mã: %(codes)s.")
                % {"codes": named},
            )
        elif not wanted:
            self.add_error(None, gettext("Hãy chọn ít nhất một hồ sơ."))
        cleaned["dossier_ids"] = sorted(set(found.values()))
        return cleaned


class PutForm(forms.Form):
    """Where the papers lie: the agency, if the officer carries papers of several, and the shelf."""

    agency = forms.ChoiceField(label=_("Cơ quan đang giữ giấy"))
    shelf = forms.CharField(
        label=_("Nơi để (kệ, tủ, ngăn)"),
        help_text=_("Ví dụ: Kệ 3, ngăn B. Bỏ trống nếu chưa xếp lên kệ."),
        max_length=60,
        required=False,
    )

    def __init__(self, data: Any = None, *, agencies: list[Agency], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["agency"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(agency.code, agency.name) for agency in agencies]
        if len(agencies) == 1:
            field.widget = forms.HiddenInput()
            field.initial = agencies[0].code


def _find(wanted: list[str], scope: Scope) -> dict[str, int]:
    """Return the dossier of each code that names one in sight, by the code as it was given."""
    if not wanted:
        return {}
    codes = {code: tracking_codes.normalise_code(code) for code in wanted}
    tracking = {code: tracking_codes.normalise(code) for code in wanted}
    rows = (
        Dossier.objects.visible_to(scope)
        .filter(Q(code__in=[*codes, *codes.values()]) | Q(tracking_code__in=[*tracking.values()]))
        .values_list("code", "tracking_code", "pk")
    )
    by_code: dict[str, int] = {}
    by_tracking: dict[str, int] = {}
    for code, tracking_code, pk in rows:
        by_code[(code or "").upper()] = pk
        by_tracking[tracking_code] = pk
    found = {
        code: by_code.get(upper) or by_tracking.get(tracking[code]) for code, upper in codes.items()
    }
    return {code: pk for code, pk in found.items() if pk}
