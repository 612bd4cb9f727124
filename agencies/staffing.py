"""Keeping officers: who may add them, give and end their roles, move them, and let them go.

An officer is kept by the head of an agency, its reform officer or its administrator, there and in
the agencies below, by a role of their own and never by a delegated one. Roles have days: what was
held yesterday stays held yesterday. Nobody keeps themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import events, second_factor, sessions
from accounts.models import AccountEvent, User
from accounts.roles import OFFICER_ROLES, Role
from agencies.delegations import OWN_TO_GIVE
from agencies.models import Agency, AgencyQuerySet, Delegation, Officer, OfficerRole

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from agencies.models import Desk, OfficerQuerySet

_NAME_TAKEN = gettext_lazy("Tên đăng nhập này đã có người dùng.")
KEEPING_ROLES = frozenset({Role.HEAD, Role.REFORM_OFFICER, Role.ADMINISTRATOR})


class StaffingError(ValueError):
    """What was asked cannot be done so; `errors` names each field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps officers: the account, and the paths of the agencies by which role."""

    user: User
    officer: Officer | None
    heads: frozenset[str] = frozenset()
    reforms: frozenset[str] = frozenset()
    administers: frozenset[str] = frozenset()
    # The account that installed the portal belongs to no agency.
    keeps_everything: bool = False

    def agencies(self) -> AgencyQuerySet:
        """Return the agencies whose officers are kept, as a queryset to nest."""
        if self.keeps_everything:
            return Agency.objects.all()
        seen = Q(pk__in=[])
        for path in self.heads | self.reforms | self.administers:
            seen |= Q(path__startswith=path)
        return Agency.objects.filter(seen)

    def covers(self, agency: Agency) -> bool:
        """Tell whether the agency's officers are kept; runs no query."""
        return self.keeps_everything or any(
            agency.path.startswith(path) for path in self.heads | self.reforms | self.administers
        )

    def administers_in(self, agency: Agency) -> bool:
        """Tell whether the accounts there are looked after: lost passwords, lost telephones."""
        return self.keeps_everything or any(
            agency.path.startswith(path) for path in self.administers
        )

    def roles_for(self, agency: Agency) -> list[Role]:
        """Return the roles that may be given and ended in the agency; runs no query.

        An administrator gives every one. A reform officer gives all but administrator, and their
        own kind only below. A head gives what is not held by oneself to answer for, and that too
        in the agencies below.
        """
        if self.administers_in(agency):
            return [role for role in Role if role in OFFICER_ROLES]
        found: set[Role] = set()
        for path in self.reforms:
            if agency.path.startswith(path):
                own = {Role.REFORM_OFFICER} if agency.path == path else set()
                found |= OFFICER_ROLES - {Role.ADMINISTRATOR} - own
        for path in self.heads:
            if agency.path.startswith(path):
                own = set(OWN_TO_GIVE) if agency.path == path else {Role.REFORM_OFFICER}
                found |= OFFICER_ROLES - {Role.ADMINISTRATOR} - own
        return [role for role in Role if role in found]

    def may_let_go(self, officer: Officer, rows: Collection[OfficerRole]) -> bool:
        """Tell whether the officer may be moved or let go: not oneself, and nobody who holds more.

        `rows` are the officer's roles that are not over, with their agencies.
        """
        return (
            officer.user_id != self.user.pk
            and self.covers(officer.agency)
            and (self.keeps_everything or not officer.user.is_superuser)
            and all(
                self.covers(row.agency) and Role(row.role) in self.roles_for(row.agency)
                for row in rows
            )
        )

    def officers(self, today: dt.date) -> OfficerQuerySet:
        """Return who works in the agencies kept, or holds a role there today or later."""
        there = OfficerRole.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=today), agency__in=self.agencies()
        )
        return Officer.objects.filter(
            Q(agency__in=self.agencies()) | Q(pk__in=there.values("officer"))
        )


