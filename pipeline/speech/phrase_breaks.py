"""Where a text is parted well or badly: judges each place between two words. Pure.

Source: Netflix, Timed Text Style Guide, Line Treatment: break after punctuation, before conjunctions and prepositions;
keep together article and noun, first and last name, pronoun and verb, auxiliary and verb. Adjective and noun are known
by their form in German alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from pipeline.speech.phrase_words import GERMAN, UNITS, PhraseWords, phrase_words

SENTENCE_ENDS = ".?!…。？！؟।"
CLAUSE_ENDS = ",;:、，；：،؛—–"
CLOSING = "\"'”’»)]}」』）"
OPENING = "\"'“‘„«([{「『（¿¡"

NUMBER = re.compile(r"[$€£¥]?[\d٠-٩०-९][\d٠-٩०-९.,:/-]*%?")
DOTTED = re.compile(r"(?:\w\.)+\w?\.?")
"""Letters with full stops between, such as U.S. and p.m."""
ADJECTIVE = re.compile(r"[a-zäöüß]{2,}e[nrsm]?")
"""The form of a German adjective before its noun."""
PARTICLES = frozenset({"van", "von", "der", "den", "de", "del", "la", "da", "di", "bin", "ibn", "al", "el"})
"""What stands between first and last names."""


class Break(Enum):
    """What a place between two words is for a break, from the best to the worst."""

    SPEAKER = "before another speaker"
    SENTENCE = "after a sentence"
    CLAUSE = "after punctuation"
    CONJUNCTION = "before a conjunction"
    PREPOSITION = "before a preposition"
    OPEN = "between words"
    WEAK = "between words of one phrase"
    NEVER = "inside a name, a number or an abbreviation"


UGLY = frozenset({Break.WEAK, Break.NEVER})
ENDS = frozenset({Break.SPEAKER, Break.SENTENCE})
"""Places at which a sentence begins."""
DASHES = ("-", "–", "—")
"""What stands before the words of each of two speakers."""


def breaks(texts: Sequence[str], language: str | None) -> list[Break]:
    """Return what the place before each word is; that before the first one begins a sentence."""
    known = phrase_words(language)
    found: list[Break] = []
    for index, text in enumerate(texts):
        if not index:
            found.append(Break.SENTENCE)
            continue
        first = found[index - 1] in ENDS
        found.append(_between(texts[index - 1], text, known, first=first))
    return found


def ends_sentence(text: str) -> bool:
    """Whether punctuation ends a sentence after this word, for all that the word alone tells."""
    return _stop(text) in (*SENTENCE_ENDS,)


def _between(before: str, after: str, known: PhraseWords, *, first: bool) -> Break:
    """Judge a place; `first` tells that the word before it begins a sentence."""
    stop, left, right = _stop(before), _bare(before), _bare(after)
    if first and not left:
        return Break.NEVER  # a dash before what somebody says
    if stop and stop in SENTENCE_ENDS and not _goes_on(before, after, left, right, known):
        return Break.SPEAKER if after.startswith(DASHES) else Break.SENTENCE
    if not right:
        return Break.NEVER  # a dash or a sign by itself stays with what it follows
    dots = before.rstrip(CLOSING).endswith("..")
    if (stop == "." and not dots) or _is_one(before, after, left, right, known):
        return Break.NEVER
    if not stop and _is_name(before, after, left, right, known):
        return Break.WEAK if first else Break.NEVER  # every first word has a capital
    if stop or not left:
        return Break.CLAUSE
    if _is_phrase(before, after, left, right, known):
        return Break.WEAK
    if right in known.conjunctions:
        return Break.CONJUNCTION
    return Break.PREPOSITION if right in known.prepositions else Break.OPEN


def _goes_on(before: str, after: str, left: str, right: str, known: PhraseWords) -> bool:
    """Whether a sentence goes on after punctuation that may end one."""
    if before.rstrip(CLOSING).endswith(("…", "..")):
        return after[:1].islower()
    if _stop(before) != ".":
        return False
    if left in known.counted and NUMBER.fullmatch(right):
        return True
    if left in known.titles and left in known.abbreviations:
        return True
    if NUMBER.fullmatch(left):
        return after[:1].islower() or right in known.units  # an ordinal number in German
    initial = len(left) == 1 and before.lstrip(OPENING)[:1].isupper() and left != "i"
    if not (initial or left in known.abbreviations or (DOTTED.fullmatch(left) and "." in left)):
        return False
    return not (after.lstrip(OPENING)[:1].isupper() and right in _function_words(known))


def _is_one(before: str, after: str, left: str, right: str, known: PhraseWords) -> bool:
    """Whether two words are one number, or a title and a name."""
    if _stop(before):
        return False
    number, is_next_number = _is_number(left, known), _is_number(right, known)
    if number and (is_next_number or right in known.units or right in UNITS):
        return True
    if is_next_number and (left in known.counted or left in "$€£¥№n°"):
        return True
    return left in known.titles and not before.lstrip(OPENING)[:1].islower() and not after[:1].islower()


def _is_name(before: str, after: str, left: str, right: str, known: PhraseWords) -> bool:
    """Whether both words begin with a capital letter, or a number follows, and neither is one of grammar alone."""
    function = _function_words(known)
    if NUMBER.fullmatch(right):
        return before[:1].isupper() and left not in function
    if right in PARTICLES - function:
        return before[:1].isupper() and left not in function
    if left in PARTICLES - function:
        return after[:1].isupper()
    capitals = before[:1].isupper() and after[:1].isupper() and not (len(before) > 1 and before.isupper())
    return capitals and left not in function and right not in function


def _is_phrase(before: str, after: str, left: str, right: str, known: PhraseWords) -> bool:
    """Whether two words belong to one phrase: it is parted where nothing else can be."""
    if left in known.articles or left in known.conjunctions:
        return True
    if right in known.closers:
        return True
    if right in known.conjunctions:
        return False
    if left in known.openers or left in known.prepositions:
        return True
    if _is_number(left, known):
        return right not in known.prepositions and right not in known.openers
    return known is GERMAN and after[:1].isupper() and ADJECTIVE.fullmatch(before) is not None


def _is_number(word: str, known: PhraseWords) -> bool:
    return word in known.numbers or NUMBER.fullmatch(word) is not None


def _function_words(known: PhraseWords) -> frozenset[str]:
    return known.articles | known.openers | known.conjunctions | known.prepositions


def _stop(text: str) -> str:
    """Return the punctuation that ends a word: one character, or nothing."""
    bare = text.rstrip(CLOSING)
    return bare[-1] if bare and bare[-1] in SENTENCE_ENDS + CLAUSE_ENDS else ""


def _bare(text: str) -> str:
    """Return a word in lower case without punctuation around it."""
    return text.lower().replace("’", "'").strip(OPENING + CLOSING + SENTENCE_ENDS + CLAUSE_ENDS + "-")
