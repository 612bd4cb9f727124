"""The law of the forms as data: purpose × regulation, with the days each layout is in force.

A paper uses the layout in force on the day it is issued and a reprint keeps its own (domain.md 0),
so a slip stores `Layout.form` and is printed by `layout_named`. Pure: no database, no settings.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from dossiers.workflow import PaperKind

TT_01_2018 = "TT 01/2018/TT-VPCP"
TT_03_2025 = "TT 03/2025/TT-VPCP"
ND_30_2020 = "NĐ 30/2020/NĐ-CP"


class Book(StrEnum):
    """What a regulation lays out that is issued on no single dossier."""

    REGISTER = "register"  # sổ theo dõi hồ sơ


class NoLayoutError(LookupError):
    """No regulation gives this kind of paper a layout."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Mẫu: one form as one regulation lays it down.

    `suffix` follows the number ("0012/TTPVHCC"); `commune_suffix` replaces it at a commune's or
    district's desk; "{agency}" in either stands for the initials of the issuing body.
    `valid_to` is the last day, None while in force.
    """

    kind: PaperKind | Book
    regulation: str
    number: str  # as the regulation counts it: "Mẫu số 01"; empty where it gives none
    title: str
    page: str  # "A5" or "A4", portrait; a register's A4 lies on its side
    suffix: str
    valid_from: dt.date
    valid_to: dt.date | None = None
    commune_suffix: str = ""
    subtitle: str = ""
    desk: str = "Bộ phận Một cửa"  # what the regulation calls the place of receipt
    shows_identity: bool = True
    by_agency: bool = False  # issued by the settling agency in its own name, not by the counter

    def number_words(self, number: int) -> str:
        """Return a running number as the form prints it: "0012" on slips, "07" on letters (4.1)."""
        return f"{number:04d}" if self.page == "A5" else f"{number:02d}"

    @property
    def form(self) -> str:
        """The name a slip stores, which finds this layout again: "TT 03/2025/TT-VPCP Mẫu số 01"."""
        return f"{self.regulation} {self.number or self.title.capitalize()}"

    @property
    def source_line(self) -> str:
        """The small line at the foot that says which regulation the paper follows."""
        if not self.number:
            return ""
        act, code = self.regulation.split(" ", 1)
        word = {"TT": "Thông tư", "NĐ": "Nghị định"}[act]
        return f"{self.number} ban hành kèm theo {word} số {code}"

    @property
    def template(self) -> str:
        return f"dossiers/paper/{self.kind.value}.html"


# TT 01/2018/TT-VPCP in force from 06/01/2019 (from knowledge, not confirmed against the gazette);
# TT 03/2025/TT-VPCP from 15/09/2025 (confirmed, secondary: domain.md 0).
_OLD = (dt.date(2019, 1, 6), dt.date(2025, 9, 14))
_NEW = (dt.date(2025, 9, 15), None)
_LETTERS = dt.date(2020, 3, 5)  # NĐ 30/2020/NĐ-CP

LAYOUTS: tuple[Layout, ...] = (
    # Form numbers, names and A5 of TT 01/2018: confirmed (domain.md 4). Suffixes /TTPVHCC and
    # /BPTNTKQ, and /HDHS for Mẫu 02: observed. Its Mẫu 01-03 have no line for an identity number
    # (from knowledge, not confirmed).
    Layout(
        kind=PaperKind.RECEIPT,
        regulation=TT_01_2018,
        number="Mẫu số 01",
        title="GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        page="A5",
        suffix="TTPVHCC",
        commune_suffix="BPTNTKQ",
        valid_from=_OLD[0],
        valid_to=_OLD[1],
        desk="Bộ phận Tiếp nhận và Trả kết quả",
        shows_identity=False,
    ),
    Layout(
        kind=PaperKind.SUPPLEMENT_REQUEST,
        regulation=TT_01_2018,
        number="Mẫu số 02",
        title="PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
        page="A5",
        suffix="HDHS",
        valid_from=_OLD[0],
        valid_to=_OLD[1],
        desk="Bộ phận Tiếp nhận và Trả kết quả",
        shows_identity=False,
    ),
    Layout(
        kind=PaperKind.REFUSAL,
        regulation=TT_01_2018,
        number="Mẫu số 03",
        title="PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
        page="A5",
        suffix="TTPVHCC",
        commune_suffix="BPTNTKQ",
        valid_from=_OLD[0],
        valid_to=_OLD[1],
        desk="Bộ phận Tiếp nhận và Trả kết quả",
        shows_identity=False,
    ),
    Layout(
        kind=PaperKind.CONTROL_SLIP,
        regulation=TT_01_2018,
        number="Mẫu số 05",
        title="PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
        page="A5",
        suffix="TTPVHCC",
        commune_suffix="BPTNTKQ",
        valid_from=_OLD[0],
        valid_to=_OLD[1],
        desk="Bộ phận Tiếp nhận và Trả kết quả",
    ),
    # Era A's Mẫu 04 is a slip (A5 confirmed), yet the head of the settling agency signs it [observed];
    # its suffix is a decision.
    Layout(
        kind=PaperKind.APOLOGY,
        regulation=TT_01_2018,
        number="Mẫu số 04",
        title="PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ",
        page="A5",
        suffix="PXL-{agency}",
        valid_from=_OLD[0],
        valid_to=_OLD[1],
        desk="Bộ phận Tiếp nhận và Trả kết quả",
        shows_identity=False,
        by_agency=True,
    ),
    # A4 confirmed; that it lies on its side is a decision: thirteen columns stand on no portrait.
    Layout(
        kind=Book.REGISTER,
        regulation=TT_01_2018,
        number="Mẫu số 06",
        title="SỔ THEO DÕI HỒ SƠ",
        page="A4",
        suffix="",
        valid_from=_OLD[0],
        valid_to=_OLD[1],
        desk="Bộ phận Tiếp nhận và Trả kết quả",
    ),
    # TT 01/2018 knows no stop notice: until 14/09/2025 the settling agency wrote an ordinary
    # "thông báo" by NĐ 30/2020 (decision).
    Layout(
        kind=PaperKind.STOP_NOTICE,
        regulation=ND_30_2020,
        number="",
        title="THÔNG BÁO",
        subtitle="Về việc dừng giải quyết hồ sơ thủ tục hành chính",
        page="A4",
        suffix="TB-{agency}",
        by_agency=True,
        valid_from=_OLD[0],
        valid_to=_OLD[1],
    ),
    # TT 03/2025, Annex I: numbers and names confirmed, secondary (domain.md 4); that its slips stay
    # A5 and its letters are A4 is a decision, not confirmed. Suffixes as before (decision); the
    # commune's place of receipt is a Trung tâm Phục vụ hành chính công too since 01/07/2025.
    Layout(
        kind=PaperKind.RECEIPT,
        regulation=TT_03_2025,
        number="Mẫu số 01",
        title="GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        page="A5",
        suffix="TTPVHCC",
        valid_from=_NEW[0],
    ),
    Layout(
        kind=PaperKind.SUPPLEMENT_REQUEST,
        regulation=TT_03_2025,
        number="Mẫu số 02",
        title="PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
        page="A5",
        suffix="HDHS",
        valid_from=_NEW[0],
    ),
    Layout(
        kind=PaperKind.REFUSAL,
        regulation=TT_03_2025,
        number="Mẫu số 03",
        title="PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
        page="A5",
        suffix="TTPVHCC",
        valid_from=_NEW[0],
    ),
    Layout(
        kind=PaperKind.STOP_NOTICE,
        regulation=TT_03_2025,
        number="Mẫu số 05",
        title="THÔNG BÁO",
        subtitle="Dừng giải quyết hồ sơ thủ tục hành chính",
        page="A4",
        suffix="TB-{agency}",
        by_agency=True,
        valid_from=_NEW[0],
    ),
    Layout(
        kind=PaperKind.CONTROL_SLIP,
        regulation=TT_03_2025,
        number="Mẫu số 06",
        title="PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
        page="A5",
        suffix="TTPVHCC",
        valid_from=_NEW[0],
    ),
    Layout(
        kind=PaperKind.APOLOGY,
        regulation=TT_03_2025,
        number="Mẫu số 04",
        title="VĂN BẢN XIN LỖI VÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT",
        page="A4",
        suffix="XL-{agency}",
        valid_from=_NEW[0],
        by_agency=True,
    ),
    Layout(
        kind=Book.REGISTER,
        regulation=TT_03_2025,
        number="Mẫu số 07",
        title="SỔ THEO DÕI HỒ SƠ",
        page="A4",
        suffix="",
        valid_from=_NEW[0],
    ),
    # No circular gives these a form: letters by NĐ 30/2020 in both eras, their symbols a decision.
    # Each notice has a symbol of its own, for each kind is numbered apart and two letters of one
    # agency must not bear the same "Số".
    Layout(
        kind=PaperKind.CONSULTATION,
        regulation=ND_30_2020,
        number="",
        title="PHIẾU LẤY Ý KIẾN",
        subtitle="Về việc giải quyết hồ sơ thủ tục hành chính",
        page="A4",
        suffix="LYK-{agency}",
        valid_from=_LETTERS,
        by_agency=True,
    ),
    Layout(
        kind=PaperKind.PAYMENT_NOTICE,
        regulation=ND_30_2020,
        number="",
        title="THÔNG BÁO",
        subtitle="Về việc thực hiện nghĩa vụ tài chính",
        page="A4",
        suffix="TBNVTC-{agency}",
        valid_from=_LETTERS,
        by_agency=True,
    ),
    Layout(
        kind=PaperKind.SUSPENSION_NOTICE,
        regulation=ND_30_2020,
        number="",
        title="THÔNG BÁO",
        subtitle="Về việc tạm dừng giải quyết hồ sơ thủ tục hành chính",
        page="A4",
        suffix="TBTD-{agency}",
        valid_from=_LETTERS,
        by_agency=True,
    ),
    Layout(
        kind=PaperKind.WITHDRAWAL_REFUSAL,
        regulation=ND_30_2020,
        number="",
        title="THÔNG BÁO",
        subtitle="Về việc không đồng ý cho rút hồ sơ thủ tục hành chính",
        page="A4",
        suffix="TBKR-{agency}",
        valid_from=_LETTERS,
        by_agency=True,
    ),
    # The answer to a submission online (T02): not Mẫu 01, and its words say so.
    Layout(
        kind=PaperKind.ACKNOWLEDGEMENT,
        regulation=ND_30_2020,
        number="",
        title="XÁC NHẬN ĐÃ NHẬN HỒ SƠ NỘP TRỰC TUYẾN",
        page="A5",
        suffix="XNTT",
        valid_from=_LETTERS,
    ),
)

_BY_NAME = MappingProxyType({(str(layout.kind), layout.form): layout for layout in LAYOUTS})


def layout_for(kind: PaperKind | Book | str, on: dt.date) -> Layout:
    """Return the layout in force on the day of issue, a local date (domain.md 0).

    Before the first regulation its layout is used: a late entry still needs a paper.
    Raises NoLayoutError for a kind that no regulation lays out.
    """
    candidates = [layout for layout in LAYOUTS if layout.kind == kind]
    if not candidates:
        raise NoLayoutError(f"no layout for {kind}")
    in_force = [
        layout
        for layout in candidates
        if layout.valid_from <= on and (layout.valid_to is None or on <= layout.valid_to)
    ]
    return in_force[0] if in_force else min(candidates, key=lambda layout: layout.valid_from)


def layout_named(kind: PaperKind | Book | str, form: str) -> Layout:
    """Return the layout a slip was issued in; raises NoLayoutError when no such form is known."""
    try:
        return _BY_NAME[str(kind), form]
    except KeyError:
        raise NoLayoutError(f"no layout {form!r} for {kind}") from None
