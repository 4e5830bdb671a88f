"""Finds the translation of a finished sentence by the template that it was made from. Pure; knows no language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

MOST_KEPT = 4096
"""So many answers are remembered: what a window shows changes little from one moment to the next."""

DEEPEST = 6
"""How often a value within a sentence may be a sentence itself."""

KEY_LENGTH = 2
"""Characters at a template's beginning by which those that can match are found."""

NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
DAY = re.compile(r"(\d{4}-\d\d-\d\d)( \d\d:\d\d)?")
"""A day as it is written in every language's log, with a time or without."""

MEASURE = re.compile(rf"({NUMBER})( ?(?:%|[kKMGT]?B|[kKMG]?B/s|[kM]b/s|LUFS|fps|s|ms))?")
"""What is written with a decimal point in English, whether a sentence is around it or not."""

NAMES = frozenset(
    (
        *("name", "path", "title", "folder", "address", "url", "source", "slug", "file", "prefix", "host", "origin"),
        *("key", "model", "stem", "machine", "typed", "uri", "strerror"),
    )
)
"""Fields that hold what somebody else has named, which is shown as it is."""

DIVIDING = ("\n", "   ", " · ")
"""What lies between texts that were put together of several, and never stands within a value."""

JOINING = ("; ", ": ", ", ")
"""What may lie between them, too."""

MOST_OF_A_NAME = 20
"""Words at the beginning of a sentence that may be a name."""

WEAK = 8
"""A template with fewer fixed characters than this fits much that it was not made for: what is in its fields has to be
a word, a number or a text of the catalogue.
"""

SENTENCE_END = re.compile(r"(?<=[.!?…]) +(?=\S)")

REMARK = re.compile(r"(.+?)( \()(.+)(\))", re.DOTALL)
"""A text with a remark in brackets behind it, such as a language with its code."""

Piece = tuple[str, str | None, str]
"""Literal text, and the field after it with its format; None for the field at the end."""


def pieces_of(template: str) -> tuple[Piece, ...]:
    """Return what a template is made of; what str.format can't read is one literal text. Fields without a name get
    their number for one.
    """
    try:
        found = tuple(Formatter().parse(template))
    except ValueError:
        return ((template, None, ""),)
    return tuple(
        (text, f"#{number}" if field == "" else field, spec or "")
        for number, (text, field, spec, _) in enumerate(found)
    )


def is_number(spec: str) -> bool:
    """Whether a field of this format holds a number, as `.1f`, `,` or `.0%` say."""
    return spec.endswith(("f", "g", "d", "%", ","))


@dataclass(frozen=True)
class Template:
    """A sentence with fields, and its translation with the same fields in any order."""

    source: str
    target: str

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields of the sentence, in their order."""
        return tuple(field for _, field, _ in pieces_of(self.source) if field is not None)

    @cached_property
    def longest(self) -> str:
        """The longest literal text: where it is missing, nothing has to be tried."""
        return max((text for text, _, _ in pieces_of(self.source)), key=len)

    @cached_property
    def weight(self) -> int:
        """How many characters are fixed."""
        return sum(len(text) for text, _, _ in pieces_of(self.source))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the sentence looks like when it is finished."""
        parts = []
        seen: dict[str, int] = {}
        for text, field, spec in pieces_of(self.source):
            parts.append(re.escape(text))
            if field is None:
                continue
            if field in seen:
                parts.append(rf"\{seen[field]}")
                continue
            seen[field] = len(seen) + 1
            parts.append(rf"({NUMBER}%?)" if is_number(spec) else "(.*?)")
        return re.compile("".join(parts), re.DOTALL)

    @cached_property
    def key(self) -> str:
        """The first characters, empty where a field stands there."""
        first = pieces_of(self.source)[0][0]
        return first[:KEY_LENGTH] if len(first) >= KEY_LENGTH else ""

    def values_in(self, text: str) -> dict[str, str] | None:
        """Return what stands in the fields of a finished sentence, None for another one."""
        if self.longest not in text:
            return None
        found = self.pattern.fullmatch(text)
        return None if found is None else dict(zip(dict.fromkeys(self.fields), found.groups(), strict=True))

    def with_values(self, values: Mapping[str, str]) -> str:
        """Return the translation with values in its fields."""
        return "".join(
            text + ("" if field is None else values.get(field, "")) for text, field, _ in pieces_of(self.target)
        )


