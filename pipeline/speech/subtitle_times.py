"""The lines with times of SubRip and WebVTT files: found, read and written alike. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

UNSEEN_ONE = r"[\s\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""A space, or a mark of the direction of writing, which some editors put at the begin of every line."""
UNSEEN = f"{UNSEEN_ONE}*"
_TIME = r"(?:(\d+)\s*:\s*)?(\d{1,2})\s*:\s*(\d{1,2})(?:\s*[.,]\s*(\d{1,9}))?"
_ARROW = r"((?:[-–—]\s?){0,2}>)"
_TIMES = re.compile(rf"{UNSEEN}{_TIME}\s*{_ARROW}\s*{_TIME}(?={UNSEEN_ONE}|$)(.*)")
_USUAL = {
    form: re.compile(rf"{time}\s+-->\s+{time}(?:\s.*)?")
    for form, time in (("srt", r"\d{2,}:[0-5]\d:[0-5]\d,\d{3}"), ("vtt", r"(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}"))
}
"""How each form asks for its times."""
_LIKE_TIMES = re.compile(r"\s*-?\d+:[\d:.,]*\s*[-–—=]+\s*>|\s*-?\d+[:.,]\d.*-->|.*-->\s*-?\d+[:.,]\d")
_VTT_NOTE = re.compile(r"NOTE(?=\s|$)")


class SubtitleForm(Enum):
    """The form of a subtitle file."""

    SRT = "srt"
    VTT = "vtt"


@dataclass(frozen=True, kw_only=True)
class TimeLine:
    """A line with times, counted from 1, in milliseconds; `rest` is what stands after them.

    `usual` is whether they are written as the form asks for.
    """

    number: int
    start_ms: int
    end_ms: int
    rest: str
    usual: bool

    @property
    def has_length(self) -> bool:
        """Whether the caption ends after it begins."""
        return self.end_ms > self.start_ms

    def written(self, point: str) -> str:
        """Return the line as both forms have it, with `point` before the milliseconds; the end lies after the begin."""
        end_ms = max(self.end_ms, self.start_ms + 1)
        return f"{_clock(self.start_ms, point)} --> {_clock(end_ms, point)}{self.rest}"


def time_lines(lines: Sequence[str], form: SubtitleForm) -> Iterator[TimeLine]:
    """Yield the lines with times. Raises ValueError for one that is meant as such but is not valid."""
    for number, line in enumerate(lines, start=1):
        if ">" not in line or (form is SubtitleForm.VTT and _VTT_NOTE.match(line)):
            continue
        found = _TIMES.match(line)
        if found is None or not _is_meant(found.groups()):
            if _LIKE_TIMES.match(line) or (form is SubtitleForm.VTT and "-->" in line):
                example = "00:00:01,000 --> 00:00:02,500"
                raise ValueError(f"line {number} has no times of a caption ({short(line)}); write it as {example}")
            continue
        parts = found.groups()
        yield TimeLine(
            number=number,
            start_ms=milliseconds(parts[:4]),
            end_ms=milliseconds(parts[5:9]),
            rest=parts[9],
            usual=_USUAL[form.value].fullmatch(line.rstrip()) is not None,
        )


def _is_meant(parts: Sequence[str | None]) -> bool:
    """Whether two times are those of a caption: with a poor arrow, `10:30 -> 11:45` may be what a caption says."""
    return parts[4] == "-->" or all(hours or fraction for hours, fraction in (parts[:4:3], parts[5:9:3]))


def with_times(lines: Sequence[str], times: Sequence[TimeLine], point: str) -> list[str]:
    """Return the lines with all times written alike, as the libraries know them."""
    written = list(lines)
    for line in times:
        written[line.number - 1] = line.written(point)
    return written


def milliseconds(parts: Sequence[str | None]) -> int:
    """Return a time of hours (or none), minutes, seconds and a decimal fraction of a second (or none)."""
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole * 1000 + int((fraction or "0")[:3].ljust(3, "0"))


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}{point}{rest:03d}"


def short(line: str) -> str:
    """Return the beginning of a line for a message."""
    text = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
