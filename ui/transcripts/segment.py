"""A segment of a transcript as the editor sees it, read from a row of a dataset. Pure.

A row may have been written by any program: what it lacks, or has of another kind, is taken for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transcripts.rows import Id, is_id
from transcripts.schema import ID_FIELD

MEDIA = "media"
DOUBTFUL_BELOW = 0.5
"""A word with a smaller probability is doubtful: the model would as soon have heard another one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetWord:
    """A word with its time in the video; nobody knows the probability of one that a person has typed."""

    text: str
    start_s: float
    duration_s: float
    probability: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetSegment:
    """What is said from one moment to another."""

    id: Id
    media_id: Id | None
    start_s: float
    duration_s: float
    text: str
    speaker: Id | None
    language: str | None
    words: tuple[DatasetWord, ...]
    edited: bool

    @property
    def doubtful(self) -> tuple[tuple[int, int], ...]:
        """Where in the text the words are that the model was not sure of: from a character up to another."""
        found, at = [], 0
        for word in self.words:
            text = word.text.strip()
            start = self.text.find(text, at) if text else -1
            if start < 0:
                continue
            at = start + len(text)
            if word.probability is not None and word.probability < DOUBTFUL_BELOW:
                found.append((start, at))
        return tuple(found)

    def time_at(self, cursor: int) -> float | None:
        """Return when the word begins that is at a place of the text, None where nobody knows."""
        at, time_s = 0, None
        for word in self.words:
            text = word.text.strip()
            start = self.text.find(text, at) if text else -1
            if start < 0:
                continue
            if start > cursor:
                break
            at, time_s = start + len(text), word.start_s
        return time_s

    @property
    def end_s(self) -> float:
        """When it ends, in seconds from the start of the video."""
        return self.start_s + self.duration_s


def segment_of(row: Mapping[str, Any]) -> DatasetSegment:
    """Return the segment that stands in a row."""
    text = row.get("text")
    media_id, speaker, language = row.get("media_id"), row.get("speaker"), row.get("language")
    return DatasetSegment(
        id=row[ID_FIELD],
        media_id=media_id if is_id(media_id) else None,
        start_s=start_of(row),
        duration_s=max(0.0, _number(row.get("duration"))),
        text=text if isinstance(text, str) else "",
        speaker=speaker if is_id(speaker) else None,
        language=language if isinstance(language, str) else None,
        words=timed_words(row),
        edited=row.get("edited") is True,
    )


def start_of(row: Mapping[str, Any]) -> float:
    """Return when the segment of a row begins, in seconds."""
    return _number(row.get("start"))


def timed_words(row: Mapping[str, Any]) -> tuple[DatasetWord, ...]:
    """Return the words of a row that have a time."""
    alignment = row.get("alignment")
    found = alignment.get("word") if isinstance(alignment, dict) else None
    if not isinstance(found, list):
        return ()
    return tuple(word for word in map(_word, found) if word is not None)


def _word(value: object) -> DatasetWord | None:
    if not isinstance(value, list) or len(value) < 3 or not isinstance(value[0], str):  # text, start, duration
        return None
    probability = value[3] if len(value) > 3 else None
    return DatasetWord(
        text=value[0],
        start_s=_number(value[1]),
        duration_s=max(0.0, _number(value[2])),
        probability=_number(probability) if _is_number(probability) else None,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _number(value: object) -> float:
    return float(value) if _is_number(value) else 0.0  # type: ignore[arg-type]  # _is_number has seen to it


def exact_time_text(seconds: float) -> str:
    """Return a time to a thousandth of a second, as it can be typed: 0:12.500, 1:02:03.400."""
    thousandths = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    second = f"{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{hours}:{minutes:02d}:{second}" if hours else f"{minutes}:{second}"


TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d*)?)")


def seconds_of(text: str) -> float | None:
    """Return the seconds of a time as people type it, such as 62.5, 1:02,5 or 0:01:02.500; None if it is none."""
    found = TIME.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def time_text(seconds: float) -> str:
    """Return a time as people read it: 0:12.5, 1:02:03.4."""
    tenths = round(max(0.0, seconds) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    second = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{second}" if hours else f"{minutes}:{second}"
