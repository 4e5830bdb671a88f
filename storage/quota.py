"""Room that saves ask for, and how much a local storage holds and may hold: measured once, then counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from storage.errors import StorageQuotaExceededError


class Room(Protocol):
    """What a reservation takes its room from."""

    def grow(self, reservation: Reservation, wanted_bytes: int, replaced_bytes: int) -> None:
        """Reserve so many more bytes. Raises StorageQuotaExceededError."""

    def shrink(self, size_bytes: int) -> None:
        """Give back reserved bytes."""


class Reservation:
    """Room asked for by one save that is under way."""

    def __init__(self, usage: Room, replaced_bytes: int) -> None:
        self._usage = usage
        self._replaced_bytes = replaced_bytes
        self.size_bytes = 0

    def grow_to(self, size_bytes: int) -> None:
        """Ask for room for so many bytes in all. Raises StorageQuotaExceededError."""
        if size_bytes > self.size_bytes:
            self._usage.grow(self, size_bytes - self.size_bytes, self._replaced_bytes)
            self.size_bytes = size_bytes

    def release(self) -> None:
        """Give the room back: the object is stored and counted, or it never will be."""
        self._usage.shrink(self.size_bytes)
        self.size_bytes = 0


class Usage:
    """The bytes that a storage holds in objects, and in parts of objects that are not complete yet. Thread-safe.

    Args:
        max_size_bytes: how many it may hold in both, None for no limit.
        measure: finds out the bytes in objects and those in parts; called the first time they are needed.
    """

    def __init__(self, *, max_size_bytes: int | None, measure: Callable[[], tuple[int, int]]) -> None:
        self.max_size_bytes = max_size_bytes
        self.changing = threading.RLock()
        """Held while objects or parts appear or disappear,
        so that none is counted twice or forgotten by the first measuring.
        """
        self._measure = measure
        self._measured: tuple[int, int] | None = None
        self._reserved_bytes = 0

    def total(self) -> int:
        """Return the bytes stored in objects, without those being saved right now."""
        return self._bytes()[0]

    def change(self, difference_bytes: int, *, parts_bytes: int = 0) -> None:
        """Note that objects and parts appeared (positive) or disappeared (negative); call it with `changing` held."""
        if self._measured is not None:
            objects, parts = self._measured
            self._measured = objects + difference_bytes, parts + parts_bytes

    def check(self, wanted_bytes: int, *, replaced_bytes: int) -> None:
        """See that so many bytes would fit in the place of others. Raises StorageQuotaExceededError."""
        if self.max_size_bytes is not None:
            self._check(self.max_size_bytes, wanted_bytes, replaced_bytes, own_bytes=0)

    def reserve(self, *, replaced_bytes: int) -> Reservation:
        """Begin a save that will replace `replaced_bytes`. Measures, if nothing has done so before."""
        if self.max_size_bytes is not None:
            self._bytes()
        return Reservation(self, replaced_bytes)

    def grow(self, reservation: Reservation, wanted_bytes: int, replaced_bytes: int) -> None:
        """Reserve so many more bytes. Raises StorageQuotaExceededError."""
        if self.max_size_bytes is not None:
            with self.changing:
                self._check(self.max_size_bytes, wanted_bytes, replaced_bytes, own_bytes=reservation.size_bytes)
                self._reserved_bytes += wanted_bytes

    def shrink(self, size_bytes: int) -> None:
        """Give back reserved bytes."""
        if self.max_size_bytes is not None:
            with self.changing:
                self._reserved_bytes -= size_bytes

    def _bytes(self) -> tuple[int, int]:
        with self.changing:
            if self._measured is None:
                self._measured = self._measure()
            return self._measured

    def _check(self, max_size_bytes: int, wanted_bytes: int, replaced_bytes: int, *, own_bytes: int) -> None:
        with self.changing:
            used = sum(self._bytes()) + self._reserved_bytes
        if used - replaced_bytes + wanted_bytes > max_size_bytes:
            raise StorageQuotaExceededError(
                max_size_bytes=max_size_bytes, used_bytes=used - own_bytes, wanted_bytes=own_bytes + wanted_bytes
            )
