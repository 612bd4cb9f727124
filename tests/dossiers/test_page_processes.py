"""The pages of internal processes: drafted, checked, published, copied; by the reform office alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from dossiers import processes
from dossiers.step_sheets import (
    SheetError,
    read_branches,
    read_hours,
    read_sheet,
    write_branches,
    write_hours,
    write_sheet,
)
from procedures.process_models import InternalProcess
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page
from tests.dossiers.test_steps import MONDAY, draft, published, straight_rows
from tests.province import Province

LIST = "/quy-trinh/"


def url_of(process: InternalProcess, tail: str = "") -> str:
    version = process.version
    return f"/quy-trinh/{version.procedure.code}/{version.number}/{process.number}/{tail}"


DECISION = {
    "decision_number": "1234/QĐ-UBND",
    "decision_on": "01/07/2026",
    "valid_from": "2026-08-03",
}
STEP = {
    "code": "TD",
    "name": "Thẩm định hồ sơ",
    "role": "specialist",
    "unit": "settling",
    "state": "in_progress",
    "hours_in_person": "1,5",
    "branches": "KY",
    "sign_type": "none",
    "may_pause": "on",
}


@time_machine.travel(MONDAY, tick=False)
def test_the_reform_office_drafts_checks_and_publishes(province: Province) -> None:
    client = browser_of(province.reformer)
    answer = client.post(f"{LIST}them/", {"procedure": province.procedure.code, "case": ""})
    made = InternalProcess.objects.get()
    assert answer["Location"] == url_of(made)
    assert "Quy trình chưa có bước nào." in page(client.get(url_of(made)))
    sheet = SimpleUploadedFile("buoc.csv", write_sheet(straight_rows()).encode())
    answer = client.post(url_of(made, "nhap-bang/"), {"sheet": sheet}, follow=True)
    text = page(answer)
    assert "Đã nhập 5 bước" in text
    assert "TN → TD → KY → PH → TK" in text
    assert "Công bố rồi thì không sửa được" in text
    assert client.post(url_of(made, "cong-bo/"), DECISION).status_code == 302
    made.refresh_from_db()
    assert made.valid_from == dt.date(2026, 8, 3)
    text = page(client.get(url_of(made)))
    assert "1234/QĐ-UBND" in text
    assert "Thêm bước" not in text
    answer = client.post(url_of(made, "sao-chep/"), follow=True)
    assert "Đã chép thành bản nháp" in page(answer)
    assert InternalProcess.objects.filter(published_at=None).get().steps.count() == 5


@time_machine.travel(MONDAY, tick=False)
def test_a_step_is_written_mended_and_taken_out(province: Province) -> None:
    made = draft(province)
    client = browser_of(province.reformer)
    text = page(client.get(url_of(made, "buoc/KY/")))
    assert "&lt;TD" in text  # the branch that sends back
    answer = client.post(
        url_of(made, "buoc/TD/"), {**STEP, "hours_online": "0,75", "branches": "KY: đủ\nPH: khác"}
    )
    assert answer.status_code == 302
    row = made.steps.get(code="TD")
    assert (row.minutes_in_person, row.minutes_online, row.minutes_post) == (90, 45, None)
    assert [(b.to.code, b.condition) for b in row.branches.all()] == [("KY", "đủ"), ("PH", "khác")]
    new = {**STEP, "code": "DC", "name": "Xác minh", "unit": "named", "agency": "H01.08"}
    assert client.post(url_of(made, "buoc/"), new).status_code == 302
    added = made.steps.get(code="DC")
    assert (added.position, added.agency) == (5, province.elsewhere)
    assert client.post(url_of(made, "buoc/DC/bo/")).status_code == 302
    assert not made.steps.filter(code="DC").exists()


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"code": "td"}, "Mã bước gồm chữ in"),
        ({"code": "KY"}, "Mã bước này đã có."),
        ({"hours_in_person": "nhiều"}, "Hãy ghi số giờ làm việc"),
        ({"hours_online": "-1"}, "Hãy ghi số giờ làm việc"),
        ({"hours_online": "NaN"}, "Hãy ghi số giờ làm việc"),
        ({"branches": "đi đâu đó"}, "Không đọc được nhánh"),
        ({"branches": "KY\nKY: lại"}, "ghi hai lần"),
        ({"branches": "XX"}, "Không có bước nào khác mang mã XX."),
        ({"branches": "TD"}, "Không có bước nào khác mang mã TD."),
        ({"unit": "named"}, "Hãy chọn cơ quan"),
        ({"role": "administrator"}, "Người làm"),
        ({"state": "draft"}, "Trạng thái hồ sơ"),
    ],
)
def test_a_wrong_step_says_what_and_changes_nothing(
    province: Province, changes: dict[str, str], told: str
) -> None:
    made = draft(province)
    answer = browser_of(province.reformer).post(url_of(made, "buoc/TD/"), {**STEP, **changes})
    assert answer.status_code == 422
    assert told in page(answer)
    assert made.steps.get(code="TD").minutes_in_person == 16 * 60


@time_machine.travel(MONDAY, tick=False)
def test_publishing_with_faults_lists_them(province: Province) -> None:
    rows = straight_rows()
    rows[1].step.minutes_in_person = 31 * 60
    made = draft(province, rows)
    answer = browser_of(province.reformer).post(url_of(made, "cong-bo/"), DECISION)
    assert answer.status_code == 422
    assert "Còn 3 điều phải sửa" in page(answer)
    assert "quá thời hạn 40 giờ làm việc" in page(answer)
    assert not InternalProcess.objects.binding().exists()


@time_machine.travel(MONDAY, tick=False)
def test_a_wrong_decision_is_told_by_its_field(province: Province) -> None:
    made = draft(province)
    answer = browser_of(province.reformer).post(
        url_of(made, "cong-bo/"), {**DECISION, "valid_from": "2026-08-01", "decision_number": ""}
    )
    assert answer.status_code == 422
    assert "Quyết định phê duyệt số" in page(answer)
    answer = browser_of(province.reformer).post(
        url_of(made, "cong-bo/"), {**DECISION, "valid_from": "2026-08-01"}
    )
    assert "Không áp dụng lùi ngày" in page(answer)


@time_machine.travel(MONDAY, tick=False)
def test_the_fee_rule_is_written(province: Province) -> None:
    made = draft(province)
    client = browser_of(province.reformer)
    client.post(url_of(made, "thu-phi/"), {"fee_rule": "at_return"})
    assert "Chưa có bước nào thu phí" in page(client.get(url_of(made)))
    client.post(url_of(made, "thu-phi/"), {"fee_rule": "bậy"})
    made.refresh_from_db()
    assert made.fee_rule == "at_return"


@time_machine.travel(MONDAY, tick=False)
def test_heads_read_what_is_published_and_write_nothing(province: Province) -> None:
    done = published(province)
    made = processes.copy_to_draft(done, by=province.reformer, today=dt.date(2026, 8, 3))
    client = browser_of(province.head)
    assert "Bước TD" in page(client.get(url_of(done)))
    assert client.get(url_of(done, "bang.csv")).status_code == 200
    assert client.get(url_of(made)).status_code == 404
    text = page(client.get(LIST))
    assert url_of(done) in text
    assert url_of(made) not in text
    assert "Soạn quy trình" not in text
    for tail in ("cong-bo/", "sao-chep/", "nhap-bang/", "thu-phi/", "buoc/", "buoc/TD/bo/"):
        for process in (done, made):
            assert client.post(url_of(process, tail)).status_code == 404, tail
    assert client.post(f"{LIST}them/", {"procedure": province.procedure.code}).status_code == 404


@time_machine.travel(MONDAY, tick=False)
@pytest.mark.parametrize("who", ["specialist", "clerk", "receptionist"])
def test_nobody_else_opens_them(province: Province, who: str) -> None:
    done = published(province)
    client = browser_of(getattr(province, who))
    assert client.get(LIST).status_code == 404
    assert client.get(url_of(done)).status_code == 404
    assert client.get(url_of(done, "bang.csv")).status_code == 404


@time_machine.travel(MONDAY, tick=False)
def test_what_is_published_has_no_page_that_changes_it(province: Province) -> None:
    done = published(province)
    client = browser_of(province.reformer)
    assert client.get(url_of(done, "buoc/TD/")).status_code == 404
    for tail in ("cong-bo/", "nhap-bang/", "thu-phi/", "buoc/", "buoc/TD/", "buoc/TD/bo/"):
        assert client.post(url_of(done, tail), {**STEP, **DECISION}).status_code == 404, tail
    for path in ("x/1/1/", "1.000001/1/99/", f"1.000001/{2**60}/1/"):
        assert client.get(f"{LIST}{path}").status_code == 404


@time_machine.travel(MONDAY, tick=False)
def test_the_list_finds_by_code_and_by_words_without_marks(province: Province) -> None:
    done = published(province)
    client = browser_of(province.reformer)
    for typed, is_found in [
        (province.procedure.code, True),
        ("thu tuc thu nghiem", True),
        ("không có gì", False),
        ("%", False),
    ]:
        assert (url_of(done) in page(client.get(LIST, {"q": typed}))) is is_found, typed


@time_machine.travel(MONDAY, tick=False)
def test_an_unknown_procedure_is_told(province: Province) -> None:
    client = browser_of(province.reformer)
    for body, told in [
        ({"procedure": "9.999999"}, "Tỉnh không tiếp nhận thủ tục này."),
        ({"procedure": province.procedure.code, "case": "x"}, "Thủ tục không có trường hợp này."),
    ]:
        assert told in page(client.post(f"{LIST}them/", body, follow=True))
    assert not InternalProcess.objects.exists()


@time_machine.travel(MONDAY, tick=False)
def test_the_pages_ask_as_much_for_few_steps_as_for_many(province: Province) -> None:
    client = browser_of(province.reformer)
    done = published(province)
    made = processes.copy_to_draft(done, by=province.reformer, today=dt.date(2026, 8, 3))
    for url, most in ((url_of(done), 8), (url_of(made), 16), (LIST, 4)):
        with count_queries() as counted:
            assert client.get(url).status_code == 200
        assert len(counted) <= most, f"{url}\n{counted}"


# The sheet


def test_a_sheet_reads_back_what_it_wrote(province: Province) -> None:
    rows = straight_rows(TN=100)
    rows[2].step.unit, rows[2].step.agency = "named", province.elsewhere
    rows[3].step.input_paper = "=HYPERLINK(1)"
    again = read_sheet(write_sheet(rows).encode())
    fields = [
        "code", "name", "role", "unit", "agency_id", "state", "minutes_in_person",
        "minutes_online", "minutes_post", "input_paper", "output_paper", "may_pause", "takes_fee",
        "sign_type",
    ]  # fmt: skip
    for before, after in zip(rows, again, strict=True):
        assert before.branches == after.branches
        for name in fields:
            assert getattr(before.step, name) == getattr(after.step, name), name
    assert "'=HYPERLINK(1)" in write_sheet(rows)


HEAD = "ma_buoc,ten_buoc,nguoi_lam,don_vi,trang_thai,gio_truc_tiep,buoc_tiep_theo\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Thiếu cột: ma_buoc"),
        (b"\xff\xfe", "Tệp phải là CSV mã UTF-8."),
        (b"a\x00b", "Tệp phải là CSV mã UTF-8."),
        (b"x" * 200_001, "Tệp quá lớn."),
        (HEAD.encode(), "Tệp không có bước nào."),
        (
            (HEAD + "TN,Tên,clerk,counter,signed,1,XX\n").encode(),
            "Bước TN dẫn tới bước XX không có.",
        ),
        ((HEAD + "T N,,phó nháy,đâu,nào,x,\n").encode(), "Dòng 2: mã bước gồm chữ in"),
        ((HEAD + "TN,Tên,clerk,named,signed,1,\n").encode(), "Dòng 2: cột co_quan"),
        ((HEAD + "A,Tên,clerk,counter,signed,1,\n" * 2).encode(), "Dòng 3: mã bước A có hai lần."),
        ((HEAD + "A,Tên,clerk,counter,signed,1,\n" * 61).encode(), "nhiều nhất 60 bước"),
    ],
    ids=["empty", "encoding", "nul", "large", "head", "branch", "wrong", "unit", "twice", "many"],
)
def test_a_sheet_with_faults_is_told_and_loads_nothing(
    province: Province, content: bytes, told: str
) -> None:
    made = draft(province)
    with pytest.raises(SheetError) as refused:
        read_sheet(content)
    assert any(told in fault for fault in refused.value.faults), refused.value.faults
    answer = browser_of(province.reformer).post(
        url_of(made, "nhap-bang/"), {"sheet": SimpleUploadedFile("x.csv", content)}
    )
    assert answer.status_code == 422
    assert made.steps.count() == 5


def test_names_are_read_in_vietnamese_too(province: Province) -> None:
    text = HEAD + 'TD,Thẩm định,Chuyên viên thụ lý,cơ quan giải quyết,đang thụ lý,"1,5",\n'
    (row,) = read_sheet(text.encode())
    assert (row.step.role, row.step.unit, row.step.state) == (
        "specialist",
        "settling",
        "in_progress",
    )
    assert row.step.minutes_in_person == 90


def test_branches_are_read_as_they_are_written() -> None:
    text = "KY: khi đủ\n+Y1\n+Y2\n<TD: làm lại"
    assert write_branches(read_branches(text)) == text
    assert read_branches(" KY ; ") == read_branches("KY")


@pytest.mark.parametrize("minutes", [None, 0, 1, 50, 90, 100, 1290, 10_000])
def test_hours_are_read_as_they_are_written(minutes: int | None) -> None:
    assert read_hours(write_hours(minutes)) == minutes


def test_a_drawing_puts_every_step_somewhere(province: Any) -> None:
    from dossiers.step_plans import Plan
    from tests.dossiers.test_step_plans import consulting, straight, to

    codes = [[step.code for step in level] for level in Plan(consulting()).levels()]
    assert codes == [["TN"], ["TD"], ["Y1", "Y2"], ["TH"], ["KY"], ["PH"], ["TK"]]
    circle = Plan(straight(KY={"branches": to("PH", "TD")}))
    assert sorted(step.code for level in circle.levels() for step in level) == sorted(
        step.code for step in circle.steps
    )
