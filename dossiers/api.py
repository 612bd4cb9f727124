"""The officers' API: log a submission, read dossiers, do acts; and the public due-date calculator.

Thin: find (through `visible_to`), validate, act, answer. Instants are ISO 8601 with +07:00, `*_on`
is the local date.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotFound,
    PermissionDenied,
    ValidationError,
)
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_fields import UNPRINTABLE, LineField, LinesField, PhoneField, is_printable
from agencies.access import IsOfficer, scope_for, the_officer
from agencies.calendars import calendar_of
from agencies.models import Agency
from dossiers import deadlines, idempotency, pages
from dossiers.act_forms import ACT_FORMS, ActForm
from dossiers.deadlines import Limit, LimitError, Unit
from dossiers.fees import Ledger
from dossiers.models import (
    ActProposal,
    Dossier,
    DossierDocument,
    IdKind,
    OwnerKind,
    ReadingWay,
    Seal,
    Signature,
)
from dossiers.opening import OpeningError, places_named, version_for
from dossiers.paper_files import ensure_rendered
from dossiers.readings import note_reading
from dossiers.recording import ActDataError, StaleVersionError, acts_to_propose, open_acts
from dossiers.services.intake import Paper, Person, Submission, log_submission
from dossiers.workflow import Act, IllegalTransitionError, State
from procedures.models import Channel

if TYPE_CHECKING:
    from rest_framework.request import Request

    from agencies.models import Officer
    from dossiers.models import DossierQuerySet


MAX_PAPERS = 200


class ConflictError(APIException):
    """The act is not open to this officer now, or the dossier moved on: 409 with what is open."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = gettext_lazy("Hành vi này chưa thực hiện được.")


def local_iso(instant: dt.datetime | None) -> str | None:
    """Write an instant as the API does: ISO 8601 in local time with its offset."""
    return timezone.localtime(instant).isoformat() if instant else None


class InstantField(serializers.DateTimeField):
    """An instant; without an offset it is local time. Years outside 1990-2199 are typing errors."""

    def to_internal_value(self, value: Any) -> dt.datetime:
        try:
            instant: dt.datetime = super().to_internal_value(value)
            local = timezone.localtime(instant)
        except (OverflowError, ValueError) as error:
            raise serializers.ValidationError(_("Thời điểm không hợp lệ.")) from error
        if not 1990 <= local.year <= 2199:
            raise serializers.ValidationError(_("Năm phải từ 1990 đến 2199."))
        return instant


class ApplicantSerializer(serializers.Serializer[Person]):
    name = LineField(max_length=200)
    kind = serializers.ChoiceField(choices=OwnerKind.choices)
    personal_id = LineField(max_length=30)
    id_kind = serializers.ChoiceField(choices=IdKind.choices, required=False)
    phone = PhoneField(max_length=30, required=False, allow_blank=True)
    address = LineField(max_length=300, required=False, allow_blank=True)


class RepresentativeSerializer(serializers.Serializer[Person]):
    name = LineField(max_length=200)
    personal_id = LineField(max_length=30)
    phone = PhoneField(max_length=30, required=False, allow_blank=True)


class PaperSerializer(serializers.Serializer[Paper]):
    name = LineField(max_length=2000)
    kind = serializers.ChoiceField(choices=DossierDocument.Kind.choices, required=False)
    quantity = serializers.IntegerField(min_value=1, max_value=999, required=False)


