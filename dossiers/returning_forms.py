"""Trả kết quả tại quầy: who stands there, on what proof, what they still pay, what they sign (T29).

One form hands over everything that is ready for one person. It compares the card that is shown with
the owner's number by its keyed hash; the numbers themselves are not unsealed for it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.personal_data import keyed_digest, normalise_number, unseal
from dossiers.forms import one_line, read_card
from dossiers.models import Delivery, ResultChannel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dossiers.models import Dossier


def owed(dossier: Dossier) -> Decimal:
    """Return what is still to be paid before the result is handed over, đồng; reads `fees_due`.

    Of a chain what is due for its parts is taken with it (services.closing).
    """
    of = [dossier, *(dossier.parts.all() if dossier.is_chain else ())]
    return sum(
        (fee.left_vnd for each in of for fee in each.fees_due.all()),
        start=Decimal(0),
    )


class HandOverForm(forms.Form):
    """What stands on the counter's page for one person."""

    identity = one_line(
        _("Quét căn cước người nhận"), length=300, accesskey="1", spellcheck="false"
    )
    receiver = one_line(_("Người nhận, nếu không phải chủ hồ sơ"))
    proof = forms.ChoiceField(
        label=_("Giấy tờ xuất trình"),
        choices=[
            (proof.value, proof.label)
            for proof in Delivery.Proof
            if proof not in {Delivery.Proof.ELECTRONIC, Delivery.Proof.POSTED}
        ],
        required=False,
    )
    receipt_number = one_line(_("Số biên lai đã thu đủ"), length=40, spellcheck="false")
    note = one_line(_("Ghi chú ký nhận"), length=500)
    tracking_number = one_line(_("Số vận đơn bưu chính"), length=40, spellcheck="false")

    def __init__(self, ready: Sequence[Dossier], data: Mapping[str, Any] | None = None) -> None:
        """Take a page apart; `ready` are the dossiers that may be handed over to one person."""
        self.ready = list(ready)
        super().__init__(data)
        self.initial = {"proof": Delivery.Proof.RECEIPT}
        for name in ("identity", "receipt_number"):
            self.fields[name].widget.attrs["data-motcua-after"] = ""

    @property
    def is_posting(self) -> bool:
        """Whether the results go to the post and not to the person at the counter."""
        return self.data.get("act") == "post"

    @property
    def is_the_owner(self) -> bool:
        """Whether the card that was shown is the owner's own."""
        return self.is_bound and bool(self.picked) and self._is_owners(self._number())

    def _number(self) -> str:
        typed = str(self.data.get("identity") or "")
        card = read_card(typed)
        return normalise_number(card.number if card else typed)

    def _is_owners(self, number: str) -> bool:
        digest = keyed_digest("owner_id", number) if number else None
        return all(bytes(dossier.owner_id_digest) == digest for dossier in self.picked)

    @property
    def picked(self) -> list[Dossier]:
        """The dossiers ticked; all of them until somebody unticked one."""
        if not self.is_bound or not hasattr(self.data, "getlist"):
            return self.ready
        ticked = set(self.data.getlist("dossier"))
        return [dossier for dossier in self.ready if dossier.tracking_code in ticked]

    def owed(self) -> Decimal:
        return sum((owed(dossier) for dossier in self.picked), start=Decimal(0))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.picked:
            self.add_error(None, _("Hãy đánh dấu kết quả cần trả."))
            return cleaned
        if self.is_posting:
            if not cleaned.get("tracking_number"):
                self.add_error("tracking_number", _("Hãy ghi số vận đơn."))
            if self.owed():
                self.add_error(
                    None, _("Còn phí, lệ phí chưa thu: hãy thu đủ trước khi gửi bưu chính.")
                )
            return cleaned
        self._clean_identity(cleaned)
        if self.owed() and not cleaned.get("receipt_number"):
            self.add_error(
                "receipt_number", _("Còn phí, lệ phí chưa thu: hãy thu đủ và ghi số biên lai.")
            )
        return cleaned

    def _clean_identity(self, cleaned: dict[str, Any]) -> None:
        """Compare the card that is shown with whose dossiers they are."""
        number = self._number()
        is_authorised = cleaned.get("proof") == Delivery.Proof.AUTHORISATION
        if not number:
            if is_authorised and not cleaned.get("receiver"):
                self.add_error("receiver", _("Hãy ghi họ tên người được uỷ quyền."))
            return
        if self._is_owners(number):
            if not is_authorised:
                cleaned["proof"] = Delivery.Proof.IDENTITY
            return
        if all(number == _representative(dossier) for dossier in self.picked):
            cleaned["receiver"] = cleaned.get("receiver") or self.picked[0].representative_name
            cleaned["proof"] = Delivery.Proof.AUTHORISATION
            return
        card = read_card(cleaned.get("identity") or "")
        cleaned["receiver"] = cleaned.get("receiver") or (card.name if card else "")
        if not is_authorised:
            self.add_error(
                "identity",
                _(
                    "Không phải số của chủ hồ sơ hay người nộp thay. Nếu có giấy uỷ quyền, "
                    "hãy chọn “Giấy uỷ quyền”."
                ),
            )
        elif not cleaned["receiver"]:
            self.add_error("receiver", _("Hãy ghi họ tên người được uỷ quyền."))

    def given(self, dossier: Dossier) -> dict[str, Any]:
        """Return what `closing.return_result` is given; call on a valid form."""
        cleaned = self.cleaned_data
        return {
            "receiver": cleaned["receiver"],
            "proof": cleaned["proof"] or Delivery.Proof.RECEIPT.value,
            "channel": ResultChannel.COUNTER.value,
            "fees_taken": bool(owed(dossier)),
            "receipt_number": cleaned["receipt_number"] if owed(dossier) else "",
            "note": cleaned["note"],
        }


def _representative(dossier: Dossier) -> str:
    return normalise_number(unseal(dossier.representative_id_sealed))
