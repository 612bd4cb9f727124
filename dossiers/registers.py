"""Sổ theo dõi hồ sơ: asked for as a row, made into two files, kept for a while, then only the row.

The row is the job (design.md 2): a worker that dies leaves it, and the sweeper knocks again. What a
register says is read from the dossiers in one pass, as they stand when it is made.
"""

from __future__ import annotations

import hashlib
import heapq
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Prefetch
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.personal_data import unseal
from agencies.working_time import LOCAL_ZONE
from dossiers import day_roots
from dossiers.models import (
    Delivery,
    Dossier,
    Entry,
    PaperSlip,
    Register,
    ResultChannel,
    VoidPaperNumber,
)
from dossiers.paper_files import sync_folder, sync_whole
from dossiers.paperwork import layout_for, layout_named, register, wording
from dossiers.paperwork.layouts import Book
from dossiers.workflow import PaperKind, State

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from agencies.models import Agency, Officer
    from dossiers.models import DossierQuerySet

logger = structlog.get_logger(__name__)

FOLDER = "registers"
AT_ONCE_ROWS = 150  # made while the officer waits: about two seconds
PDF_ROWS = 6_000  # some 500 pages; what is longer is given as a workbook alone
MOST_ROWS = 100_000  # longer is split by the officer into shorter periods
MOST_TRIES = 3
DATABASE_ROWS = 500  # fetched at a time


