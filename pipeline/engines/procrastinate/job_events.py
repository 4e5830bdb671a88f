"""The table of the jobs' events, numbered for each job. Knows neither workers nor who reads them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from pipeline.engines.engine import TaskEvent
from pipeline.engines.procrastinate.schema import EVENT_CHANNEL
from pipeline.engines.task_event_codec import task_event_from_json, task_event_to_json
from pipeline.errors import CodecError
from pipeline.event_codec import KINDS, event_from_json, event_to_json
from pipeline.events import Event, JobFinished
from pipeline.model import JobReport, Outcome

Cursor = psycopg.Cursor[TupleRow]

FINISHED = "job_finished"
"""The kind of a job's last event."""

QueueEvent = Event | TaskEvent
"""An event of a conversion or of a transcription."""


def insert_events(cursor: Cursor, job: uuid.UUID, machine: str, events: Sequence[QueueEvent]) -> None:
    """Add events of a job. The caller must hold the job's lock, since events are numbered by what is in the table."""
    if not events:
        return
    cursor.execute("SELECT coalesce(max(sequence), 0) FROM hls_job_events WHERE job = %s", (job,))
    row = cursor.fetchone()
    last = 0 if row is None else int(row[0])
    cursor.executemany(
        "INSERT INTO hls_job_events (job, sequence, machine, event) VALUES (%s, %s, %s, %s)",
        [
            (job, last + number, machine, Jsonb(storable(queue_event_to_json(event))))
            for number, event in enumerate(events, 1)
        ],
    )
    cursor.execute("SELECT pg_notify(%s, %s)", (EVENT_CHANNEL, str(job)))


def storable(value: Any) -> Any:  # noqa: ANN401  # JSON values, whichever
    """Return JSON values with a question mark for every character that PostgreSQL can't store in a text.

    These are null characters, and surrogates: bytes of file names or ffmpeg's messages that are not UTF-8.
    """
    if isinstance(value, str):
        return value.replace("\0", "?").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(name): storable(one) for name, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list | tuple) else value


def ended(title: str, outcome: Outcome, error: str = "") -> JobFinished:
    """Return the last event of a job that no machine ended: it was cancelled while it waited, or given up."""
    report = JobReport(slug=title, source=Path(title), folder=Path(title), outcome=outcome, error=error)
    return JobFinished(report=report)


def queue_event_to_json(event: QueueEvent) -> dict[str, Any]:
    """Return an event of either kind as JSON values."""
    if isinstance(event, tuple(KINDS.values())):
        return event_to_json(cast(Event, event))
    return task_event_to_json(cast(TaskEvent, event))


def queue_event_from_json(data: object) -> QueueEvent | None:
    """Return an event of either kind, None for a kind that only a newer version knows.

    Versions may differ for a day: other events of a newer worker may be missed, but not a job's last one. Raises
    CodecError if that can't be read.
    """
    try:
        if isinstance(data, dict) and "task_event" in data:
            return task_event_from_json(data, "A task's event from the queue")
        return event_from_json(data, "An event from the queue")
    except CodecError:
        if isinstance(data, dict) and data.get("event") == FINISHED:
            raise
        return None
