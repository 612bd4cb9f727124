from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Func
from django.utils import timezone

from accounts.append_only import append_only

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["DatabaseClock", "append_only", "local_day"]


class DatabaseClock(Func):
    """The database's clock: one clock for every web and worker node."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


def local_day(instant: dt.datetime) -> dt.date:
    """Return the legal day of an instant, in Asia/Ho_Chi_Minh."""
    return timezone.localdate(instant)
