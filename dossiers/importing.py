"""Old dossiers from a CSV file: checked row by row, copied in whole batches, refused by line.

Codes are kept as they come and move their day's counter on; the file's dates stand as they are.
A batch is one transaction, so a crash leaves whole batches; a second run skips what is there.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import itertools
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.folding import tidy, words
from accounts.personal_data import keyed_digest, normalise_number, seal
from accounts.roles import Role
from agencies.calendars import calendar_with_version
from agencies.models import Agency, AgencyCode
from agencies.working_time import LOCAL_ZONE
from dossiers import deadlines, tracking_codes
from dossiers.chain import as_json, event_digest, utc_text
from dossiers.clockwork import stated_limit
from dossiers.codes import move_on, read_code
from dossiers.deadlines import Limit, LimitError, Unit
from dossiers.models import (
    Dossier,
    DossierEvent,
    DueDateChange,
    DueOrigin,
    Entry,
    IdKind,
    OutboxMessage,
    OwnerKind,
    Pause,
    ResultChannel,
)
from dossiers.opening import LOCAL_SUFFIX
from dossiers.receipts import second_fact
from dossiers.recording import PAYLOAD_VERSION, database_now
from dossiers.workflow import (
    ENDED_STATES,
    INTAKE_STATES,
    NATIONAL_STATUS,
    PAUSED_STATES,
    Act,
    ClockEffect,
    State,
)
from procedures.models import Channel, ProcedureCase, ProcedureSector, ProcedureVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

REQUIRED = (
    "code", "procedure", "agency", "channel", "owner_name", "owner_id", "phone", "submitted_at",
    "received_at", "due_at", "settled_at", "returned_at", "national_status",
)  # fmt: skip
OPTIONAL = ("state", "holder", "case", "due_original", "supplement_requests")
BATCH = 2000
BLOCK = 50  # rows handed to COPY at once
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_STATES, _CHANNELS = frozenset(State.values), frozenset(Channel.values)
LOCK = 0x6D6F_7463  # pg_advisory_lock: one import of dossiers at a time
FIELD_LIMIT = 10_000  # characters of one field; a longer one is a broken quote

# domain.md 2.4: without `state`, the first state that has the national number.
STATE_OF_NUMBER = {
    number: next(state for state, n in NATIONAL_STATUS.items() if n == number)
    for number in range(1, 11)
}
_NUMBERS = frozenset(map(str, STATE_OF_NUMBER))


class UnreadableFileError(Exception):
    """Nothing in the file can be read: it is away, not text, or without the needed columns."""


class RowError(ValueError):
    """A row is refused; `column` names where, the message says what to do."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass
class Outcome:
    """What an import did, and where its refusals and warnings are written."""

    read: int = 0
    loaded: int = 0
    present: int = 0
    refused: int = 0
    warned: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    refusals_file: str = ""
    warnings_file: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "loaded": self.loaded,
            "present": self.present,
            "refused": self.refused,
            "warned": self.warned,
            "warnings": dict(self.warnings),
            "refusals_file": self.refusals_file,
            "warnings_file": self.warnings_file,
        }


class Line(NamedTuple):
    """A row of the file with the line it starts on."""

    number: int
    values: dict[str, str]


@dataclass(slots=True)
class Old:
    """A checked row, ready to be made into table rows."""

    line: Line
    code: str
    owner_name: str
    state: State
    version: ProcedureVersion
    case: ProcedureCase | None
    sector_id: int | None
    limit: Limit
    receiving: Agency
    competent: Agency
    holder: Agency
    channel: str
    submitted_at: dt.datetime | None
    received_at: dt.datetime | None
    due_original: dt.datetime | None
    due_at: dt.datetime | None
    settled_at: dt.datetime | None
    refused_at: dt.datetime | None
    returned_at: dt.datetime | None
    supplements: int
    warnings: list[tuple[str, str]]
    due_statutory: dt.datetime | None = None
    answer_by: dt.datetime | None = None


def read_lines(stream: TextIO) -> Iterator[Line]:
    """Yield the rows of the file; raises UnreadableFileError for a file without our columns."""
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(stream, strict=True)
    try:
        header = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFileError(_("Tệp không phải CSV mã UTF-8.")) from error
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise UnreadableFileError(
            _("Dòng đầu thiếu cột: %(names)s.") % {"names": ", ".join(missing)}
        )
    start = reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(start, {"": str(error)})
            start = reader.line_num + 1
            continue
        if cells:
            if len(cells) != len(header):
                # What was in the row stays with its refusal: nothing of a file is lost.
                kept = dict(zip(header, cells, strict=False))
                extra = {f"+{n}": cell for n, cell in enumerate(cells[len(header) :], start=1)}
                yield Line(start, {**kept, **extra, "": _("Số cột khác dòng đầu.")})
            else:
                yield Line(start, dict(zip(header, cells, strict=True)))
        start = reader.line_num + 1


