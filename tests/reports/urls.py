"""The addresses of the project and, until it names them itself, those of the reports."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from motcua.urls import (
    handler400,
    handler403,
    handler404,
    handler500,
)
from motcua.urls import urlpatterns as of_the_project
from reports.urls import api_urlpatterns
from reports.urls import urlpatterns as of_reports

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    *of_the_project,
    *of_reports,
    path("api/v1/", include(api_urlpatterns)),
    path("dang-nhap/", RedirectView.as_view(url="/"), name="sign-in"),
]
