"""Read the national catalogue into rows: streaming, idempotent, a remark on every row refused or mended.

Each of the two files owns its half of a version (name, sectors, agencies, targets, state, type; cases,
limits, channels, fees, papers, results, legal bases). A half that differs after normalising makes a new
version that takes over the other half as it is; versions that dossiers stand on are never rewritten.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

import structlog
from django.db import DatabaseError, DataError, IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from accounts.folding import fold
from agencies.import_report import Outcome, Report
from procedures.catalogue_rows import (
    CatalogueHalf,
    DetailHalf,
    Half,
    RefusedRowError,
    Row,
    SectorName,
    Writing,
    decode,
    read,
)
from procedures.models import (
    ChannelLimit,
    Fee,
    LegalBasis,
    Procedure,
    ProcedureCase,
    ProcedureSector,
    ProcedureVersion,
    RequiredDocument,
    Sector,
)

logger = structlog.get_logger(__name__)

BATCH = 500  # rows a transaction: a killed run keeps every batch that was committed
LONGEST_LINE = 16 * 1024 * 1024  # bytes; a line beyond it is no procedure
_LOCK = 5_300_401  # pg_advisory_xact_lock: two imports take turns batch by batch

_PROCEDURE_FIELDS = [
    "name",
    "name_fold",
    "search",
    "source_id",
    "source_state",
    "kind",
    "code_is_mended",
]
_VERSION_FIELDS = [
    "valid_to",
    "name",
    "promulgating_agency",
    "executing_agencies",
    "targets",
    "source_state",
    "kind",
    "catalogue_digest",
    "requirements",
    "steps_text",
    "results",
    "source",
    "detail_digest",
]

Row_ = TypeVar("Row_", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stood."""

    file: str
    line: int


@dataclass(slots=True)
class _Plan:
    """What a batch is going to write."""

    known_facts: dict[int, tuple[object, ...]] = field(default_factory=dict)
    procedures: list[Procedure] = field(default_factory=list)
    changed_procedures: list[Procedure] = field(default_factory=list)
    versions: list[ProcedureVersion] = field(default_factory=list)
    changed_versions: list[ProcedureVersion] = field(default_factory=list)
    sectors: list[tuple[ProcedureVersion, tuple[SectorName, ...]]] = field(default_factory=list)
    sectors_replaced: list[ProcedureVersion] = field(default_factory=list)
    sectors_told: list[SectorName] = field(default_factory=list)  # facts on sectors, nothing more
    details: list[tuple[ProcedureVersion, DetailHalf]] = field(default_factory=list)
    copied_sectors: dict[int, ProcedureVersion] = field(default_factory=dict)
    copied_details: dict[int, ProcedureVersion] = field(default_factory=dict)


def import_procedures(
    paths: Iterable[Path], *, today: dt.date, report: Report, dry_run: bool = False
) -> None:
    """Read the files into the catalogue and tell the report; a dry run does all and keeps nothing.

    A file that cannot be opened is named in `report.unreadable` and the others are read.
    """
    with transaction.atomic() if dry_run else nullcontext():
        _Import(today, report).run(paths)
        if dry_run:
            transaction.set_rollback(True)


