"""The opaque token of the receipt's QR: pure."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossiers import qr_tokens


def test_a_token_is_opaque_short_and_found_by_its_digest() -> None:
    token, digest = qr_tokens.make_token()
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token)
    assert qr_tokens.digest_of(token) == digest
    assert len(digest) == 32
    assert len({qr_tokens.make_token()[0] for _ in range(200)}) == 200


def test_each_changed_character_breaks_the_signature() -> None:
    token, _ = qr_tokens.make_token()
    for place in range(len(token)):
        for other in "A_9":
            if token[place] != other:
                assert qr_tokens.digest_of(token[:place] + other + token[place + 1 :]) is None


@given(st.text(max_size=60))
def test_what_was_not_signed_here_has_no_digest(typed: str) -> None:
    assert qr_tokens.digest_of(typed) is None


@pytest.mark.parametrize("other", ["", "A" * 32, "A" * 31, "ă" * 32, "=" * 32, "A" * 10_000])
def test_odd_tokens_are_refused_without_an_error(other: str) -> None:
    assert qr_tokens.digest_of(other) is None


def test_a_paper_stays_readable_when_the_key_is_replaced(settings: Any) -> None:
    token, digest = qr_tokens.make_token()
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "made-up-and-new-" + "y" * 40
    assert qr_tokens.digest_of(token) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert qr_tokens.digest_of(token) == digest
