"""The lines that `--json` prints, one per event: docs/json-events.md describes them for those who read them.

Owns what every line has, and how a job's events become lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from cli.interrupts import CANCELLED
from pipeline.events import Event, JobFinished, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName

SCHEMA = 1
"""The version of all lines; it changes when a field is removed or changes its meaning, not when one is added."""

NAMES: dict[type[Event], str] = {
    PhaseStarted: "phase_started",
    PhaseProgress: "phase_progress",
    PhaseFinished: "phase_finished",
    LogLine: "log_line",
    JobFinished: "job_finished",
}

Clock = Callable[[], datetime]


def now_utc() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)


def json_line(event: str, fields: Mapping[str, object], *, job: str | None = None, now: Clock = now_utc) -> str:
    """Return the line of an event; `job` is None where it is not a job's."""
    ts = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"event": event, "schema": SCHEMA, "job": job, "ts": ts, **fields}, default=plain) + "\n"


class JsonLines:
    """A renderer that prints one line per event; the lines of a row of the queue have its id, too."""

    def __init__(self, out: TextIO, now: Clock = now_utc, *, id_: str = "") -> None:
        self._out = out
        self._now = now
        self._own = {"id": id_} if id_ else {}

    def of(self, id_: str) -> JsonLines:
        """Return what prints the lines of a row of the queue."""
        return JsonLines(self._out, self._now, id_=id_)

    def start(self, title: str, rows: Sequence[str], phases: Sequence[PhaseName]) -> None:
        """Nothing to get ready."""

    def event(self, event: Event) -> None:
        """Print the event."""
        fields = report_fields(event.report) if isinstance(event, JobFinished) else asdict(event)
        fields.pop("job", None)
        fields |= fields.pop("transfer", {})  # its figures stand beside the others
        self._out.write(json_line(NAMES[type(event)], self._own | fields, job=event.job, now=self._now))
        self._out.flush()

    def paused(self) -> AbstractContextManager[None]:
        """Nothing to pause."""
        return nullcontext()

    def close(self) -> None:
        """Nothing to leave."""


def report_fields(report: JobReport) -> dict[str, Any]:
    """Return how a job went, as it is printed and as `--report` has it."""
    fields = {**asdict(report), "source": report.origin, "folder": report.place}
    del fields["slug"], fields["address"]
    if report.outcome is Outcome.CANCELLED:
        fields["error"] = report.error or CANCELLED
    return fields


def plain(value: object) -> object:
    """Return what JSON has for a value that it does not have. Raises TypeError."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
