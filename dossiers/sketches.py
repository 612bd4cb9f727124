"""A small sum of a large set from which a few missing or added members can be told by name.

An invertible Bloom lookup table (Goodrich and Mitzenmacher, 2011): each key is counted into one
cell of each quarter; the difference of two sketches peels apart cell by cell. Of SIZE bytes, it
names some fifty differences between two sets however large these are.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

CELLS = 80
_QUARTERS = 4
_WIDTH = CELLS // _QUARTERS
KEY_BYTES = 20
_CHECK_BYTES = 8
_CELL = struct.Struct(f">i{KEY_BYTES}s{_CHECK_BYTES}s")
SIZE = CELLS * _CELL.size


class Differences(NamedTuple):
    """The keys one sketch holds and the other does not; incomplete where they are too many."""

    above: set[int]
    below: set[int]
    is_complete: bool


class Sketch:
    """Counts keys in; `differences` tells by which keys two sketches differ."""

    def __init__(self, keys: Iterable[int] = ()) -> None:
        """Start with some keys, each below 2**160."""
        self.counts = [0] * CELLS
        self.keys = [0] * CELLS
        self.checks = [0] * CELLS
        for key in keys:
            self.add(key)

    def add(self, key: int, times: int = 1) -> None:
        """Count a key in, or out again with `times` of -1."""
        check, places = _places(key)
        for place in places:
            self.counts[place] += times
            self.keys[place] ^= key
            self.checks[place] ^= check

    def minus(self, other: Sketch) -> Sketch:
        """Return what this one holds and the other does not, the other's counted below zero."""
        rest = Sketch()
        for place in range(CELLS):
            rest.counts[place] = self.counts[place] - other.counts[place]
            rest.keys[place] = self.keys[place] ^ other.keys[place]
            rest.checks[place] = self.checks[place] ^ other.checks[place]
        return rest

    def differences(self) -> Differences:
        """Return the keys counted above zero and those below, as far as they can be told apart.

        Takes them out of the sketch.
        """
        above: set[int] = set()
        below: set[int] = set()
        waiting = list(range(CELLS))
        while waiting:
            place = waiting.pop()
            times, key = self.counts[place], self.keys[place]
            if times not in {1, -1}:
                continue
            check, places = _places(key)
            if check != self.checks[place] or place not in places:
                continue
            (above if times == 1 else below).add(key)
            self.add(key, -times)
            waiting.extend(places)
        return Differences(above, below, not any(self.counts) and not any(self.keys))

    def to_bytes(self) -> bytes:
        """Return the sketch as SIZE bytes."""
        return b"".join(
            _CELL.pack(count, key.to_bytes(KEY_BYTES, "big"), check.to_bytes(_CHECK_BYTES, "big"))
            for count, key, check in zip(self.counts, self.keys, self.checks, strict=True)
        )

    @classmethod
    def from_bytes(cls, packed: bytes) -> Sketch:
        """Read what `to_bytes` wrote; raises ValueError when it is of another size."""
        if len(packed) != SIZE:
            raise ValueError(f"a sketch has {SIZE} bytes, not {len(packed)}")
        sketch = cls()
        for place, (count, key, check) in enumerate(_CELL.iter_unpack(packed)):
            sketch.counts[place] = count
            sketch.keys[place] = int.from_bytes(key, "big")
            sketch.checks[place] = int.from_bytes(check, "big")
        return sketch


def _places(key: int) -> tuple[int, list[int]]:
    """Return a key's check and its cell in each quarter."""
    digest = blake2b(
        key.to_bytes(KEY_BYTES, "big"),
        digest_size=_CHECK_BYTES + 4 * _QUARTERS,
        person=b"motcua sketch",
    ).digest()
    check = int.from_bytes(digest[:_CHECK_BYTES], "big")
    places = [
        quarter * _WIDTH
        + int.from_bytes(digest[_CHECK_BYTES + 4 * quarter : _CHECK_BYTES + 4 * quarter + 4], "big")
        % _WIDTH
        for quarter in range(_QUARTERS)
    ]
    return check, places
