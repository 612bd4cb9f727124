"""The API's key: name and password for a bearer token."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api_fields import TextField
from accounts.signing_in import check_password
from accounts.tries import TooManyTriesError


class CredentialsSerializer(serializers.Serializer[Any]):
    username = TextField(max_length=150)
    password = TextField(max_length=200, trim_whitespace=False)


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()


class WaitError(APIException):
    """429 with Retry-After, which DRF writes from `wait`."""

    status_code = 429
    default_code = "throttled"

    def __init__(self, wait: int) -> None:
        super().__init__(_("Đã thử sai nhiều lần, xin chờ rồi thử lại."))
        self.wait = wait


class TokenEndpoint(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="token_create",
        request=CredentialsSerializer,
        responses={
            200: TokenSerializer,
            400: OpenApiResponse(description="{detail, errors: {field: [text]}}"),
            401: OpenApiResponse(description="{detail}"),
            429: OpenApiResponse(description="{detail}"),
        },
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Đổi tên đăng nhập và mật khẩu lấy khoá truy cập."""
        asked = CredentialsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            user = check_password(request._request, **asked.validated_data)
        except TooManyTriesError as error:
            raise WaitError(error.retry_after) from None
        if user is None:
            raise AuthenticationFailed(_("Tên đăng nhập hoặc mật khẩu không đúng."))
        _instance, token = AuthToken.objects.create(user)
        return Response({"token": token})

    def get_authenticate_header(self, request: Request) -> str:
        """Answer a wrong password with 401: without a scheme DRF makes it 403."""
        return "Bearer"
