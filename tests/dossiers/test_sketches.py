"""A sketch names the few members by which two large sets differ."""

from __future__ import annotations

import random

import pytest

from dossiers.day_roots import RowKey
from dossiers.sketches import SIZE, Sketch

CHANCE = random.Random(20261125)


@pytest.fixture(autouse=True)
def _the_same_keys_in_whatever_order() -> None:
    # One draw in some thousands cannot be peeled to the end, and says so: not what is asked here.
    CHANCE.seed(20261125)


def keys(count: int) -> list[int]:
    return [CHANCE.getrandbits(160) for _ in range(count)]


@pytest.mark.parametrize("missing", [0, 1, 2, 10, 30])
def test_what_is_gone_and_what_is_new_are_told_apart(missing: int) -> None:
    before = keys(2000)
    new = keys(missing // 2)
    told = Sketch(before).minus(Sketch(before[missing:] + new)).differences()
    assert told.above == set(before[:missing])
    assert told.below == set(new)
    assert told.is_complete


def test_too_many_differences_are_said_to_be_and_none_is_made_up() -> None:
    before = keys(1000)
    told = Sketch(before).minus(Sketch(before[500:])).differences()
    assert not told.is_complete
    assert told.above <= set(before[:500])
    assert told.below == set()


def test_a_member_twice_is_no_member_once() -> None:
    key = keys(1)[0]
    assert not Sketch([key, key]).differences().is_complete


def test_a_sketch_survives_its_bytes() -> None:
    sketch = Sketch(keys(50))
    packed = sketch.to_bytes()
    assert len(packed) == SIZE == 2560
    again = Sketch.from_bytes(packed)
    assert again.minus(sketch).differences() == (set(), set(), True)
    with pytest.raises(ValueError, match="2560"):
        Sketch.from_bytes(packed[1:])


@pytest.mark.parametrize("is_reading", [False, True])
def test_the_key_of_a_row_survives_being_packed(is_reading: bool) -> None:
    for row in (
        RowKey(is_reading, 0, 0, 0),
        RowKey(is_reading, 2**48 - 1, 2**40 - 1, 2**64 - 1),
        RowKey(is_reading, 10_000_000, 7, 12345),
    ):
        assert RowKey.unpacked(row.packed()) == row
        assert row.packed() < 2**160
