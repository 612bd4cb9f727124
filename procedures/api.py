"""The catalogue for other systems: open to all, not throttled."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from procedures.models import LimitUnit, Procedure, ProcedureVersion
from procedures.sheet import first_sector, version_rows

PAGE_SIZE = 50
_LAST_CURSOR = 100_000  # more than the country has procedures


class CaseSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    unit = serializers.ChoiceField(LimitUnit.choices)


class ProcedureSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True, help_text="Lĩnh vực thứ nhất.")
    offered = serializers.BooleanField(help_text="Tỉnh có tiếp nhận thủ tục này.")
    cases = CaseSerializer(many=True)


class ProcedurePageSerializer(serializers.Serializer[Any]):
    results = ProcedureSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class InvalidSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )


class ProcedureList(APIView):
    """Danh mục thủ tục: found by code or by words, best match first."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    @extend_schema(
        operation_id="procedures_list",
        parameters=[
            OpenApiParameter(
                "q", OpenApiTypes.STR, description="Mã hoặc đầu mã, hoặc từ không dấu."
            ),
            OpenApiParameter(
                "cursor", OpenApiTypes.STR, description="Lấy từ next của trang trước."
            ),
        ],
        responses={200: ProcedurePageSerializer, 400: InvalidSerializer},
        auth=[],
    )
    def get(self, request: Request) -> Response:
        """Return one page. Runs four queries."""
        start = _start(request.query_params.get("cursor", ""))
        today = timezone.localdate()
        found = (
            Procedure.objects.public()
            .search(request.query_params.get("q", ""), today=today)
            .with_version(today)
        )
        page = list(found[start : start + PAGE_SIZE + 1])
        has_more = len(page) > PAGE_SIZE
        page = page[:PAGE_SIZE]
        versions = version_rows([procedure.version_id_now for procedure in page])
        results = [
            {
                "code": procedure.code,
                "name": procedure.name,
                "sector": first_sector(versions.get(procedure.version_id_now)),
                "offered": procedure.is_offered,
                "cases": _cases(versions.get(procedure.version_id_now)),
            }
            for procedure in page
        ]
        next_url = _next_url(request._request, start + PAGE_SIZE) if has_more else None
        return Response({"results": results, "next": next_url})


def _start(cursor: str) -> int:
    """Return where the page begins; raise ValidationError for a cursor that is none of ours."""
    if not cursor:
        return 0
    if not re.fullmatch(r"\d{1,6}", cursor, re.ASCII) or int(cursor) > _LAST_CURSOR:
        raise serializers.ValidationError({"cursor": [_("Vị trí trang không hợp lệ.")]})
    return int(cursor)


def _cases(version: ProcedureVersion | None) -> list[dict[str, Any]]:
    if version is None:
        return []
    return [
        {"code": case.code, "value": _number(case.limit_value), "unit": case.limit_unit}
        for case in version.cases.all()
    ]


def _number(value: Decimal | None) -> int | float | None:
    """Return 5 for 5.000 and 7.5 for 7.500: JSON has no decimals of its own."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _next_url(request: HttpRequest, start: int) -> str:
    params: QueryDict = request.GET.copy()
    params["cursor"] = str(start)
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")
