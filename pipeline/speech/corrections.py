"""Puts a corrected text into a transcript: words that stayed keep their times, others get those of what they replace.

Pure. Algorithm: the words of the transcript and those of the captions are compared (Ratcliff and Obershelp's longest
matches, `difflib`). What is equal is kept as it was recognized. As many words in the place of as many others take their
times one by one; otherwise the time of what was replaced is shared by length. Words that are new between two others get
the time between these, within their caption; a caption of new words alone becomes a segment of its own. A segment of
which a word is new, other or gone is marked as edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate, groupby

from pipeline.speech.cues import Cue
from pipeline.speech.subtitles import to_srt
from pipeline.speech.transcript import Segment, Transcript, Word

_NO_SPACES = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Thai, kana and Han: scripts without spaces, whose characters are compared one by one."""

TOKEN = re.compile(rf"(\s*)([{_NO_SPACES}]|[^\s{_NO_SPACES}]+)")


@dataclass(frozen=True, kw_only=True)
class Token:
    """A word, or a character of a script without spaces; `segment` is the number of the one that it belongs to.

    `caption` numbers the caption of a token of the corrected text. A negative segment is a caption that is new.
    """

    text: str
    spaced: bool
    start_s: float = 0.0
    end_s: float = 0.0
    probability: float | None = None
    segment: int = 0
    caption: int = 0
    kept: bool = False


def with_corrections(transcript: Transcript, cues: Sequence[Cue]) -> Transcript:
    """Return a transcript that says what the captions say. One without any word that changed is returned as it is."""
    heard = list(transcript_tokens(transcript))
    given = list(_given_tokens(cues))
    made: list[Token] = []
    matcher = SequenceMatcher(None, [t.text for t in heard], [t.text for t in given], autojunk=False)
    for kind, heard_from, heard_to, given_from, given_to in matcher.get_opcodes():
        old, new = heard[heard_from:heard_to], given[given_from:given_to]
        if kind == "equal":
            made += [replace(o, spaced=n.spaced, kept=True) for o, n in zip(old, new, strict=True)]
        elif kind == "replace":
            made += _replaced(old, new)
        elif kind == "insert":
            after = heard[heard_from] if heard_from < len(heard) else None
            made += _inserted(made[-1] if made else None, after, new, given, cues)
    return replace(transcript, segments=tuple(_segments(transcript, heard, _in_order(made))))


def with_earlier_formatting(cues: Sequence[Cue], before: Sequence[Cue]) -> tuple[Cue, ...]:
    """Return corrected cues; those that are the same in SubRip as before keep what only WebVTT can say of them."""
    known = {to_srt([cue]): cue for cue in before}
    return tuple(known.get(to_srt([cue]), cue) for cue in cues)


def transcript_tokens(transcript: Transcript) -> Iterator[Token]:
    """Yield the words of a transcript; one without times of words shares those of its segments by length."""
    for number, segment in enumerate(transcript.segments):
        whole = Word(start_s=segment.start_s, end_s=segment.end_s, text=segment.text)
        for word in segment.words or (whole,):
            parts = TOKEN.findall(word.text)
            for (space, text), start_s, end_s in _shared(parts, word.start_s, word.end_s):
                yield Token(
                    text=text,
                    spaced=bool(space),
                    start_s=start_s,
                    end_s=end_s,
                    probability=word.probability,
                    segment=number,
                )


def _given_tokens(cues: Sequence[Cue]) -> Iterator[Token]:
    for number, cue in enumerate(cues):
        before = ""
        for space, text in TOKEN.findall(cue.text):
            broken_line = "\n" in space and re.fullmatch(rf"[{_NO_SPACES}]{{2}}", before + text)
            yield Token(text=text, spaced=bool(space or not before) and not broken_line, caption=number)
            before = text[-1:]


def _shared(
    parts: Sequence[tuple[str, str]], start_s: float, end_s: float
) -> Iterator[tuple[tuple[str, str], float, float]]:
    """Yield each part with its share of a time, by its length."""
    ends = list(accumulate(len(text) for _, text in parts))
    scale = (end_s - start_s) / ends[-1] if ends else 0.0
    for part, end in zip(parts, ends, strict=True):
        yield part, start_s + (end - len(part[1])) * scale, start_s + end * scale


def _replaced(old: Sequence[Token], new: Sequence[Token]) -> list[Token]:
    if len(old) == len(new):
        return [replace(n, start_s=o.start_s, end_s=o.end_s, segment=o.segment) for o, n in zip(old, new, strict=True)]
    owners = [old[index * len(old) // len(new)].segment for index in range(len(new))]
    shared = _shared([("", token.text) for token in new], old[0].start_s, old[-1].end_s)
    return [
        replace(token, start_s=start_s, end_s=end_s, segment=owner)
        for token, owner, (_, start_s, end_s) in zip(new, owners, shared, strict=True)
    ]


def _inserted(
    before: Token | None, after: Token | None, new: Sequence[Token], given: Sequence[Token], cues: Sequence[Cue]
) -> Iterator[Token]:
    """Yield new words with times between the words beside them, those of each caption within that."""
    counts = {number: len(list(group)) for number, group in groupby(given, key=lambda token: token.caption)}
    for number, group in groupby(new, key=lambda token: token.caption):
        tokens, cue = list(group), cues[number]
        latest_s = after.start_s if after is not None else float("inf")
        start_s = min(max(cue.start_s, before.end_s if before is not None else 0.0), latest_s)
        end_s = max(start_s, min(cue.end_s, latest_s))
        neighbour = before or after
        alone = len(tokens) == counts[number] or neighbour is None
        segment = -1 - number if alone or neighbour is None else neighbour.segment
        for token, (_, first_s, last_s) in zip(
            tokens, _shared([("", token.text) for token in tokens], start_s, end_s), strict=True
        ):
            yield replace(token, start_s=first_s, end_s=last_s, segment=segment)


def _in_order(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens whose times never go back."""
    made: list[Token] = []
    for token in tokens:
        start_s = max(token.start_s, made[-1].start_s) if made else token.start_s
        made.append(replace(token, start_s=start_s, end_s=max(start_s, token.end_s)))
    return made


def _segments(transcript: Transcript, heard: Sequence[Token], made: Sequence[Token]) -> Iterator[Segment]:
    lengths = [0] * len(transcript.segments)
    for token in heard:
        lengths[token.segment] += 1
    for number, group in groupby(made, key=lambda token: token.segment):
        tokens = list(group)
        old = transcript.segments[number] if number >= 0 else None
        if old is not None and len(tokens) == lengths[number] and all(token.kept for token in tokens):
            yield old
            continue
        words = tuple(
            Word(
                start_s=round(token.start_s, 3),
                end_s=round(token.end_s, 3),
                text=f" {token.text}" if token.spaced else token.text,
                probability=token.probability,
            )
            for token in tokens
        )
        yield Segment(
            start_s=words[0].start_s,
            end_s=words[-1].end_s,
            text="".join(word.text for word in words).strip(),
            words=words if old is None or old.words else (),
            language=transcript.language if old is None else old.language,
            edited=True,
        )
