"""Read officers and their roles from CSV: a row is an officer in an agency, with one role or several.

Several rows with the same username give one officer roles in several agencies; the agency of the first
row is where the officer works day to day. Nothing is taken away from an officer by what a file omits.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.events import Kind
from accounts.folding import fold, sort_key, tidy
from accounts.models import AccountEvent, User
from accounts.roles import OFFICER_ROLES, Role
from agencies.import_report import Outcome, Report
from agencies.models import Agency, AgencyCode, Desk, Officer, OfficerRole
from agencies.staffing import Keeper

REQUIRED = ("username", "full_name", "agency", "roles")
OPTIONAL = ("title", "phone", "email", "desk", "valid_from", "valid_to")
BATCH = 500  # rows a transaction
_LOCK = 5_300_403  # pg_advisory_xact_lock: two imports take turns
_ROLES = {role.value: role for role in OFFICER_ROLES} | {
    fold(str(role.label)): role for role in OFFICER_ROLES
}
_check_username = UnicodeUsernameValidator()


class RefusedRowError(ValueError):
    """A row that cannot come in; the message says why, for a person."""


@dataclass(slots=True)
class _Row:
    line: int
    username: str
    full_name: str
    title: str
    phone: str
    email: str
    agency_id: int
    desk_id: int | None
    roles: tuple[Role, ...]
    valid_from: dt.date | None
    valid_to: dt.date | None
    is_first: bool  # of this officer in this run
    notes: list[str] = field(default_factory=list)


def refused_path(path: Path) -> Path:
    """Return the file beside the input that receives the refused rows."""
    return path.with_name(f"{path.stem}.refused.csv")


def import_officers(path: Path, *, report: Report, dry_run: bool = False) -> None:
    """Read the file batch by batch; refused rows go with line and reason into a file beside it.

    A killed run keeps its finished batches; run again, it finds them done. An account made here has
    no password: nobody signs in with it before the administrator sets one.
    """
    try:
        # surrogateescape: a line in another encoding is refused alone, not the whole file.
        with (
            path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file,
            transaction.atomic() if dry_run else nullcontext(),
        ):
            _Import(path, report, keeps_refused=not dry_run).run(file)
            if dry_run:
                transaction.set_rollback(True)
    except OSError as error:
        report.unreadable[str(path)] = error.strerror or str(error)


def import_uploaded(
    text: str, *, keeper: Keeper, today: dt.date, report: Report, dry_run: bool = False
) -> None:
    """Read what somebody who keeps officers has uploaded; what is not theirs to keep is refused.

    Roles begin today where the file names no day, and never before; nobody is moved by it.
    """
    with transaction.atomic():
        _Import(Path("can-bo.csv"), report, keeps_refused=False, keeper=keeper, today=today).run(
            io.StringIO(text, newline="")
        )
        if dry_run:
            transaction.set_rollback(True)


class _Import:
    def __init__(
        self,
        path: Path,
        report: Report,
        *,
        keeps_refused: bool,
        keeper: Keeper | None = None,
        today: dt.date | None = None,
    ) -> None:
        self.path = path
        self.report = report
        self.keeps_refused = keeps_refused
        self.keeper = keeper
        self.today = today
        self.kept = {agency.pk: agency for agency in keeper.agencies()} if keeper else {}
        self.refused: list[tuple[int, str, dict[str, str]]] = []
        self.seen: dict[str, str] = {}  # username in lower case, as it was first written
        self.agencies = dict(AgencyCode.objects.order_by("pk").values_list("code", "agency_id"))
        self.agencies |= dict(Agency.objects.values_list("code", "pk"))
        self.desks = {
            (agency_id, fold(name)): pk
            for pk, agency_id, name in Desk.objects.values_list("pk", "agency_id", "name")
        }

    def run(self, file: IO[str]) -> None:
        sample = file.read(4096)
        file.seek(0)
        delimiter = ";" if sample.split("\n", 1)[0].count(";") > 2 else ","
        reader = csv.reader(file, delimiter=delimiter)
        try:
            header = [tidy(name).lower() for name in next(reader, [])]
        except csv.Error:
            header = []  # its first line is none: every column is missing
        missing = [name for name in REQUIRED if name not in header]
        if missing:
            self.report.unreadable[str(self.path)] = _("thiếu cột %(columns)s") % {
                "columns": ", ".join(missing)
            }
            return
        batch: list[_Row] = []
        for line, cells in _records(reader):
            raw = dict(zip(header, cells or [], strict=False))
            try:
                if cells is None or len(cells) > len(header):
                    raise RefusedRowError(_("Số cột của dòng không khớp với tiêu đề."))
                self.report.understood += 1
                batch.append(self.read(line, raw))
            except RefusedRowError as error:
                self.refuse(line, str(error), raw)
            if len(batch) >= BATCH:
                self.write(batch)
                batch = []
        self.write(batch)
        self.keep_refused(header)

    def refuse(self, line: int, reason: str, raw: dict[str, str]) -> None:
        self.refused.append((line, reason, raw))
        username = _printable(raw.get("username", ""))[:40]
        self.report.add(self.path.name, line, username, "refused", (reason,))

    def keep_refused(self, header: list[str]) -> None:
        """Write the refused rows beside the input, or take away what an earlier run left there."""
        if not self.keeps_refused:
            return
        target = refused_path(self.path)
        if not self.refused:
            target.unlink(missing_ok=True)
            return
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "reason", *header])
            for line, reason, raw in self.refused:
                cells = [_printable(raw.get(name, "")) for name in header]
                writer.writerow([line, reason, *cells])

    def read(self, line: int, raw: dict[str, str]) -> _Row:
        """Return the row with its references found; raise RefusedRowError naming the column."""
        cells = {name: tidy(value) for name, value in raw.items()}
        for name, value in raw.items():
            if _printable(value) != value:
                raise RefusedRowError(
                    _("Cột %(column)s có ký tự không đọc được (tệp phải là UTF-8).")
                    % {"column": name}
                )
        username = cells["username"]
        try:
            _check_username(username)
        except ValidationError as error:
            raise RefusedRowError(_("Cột username trống hoặc có ký tự lạ.")) from error
        if len(username) > 150:
            raise RefusedRowError(_("Cột username dài quá 150 ký tự."))
        known = self.seen.get(username.lower())
        if known and known != username:
            raise RefusedRowError(
                _("Cột username chỉ khác chữ hoa, chữ thường với “%(username)s”.")
                % {"username": known}
            )
        if not cells.get("full_name") and not known:
            raise RefusedRowError(_("Cột full_name trống."))
        notes: list[str] = []
        texts = {}
        for name, limit in (("full_name", 200), ("title", 150), ("phone", 30)):
            texts[name] = cells.get(name, "")
            if len(texts[name]) > limit:
                notes.append(
                    _("Cột %(column)s đã cắt còn %(limit)d ký tự.")
                    % {"column": name, "limit": limit}
                )
                texts[name] = texts[name][:limit]
        email = cells.get("email", "")
        if email:
            try:
                validate_email(email)
            except ValidationError:
                notes.append(_("Cột email sai dạng, đã bỏ qua."))
                email = ""
        agency_id = self.agencies.get(cells.get("agency", "").upper())
        if agency_id is None:
            raise RefusedRowError(
                _("Cột agency: không có cơ quan mang mã “%(code)s”.")
                % {"code": cells.get("agency", "")[:40]}
            )
        desk_id = None
        if cells.get("desk"):
            desk_id = self.desks.get((agency_id, fold(cells["desk"])))
            if desk_id is None:
                raise RefusedRowError(
                    _("Cột desk: cơ quan không có bộ phận “%(name)s”.")
                    % {"name": cells["desk"][:80]}
                )
        roles = _roles(cells.get("roles", ""))
        valid_from = _day(cells.get("valid_from", ""), "valid_from")
        valid_to = _day(cells.get("valid_to", ""), "valid_to")
        if valid_from and valid_to and valid_to < valid_from:
            raise RefusedRowError(_("Cột valid_to trước valid_from."))
        self.check_kept(agency_id, roles, valid_from, valid_to)
        row = _Row(
            line,
            username,
            texts["full_name"],
            texts["title"],
            texts["phone"],
            email,
            agency_id,
            desk_id,
            roles,
            valid_from,
            valid_to,
            is_first=known is None,
            notes=notes,
        )
        self.seen[username.lower()] = username
        return row

    def check_kept(
        self,
        agency_id: int,
        roles: tuple[Role, ...],
        valid_from: dt.date | None,
        valid_to: dt.date | None,
    ) -> None:
        """Refuse what the keeper may not give, or may not give back in time; on a server all may."""
        if self.keeper is None or self.today is None:
            return
        agency = self.kept.get(agency_id)
        if agency is None:
            raise RefusedRowError(_("Cột agency: bạn không quản lý cán bộ của cơ quan này."))
        foreign = [str(role.label) for role in roles if role not in self.keeper.roles_for(agency)]
        if foreign:
            raise RefusedRowError(
                _("Cột roles: bạn không được giao vai trò %(roles)s ở cơ quan này.")
                % {"roles": ", ".join(foreign)}
            )
        if valid_from and valid_from < self.today:
            raise RefusedRowError(_("Cột valid_from: không giao vai trò lùi ngày."))
        if valid_to and valid_to < self.today:
            raise RefusedRowError(_("Cột valid_to: không kết thúc lùi ngày."))

    def refuse_foreign(self, batch: list[_Row]) -> list[_Row]:
        """Refuse the rows about people whom the keeper does not keep; return the others.

        Runs one query.
        """
        if self.keeper is None:
            return batch
        users = {
            user.username.lower(): user
            for user in User.objects.annotate(lower=Lower("username"))
            .filter(lower__in={row.username.lower() for row in batch})
            .select_related("officer__agency")
        }
        rows = []
        for row in batch:
            reason = _not_kept(self.keeper, users.get(row.username.lower()), row)
            if reason:
                self.refuse(row.line, reason, {"username": row.username})
            else:
                rows.append(row)
        return rows

    def write(self, batch: list[_Row]) -> None:
        """Write a batch in one transaction, then count its rows."""
        batch = self.refuse_foreign(batch)
        if not batch:
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            outcomes = _write(batch, by=self.keeper.user if self.keeper else None, today=self.today)
        for row, outcome in zip(batch, outcomes, strict=True):
            self.report.add(self.path.name, row.line, row.username, outcome, tuple(row.notes))


def _not_kept(keeper: Keeper, user: User | None, row: _Row) -> str:
    """Say why the account of a row is not the keeper's to change; "" when it is, or is new."""
    if user is None:
        return ""
    if user.username != row.username:
        return _("Cột username chỉ khác chữ hoa, chữ thường với “%(username)s”.") % {
            "username": user.username
        }
    officer = getattr(user, "officer", None)
    if user.pk == keeper.user.pk:
        return _("Không tự đổi vai trò của chính mình.")
    if officer is None or user.is_superuser or not keeper.covers(officer.agency):
        return _("Cột username: tài khoản này do nơi khác quản lý.")
    if not user.is_active:
        return _("Cột username: tài khoản này đã khoá.")
    if row.is_first and row.agency_id != officer.agency_id:
        return _("Cán bộ đang ở cơ quan khác: hãy điều chuyển trên trang của cán bộ.")
    return ""


