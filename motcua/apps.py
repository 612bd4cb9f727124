from importlib import import_module

from django.apps import AppConfig


class MotcuaConfig(AppConfig):
    """The wiring itself: its commands, and the queue every process puts its knocks on."""

    name = "motcua"

    def ready(self) -> None:
        """Load the Celery app, else `shared_task` would knock on Celery's own default broker.

        Not in motcua/__init__.py: the launcher imports the package without Django, and must hand no
        settings of its own down to what it runs.
        """
        import_module("motcua.celery")
