"""What keeps history: the triggers by which the database itself refuses to change a row."""

from __future__ import annotations

import pgtrigger


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """Return the triggers by which the database itself refuses to change history (design.md 2)."""
    return [
        pgtrigger.Protect(name=f"{name}_no_update", operation=pgtrigger.Update),
        pgtrigger.Protect(name=f"{name}_no_delete", operation=pgtrigger.Delete),
        # `Protect` knows no TRUNCATE, by which a whole history would go in one statement.
        pgtrigger.Trigger(
            name=f"{name}_no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func=f"RAISE EXCEPTION 'pgtrigger: {name} is append-only, TRUNCATE refused';",
        ),
    ]