def _write(
    batch: list[_Row], *, by: User | None = None, today: dt.date | None = None
) -> list[Outcome]:
    names = {row.username for row in batch}
    users = {user.username: user for user in User.objects.filter(username__in=names)}
    officers = {
        officer.user.username: officer
        for officer in Officer.objects.filter(user__username__in=names).select_related("user")
    }
    held: dict[tuple[int, int, str, dt.date | None], OfficerRole] = {
        (role.officer_id, role.agency_id, role.role, role.valid_from): role
        for role in OfficerRole.objects.filter(officer__in=list(officers.values())).select_related(
            "officer__user"
        )
    }
    new_users: list[User] = []
    new_officers: list[Officer] = []
    changed_users: dict[str, User] = {}
    changed_officers: dict[str, Officer] = {}
    outcomes: list[Outcome] = []
    for row in batch:
        user = users.get(row.username)
        if user is None:
            user = User(username=row.username, full_name=row.full_name, email=row.email)
            user.password = make_password(None)
            users[row.username] = user
            new_users.append(user)
        elif row.is_first and _bring(user, {"full_name": row.full_name, "email": row.email}):
            changed_users[row.username] = user
        officer = officers.get(row.username)
        outcome: Outcome = "unchanged"
        if officer is None:
            officer = Officer(user=user, agency_id=row.agency_id, desk_id=row.desk_id)
            _bring(officer, _personal(row, user))
            officers[row.username] = officer
            new_officers.append(officer)
            outcome = "created"
        elif row.is_first:
            wanted: dict[str, Any] = {**_personal(row, user), "agency_id": row.agency_id}
            if row.desk_id:
                wanted["desk_id"] = row.desk_id
            if _bring(officer, wanted):
                changed_officers[row.username] = officer
                outcome = "changed"
        if row.username in changed_users:
            outcome = "changed" if outcome == "unchanged" and row.is_first else outcome
        outcomes.append(outcome)
    User.objects.bulk_create(new_users)
    User.objects.bulk_update(list(changed_users.values()), ["full_name", "email"])
    for officer in (*new_officers, *changed_officers.values()):
        officer.name_sort = sort_key(officer.full_name)
        officer.name_fold = fold(officer.full_name)[:255]
    Officer.objects.bulk_create(new_officers)
    Officer.objects.bulk_update(
        list(changed_officers.values()),
        ["full_name", "title", "phone", "agency", "desk", "name_sort", "name_fold"],
    )
    new_roles: list[OfficerRole] = []
    changed_roles: list[OfficerRole] = []
    for position, row in enumerate(batch):
        officer = officers[row.username]
        for role in row.roles:
            key = (officer.pk, row.agency_id, role.value, row.valid_from)
            known = held.get(key)
            if today is not None and row.valid_from is None:
                # Held already, from whatever day on: that one is meant; else it begins today.
                known = next(
                    (
                        each
                        for (*place, _from), each in held.items()
                        if tuple(place) == key[:3] and (each.valid_to or today) >= today
                    ),
                    None,
                )
                key = (*key[:3], today)
            if known is None:
                known = OfficerRole(
                    officer=officer,
                    agency_id=row.agency_id,
                    role=role.value,
                    valid_from=key[3],
                    valid_to=row.valid_to,
                )
                held[key] = known
                new_roles.append(known)
            elif known.valid_to != row.valid_to and known.pk:
                known.valid_to = row.valid_to
                changed_roles.append(known)
            else:
                continue
            if outcomes[position] == "unchanged":
                outcomes[position] = "changed"
    OfficerRole.objects.bulk_create(new_roles)
    OfficerRole.objects.bulk_update(changed_roles, ["valid_to"])
    _note(new_users, new_roles, changed_roles, by)
    return outcomes


