"""Tests: made-up keys, tasks inline, the database of DATABASE_URL (`make test` starts one)."""

import tempfile
from pathlib import Path

from motcua.environment import Environment, broker, database
from motcua.settings.base import *  # noqa: F403
from motcua.settings.base import INSTALLED_APPS

env = Environment()

SECRET_KEY = "made-up-for-tests-" + "x" * 40
DATA_KEYS = {"t2": b"2" * 32, "t1": b"1" * 32}
CHAIN_KEY = b"c" * 32
LOOKUP_KEY = b"l" * 32

ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
# tests/conftest.py stops the run with a clear word when DATABASE_URL is missing.
DATABASES = {
    "default": database(env.get("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/missing"))
}
REDIS_URL = env.get("REDIS_URL", "redis://127.0.0.1:1/0")
CELERY_BROKER_URL = broker(REDIS_URL)
# Each test has its own (tests/conftest.py).
MEDIA_ROOT = Path(tempfile.gettempdir(), "motcua-test-files")
ROOTS_FILE = MEDIA_ROOT / "day-roots.txt"

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # no collectstatic before a test run

INSTALLED_APPS = [*INSTALLED_APPS, "django_linear_migrations", "django_migration_linter"]
# Our own migrations are judged; those of the libraries are theirs.
MIGRATION_LINTER_OPTIONS = {
    "include_apps": ["accounts", "agencies", "procedures", "dossiers", "reports"],
    "no_cache": True,
    # A looser uniqueness in place of a stricter one, on a dozen rows: it can neither fail nor wait.
    "ignore_name_contains": "working_windows_with_dates",
}
