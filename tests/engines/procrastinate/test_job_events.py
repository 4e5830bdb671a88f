"""Events from the queue, also from workers of another version."""

import pytest

from pipeline.engines.engine import CommandStarted
from pipeline.engines.procrastinate.job_events import ended, queue_event_from_json, queue_event_to_json
from pipeline.errors import CodecError
from pipeline.events import LogLine
from pipeline.model import Outcome

LINE = LogLine(job="one", text="alpha has one.")


@pytest.mark.parametrize("event", [LINE, ended("one", Outcome.CANCELLED), CommandStarted(command="ffmpeg")])
def test_a_field_that_only_a_newer_version_has_is_passed_over(event):
    """At any depth: all else of the event counts."""
    data = queue_event_to_json(event) | {"mood": "good"}
    if "report" in data:
        data["report"] = data["report"] | {"mood": "good"}
    assert event == queue_event_from_json(data)


@pytest.mark.parametrize(
    "change",
    [{"event": "machine_warm"}, {"event": "phase_started", "phase": "polish"}, {"schema": 9}, {"task_event": "odd"}],
    ids=["kind", "phase", "schema", "kind of a task"],
)
def test_an_event_that_only_a_newer_version_knows_is_none(change):
    """The job goes on for whoever waits."""
    assert queue_event_from_json(queue_event_to_json(LINE) | change) is None


def test_a_last_event_that_cant_be_read_is_said():
    """Nobody waits for ever for a job that has ended."""
    with pytest.raises(CodecError, match=r"^An event from the queue has schema 9"):
        queue_event_from_json(queue_event_to_json(ended("one", Outcome.DONE)) | {"schema": 9})
