"""Corrects names in a transcript by a list of them: people, courses, terms. Pure.

How it is decided. Words in a row are compared with each name, by their letters without case, accents and spaces. A name
takes the place of words that have the same letters, or that begin with the same sound and are spelled alike, or that
sound alike as a whole and are spelled somewhat alike. Words that Whisper was sure of and did not take for a name stay:
"during" must not become "Turing". The most alike comes first; what is a name already is left as it is.

Telling Whisper the names beforehand (hot words, an initial prompt) makes small models much worse.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import jellyfish

from pipeline.speech.transcript import Correction, Segment, Transcript, Word

ALIKE = 0.8
"""How alike two spellings have to be: 1 less the edits by the letters of the longer one."""
ALIKE_WITH_SOUND = 0.5
"""The same, of words that sound alike."""
SHORTEST = 4
"""A name with fewer letters takes the place of the same letters only."""
CLEAR = 7
"""The same letters in small type are a name from this number on: "will" may be one or not."""
SURE = 0.75
"""Words of this probability that are not written as a name stay."""
PARTS = re.compile(r"(?P<before>\s*[^\w\s]*)(?P<core>.*?)(?P<after>(?:['’]s)?[^\w\s]*\s*)", re.DOTALL)
PAUSE = (",", ";", ":", "?", "!")
SENTENCE_END = (".", "?", "!")


@dataclass(frozen=True, kw_only=True)
class _Match:
    """Words of a segment that are, or stand for, a name."""

    first: int
    end: int
    name: str
    likeness: float


def name_list(text: str) -> tuple[str, ...]:
    """Return the names of a list, one a line, each once; empty lines are passed over."""
    names = (" ".join(line.split()) for line in text.removeprefix("\ufeff").splitlines())
    return tuple(dict.fromkeys(name for name in names if _letters(name)))


def correct_names(transcript: Transcript, names: Sequence[str]) -> Transcript:
    """Return a transcript with the names put right; each change is noted in its segment."""
    if not names:
        return transcript
    return replace(transcript, segments=tuple(_corrected(segment, names) for segment in transcript.segments))


def corrections_text(transcript: Transcript) -> list[str]:
    """Return a sentence for each kind of change."""
    counts = Counter((one.heard, one.written) for segment in transcript.segments for one in segment.corrections)
    return [
        f"By the list of names, '{heard}' was corrected to '{written}'{'' if count == 1 else f', {count} times'}."
        for (heard, written), count in counts.items()
    ]


def _corrected(segment: Segment, names: Sequence[str]) -> Segment:
    words = list(segment.words)
    corrections: list[Correction] = []
    for match in sorted(_chosen(_matches(words, names)), key=lambda match: match.first, reverse=True):
        there = words[match.first : match.end]
        heard = _parts("".join(word.text for word in there))
        if heard["core"] == match.name:
            continue
        corrections.append(Correction(start_s=there[0].start_s, heard=heard["core"], written=match.name))
        words[match.first : match.end] = _written(there, f"{heard['before']}{match.name}{heard['after']}")
    if not corrections:
        return segment
    text = "".join(word.text for word in words).strip()
    return replace(segment, text=text, words=tuple(words), corrections=tuple(reversed(corrections)))


def _matches(words: Sequence[Word], names: Sequence[str]) -> Iterator[_Match]:
    for name in names:
        longest = len(name.split()) + 1
        for first in range(len(words)):
            for end in range(first + 1, min(first + longest, len(words)) + 1):
                there = words[first:end]
                if any(word.text.rstrip().endswith(PAUSE) for word in there[:-1]):
                    break
                likeness = _likeness(_parts("".join(word.text for word in there))["core"], name)
                if (
                    likeness
                    and (likeness == 1.0 or not _stays(words, first, end))
                    and _is_clear(words, first, end, name)
                ):
                    yield _Match(first=first, end=end, name=name, likeness=likeness)


def _chosen(matches: Iterator[_Match]) -> list[_Match]:
    """Return the most alike of those that overlap; of equals, the shorter."""
    chosen: list[_Match] = []
    for match in sorted(matches, key=lambda match: (-match.likeness, match.end - match.first, match.first)):
        if all(match.end <= other.first or other.end <= match.first for other in chosen):
            chosen.append(match)
    return chosen


@lru_cache(maxsize=100_000)
def _likeness(heard: str, name: str) -> float:
    """Return how alike words and a name are, 1 for the same letters, 0 for what is not the same."""
    here, there = _letters(heard), _letters(name)
    if here == there:
        return 1.0
    if min(len(here), len(there)) < SHORTEST or here == f"{there}s":
        return 0.0
    longer = max(len(here), len(there))
    if abs(len(here) - len(there)) > longer * (1 - ALIKE_WITH_SOUND):
        return 0.0
    alike = 1.0 - jellyfish.damerau_levenshtein_distance(here, there) / longer
    if not (here.isascii() and there.isascii()):
        return alike if here[:1] == there[:1] and alike >= ALIKE else 0.0
    sound, wanted = jellyfish.metaphone(here), jellyfish.metaphone(there)
    if not sound or sound[:1] != wanted[:1]:
        return 0.0
    same_sound = sound == wanted or jellyfish.soundex(here) == jellyfish.soundex(there)
    return alike if alike >= ALIKE or (same_sound and alike >= ALIKE_WITH_SOUND) else 0.0


def _stays(words: Sequence[Word], first: int, end: int) -> bool:
    """Whether Whisper was sure of words and did not write them as a name."""
    probabilities = [word.probability for word in words[first:end] if word.probability is not None]
    sure = not probabilities or sum(probabilities) / len(probabilities) >= SURE
    return sure and not _is_capital(words, first, end)


def _is_capital(words: Sequence[Word], first: int, end: int) -> bool:
    """Whether one of these words begins with a capital that no sentence begins with."""
    return any(
        _parts(words[place].text)["core"][:1].isupper()
        and place > 0
        and not words[place - 1].text.rstrip().endswith(SENTENCE_END)
        for place in range(first, end)
    )


def _is_clear(words: Sequence[Word], first: int, end: int, name: str) -> bool:
    """Whether words with the letters of a short name are that name and no other word."""
    heard = _parts("".join(word.text for word in words[first:end]))["core"]
    if heard == name or end - first > 1 or len(_letters(name)) >= CLEAR or _letters(heard) != _letters(name):
        return True
    return not _stays(words, first, end)


def _written(there: Sequence[Word], text: str) -> list[Word]:
    """Return a name as words in the time of those that it takes the place of."""
    pieces = re.findall(r"\s*\S+\s*", text) or [text]
    if len(pieces) == len(there):
        return [replace(word, text=piece) for word, piece in zip(there, pieces, strict=True)]
    start_s, end_s, letters, before = there[0].start_s, there[-1].end_s, sum(map(len, pieces)), 0
    probabilities = [word.probability for word in there if word.probability is not None]
    words = []
    for piece in pieces:
        after = before + len(piece)
        words.append(
            Word(
                start_s=start_s + (end_s - start_s) * before / letters,
                end_s=start_s + (end_s - start_s) * after / letters,
                text=piece,
                probability=min(probabilities, default=None),
            )
        )
        before = after
    return words


def _parts(text: str) -> dict[str, str]:
    """Return a text without the space and punctuation around it, and these."""
    match = PARTS.fullmatch(text)
    return match.groupdict() if match else {"before": "", "core": text, "after": ""}


@lru_cache(maxsize=100_000)
def _letters(text: str) -> str:
    """Return letters and digits, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum())
