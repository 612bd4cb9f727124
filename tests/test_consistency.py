"""The repository checks itself: what no single test of a page or an act would notice."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import get_commands, load_command_class
from django.db import models
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver

from dossiers.act_forms import ACT_FORMS
from dossiers.models import Dossier
from motcua.celery import BEAT_SCHEDULE, QUEUES, app
from motcua.celery import app as celery_app

ROOT = Path(settings.BASE_DIR)
APPS = ("accounts", "agencies", "procedures", "dossiers", "reports", "motcua")
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))
PAGES = [path for path in TEMPLATES if path.suffix == ".html"]
SOURCES = sorted(
    path for name in APPS for path in (ROOT / name).rglob("*.py") if "migrations" not in path.parts
)
# Django and the server look for these by name.
FOUND_BY_NAME = {"400.html", "403.html", "404.html", "500.html", "503.html"}


def name_of(template: Path) -> str:
    return template.relative_to(ROOT / "templates").as_posix()


# Templates


def test_there_is_something_to_check() -> None:
    assert len(PAGES) > 30
    assert len(SOURCES) > 60


def test_no_template_is_unused() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    named = "\n".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    # `dossiers/paper/{kind}.html` and its like: a name that the code completes.
    completed = [
        re.compile(re.sub(r"\\\{[^}]*\\\}", "[a-z_]+", re.escape(text)))
        for text in re.findall(r"[\"']([\w/]*\{[^\"']+\}[\w/]*\.(?:html|txt))[\"'#]", code)
    ]
    unused = [
        name
        for name in map(name_of, TEMPLATES)
        if name not in FOUND_BY_NAME
        and not re.search(rf"[\"']{re.escape(name)}[#\"']", code + named)
        and not any(pattern.fullmatch(name) for pattern in completed)
    ]
    assert unused == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_template_compiles(page: Path) -> None:
    get_template(name_of(page))


_SILENT = re.compile(
    r"\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}|<!--.*?-->"
    r"|\{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%\}"
    r"|<(?:style|script)\b.*?</(?:style|script)>",
    re.S,
)
_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.S)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SPOKEN = re.compile(r"\b(?:title|alt|aria-label|placeholder)=\"([^\"]*)\"")
_KEYS = {"Alt", "Ctrl", "Enter", "Esc", "Tab"}  # what stands on a keyboard
# The page of the designers, which only staff may open: it shows the words of all others.
_SHOWN_TO_NOBODY = {"design.html"}


def bare_text(text: str) -> list[str]:
    """Return the words a reader would see that no {% translate %} says."""
    text = _SILENT.sub(" ", text)
    # Django's tags first: a ">" in a condition ends no tag of HTML.
    text = re.sub(r"\{[{%].*?[%}]\}", " ", text, flags=re.S)
    return [
        word
        for part in [_TAG.sub(" ", text), *_SPOKEN.findall(text)]
        for word in _LETTERS.findall(part)
        if word not in _KEYS
    ]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if name_of(page) not in _SHOWN_TO_NOBODY], ids=name_of
)
def test_every_word_of_a_template_is_translated(page: Path) -> None:
    text = re.sub(r"&\w+;", " ", page.read_text(encoding="utf-8"))
    assert bare_text(text) == []


def test_bare_text_is_found() -> None:
    assert bare_text("<p>Hồ sơ</p>") == ["Hồ", "sơ"]
    assert bare_text('<p title="Hồ">{% translate "Hồ sơ" %}</p>') == ["Hồ"]
    assert bare_text("{% blocktranslate %}Hồ sơ{% endblocktranslate %}{# Hồ #}") == []
    assert bare_text('<p class="hồ sơ" id="a > b">{{ dossier.code }} · 17</p>') == []
    assert bare_text('<p{% if length > 9 %} class="hồ sơ"{% endif %}>17</p>') == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_template_asks_the_browser_for_inline_code_or_style(page: Path) -> None:
    """The content security policy refuses both."""
    text = re.sub(
        r"\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}", "", page.read_text("utf-8"), flags=re.S
    )
    assert not re.search(r"<[^>]*\sstyle\s*=", text)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text)
    assert "javascript:" not in text
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script, script
    # A page for paper is read by the printer, which knows no policy.
    if "/paper/" not in f"/{name_of(page)}":
        assert "<style" not in text


def test_static_files_named_by_templates_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"\{% static [\"']([^\"']+)[\"']", page.read_text("utf-8")):
            assert finders.find(name), (page, name)


# The queue


def test_beat_entries_import_and_bind() -> None:
    app.loader.import_default_modules()
    assert app.conf.beat_schedule == BEAT_SCHEDULE
    for name, entry in BEAT_SCHEDULE.items():
        task = app.tasks[entry["task"]]
        module, _, function = entry["task"].rpartition(".")
        assert getattr(importlib.import_module(module), function).name == task.name, name
        inspect.signature(task.run).bind(*entry.get("args", ()), **entry.get("kwargs", {}))
        entry["schedule"].remaining_estimate(app.now())


def test_every_task_of_ours_is_named_by_its_path() -> None:
    celery_app.loader.import_default_modules()
    ours = [name for name in celery_app.tasks if name.split(".")[0] in APPS]
    assert len(ours) >= 4
    for name in ours:
        module, _, function = name.rpartition(".")
        assert getattr(importlib.import_module(module), function).name == name
    assert current_app.conf.task_default_queue in QUEUES


def test_the_queues_of_docker_compose_are_those_of_the_code() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    served = [
        part.removeprefix("--queues=").split(",")
        for service in compose["services"].values()
        for part in service.get("command") or []
        if isinstance(part, str) and part.startswith("--queues=")
    ]
    assert sorted(name for names in served for name in names) == sorted(QUEUES)
    used = set(re.findall(r"(?:queue=|_QUEUE = )[\"'](\w+)[\"']", all_code()))
    assert used | {current_app.conf.task_default_queue} == set(QUEUES)


def all_code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)


# Rows


def test_nothing_that_points_at_a_dossier_goes_with_it() -> None:
    pointing = [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model is Dossier
    ]
    assert len(pointing) >= 8
    for model, field in pointing:
        assert field.remote_field.on_delete is models.PROTECT, (model, field)


def test_foreign_keys_point_down() -> None:
    order = {name: place for place, name in enumerate(APPS)}
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and model._meta.app_label in order:
                target = field.related_model._meta.app_label
                assert order.get(target, -1) <= order[model._meta.app_label], (model, field)


def test_every_model_of_ours_has_a_name_for_people() -> None:
    for model in apps.get_models():
        if model._meta.app_label in APPS and model.__doc__:
            assert not model.__doc__.startswith(f"{model.__name__}("), model


# Docs


def test_docs_name_every_act_with_the_fields_it_reads() -> None:
    acts = (ROOT / "docs/api.md").read_text("utf-8").split("\n## Acts\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", acts, re.M)
    told = {act: re.findall(r"`(\w+)`(\*?)", fields) for act, fields in rows}
    read = {
        act.value: [(name, "*" if f.required else "") for name, f in form.base_fields.items()]
        for act, form in ACT_FORMS.items()
    }
    assert told == read


def test_docs_point_at_pages_that_are_there() -> None:
    for page in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), (page, target)


def test_modules_that_docs_name_are_there() -> None:
    named = re.compile(rf"`((?:{'|'.join(APPS)})/[\w/]+(?:\.py|/))`")
    pages = sorted((ROOT / "docs").rglob("*.md"))
    found = {name: page for page in pages for name in named.findall(page.read_text("utf-8"))}
    assert len(found) > 10
    for name, page in found.items():
        assert (ROOT / name).exists(), (page, name)


# Code


@pytest.mark.parametrize(
    "name", sorted(name for name, home in get_commands().items() if home in APPS)
)
def test_every_command_says_what_it_is_for(name: str) -> None:
    command = load_command_class(get_commands()[name], name)
    assert command.help.strip()
    assert command.help.strip()[0].isupper()
    done = command.create_parser("manage.py", name).format_help()
    assert command.help.strip().splitlines()[0][:20] in done


def definitions(path: Path) -> list[ast.FunctionDef | ast.ClassDef]:
    """Return the public functions and classes of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize("module", sorted((ROOT / "dossiers" / "services").glob("*.py")), ids=str)
