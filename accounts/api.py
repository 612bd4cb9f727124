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

from accounts import events, second_factor
from accounts.api_fields import TextField
from accounts.models import User
from accounts.signing_in import check_code, check_password
from accounts.tries import TooManyTriesError


class CredentialsSerializer(serializers.Serializer[Any]):
    username = TextField(max_length=150)
    password = TextField(max_length=200, trim_whitespace=False)
    # Of an account with a second factor: six digits of the app, or a recovery code.
    code = TextField(max_length=40, required=False, allow_blank=True, default="")


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
        given = asked.validated_data
        try:
            user = check_password(request._request, given["username"], given["password"])
            if user is None:
                raise AuthenticationFailed(_("Tên đăng nhập hoặc mật khẩu không đúng."))
            if second_factor.is_set_up(user):
                self._check_code(request, user, given["code"])
        except TooManyTriesError as error:
            raise WaitError(error.retry_after) from None
        _instance, token = AuthToken.objects.create(user)
        events.record(events.Kind.TOKEN_MADE, user, request=request._request)
        return Response({"token": token})

    def _check_code(self, request: Request, user: User, code: str) -> None:
        if not code:
            raise AuthenticationFailed(
                _("Tài khoản có xác thực hai lớp: gửi thêm trường code (mã của ứng dụng).")
            )
        if not check_code(request._request, user, code):
            raise AuthenticationFailed(_("Mã không đúng, đã hết hạn hoặc đã dùng rồi."))

    def get_authenticate_header(self, request: Request) -> str:
        """Answer a wrong password with 401: without a scheme DRF makes it 403."""
        return "Bearer"
