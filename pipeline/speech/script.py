"""Gives a script rough times: matches its words with those of the transcript. Pure.

Algorithm: the words of the script and those of the transcript are compared without case and punctuation (`difflib`). A
word that is equal in both gets its time; words in place of others share the time of these, and words that the
transcript lacks follow the word before, up to the next one. The words are then cut into windows of at most 20 seconds,
in the longest pauses, and Whisper aligns each window exactly. Every word of the script is kept, and none is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pipeline.speech.corrections import TOKEN, transcript_tokens
from pipeline.speech.transcript import Segment, Transcript, Word

LONGEST_WINDOW_S = 20.0
"""Whisper's window has 30 seconds; this leaves room around the words."""
MOST_CHARACTERS = 500
"""Of a window: Whisper takes 448 tokens, and a token has at least two characters nearly everywhere."""
ROOM_S = 0.4
"""Audio on both sides of a window's words."""
SPEECH_S = 0.08
"""How long a character takes in a word that was not recognized, in seconds."""


@dataclass(frozen=True, kw_only=True)
class ScriptWord:
    """A word of the script. `line` counts its lines; `matched` says whether the transcript has it as it is written."""

    text: str
    spaced: bool
    line: int
    start_s: float = 0.0
    end_s: float = 0.0
    matched: bool = False
    probability: float | None = None


@dataclass(frozen=True, kw_only=True)
class AlignmentWindow:
    """A stretch of audio, in seconds, and the words of the script in it: from `first` until before `end`."""

    from_s: float
    until_s: float
    first: int
    end: int


def place_script(transcript: Transcript, script: str) -> list[ScriptWord]:
    """Return the words of a script with the times at which they were recognized, roughly."""
    heard = list(transcript_tokens(transcript))
    words = list(_words(script))
    matcher = SequenceMatcher(None, [_key(t.text) for t in heard], [_key(w.text) for w in words], autojunk=False)
    placed: list[ScriptWord] = []
    for kind, heard_from, heard_to, from_, to in matcher.get_opcodes():
        old, new = heard[heard_from:heard_to], words[from_:to]
        if kind == "equal":
            placed += [
                replace(w, start_s=t.start_s, end_s=t.end_s, matched=True, probability=t.probability)
                for t, w in zip(old, new, strict=True)
            ]
            continue
        before_s = placed[-1].end_s if placed else 0.0
        next_s = heard[heard_to].start_s if heard_to < len(heard) else transcript.duration_s
        start_s = old[0].start_s if old else before_s
        end_s = old[-1].end_s if old else min(next_s, before_s + SPEECH_S * sum(len(w.text) for w in new))
        placed += _spread(new, max(before_s, start_s), max(before_s, start_s, end_s))
    return in_order(placed)


def alignment_windows(words: Sequence[ScriptWord]) -> list[AlignmentWindow]:
    """Return the windows in which the words are aligned, in order of time."""
    windows = []
    first = 0
    while first < len(words):
        end = _window_end(words, first)
        until_s = words[end - 1].end_s + ROOM_S
        if end < len(words):
            until_s = max(words[end - 1].end_s, min(until_s, words[end].start_s))
        from_s = words[first].start_s - ROOM_S
        if first:
            from_s = min(words[first].start_s, max(from_s, words[first - 1].end_s))
        windows.append(AlignmentWindow(from_s=max(0.0, from_s), until_s=until_s, first=first, end=end))
        first = end
    return windows


def written_transcript(words: Sequence[ScriptWord], heard: Transcript) -> Transcript:
    """Return the script as a transcript: a segment for each of its lines."""
    segments = []
    for line in sorted({word.line for word in words}):
        own = [word for word in words if word.line == line]
        timed = tuple(
            Word(
                start_s=round(word.start_s, 3),
                end_s=round(word.end_s, 3),
                text=f" {word.text}" if word.spaced else word.text,
                probability=word.probability,
            )
            for word in own
        )
        text = "".join(word.text for word in timed).strip()
        segments.append(
            Segment(start_s=timed[0].start_s, end_s=timed[-1].end_s, text=text, words=timed, language=heard.language)
        )
    return replace(heard, segments=tuple(segments))


def in_order(words: Sequence[ScriptWord]) -> list[ScriptWord]:
    """Return words whose times never go back."""
    made: list[ScriptWord] = []
    for word in words:
        start_s = max(word.start_s, made[-1].end_s) if made else word.start_s
        made.append(replace(word, start_s=start_s, end_s=max(start_s, word.end_s)))
    return made


def _words(script: str) -> Iterator[ScriptWord]:
    for number, line in enumerate(script.splitlines()):
        for index, (space, text) in enumerate(TOKEN.findall(line.strip())):
            yield ScriptWord(text=text, spaced=bool(space) or index == 0, line=number)


def _key(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold()) or text


def _spread(words: Sequence[ScriptWord], start_s: float, end_s: float) -> Iterator[ScriptWord]:
    total, done = sum(len(word.text) for word in words), 0
    for word in words:
        from_s = start_s + (end_s - start_s) * done / total
        done += len(word.text)
        yield replace(word, start_s=from_s, end_s=start_s + (end_s - start_s) * done / total)


def _window_end(words: Sequence[ScriptWord], first: int) -> int:
    """Return before which word a window ends: the rest, or at the longest pause in its second half."""
    start_s, end, characters = words[first].start_s, first, 0
    while end < len(words) and words[end].end_s - start_s <= LONGEST_WINDOW_S and characters < MOST_CHARACTERS:
        characters += len(words[end].text) + 1
        end += 1
    if end == len(words):
        return end
    cuts = range(first + max(1, (end - first) // 2), max(end, first + 1) + 1)
    return max(cuts, key=lambda cut: words[cut].start_s - words[cut - 1].end_s if cut < len(words) else -1.0)
