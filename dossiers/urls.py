"""Addresses of the API on dossiers; the pages have theirs beside their audience."""

from django.urls import path

from dossiers import api
from dossiers.api_clock import DossierClock

api_urlpatterns = [
    path("dossiers/", api.DossierList.as_view(), name="api-dossier-list"),
    path("dossiers/<str:code>/", api.DossierDetail.as_view(), name="api-dossier-detail"),
    path("dossiers/<str:code>/acts/", api.DossierActs.as_view(), name="api-dossier-acts"),
    path("dossiers/<str:code>/clock/", DossierClock.as_view(), name="api-dossier-clock"),
    path("dossiers/<str:code>/papers/", api.DossierPapers.as_view(), name="api-dossier-papers"),
    path(
        "dossiers/<str:code>/papers/<int:pk>.pdf",
        api.DossierPaper.as_view(),
        name="api-dossier-paper",
    ),
    path("due-date/", api.DueDate.as_view(), name="api-due-date"),
]
