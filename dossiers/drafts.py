"""Bản nháp: a draft as the desk's page would have typed it, so that one may go on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import QueryDict

from accounts.personal_data import unseal
from dossiers.forms import fee_names, fees_named
from procedures.models import Offering

if TYPE_CHECKING:
    from agencies.models import Agency
    from dossiers.models import Dossier, FeeDue


def typed(draft: Dossier, *, token: str) -> tuple[QueryDict, list[FeeDue]]:
    """Return what the desk's form says for a draft, and the fees that find no field of their own.

    Holds the owner's numbers whole: write down that they were read. Runs four queries.
    """
    data = QueryDict(mutable=True)
    version = draft.version
    data.update(
        {
            "token": token,
            "draft": draft.tracking_code,
            "version": str(draft.event_count),
            "personal_id": draft.owner_id,
            "id_kind": draft.owner_id_kind,
            "owner_kind": draft.owner_kind,
            "name": draft.owner_name,
            "phone": draft.owner_phone,
            "address": draft.owner_address,
            "representative_name": draft.representative_name,
            "representative_id": unseal(draft.representative_id_sealed),
            "representative_phone": unseal(draft.representative_phone_sealed),
            "procedure": draft.procedure.code,
            "case": str(draft.case.position) if draft.case else "",
            "summary": draft.summary,
            "channel": draft.channel,
            "result_channel": draft.result_channel,
            "object_agency": _place(draft.object_agency),
            "supporting_agency": _place(draft.supporting_agency),
            "collecting_agency": _place(draft.collecting_agency),
            "agency": _place(_other_competent(draft)),
            "national_code": draft.national_code,
            # The page one goes on with is the one the draft was typed on: a version that came
            # since is told, and what was ticked is carried over.
            "shown": f"{draft.procedure.code}|{version.pk}|{draft.channel}",
        }
    )
    if draft.papers_vouched:
        data["vouched"] = "on"
    number = 0
    for paper in draft.documents.order_by("position", "id"):
        if paper.required_id:
            key = str(paper.required_id)
            data.appendlist("paper", key)
        else:
            number += 1
            key = f"x{number}"
            data[f"paper_name_{key}"] = paper.name
        data[f"paper_kind_{key}"] = paper.kind
        data[f"paper_quantity_{key}"] = str(paper.quantity)
    return data, _type_fees(draft, data)


def _other_competent(draft: Dossier) -> Agency | None:
    """Return the settling agency that was named against what the procedure and its object say."""
    known = {draft.receiving_agency_id, draft.object_agency_id}
    if draft.is_chain or draft.competent_agency_id in known:
        return None
    offering = Offering.objects.filter(procedure=draft.procedure_id).first()
    if offering is not None and offering.competent_agency_id == draft.competent_agency_id:
        return None
    return draft.competent_agency


def _place(agency: Agency | None) -> str:
    """Write an agency as the fields of places take it."""
    return f"{agency.code} {agency.label}" if agency else ""


def _type_fees(draft: Dossier, data: QueryDict) -> list[FeeDue]:
    """Write the fees into their fields; return those that are left over."""
    of_name = {
        name: key for key, name in fee_names(fees_named(draft.version, draft.channel)).items()
    }
    left = []
    for fee in draft.fees_due.order_by("pk"):
        amount = f"{fee.amount_vnd:,.0f}".replace(",", ".")
        if fee.receipt_number:
            data["receipt_number"] = fee.receipt_number
        if (key := of_name.pop(fee.name, None)) is not None:
            data.appendlist("fee", str(key))
            data[f"fee_amount_{key}"] = amount
            if fee.paid_at:
                data.appendlist("fee_paid", str(key))
        elif "extra_fee_name" not in data:
            data["extra_fee_name"], data["extra_fee_amount"] = fee.name, amount
            if fee.paid_at:
                data["extra_fee_paid"] = "on"
        else:
            left.append(fee)
    return left
