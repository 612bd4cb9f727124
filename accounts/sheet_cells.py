"""Cells of a file that a spreadsheet program opens: no text of ours becomes a formula there."""

from __future__ import annotations

_STARTS = frozenset("=+-@\t\r")


def plain(text: str) -> str:
    """Return the text with a mark before what a spreadsheet would compute (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in _STARTS else text