class Books:
    """Agencies, procedures and calendars, read once for the whole import."""

    def __init__(self) -> None:
        self.agencies = {agency.pk: agency for agency in Agency.objects.all()}
        self.by_code: dict[str, Agency] = {}
        for code, agency_id in AgencyCode.objects.values_list("code", "agency_id"):
            self.by_code[code.upper()] = self.agencies[agency_id]
        for agency in self.agencies.values():
            self.by_code.setdefault(agency.code.upper(), agency)
        self.versions: dict[str, list[ProcedureVersion]] = {}
        self.sectors: dict[int, int] = {}
        for row in ProcedureSector.objects.order_by("version_id", "position"):
            self.sectors.setdefault(row.version_id, row.sector_id)
        self._limits: dict[tuple[int, str, str], tuple[ProcedureCase | None, Limit]] = {}
        self._calendars: dict[int, Any] = {}
        self._due: dict[Any, dt.datetime | None] = {}

    def agency(self, code: str, column: str) -> Agency:
        found = self.by_code.get(code.strip().upper())
        if found is None:
            raise RowError(column, _("Không có cơ quan mang mã %(code)s.") % {"code": code[:40]})
        return found

    def read_versions(self, codes: Iterable[str]) -> None:
        """Read the versions of the procedures of a batch; runs three queries, none when known."""
        new = {LOCAL_SUFFIX.sub("", code) for code in codes} - self.versions.keys()
        if not new:
            return
        self.versions.update((code, []) for code in new)
        for version in (
            ProcedureVersion.objects.filter(procedure__code__in=new)
            .select_related("procedure")
            .prefetch_related("cases", "channel_limits")
            .order_by("number")
        ):
            self.versions[version.procedure.code].append(version)

    def version(self, code: str, on: dt.date) -> tuple[ProcedureVersion, bool]:
        """Return the version of a day; the earliest, and False, where none was valid yet."""
        code = LOCAL_SUFFIX.sub("", code)
        versions = self.versions.get(code)
        if not versions:
            raise RowError("procedure", _("Không có thủ tục mã %(code)s.") % {"code": code[:40]})
        for version in reversed(versions):
            if (version.valid_from is None or version.valid_from <= on) and (
                version.valid_to is None or version.valid_to >= on
            ):
                return version, True
        return versions[0], False

    def limit(
        self, version: ProcedureVersion, case_code: str, channel: str
    ) -> tuple[ProcedureCase | None, Limit]:
        key = (version.pk, case_code, channel)
        known = self._limits.get(key)
        if known is not None:
            return known
        cases = list(version.cases.all())
        case = cases[0] if cases else None
        if case_code:
            case = next((c for c in cases if c.code == case_code), None)
            if case is None:
                raise RowError("case", _("Thủ tục không có trường hợp này."))
        try:
            limit = stated_limit(case, version.channel_limits.all(), channel)
        except LimitError:
            limit = Limit(None, Unit.NONE)
        self._limits[key] = (case, limit)
        return self._limits[key]

    def calendar(self, agency: Agency) -> Any:
        key = agency.calendar_id or 0
        if key not in self._calendars:
            self._calendars[key] = calendar_with_version(agency)
        return self._calendars[key]

    def expected_due(self, old: Old) -> dt.datetime | None:
        """Return the date the limit gives, for a warning only."""
        assert old.received_at is not None  # noqa: S101 - asked of received dossiers only
        try:
            due: dt.datetime | None = deadlines.due_at(
                old.limit, old.received_at, self.calendar(old.receiving)[0]
            )
        except LimitError:
            return None
        return due


