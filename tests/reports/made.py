"""Made provinces and histories for the reports: rows alone, no act is called."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import Any

from django.db import connection

from agencies.models import Agency
from dossiers.models import Dossier, DossierEvent, DueDateChange, Pause
from procedures.models import Procedure
from tests.factories import AgencyFactory, DossierFactory, ProcedureFactory, local

ENDED = "settled"


def place(agency: Agency, parent: Agency | None = None) -> Agency:
    """Put an agency under another in the tree."""
    agency.parent = parent
    agency.path = (parent.path if parent else "") + f"{agency.pk:06d}"
    Agency.objects.filter(pk=agency.pk).update(parent=parent, path=agency.path)
    return agency


@dataclass(frozen=True)
class Province:
    """The root, a department with a division below it, a commune; two procedures."""

    root: Agency
    department: Agency
    division: Agency
    commune: Agency
    land: Procedure
    birth: Procedure

    @functools.cached_property
    def all(self) -> list[Agency]:
        return list(Agency.objects.order_by("path"))


def province() -> Province:
    root = place(AgencyFactory.create(code="H01", name="Uỷ ban nhân dân tỉnh An Giang"))
    department = place(
        AgencyFactory.create(code="H01.07", name="Sở Nông nghiệp và Môi trường"), root
    )
    division = place(
        AgencyFactory.create(code="H01.07.01", name="Chi cục Quản lý đất đai"), department
    )
    commune = place(AgencyFactory.create(code="H01.51", name="UBND xã Ỷ La", level="commune"), root)
    land = ProcedureFactory.create(offering=department)
    birth = ProcedureFactory.create()
    land.versions.get().sectors.update(code="G09-TN01", name="Đất đai")
    birth.versions.get().sectors.update(code="", name="Hộ tịch")
    return Province(root, department, division, commune, land, birth)


def dossier(
    agency: Agency,
    procedure: Procedure,
    *,
    received: str,
    due: str | None,
    settled: str | None = None,
    state: str = ENDED,
    **more: Any,
) -> Dossier:
    """Make a dossier from local times written "2026-06-01 09:00"."""
    due_at = local(due) if due else None
    if settled:
        more |= {"settled_at": local(settled), "state": state}
    return DossierFactory.create(
        receiving_agency=agency,
        procedure=procedure,
        received_at=local(received),
        due_at=due_at,
        due_original_at=more.pop("due_original_at", due_at),
        **more,
    )


def change_due(dossier: Dossier, at: str, before: str | None, after: str) -> None:
    """Write down that the promise changed, as an act would."""
    event = DossierEvent.objects.create(
        dossier=dossier,
        seq=dossier.events.count() + 1,
        at=local(at),
        act="extend",
        to_state="in_progress",
        actor_role="head",
        agency=dossier.competent_agency,
        holder_agency=dossier.competent_agency,
        digest=b"x" * 32,
    )
    DueDateChange.objects.create(
        dossier=dossier,
        event=event,
        at=local(at),
        due_before=local(before) if before else None,
        due_after=local(after),
        reason="hẹn lại",
    )


def pause(dossier: Dossier, start: str, end: str | None) -> None:
    Pause.objects.create(
        dossier=dossier,
        state="awaiting_supplement",
        started_at=local(start),
        ended_at=local(end) if end else None,
    )


def multiply(template: Dossier, copies: int) -> None:
    """Copy a dossier until there are so many in all, with codes of their own."""
    own = {"code": "d.code || '-' || n", "tracking_code": "d.tracking_code || to_hex(n)"}
    names = [str(field.column) for field in Dossier._meta.concrete_fields]
    names.remove("id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO dossiers_dossier ({', '.join(names)}) "  # noqa: S608 our own columns
            f"SELECT {', '.join(own.get(name, f'd.{name}') for name in names)} "
            "FROM dossiers_dossier d, generate_series(1, %s) AS n WHERE d.id = %s",
            [copies - 1, template.pk],
        )


def tien_giang(agency: Agency, procedure: Procedure) -> None:
    """Make the half-year of 2023 that domain.md 7.3 quotes: 45.981 = 18.320 + 25.079 + 2.582."""
    make = functools.partial(dossier, agency, procedure)
    due = "2023-03-10 17:00"
    for copies, template in (
        (18_320, make(received="2023-03-06 09:00", due=due, settled="2023-03-09 09:00", channel="online")),
        (20_000, make(received="2023-03-06 09:00", due=due, settled="2023-03-10 16:00")),
        (2_987, make(received="2023-03-06 09:00", due=due, settled="2023-03-10 17:30", channel="post")),
        (2_092, make(received="2023-06-05 09:00", due="2023-06-12 17:00")),
        (2_582, make(received="2022-12-30 09:00", due="2023-01-06 17:00", settled="2023-01-05 08:00")),
    ):  # fmt: skip
        multiply(template, copies)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
