"""A process that begins an act and waits to be killed: `python -m tests.dossiers.dying`.

Called with the name of an act, the key of a dossier, and where to stop: the number of a statement
before which it waits, or "commit" when everything is written. test_services_half starts it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

WAITING = "waiting to be killed"


def main(name: str, dossier: int, where: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "motcua.settings.test"
    import django
    from django.db import connection, connections

    django.setup()
    connection.settings_dict["NAME"] = os.environ["DYING_DATABASE"]
    from dossiers.models import Dossier
    from tests.dossiers.stages import EVERY_ACT
    from tests.province import known_province

    expected = next(e for e in EVERY_ACT if e.name == name)
    province = known_province()
    count = 0

    def wait() -> None:
        sys.stdout.write(f"{WAITING}\n")
        sys.stdout.flush()
        time.sleep(600)

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += 1
        if str(count) == where:
            wait()
        return execute(sql, params, many, context)

    if where == "commit":
        vars(connections["default"])["_commit"] = wait  # on the instance, over the method
    with connection.execute_wrapper(watch):
        expected.do(province, Dossier(pk=dossier))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