def check(line: Line, books: Books, now: dt.datetime) -> Old:
    """Check one row; raises RowError for what cannot be loaded, collects the rest as warnings."""
    if "" in line.values:
        raise RowError("", line.values[""])
    values = {name: value and tidy(value) for name, value in line.values.items()}
    if _UNREADABLE.search("".join(values.values())):
        name = next(name for name, value in values.items() if _UNREADABLE.search(value))
        raise RowError(name, _("Có ký tự không đọc được."))
    warnings: list[tuple[str, str]] = []
    code = values["code"]
    if not code or len(code) > 40:
        raise RowError("code", _("Mã hồ sơ trống hoặc dài quá 40 ký tự."))
    state = _state(values)
    instants = {
        name: _instant(values.get(name, ""), name)
        for name in ("submitted_at", "received_at", "due_at", "settled_at", "returned_at",
                     "due_original")
    }  # fmt: skip
    _order(state, instants, now, warnings)
    received_at = instants["received_at"]
    on = (received_at or instants["submitted_at"] or now).astimezone(LOCAL_ZONE).date()
    competent = books.agency(values["agency"], "agency")
    if competent.valid_from and competent.valid_from > on:
        warnings.append(("agency", _("Cơ quan chưa hoạt động vào ngày tiếp nhận.")))
    version, was_valid = books.version(values["procedure"], on)
    if not was_valid:
        warnings.append(("procedure", _("Thủ tục chưa có hiệu lực, dùng phiên bản sớm nhất.")))
    if values["channel"] not in _CHANNELS:
        raise RowError("channel", _("Kênh nộp là in_person, online hoặc post."))
    case, limit = books.limit(version, values.get("case", ""), values["channel"])
    if not values["owner_name"]:
        raise RowError("owner_name", _("Thiếu tên chủ hồ sơ."))
    for name, longest in (("owner_name", 200), ("owner_id", 30), ("phone", 30)):
        if len(values[name]) > longest:
            raise RowError(name, _("Dài quá %(count)s ký tự.") % {"count": longest})
    receiving = _receiving(code, books) or competent
    holder = competent
    if (
        state in INTAKE_STATES
        or state in PAUSED_STATES
        or state is State.RECEIVED
        or state in ENDED_STATES
    ):
        holder = receiving
    if values.get("holder"):
        holder = books.agency(values["holder"], "holder")
    old = Old(
        line=line,
        code=code,
        owner_name=values["owner_name"],
        state=state,
        version=version,
        case=case,
        sector_id=books.sectors.get(version.pk),
        limit=limit,
        receiving=receiving,
        competent=competent,
        holder=holder,
        channel=values["channel"],
        submitted_at=instants["submitted_at"],
        received_at=received_at,
        due_original=(instants["due_original"] or instants["due_at"]) if received_at else None,
        due_at=instants["due_at"] if received_at else None,
        settled_at=instants["settled_at"],
        refused_at=instants.get("refused_at"),
        returned_at=instants["returned_at"],
        supplements=_supplements(values.get("supplement_requests", "")),
        warnings=warnings,
    )
    _judge_dates(old, books)
    return old


def _state(values: dict[str, str]) -> State:
    text = values["national_status"]
    if text not in _NUMBERS:
        raise RowError("national_status", _("Trạng thái quốc gia là số từ 1 đến 10."))
    number = int(text)
    given = values.get("state", "")
    if not given:
        return STATE_OF_NUMBER[number]
    if given not in _STATES:
        raise RowError("state", _("Không có trạng thái %(state)s.") % {"state": given[:40]})
    if NATIONAL_STATUS[State(given)] != number:
        raise RowError("state", _("Trạng thái không khớp với số trạng thái quốc gia."))
    return State(given)


