"""The description of the lines that `--json` prints: it fits what the program can print, and itself."""

from __future__ import annotations

import json
import re

import pytest
from json_events import DOCS, EVERY_LINE, SCHEMA, VALIDATOR, events, problem

from cli.json_lines import NAMES
from cli.json_lines import SCHEMA as VERSION
from pipeline.events import LogLevel
from pipeline.forecast import Action
from pipeline.media.validate.findings import Severity
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from pipeline.queued_job import JobState
from pipeline.speech.model_cache import ModelState
from pipeline.transfer.manifests.restore import RestoreOutcome
from pipeline.transfer.manifests.verify import Location

DEFINITIONS = SCHEMA["$defs"]
LINES = {name: entry for name, entry in DEFINITIONS.items() if "event" in entry.get("properties", {})}
TEXT = (DOCS / "json-events.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(line) for block in re.findall(r"```json\n(.*?)```", TEXT, re.S) for line in block.splitlines()]
FINISHED = next(line for line in EXAMPLES if line["event"] == "phase_finished")


def test_the_schema_is_one():
    """Of the draft that it names, for the lines that are printed."""
    VALIDATOR.check_schema(SCHEMA)
    assert VERSION == DEFINITIONS["schema"]["const"]


@pytest.mark.parametrize(
    ("described", "values"),
    [
        pytest.param(DEFINITIONS["phase"]["enum"], [p.value for p in PhaseName], id="phases"),
        pytest.param(DEFINITIONS["phase_outcome"]["enum"], [o.value for o in PhaseOutcome], id="outcomes of phases"),
        pytest.param(
            DEFINITIONS["job_finished"]["properties"]["outcome"]["enum"], [o.value for o in Outcome], id="outcomes"
        ),
        pytest.param(
            DEFINITIONS["log_line"]["properties"]["level"]["enum"], [level.value for level in LogLevel], id="levels"
        ),
        pytest.param(
            DEFINITIONS["broken_rule"]["properties"]["severity"]["enum"], [s.value for s in Severity], id="severities"
        ),
        pytest.param(
            DEFINITIONS["disagreement"]["properties"]["side"]["enum"], [s.name.lower() for s in Location], id="sides"
        ),
        pytest.param(
            DEFINITIONS["job_planned"]["properties"]["steps"]["items"]["properties"]["action"]["enum"],
            [action.value for action in Action],
            id="actions",
        ),
        pytest.param(DEFINITIONS["model"]["properties"]["state"]["enum"], [s.value for s in ModelState], id="models"),
        pytest.param(
            [state for state in DEFINITIONS["queued_job"]["properties"]["state"]["enum"] if state != "left"],
            [state.value for state in JobState],
            id="states of queued jobs",
        ),
        pytest.param(
            DEFINITIONS["restored_file"]["properties"]["outcome"]["enum"],
            [o.name.lower() for o in RestoreOutcome],
            id="outcomes of restored files",
        ),
    ],
)
def test_every_value_is_described(described, values):
    """A new phase, outcome or level is printed only once it stands in the schema; and in the document."""
    assert values == described
    assert [] == [value for value in values if f"`{value}`" not in TEXT]


def test_every_event_of_a_job_is_described():
    """By the name under which it is printed."""
    described = {entry["properties"]["event"]["const"] for entry in LINES.values()}
    assert set() == set(NAMES.values()) - described


@pytest.mark.parametrize("name", LINES)
def test_every_line_has_an_example_and_words_for_its_fields(name):
    """What is in the schema is explained."""
    own = {**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{name}"}]}
    assert any(VALIDATOR.evolve(schema=own).is_valid(example) for example in EXAMPLES)
    assert [] == [field for field in LINES[name]["properties"] if f"`{field}`" not in TEXT]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["event"])
def test_every_example_is_a_line_that_could_be_printed(example):
    """It was printed once; the program has gone on since."""
    assert "" == problem(example)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({**FINISHED, "more": 1}, id="field more"),
        *(
            pytest.param({name: value for name, value in FINISHED.items() if name != missing}, id=f"no {missing}")
            for missing in (*EVERY_LINE, "outcome")
        ),
        pytest.param({**FINISHED, "event": "phase_ended"}, id="unknown event"),
        pytest.param({**FINISHED, "outcome": "well"}, id="unknown outcome"),
        pytest.param({**FINISHED, "overall": 1.01}, id="more than all"),
        pytest.param({**FINISHED, "job": None}, id="job of nobody"),
        pytest.param({**FINISHED, "ts": "2026-11-28T22:50:08Z"}, id="seconds"),
        pytest.param({**FINISHED, "ts": "2026-11-28T23:50:08.435+01:00"}, id="other zone"),
    ],
)
def test_a_line_that_is_not_described_is_noticed(changed):
    """By every test that reads what was printed."""
    assert problem(changed)
    with pytest.raises(AssertionError):
        events(json.dumps(changed))