class SubmissionSerializer(serializers.Serializer[Submission]):
    """What `POST /api/v1/dossiers/` takes."""

    procedure = LineField(max_length=40)
    case = LineField(max_length=40, required=False, allow_null=True)
    channel = serializers.ChoiceField(choices=Channel.choices)
    agency = LineField(max_length=20, required=False, allow_null=True)
    object_agency = LineField(max_length=20, required=False, allow_null=True)
    supporting_agency = LineField(max_length=20, required=False, allow_null=True)
    collecting_agency = LineField(max_length=20, required=False, allow_null=True)
    national_code = LineField(max_length=40, required=False, allow_null=True)
    applicant = ApplicantSerializer()
    representative = RepresentativeSerializer(required=False, allow_null=True)
    papers = PaperSerializer(many=True, required=False, allow_null=True)
    received_at = InstantField(required=False, allow_null=True)
    reason = LinesField(max_length=500, required=False, allow_blank=True, allow_null=True)
    due_on = serializers.DateField(required=False, allow_null=True)

    def validate_papers(self, papers: list[Any] | None) -> list[Any] | None:
        if papers and len(papers) > MAX_PAPERS:
            raise serializers.ValidationError(
                _("Nhiều nhất %(count)s giấy tờ.") % {"count": MAX_PAPERS}
            )
        return papers


class LoggedSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    tracking_code = serializers.CharField()
    state = serializers.CharField()
    national_status = serializers.IntegerField()
    due_at = serializers.DateTimeField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)


class EventSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    act = serializers.CharField()
    from_state = serializers.CharField(allow_null=True)
    to_state = serializers.CharField()
    actor_role = serializers.CharField()
    agency = serializers.CharField()
    reason = serializers.CharField()
    clock_effect = serializers.CharField()


class DossierSummarySerializer(serializers.Serializer[Any]):
    code = serializers.CharField(allow_null=True)
    state = serializers.CharField()
    national_status = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField()
    received_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    holder = serializers.CharField()


class PartSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    procedure = serializers.CharField()
    agency = serializers.CharField()
    state = serializers.CharField()
    due_at = serializers.DateTimeField(allow_null=True)


class ProposalSerializer(serializers.Serializer[Any]):
    act = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    role = serializers.CharField()
    at = serializers.DateTimeField()
    given = serializers.DictField()


class MoneySerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    left_vnd = serializers.IntegerField()
    paid_vnd = serializers.IntegerField()
    exempt_vnd = serializers.IntegerField()
    refund_vnd = serializers.IntegerField()


class DossierSerializer(DossierSummarySerializer):
    receiving_agency = serializers.CharField()
    supporting_agency = serializers.CharField(allow_null=True)
    object_agency = serializers.CharField(allow_null=True)
    competent_agency = serializers.CharField()
    collecting_agency = serializers.CharField()
    national_code = serializers.CharField(allow_null=True)
    system_of_record = serializers.CharField(allow_null=True)
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    parts = PartSerializer(many=True)
    payment = MoneySerializer(allow_null=True)
    allowed = serializers.ListField(child=serializers.CharField())
    may_ask = serializers.ListField(child=serializers.CharField())
    asked = ProposalSerializer(many=True)
    events = EventSerializer(many=True)


class DossierPageSerializer(serializers.Serializer[Any]):
    results = DossierSummarySerializer(many=True)
    next = serializers.URLField(allow_null=True)


class SlipSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    number = serializers.CharField()
    form = serializers.CharField()
    created_at = serializers.DateTimeField()
    url = serializers.URLField()


class ErrorSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()


class FieldErrorSerializer(ErrorSerializer):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `errors` is a property of every serializer, so it cannot be declared as an attribute.
        texts = serializers.ListField(child=serializers.CharField())
        return {**super().get_fields(), "errors": serializers.DictField(child=texts)}


class ConflictSerializer(ErrorSerializer):
    allowed = serializers.ListField(child=serializers.CharField())


