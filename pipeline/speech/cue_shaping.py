"""Shapes a transcript into cues by a profile: which words stand in one cue, and where its lines end. Pure.

The pieces between two pauses are parted into cues at the least cost (dynamic programming over where a cue may end, as
Knuth and Plass do for the lines of a paragraph). The costs below want few cues, each a sentence, ended where
the sentence can be parted, long enough to be read. Lines are never longer and never more than the profile allows; what
is spoken too fast for it stands in the cues whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from pipeline.speech.caption_pieces import Piece, caption_pieces_of
from pipeline.speech.caption_profiles import CaptionProfile, caption_profile
from pipeline.speech.cue_timing import SpokenText, gap_s, timed
from pipeline.speech.cues import Cue
from pipeline.speech.phrase_breaks import ENDS, Break
from pipeline.speech.transcript import Transcript

PAUSE_S = 1.1
"""No cue spans a pause this long. It is longer than any shortest cue, so a lone word before it can stay that long."""

BREAK_COSTS: Mapping[Break, float] = {
    Break.SPEAKER: 0.0,
    Break.SENTENCE: 0.0,
    Break.CLAUSE: 0.5,
    Break.CONJUNCTION: 0.8,
    Break.PREPOSITION: 1.1,
    Break.OPEN: 2.0,
    Break.WEAK: 9.0,
    Break.NEVER: 20.0,
}
"""What it costs to end a cue at a place, counted in cues: a cue more is one."""
CUE_COST = 1.0
SENTENCE_COST = 1.2
"""What it costs to go on after a sentence in the same cue: more than a cue."""
SHORT_COST = 4.0
"""What it costs to leave a cue less than the shortest time."""
FAST_COST = 2.0
"""What it costs to leave a cue less time than it takes to read it, and the same again for each time as much."""
ODD_GAP_COST = 2.0
"""What it costs if a cue may not last until the next one, and there is no room for a gap that can be seen as one."""
UNEVEN_COST = 1.0
"""What it costs if one line has all and the other nothing."""
TOP_HEAVY_COST = 0.15
"""What it costs if the first line is the longer one."""
LINE_BREAK_SHARE = 0.4
"""What the end of a line costs of what the end of a cue would."""


def shape_cues(transcript: Transcript, profile: CaptionProfile | None = None, *, frame_rate: float = 25.0) -> list[Cue]:
    """Return the cues of a transcript: short lines, readable times, breaks where the sentence breaks.

    Without a profile it is the usual one of the transcript's language. `frame_rate` is the video's, for the gaps.
    """
    profile = profile or caption_profile(language=transcript.language)
    gap = gap_s(profile, frame_rate)
    runs = list(_runs(caption_pieces_of(transcript, profile)))
    texts: list[SpokenText] = []
    for number, run in enumerate(runs):
        next_s = runs[number + 1][0].start_s if number + 1 < len(runs) else float("inf")
        texts += _Phrase(run, profile, gap, next_s).cues()
    return timed(texts, profile, frame_rate, transcript.duration_s)


def _runs(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces between two pauses."""
    run: list[Piece] = []
    for piece in pieces:
        if run and piece.start_s - run[-1].end_s >= PAUSE_S:
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


