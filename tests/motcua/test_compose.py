"""docker-compose.yml: valid by the compose schema, whole, without a secret, true to the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua.celery import QUEUES

BASE_DIR = Path(__file__).resolve().parents[2]
FILE = BASE_DIR / "docker-compose.yml"
SERVICES = ["web", "worker", "beat", "postgres", "redis"]


def check(file: Path) -> subprocess.CompletedProcess[str]:
    """Check a file against the compose schema that comes with check-jsonschema."""
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load(FILE.read_text())


def test_the_file_is_valid_by_the_compose_schema() -> None:
    done = check(FILE)
    assert done.returncode == 0, done.stdout


def test_the_schema_is_one_that_refuses(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(FILE.read_text().replace("healthcheck:", "healthchecks:"))
    assert check(wrong).returncode == 1


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_and_starts_again(compose: Any, name: str) -> None:
    service = compose["services"][name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ["postgres", "redis", "web", "worker"])
def test_what_must_outlive_a_container_is_on_a_named_volume(compose: Any, name: str) -> None:
    volumes = compose["services"][name]["volumes"]
    assert {each.partition(":")[0] for each in volumes} <= set(compose["volumes"])


def test_every_secret_comes_from_a_file_that_git_and_the_image_leave_out(compose: Any) -> None:
    for secret in compose["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "/secrets/" in (BASE_DIR / ".gitignore").read_text().splitlines()
    assert "secrets" in (BASE_DIR / ".dockerignore").read_text().splitlines()
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        for name, value in service.get("environment", {}).items():
            is_secret = any(word in name for word in ("KEY", "PASSWORD", "DATABASE_URL", "OWNER"))
            assert not is_secret or (name.endswith("_FILE") and value.startswith("/run/secrets/"))


def test_the_worker_listens_to_every_queue_of_the_code(compose: Any) -> None:
    queues = [
        part.partition("=")[2]
        for part in compose["services"]["worker"]["command"]
        if part.startswith("--queues=")
    ]
    assert queues == [",".join(QUEUES)]


def test_only_the_migration_has_the_owners_address(compose: Any) -> None:
    holders = {
        name
        for name, service in compose["services"].items()
        if "owner_url" in service.get("secrets", [])
    }
    assert holders == {"migrate", "postgres"}  # postgres makes the role
