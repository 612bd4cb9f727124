"""Phát hành giấy tờ: number a paper, keep its row with the act, knock for its PDF after commit.

A reprint keeps the number and is counted; what changed on a paper makes a new one that names the
old (domain.md 4).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.personal_data import seal
from dossiers import qr_tokens, tasks
from dossiers.models import Dossier, PaperReprint, PaperSlip
from dossiers.paper_numbers import next_number
from dossiers.paperwork import layout_for
from dossiers.workflow import PaperKind

if TYPE_CHECKING:
    import datetime as dt

    from agencies.models import Agency, Officer
    from dossiers.models import DossierEvent


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
    token, digest = qr_tokens.make_token()
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
        # The applicant is told one date everywhere; the control slip is the officers' own.
        due_at=dossier.due_at if kind is PaperKind.CONTROL_SLIP else dossier.due_told_at,
        replaces=replaces,
        qr_sealed=seal(token),
        qr_digest=digest,
    )
    transaction.on_commit(partial(tasks.knock, slip.pk))
    return slip


def issue_again(slip: PaperSlip, *, event: DossierEvent, officer: Officer | None) -> PaperSlip:
    """Issue a new paper of the same kind in place of an older one, whose number it names.

    For a date or a fact that an act changed; call inside the transaction of that act. The old
    paper's QR goes on leading to the dossier, which shows the new date: its holder needs it.
    """
    return issue(
        PaperKind(slip.kind),
        dossier=event.dossier,
        event=event,
        agency=slip.agency,
        officer=officer,
        at=event.at,
        replaces=slip,
    )


def control_slip(dossier: Dossier, *, officer: Officer) -> PaperSlip:
    """Issue the control slip of a dossier as it stands, or return the one that says so already.

    The slip is derived from the events (domain.md 2.6), so it is new only after a new event, and
    then names the one before. Two officers who ask at once get one slip: the dossier's row is
    locked. Runs four queries and those of `issue`. Raises NothingToShowError before any event.
    """
    with transaction.atomic():
        dossier = Dossier.objects.select_for_update(no_key=True, of=("self",)).get(pk=dossier.pk)
        event = dossier.events.order_by("-seq").first()
        if event is None or dossier.received_at is None:
            raise NothingToShowError
        before = dossier.slips.filter(kind=PaperKind.CONTROL_SLIP).order_by("-pk").first()
        if before is not None and before.event_id == event.pk:
            return before
        return issue(
            PaperKind.CONTROL_SLIP,
            dossier=dossier,
            event=event,
            agency=dossier.receiving_agency,
            officer=officer,
            at=timezone.now(),
            replaces=before,
        )


class NothingToShowError(Exception):
    """The dossier was not received, or came from an older system without its history."""


def reprint(slip: PaperSlip, *, officer: Officer) -> PaperReprint:
    """Count one more copy of a paper and return its row; the paper itself stays as it is.

    The slip's row is locked, so two officers who print at once make copies 2 and 3. Runs three
    queries.
    """
    with transaction.atomic():
        PaperSlip.objects.select_for_update(no_key=True).only("pk").get(pk=slip.pk)
        last = slip.reprints.aggregate(last=Max("number"))["last"] or 0
        return PaperReprint.objects.create(
            slip=slip, number=last + 1, printed_at=timezone.now(), printed_by=officer
        )
