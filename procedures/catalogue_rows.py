"""Read one row of the national catalogue: what it says, what had to be mended, why it is refused.

Pure: no database. The two files and their dirt are described in national-portal-and-data.md 4.1.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import IntEnum, StrEnum
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from accounts.folding import fold, tidy
from procedures.models import PROCEDURE_CODE, Channel, LimitUnit

# domain.md 5.3; any letter case, the ending of the province or ministry apart.
_CODE = re.compile(
    rf"(?P<key>{PROCEDURE_CODE})(?P<suffix>(\.000\.00\.00)?(\.[HG]\d{{2}})?)", re.I | re.ASCII
)
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_USUAL_DIGITS = 6

CATALOGUE_FIELDS = frozenset(
    {
        "id",
        "codeNotation",
        "categories",
        "categoryIds",
        "departments",
        "departmentPromulgate",
        "departmentPromulgateId",
        "formalityTargetType",
        "type",
    }
)
DETAIL_FIELDS = frozenset(
    {
        "source_id",
        "category",
        "promulgating_agency",
        "executing_agency",
        "subject_types",
        "results",
        "requirements",
        "channels",
        "processing_cases",
        "legal_basis",
        "steps_raw",
        "checklist_raw",
        "source",
    }
)

_CHANNELS = {
    "direct": Channel.IN_PERSON,
    "online": Channel.ONLINE,
    "postal": Channel.POST,
    **{channel.value: channel for channel in Channel},
}
_UNITS = {
    "hour": LimitUnit.WORKING_HOUR,
    **{unit.value: unit for unit in LimitUnit},
    "gio": LimitUnit.WORKING_HOUR,
    "gio lam viec": LimitUnit.WORKING_HOUR,
    "ngay lam viec": LimitUnit.WORKING_DAY,
    "ngay": LimitUnit.DAY,
    "thang": LimitUnit.MONTH,
}
_THOUSANDTH = Decimal("0.001")
_LARGEST_LIMIT = Decimal(999_999)
_LARGEST_AMOUNT = Decimal(10) ** 13 - 1
# No fee of the state is below 1.000 đồng; such numbers are dollars, or thousands (4.1).
_SMALLEST_AMOUNT = 1000
_LARGEST_COUNT = 32_767
_MAX_NAME, _MAX_SECTOR, _MAX_AGENCY = 1500, 300, 300


class Half(StrEnum):
    """Which of the two files a row belongs to: each owns its half of a version."""

    CATALOGUE = "catalogue"
    DETAIL = "detail"


class Writing(IntEnum):
    """How cleanly a code is written; the cleaner writing has the code (domain.md 5.3)."""

    CLEAN = 0
    WITH_SUFFIX = 1  # 1.000948.H38: the same procedure as a province lists it
    MENDED = 2  # " 1.014325": perhaps another procedure


class RefusedRowError(ValueError):
    """A row that cannot come in; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Limit:
    value: Decimal | None
    unit: LimitUnit
    text: str = ""


@dataclass(frozen=True, slots=True)
class CaseRow:
    code: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class FeeRow:
    kind: str
    amount: Decimal | None
    said: str
    text: str


@dataclass(frozen=True, slots=True)
class ChannelRow:
    channel: Channel
    limit: Limit
    fees: tuple[FeeRow, ...]
    note: str


@dataclass(frozen=True, slots=True)
class PaperRow:
    group: str
    name: str
    code: str
    originals: int
    copies: int
    has_electronic_form: bool
    attachments: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class SectorName:
    name: str
    code: str = ""
    source_id: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueHalf:
    """What the catalogue file owns."""

    promulgating_agency: str
    executing_agencies: tuple[str, ...]
    targets: tuple[str, ...]
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class DetailHalf:
    """What the detail file owns."""

    cases: tuple[CaseRow, ...]
    channels: tuple[ChannelRow, ...]
    papers: tuple[PaperRow, ...]
    results: tuple[str, ...]
    requirements: str
    steps: tuple[dict[str, str], ...]
    legal_bases: tuple[tuple[str, str], ...]
    source: dict[str, str]  # where it was read: kept, but no reason for a new version