class _Phrase:
    """Pieces without a pause between them, and where they are best parted."""

    def __init__(self, pieces: Sequence[Piece], profile: CaptionProfile, gap: float, next_s: float) -> None:
        self._pieces = pieces
        self._profile = profile
        self._gap_s = gap
        self._starts_s = [*(piece.start_s for piece in pieces), next_s]
        # a space goes with the piece after it; a line drops the one that it begins with
        space = profile.characters(" ")
        self._spaces = [0.0 if piece.glued else space for piece in pieces]
        widths = [profile.characters(piece.text) for piece in pieces]
        self._sums = [0.0, *accumulate(width + before for width, before in zip(widths, self._spaces, strict=True))]
        self._words = [0, *accumulate(not piece.glued for piece in pieces)]
        self._sentences = [0, *accumulate(piece.before in ENDS for piece in pieces)]
        self._speakers = [0, *accumulate(piece.before is Break.SPEAKER for piece in pieces)]
        self._costs = [self._break_cost(at) for at in range(len(pieces))]
        self._reach = [max(at + 1, self._line_end(at)) for at in range(len(pieces))]

    def cues(self) -> list[SpokenText]:
        """Return the texts of the cues that cost the least."""
        count = len(self._pieces)
        best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * count
        for start in range(count):
            for end in range(start + 1, count + 1):
                if end > start + 1 and not self._may_stand(start, end):
                    break
                cost = best[start][0] + self._cost(start, end)
                if cost < best[end][0]:
                    best[end] = (cost, start)
        texts = []
        end = count
        while end:
            start = best[end][1]
            texts.append(self._cue(start, end))
            end = start
        return texts[::-1]

    def _line_end(self, start: int) -> int:
        """Return where a line that begins at `start` is full."""
        limit = self._profile.line_characters + self._sums[start] + self._spaces[start]
        return bisect_right(self._sums, limit + 1e-9) - 1

    def _width(self, start: int, end: int) -> float:
        return self._sums[end] - self._sums[start] - self._spaces[start]

    def _may_stand(self, start: int, end: int) -> bool:
        """Whether [start, end) has room in one cue; two speakers have a line each."""
        speakers = self._speakers[end] - self._speakers[start + 1]
        if speakers > 1:
            return False
        if speakers:
            at = self._speaker(start)
            return at <= self._reach[start] and end <= self._reach[at]
        at = start
        for _ in range(self._profile.lines):
            at = self._reach[at]
            if at >= end:
                break
        spoken_s = self._pieces[end - 1].end_s - self._pieces[start].start_s
        return at >= end and spoken_s <= self._profile.longest_s

    def _speaker(self, start: int) -> int:
        """Return where the next speaker after `start` begins."""
        return bisect_left(self._speakers, self._speakers[start + 1] + 1) - 1

    def _cost(self, start: int, end: int) -> float:
        """Return what it costs to make [start, end) one cue."""
        profile = self._profile
        cost = CUE_COST + SENTENCE_COST * (self._sentences[end] - self._sentences[start + 1])
        if end < len(self._pieces):
            cost += self._costs[end]
        start_s, next_s = self._starts_s[start], self._starts_s[end]
        room_s = min(next_s - self._gap_s - start_s, profile.longest_s)
        if room_s < profile.shortest_s:
            cost += SHORT_COST
        spoken_end_s = self._pieces[end - 1].end_s
        if start_s + profile.longest_s < next_s - self._gap_s and next_s - spoken_end_s < profile.least_gap_s:
            cost += ODD_GAP_COST
        needed_s = self._reading_s(start, end)
        if needed_s > room_s + 0.001:
            cost += FAST_COST * needed_s / max(room_s, 0.1)
        break_at = self._line_break(start, end)
        return cost if break_at is None else cost + LINE_BREAK_SHARE * self._costs[break_at]

    def _reading_s(self, start: int, end: int) -> float:
        profile, words = self._profile, max(1, self._words[end] - self._words[start])
        by_characters = self._width(start, end) / profile.characters_per_s if profile.characters_per_s else 0.0
        return max(by_characters, words * 60 / profile.words_per_minute if profile.words_per_minute else 0.0)

    def _break_cost(self, at: int) -> float:
        """Return what it costs to break before the piece `at`; a breath makes a place between phrases better."""
        piece = self._pieces[at]
        cost = BREAK_COSTS[piece.before]
        pause_s = piece.start_s - self._pieces[at - 1].end_s if at else 0.0
        return cost if piece.before in (Break.WEAK, Break.NEVER) else cost * max(0.4, 1.0 - max(0.0, pause_s))

    def _line_break(self, start: int, end: int) -> int | None:
        """Return where the second line begins: where the sentence breaks, else where both are even; None for one
        line.
        """
        limit = self._profile.line_characters + 1e-9
        if self._speakers[end] > self._speakers[start + 1]:
            return self._speaker(start)
        if self._width(start, end) <= limit or end == start + 1:
            return None
        best: tuple[float, int] | None = None
        for middle in range(min(self._reach[start], end - 1), start, -1):
            left, right = self._width(start, middle), self._width(middle, end)
            if right > limit:
                break
            cost = UNEVEN_COST * abs(left - right) / limit + LINE_BREAK_SHARE * self._costs[middle]
            cost += TOP_HEAVY_COST if left > right else 0.0
            if best is None or cost < best[0]:
                best = (cost, middle)
        return None if best is None else best[1]

    def _cue(self, start: int, end: int) -> SpokenText:
        at = self._line_break(start, end)
        lines = [self._text(start, end)] if at is None else [self._text(start, at), self._text(at, end)]
        pieces = self._pieces
        return SpokenText(start_s=pieces[start].start_s, end_s=pieces[end - 1].end_s, text="\n".join(lines))

    def _text(self, start: int, end: int) -> str:
        pieces = self._pieces[start:end]
        return "".join(
            piece.text if piece.glued or not number else f" {piece.text}" for number, piece in enumerate(pieces)
        )
