"""A sentence with fields, and what stands in the fields of a finished one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
KEY_LENGTH = 2
"""Characters at a template's beginning by which those that can match are found."""

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
    def pieces(self) -> tuple[Piece, ...]:
        """What the sentence is made of."""
        return pieces_of(self.source)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The fields that hold a number."""
        return frozenset(field for _, field, spec in self.pieces if field is not None and is_number(spec))

    @cached_property
    def longest(self) -> str:
        """The longest literal text: where it is missing, nothing has to be tried."""
        return max((text for text, _, _ in self.pieces), key=len)

    @cached_property
    def weight(self) -> int:
        """How many characters are fixed."""
        return sum(len(text) for text, _, _ in self.pieces)

    @cached_property
    def key(self) -> str:
        """The first characters, empty where a field stands there."""
        first = self.pieces[0][0]
        return first[:KEY_LENGTH] if len(first) >= KEY_LENGTH else ""

    @cached_property
    def _runs(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """Literal texts, each with the fields that follow it with nothing between them."""
        runs: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        for text, field, spec in self.pieces:
            own = () if field is None else ((field, spec),)
            beside = bool(runs) and not text and field is not None
            if beside and not is_number(spec) and not self._ends_in_number(runs[-1][1]):
                runs[-1] = (runs[-1][0], (*runs[-1][1], *own))
            else:
                runs.append((text, own))
        return tuple(runs)

    @staticmethod
    def _ends_in_number(fields: tuple[tuple[str, str], ...]) -> bool:
        return bool(fields) and is_number(fields[-1][1])

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The fields in their order, those together that nothing stands between."""
        runs = (tuple(field for field, _ in fields) for _, fields in self._runs)
        return tuple(fields for fields in dict.fromkeys(runs) if fields)

    @cached_property
    def expression(self) -> str:
        """What the finished sentence looks like, as a regular expression with a group for each of `groups`."""
        parts: list[str] = []
        seen: dict[tuple[str, ...], int] = {}
        for text, fields in self._runs:
            parts.append(re.escape(text))
            names = tuple(field for field, _ in fields)
            if not names:
                continue
            if names in seen:
                parts.append(rf"(?:\{seen[names]})")
                continue
            seen[names] = len(seen) + 1
            parts.append(rf"({NUMBER}%?)" if self._ends_in_number(fields) else "(.*?)")
        return "".join(parts)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile(self.expression, re.DOTALL)

    @cached_property
    def _at_the_end(self) -> re.Pattern[str]:
        return re.compile(rf"{self.expression}\Z", re.DOTALL)

    def texts_in(self, text: str) -> tuple[str, ...] | None:
        """Return what stands in each of `groups` of a finished sentence, None for another one."""
        if self.longest not in text:
            return None
        found = self._whole.fullmatch(text)
        return None if found is None else found.groups()

    def place_in(self, text: str) -> int | None:
        """Return where the sentence begins in a text that ends with it, None where none does."""
        found = self._at_the_end.search(text) if self.longest in text else None
        return None if found is None else found.start()

    def with_values(self, values: Mapping[str, str]) -> str:
        """Return the translation with values in its fields."""
        return "".join(text + ("" if field is None else values.get(field, "")) for text, field, _ in self._target)

    @cached_property
    def _target(self) -> tuple[Piece, ...]:
        return pieces_of(self.target)