@dataclass(slots=True)
class Row:
    """One readable row, normalised (NFC, blanks), with notes on whatever had to be mended."""

    key: str
    writing: Writing
    half: Half
    name: str
    sectors: tuple[SectorName, ...]
    source_id: str
    owned: CatalogueHalf | DetailHalf
    digest: str
    notes: list[str] = field(default_factory=list)

    @property
    def is_internal(self) -> bool:
        return self.key[0] in "56"

    @property
    def is_withdrawn(self) -> bool:
        return self.key.endswith("-Xoa")


def decode(line: bytes) -> dict[str, Any]:
    """Return the object on a line; raise RefusedRowError when there is none.

    Numbers come as Decimal, so 7.5 stays 7.5 and 1e400 overflows nothing.
    """
    try:
        found = json.loads(
            line.decode("utf-8-sig"), parse_float=Decimal, parse_constant=lambda name: Decimal(name)
        )
    except UnicodeDecodeError as error:
        raise RefusedRowError(_("Dòng không phải UTF-8.")) from error
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise RefusedRowError(_("Dòng không phải JSON hợp lệ.")) from error
    if not isinstance(found, dict):
        raise RefusedRowError(_("Dòng không phải một đối tượng JSON."))
    return found


def half_of(data: dict[str, Any]) -> Half:
    """Tell by its fields which file a row belongs to; raise RefusedRowError if they do not say."""
    catalogue, detail = len(CATALOGUE_FIELDS & data.keys()), len(DETAIL_FIELDS & data.keys())
    if catalogue == detail:
        raise RefusedRowError(
            _("Các trường của dòng không cho biết dòng thuộc danh mục hay thuộc bản chi tiết.")
        )
    return Half.CATALOGUE if catalogue > detail else Half.DETAIL


def read_code(said: Any, notes: list[str]) -> tuple[str, Writing]:
    """Return the key and how cleanly it was written; raise RefusedRowError for no such code."""
    if not isinstance(said, str) or not said.strip():
        raise RefusedRowError(_("Không có mã thủ tục, hoặc mã không phải là chữ."))
    bare = _INVISIBLE.sub("", unicodedata.normalize("NFKC", said))
    match = _CODE.fullmatch(bare)
    if match is None:
        raise RefusedRowError(_("Mã thủ tục “%(code)s” sai dạng.") % {"code": _shown(said)})
    key = f"{match['key'][:-4]}-Xoa" if match["key"].lower().endswith("-xoa") else match["key"]
    writing = Writing.WITH_SUFFIX if match["suffix"] else Writing.CLEAN
    if f"{key}{match['suffix']}" != said:
        writing = Writing.MENDED
        notes.append(_("Mã viết là “%(code)s”, đã sửa.") % {"code": _shown(said)})
    digits = len(key.removesuffix("-Xoa")) - 2
    if digits != _USUAL_DIGITS:
        notes.append(_("Mã có %(digits)d chữ số thay vì 6.") % {"digits": digits})
    if key.endswith("-Xoa"):
        notes.append(_("Mã có đuôi -Xoa: nhận vào là thủ tục đã bãi bỏ."))
    return key, writing


def read(data: dict[str, Any]) -> Row:
    """Return what the row says; raise RefusedRowError when it cannot come in."""
    half = half_of(data)
    notes: list[str] = []
    key, writing = read_code(data.get("code"), notes)
    reader = _Reader(notes)
    name = reader.line(data.get("name"), _("Tên"), _MAX_NAME, strict=True)
    if half is Half.CATALOGUE and not name:
        raise RefusedRowError(_("Không có tên thủ tục."))
    if half is Half.CATALOGUE:
        sectors = reader.sectors(data)
        owned: CatalogueHalf | DetailHalf = reader.catalogue_half(data)
        value: list[Any] = [name, [s.name for s in sectors], _plain(owned)]
        source_id = reader.line(data.get("id"), "id", 40)
    else:
        sectors = reader.category(data.get("category"))
        owned = reader.detail_half(data, key)
        value = [_plain(owned)]
        source_id = reader.line(data.get("source_id"), "source_id", 40)
    reader.close()
    return Row(
        key,
        writing,
        half,
        name,
        sectors,
        source_id,
        owned,
        _digest(value),
        list(dict.fromkeys(notes)),
    )


