"""The segments of one video in the order of time: which is the how many'th. Knows ids and starts, no rows."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from transcripts.rows import Id

Key = tuple[float, int, Id]
"""When a segment begins, the number under which it was added, and its id; no two have the same number."""


class SegmentOrder:
    """Ids in the order of starts; of equal starts, the one that was added first comes first."""

    def __init__(self, starts: Iterable[tuple[Id, float]] = ()) -> None:
        self._keys: list[Key] = sorted((start_s, number, one) for number, (one, start_s) in enumerate(starts))
        self._by_id = {key[2]: key for key in self._keys}
        self._next = len(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, segment_id: object) -> bool:
        return segment_id in self._by_id

    def at(self, index: int) -> Id:
        """Return the id of the segment at a place, 0 for the first. Raises IndexError."""
        if index < 0:
            raise IndexError(index)
        return self._keys[index][2]

    def after(self, index: int) -> list[Id]:
        """Return the ids of all segments behind a place."""
        return [key[2] for key in self._keys[index + 1 :]]

    def index(self, segment_id: Id) -> int:
        """Return a segment's place. Raises KeyError."""
        return bisect_left(self._keys, self._by_id[segment_id])

    def put(self, segment_id: Id, start_s: float) -> bool:
        """Put a segment where it belongs; return whether that is another place than before."""
        old = self._by_id.get(segment_id)
        if old is not None and old[0] == start_s:
            return False
        if old is not None:
            self.remove(segment_id)
        key = (start_s, self._next if old is None else old[1], segment_id)
        self._next += old is None
        insort(self._keys, key)
        self._by_id[segment_id] = key
        return True

    def remove(self, segment_id: Id) -> bool:
        """Take a segment out; return whether it was there."""
        key = self._by_id.pop(segment_id, None)
        if key is None:
            return False
        del self._keys[bisect_left(self._keys, key)]
        return True
