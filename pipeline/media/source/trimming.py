"""A part of a source in place of the whole: what an editor typed, and what the source then is. Pure.

The part's beginning becomes the source's first moment, from which all times count, so that video, audio, captions and
chapters follow by themselves.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.job import Trim
from pipeline.media_info import AudioStream, Chapter, MediaInfo, VideoStream

S = TypeVar("S", VideoStream, AudioStream)

SHORTEST_S = 0.1
"""A shorter part is not accepted as a video."""

NEAR_END_S = 1.0
"""How much too late an end may be to mean the source's end: players show whole seconds, rounded up."""

EXAMPLES = "such as 0:01:30-0:12:00, 90- (to the end) or -12:00 (from the beginning)"

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)", re.ASCII)


def parse_trim(text: str) -> Trim:
    """Return what `IN-OUT` asks for; either may be left out. Raises ValueError with a sentence."""
    begin, dash, end = text.replace("–", "-").strip().partition("-")
    if not dash or not (begin.strip() or end.strip()):
        raise ValueError(f"A part of the video is given by its beginning and its end, {EXAMPLES}, not by {text!r}.")
    return trim_between(begin, end)


def trim_between(begin: str, end: str) -> Trim:
    """Return the part between two times as they are typed; an empty one is the source's own.

    Raises ValueError with a sentence.
    """
    start_s = typed_seconds(begin) if begin.strip() else 0.0
    end_s = typed_seconds(end) if end.strip() else None
    if end_s is not None and end_s - start_s < SHORTEST_S:
        raise ValueError(
            f"The part of the video from {begin.strip() or '0'} to {end.strip()} is empty: "
            "its end must come after its beginning."
        )
    return Trim(start_s=start_s, end_s=end_s)


def typed_seconds(text: str) -> float:
    """Return a time that was typed, such as `1:30.5`, in seconds. Raises ValueError with a sentence."""
    found = _TIME.fullmatch(text.strip())
    hours, minutes, seconds = (None, None, "") if found is None else found.groups()
    # only the largest unit that is written may have any number
    too_many = (hours is not None and int(minutes or 0) >= 60) or (
        minutes is not None and float(seconds.replace(",", ".")) >= 60
    )
    if found is None or too_many:
        raise ValueError(f"{text.strip()!r} is not a time: write 0:01:30, 1:30.5 or 90 (seconds).")
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds.replace(",", "."))


def trimmed(media: MediaInfo, trim: Trim) -> MediaInfo:
    """Return a source as if it had nothing but this part. Raises SettingsError where that lies beyond its end."""
    length_s = media.readable_s if media.duration_s is None else media.duration_s
    if length_s is not None and trim.start_s > length_s - SHORTEST_S:
        text = f"{media.path.name} lasts {length_s:.1f} s, so nothing of it lies after {trim.start_s:g} s"
        raise SettingsError(Problem(text=f"{text}: choose an earlier part.", setting=Setting.TRIM))
    if length_s is not None and trim.end_s is not None and trim.end_s > length_s + NEAR_END_S:
        text = f"{media.path.name} lasts {length_s:.1f} s, so no part of it can end at {trim.end_s:g} s"
        raise SettingsError(Problem(text=f"{text}: choose an earlier end.", setting=Setting.TRIM))
    limit_s = None
    if trim.end_s is not None and (length_s is None or trim.end_s < length_s):
        limit_s = trim.end_s - trim.start_s
    return replace(
        media,
        start_s=media.start_s + trim.start_s,
        left_out_s=trim.start_s,
        limit_s=limit_s,
        duration_s=_moved(media.duration_s, trim, limit_s),
        readable_s=_moved(media.readable_s, trim, limit_s),
        video=None if media.video is None else _stream(media.video, trim, limit_s),
        audio=tuple(_stream(stream, trim, limit_s) for stream in media.audio),
        chapters=trimmed_chapters(media.chapters, trim),
    )


def trimmed_chapters(chapters: tuple[Chapter, ...], trim: Trim) -> tuple[Chapter, ...]:
    """Return the chapters of a part, counted from its beginning."""
    return tuple(
        replace(chapter, start_s=chapter.start_s - trim.start_s)
        for chapter in chapters
        if trim.end_s is None or chapter.start_s < trim.end_s
    )


def trim_text(trim: Trim) -> str:
    """Return a part in words, such as `from 0:01:30 to 0:12:00`."""
    return f"from {_clock(trim.start_s)} to {'the end' if trim.end_s is None else _clock(trim.end_s)}"


def _clock(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    fraction = f".{milliseconds:03}".rstrip("0").rstrip(".")
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}{fraction}"


def poster_in_part(poster_s: float | None, trim: Trim | None, media: MediaInfo) -> float | None:
    """Return the poster's time counted from the part's beginning, None for none.

    `media` is the source as `trimmed` returns it. Raises SettingsError where the part does not have that time.
    """
    if poster_s is None or media.video is None:
        return None
    begin_s = 0.0 if trim is None else trim.start_s
    length_s = media.readable_s if media.duration_s is None else media.duration_s
    if poster_s < begin_s or (length_s is not None and poster_s > begin_s + length_s + NEAR_END_S):
        part = "the video" if trim is None else f"the part {trim_text(trim)}"
        text = f"The poster at {_clock(poster_s)} is not in {part} of {media.path.name}"
        raise SettingsError(Problem(text=f"{text}: choose another time.", setting=Setting.POSTER))
    return poster_s - begin_s


def _stream(stream: S, trim: Trim, limit_s: float | None) -> S:
    start_s = stream.start_s - trim.start_s
    end_s = None if stream.duration_s is None else _moved(stream.start_s + stream.duration_s, trim, limit_s)
    return replace(stream, start_s=start_s, duration_s=None if end_s is None else max(0.0, end_s - start_s))


def _moved(end_s: float | None, trim: Trim, limit_s: float | None) -> float | None:
    if end_s is None:
        return None
    moved_s = max(0.0, end_s - trim.start_s)
    return moved_s if limit_s is None else min(moved_s, limit_s)
