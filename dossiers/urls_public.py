"""Addresses open to everybody: home, look-up, the receipt's QR; the API's look-up apart."""

from django.urls import path

from dossiers.api_tracking import TrackingEndpoint
from dossiers.views import surveys, tracking

urlpatterns = [
    path("", tracking.home, name="home"),
    path("tra-cuu/", tracking.dossier_track, name="dossier-track"),
    path("tra-cuu/ket-qua/", tracking.dossier_track_result, name="dossier-track-result"),
    path("q/<str:token>/", tracking.dossier_by_qr, name="dossier-by-qr"),
    path("ks/<str:token>/", surveys.survey_answer, name="survey-answer"),
]

api_urlpatterns = [path("tracking/", TrackingEndpoint.as_view(), name="api-tracking")]
