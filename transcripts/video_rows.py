"""A video's transcript as rows of a dataset, and back. Pure: knows neither files nor documents.

A segment's row has the fields of Lhotse's SupervisionSegment and what the program knows besides (docs/transcripts.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from pipeline import codec
from pipeline.errors import CodecError
from pipeline.speech.corrections import with_corrections
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Segment, Transcript, TranscriptOrigin, Word
from pipeline.speech.word_segmenter import is_unspaced
from transcripts.errors import InvalidRowError
from transcripts.rows import Id, Row

UNKNOWN_GENERATOR = "unknown"
"""Of a segment whose transcript does not say what it was made by."""


def segment_rows(transcript: Transcript, media_id: Id) -> list[Row]:
    """Return a row for each segment of a video, without ids: times in seconds to a millisecond."""
    origin = transcript.origin
    generator = UNKNOWN_GENERATOR if origin is None else origin.model
    return [_segment_row(segment, transcript, media_id, generator) for segment in transcript.segments]


def _segment_row(segment: Segment, transcript: Transcript, media_id: Id, generator: str) -> Row:
    row: Row = {
        "media_id": media_id,
        "start": _ms(segment.start_s),
        "duration": _ms(segment.end_s - segment.start_s),
        "channel": 0,
        "text": " ".join(segment.text.split()),
        "language": segment.language or transcript.language,
        "speaker": None,
    }
    if segment.words:
        row["alignment"] = {"word": [_word_list(word) for word in segment.words if word.text.strip()]}
    numbers = {
        "avg_logprob": segment.mean_log_probability,
        "no_speech_prob": segment.no_speech_probability,
        "compression_ratio": segment.compression_ratio,
    }
    row |= {name: round(number, 4) for name, number in numbers.items() if number is not None}
    return row | {"edited": segment.edited, "generator": generator}


def _word_list(word: Word) -> list[object]:
    probability = None if word.probability is None else round(word.probability, 4)
    return [word.text.strip(), _ms(word.start_s), _ms(word.end_s - word.start_s), probability]


def transcript_from(media: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> Transcript:
    """Return a video's rows as a transcript, in order of time; words of a text that was changed get new times.

    Raises InvalidRowError for a segment without times.
    """
    made = sorted((_segment(row) for row in segments), key=lambda one: (one.start_s, one.end_s))
    end_s = max((segment.end_s for segment in made), default=0.0)
    language = media.get("language") or _commonest(segment.language for segment in made)
    return Transcript(
        language=language if isinstance(language, str) else None,
        language_probability=_number_or(media.get("language_probability"), 1.0),
        duration_s=max(_number_or(media.get("duration"), 0.0), end_s),
        segments=tuple(made),
        origin=_origin(media.get("origin")),
    )


def number_in(row: Mapping[str, Any], name: str) -> float:
    """Return a segment's time in seconds. Raises InvalidRowError where it has none."""
    value = row.get(name)
    if not _is_number(value) or not 0 <= value < float("inf"):
        raise InvalidRowError(
            f"The segment {row.get('id')!r} has no {name} that is a number of seconds ({value!r}): correct it."
        )
    return float(value)


def segment_text(row: Mapping[str, Any]) -> str:
    """Return a segment's text on one line."""
    text = row.get("text")
    return " ".join(text.split()) if isinstance(text, str) else ""


def segment_words(row: Mapping[str, Any]) -> tuple[Word, ...]:
    """Return a segment's words as its row has them; none where they have no times that can be read."""
    alignment = row.get("alignment")
    listed = alignment.get("word") if isinstance(alignment, dict) else None
    words = [_word(one) for one in listed] if isinstance(listed, list) else []
    return tuple(word for word in words if word is not None) if None not in words else ()


def _word(listed: object) -> Word | None:
    if not isinstance(listed, list) or len(listed) < 3 or not isinstance(listed[0], str):
        return None
    start, duration = listed[1:3]
    if not _is_number(start) or not _is_number(duration):
        return None
    probability = listed[3] if len(listed) > 3 and _is_number(listed[3]) else None
    return Word(start_s=start, end_s=_ms(start + duration), text=listed[0], probability=probability)


def _segment(row: Mapping[str, Any]) -> Segment:
    start_s = number_in(row, "start")
    language = row.get("language")
    segment = Segment(
        start_s=start_s,
        end_s=_ms(start_s + number_in(row, "duration")),
        text=segment_text(row),
        words=segment_words(row),
        language=language if isinstance(language, str) else None,
        mean_log_probability=_number_or(row.get("avg_logprob"), None),
        no_speech_probability=_number_or(row.get("no_speech_prob"), None),
        compression_ratio=_number_or(row.get("compression_ratio"), None),
        edited=row.get("edited") is True,
    )
    return with_words_of_text(segment)


def with_words_of_text(segment: Segment) -> Segment:
    """Return a segment whose words are those of its text: with the spaces before them, and with times for new ones."""
    if not segment.words:
        return segment
    words = tuple(_spaced(segment))
    if "".join(word.text for word in words).strip() == segment.text:
        return replace(segment, words=words)
    cue = Cue(start_s=segment.start_s, end_s=segment.end_s, text=segment.text)
    alone = Transcript(
        language=segment.language,
        language_probability=1.0,
        duration_s=segment.end_s,
        segments=(replace(segment, words=tuple(_all_spaced(segment.words))),),
    )
    corrected = with_corrections(alone, [cue]).segments
    return replace(segment, words=tuple(word for one in corrected for word in one.words))


def _spaced(segment: Segment) -> Iterator[Word]:
    """Yield words with a space before them where the text has one; the first has one unless its script has none."""
    at = 0
    for word in segment.words:
        found = segment.text.find(word.text, at)
        first = found == 0 and not is_unspaced(word.text[:1])
        space = " " if first or (found > 0 and segment.text[at:found] == " ") else ""
        at = found + len(word.text) if found >= 0 else at
        yield Word(start_s=word.start_s, end_s=word.end_s, text=space + word.text, probability=word.probability)


def _all_spaced(words: Sequence[Word]) -> Iterator[Word]:
    for word in words:
        yield Word(start_s=word.start_s, end_s=word.end_s, text=f" {word.text}", probability=word.probability)


def _origin(value: object) -> TranscriptOrigin | None:
    if not isinstance(value, dict):
        return None
    try:
        return codec.from_json(TranscriptOrigin, value, "origin")
    except CodecError:
        return None


def _commonest(languages: Iterator[str | None]) -> str | None:
    known = [language for language in languages if language]
    return max(known, key=known.count) if known else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _number_or(value: object, default: Any) -> Any:  # noqa: ANN401  # a number, or what the caller gives
    return value if _is_number(value) else default


def _ms(seconds: float) -> float:
    return round(seconds, 3)