def test_every_service_says_what_it_does(module: Path) -> None:
    for node in definitions(module):
        told = ast.get_docstring(node)
        assert told, f"{module.name}:{node.lineno} {node.name}"
        assert told.splitlines()[0].endswith((".", "?")), node.name


def test_every_module_says_what_it_is_about() -> None:
    told_by_what_they_hold = {"models.py", "apps.py", "urls.py", "__init__.py"}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if text.strip() and path.name not in told_by_what_they_hold:
            about = [ast.get_docstring(node) for node in [ast.parse(text), *definitions(path)]]
            assert any(about), path


def test_only_the_table_and_no_other_pure_module_knows_the_database() -> None:
    """TextChoices live in django.db; rows and queries do not belong there."""
    names = ("dossiers/tracking_codes", "reports/periods", "agencies/working_time")
    clock = sorted((ROOT / "dossiers/deadlines").glob("*.py"))
    assert len(clock) > 5
    for path in [*(ROOT / f"{name}.py" for name in names), *clock]:
        assert "django.db" not in path.read_text(encoding="utf-8"), path
    workflow = (ROOT / "dossiers/workflow.py").read_text(encoding="utf-8")
    assert set(re.findall(r"models\.\w+", workflow)) <= {"models.TextChoices"}


def test_nothing_but_recording_writes_the_state_of_a_dossier() -> None:
    """style.md 0.3; `importing` writes old dossiers whole, with their history."""
    # The exception of `workflow` has a `state` of its own.
    allowed = {"dossiers/recording.py", "dossiers/importing.py", "dossiers/workflow.py"}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT).as_posix()
        if re.search(r"\.state\s*=[^=]|update\([^)]*\bstate=", text):
            assert name in allowed, name


def test_no_signal_of_ours() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "django.db.models.signals" not in text, path
        assert "@receiver" not in text, path


def test_addresses_have_names_and_names_one_address() -> None:
    seen: dict[str, str] = {}

    def walk(patterns: list[Any], prefix: str) -> None:
        for entry in patterns:
            address = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                if not entry.namespace:
                    walk(entry.url_patterns, address)
            elif isinstance(entry, URLPattern):
                assert entry.name, address
                assert entry.name not in seen, (entry.name, address, seen[entry.name])
                seen[entry.name] = address

    walk(get_resolver().url_patterns, "")
    assert len(seen) > 20


def test_every_settings_module_is_whole() -> None:
    for name in ("base", "dev", "prod", "test"):
        assert (ROOT / "motcua" / "settings" / f"{name}.py").exists()
        compile((ROOT / "motcua" / "settings" / f"{name}.py").read_text("utf-8"), name, "exec")


def test_no_lock_file_names_an_index_address() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert locks
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "--index-url" not in text
        assert "://" not in re.sub(r"^\s*#.*$", "", text, flags=re.M)
        assert "--hash=sha256:" in text


def test_no_migration_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "motcua.settings.test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