class _Import:
    def __init__(self, today: dt.date, report: Report) -> None:
        self.today = today
        self.report = report
        self.batch: dict[tuple[Half, str], tuple[Place, Row]] = {}
        # The line on which a file wrote each code, to refuse a second one.
        self.seen: dict[str, dict[tuple[Half, str], int]] = {}

    def run(self, paths: Iterable[Path]) -> None:
        """Read the files; rows whose code is not written cleanly wait until all others are in."""
        with tempfile.TemporaryFile() as waiting:
            places: list[tuple[Writing, Place, int]] = []
            for path, name in _named(paths):
                self.seen[name] = {}
                try:
                    with path.open("rb") as file:
                        for number, line in _lines(file):
                            self.take(line, Place(name, number), waiting, places)
                except OSError as error:
                    self.report.unreadable[str(path)] = error.strerror or str(error)
                self.flush()
            for _writing, place, offset in sorted(places, key=lambda entry: entry[0]):
                waiting.seek(offset)
                self.put(place, read(decode(waiting.readline())))
            self.flush()

    def take(
        self,
        line: bytes,
        place: Place,
        waiting: IO[bytes],
        places: list[tuple[Writing, Place, int]],
    ) -> None:
        """Read a line; put its row into the batch, or put it aside when its code is not clean."""
        key = ""
        try:
            if len(line) > LONGEST_LINE:
                raise RefusedRowError(_("Dòng quá dài."))
            data = decode(line)
            self.report.understood += 1
            key = _shown_key(data)
            row = read(data)
        except RefusedRowError as error:
            self.report.add(place.file, place.line, key, "refused", (str(error),))
            return
        if row.writing is Writing.CLEAN:
            self.put(place, row)
        else:
            places.append((row.writing, place, waiting.seek(0, 2)))
            waiting.write(line.rstrip(b"\r\n") + b"\n")

    def put(self, place: Place, row: Row) -> None:
        """Add a row to the batch, unless its file has that code already."""
        seen = self.seen[place.file]
        first = seen.setdefault((row.half, row.key), place.line)
        if first != place.line:
            reason = (
                _("Mã %(code)s là của một thủ tục khác, viết đúng ở dòng %(line)d.")
                if row.writing is Writing.MENDED
                else _("Mã %(code)s lặp lại, đã có ở dòng %(line)d.")
            ) % {"code": row.key, "line": first}
            self.report.add(place.file, place.line, row.key, "refused", (*row.notes, reason))
            return
        # A procedure may stand in one batch once, so that the batch can be written in bulk.
        if any((half, row.key) in self.batch for half in Half) or len(self.batch) >= BATCH:
            self.flush()
        self.batch[row.half, row.key] = (place, row)

    def flush(self) -> None:
        """Write the batch in one transaction; should a row break it, write its rows one by one."""
        entries, self.batch = list(self.batch.values()), {}
        if not entries:
            return
        try:
            outcomes = self.write([row for _place, row in entries])
        except (DataError, IntegrityError):
            outcomes = []
            for _place, row in entries:
                try:
                    outcomes += self.write([row])
                except (DataError, IntegrityError) as error:
                    logger.warning("procedure row refused by the database", code=row.key)
                    outcomes.append(("refused", (_database_reason(error),)))
        for (place, row), (outcome, reasons) in zip(entries, outcomes, strict=True):
            self.report.add(place.file, place.line, row.key, outcome, (*row.notes, *reasons))

    def write(self, rows: list[Row]) -> list[tuple[Outcome, tuple[str, ...]]]:
        """Write rows of different procedures; return what became of each."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            codes = [row.key for row in rows]
            procedures = {
                procedure.code: procedure
                for procedure in Procedure.objects.select_for_update(of=("self",)).filter(
                    code__in=codes
                )
            }
            newest = {
                version.procedure_id: version
                for version in ProcedureVersion.objects.filter(
                    procedure__in=[procedure.pk for procedure in procedures.values()]
                )
                .order_by("procedure_id", "-number")
                .distinct("procedure_id")
            }
            by_hand = self.filled_by_hand(rows, procedures, newest)
            plan = _Plan({known.pk: _facts(known) for known in procedures.values()})
            outcomes = []
            for row in rows:
                plan.sectors_told += row.sectors
                procedure = procedures.get(row.key)
                if procedure is None:
                    outcomes.append(self.create(row, plan))
                else:
                    version = newest.get(procedure.pk)
                    outcomes.append(self.meet(row, procedure, version, by_hand, plan))
            self.carry_out(plan)
        return outcomes

    def filled_by_hand(
        self, rows: list[Row], procedures: dict[str, Procedure], newest: dict[int, ProcedureVersion]
    ) -> set[int]:
        """Return the versions without an imported detail that have cases or channels all the same."""
        asked = [
            version.pk
            for row in rows
            if row.half is Half.DETAIL
            and (procedure := procedures.get(row.key))
            and (version := newest.get(procedure.pk))
            and not version.detail_digest
        ]
        if not asked:
            return set()
        found: set[int] = set()
        for model in (ProcedureCase, ChannelLimit, RequiredDocument):
            found.update(
                model._default_manager.filter(version__in=asked).values_list(
                    "version_id", flat=True
                )
            )
        return found

    def create(self, row: Row, plan: _Plan) -> tuple[Outcome, tuple[str, ...]]:
        """Plan a procedure not known so far, with its first version."""
        if not row.name:
            return "refused", (_("Thủ tục chưa có trong danh mục và dòng không có tên."),)
        procedure = Procedure(
            code=row.key,
            is_internal=row.is_internal,
            is_withdrawn=row.is_withdrawn,
            code_is_mended=row.writing is Writing.MENDED,
            source_id=row.source_id,
        )
        version = ProcedureVersion(procedure=procedure, number=1)
        plan.procedures.append(procedure)
        plan.versions.append(version)
        self.fill(row, procedure, version, plan)
        return "created", ()

    def meet(
        self,
        row: Row,
        procedure: Procedure,
        version: ProcedureVersion | None,
        by_hand: set[int],
        plan: _Plan,
    ) -> tuple[Outcome, tuple[str, ...]]:
        """Plan what a row means for a procedure that is known: nothing, a half filled, a new version."""
        is_same = _is_same(row, procedure)
        if row.writing is Writing.MENDED and not is_same:
            reason = _("Mã %(code)s là của một thủ tục khác: %(name)s") % {
                "code": row.key,
                "name": procedure.name[:120],
            }
            return "refused", (reason,)
        if version is None:
            version = ProcedureVersion(procedure=procedure, number=1)
            plan.versions.append(version)
            self.fill(row, procedure, version, plan)
            plan.changed_procedures.append(procedure)
            return "changed", ()
        if procedure.code_is_mended and row.writing is not Writing.MENDED and not is_same:
            # Another procedure writes this code cleanly: neither half of the old one is its own.
            if not row.name:
                return "refused", (_("Thủ tục chưa có trong danh mục và dòng không có tên."),)
            reason = _("Nhận lại mã %(code)s từ dòng có mã phải sửa: %(name)s") % {
                "code": row.key,
                "name": procedure.name[:120],
            }
            procedure.code_is_mended = False
            procedure.source_id = row.source_id
            renewed = self.succeed(version, plan)
            self.fill(row, procedure, renewed, plan)
            plan.changed_procedures.append(procedure)
            return "changed", (reason,)
        return self.update(row, procedure, version, by_hand, plan), ()

    def update(
        self,
        row: Row,
        procedure: Procedure,
        version: ProcedureVersion,
        by_hand: set[int],
        plan: _Plan,
    ) -> Outcome:
        """Plan the half of a row on a procedure that it is certainly about."""
        digest = version.catalogue_digest if row.half is Half.CATALOGUE else version.detail_digest
        touched = self.update_procedure(row, procedure)
        if digest == row.digest:
            if row.half is Half.DETAIL and not version.catalogue_digest and row.name:
                touched |= self.rename(row, procedure, version, plan)
        elif not digest and version.pk not in by_hand:
            self.fill(row, procedure, version, plan, in_place=True)
            touched = True
        else:
            renewed = self.succeed(version, plan)
            self.carry_over(row, version, renewed, plan)
            self.fill(row, procedure, renewed, plan)
            touched = True
        if touched:
            plan.changed_procedures.append(procedure)
        return "changed" if touched else "unchanged"

    def update_procedure(self, row: Row, procedure: Procedure) -> bool:
        """Bring facts about the row itself up to date; return whether any was not."""
        wanted: dict[str, object] = {}
        if row.source_id and (row.half is Half.CATALOGUE or not procedure.source_id):
            wanted["source_id"] = row.source_id
        if procedure.code_is_mended and row.writing is not Writing.MENDED:
            wanted["code_is_mended"] = False
        changed = {
            name: value for name, value in wanted.items() if getattr(procedure, name) != value
        }
        for name, value in changed.items():
            setattr(procedure, name, value)
        return bool(changed)

    def rename(
        self, row: Row, procedure: Procedure, version: ProcedureVersion, plan: _Plan
    ) -> bool:
        """Keep the name a detail lends to a procedure the catalogue file does not know yet."""
        if version.name == row.name:
            return False
        version.name = row.name
        plan.changed_versions.append(version)
        plan.sectors_replaced.append(version)
        plan.sectors.append((version, row.sectors))
        procedure.name = row.name
        return True

    def succeed(self, version: ProcedureVersion, plan: _Plan) -> ProcedureVersion:
        """End a version yesterday and start the next today; of two made today the later counts."""
        yesterday = self.today - dt.timedelta(days=1)
        ends = max(yesterday, version.valid_from) if version.valid_from else yesterday
        version.valid_to = min(version.valid_to, ends) if version.valid_to else ends
        if version.valid_from and version.valid_to < version.valid_from:
            version.valid_to = version.valid_from
        plan.changed_versions.append(version)
        renewed = ProcedureVersion(
            procedure=version.procedure,
            number=version.number + 1,
            valid_from=self.today,
            name=version.name,
            # What the province decided holds until it decides otherwise.
            supplement_policy=version.supplement_policy,
            same_day_cutoff=version.same_day_cutoff,
            settles_at_once=version.settles_at_once,
        )
        plan.versions.append(renewed)
        return renewed

    def carry_over(
        self, row: Row, old: ProcedureVersion, new: ProcedureVersion, plan: _Plan
    ) -> None:
        """Copy to a new version the half that the row does not own."""
        if row.half is Half.CATALOGUE:
            names = ["requirements", "steps_text", "results", "source", "detail_digest"]
            plan.copied_details[old.pk] = new
        else:
            names = [
                "promulgating_agency",
                "executing_agencies",
                "targets",
                "source_state",
                "kind",
                "catalogue_digest",
            ]
            if old.catalogue_digest:
                plan.copied_sectors[old.pk] = new
        for name in names:
            setattr(new, name, getattr(old, name))

    def fill(
        self,
        row: Row,
        procedure: Procedure,
        version: ProcedureVersion,
        plan: _Plan,
        *,
        in_place: bool = False,
    ) -> None:
        """Write the half of a row onto a version."""
        if in_place:
            plan.changed_versions.append(version)
        owned = row.owned
        if isinstance(owned, CatalogueHalf):
            version.promulgating_agency = owned.promulgating_agency
            version.executing_agencies = list(owned.executing_agencies)
            version.targets = list(owned.targets)
            version.source_state = procedure.source_state = owned.state
            version.kind = procedure.kind = owned.kind
            version.catalogue_digest = row.digest
        else:
            version.requirements = owned.requirements
            version.steps_text = list(owned.steps)
            version.results = list(owned.results)
            version.source = owned.source
            version.detail_digest = row.digest
            plan.details.append((version, owned))
        # A detail lends its name and sector until the catalogue row takes these over.
        if row.name and (row.half is Half.CATALOGUE or not version.catalogue_digest):
            version.name = row.name
            procedure.name = row.name
            plan.sectors.append((version, row.sectors))
            if in_place:
                plan.sectors_replaced.append(version)

    def carry_out(self, plan: _Plan) -> None:
        """Write a plan in bulk, parents first."""
        for procedure in plan.procedures:
            procedure.fold_name()
        Procedure.objects.bulk_create(plan.procedures)
        changed = {
            procedure.pk: procedure
            for procedure in plan.changed_procedures
            if _facts(procedure) != plan.known_facts.get(procedure.pk)
        }
        for procedure in changed.values():
            procedure.fold_name()
        _rewrite(Procedure, changed.values(), _PROCEDURE_FIELDS)
        ProcedureVersion.objects.bulk_create(plan.versions)
        changed_versions = {version.pk: version for version in plan.changed_versions}
        _rewrite(ProcedureVersion, changed_versions.values(), _VERSION_FIELDS)
        self.write_sectors(plan)
        self.write_details(plan)

    def write_sectors(self, plan: _Plan) -> None:
        if plan.sectors_replaced:
            ProcedureSector.objects.filter(version__in=plan.sectors_replaced).delete()
        needed = [name for _version, names in plan.sectors for name in names]
        sectors = _sectors(needed, plan.sectors_told)
        rows = [
            ProcedureSector(version=version, sector=sectors[name.name], position=position)
            for version, names in plan.sectors
            for position, name in enumerate(names)
        ]
        rows += _copies(ProcedureSector, plan.copied_sectors)
        ProcedureSector.objects.bulk_create(rows)

    def write_details(self, plan: _Plan) -> None:
        cases: list[ProcedureCase] = []
        limits: list[ChannelLimit] = []
        fees: list[Fee] = []
        papers: list[RequiredDocument] = []
        bases: list[LegalBasis] = []
        for version, detail in plan.details:
            cases += [
                ProcedureCase(
                    version=version,
                    position=position,
                    code=case.code,
                    limit_value=case.limit.value,
                    limit_unit=case.limit.unit,
                    limit_text=case.limit.text,
                )
                for position, case in enumerate(detail.cases)
            ]
            for position, row in enumerate(detail.channels):
                limit = ChannelLimit(
                    version=version,
                    position=position,
                    channel=row.channel,
                    limit_value=row.limit.value,
                    limit_unit=row.limit.unit,
                    limit_text=row.limit.text,
                    note=row.note,
                )
                limits.append(limit)
                fees += [
                    Fee(
                        channel_limit=limit,
                        position=fee_position,
                        kind=fee.kind,
                        amount_vnd=fee.amount,
                        amount_said=fee.said,
                        text=fee.text,
                    )
                    for fee_position, fee in enumerate(row.fees)
                ]
            papers += [
                RequiredDocument(
                    version=version,
                    position=position,
                    group=paper.group,
                    name=paper.name,
                    code=paper.code,
                    originals=paper.originals,
                    copies=paper.copies,
                    has_electronic_form=paper.has_electronic_form,
                    attachments=list(paper.attachments),
                )
                for position, paper in enumerate(detail.papers)
            ]
            bases += [
                LegalBasis(version=version, position=position, code=code, name=name)
                for position, (code, name) in enumerate(detail.legal_bases)
            ]
        cases += _copies(ProcedureCase, plan.copied_details)
        papers += _copies(RequiredDocument, plan.copied_details)
        bases += _copies(LegalBasis, plan.copied_details)
        if plan.copied_details:
            old_limits = list(ChannelLimit.objects.filter(version__in=plan.copied_details))
            fees_of: dict[int, list[Fee]] = defaultdict(list)
            for fee in Fee.objects.filter(channel_limit__in=old_limits):
                fees_of[fee.channel_limit_id].append(fee)
            for limit in old_limits:
                old_fees = fees_of[limit.pk]
                limit.version = plan.copied_details[limit.version_id]
                limits.append(_anew(limit))
                for fee in old_fees:
                    fee.channel_limit = limit
                    fees.append(_anew(fee))
        ProcedureCase.objects.bulk_create(cases)
        ChannelLimit.objects.bulk_create(limits)
        for fee in fees:
            fee.channel_limit = fee.channel_limit  # take over the key it has got by now
        Fee.objects.bulk_create(fees)
        RequiredDocument.objects.bulk_create(papers)
        LegalBasis.objects.bulk_create(bases)


def _facts(procedure: Procedure) -> tuple[object, ...]:
    return (
        procedure.name,
        procedure.source_id,
        procedure.source_state,
        procedure.kind,
        procedure.code_is_mended,
    )


def _rewrite(model: type[Row_], rows: Iterable[Row_], names: list[str]) -> None:
    """Update whole rows in one INSERT ... ON CONFLICT: bulk_update takes ten times as long."""
    model._default_manager.bulk_create(
        list(rows), update_conflicts=True, unique_fields=["id"], update_fields=names
    )


def _sectors(needed: Iterable[SectorName], told: Iterable[SectorName]) -> dict[str, Sector]:
    """Return the needed sectors by name, made where missing; the first code or id told of one stays.

    Only details know codes and only the catalogue knows ids, so rows also tell of sectors that
    their versions do not take from them.
    """
    names = {name.name for name in needed}
    facts_of: dict[str, SectorName] = {}
    for said in told:
        known = facts_of.get(said.name, said)
        facts_of[said.name] = SectorName(
            said.name, known.code or said.code, known.source_id or said.source_id
        )
    found = {sector.name: sector for sector in Sector.objects.filter(name__in=facts_of)}
    new = [
        Sector(name=name, code=facts.code, source_id=facts.source_id, name_fold=fold(name)[:300])
        for name, facts in facts_of.items()
        if name in names and name not in found
    ]
    Sector.objects.bulk_create(new)
    for name, sector in found.items():
        facts = facts_of[name]
        code, source_id = sector.code or facts.code, sector.source_id or facts.source_id
        if (code, source_id) != (sector.code, sector.source_id):
            sector.code, sector.source_id = code, source_id
            sector.save(update_fields=["code", "source_id"])
    return found | {sector.name: sector for sector in new}


def _copies(model: type[Row_], renewed: dict[int, ProcedureVersion]) -> list[Row_]:
    """Return the rows of old versions as unsaved rows of the versions that follow them."""
    if not renewed:
        return []
    rows = list(model._default_manager.filter(version__in=renewed))
    for row in rows:
        setattr(row, "version", renewed[row.version_id])  # type: ignore[attr-defined] # noqa: B010
        _anew(row)
    return rows


def _anew(row: Row_) -> Row_:
    row.pk = None
    row._state.adding = True
    return row


def _is_same(row: Row, procedure: Procedure) -> bool:
    """Tell whether a row is about the procedure that has its code: by the portal's id, else by name."""
    if row.source_id and procedure.source_id:
        return row.source_id == procedure.source_id
    return fold(row.name) == procedure.name_fold


def _named(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each file once with a name to speak of it: its last part, the whole where two agree."""
    once = list(dict.fromkeys(paths))
    for path in once:
        alone = sum(other.name == path.name for other in once) == 1
        yield path, path.name if alone else str(path)


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line) of every line that is not blank, holding one line in memory."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        while not line.endswith(b"\n") and (rest := file.readline(LONGEST_LINE + 1)):
            # Longer than a line may be: the rest is passed over, the first part is refused.
            if rest.endswith(b"\n"):
                break
        if line.strip(b" \t\r\n\xef\xbb\xbf"):
            yield number, line


def _shown_key(data: dict[str, object]) -> str:
    code = data.get("code")
    return code[:40].strip() if isinstance(code, str) else ""


def _database_reason(error: DatabaseError) -> str:
    return _("Cơ sở dữ liệu từ chối dòng này: %(error)s") % {
        "error": str(error).splitlines()[0] if str(error) else type(error).__name__
    }
