"""Notes, reminders, mentions and the morning's mail: each once, to whom it is for, and nobody else."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import override_settings

from accounts.roles import Role
from dossiers import clock, digests, notices
from dossiers.models import Digest, DigestChoice, Dossier, DossierEvent, Note, Notice
from dossiers.recording import ActDataError
from dossiers.services import processing
from tests.dossiers.pages import browser_of, page
from tests.dossiers.test_page_board import seen
from tests.factories import OfficerFactory, UserFactory, local
from tests.province import Province

MONDAY_MORNING = "2026-08-03T06:20+07:00"


@pytest.fixture
def dossier(province: Province) -> Dossier:
    found = processing.transfer(province.log(), by=province.receptionist)
    return processing.assign(found, by=province.head, assignee=province.specialist)


def name_of(officer: Any) -> str:
    return f"@{officer.user.username}"


def test_a_note_tells_whom_it_names_and_leaves_the_record_alone(
    province: Province, dossier: Dossier
) -> None:
    before = DossierEvent.objects.count()
    written = notices.write_note(
        dossier,
        by=province.specialist,
        text=f"Nhờ {name_of(province.head)} xem, thư a@example.org, {name_of(province.head)}.",
        token="t-1",
    )
    assert written.reached == [province.head.full_name]
    assert written.unknown == []
    [notice] = Notice.objects.all()
    assert (notice.officer, notice.kind, notice.sender) == (
        province.head, Notice.Kind.MENTION, province.specialist,
    )  # fmt: skip
    assert DossierEvent.objects.count() == before
    dossier.refresh_from_db()
    assert "Nhờ" not in page(browser_of(province.stranger).get(f"/ho-so/{dossier.code}/"))
    text = page(browser_of(province.head).get(f"/ho-so/{dossier.code}/"))
    assert "Nhờ" in text
    assert "1 thông báo mới" in page(browser_of(province.head).get("/thong-bao/so-moi/"))
    assert "thông báo mới" not in page(browser_of(province.clerk).get("/thong-bao/so-moi/"))


def test_who_may_not_see_the_dossier_is_not_told_of_it(
    province: Province, dossier: Dossier
) -> None:
    written = notices.write_note(
        dossier,
        by=province.specialist,
        text=f"{name_of(province.stranger)} @khong-co xem giúp",
        token="t-1",
    )
    assert written.reached == []
    # One answer for both: nobody learns which names exist elsewhere.
    assert written.unknown == [province.stranger.user.username.casefold(), "khong-co"]
    assert not Notice.objects.exists()


def test_the_same_form_twice_is_one_note(province: Province, dossier: Dossier) -> None:
    for _each in "ab":
        notices.write_note(
            dossier, by=province.specialist, text=f"Xem {name_of(province.head)}", token="t-1"
        )
    assert (Note.objects.count(), Notice.objects.count()) == (1, 1)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 2001])
def test_an_empty_or_endless_note_is_refused(
    province: Province, dossier: Dossier, text: str
) -> None:
    with pytest.raises(ActDataError):
        notices.write_note(dossier, by=province.specialist, text=text, token="t-1")
    client = browser_of(province.specialist)
    answer = client.post(
        f"/ho-so/{dossier.code}/ghi-chu/", {"text": text, "token": "t"}, follow=True
    )
    assert answer.status_code == 200
    assert not Note.objects.exists()


def test_a_note_on_a_page_is_kept_and_said(province: Province, dossier: Dossier) -> None:
    client = browser_of(province.specialist)
    answer = client.post(
        f"/ho-so/{dossier.code}/ghi-chu/",
        {"text": f"Gọi {name_of(province.head)} và @ai-do", "token": "t-1"},
        follow=True,
    )
    assert "Không báo được cho: @ai-do" in page(answer)
    assert Note.objects.get().author == province.specialist
    foreign = browser_of(province.stranger)
    assert (
        foreign.post(f"/ho-so/{dossier.code}/ghi-chu/", {"text": "x", "token": "t"}).status_code
        == 404
    )


def test_a_reminder_reaches_the_holder_once_a_day(province: Province, dossier: Dossier) -> None:
    client = browser_of(province.head)
    value = f"{dossier.code}@{dossier.event_count}"
    asked = page(client.get("/hop-viec/nhac/", {"ho-so": value, "next": "board"}))
    assert province.specialist.full_name in asked
    for _each in "ab":
        answer = client.post(
            "/hop-viec/nhac/", {"ho-so": value, "text": "Hạn đến nơi", "next": "board"}
        )
        assert answer["Location"] == "/bang-dieu-hanh/"
    [notice] = Notice.objects.all()
    assert (notice.officer, notice.text) == (province.specialist, "Hạn đến nơi")
    text = page(browser_of(province.specialist).get("/thong-bao/"))
    assert "Hạn đến nơi" in text
    assert "1 thông báo chưa xem" in text


def test_what_nobody_holds_goes_to_the_head(province: Province) -> None:
    found = processing.transfer(province.log(), by=province.receptionist)
    told, nobody = notices.remind([found], by=province.supervisor)
    assert (told, nobody) == ([found], [])
    assert Notice.objects.get().officer == province.head


def test_only_who_answers_for_a_unit_reminds(province: Province, dossier: Dossier) -> None:
    value = f"{dossier.code}@{dossier.event_count}"
    answer = browser_of(province.specialist).post("/hop-viec/nhac/", {"ho-so": value})
    assert answer.status_code in {403, 404}
    head = OfficerFactory.create(
        user=UserFactory.create(), agency=province.elsewhere, roles=[Role.HEAD]
    )
    browser_of(head).post("/hop-viec/nhac/", {"ho-so": value})
    assert not Notice.objects.exists()


def test_read_is_what_was_before_ones_eyes(province: Province, dossier: Dossier) -> None:
    notices.remind([dossier], by=province.head)
    first = Notice.objects.get()
    later = seen(province, "2026-12-30 17:00", holder_agency=province.department)
    notices.remind([later], by=province.head)
    client = browser_of(province.specialist)
    client.post("/thong-bao/", {"until": str(first.pk)})
    assert notices.unread_of(province.specialist) == 1
    client.post("/thong-bao/", {"until": "x"})
    assert notices.unread_of(province.specialist) == 1


def test_a_dossier_out_of_sight_is_not_told_of(province: Province, dossier: Dossier) -> None:
    notices.remind([dossier], by=province.head, text="Làm sớm")
    Notice.objects.update(officer=province.stranger)
    text = page(browser_of(province.stranger).get("/thong-bao/"))
    assert str(dossier.code) not in text
    assert "Làm sớm" not in text


# The morning's mail


def overdue(province: Province) -> Dossier:
    return seen(
        province, "2026-07-30 17:00", holder_agency=province.department, owner_name="Trần Văn Mật"
    )


def with_mail(*officers: Any) -> None:
    for officer in officers:
        officer.user.email = f"{officer.user.username}@motcua.example"
        officer.user.save(update_fields=["email"])


@time_machine.travel(MONDAY_MORNING, tick=False)
def test_the_mail_says_how_many_and_never_who(province: Province) -> None:
    late = overdue(province)
    with_mail(province.specialist, province.head)
    clock.send_digests()
    assert {digest.outcome for digest in Digest.objects.all()} == {Digest.Outcome.SENT}
    [to_head] = [m for m in mail.outbox if m.to == [province.head.user.email]]
    [to_specialist] = [m for m in mail.outbox if m.to == [province.specialist.user.email]]
    assert "Đơn vị: 1 hồ sơ quá hạn" in to_head.body
    assert "1 hồ sơ đã quá hẹn" in to_specialist.body
    assert "Bảng điều hành" not in to_specialist.body
    for message in mail.outbox:
        assert "Mật" not in message.body
        assert str(late.code) not in message.body
        assert "/hop-viec/" in message.body


@time_machine.travel(MONDAY_MORNING, tick=False)
def test_a_mail_is_sent_once_however_often_the_beat_knocks(province: Province) -> None:
    overdue(province)
    with_mail(province.specialist)
    for _each in range(3):
        clock.send_digests()
    assert len(mail.outbox) == 1
    assert "1 hồ sơ đã quá hẹn" in mail.outbox[0].body


@time_machine.travel(MONDAY_MORNING, tick=False)
def test_nothing_urgent_is_no_mail(province: Province) -> None:
    with_mail(province.specialist)
    clock.send_digests()
    assert Digest.objects.get().outcome == Digest.Outcome.EMPTY
    assert mail.outbox == []


@pytest.mark.parametrize(
    "moment",
    [
        "2026-08-03T05:59+07:00",
        "2026-08-03T10:00+07:00",
        "2026-08-02T06:20+07:00",  # a Sunday
    ],
)
def test_outside_its_hours_nothing_is_sent(province: Province, moment: str) -> None:
    with time_machine.travel(moment, tick=False):
        overdue(province)
        with_mail(province.specialist)
        assert clock.send_digests() == {}
        with override_settings(SENDS_MAIL=False), time_machine.travel(MONDAY_MORNING, tick=False):
            assert clock.send_digests() == {}
    assert not Digest.objects.exists()


@time_machine.travel(MONDAY_MORNING, tick=False)
def test_who_wants_none_or_left_gets_none(province: Province) -> None:
    overdue(province)
    with_mail(province.specialist, province.head)
    DigestChoice.objects.create(officer=province.specialist, wants_mail=False)
    province.head.user.is_active = False
    province.head.user.save()
    clock.send_digests()
    assert mail.outbox == []
    browser_of(province.specialist).post("/thong-bao/nhan-thu/", {"wants_mail": "on"})
    clock.send_digests()
    assert [message.to for message in mail.outbox] == [[province.specialist.user.email]]


@override_settings(EMAIL_BACKEND="tests.dossiers.test_notices.Refusing")
def test_what_the_mail_server_refuses_is_tried_again_and_told(province: Province) -> None:
    start = local("2026-08-03 06:20")
    with time_machine.travel(start, tick=False):
        overdue(province)
        with_mail(province.specialist)
    for number in range(digests.MOST_TRIES + 2):
        with time_machine.travel(start + dt.timedelta(minutes=21 * number), tick=False):
            clock.send_digests()
            clock.send_digests()  # too soon after the first: not tried
    digest = Digest.objects.get()
    assert (digest.outcome, digest.tries) == (Digest.Outcome.FAILED, digests.MOST_TRIES)
    assert digest.fault == "ConnectionRefusedError"
    assert "ConnectionRefusedError" in page(browser_of(province.specialist).get("/thong-bao/"))


class Refusing:
    """A mail server that is away."""

    def __init__(self, **_options: Any) -> None:
        pass

    def send_messages(self, _messages: Any) -> int:
        raise ConnectionRefusedError


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(province: Province) -> None:

    with time_machine.travel(MONDAY_MORNING, tick=False):
        overdue(province)
        with_mail(province.specialist, province.head, province.clerk)
        digests.prepare(dt.date(2026, 8, 3))

        def work(_number: int) -> dict[str, int]:
            try:
                return digests.send_waiting(local("2026-08-03 06:20"))
            finally:
                connection.close()

        with ThreadPoolExecutor(3) as workers:
            list(workers.map(work, range(3)))
    assert len(mail.outbox) == len({message.to[0] for message in mail.outbox})
    assert not Digest.objects.filter(outcome=Digest.Outcome.WAITING).exists()
    assert set(Digest.objects.values_list("tries", flat=True)) == {1}
