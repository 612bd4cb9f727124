"""The catalogue's addresses beside the rest, whether or not the project has included them."""

from django.urls import include, path

from motcua import urls as project
from procedures.urls import api_urlpatterns

urlpatterns = [
    path("", include("procedures.urls")),
    path("api/v1/", include(api_urlpatterns)),
    *project.urlpatterns,
]
handler400 = project.handler400
handler404 = project.handler404
