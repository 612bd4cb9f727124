"""Thư tổng hợp buổi sáng: what waits for each officer, by e-mail once a working day, with its result.

Figures and codes of nobody: the mail says how many and where to look, never who. Sent between the
hours of settings.DIGEST_HOURS, local time; what cannot be sent is tried again and said on the
officer's page.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.calendars import calendar_of
from agencies.models import Officer, OfficerRole
from agencies.scope import scope_of
from dossiers import boards, next_acts, notices
from dossiers.models import Digest, DigestChoice, Dossier, local_day

if TYPE_CHECKING:
    from agencies.scope import Scope
    from dossiers.models import DossierQuerySet

logger = structlog.get_logger(__name__)

MOST_TRIES = 5
TRY_AGAIN_AFTER = dt.timedelta(minutes=20)
_SUPERVISES = frozenset({Role.HEAD, Role.SUPERVISOR, Role.REFORM_OFFICER})


def is_time(now: dt.datetime) -> bool:
    """Tell whether mails go out now: a working day, within settings.DIGEST_HOURS."""
    if not settings.SENDS_MAIL:
        return False
    begins, ends = settings.DIGEST_HOURS
    local = timezone.localtime(now)
    return begins <= local.time() < ends and calendar_of().is_working_day(local.date())


def prepare(on: dt.date) -> int:
    """Note down whose mail is due on the day; a second time it adds nobody. Runs three queries."""
    working = OfficerRole.objects.on(on).values("officer_id")
    unwanted = DigestChoice.objects.filter(wants_mail=False).values("officer_id")
    officers = (
        Officer.objects.filter(pk__in=working, user__is_active=True)
        .exclude(user__email="")
        .exclude(pk__in=unwanted)
        .exclude(digests__on=on)
    )
    return len(
        Digest.objects.bulk_create(
            [Digest(officer_id=pk, on=on) for pk in officers.values_list("pk", flat=True)],
            ignore_conflicts=True,
            batch_size=500,
        )
    )


def send_waiting(now: dt.datetime) -> dict[str, int]:
    """Send what waits to be sent today, each in its own transaction; return how many of each result.

    Another worker at the same time takes other rows. That a mail is tried is written down before
    it is, and it carries the same Message-ID each time, so a worker killed in between sends
    nothing that a mail server takes for new.
    """
    results: dict[str, int] = {}
    while (digest := _claim(now)) is not None:
        outcome = _send(digest, now)
        results[outcome] = results.get(outcome, 0) + 1
    return results


def _claim(now: dt.datetime) -> Digest | None:
    with transaction.atomic():
        digest = (
            Digest.objects.filter(on=local_day(now), outcome=Digest.Outcome.WAITING)
            .exclude(tried_at__gt=now - TRY_AGAIN_AFTER)
            .select_for_update(skip_locked=True)
            .order_by("tries", "pk")
            .first()
        )
        if digest is not None:
            digest.tries += 1
            digest.tried_at = now
            digest.save(update_fields=["tries", "tried_at"])
    return digest


def _send(digest: Digest, now: dt.datetime) -> str:
    officer = Officer.objects.select_related("user", "agency").get(pk=digest.officer_id)
    digest.counts = counts_for(officer, now)
    digest.fault = ""
    if not any(digest.counts.values()):
        digest.outcome = Digest.Outcome.EMPTY
    else:
        try:
            _mail(officer, digest).send()
        except Exception as error:  # noqa: BLE001 - whatever the mail server says is kept and told
            digest.fault = type(error).__name__
            if digest.tries >= MOST_TRIES:
                digest.outcome = Digest.Outcome.FAILED
            logger.warning("digest not sent", officer=officer.pk, error=type(error).__name__)
        else:
            digest.outcome = Digest.Outcome.SENT
    digest.save(update_fields=["counts", "outcome", "fault"])
    return digest.outcome if not digest.fault else "retry"


def counts_for(officer: Officer, now: dt.datetime) -> dict[str, int]:
    """Return what waits for an officer: overdue, today, soon of their own, of their unit, unread.

    Runs four queries at most.
    """
    today = local_day(now)
    scope = scope_of(officer, today)
    bounds = boards.Bounds.at(now, calendar_of(officer.agency))
    own = Dossier.objects.visible_to(scope).open().filter(next_acts.waiting_for(officer, today))
    groups = boards.counts(own, bounds).groups
    found = {
        "overdue": groups["qua-han"],
        "today": groups["hom-nay"],
        "soon": groups["sap-den-han"],
        "unread": notices.unread_of(officer),
    }
    if scope.roles & _SUPERVISES:
        unit = boards.counts(_unit(scope), bounds)
        found |= {"unit_overdue": unit.groups["qua-han"], "unit_apologies": unit.need_apology}
    return found


def _unit(scope: Scope) -> DossierQuerySet:
    dossiers = Dossier.objects.visible_to(scope).open().filter(is_chain=False)
    if not scope.sees_everything:
        dossiers = dossiers.filter(competent_agency__in=scope.agencies())
    return dossiers


def _mail(officer: Officer, digest: Digest) -> EmailMessage:
    host = settings.PUBLIC_URL.partition("://")[2].partition("/")[0].partition(":")[0]
    with translation.override("vi"):
        words = {
            "name": officer.full_name,
            "on": digest.on,
            "counts": digest.counts,
            "inbox_url": f"{settings.PUBLIC_URL}{reverse('inbox')}",
            "board_url": f"{settings.PUBLIC_URL}{reverse('board')}",
            "notices_url": f"{settings.PUBLIC_URL}{reverse('notice-list')}",
        }
        return EmailMessage(
            subject=_("Việc hôm nay, %(day)s") % {"day": f"{digest.on:%d/%m/%Y}"},
            body=render_to_string("dossiers/notices/digest.txt", words),
            to=[officer.user.email],
            headers={
                "Message-ID": f"<digest-{digest.pk}@{host}>",
                "Auto-Submitted": "auto-generated",
            },
        )
