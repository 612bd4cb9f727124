"""Addresses of the officers' pages: the desk, the inbox, dossiers and their acts, the board."""

from django.urls import path

from dossiers.act_forms import ACT_FORMS
from dossiers.next_acts import SEGMENTS
from dossiers.views import desk, processing, supervision
from dossiers.views.rows import act_url_name

urlpatterns = [
    path("bat-dau/", processing.start, name="start"),
    path("tiep-nhan/", desk.desk, name="desk"),
    path("tiep-nhan/thu-tuc/", desk.desk_procedures, name="desk-procedures"),
    path("tiep-nhan/xem-truoc/", desk.desk_preview, name="desk-preview"),
    path("tiep-nhan/cho/", desk.desk_waiting, name="desk-waiting"),
    path("tiep-nhan/da-nhan/<str:code>/", desk.desk_done, name="desk-done"),
    path("hop-viec/", processing.inbox, name="inbox"),
    path("bang-dieu-hanh/", supervision.board, name="board"),
    path("ho-so/", processing.dossier_list, name="dossier-list"),
    path("ho-so/<str:code>/", processing.dossier_detail, name="dossier-detail"),
    path("ho-so/<str:code>/so-giay-to/", processing.dossier_reveal, name="dossier-reveal"),
    path("ho-so/<str:code>/giay-to/<int:pk>.pdf", processing.dossier_paper, name="dossier-paper"),
    # One address per act: dossier-receive, dossier-request-supplement …
    *(
        path(
            f"ho-so/<str:code>/{segment}/", processing.dossier_act, {"act": act}, act_url_name(act)
        )
        for act, segment in SEGMENTS.items()
        if act in ACT_FORMS
    ),
]
