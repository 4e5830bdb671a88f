"""What a person does to segments of a transcript: correct, part, join, move in time, name the speaker.

Each is one step of a document. Words keep their times wherever that can be: `words_of_text` is pure, and so are the
other functions that return rows.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.speech.transcript import Segment, Word
from pipeline.speech.word_segmenter import is_unspaced
from transcripts.document import Document
from transcripts.errors import DocumentError, UnknownRowError
from transcripts.rows import Id, Row, is_id
from transcripts.schema import ID_FIELD
from transcripts.video_rows import segment_words, with_words_of_text

SEGMENTS, SPEAKERS = "segments", "speakers"

WordList = list[list[object]]
"""Words as `alignment.word` of a row has them: text, start and duration in seconds, probability or None."""


class SegmentEditError(DocumentError):
    """A segment can't be parted, joined or moved as asked."""


def words_of_text(words: Sequence[Word], text: str) -> tuple[Word, ...]:
    """Return the words of a corrected text: what stayed keeps its time, what is new gets one between its neighbours.

    Compared with difflib. A word that is new between two others without a pause takes a part of the one before it, or
    else after it, by length. Nobody knows the probability of a new word. Without `words` there are no times to keep.
    """
    if not words:
        return ()
    segment = Segment(start_s=words[0].start_s, end_s=words[-1].end_s, text=" ".join(text.split()), words=tuple(words))
    heard = {(word.text.strip(), word.start_s, word.end_s) for word in words}
    return _with_room(with_words_of_text(segment).words if segment.text else (), heard)


def _with_room(words: Sequence[Word], heard: Container[tuple[str, float, float]]) -> tuple[Word, ...]:
    """Return words of which no new one is without any time where a neighbour has some to give."""
    made: list[Word] = []
    run: list[Word] = []
    crowded = False
    for word in words:
        timeless = word.end_s <= word.start_s and (word.text.strip(), word.start_s, word.end_s) not in heard
        if not timeless and run and not (crowded and _span_s(run) <= 0):
            made += _shared(run) if crowded else run
            run, crowded = [], False
        run.append(word)
        crowded = crowded or timeless
    return (*made, *(_shared(run) if crowded else run))


def _span_s(run: Sequence[Word]) -> float:
    return max(one.end_s for one in run) - min(one.start_s for one in run)


def _shared(run: Sequence[Word]) -> Iterable[Word]:
    """Yield words of which one has a time, each with its part of that by length."""
    if len(run) < 2:
        yield from run
        return
    start_s, end_s = min(one.start_s for one in run), max(one.end_s for one in run)
    lengths = [max(1, len(one.text.strip())) for one in run]
    passed = 0
    for word, length in zip(run, lengths, strict=True):
        first_s = start_s + (end_s - start_s) * passed / sum(lengths)
        passed += length
        last_s = start_s + (end_s - start_s) * passed / sum(lengths)
        yield replace(word, start_s=_ms(first_s), end_s=_ms(last_s))


def corrected(row: Mapping[str, Any], text: str) -> Row:
    """Return the fields of a row that change with its text."""
    fields: Row = {"text": text, "edited": True}
    alignment = row.get("alignment")
    words = segment_words(row)
    if isinstance(alignment, dict) and words:
        fields["alignment"] = {**alignment, "word": _listed(words_of_text(words, text))}
    return fields


def set_text(document: Document, segment_id: Id, text: str) -> bool:
    """Give a segment another text; False if it has that already. Raises DocumentError."""
    row = _row(document, segment_id)
    if row.get("text") == text:
        return False
    document.update(SEGMENTS, segment_id, **corrected(row, text))
    return True


def split(document: Document, segment_id: Id, at: int) -> Id:
    """Part a segment behind so many characters of its text; return the id of the second part. Raises DocumentError."""
    row = _row(document, segment_id)
    first, second = parted(row, at)
    with document.transaction():
        document.update(SEGMENTS, segment_id, **first)
        return document.add(SEGMENTS, second)


