"""A liên thông procedure of three parts in the small province, and who works on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.roles import Role
from dossiers.services import closing, processing
from procedures.models import ProcedureLink
from tests.factories import AgencyFactory, OfficerFactory, ProcedureFactory
from tests.province import give_role

if TYPE_CHECKING:
    from agencies.models import Agency, Officer
    from dossiers.models import Dossier
    from procedures.models import Procedure
    from tests.province import Province


@dataclass
class Linked:
    """Birth (commune of the object, 2 days), then card (department, 3 days); beside them the
    residence (elsewhere, 7 days) from the start."""

    province: Province
    procedure: Procedure
    commune: Agency
    centre_head: Officer
    officers: dict[int, Officer]

    def log(self, **changes: Any) -> Dossier:
        """Receive a chain; it comes back as the database has it."""
        changes.setdefault("object_agency", self.commune)
        chain = self.province.log(procedure=self.procedure, **changes)
        chain.refresh_from_db()
        return chain

    def part(self, chain: Dossier, position: int) -> Dossier:
        return chain.parts.get(link__position=position)

    def settle(self, part: Dossier) -> Dossier:
        """Take a part from where it lies to its result."""
        part.refresh_from_db()
        by = self.officers[part.competent_agency_id]
        if part.state == "awaiting_assignment":
            part = processing.assign(part, by=by)
        part = processing.propose(part, by=by)
        return closing.publish(processing.approve(part, by=by), by=by, result_number="12/KQ")

    def stop(self, part: Dossier) -> Dossier:
        part.refresh_from_db()
        return closing.stop(part, by=self.officers[part.competent_agency_id], reason="Trùng hồ sơ")


def make_linked(province: Province) -> Linked:
    """Make the procedure, its parts, and one officer of every role in each agency."""
    commune = AgencyFactory.create(
        code="H01.151", name="Uỷ ban nhân dân xã Thử", level="commune", parent=province.root
    )
    everything = [Role.HEAD, Role.SIGNER, Role.SPECIALIST, Role.CLERK]
    officers = {
        agency.pk: OfficerFactory.create(agency=agency, roles=everything)
        for agency in (commune, province.department, province.elsewhere)
    }
    centre_head = OfficerFactory.create(agency=province.centre, roles=[Role.HEAD])
    give_role(centre_head, province.centre, Role.SUPERVISOR)
    procedure = ProcedureFactory.create(offering=None, version_settings={"is_interlinked": True})
    version = procedure.versions.get()
    for position, (days, starts, authority, agency) in enumerate(
        [
            ("2", "at_once", "object", None),
            ("3", "after", "fixed", province.department),
            ("7", "at_once", "fixed", province.elsewhere),
        ]
    ):
        ProcedureLink.objects.create(
            version=version,
            position=position,
            procedure=ProcedureFactory.create(cases=[(days, "working_day")]),
            starts=starts,
            authority=authority,
            agency=agency,
        )
    return Linked(province, procedure, commune, centre_head, officers)
