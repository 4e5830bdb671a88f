"""Chapters: reading the forms in which people have them, and writing those that players read. Pure; opens no file.

Times of the source's own chapters, and of a file of chapters, are seconds from the stream's first moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.media.source.language_tags import UNKNOWN_LANGUAGE
from pipeline.media_info import Chapter
from pipeline.speech.cues import Cue
from pipeline.speech.subtitles import to_vtt

FORMS = "lines such as 0:01:30 Title, WebVTT, ffmpeg's metadata, Matroska's CHAPTER01=0:01:30, or JSON"

_TIME = r"(?:\d+:)?\d+:\d{1,2}(?:[.,]\d+)?"
_LINE = re.compile(rf"[\s*•–-]*[(\[]?({_TIME})[)\]]?(?=\s|$)[\s:|–—-]*(.*)")
_CUE = re.compile(rf"({_TIME})[ \t]+-->")
_SIMPLE = re.compile(r"CHAPTER(\d+)(NAME)?=(.*)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def decode_chapters(data: bytes) -> str:
    """Return the text of a file as editors on any system write it: UTF-8, UTF-16 with its mark, or Windows' own."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def parse_chapters(text: str) -> tuple[Chapter, ...]:
    """Read chapters in any of `FORMS`. Raises ValueError with what is wrong, for the middle of a sentence."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    content = text.strip()
    if content.startswith(";FFMETADATA"):
        found = list(_ffmetadata(lines))
    elif content.startswith("WEBVTT"):
        found = list(_webvtt("\n".join(lines)))
    elif any(_SIMPLE.fullmatch(line.strip()) for line in lines):
        found = list(_simple(lines))
    elif content.startswith(("{", "[")) and not _LINE.match(content.split("\n")[0]):
        found = list(_json(content))
    else:
        found = list(_timed_lines(lines))
    if not found:
        raise ValueError("there are no chapters in it")
    return tuple(found)


def within(chapters: Sequence[Chapter], length_s: float) -> tuple[Chapter, ...]:
    """Return the chapters of a stream of this length in order, each with a name.

    One that began before the stream begins with it; of several that begin together the last is kept.
    """
    starts = {
        max(0.0, chapter.start_s): chapter.title for chapter in sorted(chapters, key=lambda chapter: chapter.start_s)
    }
    kept = [(start_s, " ".join(title.split())) for start_s, title in starts.items() if start_s < length_s]
    return tuple(
        Chapter(start_s=start_s, title=title or f"Chapter {number}")
        for number, (start_s, title) in enumerate(kept, start=1)
    )


def chapters_json(chapters: Sequence[Chapter], length_s: float, language: str | None) -> str:
    """Return the chapters of a stream as Apple's players read them, with the language of their titles.

    Apple's "Providing JavaScript Object Notation (JSON) chapters": an array of objects with start-time and duration in
    seconds.
    """
    content = [
        {
            "chapter": number,
            "start-time": round(chapter.start_s, 3),
            "duration": round(end_s - chapter.start_s, 3),
            "titles": [{"language": language or UNKNOWN_LANGUAGE, "title": chapter.title}],
        }
        for number, (chapter, end_s) in enumerate(_timed(chapters, length_s), start=1)
    ]
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def chapters_vtt(chapters: Sequence[Chapter], length_s: float) -> str:
    """Return the chapters of a stream as a WebVTT file for a track of the kind chapters."""
    return to_vtt(
        [Cue(start_s=chapter.start_s, end_s=end_s, text=chapter.title) for chapter, end_s in _timed(chapters, length_s)]
    )


def as_facts(chapters: Sequence[Chapter]) -> tuple[tuple[float, str], ...]:
    """Return chapters as they are kept in job.json, to see later whether they have changed."""
    return tuple((round(chapter.start_s, 3), chapter.title) for chapter in chapters)


def _timed(chapters: Sequence[Chapter], length_s: float) -> Iterator[tuple[Chapter, float]]:
    """Yield each chapter with its end: where the next one begins."""
    ends = [after.start_s for _, after in pairwise(chapters)]
    yield from zip(chapters, [*ends, length_s], strict=True) if chapters else ()


def _ffmetadata(lines: Sequence[str]) -> Iterator[Chapter]:
    """Read ffmpeg's metadata: sections, comments, a backslash before =;#, itself and a line end.

    https://ffmpeg.org/ffmpeg-formats.html#Metadata-2
    """
    section = None
    values: dict[str, str] = {}
    for line in [*re.sub(r"(?<!\\)((?:\\\\)*)\\\n", r"\1 ", "\n".join(lines)).split("\n"), "[]"]:
        if line.startswith("["):
            if section == "[CHAPTER]":
                yield _ffmetadata_chapter(values)
            section, values = line.strip().upper(), {}
        elif line and line[0] not in ";#":
            key, _, value = line.partition("=")
            values[key.strip().upper()] = _ESCAPED.sub(r"\1", value)


def _ffmetadata_chapter(values: dict[str, str]) -> Chapter:
    try:
        above, _, below = values.get("TIMEBASE", "1/1000000000").partition("/")
        start_s = int(values["START"]) * int(above) / int(below or 1)
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"the chapter {values.get('TITLE', '')!r} has no START that can be read") from error
    return Chapter(start_s=start_s, title=values.get("TITLE", ""))


def _webvtt(text: str) -> Iterator[Chapter]:
    for block in re.split(r"\n{2,}", text):
        lines = block.strip("\n").split("\n")
        at = next((number for number, line in enumerate(lines) if "-->" in line), None)
        if at is None:
            continue
        found = _CUE.match(lines[at].strip())
        if found is None:
            raise ValueError(f"the line {lines[at]!r} is not a cue's time")
        title = re.sub(r"<[^>]*>", "", " ".join(lines[at + 1 :]))
        yield Chapter(
            start_s=_seconds(found[1]), title=title.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        )


def _simple(lines: Sequence[str]) -> Iterator[Chapter]:
    """mkvtoolnix' simple chapter format (mkvmerge's documentation): CHAPTER01=00:00:00.000 and CHAPTER01NAME=Title."""
    starts: dict[str, float] = {}
    names: dict[str, str] = {}
    for line in lines:
        found = _SIMPLE.fullmatch(line.strip())
        if found is None:
            continue
        if found[2]:
            names[found[1]] = found[3]
        elif re.fullmatch(_TIME, found[3].strip()):
            starts[found[1]] = _seconds(found[3].strip())
        else:
            raise ValueError(f"the line {line!r} has no time such as 00:01:30.000")
    for number, start_s in starts.items():
        yield Chapter(start_s=start_s, title=names.get(number, ""))


def _json(text: str) -> Iterator[Chapter]:
    """Apple's form, and that of podcasts (https://github.com/Podcastindex-org/podcast-namespace, jsonChapters)."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError("it begins like JSON but is not valid JSON") from error
    entries = content.get("chapters", []) if isinstance(content, dict) else content
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        start_s = entry.get("start-time", entry.get("startTime")) if isinstance(entry, dict) else None
        if isinstance(start_s, bool) or not isinstance(start_s, int | float):
            raise ValueError(f"its chapter {number} has no start-time")
        titles = entry.get("titles")
        named = titles[0] if isinstance(titles, list) and titles and isinstance(titles[0], dict) else entry
        yield Chapter(start_s=float(start_s), title=str(named.get("title") or ""))


def _timed_lines(lines: Sequence[str]) -> Iterator[Chapter]:
    """Lines as in a YouTube description; before the first chapter and after the last there is other text."""
    found = [_LINE.fullmatch(line.rstrip()) for line in lines]
    timed = [number for number, match in enumerate(found) if match]
    for number in range(timed[0], timed[-1] + 1) if timed else ():
        match = found[number]
        if match is not None:
            yield Chapter(start_s=_seconds(match[1]), title=match[2])
        elif lines[number].strip():
            raise ValueError(f"line {number + 1} ({lines[number].strip()!r}) has no time before its title")


def _seconds(time: str) -> float:
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
