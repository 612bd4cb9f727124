"""The forms as a reader's program and an archive see them: text, pages, tags, fonts, QR."""

from __future__ import annotations

import datetime as dt
import html
import itertools
import re
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
import segno
import time_machine
from django.utils import translation

from accounts.personal_data import unseal
from accounts.roles import Role
from agencies.models import CalendarDay, Officer
from dossiers import paper_issue, qr_tokens
from dossiers.models import PaperSlip
from dossiers.paperwork import layout_for, layout_named, render, wording
from dossiers.paperwork.contents import Receipt, contents_of, for_paper, qr_text
from dossiers.paperwork.layouts import LAYOUTS, NoLayoutError
from dossiers.paperwork.printing import to_html
from dossiers.workflow import Act, PaperKind
from tests.dossiers import papers
from tests.factories import AgencyFactory, OfficerFactory, local

A5 = (148 / 25.4 * 72, 210 / 25.4 * 72)
A4 = (210 / 25.4 * 72, 297 / 25.4 * 72)

# The 134 letters of Vietnamese that bear a mark: 12 vowels × 5 tones, the seven letters of their
# own, in both cases.
VIETNAMESE = "".join(
    sorted(
        {
            unicodedata.normalize("NFC", vowel + tone)
            for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
            for tone in "\u0300\u0309\u0303\u0301\u0323"
        }
        | set("ăâđêôơưĂÂĐÊÔƠƯ")
    )
)

pytestmark = pytest.mark.django_db


def words_of(slip: PaperSlip) -> str:
    """Return the words of a paper before they are set, for tests of what it says."""
    body = to_html(contents_of(for_paper(slip.pk))).split("<body", 1)[1]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", "<body" + body)).split())


def page_size(pdf: bytes) -> tuple[float, float]:
    box = papers.read(pdf).pages[0].mediabox
    return pytest.approx((float(box.width), float(box.height)), abs=0.1)  # type: ignore[return-value]


def tag_names(pdf: bytes) -> set[str]:
    found: set[str] = set()

    def walk(node: Any) -> None:
        node = node.get_object()
        if not isinstance(node, dict):
            return
        if "/S" in node:
            found.add(str(node["/S"]).lstrip("/"))
        below = node.get("/K", [])
        for child in below if isinstance(below, list) else [below]:
            walk(child)

    root: Any = papers.read(pdf).trailer["/Root"]
    walk(root["/StructTreeRoot"])
    return found


def withdrawn(**fields: Any) -> tuple[Any, Officer]:
    """Make a dossier at the department whose owner asked to withdraw it, and the head there."""
    ward = papers.ward()
    department = AgencyFactory.create(
        name="Sở Nông nghiệp và Môi trường tỉnh An Giang",
        short_name="Sở Nông nghiệp và Môi trường",
        parent=ward.parent,
        phone="0296 3000 200",
    )
    head = OfficerFactory.create(agency=department, full_name="Huỳnh Quốc Thái")
    made = papers.dossier(ward, competent_agency=department, paid=True, **fields)
    papers.event(
        made,
        Act.REQUEST_WITHDRAWAL,
        at=local("2026-11-24 09:00"),
        reason="Gia đình không chuyển nhượng nữa.",
    )
    return made, head


def every_kind() -> list[Any]:
    """Issue one paper of each kind, today's layouts."""
    ward = papers.ward()
    by = papers.receptionist(ward)
    before: dict[str, Any] = {
        "code": None,
        "received_at": None,
        "due_at": None,
        "due_original_at": None,
        "submitted_at": local("2026-11-20 08:42"),
        "state": "submitted",
    }
    made, head = withdrawn(code="H01.151-261120-0050", tracking_code="K7MQ2XWP3")
    return [
        papers.slip(of=papers.dossier(ward), by=by),
        papers.slip(
            PaperKind.SUPPLEMENT_REQUEST,
            papers.dossier(ward, tracking_code="K7MQ2XWP1", **before),
            by=by,
            at=local("2026-11-20 09:00"),
            act=Act.REQUEST_COMPLETION,
            reason="Đơn chưa ghi số thửa.",
        ),
        papers.slip(
            PaperKind.REFUSAL,
            papers.dossier(ward, tracking_code="K7MQ2XWP2", **before),
            by=by,
            at=local("2026-11-20 09:00"),
            act=Act.REFUSE,
            reason="Không thuộc thẩm quyền.",
        ),
        papers.slip(
            PaperKind.STOP_NOTICE,
            made,
            by=head,
            agency=made.competent_agency,
            act=Act.GRANT_WITHDRAWAL,
        ),
        papers.slip(
            PaperKind.CONTROL_SLIP,
            papers.dossier(ward, code="H01.151-261120-0051", tracking_code="K7MQ2XWP4"),
            by=by,
        ),
    ]


