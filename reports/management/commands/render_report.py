"""render_report: a report as a file, made by the same code as the page and the API."""

from __future__ import annotations

import contextlib
import os
import tempfile
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from agencies.scope import Scope
from reports import exports, periods, settlement
from reports.periods import PeriodError
from reports.settlement import By, Counted, UnknownAgencyError

BAD_INPUT = 2  # the exit code of argparse for the same kind of fault


class Command(BaseCommand):
    """Render a report of the whole province, whoever asks: who runs commands sees everything."""

    help = "Lập báo cáo ra tệp: render_report settlement --from 2026-10-15 --to 2026-11-14 ..."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the report, its days, its agency and the file."""
        parser.add_argument("report", choices=["settlement"], help="settlement: biểu II.06a")
        parser.add_argument("--from", required=True, metavar="D", help="ngày đầu, 2026-10-15")
        parser.add_argument("--to", required=True, metavar="D", help="ngày cuối, 2026-11-14")
        parser.add_argument("--agency", required=True, metavar="CODE", help="mã cơ quan")
        parser.add_argument("--by", choices=[by.value for by in By], default=By.SECTOR.value)
        parser.add_argument(
            "--place",
            choices=[each.value for each in Counted],
            default=Counted.SETTLING.value,
            help="tính theo cơ quan giải quyết hay nơi tiếp nhận",
        )
        parser.add_argument("--format", required=True, choices=["pdf", "xlsx"])
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file whole or not at all; raise CommandError (exit 2) on bad input."""
        today = timezone.localdate()
        start, end = self._day("--from", options["from"]), self._day("--to", options["to"])
        try:
            period = periods.free(start, end)
        except PeriodError as error:
            raise CommandError(f"--to: {error}", returncode=BAD_INPUT) from error
        in_sight = settlement.agencies_in_sight(Scope(sees_everything=True))
        try:
            agency = settlement.pick_agency(options["agency"], in_sight)
        except UnknownAgencyError as error:
            text = f"--agency: không có cơ quan mã {options['agency']}"
            raise CommandError(text, returncode=BAD_INPUT) from error
        report = settlement.count(
            period,
            agency=agency,
            in_sight=in_sight,
            by=By(options["by"]),
            today=today,
            counted=Counted(options["place"]),
        )
        content = (
            exports.to_pdf(report, today=today)
            if options["format"] == "pdf"
            else exports.to_xlsx(report)
        )
        out: Path = options["out"]
        try:
            _write(out, content)
        except OSError as error:
            text = f"--out: không ghi được {out}: {error.strerror}"
            raise CommandError(text, returncode=BAD_INPUT) from error
        self.stderr.write(
            f"{out}: {len(report.rows)} dòng, tiếp nhận {report.totals.received_total}, "
            f"đã giải quyết {report.totals.settled_total}, đang giải quyết {report.totals.open_total}"
        )

    @staticmethod
    def _day(option: str, text: str) -> date:
        try:
            return periods.parse_day(text)
        except PeriodError as error:
            raise CommandError(f"{option}: {error}", returncode=BAD_INPUT) from error


def _write(out: Path, content: bytes) -> None:
    """Write beside the place and rename, so that no reader ever finds half a report."""
    # A device or a pipe (/dev/stdout) cannot be renamed over.
    if out.exists() and not out.is_file():
        out.write_bytes(content)
        return
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # mkstemp's 0600 would hide it from its readers
        Path(name).replace(out)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
