"""Reading what `--json` printed: every line is held against docs/json-events.schema.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCHEMA = json.loads((DOCS / "json-events.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
EVERY_LINE = ("schema", "job", "ts")
"""What every line has besides its event's name and fields."""


def problem(line: Any) -> str:
    """Return what the schema has against a line, empty where it has nothing."""
    error = best_match(VALIDATOR.iter_errors(line))
    return "" if error is None else f"{error.json_path}: {error.message}"


def events(output: str) -> list[dict]:
    """Return what was printed, a line each; fails where the schema does not describe one."""
    lines = [json.loads(line) for line in output.splitlines()]
    assert [] == [(problem(line), line) for line in lines if problem(line)]
    return lines


def fields(line: dict) -> dict:
    """Return a line without what every line has."""
    return {name: value for name, value in line.items() if name not in EVERY_LINE}
