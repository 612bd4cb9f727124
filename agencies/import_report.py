"""What an import of a file did: counts, a remark on every row refused or mended, progress.

Shared by the imports of procedures, units and officers. Numbers may go to standard output; all
else goes to standard error.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Outcome = Literal["created", "changed", "unchanged", "refused"]


@dataclass(slots=True)
class Counts:
    """How many rows: read = created + changed + unchanged + refused; a warned row is in one of them."""

    read: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    warned: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Remark:
    """Why a row of a file was refused, or what was mended in it."""

    file: str
    line: int
    key: str
    outcome: Literal["refused", "warned"]
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        kind = _("từ chối") if self.outcome == "refused" else _("cảnh báo")
        return f"{self.file}:{self.line} {self.key} {kind}: {' '.join(self.reasons)}"


@dataclass(slots=True)
class Report:
    """The tally of a run, in all and by file."""

    counts: Counts = field(default_factory=Counts)
    files: dict[str, Counts] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    # Rows that at least had the form of a row; none at all means that nothing could be read.
    understood: int = 0
    on_remark: Callable[[Remark], None] | None = None
    on_row: Callable[[], None] | None = None

    def add(
        self, file: str, line: int, key: str, outcome: Outcome, reasons: tuple[str, ...] = ()
    ) -> None:
        """Count a row as read and done with; with reasons it is also refused or warned aloud."""
        for counts in (self.counts, self.files.setdefault(file, Counts())):
            counts.read += 1
            setattr(counts, outcome, getattr(counts, outcome) + 1)
            counts.warned += bool(reasons and outcome != "refused")
        if reasons:
            kind: Literal["refused", "warned"] = "refused" if outcome == "refused" else "warned"
            remark = Remark(file, line, key, kind, reasons)
            self.remarks.append(remark)
            if self.on_remark:
                self.on_remark(remark)
        if self.on_row:
            self.on_row()

    @property
    def nothing_was_read(self) -> bool:
        return self.understood == 0

    def as_dict(self, *, dry_run: bool) -> dict[str, Any]:
        """Return the summary for --json: the six numbers at the top."""
        return {
            **asdict(self.counts),
            "dry_run": dry_run,
            "files": {name: asdict(counts) for name, counts in self.files.items()},
            "unreadable": self.unreadable,
            "remarks": [asdict(remark) for remark in self.remarks],
        }

    def write_json(self, out: Any, *, dry_run: bool) -> None:
        out.write(json.dumps(self.as_dict(dry_run=dry_run), ensure_ascii=False, indent=1))
        out.write("\n")

    def sentence(self, counts: Counts | None = None) -> str:
        return _(
            "đọc %(read)d, tạo %(created)d, đổi %(changed)d, giữ nguyên %(unchanged)d, "
            "cảnh báo %(warned)d, từ chối %(refused)d"
        ) % asdict(counts or self.counts)


class Telling:
    """Progress and remarks on standard error: a bar on a terminal, plain lines elsewhere."""

    EVERY = 2.0  # seconds between two plain lines

    def __init__(self, report: Report, stderr: OutputWrapper, paths: Iterable[Path] = ()) -> None:
        # The wrapper colours every line as an error; most of these are none.
        self.stream = cast("IO[str]", stderr._out)
        self.report = report
        self.paths = list(paths)
        self.bar: Progress | None = None
        self.last = time.monotonic()
        report.on_remark = self.remark
        report.on_row = self.row

    def __enter__(self) -> Telling:
        if getattr(self.stream, "isatty", lambda: False)():
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(file=self.stream),
            )
            self.task = self.bar.add_task(_("Đang nhập"), total=_line_count(self.paths))
            self.bar.start()
        return self

    def __exit__(self, *_args: object) -> None:
        if self.bar:
            self.bar.stop()

    def say(self, text: str) -> None:
        if self.bar:
            self.bar.console.print(escape(text), highlight=False)
        else:
            self.stream.write(f"{text}\n")

    def remark(self, remark: Remark) -> None:
        self.say(str(remark))

    def row(self) -> None:
        if self.bar:
            self.bar.advance(self.task)
        elif time.monotonic() - self.last >= self.EVERY:
            self.last = time.monotonic()
            self.say(_("đã đọc %(read)d dòng") % {"read": self.report.counts.read})

    def finish(self, out: Any = None, *, dry_run: bool) -> None:
        """Tell the totals, and files that could not be opened; with `out` the summary as JSON too."""
        for path, reason in self.report.unreadable.items():
            self.say(_("Không mở được tệp %(path)s: %(reason)s") % {"path": path, "reason": reason})
        for name, counts in self.report.files.items():
            self.say(f"{name}: {self.report.sentence(counts)}")
        self.say(_("Tất cả: %(sentence)s.") % {"sentence": self.report.sentence()})
        if dry_run:
            self.say(_("Chạy thử: không ghi gì vào cơ sở dữ liệu."))
        if out is not None:
            self.report.write_json(out, dry_run=dry_run)


def _line_count(paths: Iterable[Path]) -> int | None:
    """Count lines for the length of the bar; None where a file cannot be read twice."""
    count = 0
    for path in paths:
        if path.is_file():
            with path.open("rb") as file:
                count += sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
        elif path.exists():
            return None
    return count