class _Reader:
    """Takes values apart and notes whatever it has to mend."""

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes
        self.long_text_mended = False

    def close(self) -> None:
        if self.long_text_mended:
            self.notes.append(_("Có đoạn văn bản chưa ở dạng Unicode NFC, đã chuẩn hoá."))

    def line(self, said: Any, label: str, limit: int, *, strict: bool = False) -> str:
        """Return a text of one line; with `strict` each kind of mending is noted by its name."""
        text = self.readable(said, label)
        clean = tidy(text)
        if strict and clean != text:
            if unicodedata.normalize("NFC", text) != text:
                self.notes.append(_("%(field)s chưa ở dạng Unicode NFC.") % {"field": label})
            if text != text.strip():
                self.notes.append(
                    _("%(field)s có khoảng trắng ở đầu hoặc cuối.") % {"field": label}
                )
            inner = text.strip()
            if "\n" in inner or "\r" in inner:
                self.notes.append(_("%(field)s có xuống dòng.") % {"field": label})
            if re.search(r"[^\S\n\r]{2}|[^\S\n\r ]", inner):
                self.notes.append(_("%(field)s có khoảng trắng thừa.") % {"field": label})
        if len(clean) > limit:
            self.notes.append(
                _("%(field)s dài %(length)d ký tự, đã cắt còn %(limit)d.")
                % {"field": label, "length": len(clean), "limit": limit}
            )
            clean = clean[:limit].rstrip()
        return clean

    def text(self, said: Any, label: str) -> str:
        """Return a text of several lines in NFC, its blanks made single, its empty lines gone."""
        text = self.readable(said, label)
        if not unicodedata.is_normalized("NFC", text):
            self.long_text_mended = True
        return "\n".join(filter(None, (tidy(part) for part in text.splitlines())))

    def readable(self, said: Any, label: str) -> str:
        if said is None:
            return ""
        if isinstance(said, bool) or not isinstance(said, str | int | Decimal):
            self.notes.append(_("%(field)s không phải là chữ, đã bỏ qua.") % {"field": label})
            return ""
        text = str(said)
        if _UNREADABLE.search(text):
            self.notes.append(_("%(field)s có ký tự không đọc được.") % {"field": label})
            text = _UNREADABLE.sub("", text)
        return text

    def items(self, said: Any, label: str) -> list[Any]:
        if said is None:
            return []
        if not isinstance(said, list):
            self.notes.append(_("%(field)s không phải là danh sách, đã bỏ qua.") % {"field": label})
            return []
        return said

    def objects(self, said: Any, label: str) -> list[dict[str, Any]]:
        rows = self.items(said, label)
        kept = [row for row in rows if isinstance(row, dict)]
        if len(kept) < len(rows):
            self.notes.append(_("%(field)s có phần tử sai kiểu, đã bỏ qua.") % {"field": label})
        return kept

    def lines(self, said: Any, label: str, limit: int, *, strict: bool = False) -> tuple[str, ...]:
        found = [self.line(item, label, limit, strict=strict) for item in self.items(said, label)]
        if "" in found and strict:
            self.notes.append(_("%(field)s có phần tử trống, đã bỏ.") % {"field": label})
        return tuple(dict.fromkeys(filter(None, found)))

    # The catalogue file

    def catalogue_half(self, data: dict[str, Any]) -> CatalogueHalf:
        promulgator = self.line(
            data.get("departmentPromulgate"), _("Cơ quan ban hành"), _MAX_AGENCY, strict=True
        )
        if not promulgator:
            self.notes.append(_("Cơ quan ban hành để trống."))
        return CatalogueHalf(
            promulgator,
            self.lines(
                data.get("departments"), _("Cơ quan thực hiện"), _MAX_AGENCY * 2, strict=True
            ),
            self.lines(data.get("formalityTargetType"), _("Đối tượng"), _MAX_AGENCY, strict=True),
            self.line(data.get("state"), "state", 20),
            self.line(data.get("type"), "type", 30),
        )

    def sectors(self, data: dict[str, Any]) -> tuple[SectorName, ...]:
        """Return the sectors in the order of the source: statistics count under the first."""
        names = self.items(data.get("categories"), _("Lĩnh vực"))
        ids = self.items(data.get("categoryIds"), "categoryIds")
        found: dict[str, SectorName] = {}
        for position, said in enumerate(names):
            name = self.line(said, _("Lĩnh vực"), _MAX_SECTOR, strict=True)
            source_id = self.line(ids[position], "categoryIds", 40) if position < len(ids) else ""
            if name:
                found.setdefault(name, SectorName(name, source_id=source_id))
        if not found:
            self.notes.append(_("Không có lĩnh vực."))
        return tuple(found.values())

    # The detail file

    def category(self, said: Any) -> tuple[SectorName, ...]:
        if not isinstance(said, dict):
            return ()
        name = self.line(said.get("name"), _("Lĩnh vực"), _MAX_SECTOR, strict=True)
        code = self.line(said.get("code"), _("Mã lĩnh vực"), 30)
        return (SectorName(name, code=code),) if name else ()

    def detail_half(self, data: dict[str, Any], key: str) -> DetailHalf:
        source = data.get("source")
        return DetailHalf(
            cases=self.cases(data.get("processing_cases"), key),
            channels=self.channels(data.get("channels")),
            papers=self.papers(data.get("checklist_raw")),
            results=tuple(
                filter(
                    None,
                    (
                        self.text(item, _("Kết quả"))
                        for item in self.items(data.get("results"), _("Kết quả"))
                    ),
                )
            ),
            requirements=self.text(data.get("requirements"), _("Yêu cầu, điều kiện")),
            steps=tuple(
                {
                    "name": self.text(step.get("name"), _("Trình tự")),
                    "text": self.text(step.get("text"), _("Trình tự")),
                }
                for step in self.objects(data.get("steps_raw"), _("Trình tự"))
            ),
            legal_bases=tuple(
                (
                    self.line(basis.get("code"), _("Số hiệu văn bản"), 200),
                    self.text(basis.get("name"), _("Căn cứ pháp lý")),
                )
                for basis in self.objects(data.get("legal_basis"), _("Căn cứ pháp lý"))
            ),
            source=self.source(source) if isinstance(source, dict) else {},
        )

    def source(self, said: dict[str, Any]) -> dict[str, str]:
        found = {
            name: self.line(said.get(name), "source", 500)
            for name in ("url", "updated_at", "crawled_at")
            if said.get(name)
        }
        # It becomes a link on a public page.
        if not found.get("url", "https://").startswith("https://"):
            self.notes.append(_("Địa chỉ nguồn không bắt đầu bằng https://, đã bỏ."))
            del found["url"]
        return found

    def cases(self, said: Any, key: str) -> tuple[CaseRow, ...]:
        found: list[CaseRow] = []
        label = _("Trường hợp")
        for position, case in enumerate(self.objects(said, label), start=1):
            code = self.line(case.get("case_code"), _("Mã trường hợp"), 40)
            if not code:
                code = f"{key}.{position:02d}"
                self.notes.append(
                    _("Trường hợp thứ %(position)d không có mã, lấy %(code)s.")
                    % {"position": position, "code": code}
                )
            if any(other.code == code for other in found):
                self.notes.append(_("Mã trường hợp %(code)s lặp lại.") % {"code": code})
            place = _("Trường hợp %(code)s") % {"code": code}
            found.append(CaseRow(code, self.limit(case.get("qty"), case.get("unit"), place)))
        return tuple(found)

    def channels(self, said: Any) -> tuple[ChannelRow, ...]:
        found = []
        for row in self.objects(said, _("Cách thức thực hiện")):
            method = self.line(row.get("method"), _("Cách thức thực hiện"), 40)
            channel = _CHANNELS.get(method.lower())
            if channel is None:
                self.notes.append(
                    _("Không biết cách thức “%(method)s”, đã bỏ qua.") % {"method": method}
                )
                continue
            processing = row.get("processing")
            if processing is not None and not isinstance(processing, dict):
                self.notes.append(_("Thời hạn theo cách thức sai kiểu, đã bỏ qua."))
            processing = processing if isinstance(processing, dict) else {"unit": "OTHER"}
            found.append(
                ChannelRow(
                    channel,
                    self.limit(processing.get("qty"), processing.get("unit"), str(channel.label)),
                    tuple(self.fee(fee) for fee in self.objects(row.get("fees"), _("Phí, lệ phí"))),
                    self.text(row.get("note"), _("Ghi chú")),
                )
            )
        return tuple(found)

    def limit(self, qty: Any, said_unit: Any, place: str) -> Limit:
        """Return a limit; what cannot be a number or a unit is kept as it was said, and noted."""
        unit_text = self.line(said_unit, _("Đơn vị thời hạn"), 60)
        unit = _UNITS.get(fold(unit_text))
        text = self.text(qty, place) if isinstance(qty, str) else ""
        if unit is None:
            unit = LimitUnit.OTHER
            text = " ".join(filter(None, [self.text(qty, place), unit_text]))
            self.notes.append(
                _("%(place)s: không biết đơn vị “%(unit)s”, giữ nguyên văn.")
                % {"place": place, "unit": unit_text}
            )
        value = as_decimal(qty)
        if value is None:
            if qty is None:
                if unit not in {LimitUnit.OTHER, LimitUnit.SAME_DAY, LimitUnit.NONE}:
                    self.notes.append(_("%(place)s: không có thời hạn.") % {"place": place})
            elif unit is not LimitUnit.OTHER or not isinstance(qty, str):
                text = text or _shown(qty)
                self.notes.append(
                    _("%(place)s: thời hạn “%(qty)s” không phải là số, giữ nguyên văn.")
                    % {"place": place, "qty": _shown(qty)}
                )
            return Limit(None, unit, text)
        if value < 0 or value > _LARGEST_LIMIT:
            self.notes.append(
                _("%(place)s: thời hạn %(qty)s không thể đúng, chỉ giữ nguyên văn.")
                % {"place": place, "qty": _shown(qty)}
            )
            return Limit(None, unit, text or _shown(qty))
        if value == 0 and unit is not LimitUnit.OTHER:
            self.notes.append(_("%(place)s: thời hạn bằng 0.") % {"place": place})
        rounded = value.quantize(_THOUSANDTH, rounding=ROUND_HALF_UP)
        if rounded != value:
            self.notes.append(
                _("%(place)s: thời hạn %(qty)s đã làm tròn.") % {"place": place, "qty": _shown(qty)}
            )
        return Limit(rounded, unit, "" if unit is not LimitUnit.OTHER else text)

    def fee(self, row: dict[str, Any]) -> FeeRow:
        kind = self.line(row.get("type"), _("Loại phí"), 30)
        text = self.text(row.get("text"), _("Phí, lệ phí"))
        said = row.get("value_vnd")
        if said is None or said == "":
            return FeeRow(kind, None, "", text)
        amount = as_decimal(_without_thousands(said))
        shown = _shown(said)
        if amount is None or not 0 <= amount <= _LARGEST_AMOUNT:
            self.notes.append(
                _("Số tiền “%(amount)s” không đọc được thành đồng, giữ nguyên văn.")
                % {"amount": shown}
            )
            return FeeRow(kind, None, shown, text)
        if 0 < amount < _SMALLEST_AMOUNT:
            self.notes.append(
                _("Số tiền %(amount)s quá nhỏ để là đồng (có thể là ngoại tệ), giữ nguyên văn.")
                % {"amount": shown}
            )
            return FeeRow(kind, None, shown, text)
        return FeeRow(kind, amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP), "", text)

    def papers(self, said: Any) -> tuple[PaperRow, ...]:
        found = []
        label = _("Thành phần hồ sơ")
        for group in self.objects(said, label):
            title = self.text(group.get("group"), label)
            for item in self.objects(group.get("items"), label):
                name = self.text(item.get("name"), label)
                if not name:
                    self.notes.append(_("Có thành phần hồ sơ không tên, đã bỏ qua."))
                    continue
                found.append(
                    PaperRow(
                        title,
                        name,
                        self.line(item.get("code"), label, 60),
                        self.count(item.get("original_qty")),
                        self.count(item.get("copy_qty")),
                        item.get("has_electronic_form") is True,
                        tuple(
                            {
                                "id": self.line(file.get("id"), label, 60),
                                "name": self.line(file.get("fileName"), label, 300),
                            }
                            for file in self.objects(item.get("attachments"), label)
                            if file.get("fileName")
                        ),
                    )
                )
        return tuple(found)

    def count(self, said: Any) -> int:
        if said is None:
            return 0
        value = as_decimal(said)
        if value is None or value != value.to_integral_value() or not 0 <= value <= _LARGEST_COUNT:
            self.notes.append(
                _("Số bản “%(count)s” không đọc được, lấy 0.") % {"count": _shown(said)}
            )
            return 0
        return int(value)


