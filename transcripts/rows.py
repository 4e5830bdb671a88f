"""A row as bytes of JSON, and as a dict.

A row is kept as the bytes that it has in the file: what nobody changes is written as it was read, whatever a JSON
library makes of its numbers, and is never parsed as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import msgspec

from transcripts.errors import InvalidRowError
from transcripts.schema import ID_FIELD, Reference
from transcripts.turns import ROWS_A_TURN, in_turns

Row = dict[str, Any]
"""A row with all its fields, a copy of its own for whoever asked."""

Id = int | str

ROWS_AT_ONCE = 128
"""How many rows are read in one piece; larger blocks take the system longer to find memory for."""

_decode = msgspec.json.Decoder().decode


def decoded(row: bytes) -> Row:
    """Return a row's fields. Raises InvalidRowError if it is not an object."""
    try:
        found = _decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # what Python writes and JSON has not: NaN, half
        found = json.loads(row)  # of a surrogate pair
    if not isinstance(found, dict):
        raise InvalidRowError(f"A row has to be an object, but is {row[:60].decode(errors='replace')}.")
    return found


def decoder_of(*names: str) -> Callable[[bytes], Row]:
    """Return what decodes only some fields of a row, None for one that it has not: several times as fast as all."""
    fields = {f"field_{number}": name for number, name in enumerate(names)}
    partly = msgspec.defstruct("Fields", [(one, Any, None) for one in fields], rename=fields)
    decode = msgspec.json.Decoder(partly).decode

    def read(row: bytes) -> Row:
        try:
            found = decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            whole = decoded(row)
            return {name: whole.get(name) for name in names}
        return {name: getattr(found, one) for one, name in fields.items()}

    return read


def row_line(row: Mapping[str, Any]) -> bytes:
    """Return a row as JSON on one line.

    Not by msgspec, which would write null for a number such as NaN that a file has had.
    """
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair has no form in UTF-8, but one in JSON
        return json.dumps(row, separators=(",", ":")).encode()


def json_copy(fields: Mapping[str, Any]) -> Row:
    """Return a copy of values that a caller gave, as JSON has them. Raises InvalidRowError."""
    try:
        found = json.loads(json.dumps(dict(fields), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRowError(f"A value can't be written as JSON ({error}): give texts, numbers, lists.") from error
    return dict(found)


def on_one_line(row: bytes) -> bytes:
    """Return a row without line breaks. JSON has them between values alone, never within a text."""
    return row.replace(b"\n", b" ").replace(b"\r", b" ")


def same(one: bytes | None, other: bytes | None) -> bool:
    """Whether two rows say the same, however they are spaced; None is no row."""
    if one == other:
        return True
    return one is not None and other is not None and row_line(decoded(one)) == row_line(decoded(other))


def is_id(value: object) -> TypeGuard[Id]:
    """Whether a value can be an id: a whole number or a text."""
    return type(value) in (int, str)


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """What the program has to know of a row, as it stands there: its id, and its references in the schema's order.

    None stands for what is missing.
    """

    id: object
    targets: tuple[object, ...]


NO_KEYS = Keys(id=None, targets=())
"""Those of something that is not an object."""


class KeyReader:
    """Reads the keys of a collection's rows without parsing the rest of them."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self._names = (ID_FIELD, *(one.field for one in references))
        self._fields = tuple(f"f{number}" for number in range(len(self._names)))
        struct = msgspec.defstruct(
            "Keys",
            [(field, object, None) for field in self._fields],
            rename=dict(zip(self._fields, self._names, strict=True)),
            gc=False,
        )
        self._one = msgspec.json.Decoder(struct)
        self._all = msgspec.json.Decoder(list[struct])  # type: ignore[valid-type]  # made while running

    def of(self, row: bytes) -> Keys:
        """Return a row's keys."""
        try:
            found = self._one.decode(row)
            own, *targets = (getattr(found, field) for field in self._fields)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            values = json.loads(row)
            if not isinstance(values, dict):
                return NO_KEYS
            own, *targets = (values.get(name) for name in self._names)
        return Keys(id=own, targets=tuple(targets))

    def columns(self, rows: Sequence[bytes]) -> list[list[object]]:
        """Return the keys of many rows: the ids, then the values of each reference."""
        columns: list[list[object]] = [[] for _ in self._fields]
        for first in in_turns(range(0, len(rows), ROWS_AT_ONCE), ROWS_A_TURN // ROWS_AT_ONCE):
            for column, values in zip(columns, self._some(rows[first : first + ROWS_AT_ONCE]), strict=True):
                column += values
        return columns

    def _some(self, rows: Sequence[bytes]) -> list[list[object]]:
        try:
            found = self._all.decode(b"[%b]" % b",".join(rows))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            keys = [self.of(row) for row in rows]
            ids: list[object] = [one.id for one in keys]
            return [
                ids,
                *([one.targets[at] if one.targets else None for one in keys] for at in range(len(self._names) - 1)),
            ]
        return [[getattr(one, field) for one in found] for field in self._fields]
