from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from tests.province import Province, make_province

if TYPE_CHECKING:
    from agencies.models import Officer


@pytest.fixture
def province(db: Any) -> Province:
    return make_province()


class OfficerClient(APIClient):
    """An API client that speaks for an officer."""

    def __init__(self, officer: Officer) -> None:
        super().__init__()
        self.force_authenticate(officer.user)

    def act(self, code: str, act: str, version: int, **data: Any) -> Any:
        return self.post(f"/api/v1/dossiers/{code}/acts/", {"act": act, "version": version, **data})
