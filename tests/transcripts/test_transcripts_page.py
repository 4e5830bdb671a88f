"""docs/transcripts.md says what is true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from datasets import opened

from transcripts.history import STEPS_KEPT
from transcripts.schema import COCO, TRANSCRIPTS, OnDelete

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "transcripts.md").read_text(encoding="utf-8")


def block(language):
    """Return the first example in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def example(tmp_path):
    """The page's file."""
    path = tmp_path / "course.json"
    path.write_text(block("json"), encoding="utf-8")
    return path


def test_example_file(example):
    """The example is a dataset without mistakes, and every field of its segment is explained."""
    with opened(example) as document:
        assert (TRANSCRIPTS, ()) == (document.schema, document.problems)
        (segment,) = document.rows("segments")
    table = PAGE[PAGE.index("| field of a segment") : PAGE.index("The names are those of Lhotse")]
    assert set(segment) == {
        name
        for line in table.splitlines()[2:]
        for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }


def test_example_program(example):
    """The example program edits and saves the example file."""
    text = example.read_text(encoding="utf-8")
    example.write_text(text.replace("The dot product", "The doc product"), encoding="utf-8")
    exec(block("python"), {"path": example})
    (segment,) = json.loads(example.read_bytes())["segments"]
    assert ("The dot product.", True) == (segment["text"], segment["edited"])


def test_references():
    """Every reference stands in the table with what happens on deletion."""
    words = {
        OnDelete.REFUSE: "refused while",
        OnDelete.CASCADE: "are deleted with it",
        OnDelete.CLEAR: "are kept, without",
    }
    for schema in (TRANSCRIPTS, COCO):
        for one in schema.references:
            row = re.search(rf"`{one.collection}\.{one.field}` → `{one.target}` \|([^|]*)\|", PAGE)
            assert row is not None
            assert words[one.on_delete] in row[1]


def test_steps():
    """The number of steps that can be undone is the program's."""
    assert f"up to {STEPS_KEPT:,} steps" in " ".join(PAGE.split())
