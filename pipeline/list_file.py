"""The list of a queue as a file: JSON Lines, a row a line, to keep it or to take it to another computer.

Owns its form and its schema number. Knows neither files nor the queue: the caller has both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, SettingsError
from pipeline.job_codec import job_from_json
from pipeline.job_list import NewRow
from pipeline.queued_job import JobState, QueuedJob

SCHEMA = 1
LARGEST_BYTES = 64 << 20
"""Some 40,000 rows; whoever names a video by mistake is told soon."""

SHOWN = 10
"""Of how many lines it is said what is wrong with them."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A row: `job` is a job as JSON, with a schema of its own."""

    schema: int
    job: object
    held: bool = False
    label: str | None = None
    backend_url: str = ""


def rows_to_text(rows: Sequence[QueuedJob]) -> str:
    """Return rows as lines in their order; what runs or is parked is one that waits."""
    return "".join(f"{json.dumps(to_json(_line(row)))}\n" for row in rows)


def rows_from_bytes(data: bytes, name: str) -> list[NewRow]:
    """Return the rows of a file; empty lines are passed over. `name` names it in a message.

    Raises SettingsError with a sentence about each line that is not as it should be, or about the file.
    """
    if len(data) > LARGEST_BYTES:
        raise SettingsError(f"{name} is larger than {LARGEST_BYTES >> 20} MB: it is no exported queue.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{name} is no text in UTF-8: it is no exported queue.") from error
    rows, problems = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(_row(line, f"{name}, line {number}"))
            except CodecError as error:
                problems.append(str(error))
    if len(problems) > SHOWN:
        problems[SHOWN:] = [f"{len(problems) - SHOWN} more lines of {name} can't be read."]
    if problems:
        raise SettingsError(problems)
    if not rows:
        raise SettingsError(f"{name} has no rows: nothing was exported into it.")
    return rows


def _line(row: QueuedJob) -> _Line:
    return _Line(
        schema=SCHEMA,
        job=json.loads(row.job_text),
        held=row.state is JobState.HELD,
        label=row.label,
        backend_url=row.backend_url,
    )


def _row(text: str, where: str) -> NewRow:
    """Return the row of a line. Raises CodecError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"{where} is not JSON.") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema < 1:
        raise CodecError(f"{where} does not say which schema it has: it is no row of an exported queue.")
    if schema > SCHEMA:
        raise CodecError(f"{where} was written by a newer version of this program: update the program.")
    line = from_json(_Line, data, where)
    job = job_from_json(line.job, f"{where}, job")
    return NewRow(job=job, held=line.held, label=line.label, backend_url=line.backend_url)
