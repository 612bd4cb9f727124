from django.urls import path

from agencies import views

urlpatterns = [
    path("uy-quyen/", views.delegation_list, name="delegation-list"),
    path("uy-quyen/them/", views.delegation_add, name="delegation-add"),
    path("uy-quyen/<int:pk>/thu-hoi/", views.delegation_revoke, name="delegation-revoke"),
]