# Which form


@pytest.mark.parametrize(
    ("day", "form", "words"),
    [
        (dt.date(2019, 1, 6), "TT 01/2018/TT-VPCP Mẫu số 01", "Thông tư số 01/2018/TT-VPCP"),
        (dt.date(2025, 9, 14), "TT 01/2018/TT-VPCP Mẫu số 01", "Thông tư số 01/2018/TT-VPCP"),
        (dt.date(2025, 9, 15), "TT 03/2025/TT-VPCP Mẫu số 01", "Thông tư số 03/2025/TT-VPCP"),
        (dt.date(2026, 11, 20), "TT 03/2025/TT-VPCP Mẫu số 01", "Thông tư số 03/2025/TT-VPCP"),
    ],
)
def test_a_receipt_uses_the_layout_in_force_on_its_day(day: dt.date, form: str, words: str) -> None:
    at = dt.datetime.combine(day, dt.time(8, 42)).replace(tzinfo=local("2026-01-01 00:00").tzinfo)
    due = at + dt.timedelta(days=7)
    slip = papers.slip(of=papers.dossier(received_at=at, due_at=due), at=at)
    assert slip.form == form
    pdf = render(slip)
    assert f"Mẫu số 01 ban hành kèm theo {words}" in papers.text_of(pdf)
    assert page_size(pdf) == A5


def test_the_day_of_issue_decides_and_not_the_day_of_receipt() -> None:
    made = papers.dossier(received_at=local("2025-09-12 09:00"), due_at=local("2025-09-19 17:00"))
    first = papers.slip(of=made, at=local("2025-09-12 09:00"))
    second = papers.slip(of=made, at=local("2025-09-17 09:00"), replaces=first)
    assert first.form.startswith("TT 01/2018")
    assert second.form.startswith("TT 03/2025")
    assert "Thay giấy" not in words_of(first)
    assert "Thay giấy tiếp nhận hồ sơ và hẹn trả kết quả số 0001" in words_of(second)


def test_layouts_of_a_kind_never_overlap_and_leave_no_day_out() -> None:
    for kind in {layout.kind for layout in LAYOUTS}:
        rows = sorted(
            (layout for layout in LAYOUTS if layout.kind == kind), key=lambda x: x.valid_from
        )
        for earlier, later in itertools.pairwise(rows):
            assert earlier.valid_to is not None
            assert later.valid_from - earlier.valid_to == dt.timedelta(days=1)
        assert rows[-1].valid_to is None


def test_every_layout_is_found_again_by_the_name_a_slip_stores() -> None:
    for layout in LAYOUTS:
        assert layout_named(layout.kind, layout.form) is layout
        assert len(layout.form) <= 60
    with pytest.raises(NoLayoutError):
        layout_named(PaperKind.RECEIPT, "TT 99/2099 Mẫu 01")


def test_before_the_first_regulation_its_layout_serves() -> None:
    assert layout_for(PaperKind.RECEIPT, dt.date(2018, 7, 1)).regulation == "TT 01/2018/TT-VPCP"


def test_a_stop_before_the_new_circular_is_an_ordinary_notice() -> None:
    old = layout_for(PaperKind.STOP_NOTICE, dt.date(2025, 9, 14))
    new = layout_for(PaperKind.STOP_NOTICE, dt.date(2025, 9, 15))
    assert (old.number, old.source_line) == ("", "")
    assert new.number == "Mẫu số 05"


