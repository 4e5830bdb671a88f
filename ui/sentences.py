"""Finds the translation of a finished sentence by the template that it was made from. Pure; knows no language."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from ui.sentence_templates import KEY_LENGTH, NUMBER, Template, pieces_of

MOST_KEPT = 8192
"""So many answers are remembered: what a window shows changes little from one moment to the next."""

DEEPEST = 6
"""How often a value within a sentence may be a sentence itself."""

DAY = re.compile(r"(\d{4}-\d\d-\d\d)( \d\d:\d\d)?")
"""A day as it is written in every language's log, with a time or without."""

MEASURE = re.compile(rf"({NUMBER})( ?(?:%|[kKMGT]?B|[kKMG]?B/s|[kM]b/s|LUFS|fps|s|ms))?")
"""What is written with a decimal point in English, whether a sentence is around it or not."""

QUALITY = re.compile(r"\d{3,4}p")

NAMES = frozenset(
    (
        *("name", "path", "title", "folder", "address", "url", "source", "slug", "file", "prefix", "host", "origin"),
        *("key", "model", "stem", "machine", "typed", "uri", "strerror", "destination", "server", "backend_url"),
    )
)
"""Fields that hold what somebody else has named, which is shown as it is."""

DIVIDING = ("\n", "   ", " · ")
"""What lies between texts that were put together of several, and never stands within a value."""

JOINING = ("; ", ": ", ", ")
"""What may lie between them, too."""

AND = " and "
"""What stands before the last of several things."""

MOST_OF_A_NAME = 20
"""Words at the beginning of a sentence that may be a name."""

WEAK = 8
"""A template with fewer fixed characters than this fits much that it was not made for: what is in its fields has to be
a name, a number or a text of the catalogue.
"""

SENTENCE_END = re.compile(r"(?<=[.!?…]) +(?=\S)")
REMARK = re.compile(r"(.+?)( \()(.+)(\))", re.DOTALL)
"""A text with a remark in brackets behind it, such as a language with its code."""