class ActSerializer(serializers.Serializer[Any]):
    """What an act takes; which of the optional fields it reads stands in docs/api.md."""

    act = serializers.ChoiceField(choices=Act.choices)
    version = serializers.IntegerField(min_value=0)
    reason = serializers.CharField(required=False, allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True)
    assignee = serializers.CharField(required=False, help_text="username (assign)")
    items = serializers.ListField(child=serializers.CharField(), required=False)
    papers = serializers.ListField(child=serializers.CharField(), required=False)
    reply_by = serializers.DateField(required=False)
    due_on = serializers.DateField(required=False)
    result_number = serializers.CharField(required=False, allow_blank=True)
    receiver = serializers.CharField(required=False, allow_blank=True)
    proof = serializers.CharField(required=False)
    channel = serializers.CharField(required=False)
    fees_taken = serializers.BooleanField(required=False)
    receipt_number = serializers.CharField(required=False, allow_blank=True)
    agency = serializers.CharField(required=False, help_text="code (redirect, consult)")
    question = serializers.CharField(required=False)
    answer_by = serializers.DateField(required=False)
    answer = serializers.CharField(required=False)
    late_accepted = serializers.BooleanField(required=False)
    amount_vnd = serializers.IntegerField(required=False, min_value=1)
    name = serializers.CharField(required=False, allow_blank=True)
    payee = serializers.CharField(required=False)
    notice_number = serializers.CharField(required=False, allow_blank=True)
    pay_by = serializers.DateField(required=False)
    exempt_reason = serializers.CharField(required=False, allow_blank=True)
    is_served = serializers.BooleanField(required=False)
    served_on = serializers.DateField(required=False)
    refunds = serializers.ChoiceField(choices=["yes", "no"], required=False)
    signer = serializers.CharField(required=False, help_text="username (settle_at_once)")
    signature = serializers.ChoiceField(choices=Signature.choices, required=False)
    seal = serializers.ChoiceField(choices=Seal.choices, required=False)
    legal_basis = serializers.CharField(required=False)
    resume_expected = serializers.DateField(required=False)
    new_due_on = serializers.DateField(required=False)
    reference = serializers.CharField(required=False)
    to = serializers.ChoiceField(choices=State.choices, required=False)
    asked = serializers.CharField(required=False, help_text="act (decline, retract)")


ERRORS = {
    400: FieldErrorSerializer,
    401: ErrorSerializer,
    403: ErrorSerializer,
    404: ErrorSerializer,
}
_KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="Một khoá cho mỗi lần ghi nhận; gửi lại cùng khoá được cùng câu trả lời.",
)  # fmt: skip