# What stands on the receipt


def test_the_receipt_has_every_field_in_the_order_of_the_form() -> None:
    slip = papers.slip()
    text = papers.text_of(render(slip))
    fields = [
        "UBND PHƯỜNG LONG XUYÊN TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG Số: 0001/TTPVHCC",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc",
        "Long Xuyên, ngày 20 tháng 11 năm 2026",
        "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        "Mã hồ sơ: H01.151-261120-0042 · Liên 2: giao người nộp",
        "Bộ phận Một cửa Trung tâm Phục vụ hành chính công phường Long Xuyên",
        "Tiếp nhận hồ sơ của: Nguyễn Thị Ánh Tuyết. Số định danh cá nhân: ••••215",
        "Địa chỉ: Khóm Đông Thạnh, phường Long Xuyên, tỉnh An Giang",
        "Số điện thoại: ••••452. Email: không có",
        f"Nội dung yêu cầu giải quyết: {papers.LAND} ({slip.dossier.procedure.code}.H01)",
        "1. Thành phần hồ sơ nộp gồm:",
        "STT Tên giấy tờ Loại giấy tờ Số lượng",
        "1 Đơn đăng ký biến động đất đai, Mẫu số 24 Bản chính 01",
        "2 Giấy chứng nhận đã cấp, số CH 048213 Bản chính 01",
        "2. Số lượng hồ sơ: 01 bộ. Thời gian giải quyết theo quy định: 05 ngày làm việc",
        "3. Thời gian nhận hồ sơ: 08 giờ 42 phút, ngày 20 tháng 11 năm 2026",
        "4. Thời gian trả kết quả: 17 giờ 00 phút, ngày 30 tháng 11 năm 2026",
        "Vì sao hẹn ngày này: Thời hạn 5 ngày làm việc, không kể ngày tiếp nhận Thứ Sáu",
        "5. Đăng ký nhận kết quả tại: Trung tâm Phục vụ hành chính công phường Long Xuyên",
        "6. Phí, lệ phí: Lệ phí cấp giấy chứng nhận: 100.000 đồng, chưa nộp",
        "Vào Sổ theo dõi hồ sơ, Quyển số: 2026, Số thứ tự: 0001",
        "NGƯỜI NỘP HỒ SƠ (Ký và ghi rõ họ tên) Nguyễn Thị Ánh Tuyết",
        "NGƯỜI TIẾP NHẬN HỒ SƠ (Ký và ghi rõ họ tên) Lâm Mỹ Uyên",
        "gõ mã tra cứu K7MQ 2XWP C và 4 ký tự cuối",
        "Đường dây nóng: 0296 3000 151.",
    ]
    places = []
    for field in fields:
        assert field in text, field
        places.append(text.index(field))
    assert places == sorted(places)


def test_numbers_that_open_the_public_page_are_not_printed() -> None:
    """The last four characters beside the code are the whole of a look-up."""
    text = papers.text_of(render(papers.slip()))
    for secret in ("4215", "4452", "089187004215", "0918204452"):
        assert secret not in text


def test_the_old_form_has_no_line_for_an_identity_number() -> None:
    at = local("2023-06-07 14:05")  # Wednesday
    made = papers.dossier(received_at=at, due_at=local("2023-06-14 17:00"), paid=True)
    text = words_of(papers.slip(of=made, at=at))
    assert "ngày 07 tháng 6 năm 2023" in text
    assert "Số: 0001/BPTNTKQ" in text
    assert "Số định danh" not in text
    assert "đã nộp, biên lai 0007315" in text


def test_the_days_up_to_the_date_are_drawn_and_the_holiday_is_not_counted() -> None:
    text = papers.text_of(render(papers.slip()))
    assert "nhận nghỉ nghỉ 1 lễ 2 3 4 nghỉ nghỉ 5, trả" in text