class Sentences:
    """Translates what is finished: the sentence itself if the catalogue has it, else by the template with the most
    fixed text that fits, and what stands in the template's fields likewise.

    What was put together of several sentences is taken apart where they meet. What is in no catalogue stays as it is.
    """

    def __init__(self, texts: Mapping[str, str], number: Callable[[str], str], day: Callable[[str], str]) -> None:
        """`texts` has a translation for each text; `number` and `day` write what is in English: 1,234.5 and
        2026-01-31.
        """
        self._number = number
        self._day = day
        self._exact = {_unescaped(source): _unescaped(target) for source, target in texts.items() if _is_plain(source)}
        templates = [Template(source, target) for source, target in texts.items() if not _is_plain(source)]
        self._templates = sorted(templates, key=lambda template: -template.weight)
        self._by_key: dict[str, Sequence[Template]] = {}
        self._kept: dict[str, str] = {}

    def shown(self, text: str) -> str:
        """Return a text as it is shown."""
        kept = self._kept.get(text)
        if kept is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[text] = self._found(text, 0) or text
        return kept

    def _found(self, text: str, depth: int) -> str | None:
        """Return the translation, None if there is none."""
        if not text or depth > DEEPEST:
            return None
        if text in self._exact:
            return self._exact[text]
        if (day := DAY.fullmatch(text)) is not None:
            return self._day(day[1]) + (day[2] or "")
        if (measure := MEASURE.fullmatch(text)) is not None:
            return self._number(measure[1]) + (measure[2] or "")
        return (
            self._counted(text)
            or self._in_other_case(text)
            or self._by_template(text, depth, strict=True)
            or self._apart(text, depth, _sentences_of(text))
            or self._after_name(text, depth)
            or self._apart(text, depth, _parts_of(text))
            or self._by_template(text, depth, strict=False)
            or self._begun_small(text, depth)
        )

    def _counted(self, text: str) -> str | None:
        """Return the translation of a number, what is counted, and what became of it, each a word of the catalogue."""
        count, *words = text.split(" ")
        if not count.isdigit() or not all(word in self._exact for word in words):
            return None
        return " ".join([count, *(self._exact[word] for word in words)])

    def _in_other_case(self, text: str) -> str | None:
        """Return the translation of a text that was begun with a capital letter, or of a word that was not."""
        small, large = text[:1].lower() + text[1:], text[:1].upper() + text[1:]
        if (found := self._exact.get(small)) is not None:
            return found[:1].upper() + found[1:]
        if " " not in text and (found := self._exact.get(large)) is not None:
            return found[:1].lower() + found[1:]
        return None

    def _begun_small(self, text: str, depth: int) -> str | None:
        """Return the translation of a sentence that is begun with a small letter elsewhere."""
        small = text[:1].lower() + text[1:]
        found = None if small == text else self._by_template(small, depth, strict=True)
        return None if found is None else found[:1].upper() + found[1:]

    def _after_name(self, text: str, depth: int) -> str | None:
        """Return the translation where what is said of something follows its name, or a number of things."""
        if text[0] in ",:":
            return None
        place = -1
        for _word in range(MOST_OF_A_NAME):
            place = text.find(" ", place + 1)
            if place <= 0:
                return None
            said = text[place + 1 :]
            if not said[:1].islower():
                continue
            found = self._exact.get(said) if " " in said or text[:place].isdigit() else None
            for template in () if found is not None else self._candidates(said):
                values = template.values_in(said) if template.key and template.weight >= WEAK else None
                if values is not None and self._fits(template, values, depth):
                    found = template.with_values(self._translated(template, values, depth))
                    break
            if found is not None:
                return text[: place + 1] + found
        return None

    def _by_template(self, text: str, depth: int, *, strict: bool) -> str | None:
        """Return the translation by the first template that fits; `strict` are names in which no sentence begins."""
        for template in self._candidates(text):
            values = template.values_in(text)
            if values is None or not self._fits(template, values, depth):
                continue
            if strict and any(_is_name(field) and ": " in value for field, value in values.items()):
                continue
            return template.with_values(self._translated(template, values, depth))
        return None

    def _fits(self, template: Template, values: Mapping[str, str], depth: int) -> bool:
        """Whether these can be the values of a template, and not a part of a longer text."""
        if any(separator in value for value in values.values() for separator in DIVIDING):
            return False
        return template.weight >= WEAK or all(
            " " not in value or self._whole(value, depth + 1) is not None for value in values.values()
        )

    def _whole(self, text: str, depth: int) -> str | None:
        """Return the translation of a text that the catalogue has in one piece, or that is a number."""
        if text in self._exact or MEASURE.fullmatch(text) or DAY.fullmatch(text):
            return self._found(text, depth)
        return self._in_other_case(text) or (None if depth > DEEPEST else self._by_template(text, depth, strict=True))

    def _candidates(self, text: str) -> Sequence[Template]:
        key = text[:KEY_LENGTH]
        if key not in self._by_key:
            self._by_key[key] = [template for template in self._templates if template.key in ("", key)]
        return self._by_key[key]

    def _translated(self, template: Template, values: Mapping[str, str], depth: int) -> dict[str, str]:
        numbers = {field for _, field, spec in pieces_of(template.source) if is_number(spec)}
        return {
            field: self._number(value)
            if field in numbers
            else value
            if _is_name(field)
            else self._found(value, depth + 1) or value
            for field, value in values.items()
        }

    def _apart(self, text: str, depth: int, divisions: Iterator[list[str]]) -> str | None:
        """Return the text with those of its parts translated that are in the catalogue, None if none is."""
        for parts in divisions:
            found = [self._found(part, depth + 1) if number % 2 == 0 else part for number, part in enumerate(parts)]
            if any(one is not None for one in found[::2]):
                return "".join(part if one is None else one for one, part in zip(found, parts, strict=True))
        return None


def _sentences_of(text: str) -> Iterator[list[str]]:
    """Yield the ways in which a text can be taken apart where its parts surely meet: the parts, with what lies between
    them after each.
    """
    for separator in DIVIDING:
        if separator in text:
            yield re.split(f"({re.escape(separator)})", text)
    if len(ends := re.split(f"({SENTENCE_END.pattern})", text)) > 1:
        yield ends


def _parts_of(text: str) -> Iterator[list[str]]:
    """Yield the ways in which a sentence can be taken apart, likewise."""
    for separator in JOINING:
        if separator in text:
            yield re.split(f"({re.escape(separator)})", text)
    if (remark := REMARK.fullmatch(text)) is not None:
        yield list(remark.groups())
    if text.endswith("."):
        yield [text[:-1], "."]


def _is_name(field: str) -> bool:
    return field.rstrip("0123456789") in NAMES


def _is_plain(template: str) -> bool:
    return all(field is None for _, field, _ in pieces_of(template))


def _unescaped(template: str) -> str:
    """Return a template without fields as the text that it stands for."""
    return "".join(text for text, _, _ in pieces_of(template))
