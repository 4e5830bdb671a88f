"""Dataclasses as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError


class Colour(str, Enum):
    """One of two."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What lies in another one."""

    start_s: float
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A field of each kind that there is."""

    name: str
    count: int
    length_s: float
    wanted: bool
    colour: Colour
    folder: Path
    rate: Fraction
    part: Part
    perhaps: Part | None = None
    limit_s: float | None = None
    parts: tuple[Part, ...] = ()
    size: tuple[int, int] = (16, 9)
    map: tuple[tuple[int | None, ...], ...] = ()
    by_name: Mapping[str, Part] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


WHOLE = Whole(
    name="Lektion 1 – Größe",
    count=3,
    length_s=1.5,
    wanted=True,
    colour=Colour.BLUE,
    folder=Path("videos/part 1"),
    rate=Fraction(30000, 1001),
    part=Part(start_s=2.0),
)
STORED = {
    "name": "Lektion 1 – Größe",
    "count": 3,
    "length_s": 1.5,
    "wanted": True,
    "colour": "blue",
    "folder": str(Path("videos/part 1")),
    "rate": "30000/1001",
    "part": {"start_s": 2.0},
}

TEXTS = st.text(st.characters())  # with halves of surrogate pairs, which stand for odd bytes in names of files
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PATHS = TEXTS.filter(lambda text: "\0" not in text).map(Path)
PARTS = st.builds(Part, start_s=NUMBERS, title=TEXTS)
WHOLES = st.builds(
    Whole,
    name=TEXTS,
    count=st.integers(),
    length_s=NUMBERS,
    wanted=st.booleans(),
    colour=st.sampled_from(Colour),
    folder=PATHS,
    rate=st.fractions(),
    part=PARTS,
    perhaps=st.none() | PARTS,
    limit_s=st.none() | NUMBERS,
    parts=st.lists(PARTS, max_size=3).map(tuple),
    size=st.tuples(st.integers(), st.integers()),
    map=st.lists(st.lists(st.none() | st.integers(), max_size=2).map(tuple), max_size=3).map(tuple),
    by_name=st.dictionaries(TEXTS, PARTS, max_size=3),
    sizes=st.dictionaries(TEXTS, st.integers(), max_size=3),
)


@given(value=WHOLES, without_defaults=st.booleans())
@settings(database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is not a fault
def test_whatever_is_written_is_read(value, without_defaults):
    """By way of a text, whether or not what is at its default was left out."""
    text = json.dumps(to_json(value, without_defaults=without_defaults), allow_nan=False)
    assert value == from_json(Whole, json.loads(text), "the sample")


@dataclass(frozen=True, kw_only=True)
class Anything:
    """What is kept as it is."""

    fields: Mapping[str, object]


def test_what_may_be_anything_is_kept_as_it_is():
    """Whatever JSON can hold, at any depth."""
    held = {"list": [1, [None, {"a": True}]], "text": "ü", "none": None, "object": {"b": 1.5}}
    stored = to_json(Anything(fields=held))
    assert {"fields": held} == stored
    assert Anything(fields=held) == from_json(Anything, json.loads(json.dumps(stored)), "the sample")


def test_what_has_its_default_is_left_out_where_that_is_wanted():
    """At any depth; all else has its place and its plain form."""
    assert STORED == to_json(WHOLE, without_defaults=True)
    assert WHOLE == from_json(Whole, STORED, "the sample")
    assert {"start_s": 2.0, "title": ""} == to_json(WHOLE)["part"]


REFUSED = [
    pytest.param([], "The sample must be an object, not a list.", id="no object"),
    pytest.param(STORED | {"colours": 1}, "The sample: colours is not a known field.", id="unknown field"),
    pytest.param(
        STORED | {"part": {"start_s": 1, "end_s": 2}},
        "The sample: part.end_s is not a known field.",
        id="unknown field further in",
    ),
    pytest.param(STORED | {"a\nb" * 99: 1}, f"The sample: {('a�b' * 20)} is not a known field.", id="odd name"),
    pytest.param({k: v for k, v in STORED.items() if k != "rate"}, "The sample: rate is missing.", id="missing"),
    pytest.param(STORED | {"part": {}}, "The sample: part.start_s is missing.", id="missing further in"),
    pytest.param(STORED | {"name": None}, "The sample: name must be a text, not null.", id="null for a text"),
    pytest.param(
        STORED | {"count": True}, "The sample: count must be a whole number, not true or false.", id="flag for a number"
    ),
    pytest.param(STORED | {"count": 1.5}, "The sample: count must be a whole number, not 1.5.", id="part of a number"),
    pytest.param(
        STORED | {"wanted": 1}, "The sample: wanted must be true or false, not a number.", id="number for a flag"
    ),
    pytest.param(STORED | {"length_s": "1"}, "The sample: length_s must be a number, not a text.", id="typed number"),
    pytest.param(
        STORED | {"limit_s": float("inf")},
        "The sample: limit_s must be a finite number.",
        id="infinity",
    ),
    pytest.param(
        STORED | {"limit_s": 10**400},
        "The sample: limit_s must be a finite number.",
        id="more than a float holds",
    ),
    pytest.param(
        STORED | {"colour": "green"}, "The sample: colour must be one of red, blue, not 'green'.", id="other name"
    ),
    pytest.param(STORED | {"colour": []}, "The sample: colour must be one of red, blue, not a list.", id="no name"),
    pytest.param(STORED | {"folder": 1}, "The sample: folder must be a path, not a number.", id="no path"),
    pytest.param(
        STORED | {"folder": "a\0"}, "The sample: folder must be a path, without a null character in it.", id="null"
    ),
    pytest.param(
        STORED | {"rate": "1/0"}, "The sample: rate must be a fraction such as 30000/1001.", id="nothing below"
    ),
    pytest.param(
        STORED | {"rate": "1e999999999"}, "The sample: rate must be a fraction such as 30000/1001.", id="huge fraction"
    ),
    pytest.param(
        STORED | {"rate": 25},
        "The sample: rate must be a fraction such as 30000/1001 in a text, not a number.",
        id="number for a fraction",
    ),
    pytest.param(STORED | {"parts": {}}, "The sample: parts must be a list, not an object.", id="no list"),
    pytest.param(
        STORED | {"parts": [{"start_s": 1}, 2]}, "The sample: parts[1] must be an object, not a number.", id="item"
    ),
    pytest.param(STORED | {"size": [1]}, "The sample: size must have 2 items, not 1.", id="too few items"),
    pytest.param(
        STORED | {"map": [[1, None], ["2"]]},
        "The sample: map[1][0] must be a whole number, not a text.",
        id="item of an item",
    ),
    pytest.param(STORED | {"by_name": []}, "The sample: by_name must be an object, not a list.", id="no mapping"),
    pytest.param(
        STORED | {"sizes": {"a": "b"}},
        "The sample: sizes.a must be a whole number, not a text.",
        id="value of a mapping",
    ),
]


@pytest.mark.parametrize(("data", "sentence"), REFUSED)
def test_what_is_wrong_is_said_in_one_sentence(data, sentence):
    """It names the field, and repeats no more of the data than a line holds."""
    with pytest.raises(CodecError) as refused:
        from_json(Whole, data, "The sample")
    assert sentence == str(refused.value)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_can_not_hold_is_not_written(number):
    """It would be read by nobody else."""
    with pytest.raises(ValueError, match="no form in JSON"):
        to_json(Part(start_s=number))


@dataclass(frozen=True, kw_only=True)
class Odd:
    """Fields of kinds that have no form."""

    names: frozenset[str] = frozenset()
    either: int | str = 0


@pytest.mark.parametrize("name", ["names", "either"])
def test_a_type_without_a_form_is_found_out(name):
    """At the first value of it, not when somebody misses it."""
    with pytest.raises(TypeError, match="no form in JSON"):
        from_json(Odd, {name: 1}, "the sample")
    with pytest.raises(TypeError, match="no form in JSON"):
        to_json(Odd(names=frozenset({"a"})))