def parted(row: Mapping[str, Any], at: int) -> tuple[Row, Row]:
    """Return the changed fields of the first part of a row and the row of the second. Raises SegmentEditError."""
    text = row.get("text") if isinstance(row.get("text"), str) else ""
    left, right = str(text)[:at].rstrip(), str(text)[at:].lstrip()
    if not left or not right:
        raise SegmentEditError("Put the cursor where the text is to be split: there is no text on one side of it.")
    start_s, duration_s = number_or_zero(row.get("start")), number_or_zero(row.get("duration"))
    words = words_of_text(segment_words(row), f"{left} {right}" if not _unspaced(left, right) else left + right)
    count = _words_in(words, left)
    if words and 0 < count < len(words):
        first_end_s, second_start_s = words[count - 1].end_s, words[count].start_s
    else:
        first_end_s = second_start_s = start_s + duration_s * len(left) / (len(left) + len(right))
    end_s = start_s + duration_s
    first: Row = {"text": left, "duration": _ms(max(0.0, first_end_s - start_s)), "edited": True}
    second: Row = {name: value for name, value in row.items() if name != ID_FIELD}
    second |= {"start": _ms(second_start_s), "duration": _ms(max(0.0, end_s - second_start_s)), "text": right}
    second["edited"] = True
    alignment = row.get("alignment")
    if isinstance(alignment, dict):
        kinds = {name: _sides(listed, second_start_s) for name, listed in alignment.items() if name != "word"}
        first["alignment"] = {name: sides[0] for name, sides in kinds.items()}
        second["alignment"] = {name: sides[1] for name, sides in kinds.items()}
        if "word" in alignment:
            first["alignment"]["word"] = _listed(words[:count])
            second["alignment"]["word"] = _listed(words[count:])
    return first, second


def _words_in(words: Sequence[Word], text: str) -> int:
    """Return how many words make the beginning of a text."""
    wanted = len("".join(text.split()))
    passed = 0
    for count, word in enumerate(words):
        if passed >= wanted:
            return count
        passed += len("".join(word.text.split()))
    return len(words)


def _sides(listed: object, at_s: float) -> tuple[object, object]:
    """Return what of an alignment begins before a time and what after it."""
    if not isinstance(listed, list):
        return listed, listed
    before = [one for one in listed if not isinstance(one, list) or len(one) < 2 or number_or_zero(one[1]) < at_s]
    return before, [one for one in listed if one not in before]


def join_segments(document: Document, segment_id: Id, next_id: Id) -> None:
    """Join a segment with the one that follows it. Raises DocumentError."""
    first, second = _row(document, segment_id), _row(document, next_id)
    with document.transaction():
        document.update(SEGMENTS, segment_id, **joined_fields(first, second))
        document.delete(SEGMENTS, next_id)


def joined_fields(first: Mapping[str, Any], second: Mapping[str, Any]) -> Row:
    """Return the fields of a row that change when another is joined to it."""
    texts = [str(row.get("text") or "").strip() for row in (first, second)]
    space = "" if _unspaced(*texts) else " "
    start_s = number_or_zero(first.get("start"))
    end_s = max(number_or_zero(row.get("start")) + number_or_zero(row.get("duration")) for row in (first, second))
    fields: Row = {"text": space.join(text for text in texts if text), "duration": _ms(end_s - start_s), "edited": True}
    if first.get("speaker") is None and second.get("speaker") is not None:
        fields["speaker"] = second["speaker"]
    old, new = first.get("alignment"), second.get("alignment")
    if isinstance(old, dict) and isinstance(new, dict):
        fields["alignment"] = old | {
            name: [*old.get(name, []), *listed]
            for name, listed in new.items()
            if isinstance(listed, list) and isinstance(old.get(name, []), list)
        }
    elif isinstance(old, dict):  # words for a part of the text alone would be taken for those of all of it
        fields["alignment"] = {name: value for name, value in old.items() if name != "word"}
    return fields


def shift(document: Document, segment_ids: Sequence[Id], by_s: float) -> None:
    """Move segments and their words in time. Raises DocumentError."""
    with document.transaction():
        for segment_id in segment_ids:
            document.update(SEGMENTS, segment_id, **moved(_row(document, segment_id), by_s))


