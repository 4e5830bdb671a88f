"""A job's events as JSON and back, versioned: what a worker tells those who wait for the job.

A new field, with a default, leaves SCHEMA as it is, and an older version passes over it; a change of meaning raises it.
"""

from __future__ import annotations

from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.events import Event, JobFinished, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, PhaseName, PhaseOutcome

SCHEMA = 1

KINDS: dict[str, type[Event]] = {
    "phase_started": PhaseStarted,
    "phase_progress": PhaseProgress,
    "phase_finished": PhaseFinished,
    "log_line": LogLine,
    "job_finished": JobFinished,
}

NAMES = (JobReport, PhaseName, PhaseOutcome)
"""What `pipeline.events` does not load at run time."""


def event_to_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON values."""
    kind = next(name for name, held in KINDS.items() if held is type(event))
    return {"schema": SCHEMA, "event": kind, **to_json(event)}


def event_from_json(data: object, where: str = "The event") -> Event:
    """Return the event that `data`, what JSON held, stands for; `where` names it. Raises CodecError."""
    if not isinstance(data, dict):
        raise CodecError(f"{where} must be an object, with its schema and its kind.")
    schema, kind = data.get("schema"), data.get("event")
    if type(schema) is not int or schema < 1:
        raise CodecError(f"{where} does not say which schema it has.")
    if schema > SCHEMA:
        text = f"{where} has schema {schema}, and this version reads up to {SCHEMA}: use the version that wrote it."
        raise CodecError(text)
    if not isinstance(kind, str) or kind not in KINDS:
        raise CodecError(f"{where} must be of a known kind: {', '.join(KINDS)}.")
    fields = {name: value for name, value in data.items() if name not in ("schema", "event")}
    return from_json(KINDS[kind], fields, f"{where} (schema {schema})", names=NAMES, skip_unknown=True)
