"""History can be added to and not changed; who changes it past the triggers is found out."""

from __future__ import annotations

import datetime as dt
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import time_machine
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from accounts import events
from accounts.models import AccountEvent
from agencies.calendars import DayChange
from agencies.models import Calendar
from dossiers import day_roots, hand_overs, notices, paper_issue, surveys, verifying
from dossiers.chain import chain_faults, event_digest
from dossiers.models import (
    CalendarChangeDay,
    CalendarMove,
    DayRoot,
    Dossier,
    DossierEvent,
    DossierReading,
    DueDateChange,
    FeeDue,
    HistoryCheck,
    MirrorMessage,
    Note,
    OutboxMessage,
    PaperMove,
    PaperReprint,
    Payment,
    PaymentShare,
    Posting,
    Refund,
    SurveyAnswer,
    SurveyQuestion,
    SurveyScore,
    VoidPaperNumber,
)
from dossiers.paper_numbers import void_next_number
from dossiers.readings import note_reading
from dossiers.recording import database_now
from dossiers.services import calendar_changing, intake, processing
from dossiers.workflow import PaperKind
from tests.dossiers.stages import awaiting_supplement, draft, received
from tests.dossiers.superuser import sql, superuser_without_triggers

if TYPE_CHECKING:
    from tests.province import Province

HISTORY = [model for model in apps.get_models() if getattr(model, "append_only", False)]


def with_history(province: Province) -> Dossier:
    """Return a dossier that has left a row in every table of history."""
    with time_machine.travel("2026-11-16T09:00+07:00", tick=False):
        dossier = awaiting_supplement(province)
    with time_machine.travel("2026-11-18T09:00+07:00", tick=False):
        dossier = processing.accept_supplement(dossier, by=province.receptionist)
    with time_machine.travel("2026-11-18T10:00+07:00", tick=False):
        change_the_calendar(province)
    dossier.refresh_from_db()
    note_reading(dossier, by=province.head)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(day_roots, "database_now", lambda: database_now() + dt.timedelta(days=1))
        assert day_roots.close_days(patience=30)
    verifying.note(verifying.Outcome(), is_whole=False, up_to=None, started=0)
    slip = dossier.slips.order_by("pk")[0]
    paper_issue.reprint(slip, officer=province.receptionist)
    void_next_number(
        province.centre, 2026, PaperKind.RECEIPT, by=province.receptionist, reason="Viết hỏng"
    )
    hand_overs.put(dossier, province.centre, "Kệ 1", by=province.receptionist)
    MirrorMessage.objects.create(
        dossier=dossier, reference="tin-1", national_status=4, at=database_now(),
        reason="Đang giải quyết", outcome=MirrorMessage.Outcome.values[0], event=None,
    )  # fmt: skip
    notices.write_note(dossier, by=province.head, text="Gọi lại cho Sở", token="ghi-1")
    Posting.objects.create(
        dossier=dossier,
        kind=Posting.Kind.SENT,
        tracking_number="RA1",
        officer=province.receptionist,
    )
    Refund.objects.create(
        dossier=dossier, amount_vnd=1, voucher_number="PC1", reason="Thu thừa",
        at=database_now(), officer=province.receptionist,
    )  # fmt: skip
    event = dossier.events.order_by("-seq")[0]
    fee = FeeDue.objects.create(dossier=dossier, name="Lệ phí", amount_vnd=50_000)
    paid = Payment.objects.create(
        dossier=dossier, event=event, at=event.at, receipt_number="GD-1", amount_vnd=50_000
    )
    PaymentShare.objects.create(payment=paid, fee=fee, event=event, amount_vnd=50_000)
    events.record(events.Kind.SIGNED_IN, province.head.user)
    question = SurveyQuestion.objects.first()
    assert question is not None
    surveys.answer(slip, {question: 1})
    return dossier


def change_the_calendar(province: Province) -> None:
    """Add a day off within the dossier's limit; its promise is kept, and that is written down."""
    change = calendar_changing.rehearse(
        calendar_changing.propose(
            Calendar.objects.get(),
            by=province.reformer,
            number="77/TB-UBND",
            announced_on=dt.date(2026, 11, 17),
            days=[DayChange(dt.date(2026, 11, 20), "holiday", "Nghỉ thử")],
        )
    )
    calendar_changing.apply(
        change,
        by=province.reformer,
        decision=calendar_changing.Decision(),
        digest=bytes(change.digest),
    )
    assert calendar_changing.carry_out(change.pk)


