"""How much a storage holds and may hold: measured once, then counted."""

from __future__ import annotations

import threading
from collections.abc import Callable

from storage.errors import StorageQuotaExceededError


class Reservation:
    """Room asked for by one save that is under way."""

    def __init__(self, usage: Usage, replaced_bytes: int) -> None:
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
    """The bytes that a storage holds. `measure` finds them out the first time they are needed. Thread-safe."""

    def __init__(self, *, max_size_bytes: int | None, measure: Callable[[], int]) -> None:
        self.max_size_bytes = max_size_bytes
        self.changing = threading.RLock()
        """Held while objects appear or disappear, so that none is counted twice or forgotten by the first measuring."""
        self._measure = measure
        self._used_bytes: int | None = None
        self._reserved_bytes = 0

    def total(self) -> int:
        """Return the bytes stored, without those being saved right now."""
        with self.changing:
            if self._used_bytes is None:
                self._used_bytes = self._measure()
            return self._used_bytes

    def change(self, difference_bytes: int) -> None:
        """Note that objects appeared (positive) or disappeared (negative); call it with `changing` held."""
        if self._used_bytes is not None:
            self._used_bytes += difference_bytes

    def reserve(self, *, replaced_bytes: int) -> Reservation:
        """Begin a save that will replace an object of `replaced_bytes`. Measures, if nothing has done so before."""
        if self.max_size_bytes is not None:
            self.total()
        return Reservation(self, replaced_bytes)

    def grow(self, reservation: Reservation, wanted_bytes: int, replaced_bytes: int) -> None:
        """Reserve so many more bytes. Raises StorageQuotaExceededError."""
        if self.max_size_bytes is None:
            return
        with self.changing:
            used = self.total() + self._reserved_bytes
            if used - replaced_bytes + wanted_bytes > self.max_size_bytes:
                raise StorageQuotaExceededError(
                    max_size_bytes=self.max_size_bytes,
                    used_bytes=used - reservation.size_bytes,
                    wanted_bytes=reservation.size_bytes + wanted_bytes,
                )
            self._reserved_bytes += wanted_bytes

    def shrink(self, size_bytes: int) -> None:
        """Give back reserved bytes."""
        if self.max_size_bytes is not None:
            with self.changing:
                self._reserved_bytes -= size_bytes