def as_decimal(said: Any) -> Decimal | None:
    """Return a finite number, the comma being a decimal separator; None for anything else."""
    if isinstance(said, bool) or not isinstance(said, int | float | str | Decimal):
        return None
    text = str(said).strip().replace(",", ".")
    if isinstance(said, str) and not re.fullmatch(r"-?\d{1,40}(\.\d{1,40})?", text, re.ASCII):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    # Beyond a hundred digits every comparison is settled, and quantize would overflow.
    if not value.is_finite() or value.adjusted() > 100:
        return None
    return value


def _without_thousands(said: Any) -> Any:
    """Read "8.000" and "1.250.000 đồng" as amounts; a number stays what it is."""
    if not isinstance(said, str):
        return said
    text = re.sub(r"\s*(đồng|đ|vnđ|vnd)\.?$", "", tidy(said), flags=re.I)
    return text.replace(".", "") if re.fullmatch(r"\d{1,3}(\.\d{3})+", text) else text


def _shown(said: Any) -> str:
    text = _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", str(said))
    return text if len(text) <= 60 else f"{text[:57]}…"


def _plain(owned: Any) -> Any:
    """Return owned values as lists for the digest: blanks folded away, numbers in one form."""
    if isinstance(owned, CatalogueHalf):
        return [
            owned.promulgating_agency,
            owned.executing_agencies,
            owned.targets,
            owned.state,
            owned.kind,
        ]
    if isinstance(owned, DetailHalf):
        return _values(
            [
                [(c.code, _limit(c.limit)) for c in owned.cases],
                [
                    (
                        c.channel.value,
                        _limit(c.limit),
                        [(f.kind, f.amount, f.said, f.text) for f in c.fees],
                        c.note,
                    )
                    for c in owned.channels
                ],
                [
                    (
                        p.group,
                        p.name,
                        p.code,
                        p.originals,
                        p.copies,
                        p.has_electronic_form,
                        [(a["id"], a["name"]) for a in p.attachments],
                    )
                    for p in owned.papers
                ],
                owned.results,
                owned.requirements,
                [(s["name"], s["text"]) for s in owned.steps],
                owned.legal_bases,
            ]
        )
    return _refuse_unknown(owned)


def _refuse_unknown(owned: object) -> NoReturn:
    raise TypeError(f"no half of a row: {owned!r}")


def _limit(limit: Limit) -> tuple[Decimal | None, str, str]:
    return limit.value, limit.unit.value, limit.text


def _values(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_values(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return tidy(value) if isinstance(value, str) else value


def _digest(value: Any) -> str:
    """Return the digest by which a row is compared with what is stored; no secret, no signature."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
