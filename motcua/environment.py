"""The one place that reads the environment: variables, secrets in files, the demo's own file."""

import base64
import binascii
import os
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

KEY_BYTES = 32


def read_env_file(path: Path) -> dict[str, str]:
    """Return the NAME=value lines of a file; a missing file is empty."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def read_demo_file(path: Path) -> dict[str, str]:
    """Return what `make demo` wrote; a DATABASE_URL set by hand is that database for every role."""
    values = read_env_file(path)
    if os.environ.get("DATABASE_URL"):
        values.pop("MOTCUA_OWNER_URL", None)
    return values


class Environment:
    """Variables by name; NAME_FILE names a file that holds the value (a mounted secret)."""

    def __init__(self, fallback: dict[str, str] | None = None, hint: str = "") -> None:
        """Take values of last resort, and what to tell the person when one is missing."""
        self.fallback = fallback or {}
        self.hint = hint

    def get(self, name: str, default: str = "") -> str:
        """Return the variable, else the content of the file NAME_FILE names, else the fallback."""
        if value := os.environ.get(name):
            return value
        if file_name := os.environ.get(f"{name}_FILE"):
            try:
                return Path(file_name).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ImproperlyConfigured(
                    f"{name}_FILE names {file_name}: {error.strerror}"
                ) from error
        return self.fallback.get(name) or default

    def require(self, name: str) -> str:
        """Return the variable; raise ImproperlyConfigured naming it when it is missing."""
        if value := self.get(name):
            return value
        raise ImproperlyConfigured(f"{name} (or {name}_FILE) is not set. {self.hint}".strip())

    def integer(self, name: str, default: int) -> int:
        """Return the variable as a whole number."""
        text = self.get(name, str(default))
        try:
            return int(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from error

    def listing(self, name: str, default: str = "") -> list[str]:
        """Return the variable's parts between commas."""
        return [part.strip() for part in self.get(name, default).split(",") if part.strip()]

    def key(self, name: str) -> bytes:
        """Return 32 bytes written in base64."""
        return _decoded_key(name, self.require(name))

    def keys(self, name: str) -> dict[str, bytes]:
        """Return keys by id from `id:base64,id:base64`; the first is the one that seals."""
        keys: dict[str, bytes] = {}
        for part in self.require(name).split(","):
            key_id, colon, text = part.strip().partition(":")
            if not colon or not key_id or key_id in keys:
                raise ImproperlyConfigured(f"{name} must read id:base64,id:base64 with unlike ids.")
            keys[key_id] = _decoded_key(name, text)
        return keys


def _decoded_key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured(f"{name} is not base64.") from error
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name} must be {KEY_BYTES} bytes long, not {len(key)}.")
    return key


def database(url: str, *, pool: int = 0, options: str = "") -> dict[str, Any]:
    """Return Django's form of a libpq URL; `pool` is the largest number of connections."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value}
    except psycopg.ProgrammingError as error:
        # libpq's message may repeat the URL with its password
        raise ImproperlyConfigured("DATABASE_URL is not a URL libpq can read.") from error
    config: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 0,
    }
    extra: dict[str, Any] = {"connect_timeout": "5", "application_name": "motcua", **parts}
    if options:
        extra["options"] = f"{parts.get('options', '')} {options}".strip()
    if pool:
        extra["pool"] = {"min_size": 1, "max_size": pool, "timeout": 5}
        config["CONN_HEALTH_CHECKS"] = (
            True  # a restarted server must not cost the next reader an error
        )
    config["OPTIONS"] = extra
    return config


def broker(redis_url: str) -> str:
    """Return Celery's spelling of a Redis URL: it names a socket otherwise than redis-py does."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?virtual_host={query.removeprefix('db=') or 0}"
