"""The reception desk's one form: owner, procedure, papers, fees. Acts have theirs in act_forms.py.

What it asks for follows from the procedure chosen, so its fields are made per procedure. It checks
the shape of what was typed; what looks doubtful about a person's number is a warning beside the
field and stops nothing (domain.md 5.4).
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import secrets
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.folding import fold
from accounts.identity import personal_id_warnings, warnings_for
from accounts.personal_data import keyed_digest, normalise_number
from accounts.templatetags.motcua import vn_number
from agencies.calendars import calendar_of
from agencies.models import Agency
from dossiers import deadlines
from dossiers.clockwork import binding_limit, counted_limit, stated_limit
from dossiers.deadlines import Explanation, Unit
from dossiers.models import Dossier, DossierDocument, IdKind, OwnerKind, ResultChannel
from dossiers.opening import Chosen, OpeningError, Places, places_named, version_for
from dossiers.services import intake
from dossiers.services.intake import FeeItem, Paper, Person, Submission
from procedures.models import Authority, Channel, Fee, LimitUnit, RequiredDocument
from procedures.sheet import FEE_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.forms import BoundField
    from django.http import QueryDict

    from agencies.models import Officer
    from agencies.scope import Scope
    from dossiers.models import DossierQuerySet
    from procedures.models import ProcedureCase, ProcedureVersion

EXTRA_PAPERS = 7  # free rows of papers; those beyond the first two are folded
MOST_EXTRA_PAPERS = 60  # of a draft that listed more
LONGEST_CASE_NAME = 160  # characters of a choice
MAX_FEE = Decimal(10) ** 14
# The fields of places, and what each names (opening.Places).
_PLACES = {
    "object_agency": "object",
    "agency": "competent",
    "supporting_agency": "supporting",
    "collecting_agency": "collecting",
}
MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%H:%M %d/%m/%Y"]
DATE_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper of the checklist with its fields; `required` is None for a free one."""

    key: str
    name: str
    group: str
    meta: str
    is_ticked: bool
    kind: BoundField
    quantity: BoundField
    typed_name: BoundField | None = None


@dataclass(frozen=True, slots=True)
class FeeRow:
    """A fee the catalogue names for the channel, with its fields."""

    key: str
    name: str
    is_due: bool
    is_paid: bool
    amount: BoundField


@dataclass(frozen=True, slots=True)
class Card:
    """What the QR of a citizen card says, as a scanner types it."""

    number: str
    name: str
    address: str


def read_card(typed: str) -> Card | None:
    """Read `số CCCD|số CMND cũ|họ tên|ngày sinh|giới tính|nơi thường trú|ngày cấp`, else None."""
    parts = [part.strip() for part in typed.split("|")]
    if len(parts) < 6 or not re.fullmatch(r"\d{12}", parts[0]) or not parts[2]:
        return None
    return Card(parts[0], parts[2][:200], parts[5][:300])


def money(text: str) -> Decimal | None:
    """Read an amount of whole đồng as people write it, "100.000 đ"; raises ValidationError."""
    bare = re.sub(r"[\s.,đĐ]|VND|vnd", "", text)
    if not bare:
        return None
    if not bare.isascii() or not bare.isdigit() or Decimal(bare) >= MAX_FEE:
        raise forms.ValidationError(_("Số tiền là số đồng nguyên, ví dụ 100.000."))
    return Decimal(bare)


def read_number(typed: str) -> str:
    """Tell the kind of an identity number nobody chose a kind for, by its shape (domain.md 5.4)."""
    number = normalise_number(typed)
    if re.fullmatch(r"\d{9}", number):
        return IdKind.OLD_ID_CARD
    if re.fullmatch(r"\d{10}(\d{3})?", number):
        return IdKind.TAX_CODE
    if re.fullmatch(r"[A-Z]\d{7,8}", number):
        return IdKind.PASSPORT
    return IdKind.PERSONAL_ID


