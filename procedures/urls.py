from django.urls import path

from procedures import api, views

urlpatterns = [
    path("thu-tuc/", views.procedure_list, name="procedure-list"),
    path("thu-tuc/<str:code>/", views.procedure_detail, name="procedure-detail"),
    path("niem-yet/", views.notice_board_list, name="notice-board-list"),
    path("niem-yet/<str:code>/", views.notice_board, name="notice-board"),
    path("niem-yet/<str:code>/niem-yet.pdf", views.notice_board_pdf, name="notice-board-pdf"),
]
api_urlpatterns = [
    path("procedures/", api.ProcedureList.as_view(), name="api-procedure-list"),
]