def test_events_readings_changed_dates_and_roots_are_history() -> None:
    assert {
        AccountEvent, CalendarChangeDay, CalendarMove, DayRoot, DossierEvent, DossierReading, DueDateChange,
        HistoryCheck, MirrorMessage, Note,
        PaperMove, PaperReprint, Payment, PaymentShare, Posting, Refund, SurveyAnswer, SurveyScore, VoidPaperNumber,
    } == set(HISTORY)  # fmt: skip


@pytest.mark.parametrize("model", HISTORY, ids=lambda model: model._meta.model_name)
@pytest.mark.parametrize(
    "statement",
    ["update {} set id = id", "delete from {}", "truncate {} cascade"],
    ids=["update", "delete", "truncate"],
)
def test_the_database_refuses_to_change_history(
    province: Province, model: Any, statement: str
) -> None:
    with_history(province)
    sql("set constraints all immediate")  # a pending check would refuse TRUNCATE by itself
    count = model.objects.count()
    assert count
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        sql(statement.format(model._meta.db_table))
    assert model.objects.count() == count


def test_the_models_themselves_cannot_change_an_event(province: Province) -> None:
    event = with_history(province).events.order_by("seq").last()
    assert event is not None
    event.reason = "Khác"
    for change in (event.save, event.delete, DossierEvent.objects.all().delete):
        with pytest.raises((DatabaseError, TypeError, ValueError)), transaction.atomic():
            change()
    event.refresh_from_db()
    assert event.reason == ""