class DossierList(APIView):
    """Log a submission (POST) and list what is in sight (GET)."""

    permission_classes = [IsOfficer]

    @extend_schema(
        operation_id="dossier_log",
        request=SubmissionSerializer,
        parameters=[_KEY],
        responses={201: LoggedSerializer, 409: ErrorSerializer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Ghi nhận và tiếp nhận một hồ sơ: T03 (online: T02) and T04 in one transaction."""
        officer = the_officer(request)
        key = _idempotency_key(request)
        digest = idempotency.body_digest(request.data)
        try:
            answer = idempotency.saved_answer(officer.user_id, key, digest)
            if answer is None:
                answer = idempotency.once(
                    officer.user_id, key, digest, lambda: _log(request.data, officer)
                )
        except idempotency.KeyReusedError:
            raise ConflictError(_("Khoá chống lặp đã dùng cho một nội dung khác.")) from None
        return Response(dict(answer), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="dossier_list",
        parameters=[
            OpenApiParameter("overdue", OpenApiTypes.STR, enum=["0", "1"]),
            OpenApiParameter(
                "agency", OpenApiTypes.STR, description="cơ quan giải quyết và các đơn vị dưới nó"
            ),
            OpenApiParameter("cursor", OpenApiTypes.STR),
        ],
        responses={200: DossierPageSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Danh sách hồ sơ trong tầm nhìn, theo hạn; `overdue=1` chỉ hồ sơ quá hạn chưa dừng."""
        dossiers = Dossier.objects.visible_to(scope_for(request)).for_list()
        overdue = request.query_params.get("overdue", "0")
        if overdue not in {"0", "1", ""}:
            raise ValidationError({"overdue": [_("Chỉ nhận 0 hoặc 1.")]})
        if overdue == "1":
            dossiers = dossiers.overdue(timezone.now())
        if code := request.query_params.get("agency"):
            dossiers = dossiers.filter(
                competent_agency__in=Agency.objects.at_or_below(_agency(code))
            )
        try:
            rows, cursor = pages.page_of(dossiers, request.query_params.get("cursor", ""))
        except pages.CursorError:
            raise ValidationError({"cursor": [_("Con trỏ trang không hợp lệ.")]}) from None
        return Response(
            {
                "results": [summary(row) for row in rows],
                "next": next_url(request, cursor),
            }
        )


class DossierDetail(APIView):
    permission_classes = [IsOfficer]

    @extend_schema(responses={200: DossierSerializer, **ERRORS})
    def get(self, request: Request, code: str) -> Response:
        """Một hồ sơ với lịch sử của nó; lượt xem được ghi lại."""
        dossier, officer = dossier_in_sight(request, code)
        note_reading(dossier, by=officer, way=ReadingWay.API)
        return Response(detail(dossier, officer))


class DossierPapers(APIView):
    permission_classes = [IsOfficer]

    @extend_schema(
        operation_id="dossier_papers", responses={200: SlipSerializer(many=True), **ERRORS}
    )
    def get(self, request: Request, code: str) -> Response:
        """Giấy tờ phát hành của một hồ sơ; lượt xem được ghi lại."""
        dossier, officer = dossier_in_sight(request, code)
        note_reading(dossier, by=officer, way=ReadingWay.API)
        return Response(
            [
                {
                    "kind": slip.kind,
                    "number": str(slip.number),
                    "form": slip.form,
                    "created_at": local_iso(slip.issued_at),
                    "url": request.build_absolute_uri(
                        reverse("api-dossier-paper", args=[dossier.public_code, slip.pk])
                    ),
                }
                for slip in dossier.slips.all()
            ]
        )


class AnyAccept(BaseContentNegotiation):
    """What is served has one form, whatever the caller says it accepts; errors stay JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class DossierPaper(APIView):
    permission_classes = [IsOfficer]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="dossier_paper",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **ERRORS},
    )
    def get(self, request: Request, code: str, pk: int) -> HttpResponse:
        """Bản PDF của một giấy tờ, cho người được xem hồ sơ; lượt xem được ghi lại."""
        dossier, officer = dossier_in_sight(request, code)
        slip = dossier.slips.filter(pk=pk).first() if pk < 2**63 else None
        if slip is None:
            raise NotFound
        note_reading(dossier, by=officer, way=ReadingWay.PAPER)
        return pdf_response(ensure_rendered(slip), f"{slip.kind}-{slip.number}.pdf")


class DossierActs(APIView):
    permission_classes = [IsOfficer]

    @extend_schema(
        request=ActSerializer,
        responses={200: DossierSerializer, 409: ConflictSerializer, **ERRORS},
    )
    def post(self, request: Request, code: str) -> Response:
        """Thực hiện một hành vi trên hồ sơ."""
        dossier, officer = dossier_in_sight(request, code)
        data = request.data
        if not isinstance(data, dict):
            raise ValidationError({"act": [_("Hãy nêu hành vi.")]})
        try:
            act = Act(data["act"]) if isinstance(data.get("act"), str) else None
        except ValueError:
            act = None
        if act is None:
            raise ValidationError({"act": [_("Không có hành vi này.")]})
        allowed = open_acts(dossier, officer)
        if act not in {*allowed, *acts_to_propose(dossier, officer)} or act not in ACT_FORMS:
            raise conflict(_("Hành vi này chưa thực hiện được ở trạng thái hiện tại."), allowed)
        version = data.get("version")
        if version is None:
            raise ValidationError({"version": [_("Hãy gửi phiên bản hồ sơ đang xem.")]})
        if not isinstance(version, int) or isinstance(version, bool):
            raise ValidationError({"version": [_("Phiên bản là một số nguyên.")]})
        if version != dossier.event_count:
            raise conflict(_("Hồ sơ đã thay đổi, hãy xem lại trước khi làm tiếp."), allowed)
        form = ACT_FORMS[act](dossier, act_data(ACT_FORMS[act](dossier), data))
        if not form.is_valid():
            raise ValidationError(
                {name: [str(text) for text in texts] for name, texts in form.errors.items()}
            )
        try:
            dossier = form.perform(by=officer, version=version)
        except ActDataError as error:
            raise ValidationError({name: [text] for name, text in error.errors.items()}) from error
        except (StaleVersionError, IllegalTransitionError) as error:
            # Somebody was faster between our look and the lock.
            now, _officer = dossier_in_sight(request, code)
            raise conflict(
                _("Hồ sơ vừa được người khác xử lý."), open_acts(now, officer)
            ) from error
        return Response(detail(dossier, officer))


class DueDate(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        parameters=[
            OpenApiParameter("received_at", OpenApiTypes.DATETIME, required=True),
            OpenApiParameter("value", OpenApiTypes.STR),
            OpenApiParameter(
                "unit", OpenApiTypes.STR, required=True,
                enum=[unit.value for unit in Unit if unit is not Unit.OTHER],
            ),
        ],
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, description="due_at, due_on, days"),
            400: FieldErrorSerializer,
        },
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Tính ngày hẹn trả theo lịch của tỉnh, giải thích từng ngày."""
        asked = request.query_params
        missing: dict[str, list[str]] = {}
        if not asked.get("received_at"):
            missing["received_at"] = [_("Hãy nêu thời điểm tiếp nhận.")]
        if not asked.get("unit"):
            missing["unit"] = [_("Hãy nêu đơn vị thời hạn.")]
        if missing:
            raise ValidationError(missing)
        # A plus sign in an address means a blank to every form parser; "+07:00" is what was meant.
        received_at = _field(InstantField(), "received_at", asked["received_at"].replace(" ", "+"))
        unit = asked["unit"]
        if unit not in {u.value for u in Unit if u is not Unit.OTHER}:
            raise ValidationError({"unit": [_("Đơn vị thời hạn không hợp lệ.")]})
        value = asked.get("value") or None
        if unit in {Unit.SAME_DAY, Unit.NONE} and value is not None:
            _field(serializers.DecimalField(max_digits=12, decimal_places=4), "value", value)
        try:
            limit = Limit.parse(value, unit)
            told = deadlines.explain(limit, received_at, calendar_of())
        except LimitError as error:
            raise ValidationError({error.field: [error.message]}) from error
        return Response(
            {
                "due_at": local_iso(told.due_at),
                "due_on": told.due_on.isoformat() if told.due_on else None,
                "provisional": told.provisional,
                "days": days(told),
            }
        )


def days(told: deadlines.Explanation) -> list[dict[str, Any]]:
    """Write the days of an explanation as the API does."""
    return [
        {
            "date": day.date.isoformat(),
            "counts": day.counts,
            "why": day.why.value,
            "text": day.text,
        }
        for day in told.days
    ]


def summary(dossier: Dossier) -> dict[str, Any]:
    """Write a dossier as a row of a list."""
    return {
        "code": dossier.code,
        "state": dossier.state,
        "national_status": dossier.national_status,
        "version": dossier.event_count,
        "received_at": local_iso(dossier.received_at),
        "due_at": local_iso(dossier.due_at),
        "due_on": dossier.due_on.isoformat() if dossier.due_on else None,
        "holder": dossier.holder_agency.name,
    }


def detail(dossier: Dossier, officer: Officer) -> dict[str, Any]:
    """Write a dossier whole. Runs one query for its events, and one for the parts of a chain."""
    return {
        **summary(dossier),
        "receiving_agency": dossier.receiving_agency.code,
        "supporting_agency": _code_of(dossier.supporting_agency),
        "object_agency": _code_of(dossier.object_agency),
        "competent_agency": dossier.competent_agency.code,
        "collecting_agency": dossier.collecting_place.code,
        "national_code": dossier.national_code or None,
        "system_of_record": dossier.version.system_of_record or None,
        "parent": dossier.parent.public_code if dossier.parent else None,
        "parts": _parts(dossier),
        "payment": _payment(dossier),
        "allowed": [act.value for act in open_acts(dossier, officer) if act in ACT_FORMS],
        "may_ask": [act.value for act in acts_to_propose(dossier, officer)],
        "asked": _asked(dossier),
        "events": [
            {
                "seq": event.seq,
                "at": local_iso(event.at),
                "recorded_at": local_iso(event.recorded_at),
                "act": event.act,
                "from_state": event.from_state or None,
                "to_state": event.to_state,
                "actor_role": event.actor_role,
                "agency": event.agency.code,
                "reason": event.reason,
                "clock_effect": event.clock_effect,
            }
            for event in dossier.events.select_related("agency").order_by("seq")
        ],
    }


def _payment(dossier: Dossier) -> dict[str, Any] | None:
    """Write what is owed, was received and goes back; None, unasked, where nothing ever was due."""
    if dossier.payment_state == "none":
        return None
    ledger = Ledger(dossier)
    return {
        "state": dossier.payment_state,
        "left_vnd": int(ledger.left_vnd),
        "paid_vnd": int(sum(fee.paid_vnd for fee in ledger.fees)),
        "exempt_vnd": int(sum(fee.exempt_vnd for fee in ledger.fees)),
        "refund_vnd": int(ledger.refund_vnd),
    }


def _code_of(agency: Agency | None) -> str | None:
    return agency.code if agency else None


def _asked(dossier: Dossier) -> list[dict[str, Any]]:
    """Write what waits for a decision, as it was filled in; asks only where something does."""
    if not dossier.asked:
        return []
    waiting = dossier.proposals.filter(outcome=ActProposal.Outcome.OPEN)
    return [
        {
            "act": row.act,
            "by": row.asked_by.full_name if row.asked_by else None,
            "role": row.asked_event.actor_role,
            "at": local_iso(row.asked_event.at),
            "given": row.given,
        }
        for row in waiting.select_related("asked_by", "asked_event").order_by("pk")
    ]


def _parts(dossier: Dossier) -> list[dict[str, Any]]:
    if not dossier.is_chain:
        return []
    parts = dossier.parts.select_related("procedure", "competent_agency").order_by("link__position")
    return [
        {
            "code": part.code,
            "procedure": part.procedure.code,
            "agency": part.competent_agency.code,
            "state": part.state,
            "due_at": local_iso(part.due_at),
        }
        for part in parts
    ]


def conflict(text: str, allowed: list[Act]) -> ConflictError:
    error = ConflictError(text)
    error.detail = {
        "detail": ErrorDetail(text, code="conflict"),
        "allowed": [ErrorDetail(act.value) for act in allowed],
    }
    return error


def next_url(request: Request, cursor: str | None) -> str | None:
    """Return the URL of the next page, None on the last."""
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def pdf_response(content: bytes, name: str) -> HttpResponse:
    """Answer a PDF for one pair of eyes: shown in the page, kept by no cache."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def act_data(form: ActForm, data: dict[str, Any]) -> dict[str, Any]:
    """Return what a form reads of a JSON body; text fields take only text, truth only truth."""
    taken: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, field in form.fields.items():
        value = data.get(name)
        if value is None:
            continue
        kind = type(field).__name__
        wanted: type | tuple[type, ...] = (
            bool
            if kind == "BooleanField"
            else (list, str)
            if kind == "LinesField"
            else (int, str)
            if kind == "DecimalField"
            else str
        )
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            errors[name] = [_("Kiểu dữ liệu không đúng.")]
        elif not _all_printable(field, value):
            errors[name] = [str(UNPRINTABLE)]
        else:
            taken[name] = value
    if errors:
        raise ValidationError(errors)
    return taken


def _all_printable(field: forms.Field, value: Any) -> bool:
    """Tell whether the text, or each text of the list, may be in the field."""
    lines = isinstance(field.widget, forms.Textarea)
    texts = value if isinstance(value, list) else [value]
    return all(is_printable(text.strip(), lines=lines) for text in texts if isinstance(text, str))


def _field(field: serializers.Field[Any, Any, Any, Any], name: str, value: Any) -> Any:
    try:
        return field.run_validation(value)
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key or len(key) > idempotency.KEY_LENGTH or not key.isprintable():
        raise ValidationError(
            {"Idempotency-Key": [_("Hãy gửi tiêu đề Idempotency-Key, tối đa 200 ký tự.")]}
        )
    return key


def _agency(code: str) -> Agency:
    # Which agencies there are is public; which dossiers are seen is decided by `visible_to`.
    agency = Agency.objects.with_code(code).first() if len(code) <= 20 else None
    if agency is None:
        raise ValidationError({"agency": [_("Không có cơ quan mang mã này.")]})
    return agency


def dossier_in_sight(request: Request, code: str) -> tuple[Dossier, Officer]:
    """Return the dossier by its code and who asks; Http404 for what the officer may not see."""
    officer = the_officer(request)
    seen: DossierQuerySet = Dossier.objects.visible_to(scope_for(request)).for_page().opened_now()
    dossier = seen.with_public_code(code).first() if len(code) <= 40 else None
    if dossier is None:
        raise Http404
    return dossier, officer


def _log(data: Any, officer: Officer) -> dict[str, Any]:
    """Validate a body and log it; raises ValidationError naming each wrong field."""
    serializer = SubmissionSerializer(data=data)
    serializer.is_valid(raise_exception=True)
    given = serializer.validated_data
    on = timezone.localdate(given.get("received_at") or timezone.now())
    try:
        places = places_named(
            on=on,
            competent=given.get("agency") or "",
            object=given.get("object_agency") or "",
            supporting=given.get("supporting_agency") or "",
            collecting=given.get("collecting_agency") or "",
        )
        chosen = version_for(
            given["procedure"],
            on=on,
            officer=officer,
            case=given.get("case") or "",
            places=places,
        )
        if chosen.lacks_object:
            raise OpeningError("object_agency", _("Hãy nêu xã, phường nơi có đối tượng."))
        dossier = log_submission(
            Submission(
                version=chosen.version,
                case=chosen.case,
                channel=given["channel"],
                competent_agency=chosen.competent_agency,
                owner=_person(given["applicant"]),
                representative=_person(given["representative"])
                if given.get("representative")
                else None,
                papers=_papers(given.get("papers")),
                received_at=given.get("received_at"),
                due_on=given.get("due_on"),
                reason=given.get("reason") or "",
                object_agency=places.object,
                supporting_agency=places.supporting,
                collecting_agency=places.collecting,
                national_code=given.get("national_code") or "",
            ),
            by=officer,
        )
    except OpeningError as error:
        raise ValidationError({error.field: [error.message]}) from error
    except ActDataError as error:
        raise ValidationError({name: [text] for name, text in error.errors.items()}) from error
    except IllegalTransitionError as error:
        raise PermissionDenied(_("Chỉ cán bộ tiếp nhận được ghi nhận hồ sơ.")) from error
    return {
        "code": dossier.code,
        "tracking_code": dossier.tracking_code,
        "state": dossier.state,
        "national_status": dossier.national_status,
        "due_at": local_iso(dossier.due_at),
        "due_on": dossier.due_on.isoformat() if dossier.due_on else None,
    }


def _person(given: dict[str, Any]) -> Person:
    kind = given.get("kind", OwnerKind.CITIZEN)
    default = IdKind.TAX_CODE if kind == OwnerKind.ORGANISATION else IdKind.PERSONAL_ID
    return Person(
        name=given["name"],
        kind=kind,
        personal_id=given["personal_id"],
        id_kind=given.get("id_kind") or default,
        phone=given.get("phone") or "",
        address=given.get("address") or "",
    )


def _papers(given: list[dict[str, Any]] | None) -> list[Paper] | None:
    if given is None:
        return None
    return [
        Paper(p["name"], p.get("kind") or DossierDocument.Kind.COPY, p.get("quantity") or 1)
        for p in given
    ]
