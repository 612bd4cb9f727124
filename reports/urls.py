from django.urls import path

from reports import api, views

urlpatterns = [
    path("bao-cao/", views.report_settlement, name="report-settlement"),
    path("bao-cao/khao-sat/", views.report_satisfaction, name="report-satisfaction"),
    path("bao-cao/ii-06a.pdf", views.report_settlement_pdf, name="report-settlement-pdf"),
    path("bao-cao/ii-06a.xlsx", views.report_settlement_xlsx, name="report-settlement-xlsx"),
]

api_urlpatterns = [
    path(
        "reports/settlement/",
        api.SettlementView.as_view(),
        name="api-report-settlement",
    ),
]
