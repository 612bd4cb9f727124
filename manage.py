#!/usr/bin/env python
"""Django's command line; in the demo's checkout it needs no variable set (docs/operating.md)."""

import os
import sys

# These change the schema, the rights or the whole content, so they work as the role that owns the
# tables. Every other command has the rights of the web process, which may not change an event
# (docs/operating.md).
OWNER_COMMANDS = frozenset(
    {"backup", "flush", "grant_rights", "migrate", "pgtrigger", "restore", "sqlflush", "sqlmigrate"}
)


def main() -> None:
    """Run one management command with the demo's settings unless others are named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "motcua.settings.dev")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("MOTCUA_ROLE", "owner")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