def test_a_calendar_changed_after_the_promise_leaves_no_false_reason() -> None:
    slip = papers.slip(of=papers.dossier(due_at=local("2026-12-01 17:00")))
    text = words_of(slip)
    assert "17 giờ 00 phút, ngày 01 tháng 12 năm 2026" in text
    assert "Vì sao" not in text
    assert not CalendarDay.objects.exists()


def test_a_date_set_by_the_officer_says_so() -> None:
    made = papers.dossier(limit_value=None, limit_unit="other", due_reason="Theo lịch đo đạc")
    text = words_of(papers.slip(of=made))
    assert "Cơ quan ấn định ngày hẹn: Theo lịch đo đạc." in text


def test_a_receipt_without_a_date_says_that_none_is_promised() -> None:
    made = papers.dossier(limit_value=None, limit_unit="none", due_at=None, due_original_at=None)
    text = words_of(papers.slip(of=made))
    assert "pháp luật không quy định thời hạn" in text
    assert "4. Thời gian trả kết quả: không hẹn ngày" in text


def test_papers_vouched_for_stand_as_one_line() -> None:
    made = papers.dossier(papers=[], papers_vouched=True)
    text = words_of(papers.slip(of=made))
    assert "Đủ thành phần hồ sơ theo quy định của thủ tục" in text


def test_whoever_hands_the_papers_in_signs() -> None:
    made = papers.dossier(representative_name="Trần Văn Đức")
    text = papers.text_of(render(papers.slip(of=made)))
    assert "Người được uỷ quyền nộp: Trần Văn Đức" in text
    assert "NGƯỜI NỘP HỒ SƠ (Ký và ghi rõ họ tên) Trần Văn Đức" in text


def test_the_paper_is_vietnamese_whatever_the_officer_reads() -> None:
    slip = papers.slip()
    with translation.override("en"):
        assert "Tiếp nhận hồ sơ của" in papers.text_of(render(slip))


# The QR


def test_the_qr_holds_the_token_of_the_slip_and_the_code_and_no_person() -> None:
    slip = papers.slip()
    token = unseal(slip.qr_sealed)
    assert qr_tokens.digest_of(token) == bytes(slip.qr_digest)
    told = qr_text(slip)
    assert told == f"http://127.0.0.1:8000/q/{token}/#H01.151-261120-0042"
    paper = contents_of(for_paper(slip.pk))
    assert paper.qr == segno.make(told, error="m").svg_data_uri(border=0, omitsize=True)
    assert f'src="{paper.qr}"' in to_html(paper).replace("&#x27;", "'")


def test_a_reprint_shows_the_same_qr() -> None:
    slip = papers.slip()
    copy = paper_issue.reprint(slip, officer=papers.receptionist(slip.agency))
    first, second = (contents_of(for_paper(slip.pk), reprint=each) for each in (None, copy))
    assert first.qr == second.qr


def test_every_paper_carries_a_token_of_its_own() -> None:
    slips = every_kind()
    assert len({bytes(slip.qr_digest) for slip in slips}) == len(slips)
    for slip in slips:
        token = unseal(slip.qr_sealed)
        assert qr_tokens.digest_of(token) == bytes(slip.qr_digest)
        assert qr_text(slip) == f"http://127.0.0.1:8000/q/{token}/#{slip.dossier.public_code}"


def test_a_paper_without_a_token_leads_to_the_look_up() -> None:
    slip = papers.slip()
    slip.qr_sealed = b""
    assert qr_text(slip) == "http://127.0.0.1:8000/tra-cuu/#H01.151-261120-0042"


# The file


def test_every_form_is_an_archive_file_that_a_screen_reader_can_read() -> None:
    for slip in every_kind():
        pdf = render(slip)
        reader = papers.read(pdf)
        root: Any = reader.trailer["/Root"]
        xmp = root["/Metadata"].get_data().decode()
        assert 'pdfaid:part="2"' in xmp
        assert 'pdfaid:conformance="A"' in xmp
        assert root["/Lang"] == "vi"
        assert root["/MarkInfo"]["/Marked"]
        assert {"Document", "H1", "P", "Figure"} <= tag_names(pdf)
        assert reader.metadata
        assert reader.metadata.title
        assert "Tuyết" not in reader.metadata.title
        assert page_size(pdf) == (A4 if slip.kind == PaperKind.STOP_NOTICE else A5)
        assert papers.fonts_of(pdf) <= {"Tinos", "Tinos-Bold", "Tinos-Italic", "Tinos-Bold-Italic"}