def _instant(text: str, column: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        instant = dt.datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise RowError(column, _("Thời điểm phải có múi giờ, ví dụ +07:00."))
        local = instant.astimezone(LOCAL_ZONE)
    except (ValueError, OverflowError) as error:
        if isinstance(error, RowError):
            raise
        raise RowError(column, _("Thời điểm không đúng dạng ISO 8601.")) from error
    if not 1990 <= local.year <= 2199:
        raise RowError(column, _("Năm phải từ 1990 đến 2199."))
    return local


def _order(
    state: State,
    at: dict[str, dt.datetime | None],
    now: dt.datetime,
    warnings: list[tuple[str, str]],
) -> None:
    """Refuse instants that contradict the state or each other; mend what has one reading."""
    if state in INTAKE_STATES:
        if state is State.REFUSED and at["settled_at"] and not at["returned_at"]:
            # Old systems keep the moment of refusal there (NgayTuChoi): it is no end of processing.
            warnings.append(
                ("settled_at", _("Hồ sơ bị từ chối tiếp nhận: thời điểm này là giờ từ chối."))
            )
            at["refused_at"], at["settled_at"] = at["settled_at"], None
        if at["settled_at"] or at["returned_at"]:
            raise RowError("settled_at", _("Hồ sơ chưa tiếp nhận không thể có kết quả."))
        if at["received_at"]:
            # domain.md 2.3: 1 and 3 are outside the statistics; the instant is kept as submitted.
            warnings.append(
                ("received_at", _("Hồ sơ chưa hoặc không được tiếp nhận, bỏ giờ tiếp nhận."))
            )
            at["submitted_at"] = at["submitted_at"] or at["received_at"]
            at["received_at"] = None
    elif at["received_at"] is None:
        raise RowError("received_at", _("Hồ sơ đã tiếp nhận phải có thời điểm tiếp nhận."))
    if state in ENDED_STATES:
        if at["settled_at"] is None and state is State.RETURNED and at["returned_at"]:
            # domain.md 3.6: 10 is the end where 9 is missing.
            warnings.append(("settled_at", _("Thiếu giờ có kết quả, lấy giờ trả kết quả.")))
            at["settled_at"] = at["returned_at"]
        if at["settled_at"] is None:
            raise RowError("settled_at", _("Hồ sơ đã kết thúc phải có thời điểm kết thúc."))
        if state is State.RETURNED and at["returned_at"] is None:
            warnings.append(("returned_at", _("Thiếu giờ trả kết quả, lấy giờ có kết quả.")))
            at["returned_at"] = at["settled_at"]
        if state is not State.RETURNED and at["returned_at"]:
            raise RowError("returned_at", _("Hồ sơ chưa ở trạng thái đã trả kết quả."))
    elif at["settled_at"] or at["returned_at"]:
        raise RowError("settled_at", _("Hồ sơ đang giải quyết không thể có thời điểm kết thúc."))
    if at["submitted_at"] and at["received_at"] and at["submitted_at"] > at["received_at"]:
        warnings.append(("submitted_at", _("Nộp sau khi tiếp nhận, lấy giờ tiếp nhận.")))
        at["submitted_at"] = at["received_at"]
    for earlier, later in (("received_at", "settled_at"), ("settled_at", "returned_at")):
        before, after = at[earlier], at[later]
        if before and after and after < before:
            raise RowError(later, _("Thời điểm này sớm hơn bước trước nó."))
    for name in ("submitted_at", "received_at", "settled_at", "returned_at"):
        instant = at[name]
        if instant and instant > now:
            raise RowError(name, _("Thời điểm ở tương lai."))


def _receiving(code: str, books: Books) -> Agency | None:
    """Return the agency the code names: the one that received (domain.md 5.2)."""
    read = read_code(code)
    return books.by_code.get(read[0]) if read else None


def _supplements(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 3:
        raise RowError("supplement_requests", _("Số lần yêu cầu bổ sung là số nguyên."))
    return int(text)


def _judge_dates(old: Old, books: Books) -> None:
    calendar = books.calendar(old.receiving)[0]
    if old.received_at is None:
        if old.state is State.SUBMITTED and old.submitted_at is not None:
            old.answer_by = deadlines.answer_by(old.submitted_at, calendar)
        return
    if not calendar.is_counter_day(old.received_at.date()):
        old.warnings.append(("received_at", _("Tiếp nhận vào ngày nghỉ.")))
    if old.due_at is None:
        if old.limit.unit is not Unit.NONE:
            old.warnings.append(("due_at", _("Thiếu ngày hẹn trả.")))
        return
    if old.due_at < old.received_at:
        old.warnings.append(("due_at", _("Hẹn trả trước khi tiếp nhận.")))
    if not calendar.is_working_day(old.due_at.date()):
        old.warnings.append(("due_at", _("Hẹn trả vào ngày nghỉ.")))
    expected = books.expected_due(old)
    if expected is not None and old.due_original == expected:
        old.due_statutory = old.due_at
    elif expected is not None:
        old.warnings.append(("due_at", _("Ngày hẹn trả khác ngày tính theo thời hạn.")))


class Refusals:
    """The files beside the import: what was refused, with its row, and what was warned of."""

    def __init__(self, source: Path) -> None:
        self.refused_path = source.with_name(f"{source.name}.refused.csv")
        self.warned_path = source.with_name(f"{source.name}.warnings.csv")
        self._refused: Any = None
        self._warned: Any = None
        self._files: list[Any] = []

    def refuse(self, line: Line, error: RowError) -> None:
        if self._refused is None:
            names = list(line.values) if "" not in line.values else [*REQUIRED, *OPTIONAL]
            self._names = names
            self._refused = self._open(self.refused_path, ["line", "column", "reason", *names])
        row = [line.values.get(name, "") for name in self._names]
        extra = [cell for name, cell in line.values.items() if name.startswith("+")]
        self._refused.writerow([line.number, error.column, str(error), *row, *extra])

    def warn(self, line: Line, code: str, warnings: list[tuple[str, str]]) -> None:
        if self._warned is None:
            self._warned = self._open(self.warned_path, ["line", "code", "column", "warning"])
        for column, text in warnings:
            self._warned.writerow([line.number, code, column, text])

    def _open(self, path: Path, header: list[str]) -> Any:
        # Refused rows hold personal data: for the owner of the process alone.
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        stream = path.open("w", newline="", encoding="utf-8")
        self._files.append(stream)
        writer = csv.writer(stream)
        writer.writerow(header)
        return writer

    def close(self) -> None:
        for stream in self._files:
            stream.close()


@contextmanager
def _one_import_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK])


