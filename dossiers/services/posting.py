"""A result on its way by post: given to it, brought back by it (beside T29, which ends the way)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from dossiers.models import Posting
from dossiers.recording import ActDataError, begin
from dossiers.workflow import Act

if TYPE_CHECKING:
    from agencies.models import Officer
    from dossiers.models import Dossier


def send(
    dossier: Dossier,
    *,
    by: Officer,
    tracking_number: str,
    version: int | None = None,
    note: str = "",
) -> Posting:
    """Gửi bưu chính: the result leaves the counter under the post's number; its state stays.

    Open to whom may hand the result over. Raises what `begin` does, and ActDataError naming
    `tracking_number` without one or while it is under way already, `fees_taken` while a fee is due:
    the post brings results, not money.
    """
    with transaction.atomic():
        locked = begin(Act.RETURN_RESULT, dossier, by=by, version=version).dossier
        number = " ".join(tracking_number.split()).upper()
        if not number:
            raise ActDataError({"tracking_number": _("Hãy ghi số vận đơn.")})
        if locked.owes:
            raise ActDataError(
                {"fees_taken": _("Còn phí, lệ phí chưa thu: hãy thu đủ trước khi gửi bưu chính.")}
            )
        before = last_of(locked)
        if before is not None and before.kind == Posting.Kind.SENT:
            raise ActDataError(
                {
                    "tracking_number": _("Kết quả đang trên đường, vận đơn %(number)s.")
                    % {"number": before.tracking_number}
                }
            )
        if Posting.objects.filter(
            dossier=locked, kind=Posting.Kind.SENT, tracking_number=number
        ).exists():
            raise ActDataError({"tracking_number": _("Số vận đơn này đã được ghi cho hồ sơ.")})
        return Posting.objects.create(
            dossier=locked,
            kind=Posting.Kind.SENT,
            tracking_number=number,
            officer=by,
            note=note.strip(),
        )


def bring_back(
    dossier: Dossier, *, by: Officer, version: int | None = None, note: str = ""
) -> Posting:
    """Bưu chính trả lại: nobody took it; the result lies at the counter again.

    Raises what `begin` does, and ActDataError naming `tracking_number` when it is not under way.
    """
    with transaction.atomic():
        locked = begin(Act.RETURN_RESULT, dossier, by=by, version=version).dossier
        before = last_of(locked)
        if before is None or before.kind != Posting.Kind.SENT:
            raise ActDataError({"tracking_number": _("Kết quả này không gửi bưu chính.")})
        return Posting.objects.create(
            dossier=locked,
            kind=Posting.Kind.CAME_BACK,
            tracking_number=before.tracking_number,
            officer=by,
            note=note.strip(),
        )


def last_of(dossier: Dossier) -> Posting | None:
    """Return the newest posting of a dossier. Runs one query."""
    return Posting.objects.filter(dossier=dossier).order_by("-pk").first()
