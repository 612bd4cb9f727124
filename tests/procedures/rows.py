"""Small made rows of the two files, and a run over them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from agencies.import_report import Report
from procedures.importing import import_procedures

TODAY = dt.date(2026, 11, 23)


def catalogue(code: str = "1.000001", **changes: Any) -> dict[str, Any]:
    """Return a clean catalogue row."""
    row = {
        "id": f"id-{code.strip()}",
        "name": "Thủ tục đăng ký khai sinh",
        "code": code,
        "codeNotation": code,
        "categories": ["Hộ tịch"],
        "categoryIds": ["019d-ht"],
        "departments": ["Ủy ban nhân dân cấp xã"],
        "departmentPromulgate": "Bộ Tư pháp",
        "departmentPromulgateId": "019d-tp",
        "formalityTargetType": ["Công dân Việt Nam"],
        "state": "ACTIVE",
        "type": "STANDARD",
    }
    return row | changes


def detail(code: str = "1.000001", **changes: Any) -> dict[str, Any]:
    """Return a clean detail row."""
    row = {
        "code": code,
        "source_id": f"id-{code.strip()}",
        "name": "Thủ tục đăng ký khai sinh",
        "category": {"code": "G15-TP07", "name": "Hộ tịch"},
        "promulgating_agency": "Bộ Tư pháp",
        "executing_agency": None,
        "subject_types": ["Công dân Việt Nam"],
        "results": ["Giấy khai sinh"],
        "requirements": "",
        "channels": [
            {
                "method": "DIRECT",
                "fees": [{"type": "SERVICE_FEE", "value_vnd": 8000, "text": "Mỗi bản"}],
                "processing": {"qty": 7.5, "unit": "WORKING_DAY"},
                "note": "",
            }
        ],
        "processing_cases": [{"case_code": f"{code.strip()}.01", "qty": 5, "unit": "WORKING_DAY"}],
        "legal_basis": [{"code": "60/2014/QH13", "name": "Luật Hộ tịch"}],
        "steps_raw": [{"name": "", "text": "Nộp hồ sơ"}],
        "checklist_raw": [
            {
                "group": "Giấy tờ phải nộp",
                "items": [
                    {
                        "name": "Tờ khai",
                        "original_qty": 1,
                        "copy_qty": 0,
                        "code": "KQ1",
                        "has_electronic_form": False,
                        "attachments": [{"id": "a1", "fileName": "to-khai.doc"}],
                    }
                ],
            }
        ],
        "state": "ACTIVE",
        "source": {"url": "https://dichvucong.gov.vn/x", "crawled_at": "2026-07-18"},
    }
    return row | changes


def with_case(qty: Any, unit: Any) -> dict[str, Any]:
    return detail(processing_cases=[{"case_code": "1.000001.01", "qty": qty, "unit": unit}])


def with_fee(value: Any, text: str = "") -> dict[str, Any]:
    channel = {
        "method": "ONLINE",
        "fees": [{"type": "FEE", "value_vnd": value, "text": text}],
        "processing": {"qty": 1, "unit": "OTHER"},
    }
    return detail(channels=[channel])


def write(path: Path, *rows: dict[str, Any] | str | bytes) -> Path:
    """Write rows as JSON Lines; a text or bytes is a line as it stands."""
    lines = []
    for row in rows:
        if isinstance(row, dict):
            row = json.dumps(row, ensure_ascii=False)
        lines.append(row.encode() if isinstance(row, str) else row)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def run(
    tmp_path: Path,
    *rows: dict[str, Any] | str | bytes,
    today: dt.date = TODAY,
    dry_run: bool = False,
    name: str = "rows.jsonl",
) -> Report:
    """Import rows as one file; return the report."""
    report = Report()
    import_procedures([write(tmp_path / name, *rows)], today=today, report=report, dry_run=dry_run)
    return report


def reasons(report: Report) -> str:
    return " ".join(reason for remark in report.remarks for reason in remark.reasons)
