"""Everything true everywhere; nothing here reads the environment."""

import datetime as dt
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from motcua import logs

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = BASE_DIR / "var"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "django_htmx",
    "template_partials",
    "csp",
    "pgtrigger",
    "accounts",
    "agencies",
    "procedures",
    "dossiers",
    "reports",
    "motcua",  # for its commands: backup, restore
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "motcua.requests.log_request",
    "motcua.requests.refuse_unreadable_address",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.sessions.note_seen",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "agencies.enrolment.RequireSecondFactor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "motcua.requests.ContentSecurityPolicy",
]
ROOT_URLCONF = "motcua.urls"
WSGI_APPLICATION = "motcua.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "motcua.requests.province",
                "agencies.context.officer",
                "motcua.guide.help_link",
            ],
        },
    },
]

# The province
PROVINCE_CODE = "H01"
PROVINCE_NAME = "An Giang"
SITE_NAME = "Một Cửa An Giang"
HOTLINE = ""  # shown to citizens where there is one
# Between these local hours officers get their morning's e-mail; quiet for the rest of the day.
CLAMAV_ADDRESS = ""  # host:port of a clamd; empty: files are kept as "unchecked"
SENDS_MAIL = True
DIGEST_HOURS = (dt.time(6), dt.time(10))
PUBLIC_URL = "http://127.0.0.1:8000"  # where citizens find the portal: in the QR of every paper

# Who signs in
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "start"  # dossiers.views.processing: each officer's own first place
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60  # seconds a link for setting a password lives
# Who holds one of these roles works only with a second factor: values of accounts.roles.Role.
SECOND_FACTOR_ROLES: list[str] = []
SESSION_ENGINE = "accounts.sessions"  # the database's, and its owner sees and ends them
SESSION_COOKIE_AGE = 10 * 60 * 60  # one working day at the counter, in seconds
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# Language, dates
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Tiếng Việt")), ("en", _("Tiếng Anh"))]
LOCALE_PATHS = [BASE_DIR / "motcua" / "locale"]
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True
# What a person types and what the API sends; never 11/22.
DATE_INPUT_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]

# The clock (domain.md 3). What the law leaves to the province; printed in docs/operating.md.
MOTCUA_DUE_TIME = "end_of_day"  # of the due day; or "same_clock_time": one for all dossiers
MOTCUA_TRANSFER_CUTOFF = "15:00"  # accepted later: handed over the next working morning (T11)
MOTCUA_TRANSFER_MORNING = 60  # working minutes: how long that morning lasts
# Whether an apology moves the appointment the figures judge by (NgayHenTra), not only the promise.
MOTCUA_APOLOGY_MOVES_DUE = False

# Files
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "files"  # never served by address: a view asks who may see the dossier
# One line a day that proves the day's history; in production on another machine (docs/operating.md)
ROOTS_FILE = VAR_DIR / "day-roots.txt"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "motcua.stylesheets.CompressedOneSheetStorage"},
}
# The portal's seal on papers (dossiers.paperwork.signing): a PKCS#12 file; "" signs nothing
PAPER_SIGNING_FILE = ""
PAPER_SIGNING_PASSPHRASE = ""
PAPER_TRUST_FILE = ""  # PEM: roots of older seals, whose papers are still read back

# What a browser may do with our pages
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
        "object-src": [NONE],
    }
}
TRUSTED_PROXIES: list[str] = []  # networks whose X-Forwarded-For counts (accounts.client_address)

# A citizen's look-up by code and second fact; the limits of issue "tracking"
TRACKING_TRIES_PER_CODE = 5
TRACKING_TRIES_PER_NETWORK = 30
TRACKING_WINDOW = 15 * 60  # seconds
# Wrong passwords, on the page and at the API's token
SIGN_IN_TRIES_PER_ACCOUNT = 5
SIGN_IN_TRIES_PER_NETWORK = 50  # an office behind one address
SIGN_IN_WINDOW = 15 * 60  # seconds

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["accounts.api_input.CarefulJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "motcua.api_errors.handle",
    "STRICT_JSON": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "MIN_REFRESH_INTERVAL": 60}
SPECTACULAR_SETTINGS = {
    "TITLE": "Một Cửa An Giang",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# The queue. A task is a knock on the door: the durable job is a row, so losing one loses nothing.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240  # seconds
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200  # WeasyPrint's memory goes back to the system
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 3,
    # kombu waits 2 + 4 seconds by itself before it believes a refusal: an officer's act would too.
    "max_retries": 0,
    "interval_start": 0,
}
CELERY_TIMEZONE = TIME_ZONE

LOGGING_CONFIG = None  # motcua.logs sets it up: one line an act or a request, never personal data
logs.configure()
