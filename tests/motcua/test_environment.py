"""Variables, secrets in files, what is missing is named."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from motcua.environment import Environment, broker, database, read_demo_file

BASE_DIR = Path(__file__).resolve().parents[2]
KEY = base64.b64encode(b"k" * 32).decode()
OTHER = base64.b64encode(b"o" * 32).decode()
PRODUCTION = {
    "SECRET_KEY": "made-up",
    "MOTCUA_DATA_KEYS": f"k1:{KEY}",
    "MOTCUA_CHAIN_KEY": KEY,
    "MOTCUA_LOOKUP_KEY": OTHER,
    "ALLOWED_HOSTS": "motcua.example.vn",
    "MOTCUA_PUBLIC_URL": "https://motcua.example.vn",
    "DATABASE_URL": "postgresql:///none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"MOTCUA_NOT_THERE .*_FILE"):
        Environment().require("MOTCUA_NOT_THERE")


def test_a_secret_may_live_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("MOTCUA_MADE_UP_FILE", str(tmp_path / "secret"))
    assert Environment().require("MOTCUA_MADE_UP") == "hush"
    monkeypatch.setenv("MOTCUA_MADE_UP_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match="MOTCUA_MADE_UP_FILE"):
        Environment().require("MOTCUA_MADE_UP")


def test_the_first_data_key_seals_and_the_others_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYS", f"new:{KEY}, old:{OTHER}")
    assert list(Environment().keys("KEYS").items()) == [("new", b"k" * 32), ("old", b"o" * 32)]


@pytest.mark.parametrize(
    "value", ["nocolon", f"a:{KEY},a:{OTHER}", "a:!!!", "a:" + base64.b64encode(b"short").decode()]
)
def test_a_bad_key_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("KEYS", value)
    with pytest.raises(ImproperlyConfigured) as caught:
        Environment().keys("KEYS")
    assert KEY not in str(caught.value)


def test_a_socket_url_reaches_django_and_celery() -> None:
    config = database("postgresql://ai:m%40t@/tinh?host=%2Frun%2Fa%20b&port=5432", pool=4)
    assert (config["HOST"], config["USER"], config["PASSWORD"]) == ("/run/a b", "ai", "m@t")
    assert config["OPTIONS"]["pool"]["max_size"] == 4
    assert broker("unix:///a/redis.sock?db=0") == "redis+socket:///a/redis.sock?virtual_host=0"
    assert broker("redis://h:1/0") == "redis://h:1/0"


def test_an_unreadable_url_is_refused_without_its_password() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        database("postgresql://ai:hush@host:port:port/tinh?no_such_option=1")
    assert "hush" not in str(caught.value)


def test_a_database_set_by_hand_is_that_database_for_every_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "demo.env"
    file.write_text("# head\nDATABASE_URL=a\nMOTCUA_OWNER_URL=b==\n")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert read_demo_file(file) == {"DATABASE_URL": "a", "MOTCUA_OWNER_URL": "b=="}
    monkeypatch.setenv("DATABASE_URL", "postgresql:///mine")
    assert read_demo_file(file) == {"DATABASE_URL": "a"}


def _import(module: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import {module} as s; print(s.SITE_NAME, s.DEBUG)"],
        env={"PATH": "/usr/bin:/bin", **env},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_import_with_every_variable() -> None:
    done = _import("motcua.settings.prod", PRODUCTION)
    assert done.stdout.strip() == "Một Cửa An Giang False", done.stderr


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_production_settings_name_what_is_missing(name: str) -> None:
    env = {key: value for key, value in PRODUCTION.items() if key != name}
    assert f"ImproperlyConfigured: {name} (or {name}_FILE) is not set." in (
        _import("motcua.settings.prod", env).stderr
    )
