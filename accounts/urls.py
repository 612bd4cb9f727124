"""Addresses of signing in and out, of one's own account, and of the API's token."""

from django.urls import path

from accounts import account_views, api, views

urlpatterns = [
    path("dang-nhap/", views.sign_in, name="sign-in"),
    path("dang-nhap/buoc-hai/", views.sign_in_second, name="sign-in-second"),
    path("dang-xuat/", views.sign_out, name="sign-out"),
    path("dat-mat-khau/<uidb64>/<token>/", views.set_password, name="set-password"),
    path("tai-khoan/", account_views.account, name="account"),
    path("tai-khoan/xac-nhan/", account_views.confirm, name="account-confirm"),
    path("tai-khoan/mat-khau/", account_views.change_password, name="account-password"),
    path("tai-khoan/ung-dung/", account_views.add_app, name="account-app"),
    path("tai-khoan/passkey/", account_views.add_passkey, name="account-passkey"),
    path("tai-khoan/yeu-to/<int:pk>/bo/", account_views.remove_factor, name="account-factor"),
    path("tai-khoan/ma-du-phong/", account_views.new_codes, name="account-codes"),
    path("tai-khoan/phien/ket-thuc/", account_views.end_session, name="account-session-end"),
    path("tai-khoan/khoa-api/thu-hoi/", account_views.end_token, name="account-token-end"),
]

api_urlpatterns = [path("token/", api.TokenEndpoint.as_view(), name="api-token")]