def keeper_for(user: User, officer: Officer | None, today: dt.date) -> Keeper | None:
    """Return what the account keeps, None when nothing. Runs at most two queries."""
    paths: dict[str, set[str]] = {role: set() for role in KEEPING_ROLES}
    if officer is not None:
        own = [(role, agency_id) for role, agency_id in officer.own_roles(today) if role in paths]
        known = dict(
            Agency.objects.filter(pk__in=[pk for _role, pk in own]).values_list("pk", "path")
            if own
            else ()
        )
        for role, agency_id in own:
            paths[role].add(known[agency_id])
    if not user.is_superuser and not any(paths.values()):
        return None
    return Keeper(
        user=user,
        officer=officer,
        heads=frozenset(paths[Role.HEAD]),
        reforms=frozenset(paths[Role.REFORM_OFFICER]),
        administers=frozenset(paths[Role.ADMINISTRATOR]),
        keeps_everything=user.is_superuser,
    )


def roles_not_over(officer: Officer, today: dt.date) -> list[OfficerRole]:
    """Return the roles held on the day or later, by agency. Runs one query."""
    return list(
        officer.roles.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=today))
        .select_related("agency")
        .order_by("agency__name_sort", "role", "valid_from")
    )


# Adding


def add_officer(
    *,
    by: Keeper,
    username: str,
    full_name: str,
    agency: Agency,
    roles: Collection[Role],
    title: str = "",
    phone: str = "",
    email: str = "",
    desk: Desk | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    today: dt.date | None = None,
) -> Officer:
    """Lập tài khoản cán bộ: an account without a password, an officer, and roles in the agency.

    Raises PermissionError when the agency is not theirs to keep, StaffingError naming each field.
    """
    today = today or timezone.localdate()
    if not by.covers(agency):
        raise PermissionError("the agency is kept by others")
    errors = _faults_of_account(username, full_name)
    if desk is not None and desk.agency_id != agency.pk:
        errors["desk"] = _("Bộ phận này thuộc cơ quan khác.")
    if not roles:
        errors["roles"] = _("Hãy chọn ít nhất một vai trò.")
    elif not set(roles) <= set(by.roles_for(agency)):
        errors["roles"] = _("Có vai trò bạn không được giao ở cơ quan này.")
    errors |= _faults_of_days(valid_from or today, valid_to, today)
    if errors:
        raise StaffingError(errors)
    with transaction.atomic():
        user = User(username=username, full_name=full_name, email=email)
        user.password = make_password(None)
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            # Somebody else has just taken the name.
            raise StaffingError({"username": str(_NAME_TAKEN)}) from error
        officer = Officer.objects.create(
            user=user, full_name=full_name, title=title, phone=phone, agency=agency, desk=desk
        )
        events.record(events.Kind.ACCOUNT_MADE, user, by=by.user, agency=agency.code)
        for role in roles:
            _give(by, officer, agency, role, valid_from or today, valid_to)
    return officer


def _faults_of_account(username: str, full_name: str) -> dict[str, str]:
    errors: dict[str, str] = {}
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError:
        errors["username"] = _("Tên đăng nhập chỉ gồm chữ, số và các dấu @ . + - _.")
    # Names that differ in capitals alone are one name to a person.
    if username and User.objects.filter(username__iexact=username).exists():
        errors["username"] = str(_NAME_TAKEN)
    if not full_name.strip():
        errors["full_name"] = _("Hãy ghi họ và tên.")
    return errors


def _faults_of_days(
    valid_from: dt.date, valid_to: dt.date | None, today: dt.date
) -> dict[str, str]:
    if valid_from < today:
        return {"valid_from": _("Không giao vai trò lùi ngày.")}
    if valid_to is not None and valid_to < valid_from:
        return {"valid_to": _("Ngày kết thúc phải sau ngày bắt đầu.")}
    return {}


# Roles