def import_dossiers(
    source: Path, *, dry_run: bool = False, progress: Callable[[int], None] | None = None
) -> Outcome:
    """Load a file of old dossiers and say what became of each row.

    Raises UnreadableFileError when nothing can be read. Runs about ten statements a batch.
    """
    outcome = Outcome()
    refusals = Refusals(source)
    try:
        with source.open(newline="", encoding="utf-8-sig") as stream, _one_import_at_a_time():
            books, seen = Books(), _Seen()
            lines = read_lines(stream)
            while batch := list(itertools.islice(lines, BATCH)):
                _load_batch(batch, books, seen, outcome, refusals, dry_run=dry_run)
                if progress:
                    progress(outcome.read)
    except (OSError, UnicodeDecodeError) as error:
        if outcome.read == 0:
            raise UnreadableFileError(
                _("Không đọc được tệp: %(error)s") % {"error": error}
            ) from error
        # What was read before stands; the rest of the file is told as one refusal.
        outcome.refused += 1
        refusals.refuse(
            Line(0, {"": ""}), RowError("", _("Tệp hỏng giữa chừng: %(error)s") % {"error": error})
        )
    finally:
        refusals.close()
    if outcome.refused:
        outcome.refusals_file = str(refusals.refused_path)
    if outcome.warned:
        outcome.warnings_file = str(refusals.warned_path)
    return outcome


