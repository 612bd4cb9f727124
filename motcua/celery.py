"""The queue: the app, where its tasks are found, what the beat starts and on which queue."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "motcua.settings.prod")

QUEUES = ("default", "pdf")

app = Celery("motcua")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="clock")
app.autodiscover_tasks(related_name="nightly")
app.autodiscover_tasks(["motcua"], related_name="health", force=True)

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "heartbeat": {"task": "motcua.health.beat_tick", "schedule": crontab()},
    "sweep": {"task": "dossiers.clock.sweep", "schedule": crontab(minute="*/5")},
    # Before the offices open: what only time does to waiting dossiers.
    "pass time": {
        "task": "dossiers.nightly.pass_time",
        "schedule": crontab(hour="5", minute="20"),
    },
    # An hour after midnight and again, for a day may wait for a transaction that is still writing.
    "day roots": {
        "task": "dossiers.clock.close_days",
        "schedule": crontab(hour="1-6", minute="10"),
    },
    "history": {
        "task": "dossiers.clock.verify_history",
        "schedule": crontab(day_of_week="sunday", hour="3", minute="40"),
    },
    # The first run sends, the later ones try again what the mail server refused.
    "digests": {
        "task": "dossiers.clock.send_digests",
        "schedule": crontab(hour="6-9", minute="*/20"),
    },
    "on-time rates": {
        "task": "reports.clock.compute_on_time_rates",
        "schedule": crontab(hour="1", minute="30"),
    },
}
app.conf.beat_schedule = BEAT_SCHEDULE


@beat_init.connect  # Celery's own signal, the only way in
def tick_at_once(**_: object) -> None:
    """Let /healthz hear a new beat now and not at the next full minute."""
    app.send_task("motcua.health.beat_tick")