def give_role(
    *,
    by: Keeper,
    officer: Officer,
    agency: Agency,
    role: Role,
    valid_from: dt.date,
    valid_to: dt.date | None = None,
    today: dt.date | None = None,
) -> OfficerRole:
    """Giao vai trò: from a day on, never from one that is past.

    Raises PermissionError when it is not theirs to give, StaffingError naming each field.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        _lock(officer)
        if officer.user_id == by.user.pk or role not in by.roles_for(agency):
            raise PermissionError("the role is given by others")
        errors = _faults_of_days(valid_from, valid_to, today)
        if not officer.user.is_active:
            errors["role"] = _("Tài khoản đã khoá.")
        crossing = officer.roles.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from), agency=agency, role=role
        )
        if valid_to is not None:
            crossing = crossing.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=valid_to))
        if not errors and crossing.exists():
            errors["role"] = _("Cán bộ đã có vai trò này ở cơ quan trong những ngày đó.")
        if errors:
            raise StaffingError(errors)
        return _give(by, officer, agency, role, valid_from, valid_to)


def _give(
    by: Keeper,
    officer: Officer,
    agency: Agency,
    role: Role,
    valid_from: dt.date,
    valid_to: dt.date | None,
) -> OfficerRole:
    row = OfficerRole.objects.create(
        officer=officer, agency=agency, role=role.value, valid_from=valid_from, valid_to=valid_to
    )
    _note(events.Kind.ROLE_GIVEN, by, row)
    return row


def end_role(
    *, by: Keeper, row: OfficerRole, last_day: dt.date, today: dt.date | None = None
) -> None:
    """Kết thúc vai trò: its last day is today or later; one that has not begun is taken back.

    Raises PermissionError when it is not theirs to end, StaffingError naming each field.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        _lock(row.officer)
        row = OfficerRole.objects.select_related("officer__user", "agency").get(pk=row.pk)
        if row.officer.user_id == by.user.pk or Role(row.role) not in by.roles_for(row.agency):
            raise PermissionError("the role is ended by others")
        if row.valid_to is not None and row.valid_to < today:
            raise StaffingError({"valid_to": _("Vai trò này đã kết thúc.")})
        if last_day < today:
            raise StaffingError({"valid_to": _("Không kết thúc lùi ngày.")})
        _end(by, row, last_day)


def _end(by: Keeper, row: OfficerRole, last_day: dt.date) -> None:
    if row.valid_from is not None and row.valid_from > last_day:
        # Nothing was done by it yet, so there is no past to keep.
        _note(events.Kind.ROLE_ENDED, by, row)
        row.delete()
        return
    row.valid_to = last_day
    row.save(update_fields=["valid_to"])
    _note(events.Kind.ROLE_ENDED, by, row)


def _note(kind: AccountEvent.Kind, by: Keeper, row: OfficerRole) -> None:
    days: dict[str, Any] = {
        name: f"{day:%d/%m/%Y}"
        for name, day in (("valid_from", row.valid_from), ("valid_to", row.valid_to))
        if day
    }
    events.record(kind, row.officer.user, by=by.user, role=row.role, agency=row.agency.code, **days)


def _lock(officer: Officer) -> User:
    """Let one at a time change what an officer is; return the account as it is now."""
    return User.objects.select_for_update(no_key=True).get(pk=officer.user_id)


# Moving and leaving; dossiers.services.leaving asks first what is still in their hands