def test_the_table_of_papers_is_tagged_with_its_head() -> None:
    assert {"Table", "THead", "TBody", "TR", "TH", "TD"} <= tag_names(render(papers.slip()))


def test_all_134_letters_of_vietnamese_come_from_the_one_family() -> None:
    assert len(VIETNAMESE) == 134
    made = papers.dossier(
        owner_name=VIETNAMESE, papers=[(VIETNAMESE + "₫ ☐ ☑ ✓ … – “ ”", "copy", 1)]
    )
    pdf = render(papers.slip(of=made))
    assert papers.fonts_of(pdf) <= {"Tinos", "Tinos-Bold", "Tinos-Italic"}
    assert set(VIETNAMESE) <= set(papers.text_of(pdf))


def test_the_same_slip_gives_the_same_bytes() -> None:
    slip = papers.slip()
    assert render(slip) == render(slip)


# Long and strange content


def test_a_usual_receipt_is_one_page() -> None:
    names = ["Giấy chứng nhận quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất đã cấp"] * 4
    made = papers.dossier(papers=[(name, "original", 1) for name in names], paid=True)
    assert len(papers.read(render(papers.slip(of=made))).pages) == 1


def test_forty_papers_repeat_the_head_of_the_table_and_the_code_on_each_page() -> None:
    many = [(f"Giấy tờ thứ {n} có tên khá dài để phải xuống dòng", "copy", n) for n in range(1, 41)]
    pages = papers.read(render(papers.slip(of=papers.dossier(papers=many)))).pages
    texts = [" ".join(page.extract_text().split()) for page in pages]
    assert len(pages) > 1
    assert "Trang" not in texts[0]
    for place, text in enumerate(texts[1:], start=2):
        assert "Mã hồ sơ: H01.151-261120-0042" in text
        assert f"Trang {place}/{len(pages)}" in text
        if "Giấy tờ thứ" in text:
            assert "STT Tên giấy tờ Loại giấy tờ Số lượng" in text
    assert "Giấy tờ thứ 40 có tên" in " ".join(texts)


def test_names_of_200_letters_and_markup_stand_as_typed() -> None:
    name = ("Công ty <b>Nông sản & Thuỷ sản</b> “Cửu Long” 5 < 6 > 4 " * 5)[:200].strip()
    made = papers.dossier(owner_name=name, owner_kind="organisation", owner_id_kind="tax_code")
    pdf = render(papers.slip(of=made))
    assert name in papers.text_of(pdf)
    assert "Mã số thuế: ••••215" in papers.text_of(pdf)


def test_papers_of_several_groups_stand_under_their_headings() -> None:
    made = papers.dossier(
        papers=[("1. Tờ khai", "original", 1), ("- Ảnh", "copy", 2), ("+ Giấy uỷ quyền", "copy", 1)]
    )
    version = made.version
    for place, (group, document) in enumerate(
        zip(["a) Cấp mới", "a) Cấp mới", "* Cấp lại"], made.documents.all(), strict=True)
    ):
        document.required = version.required_documents.create(
            position=place, group=group, name=document.name
        )
        document.save()
    paper = contents_of(for_paper(papers.slip(of=made).pk))
    assert isinstance(paper, Receipt)
    assert [(row.group, row.name) for row in paper.papers] == [
        ("Cấp mới", "Tờ khai"),
        ("", "Ảnh"),
        ("Cấp lại", "Giấy uỷ quyền"),
    ]
    assert "Cấp lại 3 Giấy uỷ quyền" in papers.text_of(render(papers.slip(of=made)))


