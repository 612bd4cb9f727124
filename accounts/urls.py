"""Addresses of signing in and out, and of the API's token."""

from django.urls import path

from accounts import api, views

urlpatterns = [
    path("dang-nhap/", views.sign_in, name="sign-in"),
    path("dang-xuat/", views.sign_out, name="sign-out"),
]

api_urlpatterns = [path("token/", api.TokenEndpoint.as_view(), name="api-token")]
