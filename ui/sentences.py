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
MEASURE = re.compile(rf"({NUMBER})( ?(?:%|[kKMGT]?B|[kKMG]?B/s|[kM]b/s|LUFS|fps|s|ms))?")
"""What is written with a decimal point in English, whether a sentence is around it or not."""

NAMES = frozenset(
    (
        *("name", "path", "title", "folder", "address", "url", "source", "slug", "file", "prefix", "host", "origin"),
        *("key", "model", "stem", "machine", "typed", "uri", "strerror"),
    )
)
"""Fields that hold what somebody else has named, which is shown as it is."""

SEPARATORS = ("\n", "   ", " · ", ": ", ", ")
"""What lies between texts that were put together of several; before the last two, the ends of sentences."""

DIVIDING = SEPARATORS[:3]
"""Of these, what never stands within a value."""

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

    def __init__(self, texts: Mapping[str, str], number: Callable[[str], str]) -> None:
        """`texts` has a translation for each text; `number` writes a number that is in English."""
        self._number = number
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
        if (measure := MEASURE.fullmatch(text)) is not None:
            return self._number(measure[1]) + (measure[2] or "")
        if (small := self._exact.get(text[:1].lower() + text[1:])) is not None:
            return small[:1].upper() + small[1:]
        return (
            self._by_template(text, depth, strict=True)
            or self._apart(text, depth)
            or self._by_template(text, depth, strict=False)
        )

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
            " " not in value or self._found(value, depth + 1) is not None for value in values.values()
        )

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

    def _apart(self, text: str, depth: int) -> str | None:
        """Return the text with those of its parts translated that are in the catalogue, None if none is."""
        for parts in _divisions(text):
            found = [self._found(part, depth + 1) if number % 2 == 0 else part for number, part in enumerate(parts)]
            if any(one is not None for one in found[::2]):
                return "".join(part if one is None else one for one, part in zip(found, parts, strict=True))
        return None


def _divisions(text: str) -> Iterator[list[str]]:
    """Yield the ways in which a text can be taken apart: its parts, with what lies between them after each."""
    for separator in SEPARATORS:
        if separator == ": " and len(ends := re.split(f"({SENTENCE_END.pattern})", text)) > 1:
            yield ends
        if separator in text:
            yield re.split(f"({re.escape(separator)})", text)
    if (remark := REMARK.fullmatch(text)) is not None:
        yield list(remark.groups())


def _is_name(field: str) -> bool:
    return field.rstrip("0123456789") in NAMES


def _is_plain(template: str) -> bool:
    return all(field is None for _, field, _ in pieces_of(template))


def _unescaped(template: str) -> str:
    """Return a template without fields as the text that it stands for."""
    return "".join(text for text, _, _ in pieces_of(template))
