"""Tạm dừng: stretches in which the clock stands, merged and cut to what counts.

Source: domain.md 3.5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext

from agencies.working_time import CalendarError, to_local
from dossiers.deadlines.limit import LimitError

LAST_RECEIPT_YEAR = 2199  # leaves the calendar three centuries of room for limits and pauses
DAY_US = 86_400_000_000
MINUTE_US = 60_000_000


class SupplementPolicy(StrEnum):
    """What an accepted supplement does to the clock, set on the procedure version (3.5)."""

    RESUME = "resume"
    RESTART = "restart"


class PauseKind(StrEnum):
    """What the clock waits for: states 5 and 6 and `suspended` (domain.md 3.5)."""

    SUPPLEMENT = "supplement"
    PAYMENT = "payment"
    SUSPENSION = "suspension"


@dataclass(frozen=True, slots=True)
class Pause:
    """Tạm dừng: the clock stands still from `started_at` to `ended_at`, None while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None
    kind: PauseKind = PauseKind.SUPPLEMENT
    # Whether its end restarts the limit, as its event said; None leaves it to the policy.
    restarts: bool | None = None

    def restarts_under(self, policy: SupplementPolicy) -> bool:
        """Whether its end gives the full limit again; payments and suspensions always resume."""
        if self.kind is not PauseKind.SUPPLEMENT:
            return False
        if self.restarts is None:
            return policy is SupplementPolicy.RESTART
        return self.restarts


Spans = list[tuple[int, int]]


def counted_pauses(pauses: Iterable[Pause], now: datetime | None) -> list[Pause]:
    """Return the pauses that count, with local moments; raises LimitError naming `pauses`."""
    ended: list[Pause] = []
    for pause in pauses:
        end = pause.ended_at
        if end is None:
            if now is None or now <= pause.started_at:
                continue
            end = now
        try:
            start, end = to_local(pause.started_at), to_local(end)
        except CalendarError:
            raise LimitError("pauses", gettext("Thời điểm tạm dừng không hợp lệ.")) from None
        if end < start or end.year > LAST_RECEIPT_YEAR:
            raise LimitError("pauses", gettext("Thời điểm kết thúc tạm dừng không hợp lệ."))
        ended.append(Pause(start, end, pause.kind, pause.restarts))
    return ended


def last_restart(
    ended: Sequence[Pause], local: datetime, policy: SupplementPolicy
) -> datetime | None:
    """Return when the limit last started again after the receipt, None when it never did."""
    ends = [
        pause.ended_at
        for pause in ended
        if pause.restarts_under(policy) and pause.ended_at and pause.ended_at > local
    ]
    return max(ends, default=None)


def paused_spans(ended: Iterable[Pause], origin: datetime) -> Spans:
    """Return the pauses as disjoint spans in microseconds, cut off before the clock started."""
    merged: Spans = []
    first = to_us(origin)
    for pause in sorted(ended, key=lambda each: each.started_at):
        if pause.ended_at is None:  # pragma: no cover
            continue
        start, end = max(to_us(pause.started_at), first), to_us(pause.ended_at)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


def to_us(local: datetime) -> int:
    """Return a local moment as microseconds since the ordinal 0; its days are ordinals."""
    return (
        local.toordinal() * DAY_US
        + (local.hour * 60 + local.minute) * MINUTE_US
        + local.second * 1_000_000
        + local.microsecond
    )
