"""The procedure as a citizen asks for it: what to bring, how much, how long, where.

One dataclass between the tables and the pages, so that the templates decide nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from procedures.models import (
    Channel,
    ChannelLimit,
    LimitUnit,
    Procedure,
    ProcedureCase,
    ProcedureSector,
    ProcedureVersion,
    RequiredDocument,
)

# Kinds of money in the detail file (national-portal-and-data.md 4.1).
FEE_KINDS = {
    "FEE": gettext_lazy("Phí"),
    "SERVICE_FEE": gettext_lazy("Lệ phí"),
    "PRICE_LEVEL": gettext_lazy("Giá dịch vụ"),
}
_LONGEST_HEADING = 140  # characters; a longer name of a group is a paragraph
_LONGEST_NAME = (
    320  # characters; of a longer text of a paper the beginning is shown, the rest folded
)
_MOST_PAPERS = 8  # of one group at once; what follows is folded


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the four answers: a short figure and what to know beside it."""

    figure: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class PaperLine:
    name: str
    rest: str  # what follows the beginning of a very long text, else empty
    originals: int
    copies: int
    has_electronic_form: bool
    attachments: Sequence[dict[str, str]]


@dataclass(frozen=True, slots=True)
class PaperGroup:
    title: str
    title_is_long: bool
    papers: Sequence[PaperLine]
    more: Sequence[PaperLine]  # folded away on the screen, not on paper


@dataclass(frozen=True, slots=True)
class FeeLine:
    kind: str
    amount: str
    text: str
    channels: str


@dataclass(frozen=True, slots=True)
class ChannelLine:
    label: str
    limit: str
    limit_text: str
    note: str


