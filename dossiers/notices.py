"""Thông báo: notes between officers, reminders and mentions, each once, read by whom it is for.

Nothing here touches a dossier's record, its clock or its owner. Moments are the database's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.models import Officer
from agencies.scope import scope_of
from dossiers.models import Dossier, Note, Notice
from dossiers.recording import ActDataError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from dossiers.models import DossierQuerySet

LONGEST_NOTE = 2000
LONGEST_REMINDER = 500
_MENTION = re.compile(r"(?<![\w@.])@([\w.+-]{2,150})")


@dataclass(frozen=True, slots=True)
class Written:
    """A note, whom it reached, and the names in it that reach nobody."""

    note: Note
    reached: list[str]
    unknown: list[str]


def write_note(dossier: Dossier, *, by: Officer, text: str, token: str) -> Written:
    """Keep a note on a dossier and tell those whom it names by `@username`.

    Who may not see the dossier is not told of it: their name comes back among the unknown. The
    same token again finds the note there. Raises ActDataError naming `text` when it is empty or
    too long.
    """
    words = text.replace("\x00", "").strip()
    if not words:
        raise ActDataError({"text": _("Hãy ghi nội dung.")})
    if len(words) > LONGEST_NOTE:
        raise ActDataError({"text": _("Nhiều nhất %(length)s ký tự.") % {"length": LONGEST_NOTE}})
    with transaction.atomic():
        note, is_new = Note.objects.get_or_create(
            author=by, token=token[:36], defaults={"dossier": dossier, "text": words}
        )
        names = list(dict.fromkeys(name.rstrip(".").casefold() for name in _MENTION.findall(words)))
        found = _who_may_see(dossier, names)
        if is_new:
            Notice.objects.bulk_create(
                [
                    Notice(
                        officer=officer,
                        dossier=dossier,
                        kind=Notice.Kind.MENTION,
                        sender=by,
                        text=words[:LONGEST_REMINDER],
                        on=timezone.localdate(),
                        note=note,
                    )
                    for officer in found.values()
                    if officer.pk != by.pk
                ],
                ignore_conflicts=True,
            )
    return Written(
        note,
        [officer.full_name for officer in found.values()],
        [name for name in names if name not in found],
    )


def _who_may_see(dossier: Dossier, names: list[str]) -> dict[str, Officer]:
    """Return the named officers in whose sight the dossier is, by name. Two queries for each."""
    if not names:
        return {}
    wanted = Q()
    for name in names[:20]:
        wanted |= Q(user__username__iexact=name)
    found = {}
    today = timezone.localdate()
    for officer in Officer.objects.filter(wanted, user__is_active=True).select_related("user"):
        scope = scope_of(officer, today)
        if Dossier.objects.visible_to(scope).filter(pk=dossier.pk).exists():
            found[officer.user.username.casefold()] = officer
    return found


def remind(
    dossiers: Iterable[Dossier], *, by: Officer, text: str = ""
) -> tuple[list[Dossier], list[Dossier]]:
    """Nhắc xử lý: tell who holds each dossier that it waits for them; return (told, nobody there).

    A dossier no person holds goes to the heads of the agency that has it. Once a day from the same
    colleague: a second click tells nobody twice. Raises ActDataError naming `text`.
    """
    words = text.replace("\x00", "").strip()
    if len(words) > LONGEST_REMINDER:
        raise ActDataError(
            {"text": _("Nhiều nhất %(length)s ký tự.") % {"length": LONGEST_REMINDER}}
        )
    today = timezone.localdate()
    told: list[Dossier] = []
    nobody: list[Dossier] = []
    notices: list[Notice] = []
    heads: dict[int, list[Officer]] = {}
    for dossier in dossiers:
        to = _holders(dossier, today, heads)
        (told if to else nobody).append(dossier)
        notices += [
            Notice(
                officer=officer,
                dossier=dossier,
                kind=Notice.Kind.REMINDER,
                sender=by,
                text=words,
                on=today,
            )
            for officer in to
        ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    return told, nobody


def _holders(dossier: Dossier, today: dt.date, heads: dict[int, list[Officer]]) -> list[Officer]:
    if dossier.holder_officer is not None:
        return [dossier.holder_officer]
    agency = dossier.holder_agency
    if agency.pk not in heads:
        heads[agency.pk] = list(Officer.objects.working_in(agency, today, Role.HEAD))
    return heads[agency.pk]


def unread_of(officer: Officer) -> int:
    """Return how many notices the officer has not read. Runs one query."""
    return Notice.objects.filter(officer=officer, read_at__isnull=True).count()


def newest_for(officer: Officer, seen: DossierQuerySet, limit: int) -> list[tuple[Notice, bool]]:
    """Return the officer's notices, newest first, and whether the dossier is in sight still.

    Runs two queries.
    """
    found = list(
        Notice.objects.filter(officer=officer).select_related("dossier__procedure", "sender")[
            :limit
        ]
    )
    in_sight = set(
        seen.filter(pk__in=[notice.dossier_id for notice in found]).values_list("pk", flat=True)
    )
    return [(notice, notice.dossier_id in in_sight) for notice in found]


def mark_read(officer: Officer, *, until: int) -> int:
    """Mark the officer's notices up to an id as read; return how many were not. Runs one query.

    Up to what they had before their eyes: what came since stays unread.
    """
    return Notice.objects.filter(officer=officer, pk__lte=until, read_at__isnull=True).update(
        read_at=timezone.now()
    )
