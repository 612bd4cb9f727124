"""The clock of one dossier over the API: every date, every day, every pause, and whose time it was.

Instants are ISO 8601 with +07:00; minutes are working minutes of the receiving agency's calendar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.access import IsOfficer
from agencies.calendars import calendar_of
from dossiers import clockwork, history
from dossiers.api import ERRORS, dossier_in_sight, local_iso
from dossiers.models import DossierReading, DueOrigin
from dossiers.workflow import State

if TYPE_CHECKING:
    import datetime as dt

    from rest_framework.request import Request

    from agencies.working_time import Calendar
    from dossiers.models import Dossier, DossierEvent, DueDateChange, Pause


class ClockDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    kind = serializers.CharField()
    words = serializers.CharField()
    counted = serializers.BooleanField()


class ClockPauseSerializer(serializers.Serializer[Any]):
    to = serializers.DateTimeField(allow_null=True)
    why = serializers.CharField()
    working_minutes = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of the language, so it cannot be declared as an attribute.
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class ClockChangeSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    to = serializers.DateTimeField(allow_null=True)
    origin = serializers.ChoiceField(choices=DueOrigin.choices)
    reference = serializers.CharField()
    reason = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateTimeField(allow_null=True), **super().get_fields()}


class ClockHolderSerializer(serializers.Serializer[Any]):
    holder = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=[(kind.value, kind.value) for kind in history.HolderKind]
    )
    working_minutes = serializers.IntegerField()


class IntakeTimerSerializer(serializers.Serializer[Any]):
    started_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    overdue = serializers.BooleanField()


class ClockSerializer(serializers.Serializer[Any]):
    due_original = serializers.DateTimeField(allow_null=True)
    due_current = serializers.DateTimeField(allow_null=True)
    due_statutory = serializers.DateTimeField(allow_null=True)
    due_promised = serializers.DateTimeField(allow_null=True)
    provisional = serializers.BooleanField()
    days = ClockDaySerializer(many=True)
    pauses = ClockPauseSerializer(many=True)
    changes = ClockChangeSerializer(many=True)
    holders = ClockHolderSerializer(many=True)
    total_working_minutes = serializers.IntegerField()
    transfer_by = serializers.DateTimeField(allow_null=True)
    intake = IntakeTimerSerializer(many=True)


class DossierClock(APIView):
    permission_classes = [IsOfficer]

    @extend_schema(operation_id="dossier_clock", responses={200: ClockSerializer, **ERRORS})
    def get(self, request: Request, code: str) -> Response:
        """Đồng hồ của một hồ sơ: vì sao ngày này, đã dừng khi nào, thời gian của ai."""
        dossier, officer = dossier_in_sight(request, code)
        DossierReading.objects.create(dossier=dossier, officer=officer)
        return Response(clock_of(dossier, timezone.now()))


def clock_of(dossier: Dossier, now: dt.datetime) -> dict[str, Any]:
    """Write a dossier's clock whole. Runs four queries: events, pauses, changes, the calendar."""
    calendar = calendar_of(dossier.receiving_agency)
    events = list(dossier.events.select_related("holder_agency", "holder_officer").order_by("seq"))
    pauses = list(dossier.pauses.order_by("started_at", "pk"))
    changes = dossier.due_date_changes.order_by("at", "pk")
    told = clockwork.explain(dossier, pauses=pauses, calendar=calendar)
    holders = history.time_of_holders(dossier, events, now, calendar)
    return {
        "due_original": local_iso(dossier.due_original_at),
        "due_current": local_iso(dossier.due_at),
        "due_statutory": local_iso(dossier.due_statutory_at),
        "due_promised": local_iso(dossier.due_promised_at),
        "provisional": told.provisional if told else False,
        "days": [
            {
                "date": day.date.isoformat(),
                "kind": day.why.value,
                "words": day.text,
                "counted": day.counts,
            }
            for day in (told.days if told else ())
        ],
        "pauses": [_pause(pause, dossier, now, calendar) for pause in pauses],
        "changes": [_change(change) for change in changes],
        "holders": [
            {"holder": holder.name, "kind": holder.kind.value, "working_minutes": minutes}
            for holder, minutes in holders.items()
        ],
        "total_working_minutes": _total(dossier, now, calendar),
        "transfer_by": local_iso(clockwork.transfer_by(dossier, calendar)),
        "intake": _intake(events, now, calendar),
    }


def _pause(pause: Pause, dossier: Dossier, now: dt.datetime, calendar: Calendar) -> dict[str, Any]:
    end = pause.ended_at or history.clock_ends(dossier, now)
    start = pause.counted_from or pause.started_at
    return {
        "from": local_iso(pause.started_at),
        "to": local_iso(pause.ended_at),
        "why": str(State(pause.state).label),
        "working_minutes": max(0, calendar.working_minutes_between(start, end)),
    }


def _change(change: DueDateChange) -> dict[str, Any]:
    """Write a change of the date the applicant reads: an apology's where it gave one."""
    before, after = change.due_before, change.due_after
    if change.promised_after is not None:
        before, after = change.promised_before or before, change.promised_after
    return {
        "at": local_iso(change.at),
        "from": local_iso(before),
        "to": local_iso(after),
        "origin": change.origin,
        "reference": change.reference,
        "reason": change.reason,
    }


def _total(dossier: Dossier, now: dt.datetime, calendar: Calendar) -> int:
    if dossier.received_at is None:
        return 0
    end = history.clock_ends(dossier, now)
    return max(0, calendar.working_minutes_between(dossier.received_at, end))


def _intake(
    events: list[DossierEvent], now: dt.datetime, calendar: Calendar
) -> list[dict[str, Any]]:
    return [
        {
            "started_at": local_iso(timer.started_at),
            "answer_by": local_iso(timer.answer_by),
            "answered_at": local_iso(timer.answered_at),
            "overdue": timer.is_overdue(now),
        }
        for timer in clockwork.intake_timers(events, calendar)
    ]