def moved(row: Mapping[str, Any], by_s: float) -> Row:
    """Return the fields of a row that change when it is moved in time. Raises SegmentEditError."""
    start_s = _ms(number_or_zero(row.get("start")) + by_s)
    if start_s < 0:
        raise SegmentEditError("A segment would begin before its video does: move it less far.")
    fields: Row = {"start": start_s, "edited": True}
    alignment = row.get("alignment")
    if isinstance(alignment, dict):
        fields["alignment"] = {name: _moved(listed, by_s) for name, listed in alignment.items()}
    return fields


def _moved(listed: object, by_s: float) -> object:
    if not isinstance(listed, list):
        return listed
    return [
        [one[0], max(0.0, _ms(number_or_zero(one[1]) + by_s)), *one[2:]]
        if isinstance(one, list) and len(one) > 1
        else one
        for one in listed
    ]


def set_times(document: Document, segment_id: Id, start_s: float, end_s: float) -> bool:
    """Let a segment begin and end at other times; False if it does so already. Raises DocumentError."""
    row = _row(document, segment_id)
    fields = retimed(row, start_s, end_s)
    if all(row.get(name) == fields[name] for name in ("start", "duration")):
        return False
    document.update(SEGMENTS, segment_id, **fields)
    return True


def retimed(row: Mapping[str, Any], start_s: float, end_s: float) -> Row:
    """Return the fields of a row that change with its times: words keep theirs as far as these are within it.

    Raises SegmentEditError.
    """
    start_s, end_s = _ms(start_s), _ms(end_s)
    if start_s < 0:
        raise SegmentEditError("A segment can't begin before its video does.")
    if end_s <= start_s:
        raise SegmentEditError("A segment has to end after it begins.")
    fields: Row = {"start": start_s, "duration": _ms(end_s - start_s), "edited": True}
    alignment, words = row.get("alignment"), segment_words(row)
    if isinstance(alignment, dict) and words:
        within = [
            replace(one, start_s=min(max(one.start_s, start_s), end_s), end_s=min(max(one.end_s, start_s), end_s))
            for one in words
        ]
        fields["alignment"] = {**alignment, "word": _listed(_with_room(within, ()))}
    return fields


def set_words(
    document: Document, segment_id: Id, aligned: Mapping[str, Any], words: Sequence[Sequence[object]]
) -> None:
    """Give the words of a segment other times, which were found for its row `aligned`. Raises DocumentError."""
    row = _row(document, segment_id)
    if any(row.get(name) != aligned.get(name) for name in ("text", "start", "duration")):
        raise SegmentEditError("The segment was changed while its words were aligned: align them again.")
    alignment = row.get("alignment")
    kept = alignment if isinstance(alignment, dict) else {}
    document.update(SEGMENTS, segment_id, alignment={**kept, "word": [list(one) for one in words]}, edited=True)


def set_speaker(document: Document, segment_id: Id, name: str) -> None:
    """Say who speaks, by a name that is put into the dataset if it is new; nobody if it is empty.

    Raises DocumentError.
    """
    row, wanted = _row(document, segment_id), " ".join(name.split())
    with document.transaction():
        speaker = None if not wanted else speaker_named(document, wanted)
        if wanted and speaker is None:
            speaker = document.add(SPEAKERS, {"name": wanted})
        if row.get("speaker") != speaker:
            document.update(SEGMENTS, segment_id, speaker=speaker)


def speaker_named(document: Document, name: str) -> Id | None:
    """Return the first speaker of a name, None if there is none."""
    for row in document.rows(SPEAKERS):
        found = row.get(ID_FIELD)
        if is_id(found) and row.get("name") == name:
            return found
    return None


def number_or_zero(value: object) -> float:
    """Return a number of a row, 0 for what is none."""
    return float(value) if isinstance(value, int | float) and abs(value) < float("inf") else 0.0


def _row(document: Document, segment_id: Id) -> Row:
    row = document.get(SEGMENTS, segment_id)
    if row is None:
        raise UnknownRowError(f"There is no segment {segment_id!r} any more.")
    return row


def _listed(words: Sequence[Word]) -> WordList:
    return [[one.text.strip(), _ms(one.start_s), _ms(one.end_s - one.start_s), one.probability] for one in words]


def _unspaced(left: str, right: str) -> bool:
    return is_unspaced(left[-1:]) and is_unspaced(right[:1])


def _ms(seconds: float) -> float:
    return round(seconds, 3)
