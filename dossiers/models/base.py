from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import Func
from django.utils import timezone

if TYPE_CHECKING:
    import datetime as dt


class DatabaseClock(Func):
    """The database's clock: one clock for every web and worker node."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """Return the triggers by which the database itself refuses to change history (design.md 2)."""
    return [
        pgtrigger.Protect(name=f"{name}_no_update", operation=pgtrigger.Update),
        pgtrigger.Protect(name=f"{name}_no_delete", operation=pgtrigger.Delete),
        # `Protect` knows no TRUNCATE, by which a whole history would go in one statement.
        pgtrigger.Trigger(
            name=f"{name}_no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func=f"RAISE EXCEPTION 'pgtrigger: {name} is append-only, TRUNCATE refused';",
        ),
    ]


def local_day(instant: dt.datetime) -> dt.date:
    """Return the legal day of an instant, in Asia/Ho_Chi_Minh."""
    return timezone.localdate(instant)
