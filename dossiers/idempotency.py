"""One answer for one key of one user, however often and however concurrently it is asked.

The key's row is written in the transaction of the act: either both are there or neither.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from dossiers.models import IdempotencyKey

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

KEY_LENGTH = 200


class KeyReusedError(Exception):
    """The key was used for another body before."""


def body_digest(body: Any) -> str:
    """Return a digest that is the same for the same JSON in any order of its fields."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def saved_answer(user_id: int, key: str, digest: str) -> Mapping[str, Any] | None:
    """Return the answer given before, None when the key is new; raises KeyReusedError."""
    row = IdempotencyKey.objects.filter(user_id=user_id, key=key).first()
    if row is None:
        return None
    if row.body_digest != digest:
        raise KeyReusedError
    answer: Mapping[str, Any] = row.answer
    return answer


def answers_under(user_id: int, start: str) -> list[Mapping[str, Any]]:
    """Return what was answered to a user's keys that begin alike, oldest first. Runs one query."""
    rows = IdempotencyKey.objects.filter(user_id=user_id, key__startswith=start).order_by("pk")
    return list(rows.values_list("answer", flat=True))


def once(
    user_id: int, key: str, digest: str, do: Callable[[], dict[str, Any]]
) -> Mapping[str, Any]:
    """Do it and keep the answer, unless somebody else just did: then return theirs.

    Two at the same time both work, and the unique key lets one of them commit: the other is rolled
    back whole, its number given back, and answers with what the first one answered.
    """
    try:
        with transaction.atomic():
            answer = do()
            IdempotencyKey.objects.create(
                user_id=user_id, key=key, body_digest=digest, answer=answer, status=201
            )
            return answer
    except IntegrityError:
        answered = saved_answer(user_id, key, digest)
        if answered is None:
            raise
        return answered


def forget_before(moment: dt.datetime) -> int:
    """Delete the keys of a time no client will repeat any more; return how many."""
    count, _rows = IdempotencyKey.objects.filter(created_at__lt=moment).delete()
    return count