def transfer(
    *,
    by: Keeper,
    officer: Officer,
    to: Agency,
    roles: Collection[Role],
    title: str = "",
    today: dt.date | None = None,
) -> None:
    """Điều chuyển: from today on the officer works elsewhere; the roles of the old place end today.

    Raises PermissionError when one of the agencies is kept by
    others, StaffingError naming each field.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        user = _lock(officer)
        rows = roles_not_over(officer, today)
        here = [row for row in rows if row.agency_id == officer.agency_id]
        if not by.may_let_go(officer, here) or not by.covers(to):
            raise PermissionError("the officer or the agency is kept by others")
        errors: dict[str, str] = {}
        if not user.is_active:
            errors["agency"] = _("Tài khoản đã khoá.")
        elif to.pk == officer.agency_id:
            errors["agency"] = _("Cán bộ đang làm việc ở chính cơ quan này.")
        if not roles:
            errors["roles"] = _("Hãy chọn ít nhất một vai trò ở nơi mới.")
        elif not set(roles) <= set(by.roles_for(to)):
            errors["roles"] = _("Có vai trò bạn không được giao ở cơ quan này.")
        if errors:
            raise StaffingError(errors)
        for row in here:
            _end(by, row, today)
        there = {row.role for row in rows if row.agency_id == to.pk}
        for role in roles:
            if role.value not in there:
                _give(by, officer, to, role, today, None)
        left = officer.agency.code
        officer.agency, officer.desk = to, None
        officer.title = title or officer.title
        officer.save(update_fields=["agency", "desk", "title", "name_sort", "name_fold"])
        events.record(events.Kind.TRANSFERRED, user, by=by.user, agency=f"{left} → {to.code}")


def change_details(
    *,
    by: Keeper,
    officer: Officer,
    full_name: str,
    title: str = "",
    phone: str = "",
    email: str = "",
    desk: Desk | None = None,
) -> None:
    """Sửa thông tin: what a person is called and how they are reached; the history says which.

    Raises PermissionError when the officer is kept by others, StaffingError naming each field.
    """
    with transaction.atomic():
        user = _lock(officer)
        if not by.may_let_go(officer, roles_not_over(officer, timezone.localdate())):
            raise PermissionError("the officer is kept by others")
        if desk is not None and desk.agency_id != officer.agency_id:
            raise StaffingError({"desk": _("Bộ phận này thuộc cơ quan khác.")})
        wanted = {"full_name": full_name, "title": title, "phone": phone, "desk": desk}
        changed = [name for name, value in wanted.items() if getattr(officer, name) != value]
        if user.email != email:
            changed.append("email")
        for name, value in wanted.items():
            setattr(officer, name, value)
        officer.save(update_fields=[*wanted, "name_sort", "name_fold"])
        user.full_name, user.email = full_name, email
        user.save(update_fields=["full_name", "email"])
        if changed:
            events.record(events.Kind.DETAILS_CHANGED, user, by=by.user, fields=changed)


def reopen(*, by: Keeper, officer: Officer) -> None:
    """Mở lại tài khoản: somebody came back; with a new password, and roles that are given anew.

    Raises PermissionError when the account is not theirs to open, StaffingError when it is open.
    """
    with transaction.atomic():
        user = _lock(officer)
        if (
            not by.administers_in(officer.agency)
            or user.pk == by.user.pk
            or (user.is_superuser and not by.keeps_everything)
        ):
            raise PermissionError("the account is opened by its administrator")
        if user.is_active:
            raise StaffingError({"officer": _("Tài khoản này đang mở.")})
        user.is_active = True
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
        events.record(events.Kind.OPENED, user, by=by.user)


def let_go(*, by: Keeper, officer: Officer, today: dt.date | None = None) -> None:
    """Thôi việc: roles end today, delegations are revoked, the account and all that opens it close.

    Raises PermissionError when the officer is kept by others, StaffingError when they left before.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        user = _lock(officer)
        rows = roles_not_over(officer, today)
        if not by.may_let_go(officer, rows):
            raise PermissionError("the officer is kept by others")
        if not user.is_active:
            raise StaffingError({"officer": _("Tài khoản này đã khoá.")})
        for row in rows:
            _end(by, row, today)
        if by.officer is not None:
            # Who has left neither gives nor takes, so these would be dead anyway; now they say so.
            Delegation.objects.filter(
                Q(giver=officer) | Q(delegate=officer), revoked_at__isnull=True, valid_to__gte=today
            ).update(revoked_at=timezone.now(), revoked_by=by.officer, revoke_reason=_("Thôi việc"))
        user.is_active = False
        user.save(update_fields=["is_active"])
        second_factor.remove_all(user)
        sessions.end(user, by=by.user)
        sessions.end_tokens(user, by=by.user)
        events.record(events.Kind.LEFT, user, by=by.user, agency=officer.agency.code)
