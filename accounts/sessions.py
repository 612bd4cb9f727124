"""Sessions that their owner can see and end: Django's own, with columns that say whose and whence.

The engine of settings.SESSION_ENGINE, after "Extending database-backed session engines" in
Django's manual.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone
from knox.models import AuthToken

from accounts import events
from accounts.models import OfficeSession
from accounts.personal_data import keyed_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from accounts.models import User

# How old "last seen" may grow before a request writes it anew: not every page is worth a write.
SEEN_EVERY = dt.timedelta(minutes=10)


class SessionStore(DatabaseStore):
    """The database's sessions, each row told whose it is."""

    row: OfficeSession | None = None

    @classmethod
    def get_model_class(cls) -> type[OfficeSession]:
        return OfficeSession

    def _get_session_from_db(self) -> OfficeSession | None:
        self.row = super()._get_session_from_db()  # type: ignore[misc] # not in the stubs
        return self.row

    def create_model_instance(self, data: dict[str, Any]) -> OfficeSession:
        """Return the row to be saved, with the columns that its owner's list is made of."""
        row: OfficeSession = super().create_model_instance(data)  # type: ignore[assignment]
        user_id = data.get("_auth_user_id")
        row.user_id = int(user_id) if user_id else None
        row.network, row.browser, started = data.get("whence", ("", "", None))
        row.started_at = dt.datetime.fromisoformat(started) if started else timezone.now()
        row.seen_at = timezone.now()
        return row


def note_start(request: HttpRequest) -> None:
    """Keep in the session where it was begun; for who has just signed in."""
    request.session["whence"] = [*events.whence(request), timezone.now().isoformat()]


def note_seen(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Write when a session was last used, at most every ten minutes and never for a citizen."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        session: Any = request.session
        row = session.row if session.accessed else None
        # A session that is saved anyway writes it too.
        if row is not None and row.user_id and not session.modified:
            now = timezone.now()
            if row.seen_at is None or now - row.seen_at >= SEEN_EVERY:
                OfficeSession.objects.filter(pk=row.pk).update(seen_at=now)
        return response

    return middleware


def public_id(row: OfficeSession) -> str:
    """Return what names a session on a page; from it nobody learns the key that opens it."""
    return keyed_digest("session", row.session_key).hex()


def live(user: User) -> QuerySet[OfficeSession]:
    """Return the sessions of an account that have not run out, the last used first."""
    return OfficeSession.objects.filter(user=user, expire_date__gt=timezone.now()).order_by(
        "-seen_at", "session_key"
    )


def end(
    user: User,
    *,
    request: HttpRequest | None = None,
    by: User | None = None,
    named: str | None = None,
    keep: str | None = None,
) -> int:
    """End sessions of an account and write it down; return how many there were.

    `named` is the public id of one; without it all are ended but the one with the key `keep`.
    """
    keys = [
        row.session_key
        for row in live(user)
        if row.session_key != keep and named in {None, public_id(row)}
    ]
    count, _rows = OfficeSession.objects.filter(pk__in=keys).delete()
    if count:
        events.record(events.Kind.SESSION_ENDED, user, request=request, by=by, count=count)
    return count


def forget_expired(now: dt.datetime) -> int:
    """Delete the sessions and tokens that have run out: whence they came is nobody's business now."""
    count: int = OfficeSession.objects.filter(expire_date__lt=now).delete()[0]
    return count + int(AuthToken.objects.filter(expiry__lt=now).delete()[0])


def end_tokens(
    user: User,
    *,
    request: HttpRequest | None = None,
    by: User | None = None,
    key: str | None = None,
) -> int:
    """Revoke the API tokens of an account, or the one with this visible beginning."""
    tokens = AuthToken.objects.filter(user=user)
    if key is not None:
        tokens = tokens.filter(token_key=key)
    count: int = tokens.delete()[0]
    if count:
        events.record(events.Kind.TOKEN_ENDED, user, request=request, by=by, count=count)
    return count
