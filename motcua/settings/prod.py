"""A province's own server: every secret comes from the environment or from files it names."""

from pathlib import Path

from motcua.environment import Environment, broker, database
from motcua.settings.base import *  # noqa: F403
from motcua.settings.base import (
    MEDIA_ROOT,
    MOTCUA_DUE_TIME,
    MOTCUA_TRANSFER_CUTOFF,
    MOTCUA_TRANSFER_MORNING,
    PROVINCE_CODE,
    PROVINCE_NAME,
    ROOTS_FILE,
    STATIC_ROOT,
)

env = Environment(hint="docs/operating.md lists the variables.")

DEBUG = False
SECRET_KEY = env.require("SECRET_KEY")
DATA_KEYS = env.keys("MOTCUA_DATA_KEYS")
CHAIN_KEY = env.key("MOTCUA_CHAIN_KEY")
LOOKUP_KEY = env.key("MOTCUA_LOOKUP_KEY")

PROVINCE_CODE = env.get("MOTCUA_PROVINCE_CODE", PROVINCE_CODE)
PROVINCE_NAME = env.get("MOTCUA_PROVINCE_NAME", PROVINCE_NAME)
SITE_NAME = f"Một Cửa {PROVINCE_NAME}"

PUBLIC_URL = env.require("MOTCUA_PUBLIC_URL")
HOTLINE = env.get("MOTCUA_HOTLINE")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS") or [env.require("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = env.listing("MOTCUA_TRUSTED_PROXIES")
SECOND_FACTOR_ROLES = env.listing("MOTCUA_SECOND_FACTOR_ROLES")

CLAMAV_ADDRESS = env.get("MOTCUA_CLAMAV")
# Without a mail server nobody is sent anything: mails wait until one is named.
EMAIL_HOST = env.get("MOTCUA_EMAIL_HOST")
EMAIL_PORT = env.integer("MOTCUA_EMAIL_PORT", 587)
EMAIL_HOST_USER = env.get("MOTCUA_EMAIL_USER")
EMAIL_HOST_PASSWORD = env.get("MOTCUA_EMAIL_PASSWORD")
EMAIL_USE_TLS = env.get("MOTCUA_EMAIL_TLS", "yes") == "yes"
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.get("MOTCUA_EMAIL_FROM", "motcua@localhost")
SENDS_MAIL = bool(EMAIL_HOST)

MOTCUA_DUE_TIME = env.get("MOTCUA_DUE_TIME", MOTCUA_DUE_TIME)
MOTCUA_TRANSFER_CUTOFF = env.get("MOTCUA_TRANSFER_CUTOFF", MOTCUA_TRANSFER_CUTOFF)
MOTCUA_TRANSFER_MORNING = env.integer("MOTCUA_TRANSFER_MORNING", MOTCUA_TRANSFER_MORNING)
MOTCUA_APOLOGY_MOVES_DUE = env.get("MOTCUA_APOLOGY_MOVES_DUE") == "yes"

_owner = env.get("MOTCUA_ROLE") == "owner"
_url = env.get("MOTCUA_OWNER_URL") if _owner else ""
DATABASES = {
    "default": database(
        _url or env.require("DATABASE_URL"),
        pool=env.integer("MOTCUA_DB_POOL", 0),
        # A page this late has failed its reader; imports and migrations may take their time.
        options="-c statement_timeout=30s -c lock_timeout=10s" if env.get("MOTCUA_DB_POOL") else "",
    )
}
REDIS_URL = env.require("REDIS_URL")
CELERY_BROKER_URL = broker(REDIS_URL)
MEDIA_ROOT = Path(env.get("MOTCUA_FILES", str(MEDIA_ROOT)))
ROOTS_FILE = Path(env.get("MOTCUA_ROOTS_FILE", str(ROOTS_FILE)))
STATIC_ROOT = Path(env.get("MOTCUA_STATIC", str(STATIC_ROOT)))
PAPER_SIGNING_FILE = env.get("MOTCUA_SIGNING_FILE")
PAPER_SIGNING_PASSPHRASE = env.get("MOTCUA_SIGNING_PASSPHRASE")
PAPER_TRUST_FILE = env.get("MOTCUA_TRUST_FILE")

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # the health check of the container speaks plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
