"""Reads captions to check or to shape: SubRip, WebVTT and transcript.json, from anywhere; finds them in folders.

Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.caption_files import SUFFIXES, language_in_name
from pipeline.errors import CodecError, SubtitleFileError
from pipeline.files import read_file
from pipeline.media.stream_layout import CHAPTERS_VTT, PLAYLIST, SPRITE_MAP, TRANSCRIPT_JSON
from pipeline.speech.cues import Cue
from pipeline.speech.phrase_breaks import DASHES
from pipeline.speech.subtitle_files import read_subtitles, with_lengths
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.transcript_file import transcript_from_json
from pipeline.speech.word_segmenter import is_unspaced

LARGEST_BYTES = 512 << 20
"""A day of words in transcript.json has about 100 MB."""


@dataclass(frozen=True, kw_only=True)
class StoredCaptions:
    """What a file holds.

    Attributes:
        path: of it.
        cues: in the order of their begins, as they are written: some may have no text or no length.
        language: of them.
        transcript: the transcript, with the words' times; of a subtitle file a segment for each cue.
        has_words: whether it is more than what the cues tell.
    """

    path: Path
    cues: tuple[Cue, ...]
    language: str
    transcript: Transcript
    has_words: bool


def caption_paths(folder: Path) -> Iterator[Path]:
    """Yield the subtitle files in a folder and below it, in order: not the segments of streams, nor thumbnails and
    chapters, nor what is hidden.
    """
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if not (path / PLAYLIST).is_file():
                yield from caption_paths(path)
        elif path.suffix.lower() in SUFFIXES and path.name not in (SPRITE_MAP, CHAPTERS_VTT):
            yield path


def read_stored_captions(path: Path, *, language: str | None = None, default_language: str = "en") -> StoredCaptions:
    """Return what a file holds. `language` is what the caller knows; else the file, its name or the transcript.json
    beside it tells, or it is the default.

    Raises SubtitleFileError with a sentence.
    """
    if path.suffix.lower() == ".json":
        transcript, cues = _read_transcript(path)
        known = language or transcript.language or default_language
        heard = replace(transcript, language=known)
        return StoredCaptions(path=path, cues=tuple(cues), language=known, transcript=heard, has_words=True)
    known = language or language_in_name(path) or _language_beside(path) or default_language
    found = read_subtitles(path, language=known, as_written=True)
    transcript = transcript_by_speaker(with_lengths(found.cues), known)
    return StoredCaptions(path=path, cues=found.cues, language=known, transcript=transcript, has_words=False)


def transcript_by_speaker(cues: Sequence[Cue], language: str | None) -> Transcript:
    """Return cues as a transcript: a segment each, or one for each of two speakers, who share its time by length."""
    end_s = max((cue.end_s for cue in cues), default=0.0)
    segments = tuple(segment for cue in cues for segment in _segments(cue))
    return Transcript(language=language, language_probability=1.0, duration_s=end_s, segments=segments)


def _segments(cue: Cue) -> Iterator[Segment]:
    parts: list[str] = []
    for line in (line.strip() for line in cue.text.split("\n") if line.strip()):
        if not parts or line.startswith(DASHES):
            parts.append(line)
        else:  # in a script without spaces there is none between lines
            parts[-1] += line if is_unspaced(parts[-1][-1] + line[0]) else f" {line}"
    start_s, length = cue.start_s, sum(len(part) for part in parts)
    for part in parts:
        end_s = start_s + (cue.end_s - cue.start_s) * len(part) / length
        yield Segment(start_s=start_s, end_s=end_s, text=part)
        start_s = end_s


def _read_transcript(path: Path) -> tuple[Transcript, list[Cue]]:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise SubtitleFileError(
                f"{path} is too large for a transcript: choose a transcript.json, SRT or WebVTT file."
            )
        return transcript_from_json(read_file(path).decode("utf-8"))
    except OSError as error:
        reason = error.strerror or "it can't be opened"
        raise SubtitleFileError(f"The transcript {path} can't be read ({reason}): check the file.") from error
    except (CodecError, ValueError, RecursionError) as error:
        text = f"{path} is not a transcript of this program: choose a transcript.json, SRT or WebVTT file."
        raise SubtitleFileError(text) from error


def _language_beside(path: Path) -> str | None:
    """Return the language of the transcript in the same folder, where that has one of this program's."""
    beside = path.with_name(TRANSCRIPT_JSON)
    try:
        return _read_transcript(beside)[0].language if beside.is_file() else None
    except SubtitleFileError:
        return None
