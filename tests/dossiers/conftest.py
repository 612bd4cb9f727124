from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from dossiers.chain import chain_faults
from dossiers.models import Dossier
from tests.province import Province, make_province

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agencies.models import Officer


@pytest.fixture
def province(request: pytest.FixtureRequest, db: Any) -> Iterator[Province]:
    """A province; what its services left behind must be what the events say."""
    yield make_province()
    module = request.module.__name__.rpartition(".")[2]
    if module.startswith("test_services") and module != "test_services_crowd":  # it tampers
        for dossier in Dossier.objects.all():
            assert not chain_faults(dossier), dossier.pk


@pytest.fixture
def papers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the PDFs to the sweeper: tasks run inline in tests, and every thread would render."""
    monkeypatch.setattr("dossiers.tasks.knock", lambda slip_id: True)


class OfficerClient(APIClient):
    """An API client that speaks for an officer."""

    def __init__(self, officer: Officer) -> None:
        super().__init__()
        self.force_authenticate(officer.user)

    def act(self, code: str | None, act: str, version: int, **data: Any) -> Any:
        return self.post(f"/api/v1/dossiers/{code}/acts/", {"act": act, "version": version, **data})
