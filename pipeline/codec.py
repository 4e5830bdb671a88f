"""Frozen dataclasses as JSON and back: the one codec for what crosses a process or is kept on disk.

Knows types alone: nothing of what a class means, of versions, or of where the JSON comes from. A field's type may be
`str`, `int`, `float`, `bool`, an enum, `Path` (as its text), `Fraction` (as in "30000/1001"), another dataclass,
`tuple[X, ...]`, `tuple[X, Y]`, `Mapping[str, X]`, `dict[str, X]`, any of these or None, or `object`: what JSON held,
as it is.
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pipeline.errors import CodecError

T = TypeVar("T")

FRACTION = re.compile(r"-?\d{1,4000}(/0*[1-9]\d{0,4000})?", re.ASCII)
"""Not all that `Fraction` reads: it would work for hours at 1e999999999."""

LONGEST_QUOTE = 60
"""How many characters of a value a message quotes."""

KINDS: Mapping[type, str] = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}
"""What a value in JSON is, in words."""


def to_json(value: object, *, without_defaults: bool = False) -> dict[str, Any]:
    """Return a dataclass as what JSON can hold, its fields by name in their order.

    `without_defaults` leaves out every field, at any depth, that has its default: `from_json` puts it back.
    Raises TypeError for a type that has no form here, ValueError for infinity and for what is not a number.
    """
    found = {}
    for entry in fields(value):  # type: ignore[arg-type]  # a TypeError for what is not a dataclass is what is wanted
        held = getattr(value, entry.name)
        if not (without_defaults and _has_default(entry) and held == _default(entry)):
            found[entry.name] = _written(held, without_defaults=without_defaults)
    return found


def from_json(
    kind: type[T], data: object, where: str, *, names: tuple[type, ...] = (), skip_unknown: bool = False
) -> T:
    """Return the dataclass that `data`, parsed JSON, represents; a field with a default may be missing.

    `where` names the data in a message, such as "job.json"; `names` are types that the dataclass's own module imports
    for annotations alone; `skip_unknown` passes over fields that a newer version may have. Raises CodecError for an
    unknown, a missing or a wrong field, with a sentence that names it.
    """
    return cast(T, _read(kind, data, _Location(where=where, names=names, skip_unknown=skip_unknown)))


class _Location:
    """A field of the data that is read, and what is said of it: its path is put together only where it is needed."""

    def __init__(
        self,
        *,
        where: str,
        parent: _Location | None = None,
        step: str | int = "",
        names: tuple[type, ...] = (),
        skip_unknown: bool = False,
    ) -> None:
        self._where = where
        self._parent = parent
        self._step = step
        self.names = names
        self.skip_unknown = skip_unknown

    def below(self, step: str | int) -> _Location:
        return _Location(where=self._where, parent=self, step=step, names=self.names, skip_unknown=self.skip_unknown)

    @property
    def _field(self) -> str:
        if self._parent is None:
            return ""
        above = self._parent._field
        if isinstance(self._step, int):
            return f"{above}[{self._step}]"
        plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in self._step[:LONGEST_QUOTE])
        return f"{above}.{plain}" if above else plain

    def wrong(self, text: str) -> CodecError:
        return CodecError(f"{self._where}: {self._field} {text}." if self._field else f"{self._where} {text}.")

    def must_be(self, wanted: str, data: object) -> CodecError:
        return self.wrong(f"must be {wanted}, not {KINDS.get(type(data), 'something else')}")


def _written(value: object, *, without_defaults: bool) -> object:
    if is_dataclass(value):
        return to_json(value, without_defaults=without_defaults)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (Path, Fraction)):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [_written(item, without_defaults=without_defaults) for item in value]
    if isinstance(value, Mapping):
        return {name: _written(item, without_defaults=without_defaults) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} has no form in JSON.")
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} has no form in JSON here.")


def _read(hint: object, data: object, location: _Location) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if data is None else _read(_beside_none(arguments), data, location)
    if origin is tuple:
        return _read_tuple(arguments, data, location)
    if origin in (dict, Mapping):
        return _read_mapping(arguments, data, location)
    if isinstance(hint, type) and is_dataclass(hint):
        return _read_dataclass(hint, data, location)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _read_enum(hint, data, location)
    if hint is object:
        return data
    if hint in _SCALARS:
        return _SCALARS[hint](data, location)
    raise TypeError(f"{hint} has no form in JSON here.")


def _read_dataclass(kind: type, data: object, location: _Location) -> object:
    if not isinstance(data, dict):
        raise location.must_be("an object", data)
    hints = _hints(kind, location.names)
    known = {entry.name: entry for entry in fields(kind)}
    for name in () if location.skip_unknown else data:
        if name not in known:
            raise location.below(name).wrong("is not a known field")
    for name, entry in known.items():
        if name not in data and not _has_default(entry):
            raise location.below(name).wrong("is missing")
    return kind(
        **{name: _read(hints[name], held, location.below(name)) for name, held in data.items() if name in known}
    )


def _read_tuple(arguments: tuple[object, ...], data: object, location: _Location) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise location.must_be("a list", data)
    kinds = (arguments[0],) * len(data) if arguments[-1] is Ellipsis else arguments
    if len(kinds) != len(data):
        raise location.wrong(f"must have {len(kinds)} items, not {len(data)}")
    return tuple(
        _read(kind, item, location.below(number)) for number, (kind, item) in enumerate(zip(kinds, data, strict=True))
    )


def _read_mapping(arguments: tuple[object, ...], data: object, location: _Location) -> dict[str, object]:
    if not isinstance(data, dict):
        raise location.must_be("an object", data)
    if arguments[1] is str and all(isinstance(item, str) for item in data.values()):
        return dict(data)  # of 30,000 of them the location of each takes longer than all else
    return {name: _read(arguments[1], item, location.below(name)) for name, item in data.items()}


def _read_enum(kind: type[Enum], data: object, location: _Location) -> Enum:
    for member in kind:
        if type(member.value) is type(data) and member.value == data:
            return member
    names = ", ".join(str(member.value) for member in kind)
    if isinstance(data, str):
        raise location.wrong(f"must be one of {names}, not {data[:LONGEST_QUOTE]!r}")
    raise location.must_be(f"one of {names}", data)


def _read_text(data: object, location: _Location) -> str:
    if not isinstance(data, str):
        raise location.must_be("a text", data)
    return data


def _read_flag(data: object, location: _Location) -> bool:
    if not isinstance(data, bool):
        raise location.must_be("true or false", data)
    return data


def _read_whole(data: object, location: _Location) -> int:
    if type(data) is float:
        raise location.wrong(f"must be a whole number, not {data:g}")
    if type(data) is not int:  # True is an int for isinstance
        raise location.must_be("a whole number", data)
    return data


def _read_number(data: object, location: _Location) -> float:
    if type(data) not in (int, float):
        raise location.must_be("a number", data)
    try:
        number = float(data)  # type: ignore[arg-type]  # an int or a float, by the line above
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise location.wrong("must be a finite number")
    return number


def _read_path(data: object, location: _Location) -> Path:
    if not isinstance(data, str):
        raise location.must_be("a path", data)
    if "\0" in data:
        raise location.wrong("must be a path, without a null character in it")
    return Path(data)


def _read_fraction(data: object, location: _Location) -> Fraction:
    if not isinstance(data, str):
        raise location.must_be("a fraction such as 30000/1001 in a text", data)
    if not FRACTION.fullmatch(data):
        raise location.wrong("must be a fraction such as 30000/1001")
    return Fraction(data)


_SCALARS: Mapping[object, Callable[[object, _Location], object]] = {
    str: _read_text,
    bool: _read_flag,
    int: _read_whole,
    float: _read_number,
    Path: _read_path,
    Fraction: _read_fraction,
}


@cache
def _hints(kind: type, names: tuple[type, ...]) -> dict[str, Any]:
    return get_type_hints(kind, localns={name.__name__: name for name in names})


def _beside_none(arguments: tuple[object, ...]) -> object:
    kinds = [kind for kind in arguments if kind is not type(None)]
    if len(kinds) != 1:
        raise TypeError(f"A value that is one of {kinds} has no form in JSON here.")
    return kinds[0]


def _has_default(entry: Field[Any]) -> bool:
    return entry.default is not MISSING or entry.default_factory is not MISSING


def _default(entry: Field[Any]) -> object:
    return entry.default_factory() if entry.default_factory is not MISSING else entry.default
