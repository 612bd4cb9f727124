"""Niêm yết công khai: the list of procedures that a counter takes in, to hang beside it.

domain.md 6.2: a print-ready list per counter, with a QR. Which counter takes what in follows from the
offering: what an agency of the province settles is handed in at the provincial centre, what has no
settling agency of its own at every commune.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.folding import sort_key
from agencies.models import Agency, Desk
from procedures.models import (
    Channel,
    ChannelLimit,
    Offering,
    Procedure,
    ProcedureCase,
    ProcedureSector,
    ProcedureVersion,
)
from procedures.sheet import Figure, committed_words, first_sector, limit_words, pay_of, wait_of

if TYPE_CHECKING:
    from agencies.models import AgencyQuerySet
    from procedures.models import ProcedureQuerySet

MOST_PRINTED = 1000  # lines in one PDF, three seconds of work; a longer list is printed by sector


@dataclass(frozen=True, slots=True)
class Line:
    """One procedure of the list, as it is read and printed."""

    code: str  # as it is published: with the suffix of the province (domain.md 5.3)
    name: str
    limit: str  # by law: of the cases
    committed: str  # by the agency, on the channels; empty where it is not shorter
    fee: str
    authority: str
    level: str
    takes_online: bool
    url: str  # the procedure's public page, without the host


@dataclass(frozen=True, slots=True)
class Group:
    """The procedures of one sector, by code; `key` finds it in an address."""

    sector: str
    key: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Board:
    """Danh mục niêm yết: what one counter, or one settling agency, takes in on a day."""

    agency_code: str
    agency: str
    superior: str
    desk: str  # the name of the counter; empty for an agency that has none
    on: dt.date
    url: str
    groups: Sequence[Group]

    @property
    def place(self) -> str:
        """The counter, else the agency."""
        return self.desk or self.agency

    @property
    def count(self) -> int:
        return sum(len(group.lines) for group in self.groups)

    def only(self, key: str) -> Board:
        """Return the board with one sector alone; without a line where the key names none."""
        return replace(self, groups=[group for group in self.groups if group.key == key])


def places(on: dt.date) -> AgencyQuerySet:
    """Return the agencies that have a board on the day: with a counter, or settling something."""
    offered = Offering.objects.filter(competent_agency=OuterRef("pk"))
    has_desk = Exists(Desk.objects.filter(agency=OuterRef("pk")))
    return (
        Agency.objects.valid_on(on)
        .annotate(has_desk=has_desk)
        .filter(Q(has_desk=True) | Exists(offered))
        .order_by("-has_desk", "level", "name_sort", "code")
    )


def board_of(agency: Agency, *, on: dt.date) -> Board:
    """Return the list of an agency on a local day. Runs seven queries; select `parent` with it."""
    desk = agency.desks.order_by("pk").first()
    procedures = list(
        taken_in(agency, desk, on)
        .with_version(on)
        .select_related("offering__competent_agency")
        .only(
            "code", "name",
            "offering__procedure", "offering__competent_agency__name",
            "offering__competent_agency__short_name", "offering__competent_agency__level",
        )
        .order_by("code")
    )  # fmt: skip
    versions = _versions([procedure.version_id_now for procedure in procedures])
    lines: dict[str, list[Line]] = {}
    for procedure in procedures:
        version = versions.get(procedure.version_id_now)
        sector = first_sector(version) or str(_("Lĩnh vực khác"))
        lines.setdefault(sector, []).append(_line(procedure, version, on))
    return Board(
        agency_code=agency.code,
        agency=agency.name,
        superior=agency.parent.name if agency.parent else "",
        desk=desk.name if desk else "",
        on=on,
        url=reverse("notice-board", args=[agency.code]),
        groups=[
            Group(sector, sort_key(sector).replace(" ", "-")[:60], lines[sector])
            for sector in sorted(lines, key=sort_key)
        ],
    )


def taken_in(agency: Agency, desk: Desk | None, on: dt.date) -> ProcedureQuerySet:
    """Return what is handed in at the counter, or settled by an agency that has none."""
    offered = Procedure.objects.public().offered_on(on)
    if desk is None:
        return offered.filter(offering__competent_agency__path__startswith=agency.path)
    if desk.kind == Desk.Kind.COMMUNE:
        return offered.filter(
            Q(offering__competent_agency__isnull=True) | Q(offering__competent_agency=agency)
        )
    return offered.filter(offering__competent_agency__isnull=False).exclude(
        offering__competent_agency__level=Agency.Level.COMMUNE
    )


def public_url(path: str) -> str:
    """Return the address that a QR holds: where citizens find the portal."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def _versions(pks: Sequence[int | None]) -> dict[int | None, ProcedureVersion]:
    wanted = [pk for pk in pks if pk is not None]
    rows = ProcedureVersion.objects.filter(pk__in=wanted).only(
        "pk", "committed_value", "committed_unit", "committed_from", "committed_until"
    )
    return {
        version.pk: version
        for version in rows.prefetch_related(
            Prefetch("cases", ProcedureCase.objects.order_by("position")),
            Prefetch("channel_limits", ChannelLimit.objects.order_by("position")),
            "channel_limits__fees",
            Prefetch("sector_rows", ProcedureSector.objects.select_related("sector")),
        )
    }


def _line(procedure: Procedure, version: ProcedureVersion | None, on: dt.date) -> Line:
    cases = list(version.cases.all()) if version else []
    limits = list(version.channel_limits.all()) if version else []
    competent = procedure.offering.competent_agency
    level = competent.level if competent else Agency.Level.COMMUNE
    return Line(
        code=f"{procedure.code}.{settings.PROVINCE_CODE}",
        name=procedure.name[:1].upper() + procedure.name[1:],
        limit=_in_words(wait_of(cases, limits)),
        committed=(committed_words(version, cases, on) if version else "")
        or _committed(cases, limits),
        fee=_in_words(pay_of(limits)),
        authority=competent.name if competent else str(_("Uỷ ban nhân dân cấp xã")),
        level=str(Agency.Level(level).label),
        takes_online=any(limit.channel == Channel.ONLINE for limit in limits),
        url=procedure.get_absolute_url(),
    )


def _in_words(told: Figure) -> str:
    """Write a figure and its note on one line: "3 ngày làm việc, tuỳ trường hợp"."""
    if not told.note:
        return told.figure
    joint = " " if told.note.startswith(str(_("làm việc"))) else ", "
    return f"{told.figure}{joint}{told.note}"


def _committed(cases: Sequence[ProcedureCase], limits: Sequence[ChannelLimit]) -> str:
    """Name what the channels promise below the shortest limit by law (domain.md 3.10).

    Only what is written in the law's own unit can be compared. Channels are named where they differ.
    """
    if not cases or len({case.limit_unit for case in cases}) > 1:
        return ""
    lawful = [case.limit_value for case in cases if case.limit_value]
    said: dict[str, list[str]] = {}
    for limit in limits:
        comparable = lawful and limit.limit_value and limit.limit_unit == cases[0].limit_unit
        if comparable and limit.limit_value < min(lawful):  # type: ignore[operator]
            labels = said.setdefault(limit_words(limit), [])
            label = str(Channel(limit.channel).label).lower()
            if label not in labels:
                labels.append(label)
    channels = {limit.channel for limit in limits}
    if len(said) == 1 and all(len(labels) == len(channels) for labels in said.values()):
        return next(iter(said))
    return "; ".join(f"{words} ({', '.join(labels)})" for words, labels in said.items())
