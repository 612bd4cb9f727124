"""Work that follows an act. A task is a knock on the door: the durable job is the row itself."""

from __future__ import annotations

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from dossiers import paper_files
from dossiers.models import PaperSlip

logger = structlog.get_logger(__name__)

ensure_rendered = paper_files.ensure_rendered  # for the download view, when the queue is away
SWEEP_BATCH = 500
PDF_QUEUE = "pdf"  # its workers may grow large and are replaced often (measurements.md B)


@shared_task(name="dossiers.tasks.render_paper")
def render_paper(slip_id: int) -> None:
    """Render the PDF of a slip; a second time it changes nothing."""
    ensure_rendered(PaperSlip.objects.get(pk=slip_id))


def knock(slip_id: int) -> bool:
    """Ask the queue to render a slip; False when the broker is away, which breaks no act.

    The act is committed already: the sweeper finds the row, and the download view renders at once.
    """
    try:
        # No retry: an officer must not wait for a broker. Its connection times out in seconds.
        render_paper.apply_async((slip_id,), queue=PDF_QUEUE, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("queue is away, paper waits", slip=slip_id, error=type(error).__name__)
        return False
    return True


def sweep_unrendered(limit: int = SWEEP_BATCH) -> int:
    """Knock again for papers that no task has rendered; return how many. Runs one query.

    A knock that is still under way is harmless to repeat. Stops at the first that the broker
    refuses: the next sweep starts there.
    """
    waiting = PaperSlip.objects.filter(rendered_at__isnull=True).order_by("pk")
    knocked = 0
    for slip_id in waiting.values_list("pk", flat=True)[:limit]:
        if not knock(slip_id):
            break
        knocked += 1
    if knocked:
        logger.info("papers swept", count=knocked)
    return knocked
