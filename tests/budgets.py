"""Query budgets: how many queries a page or an endpoint runs, less what every request pays."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection
from django.test.utils import CaptureQueriesContext

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRANSACTION = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE SAVEPOINT|SET )", re.I)
# Who is asking: the session, the token and the account, none of which the page chose.
_WHO = re.compile(
    r'^\s*(SELECT .* FROM|UPDATE|INSERT INTO) "(accounts_officesession|accounts_user|knox_authtoken)"',
    re.I | re.S,
)


class Counted(list[str]):
    """The queries that count; `len()` is the figure a budget is about."""

    def __str__(self) -> str:
        return "\n".join(f"{number}. {sql[:300]}" for number, sql in enumerate(self, start=1))


@contextmanager
def count_queries() -> Iterator[Counted]:
    """Collect the queries of a block, without BEGIN/COMMIT/SAVEPOINT, session and user.

    `counted` is filled when the block ends: `with count_queries() as counted: ...`, then
    `assert len(counted) <= 8, str(counted)`.
    """
    counted = Counted()
    with CaptureQueriesContext(connection) as captured:
        yield counted
    for query in captured.captured_queries:
        sql = query["sql"] or ""
        if not _TRANSACTION.match(sql) and not _WHO.match(sql):
            counted.append(sql)
