"""The rows of the queue that have not ended, as SQL: found, added, changed by their owner, cancelled; which can begin.

Knows neither transactions nor files: the caller has both.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence

from pipeline.job_owner import JobOwner, Liveness
from pipeline.job_rows import job_owner_from, living, owner_text
from pipeline.leases import Leases
from pipeline.queued_job import JobState
from pipeline.store_file import OPEN_STATES
from pipeline.stored_job import StoredJob

ID_CHARACTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""The characters of ids, without those that are easily confused."""
ID_LENGTH = 6

AT_ONCE, AT_FIRST = 500, 16
"""How many jobs one query asks for: SQLite accepts 999 values (https://sqlite.org/limits.html)."""

END = "state = ?, reason = ?, ended_at = ?, parked_at = NULL, parked_until = NULL"
OWN = "id = ? AND owner = ? AND state = 'running'"


def is_free(row: sqlite3.Row, now: float, leases: Leases) -> bool:
    """Whether an open job can begin; `now` is the time in seconds since 1970."""
    if row["state"] == JobState.WAITING.value:
        return True
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
        question = (
            "SELECT id, state, wanted_by, owner, beats, parked_at, parked_until FROM jobs "
            f"WHERE id IN ({', '.join('?' * len(some))}) AND state IN {OPEN_STATES}"
        )
        found = {row["id"]: row for row in connection.execute(question, some)}
        yield from (found[id] for id in some if id in found)


def insert_row(
    connection: sqlite3.Connection, job: StoredJob, backend_url: str, wanted: Sequence[str], now: float
) -> str:
    """Insert a new row; return its unique id."""
    while True:
        id = "".join(secrets.choice(ID_CHARACTERS) for _ in range(ID_LENGTH))
        if connection.execute("SELECT 1 FROM jobs WHERE id = ?", (id,)).fetchone() is None:
            break
    connection.execute(
        "INSERT INTO jobs (id, state, slug, folder, identity, backend_url, job, added_at, wanted_by) "
        "VALUES (?, 'waiting', ?, ?, ?, ?, ?, ?, ?)",
        (id, job.slug, job.folder, job.identity, backend_url, job.text, now, json.dumps(wanted)),
    )
    return id


def update_own(connection: sqlite3.Connection, change: str, values: Sequence[object], id: str, owner: JobOwner) -> bool:
    """Change a job if the owner works on it; return whether it does."""
    done = connection.execute(f"UPDATE jobs SET {change} WHERE {OWN}", (*values, id, owner_text(owner)))
    return done.rowcount == 1


def cancel_row(connection: sqlite3.Connection, id: str, reason: str, now: float) -> bool:
    """Cancel a job; return False if it has ended."""
    change = f"UPDATE jobs SET {END} WHERE id = ? AND state IN {OPEN_STATES}"
    return connection.execute(change, (JobState.CANCELLED.value, reason, now, id)).rowcount == 1


def wanted_beside(connection: sqlite3.Connection, id: str, owner: JobOwner) -> bool:
    """Whether another process that may be alive waits for a job too."""
    row = connection.execute("SELECT wanted_by FROM jobs WHERE id = ?", (id,)).fetchone()
    return row is not None and bool(living(row, without=owner))