class MoneyField(forms.CharField):
    """Số tiền: whole đồng, dots between thousands allowed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=30, required=False, **kwargs)
        self.widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}

    def clean(self, value: Any) -> Decimal | None:
        return money(super().clean(value))


def one_line(
    label: Any, *, length: int = 200, required: bool = False, **attrs: Any
) -> forms.CharField:
    """Return a field of one line that the browser remembers nothing of."""
    # What is typed about a person must not be offered to the next one.
    return forms.CharField(
        label=label,
        max_length=length,
        required=required,
        error_messages={
            "max_length": _("Dài nhất %(limit_value)d ký tự, đang có %(show_value)d."),
            "required": _("Hãy ghi “%(label)s”.") % {"label": label},
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", **attrs}),
    )


class SubmissionForm(forms.Form):
    """Hồ sơ mới: what the counter logs, in four blocks."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=60, required=False)
    # The tracking code of the draft one goes on with.
    draft = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    # Its version as the page showed it: two people do not write over each other unawares.
    version = forms.CharField(widget=forms.HiddenInput, max_length=9, required=False)

    personal_id = one_line(
        _("Quét căn cước hoặc gõ số giấy tờ"), length=300, accesskey="1", spellcheck="false"
    )
    id_kind = forms.ChoiceField(label=_("Loại giấy tờ"), choices=IdKind.choices, required=False)
    owner_kind = forms.ChoiceField(
        label=_("Chủ hồ sơ là"),
        choices=OwnerKind.choices,
        required=False,
        widget=forms.Select(attrs={"data-motcua-id-kind": "id_id_kind"}),
    )
    name = one_line(_("Họ và tên, hoặc tên tổ chức"), required=True)
    phone = one_line(_("Điện thoại nhận tin"), length=30, inputmode="tel")
    address = one_line(_("Địa chỉ"), length=300)
    representative_name = one_line(_("Họ và tên người nộp thay"))
    representative_id = one_line(_("Số giấy tờ của người nộp thay"), length=30)
    representative_phone = one_line(_("Điện thoại của người nộp thay"), length=30, inputmode="tel")

    q = one_line(
        _("Gõ vài chữ tên thủ tục, không cần dấu, hoặc mã"), accesskey="2", spellcheck="false"
    )
    procedure = forms.CharField(
        label=_("Thủ tục"),
        max_length=40,
        widget=forms.HiddenInput,
        error_messages={"required": _("Hãy chọn thủ tục.")},
    )
    case = forms.ChoiceField(label=_("Trường hợp"), required=False)
    summary = one_line(_("Nội dung yêu cầu"), length=1000)

    vouched = forms.BooleanField(
        label=_("Tôi xác nhận hồ sơ đủ giấy tờ, không kê từng loại"), required=False
    )

    channel = forms.ChoiceField(label=_("Nộp qua"), choices=Channel.choices, required=False)
    result_channel = forms.ChoiceField(
        label=_("Nhận kết quả"), choices=ResultChannel.choices, required=False
    )
    no_fee = forms.BooleanField(label=_("Không thu khoản nào của hồ sơ này"), required=False)
    extra_fee_name = one_line(_("Khoản thu khác"))
    extra_fee_amount = MoneyField(label=_("Số tiền"))
    extra_fee_paid = forms.BooleanField(label=_("Đã thu"), required=False)
    receipt_number = one_line(_("Số biên lai"), length=40)

    # Of what is settled at once: who signs it for the settling agency (T05).
    signer = forms.ChoiceField(label=_("Người ký kết quả trả ngay"), required=False)

    # Phi địa giới (domain.md 6.4): typed as the list offers them, "H01.151 UBND xã …".
    object_agency = one_line(_("Xã, phường nơi có đối tượng"), list="agencies")
    agency = one_line(_("Cơ quan giải quyết"), list="agencies")
    supporting_agency = one_line(_("Nơi hỗ trợ nộp"), list="agencies")
    collecting_agency = one_line(_("Nơi trả kết quả"), list="agencies")
    national_code = one_line(_("Mã trên Cổng dịch vụ công quốc gia"), length=40)

    received_at = forms.DateTimeField(
        label=_("Nhận hồ sơ lúc"),
        required=False,
        input_formats=MOMENT_FORMATS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Chỉ ghi khi nhập muộn; phải nêu lý do."),
    )
    due_on = forms.DateField(
        label=_("Ngày hẹn trả do cán bộ ấn định"),
        required=False,
        input_formats=DATE_FORMATS,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Chỉ khi thủ tục không quy định thời hạn; phải nêu lý do."),
    )
    reason = one_line(_("Lý do"), length=500)

    def __init__(
        self, officer: Officer, data: Mapping[str, Any] | None = None, *, now: dt.datetime
    ) -> None:
        self.officer, self.now = officer, now
        self.card: Card | None = None
        self.chosen: Chosen | None = None
        self.documents: list[RequiredDocument] = []
        self.fees: list[Fee] = []
        self.fee_names: dict[int, str] = {}
        self.places = Places()
        self._opening_errors: dict[str, str] = {}
        self._fees_unread = False
        self._strays: list[str] = []
        super().__init__(self._read(data) if data is not None else None)
        self.initial = {
            "token": secrets.token_urlsafe(24),
            "id_kind": IdKind.PERSONAL_ID,
            "owner_kind": OwnerKind.CITIZEN,
            "channel": Channel.IN_PERSON,
            "result_channel": ResultChannel.COUNTER,
        }
        self._open()
        self._add_fields()

    def _read(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take what a scanner typed apart, and a fresh choice of procedure over the old one."""
        read: QueryDict = data.copy()  # type: ignore[attr-defined]
        if pick := read.get("pick", ""):
            if pick != read.get("procedure"):
                read["case"] = ""
            read["procedure"] = pick
        self.card = read_card(read.get("personal_id", ""))
        if self.card is not None:
            read["personal_id"] = self.card.number
            read["id_kind"] = IdKind.PERSONAL_ID
            read["name"], read["address"] = self.card.name, self.card.address
        number = normalise_number(read.get("personal_id", ""))
        is_personal = read.get("id_kind", IdKind.PERSONAL_ID) == IdKind.PERSONAL_ID
        if (
            read.get("owner_kind") == OwnerKind.ORGANISATION
            and is_personal
            and re.fullmatch(r"\d{10}(\d{3})?", number)
        ):
            # Nobody chose the kind: a number of ten digits is no person's (domain.md 5.4, 5.5).
            read["id_kind"] = IdKind.TAX_CODE
        return read

    def _open(self) -> None:
        """Find the version of the day for the procedure that was chosen, and the places named."""
        self._find_places()
        code = self._typed("procedure")
        if not code:
            return
        try:
            self.chosen = version_for(
                code[:40],
                on=timezone.localdate(self.moment),
                officer=self.officer,
                places=self.places,
            )
        except OpeningError as error:
            self._opening_errors[error.field] = error.message
            return
        self.documents = list(self.chosen.version.required_documents.all())
        self._carry_papers_over()
        # The page that was sent has shown what is due on this channel: nothing, and nobody ticked.
        self._fees_unread = (
            bool(self._typed("act"))
            and self._typed("shown") == self.shown
            and not self._list("fee_named")
            and not self.fees_ticked
        )
        if not self._fees_unread:
            self._read_fees()

    def _find_places(self) -> None:
        """Read the agencies that were typed, each by the code it begins with."""
        on = timezone.localdate(self.moment)
        for name, part in _PLACES.items():
            if not (typed := self._typed(name)):
                continue
            try:
                named = places_named(on=on, **{part: typed.split()[0][:20]})
            except OpeningError as error:
                self._opening_errors[name] = error.message
            else:
                self.places = replace(self.places, **{part: getattr(named, part)})

    @property
    def has_places(self) -> bool:
        """Whether the part of the page about places has something to show or to ask."""
        typed = any(self._typed(name) for name in (*_PLACES, "national_code"))
        return typed or (self.chosen is not None and self.needs_object)

    @property
    def needs_object(self) -> bool:
        """Whether the commune of the object decides who settles; asks for the parts of a chain."""
        if self.chosen is None:
            return False
        version = self.chosen.version
        if version.is_interlinked:
            return version.links.filter(authority=Authority.OBJECT).exists()
        return version.procedure.offering.authority == Authority.OBJECT

    def agencies(self) -> list[Agency]:
        """Return what the fields of places offer: the agencies of the day. Runs one query."""
        found = Agency.objects.valid_on(timezone.localdate(self.now)).only(
            "code", "name", "short_name"
        )
        return list(found.order_by("name_sort", "pk"))

    def _carry_papers_over(self) -> None:
        """Keep the ticks of a page made for another version of the procedure, by name.

        What the version of the day no longer asks for becomes a paper of the officer's own. Runs
        a query only when a tick is unknown.
        """
        assert self.chosen is not None  # noqa: S101 - called where a version was found
        of_name = {document.name: str(document.pk) for document in self.documents}
        known = set(of_name.values())
        ticked = list(dict.fromkeys(self._list("paper")))
        unknown = [key for key in ticked if key not in known]
        if not unknown:
            return
        older = {
            str(document.pk): document.name
            for document in RequiredDocument.objects.filter(
                pk__in=[int(key) for key in unknown if key.isdecimal() and len(key) < 19],
                version__procedure=self.chosen.version.procedure_id,
            )
        }
        kept = [key for key in ticked if key in known]
        data: Any = self.data  # a copy of our own (`_read`)
        for key in unknown:
            if key not in older:
                self._strays.append(key)
                continue
            into = of_name.get(older[key]) or self._free_row(" ".join(older[key].split()))
            if into in known:
                kept.append(into)
            for part in ("paper_kind", "paper_quantity"):
                if (given := self._typed(f"{part}_{key}")) and f"{part}_{into}" not in self.data:
                    data[f"{part}_{into}"] = given
        data.setlist("paper", list(dict.fromkeys(kept)))

    def _free_row(self, name: str) -> str:
        """Write the name of a paper into the first free row; return the row's key."""
        data: Any = self.data
        number = 1
        while self._typed(f"paper_name_x{number}"):
            number += 1
        key = f"x{number}"
        data[f"paper_name_{key}"] = name[:2000]
        for part in ("paper_kind", "paper_quantity"):
            data.pop(f"{part}_{key}", None)
        return key

    @property
    def fees_ticked(self) -> set[str]:
        """The fees due: what was taken is due as well."""
        return {*self._list("fee"), *self._list("fee_paid")}

    @property
    def extra_count(self) -> int:
        """How many rows there are for papers that the catalogue does not name."""
        numbers = [
            int(name.removeprefix("paper_name_x"))
            for name in self.data
            if re.fullmatch(r"paper_name_x[1-9]\d?", name)
        ]
        return max(EXTRA_PAPERS, *(min(n, MOST_EXTRA_PAPERS) for n in [*numbers, 0]))

    def _read_fees(self) -> None:
        """Read what the catalogue says is due on the channel, and add a field for each amount."""
        self._fees_unread = False
        if self.chosen is None:
            return
        self.fees = fees_named(self.chosen.version, self.channel_chosen)
        self.fee_names = fee_names(self.fees)
        for fee in self.fees:
            name = f"fee_amount_{fee.pk}"
            self.fields[name] = MoneyField(
                label=gettext("Số tiền: %(name)s") % {"name": self.fee_names[fee.pk][:60]}
            )
            self._propose(name, f"{fee.amount_vnd:,.0f}".replace(",", "."))

    def _add_fields(self) -> None:
        """Add the fields that follow from the procedure: its cases, papers and fees."""
        case = self.fields["case"]
        assert isinstance(case, forms.ChoiceField)  # noqa: S101 - declared above
        case.choices = [(str(each.position), case_label(each)) for each in self.cases]
        signer = self.fields["signer"]
        assert isinstance(signer, forms.ChoiceField)  # noqa: S101 - declared above
        names = [(each.user.username, str(each)) for each in self.signers]
        signer.choices = names if len(names) == 1 else [("", _("Chọn")), *names]
        for document in self.documents:
            key = str(document.pk)
            by_default = (
                DossierDocument.Kind.ORIGINAL if document.originals else DossierDocument.Kind.COPY
            )
            wanted = document.originals or document.copies or 1
            self._add_paper(key, document.name, kind=by_default, quantity=min(wanted, 999))
        for number in range(1, self.extra_count + 1):
            key = f"x{number}"
            self.fields[f"paper_name_{key}"] = one_line(
                gettext("Giấy tờ khác %(number)s") % {"number": number}, length=2000
            )
            self._add_paper(key, gettext("Giấy tờ khác %(number)s") % {"number": number})

    def _add_paper(
        self, key: str, name: str, *, kind: str = DossierDocument.Kind.COPY, quantity: int = 1
    ) -> None:
        self.fields[f"paper_kind_{key}"] = forms.ChoiceField(
            label=gettext("Loại bản: %(name)s") % {"name": name[:60]},
            choices=DossierDocument.Kind.choices,
            required=False,
        )
        self.fields[f"paper_quantity_{key}"] = forms.IntegerField(
            label=gettext("Số lượng: %(name)s") % {"name": name[:60]},
            min_value=1,
            max_value=999,
            required=False,
        )
        self._propose(f"paper_kind_{key}", kind)
        self._propose(f"paper_quantity_{key}", str(quantity))

    def _propose(self, name: str, value: str) -> None:
        """Fill a field that the page did not have yet: it came with the procedure just chosen."""
        if not self.is_bound:
            self.initial[name] = value
        elif name not in self.data:
            self.data[name] = value  # type: ignore[index] # a copy of our own (`_read`)

    # What the page shows

    @property
    def cases(self) -> list[ProcedureCase]:
        return list(self.chosen.version.cases.all()) if self.chosen else []

    @property
    def case_chosen(self) -> ProcedureCase | None:
        """The case typed, else the first in file order, else none."""
        typed = self._typed("case")
        first = self.cases[0] if self.cases else None
        return next((case for case in self.cases if str(case.position) == typed), first)

    @property
    def channel_chosen(self) -> str:
        typed = self._typed("channel")
        return typed if typed in Channel.values else Channel.IN_PERSON

    @property
    def moment(self) -> dt.datetime:
        """The instant of receipt: what was typed where it can be read, else now."""
        typed = self._typed("received_at")
        if not typed:
            return self.now
        try:
            moment: dt.datetime = self.fields["received_at"].clean(typed)
        except forms.ValidationError:
            return self.now
        return moment if 1990 <= moment.year <= 2199 else self.now

    @property
    def shown(self) -> str:
        """What the page's changing parts were made for; they are replaced when it differs."""
        version = self.chosen.version.pk if self.chosen else ""
        return f"{self._typed('procedure')}|{version}|{self.channel_chosen}"

    @property
    def is_renewed(self) -> bool:
        """Whether the catalogue got another version of the procedure while the page was open."""
        seen, _, rest = self._typed("shown").partition("|")
        version = rest.partition("|")[0]
        return (
            self.chosen is not None
            and bool(version)
            and seen == self._typed("procedure")
            and version != str(self.chosen.version.pk)
        )

    def paper_rows(self) -> list[PaperRow]:
        ticked = set(self._list("paper"))
        return [
            PaperRow(
                key=str(document.pk),
                name=document.name,
                group=document.group,
                meta=_wanted(document),
                is_ticked=str(document.pk) in ticked,
                kind=self[f"paper_kind_{document.pk}"],
                quantity=self[f"paper_quantity_{document.pk}"],
            )
            for document in self.documents
        ]

    def extra_rows(self) -> list[PaperRow]:
        """Return the rows for papers that the catalogue does not name."""
        return [
            PaperRow(
                key=f"x{number}",
                name="",
                group="",
                meta="",
                is_ticked=False,
                kind=self[f"paper_kind_x{number}"],
                quantity=self[f"paper_quantity_x{number}"],
                typed_name=self[f"paper_name_x{number}"],
            )
            for number in range(1, self.extra_count + 1)
        ]

    @property
    def has_folded_papers(self) -> bool:
        """Whether a row beyond the first two was written in: the fold stands open then."""
        return any(
            self._typed(f"paper_name_x{number}") for number in range(3, self.extra_count + 1)
        )

    def fee_rows(self) -> list[FeeRow]:
        """Return the fees with their fields; asks for them where the act did not."""
        if self._fees_unread:
            self._read_fees()
        due, paid = self.fees_ticked, set(self._list("fee_paid"))
        # One fee is due as a rule; of several levels the officer says which.
        untouched = self.data.get("shown", "") != self.shown and not self._typed("no_fee")
        return [
            FeeRow(
                key=str(fee.pk),
                name=self.fee_names[fee.pk],
                is_due=str(fee.pk) in due or (untouched and len(self.fees) == 1),
                is_paid=str(fee.pk) in paid,
                amount=self[f"fee_amount_{fee.pk}"],
            )
            for fee in self.fees
        ]

    def id_warnings(self) -> list[str]:
        """Return what looks wrong about the owner's number; it stops nothing."""
        return owner_warnings(
            self._typed("owner_kind"),
            self._typed("id_kind") or IdKind.PERSONAL_ID,
            self._typed("personal_id"),
            self._typed("representative_id"),
            timezone.localdate(self.now),
        )

    def duplicates(self, scope: Scope) -> DossierQuerySet:
        """Return open dossiers of the same owner for the same procedure, newest first."""
        number = normalise_number(self._typed("personal_id"))
        if not number or self.chosen is None:
            return Dossier.objects.none()
        found = probable_duplicates(number, self.chosen.version.procedure_id, scope)
        # The draft one goes on with is no second dossier.
        return found.exclude(tracking_code=draft) if (draft := self._typed("draft")) else found

    def earlier(self, scope: Scope) -> Dossier | None:
        """Return the newest dossier in sight of the number's owner, where it tells something new.

        Runs one query, and none without a number.
        """
        number = normalise_number(self._typed("personal_id"))
        if not number or self.card is not None:
            return None
        found = (
            Dossier.objects.visible_to(scope)
            .filter(owner_id_digest=keyed_digest("owner_id", number), parent__isnull=True)
            .only("tracking_code", "owner_name", "received_on")
            .order_by("-pk")
            .first()
        )
        if found is None or fold(found.owner_name) == fold(self._typed("name")):
            return None
        return found

    def promise(self) -> Explanation | None:
        """Return the date the counter would promise now and why; None while nothing is chosen.

        Raises LimitError when the stored limit or the moment is out of all bounds.
        """
        if self.chosen is None:
            return None
        version = self.chosen.version
        stated = stated_limit(self.case_chosen, version.channel_limits.all(), self.channel_chosen)
        by_law = counted_limit(stated.value, stated.unit, version.same_day_cutoff)
        calendar = calendar_of(self.officer.agency)
        if by_law.unit is Unit.NONE and (day := self._day("due_on")):
            decided = deadlines.end_of_day(day, calendar)
            return deadlines.explain(by_law, self.moment, calendar, (), decided)
        limit = binding_limit(version, by_law, self.moment, calendar)
        return deadlines.explain(limit, self.moment, calendar)

    def silence(self) -> None:
        """Show what was typed without judging it: the officer has not finished."""
        self._errors = ErrorDict()

    # What it hands on

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name, text in self._opening_errors.items():
            self._complain(name if name in self.fields else "procedure", text)
        if (
            self.chosen is not None
            and not self._is_draft
            and self.places.object is None
            and not (self.places.competent and not self.chosen.version.is_interlinked)
            and self.needs_object
        ):
            self._complain("object_agency", _("Hãy chọn xã, phường nơi có đối tượng của hồ sơ."))
        for number in range(1, self.extra_count + 1):
            if "\n" in (cleaned.get(f"paper_name_x{number}") or ""):
                self._complain(f"paper_name_x{number}", _("Tên giấy tờ viết trên một dòng."))
        self._clean_catalogue()
        self._clean_fees(cleaned)
        if cleaned.get("representative_id") and not cleaned.get("representative_name"):
            self._complain("representative_name", _("Hãy ghi họ tên người nộp thay."))
        personal_id = cleaned.get("personal_id") or ""
        if len(personal_id) > 30:
            self._complain("personal_id", _("Số giấy tờ dài nhất 30 ký tự."))
        if not self._is_draft and not personal_id and not cleaned.get("phone"):
            # Without either nobody could ever prove whose dossier it is (domain.md 9.2).
            self._complain(
                "personal_id",
                _("Cần số giấy tờ hoặc số điện thoại: người dân tra cứu bằng 4 ký tự cuối."),
            )
        if self._is_acceptance and not self.papers() and not cleaned.get("vouched"):
            self._complain(
                "vouched", _("Hãy đánh dấu giấy tờ đã nhận, hoặc xác nhận hồ sơ đủ giấy tờ.")
            )
        received_at = cleaned.get("received_at")
        if received_at and not 1990 <= received_at.year <= 2199:
            self._complain("received_at", _("Năm phải từ 1990 đến 2199."))
        if received_at and cleaned.get("draft"):
            self._complain(
                "received_at", _("Bản nháp được nhận từ lúc bấm nút; nhập muộn thì lập hồ sơ mới.")
            )
        return cleaned

    def _complain(self, name: str, text: Any) -> None:
        """Say what is wrong with a field, unless something was said about it already."""
        if name not in self.errors:
            self.add_error(name, text)

    def _clean_catalogue(self) -> None:
        """Ask for a second look where the catalogue is no longer what the page showed."""
        if self.is_renewed and not self._is_draft:
            self.add_error(
                None,
                _(
                    "Thủ tục nay có bản khác với lúc mở biểu mẫu. Giấy tờ đã đánh dấu còn nguyên; "
                    "hãy xem lại giấy tờ, khoản thu và ngày hẹn rồi bấm lại."
                ),
            )
        if self._strays:
            self.add_error(
                None,
                _(
                    "Có giấy tờ đã đánh dấu không thuộc thủ tục này. Hãy đánh dấu lại giấy tờ "
                    "theo danh sách dưới đây."
                ),
            )

    def _clean_fees(self, cleaned: dict[str, Any]) -> None:
        """Say which fees are half written; ask once where the catalogue names some, ticked none."""
        if cleaned.get("extra_fee_amount") and not cleaned.get("extra_fee_name"):
            self._complain("extra_fee_name", _("Hãy ghi tên khoản thu."))
        if cleaned.get("extra_fee_name") and not cleaned.get("extra_fee_amount"):
            self._complain("extra_fee_amount", _("Hãy ghi số tiền."))
        if cleaned.get("extra_fee_paid") and not cleaned.get("extra_fee_name"):
            self._complain("extra_fee_name", _("Hãy ghi tên khoản đã thu."))
        if self.chosen is None:
            return
        due = self.fees_ticked
        for fee in self.fees:
            if str(fee.pk) in due and not cleaned.get(f"fee_amount_{fee.pk}"):
                self._complain(
                    f"fee_amount_{fee.pk}", _("Hãy ghi số tiền, hoặc bỏ đánh dấu khoản thu.")
                )
        known = {str(fee.pk) for fee in self.fees}
        if due - known:
            self._complain(
                "no_fee",
                _("Khoản thu đã đánh dấu thuộc cách nộp hoặc thủ tục khác: hãy chọn lại."),
            )
        is_none = bool(cleaned.get("no_fee"))
        if is_none and (due or cleaned.get("extra_fee_amount")):
            self._complain("no_fee", _("Đã ghi khoản thu: hãy bỏ chọn “Không thu”."))
        if self._is_draft or is_none or due or cleaned.get("extra_fee_amount") or not self.fees:
            return
        # "Không thu" on a receipt is a promise: nobody makes it by leaving boxes empty.
        self._complain(
            "no_fee",
            _("Danh mục có khoản thu cho cách nộp này: hãy đánh dấu khoản thu, hoặc “Không thu”."),
        )

    @property
    def _is_draft(self) -> bool:
        return self._typed("act") == "save_draft"

    @property
    def _is_acceptance(self) -> bool:
        return self._typed("act") in {"receive", "settle_at_once"}

    def papers(self) -> list[Paper]:
        """Return the papers ticked and typed; call on a cleaned form."""
        ticked = set(self._list("paper"))
        found = [
            self._paper(str(document.pk), document.name, required_id=document.pk)
            for document in self.documents
            if str(document.pk) in ticked
        ]
        found += [
            self._paper(f"x{number}", name)
            for number in range(1, self.extra_count + 1)
            if (name := self.cleaned_data.get(f"paper_name_x{number}"))
        ]
        return found

    def _paper(self, key: str, name: str, *, required_id: int | None = None) -> Paper:
        return Paper(
            name,
            self.cleaned_data.get(f"paper_kind_{key}") or DossierDocument.Kind.COPY,
            self.cleaned_data.get(f"paper_quantity_{key}") or 1,
            required_id,
        )

    @functools.cached_property
    def signers(self) -> list[Officer]:
        """Who may sign what is settled at once; asks only for a procedure that may be."""
        if self.chosen is None or not self.chosen.version.settles_at_once:
            return []
        return intake.signers_of(self.chosen.competent_agency)

    @property
    def signer_chosen(self) -> Officer | None:
        """Return who was chosen to sign; call on a cleaned form."""
        named = self.cleaned_data.get("signer")
        return next((each for each in self.signers if each.user.username == named), None)

    def fee_items(self) -> list[FeeItem]:
        """Return the fees due; call on a cleaned form."""
        due, paid = self.fees_ticked, set(self._list("fee_paid"))
        number = self.cleaned_data.get("receipt_number") or ""
        items = []
        for fee in self.fees:
            key = str(fee.pk)
            amount = self.cleaned_data.get(f"fee_amount_{key}")
            if key in due and amount:
                is_paid = key in paid
                name = self.fee_names[fee.pk]
                items.append(FeeItem(name, amount, is_paid, number if is_paid else ""))
        if amount := self.cleaned_data.get("extra_fee_amount"):
            is_paid = self.cleaned_data["extra_fee_paid"]
            name = self.cleaned_data["extra_fee_name"]
            items.append(FeeItem(name, amount, is_paid, number if is_paid else ""))
        return items

    def submission(self) -> Submission:
        """Return what to log; call on a valid form."""
        assert self.chosen is not None  # noqa: S101 - a valid form has a procedure
        given = self.cleaned_data
        papers = self.papers()
        other = None
        if given["representative_name"]:
            other = Person(
                given["representative_name"],
                personal_id=given["representative_id"],
                phone=given["representative_phone"],
            )
        return Submission(
            version=self.chosen.version,
            case=self.case_chosen,
            channel=self.channel_chosen,
            competent_agency=self.chosen.competent_agency,
            owner=Person(
                name=given["name"],
                kind=given["owner_kind"] or OwnerKind.CITIZEN,
                personal_id=given["personal_id"],
                id_kind=given["id_kind"] or IdKind.PERSONAL_ID,
                phone=given["phone"],
                address=given["address"],
            ),
            representative=other,
            papers=None if given["vouched"] and not papers else papers,
            fees=self.fee_items(),
            received_at=given["received_at"],
            due_on=given["due_on"],
            reason=given["reason"],
            summary=given["summary"],
            result_channel=given["result_channel"] or ResultChannel.COUNTER,
            supporting_agency=self.places.supporting,
            object_agency=self.places.object,
            collecting_agency=self.places.collecting,
            national_code=given["national_code"],
        )

    def _typed(self, name: str) -> str:
        return str(self.data.get(name) or "").strip()

    def _list(self, name: str) -> list[str]:
        return list(self.data.getlist(name)) if hasattr(self.data, "getlist") else []

    def _day(self, name: str) -> dt.date | None:
        try:
            day: dt.date | None = self.fields[name].clean(self._typed(name) or None)
        except forms.ValidationError:
            return None
        return day


def probable_duplicates(number: str, procedure_id: int, scope: Scope) -> DossierQuerySet:
    """Return open dossiers in sight of a person for a procedure, by the digest of the number."""
    digest = keyed_digest("owner_id", number)
    return (
        Dossier.objects.visible_to(scope)
        .filter(owner_id_digest=digest, procedure=procedure_id, settled_at__isnull=True)
        .exclude(state__in=["refused"])
        .only("code", "tracking_code", "state", "received_on")
        .order_by("-pk")
    )


def case_label(case: ProcedureCase) -> str:
    """Name a case with its limit, for one may be told from another by the limit alone."""
    name = case.name or gettext("Trường hợp %(number)s") % {"number": case.position + 1}
    if len(name) > LONGEST_CASE_NAME:
        name = name[: LONGEST_CASE_NAME - 1].rstrip() + "…"
    return f"{name} ({limit_words(case.limit_value, case.limit_unit, case.limit_text)})"


def limit_words(value: Decimal | None, unit: str, text: str = "") -> str:
    """Write a limit as people say it: "5 ngày làm việc"."""
    if unit == LimitUnit.OTHER or (value is None and unit not in {"same_day", "none"}):
        return text[:80] or gettext("không nêu thời hạn")
    if value is None:
        return str(LimitUnit(unit).label)
    number = f"{value.normalize():f}".replace(".", ",")
    return f"{number} {LimitUnit(unit).label}"


def owner_warnings(
    owner_kind: str, id_kind: str, number: str, representative_id: str, today: dt.date
) -> list[str]:
    """Return what looks wrong about the numbers of owner and representative; it stops nothing."""
    found = warnings_for(id_kind, number, today)
    is_organisation = owner_kind == OwnerKind.ORGANISATION
    if number and is_organisation and id_kind in {IdKind.PERSONAL_ID, IdKind.OLD_ID_CARD}:
        found.append(gettext("Chủ hồ sơ là tổ chức nhưng số giấy tờ là của cá nhân."))
    digits = normalise_number(number)
    if number and not is_organisation and id_kind == IdKind.TAX_CODE and len(digits) != 12:
        found.append(gettext("Chủ hồ sơ là cá nhân nhưng mã số thuế là của tổ chức."))
    other = normalise_number(representative_id)
    # Their kind is not asked for: an old card of nine digits is as good.
    if other and not re.fullmatch(r"\d{9}", other):
        found += [
            gettext("Người nộp thay: %(warning)s") % {"warning": warning}
            for warning in personal_id_warnings(other, today)
        ]
    return found


def fees_named(version: ProcedureVersion, channel: str) -> list[Fee]:
    """Return the fees with an amount that the catalogue names for a channel. Runs one query."""
    named = Fee.objects.filter(
        channel_limit__version=version, channel_limit__channel=channel, amount_vnd__gt=0
    )
    return list(named.order_by("channel_limit__position", "position"))


def fee_name(fee: Fee) -> str:
    """Name a fee in one line that fits its row."""
    kind = str(FEE_KINDS.get(fee.kind, fee.kind))
    name = ": ".join(filter(None, (kind, fee.text))) or gettext("Phí, lệ phí")
    name = " ".join(name.split())
    return name if len(name) <= 200 else name[:199].rstrip() + "…"


def fee_names(fees: list[Fee]) -> dict[int, str]:
    """Name the fees of one channel by key; two of one name are told apart by amount, then place."""
    plain = {fee.pk: fee_name(fee) for fee in fees}
    names = {}
    for fee in fees:
        names[fee.pk] = plain[fee.pk]
        if list(plain.values()).count(plain[fee.pk]) > 1:
            names[fee.pk] += f" ({vn_number(fee.amount_vnd)} đ)"
    taken: dict[str, int] = {}
    for key, name in names.items():
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            names[key] = gettext("%(name)s, khoản %(number)s") % {
                "name": name,
                "number": taken[name],
            }
    return names


def _wanted(document: RequiredDocument) -> str:
    said = []
    if document.originals:
        said.append(
            ngettext("%(count)s bản chính", "%(count)s bản chính", document.originals)
            % {"count": document.originals}
        )
    if document.copies:
        said.append(
            ngettext("%(count)s bản sao", "%(count)s bản sao", document.copies)
            % {"count": document.copies}
        )
    return ", ".join(said)
