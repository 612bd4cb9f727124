"""Phát hành giấy tờ: number a paper, keep its row with the act, knock for its PDF after commit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.personal_data import seal
from dossiers import qr_tokens, tasks
from dossiers.models import PaperSlip
from dossiers.paper_numbers import next_number
from dossiers.paperwork import layout_for
from dossiers.workflow import PaperKind

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Agency, Officer
    from dossiers.models import Dossier, DossierEvent


def issue(
    kind: PaperKind,
    *,
    dossier: Dossier,
    event: DossierEvent,
    agency: Agency,
    officer: Officer | None,
    at: dt.datetime,
    replaces: PaperSlip | None = None,
    number: int | None = None,
) -> PaperSlip:
    """Issue a paper on a dossier inside the transaction of its act; the PDF follows after commit.

    Runs two queries: the number (unless the caller took it with another) and the row. A paper
    without an event cannot be, nor an event's paper be lost: the sweeper renders what a broker that
    is away did not. A changed date needs a new slip that names the old (`replaces`, domain.md 4).
    """
    on = timezone.localdate(at)
    if number is None:
        number = next_number(agency, on.year, kind)
    token, digest = qr_tokens.make_token() if kind == PaperKind.RECEIPT else ("", b"")
    slip = PaperSlip.objects.create(
        dossier=dossier,
        event=event,
        kind=kind,
        form=layout_for(kind, on).form,
        agency=agency,
        year=on.year,
        number=number,
        issued_at=at,
        issued_by=officer,
        due_at=dossier.due_at,
        replaces=replaces,
        qr_sealed=seal(token),
        qr_digest=digest,
    )
    transaction.on_commit(partial(tasks.knock, slip.pk))
    return slip
