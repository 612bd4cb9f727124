"""Trả ngay nhiều hồ sơ: one procedure, many owners, a row each, one number of a fee receipt.

What is settled at once is asked for in a row of people at the counter: who, how many copies, how
much. Rows stand alone: what is wrong in one keeps none of the others back.
"""

from __future__ import annotations

import re
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.identity import warnings_for
from dossiers.forms import (
    MoneyField,
    case_label,
    fee_names,
    fees_named,
    money,
    one_line,
    read_card,
    read_number,
)
from dossiers.models import IdKind, OwnerKind
from dossiers.opening import OpeningError, version_for
from dossiers.services import intake
from dossiers.services.intake import FeeItem, Person, Submission
from dossiers.tariffs import Tariff, tariff_for
from procedures.models import Authority, Channel, Fee

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from django.http import QueryDict

    from agencies.models import Officer
    from dossiers.opening import Chosen
    from procedures.models import ProcedureCase

ROWS = 10  # of an empty sheet, and how many "more" adds
MOST_ROWS = 60
_EACH, _BY_PAGE = "each", "page"


class AtOnceRow(forms.Form):
    """One person and what is certified for them."""

    number_typed = one_line(
        _("Quét căn cước hoặc số giấy tờ"),
        length=300,
        spellcheck="false",
    )
    name = one_line(_("Họ và tên, hoặc tên tổ chức"))
    pages = forms.IntegerField(
        label=_("Số trang"), min_value=1, max_value=9999, required=False, widget=forms.TextInput
    )
    copies = forms.IntegerField(
        label=_("Số bản"), min_value=1, max_value=999, required=False, widget=forms.TextInput
    )
    amount = MoneyField(label=_("Thu khác mức"))
    address = forms.CharField(widget=forms.HiddenInput, max_length=300, required=False)

    def __init__(self, number: int, data: Mapping[str, Any] | None) -> None:
        self.number = number
        super().__init__(data, prefix=f"d{number}")
        for name in ("pages", "copies"):
            self.fields[name].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
            self.fields[name].error_messages["invalid"] = _("Ghi một số nguyên.")
        self.fields["number_typed"].widget.attrs["data-motcua-card"] = ""
        # Enter passes it by: it is written in only where the fee is another than counted.
        self.fields["amount"].widget.attrs |= {"data-motcua-passed": ""}
        for name, field in self.fields.items():
            if name != "address":
                # A heading above the column names it for the eye, the row's number for the ear.
                field.widget.attrs["aria-label"] = gettext("%(what)s, dòng %(number)s") % {
                    "what": field.label,
                    "number": number,
                }

    @property
    def is_blank(self) -> bool:
        return not (self._typed("number_typed") or self._typed("name"))

    @property
    def id_kind(self) -> str:
        return read_number(self._typed("number_typed"))

    def warnings(self, today: dt.date) -> list[str]:
        """Return what looks wrong about the number; it stops nothing (domain.md 5.4)."""
        return warnings_for(self.id_kind, self._typed("number_typed"), today)

    def faults(self) -> list[str]:
        """Return what keeps the row from being done."""
        return [str(fault) for faults in self.errors.values() for fault in faults]

    def due(self, tariff: Tariff) -> Decimal:
        """Return what the row costs; what cannot be read counts as one."""
        try:
            own = money(self._typed("amount"))
        except forms.ValidationError:
            own = None
        if own is not None:
            return own
        return tariff.due(self._count("copies"), self._count("pages"))

    def _count(self, name: str) -> int:
        typed = self._typed(name)
        return int(typed) if re.fullmatch(r"[1-9]\d{0,3}", typed, re.ASCII) else 1

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.is_blank and not cleaned.get("name") and "name" not in self.errors:
            self.add_error("name", _("Hãy ghi họ tên."))
        if len(cleaned.get("number_typed") or "") > 30:
            self.add_error("number_typed", _("Số giấy tờ dài nhất 30 ký tự."))
        return cleaned

    def person(self) -> Person:
        """Return whose dossier it is; call on a valid row."""
        given, kind = self.cleaned_data, self.id_kind
        return Person(
            given["name"],
            kind=OwnerKind.ORGANISATION if kind == IdKind.TAX_CODE else OwnerKind.CITIZEN,
            personal_id=given["number_typed"],
            id_kind=kind,
            address=given["address"],
        )

    def summary(self, tariff: Tariff) -> str:
        """Say what was asked for, as it stands in the dossier."""
        copies, pages = self.cleaned_data["copies"] or 1, self.cleaned_data["pages"] or 1
        if tariff.by_page:
            return gettext("%(copies)s bản, mỗi bản %(pages)s trang") % {
                "copies": copies,
                "pages": pages,
            }
        return gettext("%(copies)s bản") % {"copies": copies}

    def _typed(self, name: str) -> str:
        return str(self.data.get(self.add_prefix(name)) or "").strip()