class TooLongError(ValueError):
    """The period holds more dossiers than one register takes."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} rows")
        self.count = count


def dossiers_of(agency: Agency, start: dt.date, end: dt.date) -> DossierQuerySet:
    """Return the dossiers an agency received on these local days, both included."""
    return Dossier.objects.filter(receiving_agency=agency, received_on__range=(start, end))


def ask(agency: Agency, start: dt.date, end: dt.date, *, by: Officer) -> Register:
    """Write down that an officer wants the register of some days; nothing is made yet.

    Raises TooLongError where the period must be split. Runs two queries.
    """
    count = dossiers_of(agency, start, end).count()
    if count > MOST_ROWS:
        raise TooLongError(count)
    form = layout_for(Book.REGISTER, timezone.localdate()).form
    return Register.objects.create(
        agency=agency, start=start, end=end, form=form, asked_by=by, row_count=count
    )


def ensure_made(pk: int) -> bool:
    """Make the files of a register unless they are there; False when another worker is at it.

    The row is locked while the files are made, so a doubled knock makes them once. The try is
    counted before it begins, also when the process is killed on the way: after MOST_TRIES nobody
    tries again, and the page says so.
    """
    asked = Register.objects.filter(pk=pk, rendered_at__isnull=True, tries__lt=MOST_TRIES)
    with transaction.atomic():
        if not asked.select_for_update(skip_locked=True, no_key=True).exists():
            return False
        asked.update(tries=F("tries") + 1)
    with transaction.atomic():
        unmade = Register.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        row = (
            unmade.select_related("agency__parent", "agency__unit")
            .filter(pk=pk, rendered_at__isnull=True)
            .first()
        )
        if row is None:
            return False
        with translation.override("vi"):
            _make(row)
        row.save(
            update_fields=[
                "row_count", "page_count", "pdf", "pdf_digest", "xlsx", "xlsx_digest",
                "rendered_at",
            ]
        )  # fmt: skip
    logger.info("register made", register=pk, rows=row.row_count, pages=row.page_count)
    return True


def content_of(row: Register, extension: str) -> bytes | None:
    """Return a stored file of a register, "pdf" or "xlsx"; None when it is not there or altered."""
    name, digest = (row.pdf, row.pdf_digest) if extension == "pdf" else (row.xlsx, row.xlsx_digest)
    if not name:
        return None
    try:
        content = (Path(settings.MEDIA_ROOT) / name).read_bytes()
    except FileNotFoundError:
        logger.error("register file is missing", register=row.pk)
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        logger.error("register file was altered", register=row.pk)
        return None
    return content


def forget_files_before(moment: dt.datetime) -> int:
    """Delete the files of registers made before a moment; their rows stay. Returns how many.

    A register is a list of people and can be made again; who asked for it, and when, is kept.
    """
    old = Register.objects.filter(rendered_at__lt=moment).exclude(pdf="", xlsx="")
    count = 0
    for row in old:
        for name in (row.pdf, row.xlsx):
            if name:
                (Path(settings.MEDIA_ROOT) / name).unlink(missing_ok=True)
        row.pdf = row.xlsx = ""
        row.save(update_fields=["pdf", "xlsx"])
        count += 1
    return count


def _make(row: Register) -> None:
    """Write both files of a register and put their names and digests on the row; not saved."""
    now = timezone.now()
    on = timezone.localdate(row.asked_at)
    folder = Path(settings.MEDIA_ROOT) / FOLDER / f"{on:%Y}" / f"{on:%m}"
    folder.mkdir(parents=True, exist_ok=True, mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS)
    _clear_what_a_killed_worker_left(row, folder)
    dossiers = dossiers_of(row.agency, row.start, row.end)
    count = dossiers.count()
    with tempfile.TemporaryDirectory(prefix=_work_name(row), dir=folder) as name:
        work = Path(name)
        cover = _cover(row, count, now)
        book = register.Workbook(work / "register.xlsx", cover)
        try:
            printed = _print(cover, book.noting(_entries(row, dossiers)), work, count)
            row.row_count = book.close()
        except BaseException:
            book.abandon()
            raise
        row.page_count = printed.pages if printed else None
        row.xlsx, row.xlsx_digest = _keep(work / "register.xlsx", folder, row)
        if printed:
            row.pdf, row.pdf_digest = _keep(work / "register.pdf", folder, row)
    sync_folder(folder)
    row.rendered_at = now


def _print(
    cover: register.Cover, entries: Iterator[register.Entry], work: Path, count: int
) -> register.Printed | None:
    """Write the PDF where the register is not too long for one; read the entries to their end."""
    if count > PDF_ROWS:
        for _entry in entries:
            pass
        return None
    parts = work / "parts"
    parts.mkdir(mode=0o700)
    return register.to_pdf(cover, entries, work / "register.pdf", parts)


def _keep(made: Path, folder: Path, row: Register) -> tuple[str, str]:
    """Move a finished file to its place, whole or not at all; return its name and digest."""
    kept = folder / f"register-{row.pk:07d}{made.suffix}"
    made.chmod(settings.FILE_UPLOAD_PERMISSIONS)
    sync_whole(made)
    with made.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    made.replace(kept)
    return kept.relative_to(settings.MEDIA_ROOT).as_posix(), digest


def _work_name(row: Register) -> str:
    return f".register-{row.pk:07d}."


def _clear_what_a_killed_worker_left(row: Register, folder: Path) -> None:
    # The row's lock keeps living workers away.
    for left in folder.glob(f"{_work_name(row)}*"):
        for file in sorted(left.rglob("*"), reverse=True):
            if file.is_dir():
                file.rmdir()
            else:
                file.unlink()
        left.rmdir()


def _cover(row: Register, count: int, now: dt.datetime) -> register.Cover:
    agency = row.agency
    desk = agency.desks.order_by("pk").first()
    layout = layout_named(Book.REGISTER, row.form)
    place = wording.place_of(agency.unit.name) if agency.unit else settings.PROVINCE_NAME
    years = range(row.start.year, row.end.year + 1)
    return register.Cover(
        layout=layout,
        superior=wording.in_capitals(agency.parent.name) if agency.parent else "",
        agency=wording.in_capitals(agency.name),
        desk=wording.plain(desk.name) if desk else layout.desk,
        # As the receipt says: a volume is a year of the register.
        volume=", ".join(map(str, years)),
        start=row.start,
        end=row.end,
        made_at=now.astimezone(LOCAL_ZONE),
        place_and_date=f"{place}, {wording.long_date(timezone.localdate(now))}",
        count=count,
        root=day_roots.root_of(row.end),
    )


def _entries(row: Register, dossiers: DossierQuerySet) -> Iterator[register.Entry]:
    """Return the lines by time of receipt, void numbers among them. Memory holds one batch."""
    lines = heapq.merge(_of_dossiers(dossiers), _of_void_numbers(row), key=lambda timed: timed[0])
    return (entry for _at, entry in lines)


def _of_dossiers(dossiers: DossierQuerySet) -> Iterator[tuple[dt.datetime, register.Entry]]:
    rows = (
        dossiers.select_related("version", "competent_agency")
        .prefetch_related(
            Prefetch(
                "slips",
                PaperSlip.objects.filter(kind=PaperKind.RECEIPT)
                .only("dossier_id", "number", "year", "kind", "issued_at")
                .order_by("pk"),
                to_attr="receipts",
            ),
            Prefetch(
                "deliveries",
                Delivery.objects.only("dossier_id", "channel", "receiver_sealed").order_by("pk"),
                to_attr="handed_over",
            ),
        )
        .only(
            "code", "owner_name", "owner_address_sealed", "owner_phone_sealed", "received_at",
            "due_original_at", "due_at", "settled_at", "settled_on", "returned_at", "state",
            "entry", "result_channel", "supplement_count",
            "version__name", "competent_agency__name",
        )
        .order_by("received_at", "pk")
    )  # fmt: skip
    for dossier in rows.iterator(chunk_size=DATABASE_ROWS):
        assert dossier.received_at is not None  # noqa: S101 - the period is of days of receipt
        yield dossier.received_at, _entry_of(dossier)


def _entry_of(dossier: Dossier) -> register.Entry:
    receipts: list[PaperSlip] = dossier.receipts  # type: ignore[attr-defined] # prefetched above
    delivery = next(iter(dossier.handed_over), None)  # type: ignore[attr-defined] # prefetched
    channel = delivery.channel if delivery else dossier.result_channel
    address = wording.plain(unseal(dossier.owner_address_sealed))
    phone = wording.unbroken(unseal(dossier.owner_phone_sealed))
    return register.Entry(
        number=f"{receipts[0].number:04d}" if receipts else "",
        code=dossier.code or "",
        procedure=wording.plain(dossier.version.name),
        sets=wording.count(1),
        owner=wording.plain(dossier.owner_name),
        contact="; ".join(part for part in (address, phone) if part),
        agency=wording.plain(dossier.competent_agency.name),
        received=_local(dossier.received_at),
        # The first promise; what it became stands in the note.
        due=_local(dossier.due_original_at or dossier.due_at),
        returned=_local(dossier.returned_at),
        channel=str(ResultChannel(channel).label),
        receiver=wording.plain(unseal(delivery.receiver_sealed)) if delivery else "",
        note=_note(dossier, receipts),
    )


def _note(dossier: Dossier, receipts: list[PaperSlip]) -> str:
    notes = []
    if dossier.entry != Entry.LIVE:
        notes.append(str(Entry(dossier.entry).label))
    notes += [
        _("Giấy hẹn thay số %(number)s") % {"number": f"{later.number:04d}"}
        for later in receipts[1:]
    ]
    if dossier.due_at and dossier.due_at != dossier.due_original_at:
        day = timezone.localtime(dossier.due_at)
        notes.append(_("Hẹn lại %(when)s") % {"when": f"{day:%H:%M %d/%m/%Y}"})
    if dossier.supplement_count:
        notes.append(_("Bổ sung %(count)s lần") % {"count": dossier.supplement_count})
    if dossier.state in {State.WITHDRAWN, State.STOPPED} and dossier.settled_on:
        notes.append(f"{State(dossier.state).label} {dossier.settled_on:%d/%m/%Y}")
    return "; ".join(notes)


def _of_void_numbers(row: Register) -> list[tuple[dt.datetime, register.Entry]]:
    """Return a line for each receipt's number that was voided in these days: no silent gap."""
    voided = VoidPaperNumber.objects.filter(
        agency=row.agency, kind=PaperKind.RECEIPT, voided_at__date__range=(row.start, row.end)
    ).order_by("voided_at", "pk")
    return [
        (
            void.voided_at,
            register.Entry(
                number=f"{void.number:04d}",
                code="",
                procedure=_("Số bỏ"),
                sets="",
                owner="",
                contact="",
                agency="",
                received=_local(void.voided_at),
                due=None,
                returned=None,
                channel="",
                receiver="",
                note=wording.plain(void.reason),
            ),
        )
        for void in voided
    ]


def _local(moment: dt.datetime | None) -> dt.datetime | None:
    return moment.astimezone(LOCAL_ZONE) if moment else None