TAMPERINGS = {
    "changed": ("update {events} set reason = 'x' where dossier_id = %s and seq = 3", "event 3"),
    "given to another": (
        "update {events} set actor_id = (select max(id) from agencies_officer)"
        " where dossier_id = %s and seq = 2",
        "event 2",
    ),
    "back-dated": (
        "update {events} set at = at - interval '3 days' where dossier_id = %s and seq = 4",
        "event 4",
    ),
    "recorded earlier": (
        "update {events} set recorded_at = recorded_at - interval '1 microsecond'"
        " where dossier_id = %s and seq = 4",
        "event 4",
    ),
    "its data changed": (
        "update {events} set data = '{{}}' where dossier_id = %s and seq = 2",
        "event 2",
    ),
    "its date changed": (
        "update {events} set due_at = due_at + interval '1 day' where dossier_id = %s and seq = 5",
        "event 5",
    ),
    "removed from the middle": (
        "delete from {events} where dossier_id = %s and seq = 3",
        "event 3 is missing",
    ),
    "cut off": ("delete from {events} where dossier_id = %s and seq = 6", "counts 6 events"),
    "removed whole": ("delete from {events} where dossier_id = %s", "counts 6 events"),
    "cut off with the count": (
        "with gone as (delete from {events} where dossier_id = %s and seq = 6)"
        " update dossiers_dossier set event_count = 5",
        "not the one the dossier remembers",
    ),
    "given another dossier's digest": (
        "update {events} set digest = (select last_digest from dossiers_dossier d"
        " where d.id <> dossier_id limit 1) where dossier_id = %s and seq = 5",
        "event 5",
    ),
    "its tracking code changed": (
        "update dossiers_dossier set tracking_code = 'X' where id = %s",
        "event 1",
    ),
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_a_history_that_was_touched_is_found_out(province: Province, how: str) -> None:
    dossier, untouched = with_history(province), received(province)
    assert chain_faults(dossier) == []
    statement, told = TAMPERINGS[how]
    with superuser_without_triggers():
        assert sql(statement.format(events="dossiers_dossierevent"), [dossier.pk])
    dossier.refresh_from_db()
    assert any(told in fault for fault in chain_faults(dossier)), chain_faults(dossier)
    assert chain_faults(untouched) == [] or how == "cut off with the count"


def test_two_events_that_change_places_are_found_out(province: Province) -> None:
    dossier = with_history(province)
    with superuser_without_triggers():
        for old, new in ((3, 99), (4, 3), (99, 4)):
            sql(
                "update dossiers_dossierevent set seq = %s where dossier_id = %s and seq = %s",
                [new, dossier.pk, old],
            )
    assert chain_faults(dossier)


def test_a_row_added_without_the_key_is_found_out(province: Province, settings: Any) -> None:
    dossier = received(province)
    last = dossier.events.get(seq=2)
    forged = DossierEvent.objects.get(pk=last.pk)
    forged.pk, forged.seq, forged.reason = None, 3, "Thêm vào"
    settings.CHAIN_KEY = b"g" * 32  # the forger guesses
    forged.digest = event_digest(forged, dossier.tracking_code, bytes(last.digest))
    settings.CHAIN_KEY = b"c" * 32
    forged.save(force_insert=True)
    Dossier.objects.filter(pk=dossier.pk).update(event_count=3, last_digest=forged.digest)
    dossier.refresh_from_db()
    assert chain_faults(dossier) == ["event 3 does not match its digest"]


def test_everything_an_event_says_is_in_its_digest(province: Province) -> None:
    event = with_history(province).events.get(seq=4)
    known = event_digest(event, "T", b"")
    assert len(known) == 32
    assert event_digest(event, "U", b"") != known
    assert event_digest(event, "T", b"before") != known
    left_out = {"id", "digest", "dossier"}  # the tracking code stands for the dossier
    for field in DossierEvent._meta.concrete_fields:
        if field.name in left_out:
            continue
        changed = DossierEvent.objects.get(pk=event.pk)
        now = getattr(changed, field.attname)
        other = (
            now + dt.timedelta(microseconds=1)
            if isinstance(now, dt.datetime)
            else {"other": 1}
            if isinstance(now, dict)
            else (now or 0) + 1
            if not isinstance(now, str)
            else f"{now}x"
        )
        setattr(changed, field.attname, other)
        assert event_digest(changed, "T", b"") != known, field.name


def test_a_digest_is_over_sorted_json(province: Province, settings: Any) -> None:
    event = with_history(province).events.get(seq=4)
    event.reason = 'Ghi "thêm" \\ xuống\ndòng\x7f \u2028 Đ'
    event.data = {"b": [1, None], "a": 'ạ"'}
    for actor_id, due_at in ((event.actor_id, event.at), (None, None)):
        event.actor_id, event.due_at = actor_id, due_at
        said = {
            "dossier": 'T"1',
            "seq": event.seq,
            "at": event.at.astimezone(dt.UTC).isoformat(),
            "recorded_at": event.recorded_at.astimezone(dt.UTC).isoformat(),
            "act": event.act,
            "from": event.from_state,
            "to": event.to_state,
            "actor": event.actor_id,
            "role": event.actor_role,
            "agency": event.agency_id,
            "holder": [event.holder_agency_id, event.holder_officer_id],
            "reason": event.reason,
            "clock": event.clock_effect,
            "due": event.due_at and event.due_at.astimezone(dt.UTC).isoformat(),
            "data": event.data,
        }
        message = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        digest = hmac.digest(settings.CHAIN_KEY, b"before" + message.encode(), "sha256")
        assert event_digest(event, 'T"1', b"before") == digest


# What is written with an act


def test_no_personal_data_is_logged_or_kept_in_an_event(province: Province) -> None:
    secrets = ["089187004215", "0900123456", "0900 123 456", "Ánh Tuyết"]
    with structlog.testing.capture_logs() as logged:
        dossier = with_history(province)
    assert {entry["act"] for entry in logged if entry["event"] == "act"} >= {"receive", "assign"}
    told = repr(logged) + repr(list(dossier.events.values("reason", "data")))
    assert not [secret for secret in secrets if secret in told]
    row = repr(
        Dossier.objects.filter(pk=dossier.pk).values_list("owner_id_sealed", "owner_phone_sealed")
    )
    assert "089187004215" not in row


def test_every_event_has_one_message_in_the_outbox(province: Province) -> None:
    with_history(province)
    received(province)
    assert OutboxMessage.objects.count() == DossierEvent.objects.count() == 8
    assert not DossierEvent.objects.filter(outbox_message=None).exists()


def test_a_draft_is_told_to_no_other_system(province: Province) -> None:
    """T01: a draft is never sent (domain.md 2.4), nor is one that was thrown away."""
    thrown_away = intake.cancel(draft(province), by=province.receptionist, reason="Gõ nhầm")
    kept = draft(province)
    assert thrown_away.events.count() == 2
    assert not OutboxMessage.objects.exists()
    submitted = intake.submit_draft(kept, by=province.receptionist)
    assert [m.event.act for m in OutboxMessage.objects.all()] == ["register"]
    intake.cancel(submitted, by=province.receptionist, reason="Đổi ý")
    assert OutboxMessage.objects.count() == 2


def test_recorded_at_is_the_databases_clock_and_not_ours(province: Province) -> None:
    with time_machine.travel("2026-01-05T09:00+07:00", tick=False):
        dossier = received(province)
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        now = cursor.fetchone()[0]
    for event in dossier.events.all():
        assert event.at == dt.datetime.fromisoformat("2026-01-05T09:00+07:00")
        assert now - dt.timedelta(minutes=5) < event.recorded_at <= now