class AtOnceForm(forms.Form):
    """What holds for every row: the procedure, how the fee is counted, the receipt's number."""

    # Of one page, sent once; `batch` stays while faulty rows are sent again.
    token = forms.CharField(widget=forms.HiddenInput, max_length=60, required=False)
    batch = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    procedure = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    counted = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)

    case = forms.ChoiceField(label=_("Trường hợp"), required=False)
    fee = forms.ChoiceField(label=_("Khoản thu"), required=False)
    way = forms.ChoiceField(
        label=_("Tính theo"),
        choices=[(_EACH, _("Mỗi bản")), (_BY_PAGE, _("Mỗi trang"))],
        required=False,
    )
    price = MoneyField(label=_("Mức thu"))
    further = MoneyField(label=_("Từ trang thứ ba"))
    most = MoneyField(label=_("Nhiều nhất một bản"))
    # Two roles settle at once (domain.md 2.5, T05): one at the counter, one who signs the results.
    signer = forms.ChoiceField(label=_("Người ký kết quả"), required=False)
    returned = forms.BooleanField(label=_("Trả kết quả ngay tại quầy"), required=False)
    receipt_number = one_line(_("Số biên lai"), length=40, accesskey="b", spellcheck="false")

    def __init__(
        self,
        officer: Officer,
        data: Mapping[str, Any] | None = None,
        *,
        code: str = "",
        now: dt.datetime,
        may_return: bool,
    ) -> None:
        """Take a page apart; `code` is the procedure of an empty one.

        Raises OpeningError when the procedure is not taken in, or not settled at once.
        """
        self.officer, self.now, self.may_return = officer, now, may_return
        read: QueryDict | None = data.copy() if data is not None else None  # type: ignore[attr-defined]
        self.chosen = self._open(read.get("procedure", "") if read is not None else code)
        self.named = fees_named(self.chosen.version, Channel.IN_PERSON)
        super().__init__(read)
        self.initial = {
            "token": self.new_token(),
            "batch": secrets.token_urlsafe(12),
            "procedure": self.chosen.version.procedure.code,
            "returned": may_return,
            "fee": str(self.named[0].pk) if self.named else "",
        }
        self.fields["receipt_number"].widget.attrs["data-motcua-after"] = ""
        case, fee = self.fields["case"], self.fields["fee"]
        assert isinstance(case, forms.ChoiceField)  # noqa: S101 - declared above
        assert isinstance(fee, forms.ChoiceField)  # noqa: S101 - declared above
        case.choices = [(str(each.position), case_label(each)) for each in self.cases]
        self.signers = intake.signers_of(self.chosen.competent_agency)
        signer = self.fields["signer"]
        assert isinstance(signer, forms.ChoiceField)  # noqa: S101 - declared above
        people = [(each.user.username, str(each)) for each in self.signers]
        signer.choices = people if len(people) == 1 else [("", gettext("Chọn")), *people]
        names = fee_names(self.named)
        fee.choices = [
            *((str(each.pk), names[each.pk]) for each in self.named),
            ("", gettext("Không thu theo danh mục")),
        ]
        self.fee_names = names
        self._propose_tariff()
        self.rows = [AtOnceRow(number, read) for number in range(1, self._row_count() + 1)]
        if read is not None:
            for row in self.rows:
                self._read_card(row, read)

    @staticmethod
    def new_token() -> str:
        return secrets.token_urlsafe(24)

    def _open(self, code: str) -> Chosen:
        chosen = version_for(code[:40], on=timezone.localdate(self.now), officer=self.officer)
        version = chosen.version
        if not version.settles_at_once:
            raise OpeningError("procedure", gettext("Thủ tục này không trả kết quả ngay."))
        follows = chosen.lacks_object or version.procedure.offering.authority == Authority.OBJECT
        if version.is_interlinked or follows:
            raise OpeningError(
                "procedure", gettext("Thủ tục này cần ghi nơi giải quyết: hãy nhập từng hồ sơ.")
            )
        return chosen

    def _propose_tariff(self) -> None:
        """Write in how the catalogue's fee is counted, anew when another fee or way is chosen."""
        tariff = Tariff(Decimal(0))
        if (fee := self.fee_chosen) is not None:
            assert fee.amount_vnd is not None  # noqa: S101 - of `fees_named`
            tariff = tariff_for(self.chosen.version.procedure.code, fee.amount_vnd)
        proposed = {
            "way": _BY_PAGE if tariff.by_page else _EACH,
            "price": _dotted(tariff.price),
            "further": _dotted(tariff.further),
            "most": _dotted(tariff.most),
            "counted": str(fee.pk) if fee else "",
        }
        if self.is_bound and self._typed("counted") == proposed["counted"]:
            return
        for name, value in proposed.items():
            self.initial[name] = value
            if self.is_bound:
                self.data[name] = value  # type: ignore[index] # a copy of our own

    def _row_count(self) -> int:
        numbers = [
            int(found[1])
            for name in self.data
            if (found := re.fullmatch(r"d([1-9]\d?)-name", name))
        ]
        count = max([ROWS, *numbers])
        if self._typed("act") == "more":
            count += ROWS
        return min(count, MOST_ROWS)

    def _read_card(self, row: AtOnceRow, data: Any) -> None:
        """Take apart what a scanner typed into a row."""
        card = read_card(row["number_typed"].data or "")
        if card is not None:
            data[row.add_prefix("number_typed")] = card.number
            data[row.add_prefix("name")] = card.name
            data[row.add_prefix("address")] = card.address

    # What the page shows

    @property
    def cases(self) -> list[ProcedureCase]:
        return list(self.chosen.version.cases.all())

    @property
    def case_chosen(self) -> ProcedureCase | None:
        """The case typed, else the first in file order, else none."""
        typed = self._typed("case")
        first = self.cases[0] if self.cases else None
        return next((case for case in self.cases if str(case.position) == typed), first)

    @property
    def fee_chosen(self) -> Fee | None:
        """The catalogue's fee that is taken: the first until another is chosen, or none."""
        if not self.is_bound or "fee" not in self.data:
            return self.named[0] if self.named else None
        typed = self._typed("fee")
        return next((fee for fee in self.named if str(fee.pk) == typed), None)

    @property
    def tariff(self) -> Tariff:
        """How the rows are counted, as far as what was typed can be read."""
        return Tariff(
            self._money("price") or Decimal(0),
            self.is_by_page,
            self._money("further"),
            self._money("most"),
        )

    @property
    def is_by_page(self) -> bool:
        return (self._typed("way") or self.initial.get("way")) == _BY_PAGE

    def _money(self, name: str) -> Decimal | None:
        try:
            return money(self._typed(name) if self.is_bound else str(self.initial.get(name) or ""))
        except forms.ValidationError:
            return None

    def filled(self) -> list[AtOnceRow]:
        return [row for row in self.rows if not row.is_blank]

    def total(self) -> Decimal:
        return sum((row.due(self.tariff) for row in self.filled()), start=Decimal(0))

    # What it hands on

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.filled():
            self.add_error(None, _("Chưa có dòng nào ghi người yêu cầu."))
        if self.total() > 0 and not cleaned.get("receipt_number"):
            self.add_error("receipt_number", _("Hãy ghi số biên lai đã viết cho lượt này."))
        if not self.signers:
            self.add_error(None, _("Cơ quan giải quyết chưa có lãnh đạo ký."))
        elif len(self.signers) > 1 and not cleaned.get("signer"):
            self.add_error("signer", _("Hãy chọn người ký kết quả."))
        if not self.may_return and cleaned.get("returned"):
            self.add_error("returned", _("Bạn không giữ vai trò trả kết quả ở quầy này."))
        return cleaned

    @property
    def signer_chosen(self) -> Officer | None:
        """Who signs; None for the only one. Call on a cleaned form."""
        named = self.cleaned_data.get("signer")
        return next((each for each in self.signers if each.user.username == named), None)

    def submission(self, row: AtOnceRow) -> Submission:
        """Return what a row logs; call on a valid form and a valid row."""
        tariff = self.tariff
        due = row.due(tariff)
        fee = self.fee_chosen
        name = self.fee_names[fee.pk] if fee else gettext("Phí, lệ phí")
        number = self.cleaned_data["receipt_number"]
        return Submission(
            version=self.chosen.version,
            case=self.case_chosen,
            channel=Channel.IN_PERSON,
            competent_agency=self.chosen.competent_agency,
            owner=row.person(),
            papers=None,
            fees=[FeeItem(name, due, is_paid=True, receipt_number=number)] if due else (),
            summary=row.summary(tariff),
        )

    def _typed(self, name: str) -> str:
        return str(self.data.get(name) or "").strip()


def _dotted(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.0f}".replace(",", ".")
