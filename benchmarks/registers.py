"""Memory of a long register: one process of its own, whose largest size the kernel remembers.

`python -m benchmarks.registers ROWS FOLDER` is that process: it writes the files of a register of
made rows and prints what they took as JSON. It needs no database, for the rows come in batches and
weigh nothing beside the pages.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Bar, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dossiers.paperwork.register import Entry

LONG_ROWS = 3_000  # 302 pages
WHOLE_ROWS = 585  # 60 pages, the longest that is one tagged file
LIMIT_MB = 350  # design.md 5


def memory(folder: Path) -> list[Figure]:
    """Measure the largest memory of making a register of 300 pages, and of a whole one."""
    long, whole = (_in_a_process(rows, folder) for rows in (LONG_ROWS, WHOLE_ROWS))
    if long["pages"] < 300:
        raise AssertionError(f"{long['pages']} pages are not 300")
    return [
        Figure(
            name,
            f"{title}, {told['pages']} pages: largest memory",
            told["peak_mb"],
            "MB",
            bar=Bar(LIMIT_MB, "<="),
            details=told,
        )
        for name, title, told in (
            ("register_memory", "a register in joined parts, PDF/A-2u and XLSX", long),
            ("whole_register_memory", "a register as one tagged PDF/A-2a and XLSX", whole),
        )
    ]


def _in_a_process(rows: int, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.registers", str(rows), str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _entries(rows: int) -> Iterator[Entry]:
    from agencies.working_time import LOCAL_ZONE
    from dossiers.paperwork.register import Entry

    names = (
        "Cấp đổi Giấy chứng nhận quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất",
        "Đăng ký khai sinh",
        "Cấp giấy phép xây dựng nhà ở riêng lẻ",
    )
    start = dt.datetime(2026, 1, 5, 7, 30, tzinfo=LOCAL_ZONE)
    for number in range(1, rows + 1):
        received = start + dt.timedelta(minutes=17 * number)
        returned = received + dt.timedelta(days=6) if number % 3 else None
        yield Entry(
            number=f"{number:04d}",
            code=f"H01.151-{received:%y%m%d}-{number:04d}",
            procedure=names[number % len(names)],
            sets="01",
            owner="Nguyễn Thị Ánh Tuyết",
            contact="Khóm Đông Thạnh, phường Long Xuyên, tỉnh An Giang; 0918\u00a0204\u00a0452",
            agency="Uỷ ban nhân dân phường Long Xuyên",
            received=received,
            due=received + dt.timedelta(days=7),
            returned=returned,
            channel="Tại quầy",
            receiver="Nguyễn Thị Ánh Tuyết" if returned else "",
            note="Bổ sung 1 lần; Hẹn lại 17:00 30/11/2026" if number % 7 == 0 else "",
        )


def main() -> None:
    """Make one register and print pages, seconds of processor and the largest memory in MB."""
    rows, folder = int(sys.argv[1]), Path(sys.argv[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "motcua.settings.test")
    import django

    django.setup()
    from django.utils import timezone, translation

    from dossiers.paperwork import layout_for, register
    from dossiers.paperwork.layouts import Book

    translation.activate("vi")
    start = _peak_mb()
    today = timezone.localdate()
    cover = register.Cover(
        layout=layout_for(Book.REGISTER, today),
        superior="UBND TỈNH AN GIANG",
        agency="UBND PHƯỜNG LONG XUYÊN",
        desk="Trung tâm Phục vụ hành chính công phường Long Xuyên",
        volume="2026",
        start=dt.date(2026, 1, 1),
        end=today,
        made_at=timezone.localtime(),
        place_and_date="Long Xuyên",
        count=rows,
        root="0123abcd " * 8,
    )
    work = folder / f"register-{rows}"
    (work / "parts").mkdir(parents=True)
    began = time.process_time()
    book = register.Workbook(work / "register.xlsx", cover)
    told = register.to_pdf(
        cover, book.noting(_entries(rows)), work / "register.pdf", work / "parts"
    )
    book.close()
    print(
        json.dumps(
            {
                "rows": rows,
                "pages": told.pages,
                "is_tagged": told.is_tagged,
                "cpu_s": round(time.process_time() - began, 1),
                "peak_mb": _peak_mb(),
                "before_mb": start,
                "pdf_kb": (work / "register.pdf").stat().st_size // 1024,
                "xlsx_kb": (work / "register.xlsx").stat().st_size // 1024,
            }
        )
    )


def _peak_mb() -> int:
    """Return the largest resident size of this program.

    `ru_maxrss` outlives exec on Linux, so a child would answer for the parent it was forked from:
    there the kernel's own VmHWM is read, which begins anew. macOS counts in bytes.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024)


if __name__ == "__main__":
    main()
