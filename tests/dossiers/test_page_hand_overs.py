"""The pages of the paper files: written, printed, received, found again; each within its budget."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pypdf
import pytest

from dossiers import hand_overs, sheets
from dossiers.hand_overs import POST, Place
from dossiers.models import HandOver, HandOverItem, PaperFile
from tests.budgets import count_queries
from tests.dossiers import stages
from tests.dossiers.pages import browser_of, page
from tests.factories import AgencyFactory

if TYPE_CHECKING:
    from dossiers.models import Dossier
    from tests.province import Province

pytestmark = pytest.mark.django_db

NEW = "/ban-giao/lap-phieu/"


def written(p: Province, *dossiers: Dossier, **more: Any) -> HandOver:
    return hand_overs.write(
        Place(p.centre), Place(p.department), [d.pk for d in dossiers], by=p.receptionist, **more
    )


def form(p: Province, *dossiers: Dossier, **changes: Any) -> dict[str, Any]:
    return {
        "noi": p.centre.code,
        "tu": p.centre.code,
        "den": p.department.code,
        "dossier": [d.code for d in dossiers],
        **changes,
    }


def flat(answer: Any) -> str:
    return re.sub(r"\s+", " ", page(answer))


# Writing a sheet


def test_a_sheet_is_written_from_what_was_transferred(province: Province) -> None:
    gone, other = stages.awaiting_assignment(province), stages.awaiting_assignment(province)
    desk = browser_of(province.receptionist)
    choose = flat(desk.get(NEW))
    assert "2 hồ sơ chờ giao" in choose
    link = re.search(r'href="(\?noi=[^"]+den=H01\.07)"', choose)
    assert link
    shown = flat(desk.get(NEW + link[1].replace("&amp;", "&")))
    assert str(gone.code) in shown
    assert str(other.code) in shown
    answer = desk.post(NEW, form(province, gone, is_sealed="on", note="Một túi"), follow=True)
    sheet = HandOver.objects.get()
    assert answer.redirect_chain[-1][0] == sheet.get_absolute_url()
    assert [item.dossier for item in sheet.items.all()] == [gone]
    assert (sheet.is_sealed, sheet.note) == (True, "Một túi")
    assert "Đã lập phiếu bàn giao số 1/" in flat(answer)


def test_codes_may_be_scanned_in_any_spelling(province: Province) -> None:
    one, two, three = (stages.awaiting_assignment(province) for _n in range(3))
    codes = f"{str(one.code).lower()}\n\n  {two.tracking_code.lower()} \n{three.code}"
    desk = browser_of(province.receptionist)
    desk.post(NEW, form(province, one, codes=codes))
    items = HandOver.objects.get().items.all()
    assert {item.dossier for item in items} == {one, two, three}


def test_an_unknown_code_is_named_and_nothing_is_lost(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    desk = browser_of(province.receptionist)
    answer = desk.post(
        NEW, form(province, dossier, codes="H01.01.01-000000-9999", note="Giữ lại chữ này")
    )
    assert answer.status_code == 400
    said = flat(answer)
    assert "mang mã: H01.01.01-000000-9999" in said
    assert "Giữ lại chữ này" in said
    assert f'value="{dossier.code}" checked' in said
    assert not HandOver.objects.exists()


def test_a_dossier_out_of_sight_is_unknown(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    stranger = browser_of(province.stranger)
    answer = stranger.post(
        NEW,
        {
            "noi": province.elsewhere.code,
            "tu": province.elsewhere.code,
            "den": province.department.code,
            "codes": dossier.code,
        },
    )
    assert answer.status_code == 400
    assert not HandOver.objects.exists()


def test_a_file_on_another_sheet_is_said_and_not_written(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    written(province, dossier)
    answer = browser_of(province.receptionist).post(NEW, form(province, dossier))
    assert answer.status_code == 409
    assert f"{dossier.code} đang trên phiếu số 1/" in flat(answer)
    assert HandOver.objects.count() == 1


def test_nothing_chosen_is_a_message(province: Province) -> None:
    answer = browser_of(province.receptionist).post(NEW, form(province))
    assert answer.status_code == 400
    assert "Hãy chọn ít nhất một hồ sơ." in flat(answer)


@pytest.mark.parametrize(
    "changes",
    [
        {"noi": "H01.07"},  # whose papers the receptionist does not carry
        {"tu": "H01.07"},
        {"den": "H01.01.01"},
        {"den": "H99"},
        {"tu": "buu-chinh", "den": "H01.07"},
        {"tu": "buu-chinh", "den": "buu-chinh"},
    ],
)
def test_places_that_are_not_theirs_are_404(province: Province, changes: dict[str, str]) -> None:
    desk = browser_of(province.receptionist)
    asked = form(province, **changes)
    assert desk.get(NEW, asked).status_code == 404
    assert desk.post(NEW, asked).status_code == 404


def test_who_carries_no_papers_writes_no_sheets(province: Province) -> None:
    reformer = browser_of(province.reformer)
    assert reformer.get(NEW).status_code == 404
    assert NEW not in page(reformer.get("/ban-giao/"))


def test_the_post_takes_and_brings(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    desk = browser_of(province.receptionist)
    desk.post(NEW, form(province, dossier, den="buu-chinh", courier="Lê Văn Bưu"))
    out = HandOver.objects.get()
    assert (out.to_agency, out.courier_name) == (None, "Lê Văn Bưu")
    desk.post(f"{out.get_absolute_url()}nhan/", {"act": "all", "courier": "Lê Văn Bưu"})
    assert PaperFile.objects.get().agency is None
    there = browser_of(province.specialist)
    from_post = {"noi": province.department.code, "tu": "buu-chinh"}
    assert "1 hồ sơ chờ giao" in flat(there.get(NEW, from_post))
    there.post(NEW, {**from_post, "den": province.department.code, "dossier": [dossier.code]})
    inward = HandOver.objects.get(from_agency=None)
    there.post(f"{inward.get_absolute_url()}nhan/", {"act": "all", "shelf": "Tủ 1"})
    file = PaperFile.objects.get()
    assert (file.agency, file.shelf) == (province.department, "Tủ 1")


# Receiving


def test_the_receiving_side_ticks_some_and_signs_for_less(province: Province) -> None:
    dossiers = [stages.awaiting_assignment(province) for _n in range(3)]
    sheet = written(province, *dossiers)
    address = sheet.get_absolute_url()
    there = browser_of(province.specialist)
    assert "1/" in flat(there.get("/ban-giao/"))
    first, second, _third = sheet.items.order_by("position")
    answer = there.post(
        f"{address}nhan/",
        {"act": "close", "item": [first.pk], f"note-{second.pk}": "Túi rách"},
        follow=True,
    )
    said = flat(answer)
    assert "Đã ghi nhận 1 hồ sơ; thiếu 2 hồ sơ." in said
    assert "Thiếu 2 hồ sơ." in said
    assert "Túi rách" in said
    assert "thiếu 2 hồ sơ" in flat(browser_of(province.receptionist).get("/ban-giao/?xem=da-giao"))
    desk = browser_of(province.receptionist)
    desk.post(f"{address}giu-lai/", {"item": [second.pk]})
    assert HandOverItem.objects.get(pk=second.pk).taken_back_by == province.receptionist
    there.post(f"{address}nhan/", {"act": "all"})
    assert "Đã nhận đủ" in flat(there.get(address))


def test_a_second_click_changes_nothing(province: Province) -> None:
    sheet = written(province, stages.awaiting_assignment(province))
    there = browser_of(province.specialist)
    for _n in range(2):
        answer = there.post(f"{sheet.get_absolute_url()}nhan/", {"act": "all"})
        assert answer.status_code == 302
    item = HandOverItem.objects.get()
    assert item.received_by == province.specialist


@pytest.mark.parametrize("act", ["nhan/", "giu-lai/", "huy/"])
def test_in_sight_but_not_theirs_is_a_message(province: Province, act: str) -> None:
    sheet = written(province, stages.awaiting_assignment(province))
    reader = browser_of(province.reformer)
    assert reader.get(sheet.get_absolute_url()).status_code == 200
    answer = reader.post(f"{sheet.get_absolute_url()}{act}", {"act": "all", "reason": "x"})
    assert answer.status_code == 409
    assert "bạn chỉ xem được phiếu" in flat(answer)
    assert HandOver.objects.get().is_under_way


def test_out_of_sight_is_404_for_every_page_of_a_sheet(province: Province) -> None:
    address = written(province, stages.awaiting_assignment(province)).get_absolute_url()
    stranger = browser_of(province.stranger)
    for end in ("", "phieu.pdf"):
        assert stranger.get(address + end).status_code == 404
    for end in ("nhan/", "giu-lai/", "huy/"):
        assert stranger.post(address + end).status_code == 404
    assert "1/" not in flat(stranger.get("/ban-giao/?xem=tat-ca")).split("<main")[1]


@pytest.mark.parametrize(
    "address", ["H01.01.01/99999/1/", "H01.01.01/2026/99999999999/", "H9/1/1/"]
)
def test_numbers_beyond_every_sheet_are_404(province: Province, address: str) -> None:
    assert browser_of(province.receptionist).get(f"/ban-giao/{address}").status_code == 404


@pytest.mark.parametrize("item", ["", "x", "-1", "9" * 30, "٣", "1.5"])
def test_what_is_no_row_ticks_nothing(province: Province, item: str) -> None:
    sheet = written(province, stages.awaiting_assignment(province))
    there = browser_of(province.specialist)
    answer = there.post(f"{sheet.get_absolute_url()}nhan/", {"act": "tick", "item": [item]})
    assert answer.status_code == 302
    assert HandOverItem.objects.get().received_at is None


def test_a_sheet_written_by_mistake_is_cancelled_with_a_reason(province: Province) -> None:
    sheet = written(province, stages.awaiting_assignment(province))
    desk = browser_of(province.receptionist)
    address = sheet.get_absolute_url()
    assert "Huỷ phiếu lập nhầm" in flat(desk.get(address))
    assert desk.post(f"{address}huy/", {"reason": ""}).status_code == 409
    desk.post(f"{address}huy/", {"reason": "Nhầm nơi nhận"})
    said = flat(desk.get(address))
    assert "Nhầm nơi nhận" in said
    assert "Huỷ phiếu lập nhầm" not in said
    assert "Đã nhận đủ 1 hồ sơ" not in flat(browser_of(province.specialist).get(address))


def test_what_people_typed_is_never_code(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    bad = "<script>alert(1)</script>"
    sheet = written(province, dossier, note=bad, courier=bad)
    there = browser_of(province.specialist)
    there.post(f"{sheet.get_absolute_url()}nhan/", {"act": "all", "shelf": bad})
    for address in (sheet.get_absolute_url(), f"/ho-so/{dossier.code}/ho-so-giay/"):
        assert bad not in page(there.get(address))
    assert bad not in sheets.hand_over_html(
        HandOver.objects.for_page().get(), list(sheet.items.select_related("dossier__procedure"))
    )


# Paper


def words(answer: Any) -> str:
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    pdf: Any = pypdf.PdfReader(io.BytesIO(answer.content))
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert [round(float(side)) for side in pdf.pages[0].mediabox[2:]] == [842, 595]  # A4
    return re.sub(r"\s+", " ", " ".join(each.extract_text() for each in pdf.pages))


def test_the_sheet_prints_who_gives_and_who_takes(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    hand_overs.put(dossier, province.centre, "Kệ 3B", by=province.receptionist)
    sheet = written(province, dossier, is_sealed=True)
    desk = browser_of(province.receptionist)
    text = words(desk.get(f"{sheet.get_absolute_url()}phieu.pdf"))
    for part in ("PHIẾU BÀN GIAO HỒ SƠ", "01/PBG-", dossier.code, "Kệ 3B", "BÊN GIAO", "BÊN NHẬN",
                 "1 hồ sơ", "Niêm phong: có", dossier.owner_name):  # fmt: skip
        assert str(part) in text
    assert "thiếu" not in text


def test_the_sheet_states_the_difference_once_signed(province: Province) -> None:
    kept, lost = stages.awaiting_assignment(province), stages.awaiting_assignment(province)
    sheet = written(province, kept, lost)
    first = sheet.items.get(dossier=kept)
    hand_overs.receive(sheet, [first.pk], by=province.specialist, closes=True)
    text = words(browser_of(province.specialist).get(f"{sheet.get_absolute_url()}phieu.pdf"))
    assert f"Thiếu 1 hồ sơ: {lost.code}." in text


def test_what_the_post_carries_names_no_owner_in_full(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    type(dossier).objects.filter(pk=dossier.pk).update(owner_name="Trần Văn Lý")
    sheet = hand_overs.write(Place(province.centre), POST, [dossier.pk], by=province.receptionist)
    text = words(browser_of(province.receptionist).get(f"{sheet.get_absolute_url()}phieu.pdf"))
    assert "Trần Văn Lý" not in text
    assert "T. V. Lý" in text


# Where the papers are


def test_the_dossiers_page_says_where_its_papers_are(province: Province) -> None:
    dossier = stages.awaiting_assignment(province)
    address = f"/ho-so/{dossier.code}/"
    there = browser_of(province.specialist)
    assert f"giấy nộp tại {province.centre.name}" in flat(there.get(address))
    sheet = written(province, dossier)
    assert f"trên phiếu bàn giao số 1/{sheet.year}" in flat(there.get(address))
    there.post(f"{sheet.get_absolute_url()}nhan/", {"act": "all", "shelf": "Tủ 2"})
    assert f"{province.department.name}, <b>Tủ 2</b>" in flat(there.get(address))


def test_who_holds_the_papers_writes_their_shelf(province: Province) -> None:
    dossier = stages.in_progress(province)
    address = f"/ho-so/{dossier.code}/ho-so-giay/"
    there = browser_of(province.specialist)
    answer = there.post(address, {"agency": province.department.code, "shelf": "Tủ 4"}, follow=True)
    assert "Đã ghi nơi để hồ sơ giấy." in flat(answer)
    assert f"{province.department.name}, Tủ 4" in flat(answer)
    assert province.specialist.full_name in flat(answer)
    wrong = there.post(address, {"agency": province.centre.code, "shelf": "Kệ 1"})
    assert wrong.status_code == 400
    reader = browser_of(province.reformer)
    assert "Tôi đang giữ giấy này" not in flat(reader.get(address))
    assert reader.post(address, {"agency": province.root.code, "shelf": ""}).status_code == 404
    assert browser_of(province.stranger).get(address).status_code == 404


# Budgets


def test_pages_cost_the_same_for_one_file_and_for_thirty(province: Province) -> None:
    desk, there = browser_of(province.receptionist), browser_of(province.specialist)
    figures: list[tuple[int, ...]] = []
    for size in (1, 30):
        dossiers = [stages.awaiting_assignment(province) for _n in range(size)]
        with count_queries() as new:
            assert desk.get(NEW, form(province)).status_code == 200
        with count_queries() as choose:
            desk.get(NEW)
        sheet = written(province, *dossiers)
        address = sheet.get_absolute_url()
        with count_queries() as detail:
            there.get(address)
        with count_queries() as listed:
            there.get("/ban-giao/")
        with count_queries() as paper:
            there.get(f"{address}phieu.pdf")
        for counted, most in ((new, 4), (choose, 5), (detail, 4), (listed, 4), (paper, 3)):
            assert len(counted) <= most, str(counted)
        figures.append(tuple(map(len, (new, choose, detail, listed, paper))))
    assert figures[0] == figures[1]


def test_the_list_costs_the_same_for_one_sheet_and_for_thirty(province: Province) -> None:
    there = browser_of(province.specialist)
    figures = []
    for size in (1, 30):
        while HandOver.objects.count() < size:
            written(province, stages.awaiting_assignment(province))
        with count_queries() as counted:
            answer = there.get("/ban-giao/")
        assert flat(answer).count('<tr role="row">') == size + 1
        figures.append(len(counted))
    assert figures[0] == figures[1] <= 4


def test_the_trips_of_the_post_cost_one_query_more(province: Province) -> None:
    written(province, stages.awaiting_assignment(province))
    desk = browser_of(province.receptionist)
    with count_queries() as counted:
        answer = desk.get("/ban-giao/?xem=da-giao")
    assert "đem đi 0 lượt, đem về 0 lượt" in flat(answer)
    assert len(counted) <= 5, str(counted)


def test_a_long_list_of_places_is_one_query(province: Province) -> None:
    desk = browser_of(province.receptionist)
    for _n in range(30):
        AgencyFactory.create()
    with count_queries() as counted:
        assert flat(desk.get(NEW)).count("<option") > 30
    assert len(counted) <= 5, str(counted)
