"""The demo: what the environment does not say is read from var/demo.env (`make demo`)."""

from importlib.util import find_spec
from pathlib import Path

from motcua.environment import Environment, broker, database, read_demo_file
from motcua.settings.base import *  # noqa: F403
from motcua.settings.base import (
    INSTALLED_APPS,
    MEDIA_ROOT,
    PUBLIC_URL,
    ROOTS_FILE,
    STORAGES,
    VAR_DIR,
)

env = Environment(
    fallback=read_demo_file(VAR_DIR / "demo.env"),
    hint="Run `make demo` first: it writes var/demo.env.",
)

DEBUG = env.get("DEBUG") == "1"
SECRET_KEY = env.require("SECRET_KEY")
DATA_KEYS = env.keys("MOTCUA_DATA_KEYS")
CHAIN_KEY = env.key("MOTCUA_CHAIN_KEY")
LOOKUP_KEY = env.key("MOTCUA_LOOKUP_KEY")

ALLOWED_HOSTS = ["*"]  # the demo is reached by whatever name the machine has
PUBLIC_URL = env.get("MOTCUA_PUBLIC_URL", PUBLIC_URL)
HOTLINE = "0296 3000 000"  # invented
TRUSTED_PROXIES = env.listing("MOTCUA_TRUSTED_PROXIES")
SECOND_FACTOR_ROLES = env.listing("MOTCUA_SECOND_FACTOR_ROLES")

_owner = env.get("MOTCUA_ROLE") == "owner"
_url = env.get("MOTCUA_OWNER_URL") if _owner else ""
DATABASES = {
    "default": database(
        _url or env.require("DATABASE_URL"),
        pool=env.integer("MOTCUA_DB_POOL", 0),
        options="-c statement_timeout=30s -c lock_timeout=10s" if env.get("MOTCUA_DB_POOL") else "",
    )
}
REDIS_URL = env.require("REDIS_URL")
CELERY_BROKER_URL = broker(REDIS_URL)
MEDIA_ROOT = Path(env.get("MOTCUA_FILES", str(MEDIA_ROOT)))
PAPER_SIGNING_FILE = env.get("MOTCUA_SIGNING_FILE")
PAPER_SIGNING_PASSPHRASE = env.get("MOTCUA_SIGNING_PASSPHRASE")
PAPER_TRUST_FILE = env.get("MOTCUA_TRUST_FILE")
ROOTS_FILE = Path(env.get("MOTCUA_ROOTS_FILE", str(ROOTS_FILE)))

# The demo sends no mail: each is a file to look at.
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"

# Hashed names as in production, without minutes of compressing.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "motcua.stylesheets.OneSheetStorage"},
}

# The developer's tools are there after `make test`, not after `make demo` alone.
_tools = ("django_linear_migrations", "django_migration_linter")
INSTALLED_APPS = [*INSTALLED_APPS, *(tool for tool in _tools if find_spec(tool))]
