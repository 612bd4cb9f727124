"""Cash given back at the counter, against a voucher."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import Role
from dossiers.models import Dossier, Refund
from dossiers.recording import ActDataError

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from agencies.models import Officer

_AT_COUNTER = frozenset({Role.RECEPTIONIST, Role.RETURNER})


def refund(
    dossier: Dossier, *, by: Officer, amount_vnd: Decimal, voucher_number: str, reason: str
) -> Refund:
    """Hoàn tiền: what was taken at this counter goes back, whole or in part, never more.

    Whole đồng. Raises ActDataError naming `code` when the officer works at no counter of the
    dossier, else `amount_vnd`, `voucher_number` or `reason`.
    """
    with transaction.atomic():
        # Two at once must not give back the same money: the dossier is locked for both.
        Dossier.objects.select_for_update(no_key=True).only("pk").get(pk=dossier.pk)
        counters = {dossier.receiving_agency_id, dossier.collecting_place.pk}
        if by.roles_in(sorted(counters), timezone.localdate()).isdisjoint(_AT_COUNTER):
            raise ActDataError({"code": _("Bạn không giữ quầy của hồ sơ này.")})
        number, why = " ".join(voucher_number.split()), reason.strip()
        errors = {}
        if not number:
            errors["voucher_number"] = _("Hãy ghi số phiếu chi.")
        elif Refund.objects.filter(dossier=dossier, voucher_number=number).exists():
            errors["voucher_number"] = _("Phiếu chi này đã được ghi cho hồ sơ.")
        if not why:
            errors["reason"] = _("Hãy ghi lý do.")
        left = refundable(dossier)
        if amount_vnd <= 0 or amount_vnd != amount_vnd.to_integral_value():
            errors["amount_vnd"] = _("Số tiền là số nguyên đồng, lớn hơn 0.")
        elif amount_vnd > left:
            errors["amount_vnd"] = _("Chỉ còn %(left)s đồng đã thu tại quầy.") % {
                "left": f"{left:,.0f}".replace(",", ".")
            }
        if errors:
            raise ActDataError(errors)
        return Refund.objects.create(
            dossier=dossier,
            amount_vnd=amount_vnd,
            voucher_number=number,
            reason=why,
            at=timezone.now(),
            officer=by,
        )


def refundable(dossier: Dossier) -> Decimal:
    """Return what was taken at the counter and not given back yet, đồng. Runs two queries."""
    taken = dossier.fees_due.filter(payee="", paid_at__isnull=False)
    back = Refund.objects.filter(dossier=dossier)
    return _sum(taken) - _sum(back)


def _sum(amounts: QuerySet[Any]) -> Decimal:
    total: Decimal | None = amounts.aggregate(sum=Sum("amount_vnd"))["sum"]
    return total or Decimal(0)
