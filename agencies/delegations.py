"""Giving one's roles to a colleague while away: who may give what to whom, and taking it back.

The rules are the province's decision over the general law of authorisation (Civil Code 2015 Điều
562-569, unconfirmed for offices): with a document, for days, never further on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import OFFICER_ROLES, Role
from agencies.models import Agency, Delegation, Officer, OfficerRole

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from agencies.models import OfficerQuerySet

DELEGABLE_ROLES = OFFICER_ROLES - {Role.ADMINISTRATOR}
# What one answers for by oneself: given by its holder, or by a head of an agency above.
OWN_TO_GIVE = frozenset({Role.HEAD, Role.SIGNER, Role.REFORM_OFFICER, Role.SUPERVISOR})


class DelegationError(ValueError):
    """The delegation may not be given or taken back so; `errors` names each field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = errors


def delegable_roles(giver: Officer, agency: Agency, today: dt.date) -> list[Role]:
    """Return what the officer may give of their own in the agency; what was given to them is not."""
    return [
        role
        for role in Role
        if role in DELEGABLE_ROLES and (role.value, agency.pk) in giver.own_roles(today)
    ]


def heads_over(officer: Officer, today: dt.date) -> list[Agency]:
    """Return the agencies the officer heads by their own right. Runs at most two queries."""
    ids = [agency_id for role, agency_id in officer.own_roles(today) if role == Role.HEAD]
    return list(Agency.objects.filter(pk__in=ids)) if ids else []


def may_give_for(
    by: Officer, giver: Officer, agency: Agency, roles: Collection[Role], today: dt.date
) -> bool:
    """Tell whether `by` may give these roles of `giver`: their own, or as the giver's head.

    A head who only stands in for one gives nobody's. Runs at most two queries.
    """
    is_own = by.pk == giver.pk
    headed = [] if is_own else heads_over(by, today)
    return may_give(is_own=is_own, agency=agency, roles=roles, headed=headed)


def may_give(
    *, is_own: bool, agency: Agency, roles: Collection[Role], headed: Collection[Agency]
) -> bool:
    """Tell whether roles in an agency are given by who holds them, or by who heads these agencies."""
    if is_own or any(
        agency.path.startswith(above.path) and above.pk != agency.pk for above in headed
    ):
        return True
    return any(above.pk == agency.pk for above in headed) and OWN_TO_GIVE.isdisjoint(roles)


def delegate(
    *,
    by: Officer,
    giver: Officer,
    to: Officer,
    agency: Agency,
    roles: Collection[Role],
    valid_from: dt.date,
    valid_to: dt.date,
    document_number: str,
    reason: str,
    today: dt.date | None = None,
) -> Delegation:
    """Uỷ quyền: write down who acts for whom, in which roles and days.

    Raises PermissionError when it is not theirs to give, DelegationError naming each field.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        # The giver is the lock: two may be giving the same role away at once.
        Officer.objects.select_for_update(no_key=True).only("pk").get(pk=giver.pk)
        if not may_give_for(by, giver, agency, roles, today):
            raise PermissionError("only the officer or their head delegates")
        errors = _faults(giver, to, agency, roles, valid_from, valid_to, today)
        if not document_number.strip():
            errors["document_number"] = _("Hãy ghi số văn bản uỷ quyền.")
        if not reason.strip():
            errors["reason"] = _("Hãy ghi lý do.")
        if errors:
            raise DelegationError(errors)
        return Delegation.objects.create(
            giver=giver,
            delegate=to,
            agency=agency,
            roles=[role.value for role in Role if role in roles],
            valid_from=valid_from,
            valid_to=valid_to,
            document_number=document_number.strip(),
            reason=reason.strip(),
            created_by=by,
            created_at=timezone.now(),
        )


def _faults(
    giver: Officer,
    to: Officer,
    agency: Agency,
    roles: Collection[Role],
    valid_from: dt.date,
    valid_to: dt.date,
    today: dt.date,
) -> dict[str, str]:
    errors: dict[str, str] = {}
    if to.pk == giver.pk:
        errors["delegate"] = _("Không uỷ quyền cho chính mình.")
    elif not colleagues_of(giver, agency, today).filter(pk=to.pk).exists():
        errors["delegate"] = _("Người được uỷ quyền phải đang làm việc ở cơ quan này.")
    if not roles:
        errors["roles"] = _("Hãy chọn ít nhất một vai trò.")
    elif not set(roles) <= set(delegable_roles(giver, agency, today)):
        errors["roles"] = _(
            "Chỉ uỷ quyền vai trò mà chính người uỷ quyền đang giữ ở cơ quan này, trừ quản trị hệ "
            "thống; vai trò được uỷ quyền thì không uỷ quyền tiếp."
        )
    if valid_from < today:
        errors["valid_from"] = _("Không uỷ quyền lùi ngày.")
    elif valid_to < valid_from:
        errors["valid_to"] = _("Ngày kết thúc phải sau ngày bắt đầu.")
    if errors:
        return errors
    crossing = Delegation.objects.filter(
        agency=agency, revoked_at__isnull=True, valid_from__lte=valid_to, valid_to__gte=valid_from
    )
    same = (
        crossing.filter(giver=giver, roles__overlap=[role.value for role in roles])
        .select_related("delegate")
        .first()
    )
    if same is not None:
        errors["valid_from"] = _(
            "Đã uỷ quyền cho %(name)s từ %(first)s đến %(last)s, trùng ngày và vai trò."
        ) % {
            "name": same.delegate.full_name,
            "first": f"{same.valid_from:%d/%m/%Y}",
            "last": f"{same.valid_to:%d/%m/%Y}",
        }
    elif crossing.filter(giver=to).exists():
        errors["delegate"] = _("Người này cũng đang uỷ quyền cho người khác trong những ngày đó.")
    return errors


def colleagues_of(giver: Officer, agency: Agency, today: dt.date) -> OfficerQuerySet:
    """Return who could act for the officer in the agency: those who work there themselves."""
    there = OfficerRole.objects.on(today).filter(agency=agency).values("officer")
    return Officer.objects.filter(Q(agency=agency) | Q(pk__in=there), user__is_active=True).exclude(
        pk=giver.pk
    )


def revoke(delegation: Delegation, *, by: Officer, reason: str) -> Delegation:
    """Thu hồi uỷ quyền: it ends now; what was done by it stays done, with both names.

    Raises PermissionError when it is not theirs to take back, DelegationError when it is over or
    was revoked before, or without a reason.
    """
    today = timezone.localdate()
    with transaction.atomic():
        locked = (
            Delegation.objects.select_for_update(of=("self",))
            .select_related("giver", "agency")
            .get(pk=delegation.pk)
        )
        roles = [Role(role) for role in locked.roles]
        if not may_give_for(by, locked.giver, locked.agency, roles, today):
            raise PermissionError("only the officer or their head revokes")
        if locked.revoked_at is not None or locked.valid_to < today:
            raise DelegationError({"reason": _("Uỷ quyền này đã hết hiệu lực.")})
        if not reason.strip():
            raise DelegationError({"reason": _("Hãy ghi lý do.")})
        locked.revoked_at, locked.revoked_by = timezone.now(), by
        locked.revoke_reason = reason.strip()
        locked.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
        return locked
