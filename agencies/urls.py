from django.urls import path

from agencies import staff_views, views

_OFFICER = "can-bo/nguoi/<str:username>/"

urlpatterns = [
    path("uy-quyen/", views.delegation_list, name="delegation-list"),
    path("uy-quyen/them/", views.delegation_add, name="delegation-add"),
    path("uy-quyen/<int:pk>/thu-hoi/", views.delegation_revoke, name="delegation-revoke"),
    path("can-bo/", staff_views.officer_list, name="officer-list"),
    path("can-bo/them/", staff_views.officer_add, name="officer-add"),
    path("can-bo/nhap-csv/", staff_views.officer_import, name="officer-import"),
    path("can-bo/nhat-ky/", staff_views.account_events, name="account-events"),
    path(_OFFICER, staff_views.officer_detail, name="officer-detail"),
    path(f"{_OFFICER}sua/", staff_views.officer_edit, name="officer-edit"),
    path(f"{_OFFICER}mo-lai/", staff_views.officer_reopen, name="officer-reopen"),
    path(f"{_OFFICER}phien/", staff_views.officer_sessions_end, name="officer-sessions-end"),
    path(f"{_OFFICER}vai-tro/", staff_views.role_add, name="officer-role-add"),
    path(f"{_OFFICER}vai-tro/<int:pk>/", staff_views.role_end, name="officer-role-end"),
    path(f"{_OFFICER}mat-khau/", staff_views.password_link, name="officer-password-link"),
    path(f"{_OFFICER}hai-lop/", staff_views.factor_reset, name="officer-factor-reset"),
]
