"""A small province to act in: a centre, a department, one officer for each role, a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accounts.roles import Role
from agencies.calendars import load_default_calendar
from agencies.models import Agency, Officer, OfficerRole
from dossiers.opening import version_for
from dossiers.services import intake
from dossiers.services.intake import Person, Submission
from procedures.models import Procedure
from tests.factories import AgencyFactory, OfficerFactory, ProcedureFactory, UserFactory

if TYPE_CHECKING:
    from dossiers.models import Dossier


@dataclass
class Province:
    """Who is who; `stranger` is a receptionist elsewhere and must see nothing.

    `asked` is an agency whose opinion may be asked, `adviser` who gives it there.
    """

    root: Agency
    centre: Agency
    department: Agency
    elsewhere: Agency
    asked: Agency
    receptionist: Officer
    specialist: Officer
    head: Officer
    clerk: Officer
    reformer: Officer
    supervisor: Officer
    adviser: Officer
    stranger: Officer
    procedure: Procedure

    def submission(self, **changes: Any) -> Submission:
        """Return an ordinary submission for the department; keywords replace its parts."""
        code = changes.pop("procedure", self.procedure).code
        chosen = version_for(
            code,
            on=changes.pop("on", None) or timezone.localdate(),
            officer=self.receptionist,
            case=changes.pop("case_code", ""),
        )
        parts: dict[str, Any] = {
            "version": chosen.version,
            "case": chosen.case,
            "channel": "in_person",
            "competent_agency": chosen.competent_agency,
            "owner": Person(
                "Nguyễn Thị Ánh Tuyết", personal_id="089187004215", phone="0900 123 456"
            ),
        }
        return Submission(**{**parts, **changes})

    def log(self, **changes: Any) -> Dossier:
        """Log and accept an ordinary submission at the centre."""
        return intake.log_submission(self.submission(**changes), by=self.receptionist)

    def body(self, **changes: Any) -> dict[str, Any]:
        """Return the JSON of an ordinary submission."""
        return {
            "procedure": self.procedure.code,
            "channel": "in_person",
            "applicant": {
                "name": "Nguyễn Thị Ánh Tuyết",
                "kind": "citizen",
                "personal_id": "089187004215",
                "phone": "0900123456",
            },
            **changes,
        }


def make_province() -> Province:
    """Make the people and places; one procedure of five working days, settled by the department."""
    load_default_calendar()
    root = AgencyFactory.create(code="H01", name="Uỷ ban nhân dân tỉnh Thử Nghiệm")
    centre = AgencyFactory.create(
        code="H01.01.01", name="Trung tâm Phục vụ hành chính công", parent=root
    )
    department = AgencyFactory.create(code="H01.07", name="Sở Thử nghiệm", parent=root)
    elsewhere = AgencyFactory.create(code="H01.08", name="Sở Láng giềng", parent=root)
    asked = AgencyFactory.create(code="H01.09", name="Sở Được hỏi ý kiến", parent=root)
    centre.desks.create(kind="province", name="Trung tâm Phục vụ hành chính công tỉnh")

    def officer(username: str, agency: Agency, *roles: Role) -> Officer:
        return OfficerFactory.create(
            user=UserFactory.create(username=username), agency=agency, roles=list(roles)
        )

    return Province(
        root=root,
        centre=centre,
        department=department,
        elsewhere=elsewhere,
        asked=asked,
        receptionist=officer("tiepnhan", centre, Role.RECEPTIONIST, Role.RETURNER),
        specialist=officer("thuly", department, Role.SPECIALIST),
        head=officer("lanhdao", department, Role.HEAD, Role.SIGNER),
        clerk=officer("vanthu", department, Role.CLERK),
        reformer=officer("kstthc", root, Role.REFORM_OFFICER),
        supervisor=officer("giamsat", centre, Role.SUPERVISOR),
        adviser=officer("gopy", asked, Role.CONSULTED_AGENCY),
        stranger=officer("nguoila", elsewhere, Role.RECEPTIONIST, Role.SPECIALIST, Role.HEAD),
        procedure=ProcedureFactory.create(offering=department),
    )


def known_province() -> Province:
    """Return the province that another process has made, by its codes and user names."""

    def agency(code: str) -> Agency:
        return Agency.objects.get(code=code)

    def officer(username: str) -> Officer:
        return Officer.objects.select_related("agency", "desk").get(user__username=username)

    return Province(
        root=agency("H01"),
        centre=agency("H01.01.01"),
        department=agency("H01.07"),
        elsewhere=agency("H01.08"),
        asked=agency("H01.09"),
        receptionist=officer("tiepnhan"),
        specialist=officer("thuly"),
        head=officer("lanhdao"),
        clerk=officer("vanthu"),
        reformer=officer("kstthc"),
        supervisor=officer("giamsat"),
        adviser=officer("gopy"),
        stranger=officer("nguoila"),
        procedure=Procedure.objects.get(),
    )


def give_role(officer: Officer, agency: Agency, role: Role) -> None:
    """Let an officer hold one more role somewhere."""
    OfficerRole.objects.create(officer=officer, agency=agency, role=role)
    officer.__dict__.pop("_held_roles", None)
