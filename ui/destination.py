"""The text in the field of the destination: a base below which every video gets a folder of its own,
or one video's own folder. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.transfer.http.validation import as_prefix


@dataclass(frozen=True, kw_only=True)
class TypedDestination:
    """The field's text, and the base that it had when a video's own folder was put into it; None where none was."""

    typed: str
    suggested_from: str | None = ""

    @property
    def is_base(self) -> bool:
        """Whether what stands there is where all videos lie: nothing was suggested yet,
        or the suggestion was cut down again.
        """
        if self.suggested_from is None:
            return True
        return bool(self.typed) and self.suggested_from.startswith(self.typed)

    @property
    def base(self) -> str:
        """What is remembered for the next video."""
        return as_prefix(self.typed) if self.is_base else above(self.typed) or self.suggested_from or ""

    def of(self, slug: str) -> str:
        """Return where a video goes: what stands there is kept where it is the video's own already."""
        if not self.is_base or not self.typed:
            return as_prefix(self.typed)
        base = as_prefix(self.typed)
        return base if f"/{base}".endswith(f"/{slug}/") else f"{base}{slug}/"


def above(destination: str) -> str:
    """Return the folder in which a destination lies, empty where it lies in none."""
    return destination.rstrip("/").rpartition("/")[0] + "/" if "/" in destination.rstrip("/") else ""