def _note(
    users: list[User], given: list[OfficerRole], changed: list[OfficerRole], by: User | None
) -> None:
    """Write into the accounts' history what the file did to them; `by` of None is the server."""
    codes = dict(
        Agency.objects.filter(pk__in={role.agency_id for role in (*given, *changed)}).values_list(
            "pk", "code"
        )
    )
    rows = [AccountEvent(kind=Kind.ACCOUNT_MADE, user=user, by=by) for user in users]
    for kind, roles in ((Kind.ROLE_GIVEN, given), (Kind.ROLE_ENDED, changed)):
        rows += [
            AccountEvent(
                kind=kind,
                user=role.officer.user,
                by=by,
                detail={
                    "role": str(role.role),
                    "agency": codes[role.agency_id],
                    **({"valid_from": f"{role.valid_from:%d/%m/%Y}"} if role.valid_from else {}),
                    **({"valid_to": f"{role.valid_to:%d/%m/%Y}"} if role.valid_to else {}),
                },
            )
            for role in roles
        ]
    AccountEvent.objects.bulk_create(rows)


def _personal(row: _Row, user: User) -> dict[str, Any]:
    return {
        "full_name": row.full_name or user.full_name,
        "title": row.title,
        "phone": row.phone,
    }


def _bring(thing: Any, wanted: dict[str, Any]) -> bool:
    """Set what a file says and is not so yet; a blank says nothing. Return whether any was set."""
    changed = {
        name: value for name, value in wanted.items() if value and getattr(thing, name) != value
    }
    for name, value in changed.items():
        setattr(thing, name, value)
    return bool(changed)


def _records(reader: Any) -> Iterator[tuple[int, list[str] | None]]:
    """Yield (line, cells) of every row that is not empty; cells are None where CSV cannot be read."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _roles(said: str) -> tuple[Role, ...]:
    found = []
    for part in filter(None, (part.strip() for part in re.split(r"[;,|+]", said))):
        role = _ROLES.get(part.lower()) or _ROLES.get(fold(part))
        if role is None:
            raise RefusedRowError(
                _("Cột roles: không có vai trò “%(role)s”.") % {"role": part[:60]}
            )
        found.append(role)
    if not found:
        raise RefusedRowError(_("Cột roles trống."))
    return tuple(dict.fromkeys(found))


def _day(said: str, column: str) -> dt.date | None:
    """Read 2026-11-22 or 22/11/2026."""
    if not said:
        return None
    text = said
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", said, re.ASCII):
        text = f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}"
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise RefusedRowError(
            _("Cột %(column)s không phải là ngày: “%(day)s”.")
            % {"column": column, "day": said[:40]}
        ) from error


def _printable(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
