"""What the tests of the officers' pages share: browsers signed in, a full form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.test import Client

if TYPE_CHECKING:
    from agencies.models import Officer
    from procedures.models import Procedure
    from tests.province import Province


def browser_of(officer: Officer, **headers: Any) -> Client:
    """Return a client in which the officer is signed in."""
    client = Client(**headers)
    client.force_login(officer.user)
    return client


def typed(province: Province, **changes: Any) -> dict[str, Any]:
    """Return an ordinary new dossier as the desk posts it; keywords replace its parts."""
    procedure: Procedure = changes.pop("of", province.procedure)
    return {
        "token": "phieu-1",
        "act": "receive",
        "personal_id": "089187004215",
        "id_kind": "personal_id",
        "owner_kind": "citizen",
        "name": "Nguyễn Thị Ánh Tuyết",
        "phone": "0900 123 456",
        "address": "Khóm Đông Thạnh, phường Long Xuyên",
        "procedure": procedure.code,
        "case": "0",
        "channel": "in_person",
        "result_channel": "counter",
        "vouched": "on",
        **changes,
    }


def page(answer: Any) -> str:
    """Return the text of an answer."""
    text: str = answer.content.decode()
    return text
