"""The one sheet: every component in it, in its layer, and nothing left to ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import call_command

from motcua.stylesheets import SHEET, Paths, StylesheetError, one_sheet

CSS = Path(settings.BASE_DIR, "static", "css")


def collected(**files: str) -> Paths:
    storage = InMemoryStorage()
    paths: Paths = {}
    for name, text in files.items():
        path = f"css/{name}.css"
        storage.save(path, ContentFile(text.encode()))
        paths[path] = (storage, path)
    return paths


def test_an_import_becomes_a_layer_and_a_medium() -> None:
    sheet = one_sheet(
        collected(
            app="/* contents */\n@layer base, print;\n"
            '@import url("a.css") layer(base);\n@import url("p.css") layer(print) print;\n',
            a="/* why */\na { color: red; }\n",
            p="b { color: black; }",
        )
    )
    assert " ".join(sheet.split()) == (
        "@layer base, print; @layer base { a { color: red; } } "
        "@media print { @layer print { b { color: black; } } }"
    )


@pytest.mark.parametrize(
    "files",
    [
        {"app": '@import url("gone.css") layer(base);'},
        {"app": '@import "a.css";', "a": ""},
        {"app": '@import url("a.css");', "a": ""},
        {"app": '@import url("a.css") layer(base);', "a": "a { background: url(x.png); }"},
        {"app": '@import url("a.css") layer(base);', "a": '@import url("b.css");'},
        {"app": '@import url("https://example.org/a.css") layer(base);'},
    ],
)
def test_what_cannot_be_put_in_stops_the_collecting(files: dict[str, str]) -> None:
    with pytest.raises(StylesheetError):
        one_sheet(collected(**files))


@pytest.mark.parametrize("storage", ["OneSheetStorage", "CompressedOneSheetStorage"])
def test_collecting_leaves_one_sheet_with_every_component(
    settings: Any, tmp_path: Path, storage: str
) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.STATICFILES_DIRS = [str(CSS.parent)]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": f"motcua.stylesheets.{storage}"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    sheet = (tmp_path / names[SHEET]).read_text()
    assert "@import" not in sheet
    assert sheet.lstrip().startswith("@layer reset,")
    for component in (CSS / "components").glob("*.css"):
        rules = re.sub(r"/\*.*?\*/", "", component.read_text(), flags=re.DOTALL).strip()
        assert f"@layer components {{\n{rules}\n}}" in sheet, component.name
    if storage.startswith("Compressed"):
        assert (tmp_path / f"{names[SHEET]}.gz").exists()
    else:
        assert sheet.count("{") == sheet.count("}")
