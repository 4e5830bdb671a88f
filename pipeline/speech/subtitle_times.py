"""The lines with times of SubRip and WebVTT files: found, read and written alike. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?=\s|$)(.*)")
_LIKE_TIMES = re.compile(r"\s*-?\d[\d:.,]*\s*[-–—=]*\s*>|\s*-?\d+[:.,]\d.*-->|.*-->\s*-?\d+[:.,]\d")
_VTT_NOTE = re.compile(r"NOTE(?=\s|$)")


class SubtitleForm(Enum):
    """The form of a subtitle file."""

    SRT = "srt"
    VTT = "vtt"


@dataclass(frozen=True, kw_only=True)
class TimeLine:
    """A line with times, counted from 1, in milliseconds; `rest` is what stands after them."""

    number: int
    start_ms: int
    end_ms: int
    rest: str

    def written(self, point: str) -> str:
        """Return the line as both forms have it, with `point` before the milliseconds."""
        return f"{_clock(self.start_ms, point)} --> {_clock(self.end_ms, point)}{self.rest}"


def time_lines(lines: Sequence[str], form: SubtitleForm) -> Iterator[TimeLine]:
    """Yield the lines with times. Raises ValueError for one that is meant as such and is none."""
    for number, line in enumerate(lines, start=1):
        if ">" not in line or (form is SubtitleForm.VTT and _VTT_NOTE.match(line)):
            continue
        found = _TIMES.match(line)
        if found is None:
            if _LIKE_TIMES.match(line) or (form is SubtitleForm.VTT and "-->" in line):
                raise ValueError(f"line {number} has no times of a caption ({short(line)})")
            continue
        parts = found.groups()
        start_ms, end_ms = milliseconds(parts[:4]), milliseconds(parts[4:8])
        if end_ms <= start_ms:
            wrong = "ends before it begins" if end_ms < start_ms else "ends when it begins"
            raise ValueError(f"the caption at line {number} {wrong} ({short(line)})")
        yield TimeLine(number=number, start_ms=start_ms, end_ms=end_ms, rest=parts[8])


def with_times(lines: Sequence[str], times: Sequence[TimeLine], point: str) -> str:
    """Return the text with all times written alike, as the libraries know them."""
    written = list(lines)
    for line in times:
        written[line.number - 1] = line.written(point)
    return "\n".join(written)


def milliseconds(parts: Sequence[str | None]) -> int:
    """Return a time of hours (or none), minutes, seconds and a decimal fraction of a second."""
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}{point}{rest:03d}"


def short(line: str) -> str:
    """Return the beginning of a line for a message."""
    text = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