def test_papers_of_one_group_have_no_heading() -> None:
    paper = contents_of(for_paper(papers.slip(of=papers.dossier()).pk))
    assert isinstance(paper, Receipt)
    assert [row.group for row in paper.papers] == ["", ""]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("1. Đơn", "Đơn"),
        ("2) - Đơn", "Đơn"),
        ("+ Đơn", "Đơn"),
        ("* Đơn", "Đơn"),
        ("–  Đơn", "Đơn"),
        ("10 ảnh 3x4", "10 ảnh 3x4"),
        ("2.1 triệu đồng", "2.1 triệu đồng"),
        ("03 bản sao", "03 bản sao"),
        ("-", "-"),
        ("", ""),
    ],
)
def test_a_name_on_a_paper_leaves_the_numbering_of_its_source(name: str, shown: str) -> None:
    assert wording.unnumbered(name) == shown


def test_a_word_without_blanks_stays_on_the_page() -> None:
    made = papers.dossier(papers=[("W" * 300, "copy", 1)])
    pdf = render(papers.slip(of=made))
    assert "W" * 300 in papers.text_of(pdf).replace(" ", "")


def test_decomposed_letters_are_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "Nguyễn Thị Ỷ Quỳnh")
    pdf = render(papers.slip(of=papers.dossier(owner_name=decomposed)))
    assert "Nguyễn Thị Ỷ Quỳnh" in papers.text_of(pdf)


def test_what_turns_a_line_round_or_prints_nothing_is_left_out() -> None:
    made = papers.dossier(owner_name="An\u202e Bình\u200b\x07")
    assert "Tiếp nhận hồ sơ của: An Bình." in papers.text_of(render(papers.slip(of=made)))


def test_a_template_in_a_name_is_only_text() -> None:
    made = papers.dossier(owner_name="{% now 'Y' %} {{ paper.qr }}")
    assert "{% now 'Y' %} {{ paper.qr }}" in papers.text_of(render(papers.slip(of=made)))


def test_no_name_can_make_the_server_fetch_a_file() -> None:
    from dossiers.paperwork.printing import to_pdf

    pdf = to_pdf('<html lang="vi"><p>An</p><img alt="" src="file:///etc/hostname"></html>')
    assert papers.text_of(pdf) == "An"


# Reprints


def test_a_reprint_has_the_same_number_and_a_mark_on_every_page() -> None:
    many = [(f"Giấy tờ thứ {n} có tên khá dài", "copy", 1) for n in range(40)]
    slip = papers.slip(of=papers.dossier(papers=many))
    by = papers.receptionist(slip.agency)
    with time_machine.travel("2026-11-25T09:00+07:00", tick=False):
        copies = [paper_issue.reprint(slip, officer=by) for _ in range(2)]
    original, copied = render(slip), render(slip, reprint=copies[1])
    assert "BẢN SAO" not in papers.text_of(original)
    for page in papers.read(copied).pages:
        words = " ".join(page.extract_text().split())
        assert "BẢN SAO – in lại lần 2, ngày 25/11/2026" in words
    assert "Số: 0001/TTPVHCC" in papers.text_of(copied)


def test_papers_that_came_later_are_not_on_an_earlier_receipt() -> None:
    made = papers.dossier()
    slip = papers.slip(of=made)
    before = render(slip)
    made.documents.create(name="Bản vẽ bổ sung", kind="copy", supplement_round=1)
    assert render(slip) == before
    later = papers.slip(of=made, act=Act.ACCEPT_SUPPLEMENT, data={"round": 1}, replaces=slip)
    assert "Bản vẽ bổ sung" in papers.text_of(render(later))


# The other forms


