"""The page of a paper: what it says, its PDF, its counted copies, the control slip's button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from dossiers.models import PaperReprint, PaperSlip
from dossiers.workflow import PaperKind
from tests.budgets import count_queries
from tests.dossiers import papers
from tests.dossiers.pages import browser_of, page
from tests.factories import OfficerFactory

if TYPE_CHECKING:
    from tests.province import Province

MORNING = "2026-11-20T08:42+07:00"  # Friday

pytestmark = pytest.mark.django_db


@time_machine.travel(MORNING, tick=False)
def test_the_dossier_leads_to_each_paper_and_the_paper_says_what_it_is(province: Province) -> None:
    dossier = province.log()
    slip = dossier.slips.get()
    client = browser_of(province.receptionist)
    url = f"/ho-so/{dossier.code}/giay-to/{slip.pk}/"
    assert url in page(client.get(f"/ho-so/{dossier.code}/"))
    text = page(client.get(url))
    for words in (
        "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
        slip.form,
        f"{slip.number:04d}/2026",
        "Chưa ký số.",
        "Chưa in lại lần nào.",
        f"/ho-so/{dossier.code}/giay-to/{slip.pk}.pdf",
        f"/ho-so/{dossier.code}/giay-to/{slip.pk}/in-lai/",
    ):
        assert words in text, words


@time_machine.travel(MORNING, tick=False)
def test_the_receipt_is_a_pdf_and_its_copy_is_counted(province: Province) -> None:
    dossier = province.log()
    slip = dossier.slips.get()
    client = browser_of(province.receptionist)
    base = f"/ho-so/{dossier.code}/giay-to/{slip.pk}"
    paper = client.get(f"{base}.pdf")
    assert client.get(f"{base}/in-lai/").status_code == 405
    assert not PaperReprint.objects.exists()
    first, second = (client.post(f"{base}/in-lai/") for _ in range(2))
    assert (first["Location"], second["Location"]) == (
        f"{base}/ban-sao-1.pdf",
        f"{base}/ban-sao-2.pdf",
    )
    copy = client.get(second["Location"])
    for answer in (paper, copy):
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert "no-store" in answer["Cache-Control"]
    assert "BẢN SAO – in lại lần 2, ngày 20/11/2026" in papers.text_of(copy.content)
    assert "BẢN SAO" not in papers.text_of(paper.content)
    assert client.get(second["Location"]).content == copy.content
    assert PaperReprint.objects.count() == 2  # looking again prints nothing
    assert client.get(f"{base}/ban-sao-3.pdf").status_code == 404
    assert client.get(f"{base}/ban-sao-{2**40}.pdf").status_code == 404
    text = page(client.get(f"{base}/"))
    assert "Bản sao, in lại lần 1" in text
    assert province.receptionist.full_name in text


@time_machine.travel(MORNING, tick=False)
def test_a_paper_of_another_dossier_or_out_of_sight_is_not_there(province: Province) -> None:
    dossier, other = province.log(), province.log()
    slip = dossier.slips.get()
    client = browser_of(province.receptionist)
    stranger = browser_of(OfficerFactory.create())
    for path in ("/", ".pdf", "/ban-sao-1.pdf"):
        assert client.get(f"/ho-so/{other.code}/giay-to/{slip.pk}{path}").status_code == 404
        assert client.get(f"/ho-so/{dossier.code}/giay-to/{2**64}{path}").status_code == 404
        assert stranger.get(f"/ho-so/{dossier.code}/giay-to/{slip.pk}{path}").status_code == 404
    for browser, code in ((client, other.code), (stranger, dossier.code)):
        assert browser.post(f"/ho-so/{code}/giay-to/{slip.pk}/in-lai/").status_code == 404
    assert stranger.post(f"/ho-so/{dossier.code}/phieu-kiem-soat/").status_code == 404
    assert not PaperReprint.objects.exists()


@time_machine.travel(MORNING, tick=False)
def test_the_control_slip_is_issued_by_its_button_and_once_for_each_state(
    province: Province,
) -> None:
    dossier = province.log()
    client = browser_of(province.receptionist)
    url = f"/ho-so/{dossier.code}/phieu-kiem-soat/"
    assert url in page(client.get(f"/ho-so/{dossier.code}/"))
    first, second = client.post(url), client.post(url)
    assert first["Location"] == second["Location"]
    slip = PaperSlip.objects.get(kind=PaperKind.CONTROL_SLIP)
    assert first["Location"] == f"/ho-so/{dossier.code}/giay-to/{slip.pk}/"
    pdf = client.get(f"/ho-so/{dossier.code}/giay-to/{slip.pk}.pdf").content
    assert "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ" in papers.text_of(pdf)


@time_machine.travel(MORNING, tick=False)
def test_a_replaced_paper_says_which_one_took_its_place(province: Province) -> None:
    dossier = province.log()
    client = browser_of(province.receptionist)
    url = f"/ho-so/{dossier.code}/phieu-kiem-soat/"
    first = client.post(url)["Location"]
    client.post(f"/ho-so/{dossier.code}/chuyen/", {"version": dossier.event_count})
    second = client.post(url)["Location"]
    assert first != second
    assert second in page(client.get(first))
    assert "Thay cho" in page(client.get(second))


@time_machine.travel(MORNING, tick=False)
def test_a_dossier_not_yet_received_has_no_button_for_a_control_slip(province: Province) -> None:
    from tests.dossiers import every_paper

    waiting = papers.dossier(province.receptionist.agency, **every_paper.UNRECEIVED)
    client = browser_of(province.receptionist)
    url = f"/ho-so/{waiting.tracking_code}/phieu-kiem-soat/"
    assert url not in page(client.get(f"/ho-so/{waiting.tracking_code}/"))
    answer = client.post(url, follow=True)
    assert "chưa có phiếu kiểm soát" in page(answer)


@time_machine.travel(MORNING, tick=False)
def test_the_page_of_a_paper_asks_few_queries(province: Province) -> None:
    dossier = province.log()
    slip = dossier.slips.get()
    client = browser_of(province.receptionist)
    url = f"/ho-so/{dossier.code}/giay-to/{slip.pk}/"
    client.get(url)
    for _ in range(3):
        client.post(f"{url}in-lai/")
    with count_queries() as counted:
        assert client.get(url).status_code == 200
    assert len(counted) <= 6, str(counted)
