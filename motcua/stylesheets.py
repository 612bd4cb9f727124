"""The style sheet in one piece: what css/app.css imports is put into it when files are collected.

In the source each component is a file of its own, and `runserver` and tests read them as they
are. Fifty requests before the first letter is drawn are too many for a reader on a slow line.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from whitenoise.storage import (  # type: ignore[import-untyped]
    CompressedManifestStaticFilesStorage,
)

SHEET = "css/app.css"
_IMPORT = re.compile(
    r'^@import url\("(?P<path>[^":]+)"\) layer\((?P<layer>[\w-]+)\)(?: (?P<media>[^;]+))?;$',
    re.MULTILINE,
)
# An address would be read from another folder, and these rules may only stand at the head.
_CANNOT_MOVE = re.compile(r"url\((?![\"']?(?:data:|#))|@(?:import|charset|namespace)\b")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

Paths = dict[str, tuple[Storage, str]]


class StylesheetError(ValueError):
    """The sheet imports what cannot be put into it."""


def one_sheet(paths: Paths) -> str:
    """Return css/app.css with each import replaced by a layer; raises StylesheetError.

    `paths` are the collected files, as `post_process` gets them. The order of layers is that of
    the `@layer` statement at the head, which stays.
    """

    def put_in(found: re.Match[str]) -> str:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(SHEET), found["path"]))
        if name not in paths:
            raise StylesheetError(f"{SHEET} imports {name}, which is not there")
        rules = _COMMENT.sub("", _text(paths, name)).strip()
        if _CANNOT_MOVE.search(rules):
            raise StylesheetError(f"{name} holds an address or a rule that cannot move to {SHEET}")
        layer = f"@layer {found['layer']} {{\n{rules}\n}}"
        return f"@media {found['media']} {{\n{layer}\n}}" if found["media"] else layer

    sheet = _IMPORT.sub(put_in, _COMMENT.sub("", _text(paths, SHEET)))
    if "@import" in sheet:
        raise StylesheetError(f"{SHEET} has an import of another shape than url() and layer()")
    return sheet


def _text(paths: Paths, name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        return bytes(file.read()).decode()


class _OneSheet:
    """Gives the storage below the whole sheet instead of its table of contents."""

    def post_process(self, paths: Paths, dry_run: bool = False, **options: Any) -> Any:
        if SHEET in paths and not dry_run:
            whole = InMemoryStorage()
            whole.save(SHEET, ContentFile(one_sheet(paths).encode()))
            paths = {**paths, SHEET: (whole, SHEET)}
        yield from super().post_process(paths, dry_run=dry_run, **options)  # type: ignore[misc]


class OneSheetStorage(_OneSheet, ManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names, for the demo."""


class CompressedOneSheetStorage(_OneSheet, CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names and compressed copies, for production."""