def test_a_supplement_request_lists_what_is_missing_until_when_and_whom_to_ask() -> None:
    ward = papers.ward()
    slip = papers.slip(
        PaperKind.SUPPLEMENT_REQUEST,
        papers.dossier(ward),
        at=local("2026-11-23 09:10"),
        act=Act.REQUEST_SUPPLEMENT,
        actor_role=Role.HEAD,
        reason="Đơn chưa ghi số thửa đất.",
        data={
            "items": [
                "Đơn đăng ký ghi đủ số thửa",
                {"name": "Giấy uỷ quyền", "kind": "copy", "quantity": 2},
            ],
            "reply_by": "2026-12-04",
        },
    )
    text = papers.text_of(render(slip))
    for words in (
        "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
        "Số: 0001/HDHS",
        "1 Đơn đăng ký ghi đủ số thửa – –",
        "2 Giấy uỷ quyền Bản sao 02",
        "Lý do: Đơn chưa ghi số thửa đất.",
        "Thời hạn bổ sung: đến hết ngày 04 tháng 12 năm 2026",
        "xin liên hệ: Lâm Mỹ Uyên, điện thoại 0296 3000 152.",
        "THỦ TRƯỞNG ĐƠN VỊ (Ký và ghi rõ họ tên) Lâm Mỹ Uyên",
    ):
        assert words in text, words


def test_a_specialist_asks_in_the_name_of_the_head_who_signs_by_hand() -> None:
    slip = papers.slip(
        PaperKind.SUPPLEMENT_REQUEST,
        act=Act.REQUEST_SUPPLEMENT,
        actor_role=Role.SPECIALIST,
        reason="Thiếu bản vẽ.",
    )
    assert "(Ký và ghi rõ họ tên) Tra cứu" in words_of(slip)


def test_a_refusal_gives_its_reason_and_the_right_to_complain() -> None:
    made = papers.dossier(
        code=None,
        received_at=None,
        due_at=None,
        due_original_at=None,
        submitted_at=local("2026-11-20 08:42"),
        state="submitted",
    )
    reason = "Thửa đất thuộc địa bàn tỉnh khác (khoản 1 Điều 136 Luật Đất đai 2024)."
    slip = papers.slip(
        PaperKind.REFUSAL, made, at=local("2026-11-20 09:10"), act=Act.REFUSE, reason=reason
    )
    text = words_of(slip)
    assert "PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ" in text
    assert "Mã tra cứu: K7MQ 2XWP C" in text
    assert reason in text
    assert "khiếu nại theo quy định của pháp luật" in text


@pytest.mark.parametrize(
    ("at", "page"), [("2026-11-25 14:00", "Mẫu số 05"), ("2025-09-10 14:00", "")]
)
def test_a_stop_notice_names_its_trigger_and_what_goes_back(at: str, page: str) -> None:
    made, head = withdrawn()
    slip = papers.slip(
        PaperKind.STOP_NOTICE,
        made,
        by=head,
        agency=made.competent_agency,
        at=local(at),
        act=Act.GRANT_WITHDRAWAL,
        actor_role=Role.HEAD,
    )
    pdf = render(slip)
    text = papers.text_of(pdf)
    for words in (
        "UBND TỈNH AN GIANG SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG Số: 01/TB-SNNMT",
        "Kính gửi: Nguyễn Thị Ánh Tuyết",
        "yêu cầu rút hồ sơ của người nộp, ngày 24 tháng 11 năm 2026",
        "Gia đình không chuyển nhượng nữa.",
        "02 giấy tờ được trả lại tại",
        "Lệ phí cấp giấy chứng nhận: 100.000 đồng",
        "THỦ TRƯỞNG CƠ QUAN (Chữ ký, dấu) Huỳnh Quốc Thái",
        "Lưu: VT, SNNMT.",
        page,
    ):
        assert words in text, words
    assert ("ban hành kèm theo" in text) is bool(page)
    assert page_size(pdf) == A4


