"""Work the beat starts: the nightly count of on-time rates."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from reports import periods, timeliness

logger = structlog.get_logger(__name__)


@shared_task(name="reports.clock.compute_on_time_rates")
def compute_on_time_rates(day: str = "") -> int:
    """Count the month up to a local day (YYYY-MM-DD, left out: yesterday); may run twice.

    Returns the number of rows. Raises PeriodError for a day that is none.
    """
    counted_to = periods.parse_day(day) if day else timezone.localdate() - timedelta(days=1)
    rows = timeliness.compute(counted_to, now=timezone.now())
    logger.info("on_time_rates", day=counted_to.isoformat(), rows=rows)
    return rows
