"""POST /api/v1/tracking/: where a dossier is, for whoever holds its code and a second fact."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api_fields import TextField
from accounts.api_input import read_json
from accounts.client_address import client_address
from agencies.working_time import LOCAL_ZONE
from dossiers import throttle, tracking
from dossiers.deadlines import Why
from dossiers.tracking_words import NOT_FOUND, wait_of

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase


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


class TrackingPartSerializer(serializers.Serializer[Any]):
    """A part of a chain (liên thông), or the chain a part belongs to."""

    code = serializers.CharField()
    procedure = serializers.CharField()
    agency = serializers.CharField()
    standing = serializers.CharField()
    due_at = serializers.DateTimeField(default_timezone=LOCAL_ZONE, allow_null=True)


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
    # Only of what has them: a ministry's system, the chain of a part, the parts of a chain.
    system_of_record = serializers.CharField(required=False)
    parent = TrackingPartSerializer(required=False)
    parts = TrackingPartSerializer(many=True, required=False)
    timeline = TrackingEntrySerializer(many=True)


class DetailSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()


class TrackingEndpoint(APIView):
    authentication_classes = ()  # a stale token must not keep anybody from looking
    permission_classes = (AllowAny,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a plain question at once and leave every other request to the framework.

        Its negotiation, its choice of a parser and its fields would take as long as the look-up.
        """
        question = _plain_question(request)
        response = (
            _answer(request, *question)
            if question is not None
            else super().dispatch(request, *args, **kwargs)
        )
        response["Allow"] = ", ".join(self.allowed_methods)
        # Not never_cache: its Expires would make two equal answers differ.
        response["Cache-Control"] = "private, no-store"
        return response

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
    def post(self, request: Request) -> HttpResponse:
        """Tell a citizen where a dossier is: by either code and the owner's second fact."""
        asked = TrackingQuestionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return _answer(request, asked.validated_data["code"], asked.validated_data["proof"])


def _plain_question(request: HttpRequest) -> tuple[str, str] | None:
    """Return code and proof of a question without fault or special wish, None for any other."""
    if (
        request.method != "POST"
        or request.content_type != "application/json"
        or request.META.get("HTTP_ACCEPT", "*/*") not in {"*/*", "application/json"}
        or request.META.get("QUERY_STRING")
    ):
        return None
    try:
        body = read_json(request.body)
    except (APIException, RequestDataTooBig):  # the framework meets it again and tells of it
        return None
    if not isinstance(body, dict):
        return None
    match body.get("code"), body.get("proof"):
        case str(code), str(proof) if code.strip() and proof.strip():
            return code.strip(), proof.strip()
    return None


def _answer(request: HttpRequest, code: str, proof: str) -> HttpResponse:
    try:
        seen = tracking.track(code, proof, address=client_address(request), now=timezone.now())
    except tracking.NotFoundError:
        return _written({"detail": str(NOT_FOUND)}, 404)
    except throttle.TooManyTriesError as error:
        response = _written({"detail": wait_of(error.retry_after)}, 429)
        response["Retry-After"] = str(error.retry_after)
        return response
    return _written(as_json(seen))


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _written(data: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(_encoder.encode(data), content_type="application/json", status=status)


def as_json(seen: tracking.TrackingView) -> dict[str, Any]:
    """Return the answer of the API; instants in local time with their offset."""
    linked: dict[str, Any] = {}
    if seen.system_of_record:
        linked["system_of_record"] = seen.system_of_record
    if seen.parent:
        linked["parent"] = _part(seen.parent)
    if seen.parts:
        linked["parts"] = [_part(part) for part in seen.parts]
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
        **linked,
        "timeline": [
            {"at": _instant(entry.at), "label": entry.label, "agency": entry.agency}
            for entry in seen.timeline
        ],
    }


def _part(part: tracking.Part) -> dict[str, Any]:
    return {
        "code": part.code,
        "procedure": part.procedure,
        "agency": part.agency,
        "standing": part.sentence,
        "due_at": _instant(part.due_at),
    }


def _instant(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(LOCAL_ZONE).isoformat() if moment else None
