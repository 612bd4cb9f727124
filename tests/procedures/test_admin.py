"""The administrator looks the catalogue up and decides what the province decides."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import ProcedureFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("quantri", full_name="Quản trị"))
    return client


def test_the_list_is_searched_as_everywhere_else(administrator: Client) -> None:
    ProcedureFactory.create(code="1.000001", name="Cấp thẻ nhà báo")
    ProcedureFactory.create(code="1.000002", name="Đăng ký tàu cá")
    page = administrator.get("/quan-tri/procedures/procedure/", {"q": "the nha"}).content.decode()
    assert "1.000001" in page
    assert "1.000002" not in page


def test_pages_open_and_nothing_is_added_or_deleted_by_hand(administrator: Client) -> None:
    procedure = ProcedureFactory.create()
    version = procedure.versions.get()
    base = "/quan-tri/procedures"
    for path in (
        "/sector/",
        f"/procedure/{procedure.pk}/change/",
        "/procedureversion/",
        f"/procedureversion/{version.pk}/change/",
    ):
        assert administrator.get(base + path).status_code == 200
    for path in ("/procedure/add/", f"/procedure/{procedure.pk}/delete/", "/procedureversion/add/"):
        assert administrator.get(base + path).status_code == 403
