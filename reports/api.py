"""GET /api/v1/reports/settlement/: table II.06a as JSON, for officers, within what they see."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agencies.access import IsOfficer, scope_for, the_officer
from reports import periods, settlement
from reports.periods import Period, PeriodError
from reports.settlement import FIGURE_NAMES, By, Counted, UnknownAgencyError


class FiguresSerializer(serializers.Serializer[Any]):
    """The columns (3)-(13)."""

    received_total = serializers.IntegerField()
    received_online = serializers.IntegerField()
    received_direct = serializers.IntegerField()
    carried_over = serializers.IntegerField()
    settled_total = serializers.IntegerField()
    settled_early = serializers.IntegerField()
    settled_on_time = serializers.IntegerField()
    settled_late = serializers.IntegerField()
    open_total = serializers.IntegerField()
    open_in_time = serializers.IntegerField()
    open_overdue = serializers.IntegerField()


class SettlementRowSerializer(FiguresSerializer):
    """One agency with only its own dossiers, or one sector; a sector may have no code."""

    code = serializers.CharField(allow_blank=True)
    name = serializers.CharField()


class SettlementSerializer(serializers.Serializer[Any]):
    """Biểu II.06a: its rows and their sum."""

    rows = SettlementRowSerializer(many=True)
    totals = FiguresSerializer()


class SettlementView(APIView):
    """Biểu II.06a/VPCP/KSTT for any local days."""

    permission_classes = [IsAuthenticated, IsOfficer]

    @extend_schema(
        operation_id="report_settlement",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, required=True, description=_("Ngày đầu")),
            OpenApiParameter("to", OpenApiTypes.DATE, required=True, description=_("Ngày cuối")),
            OpenApiParameter("agency", OpenApiTypes.STR, description=_("Mã cơ quan")),
            OpenApiParameter("by", OpenApiTypes.STR, enum=[by.value for by in By]),
            OpenApiParameter(
                "place",
                OpenApiTypes.STR,
                enum=[each.value for each in Counted],
                description=_("Tính theo cơ quan giải quyết (mặc định) hay nơi tiếp nhận"),
            ),
        ],
        responses=SettlementSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the rows and the totals; 400 names the field, an agency out of sight is 404."""
        period, by, counted = _asked(request)
        in_sight = settlement.agencies_in_sight(scope_for(request))
        code = request.query_params.get("agency", "")
        try:
            agency = settlement.agency_asked(code, in_sight, the_officer(request).agency)
        except UnknownAgencyError as error:
            raise NotFound from error
        report = settlement.count(
            period,
            agency=agency,
            in_sight=in_sight,
            by=by,
            today=timezone.localdate(),
            counted=counted,
        )
        return Response(
            {
                "rows": [
                    {"code": row.code, "name": row.name, **row.figures.as_dict()}
                    for row in report.rows
                ],
                "totals": report.totals.as_dict(),
            }
        )


def _asked(request: Request) -> tuple[Period, By, Counted]:
    """Return the period, the grouping and where dossiers are counted.

    Raises ValidationError naming every wrong field.
    """
    errors: dict[str, list[str]] = {}
    days = {}
    for name in ("from", "to"):
        text = request.query_params.get(name, "")
        try:
            days[name] = periods.parse_day(text)
        except PeriodError as error:
            errors[name] = [str(error) if text else _("Trường này là bắt buộc.")]
    by = By.SECTOR
    try:
        by = By(request.query_params.get("by") or By.SECTOR)
    except ValueError:
        errors["by"] = [_("Chỉ nhận sector hoặc agency.")]
    counted = Counted.SETTLING
    try:
        counted = Counted(request.query_params.get("place") or Counted.SETTLING)
    except ValueError:
        errors["place"] = [_("Chỉ nhận settling hoặc receiving.")]
    period = None
    if len(days) == 2:
        try:
            period = periods.free(days["from"], days["to"])
        except PeriodError as error:
            errors["to"] = [str(error)]
    if errors or period is None:
        raise ValidationError(errors)
    return period, by, counted


if tuple(FiguresSerializer._declared_fields) != FIGURE_NAMES:
    raise AssertionError("the answer of the API is not the figures that are counted")