class _Seen:
    """The codes of this file by a short digest: ten million fit in memory."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def again(self, code: str) -> bool:
        digest = hashlib.blake2b(code.upper().encode(), digest_size=8).digest()
        if digest in self._digests:
            return True
        self._digests.add(digest)
        return False


def _load_batch(
    lines: list[Line],
    books: Books,
    seen: _Seen,
    outcome: Outcome,
    refusals: Refusals,
    *,
    dry_run: bool,
) -> None:
    now = database_now()
    codes = [tidy(line.values.get("code", "")) for line in lines]
    present = _known("code", codes)
    books.read_versions(
        procedure
        for procedure in {tidy(line.values.get("procedure", "")) for line in lines}
        if not _UNREADABLE.search(procedure)
    )
    loaded: list[Old] = []
    for line, code in zip(lines, codes, strict=True):
        outcome.read += 1
        try:
            if code and seen.again(code):
                raise RowError("code", _("Mã hồ sơ lặp lại trong tệp."))
            if code in present:
                outcome.present += 1
                continue
            old = check(line, books, now)
        except RowError as error:
            outcome.refused += 1
            refusals.refuse(line, error)
            continue
        if old.warnings:
            outcome.warned += 1
            outcome.warnings.update(column for column, _text in old.warnings)
            refusals.warn(line, old.code, old.warnings)
        loaded.append(old)
    if loaded and not dry_run:
        with transaction.atomic():
            _copy(loaded, books, now)
    outcome.loaded += len(loaded)


def _copy(olds: list[Old], books: Books, now: dt.datetime) -> None:
    """Write a checked batch with COPY: dossiers, events, outbox, pauses, date changes, counters."""
    tables = _Tables(len(olds), now)
    tables.write([(old, books.calendar(old.receiving)[1]) for old in olds])
    numbers: dict[tuple[int, dt.date], int] = {}
    for old in olds:
        read = read_code(old.code)
        if read is None or books.by_code.get(read[0]) is not old.receiving:
            continue
        day = _day_of_code(read[1])
        if day is None:
            continue
        # A number too large for the counter names no day of ours.
        if read[2] < 2**31:
            key = (old.receiving.pk, day)
            numbers[key] = max(numbers.get(key, 0), read[2])
    if numbers:
        move_on(numbers)


@dataclass(slots=True, kw_only=True)
class _Event:
    """A finished row of DossierEvent: what every imported event says alike stands in the class."""

    dossier_id: int
    seq: int
    at: dt.datetime
    recorded_at: dt.datetime
    act: str
    from_state: str
    to_state: str
    agency_id: int
    holder_agency_id: int
    clock_effect: str
    due_at: dt.datetime | None
    data: str  # JSON with its keys sorted
    pk: int = 0
    digest: bytes = b""

    actor_id: ClassVar[int | None] = None
    actor_role: ClassVar[str] = Role.SYSTEM.value
    holder_officer_id: ClassVar[int | None] = None
    reason: ClassVar[str] = ""

    def row(self) -> dict[str, str]:
        return {
            "id": str(self.pk),
            "dossier_id": str(self.dossier_id),
            "seq": str(self.seq),
            "at": utc_text(self.at),
            "act": self.act,
            "from_state": self.from_state,
            "to_state": self.to_state,
            "agency_id": str(self.agency_id),
            "holder_agency_id": str(self.holder_agency_id),
            "clock_effect": self.clock_effect,
            "due_at": _moment(self.due_at),
            "data": _text(self.data),
            "digest": _bytes(self.digest),
        }


_EVENT_DATA = as_json({"imported": True})

# How COPY's text format writes what is not text, and what would end a cell of one that is.
_NULL, _TRUE, _FALSE = r"\N", "t", "f"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _bytes(value: bytes) -> str:
    return r"\\x" + value.hex()


def _moment(value: dt.datetime | None) -> str:
    return utc_text(value) if value else _NULL


def _day(local: dt.datetime | None) -> str:
    return local.date().isoformat() if local else _NULL


# What every imported dossier says alike.
_ALIKE = {
    "supporting_agency_id": _NULL,
    "holder_officer_id": _NULL,
    "desk_id": _NULL,
    "created_by_id": _NULL,
    "result_channel": ResultChannel.COUNTER.value,
    "owner_address_sealed": _bytes(b""),
    "owner_email_sealed": _bytes(b""),
    "representative_name": "",
    "representative_id_sealed": _bytes(b""),
    "representative_phone_sealed": _bytes(b""),
    "summary": "",
    "papers_vouched": _FALSE,
    "payment_state": "none",
    "delivery_state": "none",
    "sync_state": "pending",
    "due_reason": "",
    "result_number": "",
    "entry": Entry.IMPORTED.value,
    "late_reason": "",
}


class _Tables:
    """Finished rows of one batch: each cell as COPY reads it, by its column."""

    def __init__(self, count: int, now: dt.datetime) -> None:
        self.now = now
        self.ids = iter(_next_ids(Dossier, count))
        self.codes = iter(_fresh_tracking_codes(count))
        self.events: list[_Event] = []
        self.pauses: list[dict[str, str]] = []
        self.changes: list[tuple[Old, int, _Event]] = []

    def dossier(self, old: Old, calendar_version: int) -> dict[str, str]:
        """Return the row of a dossier, and keep those that hang on it. Runs no query."""
        pk, tracking_code = next(self.ids), next(self.codes)
        events = self._history(old, pk)
        digest = b""
        for event in events:
            # It says all that a DossierEvent says, without the cost of a model instance.
            digest = event.digest = event_digest(
                cast("DossierEvent", event), tracking_code, digest, data=event.data
            )
        self.events.extend(events)
        if old.due_original != old.due_at:
            self.changes.append((old, pk, events[-1]))
        if old.state in PAUSED_STATES:
            # Nobody recorded when the wait began: it stands since receipt for the reports, and
            # moves the date only from now on.
            self.pauses.append(
                {
                    "dossier_id": str(pk),
                    "state": old.state,
                    "started_at": _moment(old.received_at),
                    "counted_from": utc_text(self.now),
                    "ended_at": _NULL,
                    "restarts": _FALSE,
                }
            )
        values = old.line.values
        number = normalise_number(values["owner_id"])
        phone = normalise_number(values["phone"])
        organisation = len(number) in {10, 13} and number.isdigit()
        return {
            "id": str(pk),
            "code": _text(old.code),
            "tracking_code": tracking_code,
            "procedure_id": str(old.version.procedure_id),
            "version_id": str(old.version.pk),
            "case_id": str(old.case.pk) if old.case else _NULL,
            "sector_id": str(old.sector_id) if old.sector_id else _NULL,
            "receiving_agency_id": str(old.receiving.pk),
            "competent_agency_id": str(old.competent.pk),
            "holder_agency_id": str(old.holder.pk),
            "channel": old.channel,
            "owner_kind": OwnerKind.ORGANISATION if organisation else OwnerKind.CITIZEN,
            "owner_name": _text(old.owner_name),
            "owner_search": " ".join(words(old.owner_name)),
            "owner_id_kind": _id_kind(number, organisation=organisation),
            "owner_id_sealed": _bytes(seal(values["owner_id"].strip())),
            "owner_id_digest": _bytes(keyed_digest("owner_id", number) if number else b""),
            "owner_phone_sealed": _bytes(seal(values["phone"].strip())),
            "id_proof": _bytes(second_fact(tracking_code, number)),
            "phone_proof": _bytes(second_fact(tracking_code, phone)),
            "state": old.state,
            "previous_state": events[-1].from_state,
            "limit_value": _NULL if old.limit.value is None else str(old.limit.value),
            "limit_unit": old.limit.unit,
            "calendar_version": str(calendar_version),
            "submitted_at": _moment(old.submitted_at or old.received_at),
            "received_at": _moment(old.received_at),
            "received_on": _day(old.received_at),
            "due_original_at": _moment(old.due_original),
            "due_at": _moment(old.due_at),
            "due_on": _day(old.due_at),
            "due_statutory_at": _moment(old.due_statutory),
            "answer_by_at": _moment(old.answer_by),
            "settled_at": _moment(old.settled_at),
            "settled_on": _day(old.settled_at),
            "returned_at": _moment(old.returned_at),
            "returned_on": _day(old.returned_at),
            "paused_at": _moment(old.received_at) if old.state in PAUSED_STATES else _NULL,
            "result_kind": "granted" if old.state in {State.SETTLED, State.RETURNED} else "",
            "supplement_count": str(old.supplements),
            "event_count": str(len(events)),
            "last_digest": _bytes(digest),
        }

    def _history(self, old: Old, pk: int) -> list[_Event]:
        """Tell what the file knows as events: how it came, was accepted, where it stands, its end."""
        steps: list[tuple[Act, State, dt.datetime, ClockEffect]] = []
        arrived = old.submitted_at or old.received_at or self.now
        act = Act.SUBMIT if old.channel == Channel.ONLINE else Act.REGISTER
        steps.append((act, State.SUBMITTED, arrived, ClockEffect.NONE))
        if old.received_at is not None:
            steps.append((Act.RECEIVE, State.RECEIVED, old.received_at, ClockEffect.START))
        step = _LAST_STEP.get(old.state)
        if step is not None:
            last_act, effect = step
            at = old.settled_at or old.refused_at or old.received_at or arrived
            target = State.SETTLED if old.state is State.RETURNED else old.state
            steps.append((last_act, target, at, effect))
        if old.state is State.RETURNED:
            assert old.returned_at is not None  # noqa: S101 - checked with the row
            steps.append((Act.RETURN_RESULT, State.RETURNED, old.returned_at, ClockEffect.NONE))
        before = ""
        events = []
        for seq, (act, state, at, effect) in enumerate(steps, start=1):
            at_counter = seq <= 2 or state is State.RETURNED
            events.append(
                _Event(
                    dossier_id=pk,
                    seq=seq,
                    at=at,
                    recorded_at=self.now,
                    act=act,
                    from_state=before,
                    to_state=state,
                    agency_id=(old.receiving if at_counter else old.competent).pk,
                    holder_agency_id=(old.holder if seq == len(steps) else old.receiving).pk,
                    clock_effect=effect,
                    due_at=old.due_at if effect is not ClockEffect.NONE or seq > 2 else None,
                    # The acceptance says the code, so that one changed later contradicts it.
                    data=as_json({"code": old.code, "imported": True})
                    if act is Act.RECEIVE
                    else _EVENT_DATA,
                )
            )
            before = state
        return events

    def write(self, olds: list[tuple[Old, int]]) -> None:
        # A row is made when COPY asks for it, so that the server works on those before meanwhile.
        _copy_in(Dossier, (self.dossier(old, version) for old, version in olds), _ALIKE)
        event_ids = _next_ids(DossierEvent, len(self.events))
        for event, pk in zip(self.events, event_ids, strict=True):
            event.pk = pk
        now = utc_text(self.now)
        _copy_in(
            DossierEvent,
            (event.row() for event in self.events),
            {
                "recorded_at": now,
                "actor_id": _NULL,
                "actor_role": _Event.actor_role,
                "holder_officer_id": _NULL,
                "reason": _text(_Event.reason),
            },
        )
        _copy_in(
            OutboxMessage,
            ({"event_id": str(pk)} for pk in event_ids),
            {"payload_version": str(PAYLOAD_VERSION), "created_at": now},
        )
        _copy_in(Pause, self.pauses, {})
        _copy_in(
            DueDateChange,
            (
                {
                    "dossier_id": str(pk),
                    "event_id": str(event.pk),
                    "at": _moment(old.received_at),
                    "due_before": _moment(old.due_original),
                    "due_after": _moment(old.due_at),
                }
                for old, pk, event in self.changes
            ),
            {
                "reason": _text(_("Đã đổi trước khi nhập từ hệ thống cũ")),
                "origin": DueOrigin.EXTERNAL.value,
            },
        )


# The act that brings an imported dossier where it stands, and what it did to the clock. What
# happened between acceptance and there the file does not tell, and is not made up.
_LAST_STEP: dict[State, tuple[Act, ClockEffect]] = {
    State.AWAITING_COMPLETION: (Act.REQUEST_COMPLETION, ClockEffect.NONE),
    State.REFUSED: (Act.REFUSE, ClockEffect.NONE),
    State.AWAITING_ASSIGNMENT: (Act.TRANSFER, ClockEffect.NONE),
    State.IN_PROGRESS: (Act.ASSIGN, ClockEffect.NONE),
    State.CONSULTING: (Act.CONSULT, ClockEffect.NONE),
    State.AWAITING_SUPPLEMENT: (Act.REQUEST_SUPPLEMENT, ClockEffect.PAUSE),
    State.AWAITING_PAYMENT: (Act.REQUEST_PAYMENT, ClockEffect.PAUSE),
    State.SUSPENDED: (Act.SUSPEND, ClockEffect.PAUSE),
    State.AWAITING_SIGNATURE: (Act.PROPOSE, ClockEffect.NONE),
    State.SIGNED: (Act.APPROVE, ClockEffect.NONE),
    State.SETTLED: (Act.PUBLISH, ClockEffect.STOP),
    State.RETURNED: (Act.PUBLISH, ClockEffect.STOP),
    State.WITHDRAWAL_REQUESTED: (Act.REQUEST_WITHDRAWAL, ClockEffect.NONE),
    State.WITHDRAWN: (Act.GRANT_WITHDRAWAL, ClockEffect.STOP),
    State.STOPPED: (Act.STOP, ClockEffect.STOP),
}


def _id_kind(number: str, *, organisation: bool) -> IdKind:
    if organisation:
        return IdKind.TAX_CODE
    if number.isdigit() and len(number) == 9:
        return IdKind.OLD_ID_CARD
    return IdKind.PERSONAL_ID if number.isdigit() and len(number) == 12 else IdKind.OTHER


@cache
def _day_of_code(text: str) -> dt.date | None:
    """Return the day a code names as yymmdd, None where there is no such day."""
    try:
        return dt.datetime.strptime(text, "%y%m%d").replace(tzinfo=LOCAL_ZONE).date()
    except ValueError:
        return None


def _next_ids(model: type[Any], count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            # Set apart, or the sequence would be looked up anew for every row.
            "with ids as materialized (select pg_get_serial_sequence(%s, 'id')::regclass as of)"
            " select nextval(of) from ids, generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def _fresh_tracking_codes(count: int) -> list[str]:
    """Return tracking codes that no dossier has; among ten million a few would collide."""
    fresh: set[str] = set()
    while len(fresh) < count:
        fresh |= {tracking_codes.make() for _n in range(count - len(fresh))}
        fresh -= _known("tracking_code", fresh)
    return list(fresh)


def _known(column: str, values: Iterable[str]) -> set[str]:
    """Return those of the values that a dossier has in the column; runs one query."""
    # One array in place of thousands of parameters.
    query = f"select {column} from dossiers_dossier where {column} = any(%s)"  # noqa: S608 - ours
    with connection.cursor() as cursor:
        cursor.execute(query, [[value for value in values if not _UNREADABLE.search(value)]])
        return {row[0] for row in cursor.fetchall()}


def _copy_in(model: type[Any], rows: Iterable[dict[str, str]], alike: dict[str, str]) -> None:
    """COPY rows of finished cells, each with those all have `alike`."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    quote = connection.ops.quote_name
    names = ", ".join(quote(model._meta.get_field(n).column) for n in (*first, *alike))
    end = "".join(f"\t{cell}" for cell in alike.values()) + "\n"
    rows = itertools.chain([first], rows)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {quote(model._meta.db_table)} ({names}) from stdin") as copy,
    ):
        # In blocks: a call for each row would cost more than the row.
        while block := "".join(
            ["\t".join(row.values()) + end for row in itertools.islice(rows, BLOCK)]
        ):
            copy.write(block)
