"""What a submission is for: the version of the day, its case, the agency that settles it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery
from django.utils.translation import gettext as _

from accounts.folding import fold
from agencies.models import Agency
from procedures.models import Authority, Offering, ProcedureCase, ProcedureSector, ProcedureVersion

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from agencies.models import AgencyQuerySet, Officer
    from dossiers.models import Dossier

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
    # The commune of the object decides who settles (domain.md 6.4), and nobody has said which.
    lacks_object: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Phi địa giới: the agencies a submission names beside the one that receives it."""

    competent: Agency | None = None
    object: Agency | None = None
    supporting: Agency | None = None
    collecting: Agency | None = None


def places_named(
    *,
    on: dt.date,
    competent: str = "",
    object: str = "",  # noqa: A002 - the word of the law, as in Places
    supporting: str = "",
    collecting: str = "",
) -> Places:
    """Return the agencies of the codes that are given, as they stand on a day.

    Raises OpeningError naming `agency`, `object_agency` (which must be a commune),
    `supporting_agency` or `collecting_agency` (which must have a counter). Runs one query for each
    code given.
    """
    return Places(
        competent=_agency_named("agency", competent, on=on),
        object=_commune_named(object, on=on),
        supporting=_agency_named("supporting_agency", supporting, on=on),
        collecting=_counter_named(collecting, on=on),
    )


def _agency_named(field: str, code: str, *, on: dt.date) -> Agency | None:
    if not code.strip():
        return None
    agency = Agency.objects.with_code(code).valid_on(on).first()
    if agency is None:
        raise OpeningError(field, _("Không có cơ quan mang mã này vào ngày tiếp nhận."))
    return agency


def _commune_named(code: str, *, on: dt.date) -> Agency | None:
    agency = _agency_named("object_agency", code, on=on)
    if agency is not None and agency.level != Agency.Level.COMMUNE:
        raise OpeningError("object_agency", _("Nơi có đối tượng phải là xã, phường, đặc khu."))
    return agency


def _counter_named(code: str, *, on: dt.date) -> Agency | None:
    agency = _agency_named("collecting_agency", code, on=on)
    if agency is not None and not agency.is_desk_host:
        raise OpeningError("collecting_agency", _("Nơi trả kết quả phải có bộ phận một cửa."))
    return agency


def version_for(
    code: str,
    *,
    on: dt.date,
    officer: Officer,
    case: str = "",
    agency: str = "",
    places: Places | None = None,
) -> Chosen:
    """Return what the province takes in under a procedure code on a day.

    The version valid on the day, else the earliest. `case` left out: the first in file order.
    `agency` left out, and none named in `places`: as the offering says, by the commune of the
    object, else the officer's own. Raises OpeningError naming `procedure`, `case` or `agency`.
    Runs two queries, three with an agency.
    """
    named = places or Places()
    if agency:
        named = replace(named, competent=_agency_named("agency", agency, on=on))
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
        competent_agency=_competent(version, named, officer),
        lacks_object=_follows_object(version, named) and named.object is None,
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


def _follows_object(version: ProcedureVersion, named: Places) -> bool:
    is_object = version.procedure.offering.authority == Authority.OBJECT
    return is_object and named.competent is None and not version.is_interlinked


def _competent(version: ProcedureVersion, named: Places, officer: Officer) -> Agency:
    """Return who settles: by the procedure and its object, not by the counter (domain.md 6.4)."""
    if named.competent is not None:
        return named.competent
    offering = version.procedure.offering
    if offering.authority == Authority.FIXED and offering.competent_agency is not None:
        return offering.competent_agency
    if offering.authority == Authority.OBJECT and named.object is not None:
        return named.object
    return officer.agency


# The words by which the catalogue tells the level of who does a procedure; the first that fits.
_LEVELS = (
    (
        Agency.Level.VERTICAL,
        re.compile(
            r"\b(cong an|thue|hai quan|bao hiem xa hoi|kho bac|ngan hang nha nuoc|quan su|bien phong"
            r"|thi hanh an)\b"
        ),
    ),
    (
        Agency.Level.COMMUNE,
        re.compile(r"\bcap xa\b|\b(uy ban nhan dan|ubnd) (xa|phuong|thi tran|dac khu)\b"),
    ),
    (
        Agency.Level.PROVINCE,
        re.compile(
            r"^(so|ban quan ly|(chi nhanh )?van phong dang ky dat dai)\b|\bcap tinh\b"
            r"|\b(uy ban nhan dan|ubnd) (tinh|thanh pho)\b"
        ),
    ),
)


def levels_named(names: Iterable[str]) -> frozenset[str]:
    """Return the levels at which a procedure is done, as the names of who does it tell.

    Empty where a name tells none: what is not understood limits nothing. Districts are no level any
    more (domain.md 0).
    """
    found: set[str] = set()
    for name in filter(None, (fold(str(name)) for name in names)):
        level = next((level for level, words in _LEVELS if words.search(name)), None)
        if level is None:
            return frozenset()
        found.add(level.value)
    return frozenset(found)


def may_settle(dossier: Dossier, *, on: dt.date) -> AgencyQuerySet:
    """Return the agencies that may be competent for a dossier (T13): in being, and of its level.

    The level is that of who does the procedure by its version, and of who settles it by the
    offering, of a part by its link; where neither says, any may. Reads `version`; runs one query.
    """
    agencies = Agency.objects.all().valid_on(on)
    levels = levels_named(dossier.version.executing_agencies) | _level_of_authority(dossier)
    return agencies.filter(level__in=sorted(levels)) if levels else agencies


def _level_of_authority(dossier: Dossier) -> frozenset[str]:
    if dossier.link is not None:
        authority, fixed = dossier.link.authority, dossier.link.agency
    else:
        offering = (
            Offering.objects.select_related("competent_agency")
            .filter(procedure=dossier.procedure_id)
            .first()
        )
        authority, fixed = (
            (offering.authority, offering.competent_agency) if offering else ("", None)
        )
    if fixed is not None:
        return frozenset({fixed.level})
    return frozenset({Agency.Level.COMMUNE.value} if authority == Authority.OBJECT else ())


def needs_object(dossier: Dossier) -> bool:
    """Tell whether a dossier lacks the place by which its settling agency is found.

    Runs one query where no place is known, and none elsewhere.
    """
    if dossier.object_agency_id is not None or dossier.is_chain:
        return False
    if dossier.competent_agency_id != dossier.receiving_agency_id:
        return False  # an agency was named
    return Offering.objects.filter(procedure=dossier.procedure_id, follows_object=True).exists()