@dataclass(frozen=True, slots=True)
class CaseLine:
    title: str
    code: str
    limit: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the page of a procedure shows; parts the catalogue does not know are empty."""

    version: ProcedureVersion | None
    sectors: Sequence[str]
    bring: Figure
    pay: Figure
    wait: Figure
    # What the province promises below the law (domain.md 3.10), and by which decision.
    committed: str
    committed_by: str
    where: Figure
    groups: Sequence[PaperGroup]
    fees: Sequence[FeeLine]
    cases: Sequence[CaseLine]
    channels: Sequence[ChannelLine]
    takes_online: bool
    knows_details: bool

    @property
    def only_limit(self) -> str:
        """The limit where there is one case, which needs no table."""
        return self.cases[0].limit if len(self.cases) == 1 else ""


def version_rows(pks: Iterable[int | None]) -> dict[int | None, ProcedureVersion]:
    """Return versions by id with cases and first sector, for a list. Runs three queries."""
    wanted: list[int] = [pk for pk in pks if pk is not None]
    versions = ProcedureVersion.objects.filter(pk__in=wanted).only("pk")
    return {
        version.pk: version
        for version in versions.prefetch_related(
            Prefetch("cases", ProcedureCase.objects.order_by("position")),
            Prefetch("sector_rows", ProcedureSector.objects.select_related("sector")),
        )
    }


def first_sector(version: ProcedureVersion | None) -> str:
    """Return the sector that statistics count under; empty where none is known."""
    rows = version.sector_rows.all() if version else ()
    return next((row.sector.name for row in rows), "")


def sheet_of(procedure: Procedure, version_pk: int | None, *, on: dt.date) -> Sheet:
    """Return the sheet of a procedure annotated with `is_offered`, as of a day. Runs seven queries."""
    version = (
        ProcedureVersion.objects.prefetch_related(
            "cases",
            "channel_limits__fees",
            "required_documents",
            "legal_bases",
            Prefetch("sector_rows", ProcedureSector.objects.select_related("sector")),
        )
        .filter(pk=version_pk or 0)
        .first()
    )
    cases = list(version.cases.all()) if version else []
    limits = list(version.channel_limits.all()) if version else []
    papers = list(version.required_documents.all()) if version else []
    committed = committed_words(version, cases, on) if version else ""
    return Sheet(
        version=version,
        sectors=[row.sector.name for row in version.sector_rows.all()] if version else [],
        bring=_bring(papers),
        pay=pay_of(limits),
        wait=wait_of(cases, limits),
        committed=committed,
        committed_by=version.committed_decision if version and committed else "",
        where=_where(procedure, version),
        groups=_groups(papers),
        fees=_fees(limits),
        cases=[
            CaseLine(
                case.name or _("Trường hợp %(number)d") % {"number": number},
                case.code,
                limit_words(case) or case.limit_text,
            )
            for number, case in enumerate(sorted(cases, key=lambda case: case.code), start=1)
        ],
        channels=[
            ChannelLine(
                str(Channel(limit.channel).label), limit_words(limit), limit.limit_text, limit.note
            )
            for limit in limits
        ],
        takes_online=any(limit.channel == Channel.ONLINE for limit in limits),
        knows_details=bool(version and (version.detail_digest or cases or limits or papers)),
    )


def limit_words(row: ProcedureCase | ChannelLimit) -> str:
    """Write a limit as "7,5 ngày làm việc"; empty where it is told in words only."""
    if row.limit_unit in {LimitUnit.SAME_DAY, LimitUnit.NONE}:
        return str(LimitUnit(row.limit_unit).label)
    if row.limit_value is None or row.limit_unit == LimitUnit.OTHER:
        return ""
    if not row.limit_value:  # the source writes "at once" as a limit of nought
        return _("trong ngày")
    return f"{plain_number(row.limit_value)} {LimitUnit(row.limit_unit).label}"


def committed_words(version: ProcedureVersion, cases: Sequence[ProcedureCase], on: dt.date) -> str:
    """Write what the province commits to on a day: "3 ngày làm việc"; empty where it does not.

    A commitment in the law's own unit that gives no case less time is none. Runs no query.
    """
    value, unit = version.committed_value, version.committed_unit
    starts, ends = version.committed_from, version.committed_until
    if value is None or not unit or (starts and on < starts) or (ends and on > ends):
        return ""
    by_law = [case.limit_value for case in cases if case.limit_unit == unit and case.limit_value]
    if by_law and len(by_law) == len(cases) and value >= max(by_law):
        return ""
    return f"{plain_number(value)} {LimitUnit(unit).label}"


def plain_number(value: Decimal) -> str:
    """Write 5.000 as "5" and 7.500 as "7,5"."""
    return f"{value.normalize():f}".replace(".", ",")


def money(value: Decimal) -> str:
    """Write an amount as "100.000 đ"."""
    whole = value == value.to_integral_value()
    text = f"{value:,.0f}" if whole else f"{value:,.2f}"
    return f"{text.translate(str.maketrans(',.', '.,'))}\u00a0đ"


def wait_of(cases: Sequence[ProcedureCase], limits: Sequence[ChannelLimit] = ()) -> Figure:
    """Say how long it takes: by the cases, else by the channels, shortest to longest."""
    rows: Sequence[ProcedureCase | ChannelLimit] = [c for c in cases if limit_words(c)]
    if not rows:
        rows = [limit for limit in limits if limit_words(limit)]
    if not rows:
        told = any(limit.limit_text for limit in limits) or bool(cases or limits)
        note = _("xem mô tả bên dưới") if told else _("danh mục quốc gia chưa nêu")
        return Figure(_("Theo mô tả") if told else _("Chưa rõ"), note)
    units = {row.limit_unit for row in rows}
    values = sorted({row.limit_value for row in rows if row.limit_value is not None})
    if len(units) > 1:
        return Figure(_("Tuỳ trường hợp"), " · ".join(dict.fromkeys(map(limit_words, rows))))
    unit = LimitUnit(units.pop())
    if values == [0]:
        return Figure(_("Trong ngày"))
    if values and not values[0]:
        return Figure(_("Tuỳ trường hợp"), " · ".join(dict.fromkeys(map(limit_words, rows))))
    if unit in {LimitUnit.SAME_DAY, LimitUnit.NONE} or not values:
        return Figure(str(unit.label).capitalize())
    span = plain_number(values[0])
    if len(values) > 1:
        span = f"{span}-{plain_number(values[-1])}"
    note = _("tuỳ trường hợp") if len(values) > 1 else ""
    if unit is LimitUnit.WORKING_DAY:
        return Figure(
            _("%(span)s ngày") % {"span": span}, ", ".join(filter(None, [_("làm việc"), note]))
        )
    return Figure(f"{span} {unit.label}", note)


def _bring(papers: Sequence[RequiredDocument]) -> Figure:
    # Lines without a number of copies are remarks of the source ("* Lưu ý").
    count = sum(1 for paper in papers if paper.originals or paper.copies) or len(papers)
    if not count:
        return Figure(_("Chưa rõ"), _("hỏi tại quầy trước khi đi"))
    figure = ngettext("%(count)d giấy tờ", "%(count)d giấy tờ", count) % {"count": count}
    several = len({paper.group for paper in papers}) > 1
    return Figure(figure, _("tuỳ trường hợp, không phải tất cả") if several else "")


def pay_of(limits: Sequence[ChannelLimit]) -> Figure:
    """Say what it costs over all channels: one amount, a span, or why there is none to name."""
    fees = [(limit.channel, fee) for limit in limits for fee in limit.fees.all()]
    amounts = sorted({fee.amount_vnd for _channel, fee in fees if fee.amount_vnd})
    if not fees:
        return Figure(_("Chưa rõ"), _("danh mục quốc gia chưa nêu"))
    if not amounts:
        if any(fee.text or fee.amount_said or fee.amount_vnd is None for _channel, fee in fees):
            return Figure(_("Theo quy định"), _("xem mục phí, lệ phí"))
        return Figure(_("Không thu"), _("theo danh mục quốc gia"))
    if len(amounts) == 1:
        return Figure(money(amounts[0]))
    online = {fee.amount_vnd for channel, fee in fees if channel == Channel.ONLINE}
    note = _("tuỳ trường hợp")
    if online and amounts[0] in online and len(online) < len(amounts):
        note = _("nộp trực tuyến có thể rẻ hơn")
    return Figure(f"{money(amounts[0])} - {money(amounts[-1])}", note)


def _where(procedure: Procedure, version: ProcedureVersion | None) -> Figure:
    executing = list(version.executing_agencies) if version else []
    if procedure.is_offered:
        competent = procedure.offering.competent_agency
        note = competent.name if competent else (executing[0] if executing else "")
        return Figure(_("Một cửa của tỉnh"), note)
    if executing:
        note = _("và %(count)d nơi khác") % {"count": len(executing) - 1}
        return Figure(executing[0], note if len(executing) > 1 else "")
    return Figure(_("Chưa rõ"), version.promulgating_agency if version else "")


def _groups(papers: Sequence[RequiredDocument]) -> list[PaperGroup]:
    groups = []
    for title, rows in groupby(papers, key=lambda paper: paper.group):
        lines = [_paper_line(paper) for paper in rows]
        # One paper alone is not worth a fold.
        shown = len(lines) if len(lines) <= _MOST_PAPERS + 1 else _MOST_PAPERS
        groups.append(
            PaperGroup(
                _without_bullet(title), len(title) > _LONGEST_HEADING, lines[:shown], lines[shown:]
            )
        )
    return groups


def _paper_line(paper: RequiredDocument) -> PaperLine:
    name, rest = _beginning(_without_bullet(paper.name))
    return PaperLine(
        name, rest, paper.originals, paper.copies, paper.has_electronic_form, paper.attachments
    )


def _beginning(text: str) -> tuple[str, str]:
    """Split a very long text at the end of a line, a clause or a word, the beginning first."""
    if len(text) <= _LONGEST_NAME * 3 // 2:
        return text, ""
    head = text[:_LONGEST_NAME]
    for ending in ("\n", ". ", "; ", " "):
        at = head.rfind(ending, _LONGEST_NAME // 3)
        if at > 0:
            cut = at + len(ending)
            return text[:cut].rstrip(), text[cut:].lstrip()
    return head, text[_LONGEST_NAME:]


def _without_bullet(text: str) -> str:
    """Drop the "- ", "+ ", "* " by which the source draws its lists; the page has its own."""
    return text.lstrip("-+*•–. ") or text


def _fees(limits: Sequence[ChannelLimit]) -> list[FeeLine]:
    """Return each fee once, with the channels on which it is the same."""
    channels: dict[tuple[str, str, str], list[str]] = {}
    for limit in limits:
        for fee in limit.fees.all():
            amount = ""
            if fee.amount_said:
                amount = _("%(amount)s (nguồn không ghi loại tiền)") % {"amount": fee.amount_said}
            elif fee.amount_vnd or (fee.amount_vnd == 0 and not fee.text):
                amount = money(fee.amount_vnd)
            kind = str(FEE_KINDS.get(fee.kind, _("Khoản thu")))
            labels = channels.setdefault((kind, amount, fee.text), [])
            label = str(Channel(limit.channel).label)
            if label not in labels:
                labels.append(label)
    return [
        FeeLine(kind, amount, text, ", ".join(labels))
        for (kind, amount, text), labels in channels.items()
        if amount or text
    ]
