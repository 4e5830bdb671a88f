"""A dataset's file: what is in it, and how it is written.

Rows are kept as the bytes that they have in the file, in their order; so is everything that is no collection.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pipeline.files import read_file
from transcripts.errors import UnreadableError
from transcripts.rows import Row, decoded, row_line
from transcripts.schema import FORMAT_FIELD, SCHEMAS, VERSION_FIELD, Schema, detect
from transcripts.slices import Sliced, read_in_slices
from transcripts.turns import empty, in_turns

NEXT_IDS = "next_ids"
"""The key with the next number of each collection whose highest one was deleted: it is not given out again."""

ROWS_AT_ONCE = 256
"""How many rows are written in one piece; other threads get their turn between two."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_top_level = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds.

    `values` has every key of the file in its order with its JSON, `collections` the rows of those that the schema
    names; a missing collection has none.
    """

    schema: Schema
    values: Mapping[str, bytes]
    collections: Mapping[str, list[bytes]]
    next_ids: Mapping[str, int] = field(default_factory=dict)

    def free(self) -> None:
        """Free the rows, which nobody needs any more."""
        for rows in self.collections.values():
            empty(rows)


def new_content(schema: Schema) -> Content:
    """Return what a dataset holds that has just been begun."""
    values = {key: json.dumps(value).encode() for key, value in schema.new_content.items()}
    values |= {one.name: b"[]" for one in schema.collections}
    return Content(schema=schema, values=values, collections={one.name: [] for one in schema.collections})


def read_dataset(path: Path, schema: Schema | None, name: str) -> Content | None:
    """Read a dataset, `name` in messages; None if there is no such file. Without `schema` the file's own keys tell.

    Raises UnreadableError.
    """
    try:
        data = read_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableError(
            f"{path} can't be read ({error.strerror}): check the path and its permissions."
        ) from error
    return parse_content(data, name, schema)


def parse_content(data: bytes, name: str, schema: Schema | None) -> Content:
    """Return what the bytes of a file hold; `name` stands for it in messages. Raises UnreadableError."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    kinds = SCHEMAS if schema is None else (schema,)
    sliced = read_in_slices(data, {one.name for kind in kinds for one in kind.collections})
    try:
        return _content(sliced, name, schema)
    except UnreadableError:  # the lines that a sentence names are those of the whole file
        return _content(Sliced(rest=data), name, schema)


def _content(sliced: Sliced, name: str, schema: Schema | None) -> Content:
    values = _values(sliced.rest, name)
    schema = schema or _detected(values, name)
    if not all(_is_empty(values.get(key, b"")) and schema.collection(key) for key in sliced.rows):
        raise UnreadableError(f"{name} has lists that are none of its rows.")
    _check_version(values, name, schema)
    lists = {one.name: values[one.name] for one in schema.collections if one.name in values}
    collections = {
        one.name: sliced.rows[one.name] if one.name in sliced.rows else _rows(lists, one.name, name)
        for one in schema.collections
    }
    return Content(schema=schema, values=values, collections=collections, next_ids=_next_ids(values, schema))


def _is_empty(value: bytes) -> bool:
    return b"[]" == b"".join(value.split())


def _values(data: bytes, name: str) -> dict[str, bytes]:
    try:
        data.decode()  # msgspec looks at the texts that it needs alone
        return {key: bytes(value) for key, value in _top_level.decode(data).items()}
    except (msgspec.DecodeError, RecursionError):
        return _values_slowly(data, name)
    except UnicodeDecodeError as error:
        if b"\0" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnreadableError(f"{name} is not a dataset but a file that is no text: choose another one.") from error
        raise UnreadableError(f"{name} is not UTF-8 text: save it as UTF-8 and open it again.") from error


def _values_slowly(data: bytes, name: str) -> dict[str, bytes]:
    """Read what Python's own library takes and the standard doesn't: NaN, half of a surrogate pair."""
    try:
        found = json.loads(data)
    except json.JSONDecodeError as error:
        if not data.strip():
            raise UnreadableError(f"{name} is empty: restore a copy, or remove it to begin a new one.") from error
        raise UnreadableError(
            f"{name} is not a dataset, or it is cut off or damaged: line {error.lineno} can't be read. "
            "Restore a copy, or mend that line."
        ) from error
    except (RecursionError, ValueError) as error:
        raise UnreadableError(f"{name} holds values that can't be read: mend it or restore a copy.") from error
    if not isinstance(found, dict):
        raise UnreadableError(f"{name} is not a dataset: it must be a JSON object with lists of rows.")
    return {key: _json(value) for key, value in found.items()}


def _json(value: object) -> bytes:
    return row_line({"": value})[len('{"":') : -1]


def _detected(values: Mapping[str, bytes], name: str) -> Schema:
    schema = detect(values, _value(values, FORMAT_FIELD))
    if schema is None:
        raise UnreadableError(
            f"{name} is not a dataset of a known kind: a file of transcripts has the lists media, speakers and "
            "segments, one in the COCO format images, annotations and categories."
        )
    return schema


def _value(values: Mapping[str, bytes], key: str) -> object:
    return decoded(b'{"":' + values[key] + b"}")[""] if key in values else None


def _check_version(values: Mapping[str, bytes], name: str, schema: Schema) -> None:
    version = _value(values, VERSION_FIELD) if schema.version else None
    if isinstance(version, int) and version > schema.version:
        raise UnreadableError(
            f"{name} was written by a newer version of this program: update the program and open it again."
        )


def _rows(lists: Mapping[str, bytes], collection: str, name: str) -> list[bytes]:
    if collection not in lists:
        return []
    try:
        return [bytes(row) for row in _list.decode(lists[collection])]
    except msgspec.ValidationError as error:
        raise UnreadableError(f'{name} can\'t be opened: its "{collection}" is not a list of rows.') from error
    except (msgspec.DecodeError, RecursionError):
        return [_json(row) for row in json.loads(lists[collection])]


def _next_ids(values: Mapping[str, bytes], schema: Schema) -> dict[str, int]:
    found = _value(values, NEXT_IDS)
    given: Row = found if isinstance(found, dict) else {}
    return {one.name: given[one.name] for one in schema.collections if type(given.get(one.name)) is int}


def written(
    values: Mapping[str, bytes], collections: Mapping[str, Sequence[bytes | None]], next_ids: Mapping[str, int]
) -> Iterator[bytes]:
    """Yield a file piece by piece: keys in their order, a row a line, new keys at the end.

    `next_ids` are those that the rows themselves don't tell.
    """
    kept = {key: value for key, value in values.items() if key != NEXT_IDS}
    present = {name: [row for row in in_turns(rows) if row is not None] for name, rows in collections.items()}
    missing = {name: b"[]" for name, rows in present.items() if rows and name not in kept}
    every = {**kept, **missing, **({NEXT_IDS: _json(dict(next_ids))} if next_ids else {})}
    yield b"{"
    for number, (key, value) in enumerate(every.items()):
        yield (b",\n" if number else b"\n") + _json(key) + b": "
        if key in present:
            yield from _written_rows(present[key])
        else:
            yield value
    yield b"\n}\n"


def _written_rows(rows: Sequence[bytes]) -> Iterator[bytes]:
    if not rows:
        yield b"[]"
        return
    for first in range(0, len(rows), ROWS_AT_ONCE):
        yield (b",\n" if first else b"[\n") + b",\n".join(rows[first : first + ROWS_AT_ONCE])
    yield b"\n]"
