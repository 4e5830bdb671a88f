"""The rows of the queue as SQL: found, added, changed by their owner, cancelled, forgotten; which can begin.

Knows neither transactions nor files: the caller has both.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence

from pipeline.job_owner import JobOwner, Liveness
from pipeline.job_rows import job_owner_from, living, owner_text, queued
from pipeline.leases import Leases
from pipeline.queued_job import JobState, QueuedJob
from pipeline.store_file import OPEN_STATES
from pipeline.stored_job import StoredJob

ID_CHARACTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""The characters of ids, without those that are easily confused."""
ID_LENGTH = 6

AT_ONCE, AT_FIRST = 500, 16
"""How many jobs one query asks for: SQLite accepts 999 values (https://sqlite.org/limits.html)."""

SHORT = "id, state, wanted_by, owner, beats, parked_at, parked_until, listed"
"""The columns that decide who may have a job."""

KEPT_JOBS = 10_000
KEPT_S = 90 * 86_400.0
"""How many ended jobs are kept, and how long, in seconds."""

END = "state = ?, reason = ?, ended_at = ?, parked_at = NULL, parked_until = NULL"
OWN = "id = ? AND owner = ? AND state = 'running'"
OWN_OR_HELD = "id = ? AND owner = ? AND state IN ('running', 'held')"

ORDER = "place, position"
"""The order of the queue: that of the list, and of what has the same place there, that in which it was added."""


def is_free(row: sqlite3.Row, now: float, leases: Leases) -> bool:
    """Whether an open job can begin; `now` is the time in seconds since 1970."""
    if row["state"] in (JobState.WAITING.value, JobState.HELD.value):
        return bool(row["state"] == JobState.WAITING.value)
    if row["state"] == JobState.PARKED.value:  # a clock that was set back since must not prolong it
        until, since = row["parked_until"], row["parked_at"]
        return until is None or not since <= now < until
    liveness = job_owner_from(row["owner"]).liveness()
    if liveness in (Liveness.SUSPENDED, Liveness.UNKNOWN):
        return leases.has_run_out(row["id"], f"{row['owner']} {row['beats']}")
    return liveness is Liveness.GONE


def open_in_folder(connection: sqlite3.Connection, folder: str) -> list[sqlite3.Row]:
    """Return the jobs of a folder that have not ended, in the order in which they were added."""
    question = f"SELECT * FROM jobs WHERE folder = ? AND state IN {OPEN_STATES} ORDER BY position"
    return connection.execute(question, (folder,)).fetchall()


def open_rows(connection: sqlite3.Connection, ids: Sequence[str]) -> Iterator[sqlite3.Row]:
    """Yield those of these jobs that have not ended, in this order, without their long columns."""
    ends = [*range(AT_FIRST, len(ids), AT_ONCE), len(ids)]  # usually one of the first is found
    for start, end in zip([0, *ends], ends, strict=False):
        some = ids[start:end]
        question = f"SELECT {SHORT} FROM jobs WHERE id IN ({', '.join('?' * len(some))}) AND state IN {OPEN_STATES}"
        found = {row["id"]: row for row in connection.execute(question, some)}
        yield from (found[id] for id in some if id in found)


def insert_row(
    connection: sqlite3.Connection,
    job: StoredJob,
    backend_url: str,
    now: float,
    *,
    wanted: Sequence[str] = (),
    state: JobState = JobState.WAITING,
    listed: bool = False,
    label: str | None = None,
) -> str:
    """Insert a new row behind all others; return its unique id."""
    while True:
        id = "".join(secrets.choice(ID_CHARACTERS) for _ in range(ID_LENGTH))
        if connection.execute("SELECT 1 FROM jobs WHERE id = ?", (id,)).fetchone() is None:
            break
    last = connection.execute("SELECT max(place) FROM jobs").fetchone()[0] or 0
    connection.execute(
        "INSERT INTO jobs (id, state, slug, folder, identity, backend_url, job, added_at, wanted_by, place, listed, "
        "label) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(id, state.value, job.slug, job.folder, job.identity, backend_url, job.text, now, json.dumps(wanted)),
            *(last + 1, listed, label),
        ),
    )
    return id


def claim_row(connection: sqlite3.Connection, id: str, owner: JobOwner, now: float) -> QueuedJob:
    """Let an owner have a job; return it."""
    connection.execute(
        "UPDATE jobs SET state = 'running', owner = ?, heard_at = ?, beats = beats + 1, tries = tries + 1, "
        "parked_at = NULL, parked_until = NULL, reason = '' WHERE id = ?",
        (owner_text(owner), now, id),
    )
    return row_of(connection, id)


def row_of(connection: sqlite3.Connection, id: str) -> QueuedJob:
    """Return a job that is there."""
    return queued(connection.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone())


def update_own(
    connection: sqlite3.Connection, change: str, values: Sequence[object], id: str, owner: JobOwner, own: str = OWN
) -> bool:
    """Change a job if the owner works on it; return whether it does."""
    return connection.execute(f"UPDATE jobs SET {change} WHERE {own}", (*values, id, owner_text(owner))).rowcount == 1


def cancel_row(connection: sqlite3.Connection, id: str, reason: str, now: float) -> bool:
    """Cancel a job; return False if it has ended."""
    change = f"UPDATE jobs SET {END} WHERE id = ? AND state IN {OPEN_STATES}"
    return connection.execute(change, (JobState.CANCELLED.value, reason, now, id)).rowcount == 1


def wanted_beside(connection: sqlite3.Connection, id: str, owner: JobOwner) -> bool:
    """Whether a job is to be done though its owner stops: another process that may be alive waits for it too, or the
    editor's list has it, beside a command that was for it alone.
    """
    row = connection.execute("SELECT wanted_by, listed FROM jobs WHERE id = ?", (id,)).fetchone()
    if row is None:
        return False
    by_command = owner_text(owner) in json.loads(row["wanted_by"])
    return bool(living(row, without=owner)) or (bool(row["listed"]) and by_command)


def forget_old(connection: sqlite3.Connection, now: float) -> None:
    """Delete the history of jobs that ended long ago, and the oldest of very many."""
    connection.execute("DELETE FROM jobs WHERE ended_at < ?", (now - KEPT_S,))
    connection.execute(
        "DELETE FROM jobs WHERE position IN (SELECT position FROM jobs WHERE ended_at IS NOT NULL "
        "ORDER BY ended_at DESC LIMIT -1 OFFSET ?)",
        (KEPT_JOBS,),
    )
