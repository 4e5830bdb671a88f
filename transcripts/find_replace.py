"""Finding a text in all segments of a dataset and replacing it, as one step to undo."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from transcripts.document import Document
from transcripts.rows import Id, is_id
from transcripts.schema import ID_FIELD
from transcripts.segment_edits import SEGMENTS, set_text


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for and what to put in its place: plain text, no patterns."""

    find: str
    replacement: str = ""
    match_case: bool = False
    whole_words: bool = True

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        text = r"\s+".join(map(re.escape, self.find.split()))
        if self.whole_words:
            text = rf"(?<!\w){text}(?!\w)"
        return re.compile(text, 0 if self.match_case else re.IGNORECASE)

    def count(self, text: str) -> int:
        """Return how often it is in a text."""
        return sum(1 for _ in self._pattern.finditer(text)) if self.find.strip() else 0

    def replaced(self, text: str) -> str:
        """Return a text with every place replaced."""
        return self._pattern.sub(lambda _: self.replacement, text) if self.find.strip() else text


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A segment in which something was found; `after` is its text with everything in it replaced."""

    id: Id
    media_id: Id | None
    start_s: float
    before: str
    after: str
    count: int


def find_all(document: Document, query: Query) -> list[Hit]:
    """Return the segments of a dataset with a text, by video and time. May take long."""
    places = {row[ID_FIELD]: number for number, row in enumerate(document.fields("media", ID_FIELD)) if _has_id(row)}
    found = list(_hits(document, query))
    return sorted(found, key=lambda hit: (places.get(hit.media_id, len(places)), hit.start_s))


def _has_id(row: dict[str, object]) -> bool:
    return is_id(row[ID_FIELD])


def _hits(document: Document, query: Query) -> Iterator[Hit]:
    seen: set[Id] = set()
    for row in document.fields(SEGMENTS, ID_FIELD, "media_id", "start", "text"):
        segment_id, text, start, media_id = row[ID_FIELD], row["text"], row["start"], row["media_id"]
        if not is_id(segment_id) or segment_id in seen or not isinstance(text, str):
            continue
        seen.add(segment_id)
        count = query.count(text)
        if count:
            yield Hit(
                id=segment_id,
                media_id=media_id if is_id(media_id) else None,
                start_s=float(start) if isinstance(start, int | float) else 0.0,
                before=text,
                after=query.replaced(text),
                count=count,
            )


def replace_all(document: Document, hits: Sequence[Hit], without: Collection[Id] = ()) -> int:
    """Replace what was found, but in some segments, as one step; return in how many it was done.

    A segment that was changed since is left as it is. Raises DocumentError: nothing was replaced.
    """
    done = 0
    with document.transaction():
        for hit in hits:
            row = None if hit.id in without else document.get(SEGMENTS, hit.id)
            if row is not None and row.get("text") == hit.before:
                done += set_text(document, hit.id, hit.after)
    return done
