from django.urls import path

from procedures import api, views

urlpatterns = [
    path("thu-tuc/", views.procedure_list, name="procedure-list"),
    path("thu-tuc/<str:code>/", views.procedure_detail, name="procedure-detail"),
]
api_urlpatterns = [
    path("procedures/", api.ProcedureList.as_view(), name="api-procedure-list"),
]
