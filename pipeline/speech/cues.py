"""Cues: texts with the times between which they are shown. Shapes a transcript into readable cues. Pure.

The limits are those that subtitle professionals use (BBC subtitle guidelines, Netflix timed text style guide).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from pipeline.speech.transcript import Segment, Transcript, Word

LINE_COLUMNS = 42
WIDE_LINE_COLUMNS = 32
"""For Chinese, Japanese and Korean, where a character takes two columns."""
MIN_CUE_S = 1.0
MAX_CUE_S = 7.0
READING_SPEED = 22.0
"""Columns a second that a viewer reads without hurry; a faster cue stays longer where the next one leaves room."""
PAUSE_S = 1.1
"""No cue spans a pause this long. It is longer than MIN_CUE_S, so a lone word before it can stay for a second."""
LEAST_CUE_S = 0.2
"""What a cue keeps even where the times that Whisper gave leave it nothing."""

_ENGLISH = (
    "and",
    "but",
    "or",
    "nor",
    "so",
    "because",
    "that",
    "which",
    "who",
    "when",
    "while",
    "where",
    "if",
    "though",
    "than",
)
_SPANISH = ("y", "e", "o", "u", "pero", "porque", "que", "cuando", "donde", "si")
_FRENCH = ("et", "ou", "mais", "parce", "qui", "que", "quand", "où", "si")
_GERMAN = ("und", "oder", "aber", "weil", "dass", "wenn")
CONJUNCTIONS = frozenset((*_ENGLISH, *_SPANISH, *_FRENCH, *_GERMAN))
"""Words of the offered languages that a line or a cue had better begin than end with."""
SENTENCE_ENDS = ".?!…。？！؟।"
CLAUSE_ENDS = ",;:、，；：،؛—–"
CLOSING = "\"'”’»)]}」』）"


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A caption: one or two lines, parted by a line feed, shown in [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str


def shape_cues(transcript: Transcript, *, frame_rate: float = 25.0) -> list[Cue]:
    """Return the cues of a transcript: short lines, readable times, breaks where the sentence breaks.

    Cues never overlap and leave two frames between them.
    """
    gap_s = ceil(min(0.12, 2 / frame_rate) * 1000) / 1000 if frame_rate > 0 else 0.08
    groups: list[list[_Piece]] = []
    for run in _runs(transcript.segments):
        groups += _Phrase(run, gap_s).groups()
    return _timed(groups, gap_s, transcript.duration_s)


def columns(text: str) -> int:
    """Return how wide a text is: two columns for a wide character, one for any other."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """The least that is never broken; `glued` means that no space parts it from the one before."""

    start_s: float
    end_s: float
    text: str
    glued: bool
    ends_segment: bool = False

    @property
    def stop(self) -> str:
        """The punctuation that ends this piece: one character, or nothing."""
        bare = self.text.rstrip(CLOSING)
        return bare[-1] if bare and bare[-1] in SENTENCE_ENDS + CLAUSE_ENDS else ""


def _runs(segments: Sequence[Segment]) -> Iterator[list[_Piece]]:
    """Yield the pieces between two pauses, their times put in order."""
    run: list[_Piece] = []
    clock = 0.0
    for segment in segments:
        pieces = list(_pieces(segment))
        for index, piece in enumerate(pieces):
            start = max(clock, piece.start_s)
            end = max(start, piece.end_s)
            if run and start - run[-1].end_s >= PAUSE_S:
                yield run
                run = []
            last = index == len(pieces) - 1
            run.append(
                _Piece(start_s=start, end_s=end, text=piece.text, glued=piece.glued and bool(run), ends_segment=last)
            )
            clock = start
    if run:
        yield run


def _pieces(segment: Segment) -> Iterator[_Piece]:
    spoken = [word for word in segment.words if word.text.strip()]
    first = True
    for word in spoken or _spread(segment.start_s, segment.end_s, re.findall(r"\s*\S+", segment.text)):
        glued = not first and not word.text[0].isspace()
        text = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in word.text).split())
        limit = WIDE_LINE_COLUMNS if columns(text) > len(text) else LINE_COLUMNS
        parts = [text] if columns(text) <= limit else list(_cut(text, limit))
        for part in _spread(word.start_s, word.end_s, parts):
            yield _Piece(start_s=part.start_s, end_s=part.end_s, text=part.text, glued=glued)
            glued = True
        first = False


def _spread(start_s: float, end_s: float, texts: Sequence[str]) -> list[Word]:
    """Share a time among texts by their length."""
    ends = list(accumulate(len(text) for text in texts))
    scale = (end_s - start_s) / ends[-1] if ends else 0.0
    return [
        Word(start_s=start_s + (end - len(text)) * scale, end_s=start_s + end * scale, text=text)
        for text, end in zip(texts, ends, strict=True)
    ]


def _cut(text: str, limit: int) -> Iterator[str]:
    """Cut a text without spaces: a wide script between any two characters, another one only where a line is full."""
    wide = limit == WIDE_LINE_COLUMNS
    part = ""
    for character in text:
        attached = unicodedata.category(character)[0] == "M" or character == "\u200d" or part.endswith("\u200d")
        attached = attached or (wide and unicodedata.category(character) in ("Pe", "Pf", "Po"))
        full = columns(part + character) > limit
        if part and (full or (wide and not attached)):
            yield part
            part = ""
        part += character
    if part:
        yield part


class _Phrase:
    """Pieces without a pause between them, and where they are best parted."""

    def __init__(self, pieces: Sequence[_Piece], gap_s: float) -> None:
        self.pieces = pieces
        self._gap_s = gap_s
        widths = [columns(piece.text) for piece in pieces]
        self._limit = WIDE_LINE_COLUMNS if any(columns(p.text) > len(p.text) for p in pieces) else LINE_COLUMNS
        # A space goes with the piece after it; a line drops the one it begins with.
        self._spaces = [0 if piece.glued else 1 for piece in pieces]
        self._sums = [0, *accumulate(width + space for width, space in zip(widths, self._spaces, strict=True))]
        self._stops = [0, *accumulate(int(piece.ends_segment or piece.stop in (*SENTENCE_ENDS,)) for piece in pieces)]
        self._reach = [max(i + 1, self._line_end(i)) for i in range(len(pieces))]

    def groups(self) -> list[list[_Piece]]:
        """Part the run into cues at the least cost; each group is one cue's lines, as pieces with the line's text."""
        count = len(self.pieces)
        best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * count
        for start in range(count):
            for end in range(start + 1, count + 1):
                alone = end == start + 1
                if not alone and not self._may_stand(start, end):
                    break
                cost = best[start][0] + self._cost(start, end)
                if cost < best[end][0]:
                    best[end] = (cost, start)
        groups = []
        end = count
        while end:
            start = best[end][1]
            groups.append(self._lines(start, end))
            end = start
        return groups[::-1]

    def _line_end(self, start: int) -> int:
        """Return where a line that begins at `start` is full."""
        return bisect_right(self._sums, self._limit + self._sums[start] + self._spaces[start]) - 1

    def _width(self, start: int, end: int) -> int:
        return self._sums[end] - self._sums[start] - self._spaces[start]

    def _may_stand(self, start: int, end: int) -> bool:
        second = self._reach[start]
        fits = end <= second or end <= self._reach[second]
        return fits and self.pieces[end - 1].end_s - self.pieces[start].start_s <= MAX_CUE_S

    def _cost(self, start: int, end: int) -> float:
        """What it costs to make [start, end) one cue: few cues, each a sentence, none too short to read."""
        cost = 1.0 + 1.2 * (self._stops[end - 1] - self._stops[start])
        if end < len(self.pieces):
            cost += self._break_cost(end)
            if self.pieces[end].start_s - self._gap_s - self.pieces[start].start_s < MIN_CUE_S:
                cost += 3.0
        return cost

    def _break_cost(self, at: int) -> float:
        """What it costs to break before the piece `at`."""
        before, after = self.pieces[at - 1], self.pieces[at]
        if before.ends_segment or (before.stop and before.stop in SENTENCE_ENDS):
            return 0.0
        if before.stop:
            return 0.5
        return 0.8 if after.text.lower().strip(CLOSING) in CONJUNCTIONS else 2.0

    def _lines(self, start: int, end: int) -> list[_Piece]:
        """Return one or two lines, each as a piece: broken where the sentence breaks, else into even halves."""
        if self._width(start, end) <= self._limit or end == start + 1:
            return [self._joined(start, end)]
        options = []
        for middle in range(start + 1, end):
            left, right = self._width(start, middle), self._width(middle, end)
            if left <= self._limit and right <= self._limit:
                options.append((abs(left - right) / self._limit + 0.4 * self._break_cost(middle), middle))
        middle = min(options)[1]
        return [self._joined(start, middle), self._joined(middle, end)]

    def _joined(self, start: int, end: int) -> _Piece:
        pieces = self.pieces[start:end]
        text = "".join(
            piece.text if piece.glued or not index else f" {piece.text}" for index, piece in enumerate(pieces)
        )
        return _Piece(start_s=pieces[0].start_s, end_s=pieces[-1].end_s, text=text, glued=False)


def _timed(groups: Sequence[Sequence[_Piece]], gap_s: float, duration_s: float) -> list[Cue]:
    """Give each group its time: long enough to read, no longer than seven seconds, clear of the next one."""
    cues: list[Cue] = []
    earliest = 0.0
    for index, lines in enumerate(groups):
        start = round(max(earliest, lines[0].start_s), 3)
        spoken_end = max(start, lines[-1].end_s)
        wanted = max(MIN_CUE_S, sum(columns(line.text) for line in lines) / READING_SPEED)
        end = max(spoken_end, min(start + wanted, max(duration_s, spoken_end)))
        end = min(end, start + MAX_CUE_S)
        if index + 1 < len(groups):
            end = min(end, round(groups[index + 1][0].start_s, 3) - gap_s)
        end = round(max(end, start + LEAST_CUE_S), 3)
        cues.append(Cue(start_s=start, end_s=end, text="\n".join(line.text for line in lines)))
        earliest = end + gap_s
    return cues
