"""POST /api/v1/tracking/: where a dossier is, for whoever holds its code and a second fact."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_fields import TextField
from accounts.client_address import client_address
from agencies.working_time import LOCAL_ZONE
from dossiers import throttle, tracking
from dossiers.deadlines import Why
from dossiers.tracking_words import NOT_FOUND, wait_of


class TrackingQuestionSerializer(serializers.Serializer[Any]):
    code = TextField(help_text=_("Mã hồ sơ hoặc mã tra cứu, gõ thế nào cũng được."))
    proof = TextField(
        help_text=_("4 ký tự cuối của số định danh, mã số thuế hoặc điện thoại của chủ hồ sơ.")
    )


class TrackingDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    counts = serializers.BooleanField()
    why = serializers.ChoiceField(choices=[why.value for why in Why])
    text = serializers.CharField()


class TrackingEntrySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(default_timezone=LOCAL_ZONE)
    label = serializers.CharField()  # type: ignore[assignment]
    agency = serializers.CharField()


class TrackingSerializer(serializers.Serializer[Any]):
    """What a citizen may see; the fields are those of `tracking.TrackingView`, one by one."""

    code = serializers.CharField()
    procedure = serializers.CharField()
    state_label = serializers.CharField()
    national_status = serializers.IntegerField(allow_null=True)
    holder = serializers.CharField()
    received_at = serializers.DateTimeField(default_timezone=LOCAL_ZONE, allow_null=True)
    due_at = serializers.DateTimeField(default_timezone=LOCAL_ZONE, allow_null=True)
    days = TrackingDaySerializer(many=True)
    todo = serializers.CharField()
    timeline = TrackingEntrySerializer(many=True)


class DetailSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()


class TooManyTries(APIException):
    """429 with Retry-After, which DRF writes from `wait`."""

    status_code = 429
    default_code = "throttled"

    def __init__(self, wait: int) -> None:
        super().__init__(wait_of(wait))
        self.wait = wait


# Not never_cache: its Expires would make two equal answers differ.
@method_decorator(cache_control(private=True, no_store=True), name="dispatch")
class TrackingEndpoint(APIView):
    authentication_classes = ()  # a stale token must not keep anybody from looking
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="tracking_create",
        request=TrackingQuestionSerializer,
        responses={
            200: TrackingSerializer,
            400: OpenApiResponse(description="{detail, errors: {field: [text]}}"),
            404: OpenApiResponse(DetailSerializer, description="Every other failure alike"),
            429: OpenApiResponse(DetailSerializer, description="Too many wrong tries"),
        },
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Tell a citizen where a dossier is: by either code and the owner's second fact."""
        asked = TrackingQuestionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            seen = tracking.track(
                asked.validated_data["code"],
                asked.validated_data["proof"],
                address=client_address(request),
                now=timezone.now(),
            )
        except tracking.NotFoundError:
            raise NotFound(NOT_FOUND) from None
        except throttle.TooManyTriesError as error:
            raise TooManyTries(error.retry_after) from None
        return Response(as_json(seen))


def as_json(seen: tracking.TrackingView) -> dict[str, Any]:
    """Return the answer of the API; instants in local time with their offset."""
    return {
        "code": seen.code,
        "procedure": seen.procedure,
        "state_label": seen.state_label,
        "national_status": seen.national_status,
        "holder": seen.holder,
        "received_at": _instant(seen.received_at),
        "due_at": _instant(seen.due_at),
        "days": [
            {
                "date": day.date.isoformat(),
                "counts": day.counts,
                "why": day.why.value,
                "text": day.text,
            }
            for day in seen.days
        ],
        "todo": seen.todo,
        "timeline": [
            {"at": _instant(entry.at), "label": entry.label, "agency": entry.agency}
            for entry in seen.timeline
        ],
    }


def _instant(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(LOCAL_ZONE).isoformat() if moment else None
