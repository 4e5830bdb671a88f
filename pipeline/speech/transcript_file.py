"""transcript.json: the transcript and the cues made of it, as the versioned data that the file holds.

Owns the file's names and schema, which docs/captions.md and docs/transcript.schema.json describe; knows neither folders
nor how cues are made. The names are those of OpenAI's Whisper where that has one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import codec
from pipeline.errors import CodecError
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Correction, Segment, Transcript, TranscriptOrigin, Word

SCHEMA = 2
"""1 had neither this number, nor how sure Whisper was, nor what the transcript was made by."""
NAME = "transcript.json"
"""What a message calls the file."""


@dataclass(frozen=True, kw_only=True)
class FileWord:
    """A word, times in seconds."""

    start: float
    end: float
    word: str
    probability: float | None = None


@dataclass(frozen=True, kw_only=True)
class FileCorrection:
    """A name that was put right by the editor's list, its time in seconds."""

    start: float
    heard: str
    written: str


@dataclass(frozen=True, kw_only=True)
class FileSegment:
    """A segment, times in seconds; of older schemas the numbers are None."""

    start: float
    end: float
    text: str
    language: str | None = None
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    compression_ratio: float | None = None
    words: tuple[FileWord, ...] = ()
    edited: bool = False
    corrections: tuple[FileCorrection, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FileCue:
    """A cue, times in seconds; `formatted` and `settings` are WebVTT's."""

    start: float
    end: float
    text: str
    formatted: str = ""
    settings: str = ""


@dataclass(frozen=True, kw_only=True)
class TranscriptFile:
    """The whole file. `text` is that of all segments, for programs that look no further."""

    schema: int = 1
    language: str | None
    language_probability: float
    duration: float
    origin: TranscriptOrigin | None = None
    text: str
    segments: tuple[FileSegment, ...]
    cues: tuple[FileCue, ...]


def transcript_to_json(transcript: Transcript, cues: Sequence[Cue]) -> str:
    """Return transcript and cues as the text of the file: times to a millisecond, other numbers to four digits."""
    content = TranscriptFile(
        schema=SCHEMA,
        language=transcript.language,
        language_probability=round(transcript.language_probability, 4),
        duration=_time(transcript.duration_s),
        origin=transcript.origin,
        text=" ".join(" ".join(segment.text.split()) for segment in transcript.segments),
        segments=tuple(_file_segment(segment) for segment in transcript.segments),
        cues=tuple(
            FileCue(
                start=_time(cue.start_s),
                end=_time(cue.end_s),
                text=cue.text,
                formatted=cue.formatted,
                settings=cue.settings,
            )
            for cue in cues
        ),
    )
    data = codec.to_json(content)
    data["cues"] = [codec.to_json(cue, without_defaults=True) for cue in content.cues]
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def transcript_from_json(text: str) -> tuple[Transcript, list[Cue]]:
    """Read the file of any schema up to this one.

    Raises CodecError, with a sentence that names what is unknown, missing or wrong.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"{NAME} is not JSON.") from error
    schema = data.get("schema", 1) if isinstance(data, dict) else 1
    if type(schema) is int and schema > SCHEMA:
        raise CodecError(f"{NAME} has schema {schema}, and this version of HLS Converter reads up to {SCHEMA}.")
    content = codec.from_json(TranscriptFile, data, NAME)
    if content.schema < 1:
        raise CodecError(f"{NAME}: schema must be 1 or {SCHEMA}, not {content.schema}.")
    transcript = Transcript(
        language=content.language,
        language_probability=content.language_probability,
        duration_s=content.duration,
        segments=tuple(_segment(segment) for segment in content.segments),
        origin=content.origin,
    )
    return transcript, [
        Cue(start_s=cue.start, end_s=cue.end, text=cue.text, formatted=cue.formatted, settings=cue.settings)
        for cue in content.cues
    ]


def _file_segment(segment: Segment) -> FileSegment:
    return FileSegment(
        start=_time(segment.start_s),
        end=_time(segment.end_s),
        text=segment.text.strip(),
        language=segment.language,
        avg_logprob=_number(segment.mean_log_probability),
        no_speech_prob=_number(segment.no_speech_probability),
        compression_ratio=_number(segment.compression_ratio),
        words=tuple(
            FileWord(
                start=_time(word.start_s),
                end=_time(word.end_s),
                word=word.text,
                probability=_number(word.probability),
            )
            for word in segment.words
        ),
        edited=segment.edited,
        corrections=tuple(
            FileCorrection(start=_time(one.start_s), heard=one.heard, written=one.written)
            for one in segment.corrections
        ),
    )


def _segment(segment: FileSegment) -> Segment:
    return Segment(
        start_s=segment.start,
        end_s=segment.end,
        text=segment.text,
        words=tuple(
            Word(start_s=word.start, end_s=word.end, text=word.word, probability=word.probability)
            for word in segment.words
        ),
        language=segment.language,
        mean_log_probability=segment.avg_logprob,
        no_speech_probability=segment.no_speech_prob,
        compression_ratio=segment.compression_ratio,
        edited=segment.edited,
        corrections=tuple(
            Correction(start_s=one.start, heard=one.heard, written=one.written) for one in segment.corrections
        ),
    )


def _time(seconds: float) -> float:
    return round(seconds, 3)


def _number(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
