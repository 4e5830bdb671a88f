"""What one row of the table shows, and how its text is broken into lines. Pure: the caller passes the widths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ui.transcripts.segment import DatasetSegment, time_text
from ui.widgets.elided import ELLIPSIS, clipped


class Mark(Enum):
    """What is said of a word."""

    NONE = "none"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, kw_only=True)
class MarkedText:
    """A part of a text, with one mark from beginning to end."""

    text: str
    mark: Mark = Mark.NONE


@dataclass(frozen=True, kw_only=True)
class RowView:
    """A row of the table; `reason` says what is wrong with the caption, empty if nothing is."""

    time: str
    speaker: str
    pieces: tuple[MarkedText, ...]
    reason: str = ""
    edited: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A piece of text in its place: a line, counted from 0, and how far to the right it begins."""

    line: int
    x: int
    text: str
    mark: Mark


def row_view(segment: DatasetSegment, speaker: str, reason: str = "") -> RowView:
    """Return what the table shows of a segment."""
    return RowView(
        time=time_text(segment.start_s),
        speaker=speaker,
        pieces=tuple(marked_pieces(segment)),
        reason=reason,
        edited=segment.edited,
    )


def marked_pieces(segment: DatasetSegment) -> Iterator[MarkedText]:
    """Yield the text of a segment in pieces, doubtful words by themselves."""
    at = 0
    for start, end in segment.doubtful:
        if at < start:
            yield MarkedText(text=segment.text[at:start])
        yield MarkedText(text=segment.text[start:end], mark=Mark.DOUBTFUL)
        at = end
    if at < len(segment.text):
        yield MarkedText(text=segment.text[at:])


def broken_into_lines(
    pieces: Sequence[MarkedText], width: int, lines: int, measure: Callable[[str], int]
) -> list[Placed]:
    """Return a text broken into so many lines of a width; what finds no room ends in an ellipsis.

    Line breaks of the text itself count as spaces: a row has few lines, and the field shows them.
    """
    found: list[Placed] = []
    line, x = 0, 0
    for word, mark in _words(pieces):
        size = measure(word)
        if x and x + measure(word.rstrip()) > width:
            if line + 1 == lines:
                _cut(found, width, measure)
                return _joined(found)
            line, x = line + 1, 0
        fits = measure(word.rstrip()) <= width
        text = word if fits else clipped(word.rstrip(), width, measure)
        found.append(Placed(line=line, x=x, text=text, mark=mark))
        x += size
    return _joined(found)


def _words(pieces: Sequence[MarkedText]) -> Iterator[tuple[str, Mark]]:
    """Yield words with the spaces after them."""
    for piece in pieces:
        text = piece.text.replace("\n", " ").replace("\t", " ")
        start = 0
        while start < len(text):
            end = text.find(" ", start)
            end = len(text) if end < 0 else end
            while end < len(text) and text[end] == " ":
                end += 1
            yield text[start:end], piece.mark
            start = end


def _cut(found: list[Placed], width: int, measure: Callable[[str], int]) -> None:
    """Have the last line end in an ellipsis."""
    last = found.pop()
    while last.x and last.x + measure(ELLIPSIS) > width:
        last = found.pop()
    text = last.text.rstrip()
    while text and last.x + measure(text + ELLIPSIS) > width:
        text = text[:-1]
    found.append(Placed(line=last.line, x=last.x, text=text + ELLIPSIS, mark=last.mark))


def _joined(found: Sequence[Placed]) -> list[Placed]:
    """Return neighbours with the same mark as one, so that less has to be drawn."""
    joined: list[Placed] = []
    for one in found:
        before = joined[-1] if joined else None
        if before is not None and before.line == one.line and before.mark is one.mark:
            joined[-1] = Placed(line=one.line, x=before.x, text=before.text + one.text, mark=one.mark)
        else:
            joined.append(one)
    return joined
