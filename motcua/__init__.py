"""The project: wiring above the apps."""

from motcua.celery import app as celery_app

__all__ = ["celery_app"]
