"""Work that follows an act. A task is a knock on the door: the durable job is the row itself."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from dossiers import paper_files, registers
from dossiers.models import PaperSlip, Register

logger = structlog.get_logger(__name__)

ensure_rendered = paper_files.ensure_rendered  # for the download view, when the queue is away
SWEEP_BATCH = 500
# A register of 6,000 rows takes minutes; under the broker's visibility_timeout of an hour.
REGISTER_SOFT_LIMIT = 25 * 60  # seconds
REGISTER_LIMIT = 30 * 60
PDF_QUEUE = "pdf"  # its workers may grow large and are replaced often (measurements.md B)


@shared_task(name="dossiers.tasks.render_paper")
def render_paper(slip_id: int) -> None:
    """Render the PDF of a slip; a second time it changes nothing."""
    ensure_rendered(PaperSlip.objects.get(pk=slip_id))


@shared_task(
    name="dossiers.tasks.render_register",
    soft_time_limit=REGISTER_SOFT_LIMIT,
    time_limit=REGISTER_LIMIT,
)
def render_register(register_id: int) -> None:
    """Make the files of a register; a second time it changes nothing."""
    registers.ensure_made(register_id)


def knock(slip_id: int) -> bool:
    """Ask the queue to render a slip; False when the broker is away, which breaks no act.

    The act is committed already: the sweeper finds the row, and the download view renders at once.
    """
    return _send(render_paper, slip_id)


def knock_register(register_id: int) -> bool:
    """Ask the queue to make a register; False when the broker is away: the sweeper asks again."""
    return _send(render_register, register_id)


def _send(task: Any, pk: int) -> bool:
    try:
        # No retry: an officer must not wait for a broker. Its connection times out in seconds.
        task.apply_async((pk,), queue=PDF_QUEUE, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning(
            "queue is away, paper waits", task=task.name, row=pk, error=type(error).__name__
        )
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


def sweep_registers() -> int:
    """Knock again for registers that nobody has made; return how many. Runs one query.

    One that is being made is locked, and a doubled knock finds it so.
    """
    waiting = Register.objects.filter(
        rendered_at__isnull=True, tries__lt=registers.MOST_TRIES
    ).order_by("pk")
    knocked = 0
    for register_id in waiting.values_list("pk", flat=True)[:SWEEP_BATCH]:
        if not knock_register(register_id):
            break
        knocked += 1
    return knocked