class Sentences:
    """Translates what is finished: the sentence itself if the catalogue has it, else by the template with the most
    fixed text that fits, and what stands in the template's fields likewise.

    What was put together of several sentences is taken apart where they meet. What is in no catalogue stays as it is.
    """

    def __init__(
        self, texts: Mapping[str, str], number: Callable[[str], str], day: Callable[[str], str], conjunction: str
    ) -> None:
        """`texts` has a translation for each text; `number` and `day` write what is in English: 1,234.5 and
        2026-01-31. `conjunction` is AND.
        """
        self._number = number
        self._day = day
        self._conjunction = conjunction
        self._exact = {_unescaped(source): _unescaped(target) for source, target in texts.items() if _is_plain(source)}
        templates = [Template(source, target) for source, target in texts.items() if not _is_plain(source)]
        self._templates = sorted(templates, key=lambda template: -template.weight)
        self._by_key: dict[str, Sequence[Template]] = {}
        self._kept: dict[str, str | None] = {}

    def shown(self, text: str) -> str:
        """Return a text as it is shown."""
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        return self._found(text, 0) or text

    def _found(self, text: str, depth: int) -> str | None:
        """Return the translation, None if there is none."""
        if not text or depth > DEEPEST:
            return None
        if text in self._exact:
            return self._exact[text]
        if text not in self._kept:
            self._kept[text] = self._looked_up(text, depth)
        return self._kept[text]

    def _looked_up(self, text: str, depth: int) -> str | None:
        if (day := DAY.fullmatch(text)) is not None:
            return self._day(day[1]) + (day[2] or "")
        if (measure := MEASURE.fullmatch(text)) is not None:
            return self._number(measure[1]) + (measure[2] or "")
        return (
            self._counted(text)
            or self._in_other_case(text)
            or self._before_end(text, depth)
            or self._by_template(text, depth, strict=True)
            or self._apart(text, depth, _sentences_of(text))
            or self._listed(text, depth)
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
        return None if " " in text else self._exact.get(large)

    def _begun_small(self, text: str, depth: int) -> str | None:
        """Return the translation of a sentence that is begun with a small letter elsewhere."""
        small = text[:1].lower() + text[1:]
        found = None if small == text else self._by_template(small, depth, strict=True)
        return None if found is None else found[:1].upper() + found[1:]

    def _listed(self, text: str, depth: int) -> str | None:
        """Return the translation of several things, the last two with "and" between them, if all are known."""
        before, conjunction, last = text.rpartition(AND)
        if not conjunction:
            return None
        things = [*before.split(", "), last]
        told = [thing if QUALITY.fullmatch(thing) else self._found(thing, depth + 1) for thing in things]
        known = [one for one in told if one is not None]
        if len(known) < len(things):
            return None
        return ", ".join(known[:-1]) + self._conjunction + known[-1]

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
            for template in () if found is not None else self._keyed.get(said[:KEY_LENGTH], ()):
                values = self._values(template, said, depth) if template.weight >= WEAK else None
                if values is not None:
                    found = template.with_values(self._translated(template, values, depth))
                    break
            if found is not None:
                return text[: place + 1] + found
        return None

    def _by_template(self, text: str, depth: int, *, strict: bool) -> str | None:
        """Return the translation by the first template that fits; `strict` are names in which no sentence begins."""
        for template in self._candidates(text):
            if template.longest not in text or (values := self._values(template, text, depth)) is None:
                continue
            if strict and any(_is_name(field) and ": " in value for field, value in values.items()):
                continue
            return template.with_values(self._translated(template, values, depth))
        return None

    def _before_end(self, text: str, depth: int) -> str | None:
        """Return the translation where a text of the catalogue stands behind the last colon, unless a template has it,
        too.
        """
        said, colon, end = text.rpartition(": ")
        if not colon or end not in self._exact or any(one.source.endswith(end) for one in self._candidates(text)):
            return None
        return f"{self._found(said, depth + 1) or said}: {self._exact[end]}"

    def _values(self, template: Template, text: str, depth: int) -> dict[str, str] | None:
        """Return what stands in the fields of a template, None if the text is not made from it."""
        found = template.texts_in(text)
        if found is None or any(separator in value for value in found for separator in DIVIDING):
            return None
        values: dict[str, str] = {}
        for fields, value in zip(template.groups, found, strict=True):
            values |= self._divided(fields, value)
        if template.weight < WEAK and not all(self._is_known(*one, depth) for one in values.items()):
            return None
        return values

    def _is_known(self, field: str, value: str, depth: int) -> bool:
        """Whether this is surely the value of a field: a name in one word, a number, or a text of the catalogue."""
        alone = " " not in value
        a_number = alone and "/" not in value and any(map(str.isdigit, value))
        return (alone and _is_name(field)) or a_number or self._whole(value, depth + 1) is not None

    def _divided(self, fields: tuple[str, ...], text: str) -> dict[str, str]:
        """Return what stands in fields that nothing stands between: a part of a sentence is all of one of them."""
        if len(fields) == 1:
            return {fields[0]: text}
        for opening in self._openings:
            if text.startswith(opening):
                return {fields[0]: opening, **self._divided(fields[1:], text[len(opening) :])}
        places = [place for part in self._endings if (place := part.place_in(text))]
        place = min(places, default=len(text))
        return {**self._divided(fields[:-1], text[:place]), fields[-1]: text[place:]}

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

    @cached_property
    def _keyed(self) -> dict[str, list[Template]]:
        """The templates that begin with fixed text, by its first characters."""
        found = defaultdict(list)
        for template in self._templates:
            if template.key:
                found[template.key].append(template)
        return dict(found)

    @cached_property
    def _openings(self) -> list[str]:
        """Texts that something follows."""
        return [text for text in self._exact if text.endswith(" ")]

    @cached_property
    def _endings(self) -> list[Template]:
        """Texts that something precedes."""
        plain = [Template(text.replace("{", "{{").replace("}", "}}"), "") for text in self._exact if text[0] in " ,:"]
        return [*plain, *(template for template in self._templates if template.source[0] in " ,:")]

    def _translated(self, template: Template, values: Mapping[str, str], depth: int) -> dict[str, str]:
        return {
            field: self._number(value)
            if field in template.numbers
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
