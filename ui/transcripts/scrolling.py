"""Which rows of a long table are in view. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Scrolling:
    """A table of `count` rows of which `room` fit in whole; `top` is the first in view."""

    count: int = 0
    room: int = 1
    top: int = 0

    @property
    def last_top(self) -> int:
        """How far it can be scrolled."""
        return max(0, self.count - self.room)

    @property
    def rows(self) -> range:
        """The rows in view; the last may be cut off at the bottom."""
        return range(self.top, min(self.count, self.top + self.room + 1))

    @property
    def fractions(self) -> tuple[float, float]:
        """Where the view begins and ends, from 0 to 1, as scrollbars want it."""
        if self.count <= self.room:
            return 0.0, 1.0
        return self.top / self.count, (self.top + self.room) / self.count

    def with_size(self, count: int, room: int) -> Scrolling:
        """Return the same view of a table or a window of another size."""
        return replace(self, count=count, room=max(1, room)).at(self.top)

    def at(self, top: int) -> Scrolling:
        """Return a view that begins at a row, or as near as can be."""
        return replace(self, top=min(max(0, top), self.last_top))

    def at_fraction(self, fraction: float) -> Scrolling:
        """Return a view that begins at a part of the whole, from 0 to 1."""
        return self.at(round(fraction * self.count))

    def showing(self, row: int) -> Scrolling:
        """Return a view with a row in it, moved as little as that takes."""
        if row < self.top:
            return self.at(row)
        if row >= self.top + self.room:
            return self.at(row - self.room + 1)
        return self
