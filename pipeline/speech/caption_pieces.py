"""A transcript as pieces of text that no line end goes through, with their times and how well they are parted. Pure.

A piece is a word; in a script without spaces a phrase. A word that is longer than a line is cut, so that no line is too
long whatever was said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pipeline.speech.caption_profiles import CaptionProfile
from pipeline.speech.phrase_breaks import DASHES, ENDS, Break, breaks, ends_sentence
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.word_segmenter import is_unspaced, phrases

WORDS_PER_STOP = 60
"""A text with fewer full stops than one in so many words counts as one without any: its segments end its sentences."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The least that is never parted.

    Attributes:
        start_s: when it is first heard.
        end_s: and last.
        text: of it, without spaces around it.
        glued: whether no space parts it from the piece before.
        before: what the place before it is for a break.
    """

    start_s: float
    end_s: float
    text: str
    glued: bool = False
    before: Break = Break.OPEN


def caption_pieces_of(transcript: Transcript, profile: CaptionProfile) -> list[Piece]:
    """Return the pieces of a transcript, their times put in order: none begins before the one ahead of it."""
    stopped = _has_full_stops(transcript)
    pieces: list[Piece] = []
    for language, segments in groupby(transcript.segments, lambda s: s.language or transcript.language):
        heard = [list(_pieces(segment, language, profile)) for segment in segments]
        starts = {id(part[0]) for part in heard if part}
        flat = [piece for part in heard for piece in part]
        places = breaks([piece.text for piece in flat], language)
        pieces += [
            replace(piece, before=_start(piece, place, stopped) if id(piece) in starts else _place(piece, place))
            for piece, place in zip(flat, places, strict=True)
        ]
    return list(_in_order(pieces))


def _start(piece: Piece, judged: Break, stopped: bool) -> Break:
    """Return what the place before a segment is; `stopped` tells that full stops end the text's sentences."""
    if piece.text.startswith(DASHES):
        return Break.SPEAKER
    return _place(piece, judged) if stopped else Break.SENTENCE


def _place(piece: Piece, judged: Break) -> Break:
    """Return what a place is: one without a space is judged by its punctuation alone, and a space in a script that
    puts none between words stands for punctuation.
    """
    if judged in ENDS or judged is Break.CLAUSE:
        return judged
    if piece.glued:
        return Break.OPEN
    return Break.CLAUSE if is_unspaced(piece.text) else judged


def _has_full_stops(transcript: Transcript) -> bool:
    words = [word for segment in transcript.segments for word in segment.text.split()]
    stops = sum(ends_sentence(word) for word in words)
    length = len(words) or 1
    if any(is_unspaced(segment.text) for segment in transcript.segments[:3]):
        text = "".join(words)
        stops, length = sum(ends_sentence(character) for character in text), len(text) // 3
    return stops * WORDS_PER_STOP >= length


def _in_order(pieces: Sequence[Piece]) -> Iterator[Piece]:
    clock = 0.0
    for piece in pieces:
        clock = max(clock, piece.start_s)
        yield replace(piece, start_s=clock, end_s=max(clock, piece.end_s))


def _pieces(segment: Segment, language: str | None, profile: CaptionProfile) -> Iterator[Piece]:
    """Yield the pieces of a segment: of its words' times where it has any, else of shares of its own."""
    text, times = _timed_text(segment)
    for found in re.finditer(r"\S+", text):
        token = found.group()
        at = found.start()
        for number, part in enumerate(_parts(token, language, profile)):
            yield Piece(start_s=times[at][0], end_s=times[at + len(part) - 1][1], text=part, glued=number > 0)
            at += len(part)


def _timed_text(segment: Segment) -> tuple[str, list[tuple[float, float]]]:
    """Return a segment's text and the time of each of its characters."""
    words = [word for word in segment.words if word.text.strip()]
    spans = [(w.start_s, w.end_s, w.text) for w in words] or [(segment.start_s, segment.end_s, segment.text)]
    characters: list[str] = []
    times: list[tuple[float, float]] = []
    for start_s, end_s, text in spans:
        text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
        spoken = len("".join(text.split())) or 1
        step, done = (end_s - start_s) / spoken, 0
        for character in text:
            begin_s = start_s + done * step
            done += not character.isspace()
            characters.append(character)
            times.append((begin_s, end_s if done == spoken else start_s + done * step))
    return "".join(characters), times


def _parts(token: str, language: str | None, profile: CaptionProfile) -> Iterator[str]:
    """Yield what a text without spaces is cut into."""
    for phrase in phrases(token, language) if is_unspaced(token) else [token]:
        yield from [phrase] if profile.characters(phrase) <= profile.line_characters else _cut(phrase, profile)


def _cut(text: str, profile: CaptionProfile) -> Iterator[str]:
    """Cut a text where a line is full, no character from its accents unless these alone fill the line."""
    part, last = "", 0
    for character in text:
        attached = unicodedata.category(character)[0] == "M" or character == "\u200d" or part.endswith("\u200d")
        if part and profile.characters(part + character) > profile.line_characters:
            at = last if attached and last else len(part)
            yield part[:at]
            part, last = part[at:], 0
        if not attached:
            last = len(part)
        part += character
    if part:
        yield part