def test_a_control_slip_has_a_row_for_each_hand_over() -> None:
    made, head = withdrawn()
    ward, department = made.receiving_agency, made.competent_agency
    by = papers.receptionist(ward)
    specialist = OfficerFactory.create(agency=department, full_name="Phan Thị Kiều Oanh")
    made = papers.dossier(
        ward, code="H01.151-261120-0047", tracking_code="A8", competent_agency=department
    )
    papers.event(made, Act.RECEIVE, by=by)
    papers.event(made, Act.TRANSFER, by=by, at=local("2026-11-20 10:15"), holder_agency=department)
    papers.event(
        made,
        Act.ASSIGN,
        by=head,
        at=local("2026-11-23 07:40"),
        holder_agency=department,
        holder_officer=specialist,
    )
    papers.event(made, Act.PUBLISH, by=head, at=local("2026-11-27 15:40"), to_state="settled")
    slip = papers.slip(
        PaperKind.CONTROL_SLIP, made, by=by, at=local("2026-11-27 16:00"), act=Act.RETURN_RESULT
    )
    pdf = render(slip)
    text = papers.text_of(pdf)
    for words in (
        "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
        "1. Giao: 08 giờ 42 phút, ngày 20/11/2026 Người giao: Nguyễn Thị Ánh Tuyết",
        "2. Nhận: 07 giờ 40 phút, ngày 23/11/2026 Người nhận: Huỳnh Quốc Thái",
        "Người nhận: Phan Thị Kiều Oanh",
        "1. Giao: 15 giờ 40 phút, ngày 27/11/2026",
        "Trước hạn",
    ):
        assert words in text, words
    assert page_size(pdf) == A5


# Wording


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (dt.date(2023, 6, 7), "ngày 07 tháng 6 năm 2023"),
        (dt.date(2026, 2, 28), "ngày 28 tháng 02 năm 2026"),
        (dt.date(2026, 1, 1), "ngày 01 tháng 01 năm 2026"),
        (dt.date(2026, 3, 15), "ngày 15 tháng 3 năm 2026"),
        (dt.date(2026, 11, 30), "ngày 30 tháng 11 năm 2026"),
    ],
)
def test_dates_are_padded_as_the_decree_says(day: dt.date, words: str) -> None:
    assert " ".join(wording.long_date(day).split()) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(Decimal("5.000"), "05"), (12, "12"), (Decimal("7.5"), "7,5"), (Decimal("0.25"), "0,25")],
)
def test_counts_below_ten_are_padded(number: Decimal | int, words: str) -> None:
    assert wording.count(number) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Sở Giáo dục và Đào tạo", "SGDĐT"),
        ("Sở Xây dựng", "SXD"),
        ("Uỷ ban nhân dân phường Long Xuyên", "UBND"),
        ("UBND xã An Châu", "UBND"),
    ],
)
def test_a_body_signs_with_its_initials(name: str, letters: str) -> None:
    assert wording.initials(name) == letters


@pytest.mark.parametrize(
    ("unit", "place"),
    [
        ("Phường Long Xuyên", "Long Xuyên"),
        ("Tỉnh An Giang", "An Giang"),
        ("Phường 1", "Phường 1"),
        ("Đặc khu Phú Quốc", "Phú Quốc"),
    ],
)
def test_the_place_of_the_date_line_is_the_bare_name(unit: str, place: str) -> None:
    assert wording.place_of(unit) == place


@pytest.mark.parametrize(
    ("superior", "unit", "shown"),
    [
        (
            "UBND phường Long Xuyên",
            "Trung tâm Phục vụ hành chính công phường Long Xuyên",
            "Trung tâm Phục vụ hành chính công",
        ),
        ("Uỷ ban nhân dân tỉnh An Giang", "Sở Y tế", "Sở Y tế"),
        ("", "UBND xã An Châu", "UBND xã An Châu"),
    ],
)
def test_the_head_says_a_place_once(superior: str, unit: str, shown: str) -> None:
    assert wording.without_place_of(superior, unit) == shown


def test_reading_a_paper_costs_as_many_queries_for_one_row_as_for_thirty(
    django_assert_num_queries: Any,
) -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    few = papers.slip(of=papers.dossier(ward, papers=papers.PAPERS[:1]), by=by)
    many = papers.slip(
        of=papers.dossier(
            ward, papers=papers.PAPERS * 15, code="H01.151-261120-0043", tracking_code="B"
        ),
        by=by,
    )
    for slip in (few, many):
        # The slip with all it names, pauses, calendar, documents, fees.
        with django_assert_num_queries(5):
            contents_of(for_paper(slip.pk))


def test_the_receipt_is_a_typed_record() -> None:
    paper = contents_of(for_paper(papers.slip().pk))
    assert isinstance(paper, Receipt)
    assert paper.entry == "0001"
