"""Addresses: include() lines and what belongs to no app."""

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.urls import include, path
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from accounts.urls import api_urlpatterns as accounts_api
from dossiers.urls import api_urlpatterns as dossiers_api
from dossiers.urls_public import api_urlpatterns as tracking_api
from motcua.guide import guide, guide_picture
from motcua.health import healthz
from procedures.urls import api_urlpatterns as procedures_api
from reports.urls import api_urlpatterns as reports_api

api_urlpatterns = [
    *accounts_api,
    *dossiers_api,
    *tracking_api,
    *procedures_api,
    *reports_api,
]

urlpatterns = [
    # First, so that the API need not be told apart from every page of the portal.
    path("api/v1/", include(api_urlpatterns)),
    path("", include("dossiers.urls_public")),
    path("", include("accounts.urls")),
    path("", include("agencies.urls")),
    path("", include("dossiers.urls_office")),
    path("", include("procedures.urls")),
    path("", include("reports.urls")),
    path("huong-dan/", guide, name="guide-home"),
    path("huong-dan/hinh/<str:name>", guide_picture, name="guide-picture"),
    path("huong-dan/<slug:name>/", guide, name="guide"),
    path("healthz", healthz, name="health"),
    path("quan-tri/", admin.site.urls),
    path(
        "thiet-ke/",
        staff_member_required(TemplateView.as_view(template_name="design.html")),
        name="design",
    ),
    path(
        "api/schema/",
        SpectacularAPIView.as_view(permission_classes=[AllowAny]),
        name="api-schema",
    ),
]

handler400 = "motcua.api_errors.bad_request"
handler403 = "motcua.api_errors.permission_denied"
handler404 = "motcua.api_errors.not_found"
handler500 = "motcua.api_errors.server_error"
