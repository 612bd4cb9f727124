"""What a submission is for: the version of the day, its case, the agency that settles it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery
from django.utils.translation import gettext as _

from agencies.models import Agency
from procedures.models import Offering, ProcedureCase, ProcedureSector, ProcedureVersion

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Officer

LOCAL_SUFFIX = re.compile(r"(\.000\.00\.00)?\.[HG]\d{2}$", re.IGNORECASE)


class OpeningError(ValueError):
    """No dossier can be opened so; `field` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Chosen:
    """A version with its first sector annotated, the case and the settling agency."""

    version: ProcedureVersion
    case: ProcedureCase | None
    competent_agency: Agency


def version_for(
    code: str, *, on: dt.date, officer: Officer, case: str = "", agency: str = ""
) -> Chosen:
    """Return what the province takes in under a procedure code on a day.

    The version valid on the day, else the earliest. `case` left out: the first in file order.
    `agency` left out: as the offering says, else the officer's own. Raises OpeningError naming
    `procedure`, `case` or `agency`. Runs two queries, three with an agency.
    """
    offered = Offering.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=on),
        Q(valid_to__isnull=True) | Q(valid_to__gte=on),
        procedure=OuterRef("procedure"),
    )
    # One look at all versions of one procedure: there are a handful.
    versions = list(
        ProcedureVersion.objects.filter(
            Exists(offered),
            procedure__code=LOCAL_SUFFIX.sub("", code.strip()),
            procedure__is_withdrawn=False,
        )
        .select_related("procedure__offering__competent_agency")
        .annotate(
            first_sector_id=Subquery(
                ProcedureSector.objects.filter(version=OuterRef("pk"))
                .order_by("position")
                .values("sector_id")[:1]
            )
        )
        .prefetch_related(Prefetch("cases", ProcedureCase.objects.order_by("position")))
        .order_by("-number")
    )
    if not versions:
        raise OpeningError("procedure", _("Tỉnh không tiếp nhận thủ tục này."))
    version = next((v for v in versions if _is_valid(v, on)), versions[-1])
    return Chosen(
        version=version,
        case=_case(version, case),
        competent_agency=_competent(version, agency, on=on, officer=officer),
    )


def _is_valid(version: ProcedureVersion, on: dt.date) -> bool:
    return (version.valid_from is None or version.valid_from <= on) and (
        version.valid_to is None or version.valid_to >= on
    )


def _case(version: ProcedureVersion, code: str) -> ProcedureCase | None:
    cases = list(version.cases.all())
    if not code:
        return cases[0] if cases else None
    for case in cases:
        if case.code == code.strip():
            return case
    raise OpeningError("case", _("Thủ tục không có trường hợp này."))


def _competent(version: ProcedureVersion, code: str, *, on: dt.date, officer: Officer) -> Agency:
    if code:
        agency = Agency.objects.with_code(code).valid_on(on).first()
        if agency is None:
            raise OpeningError("agency", _("Không có cơ quan mang mã này vào ngày tiếp nhận."))
        return agency
    return version.procedure.offering.competent_agency or officer.agency
