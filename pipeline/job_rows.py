"""The columns of the queue's table as values. Pure, except for checking whether a process is alive."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.job_codec import job_from_text
from pipeline.job_owner import JobOwner, Liveness
from pipeline.queued_job import JobState, QueuedJob
from pipeline.stored_job import identity_of

UNKNOWN_OWNER = JobOwner(machine="", pid=0, started="")
"""The owner of a job if that can't be read."""


def living(row: sqlite3.Row, without: JobOwner | None = None) -> list[str]:
    """Return the stored forms of those processes that wait for a job and may be alive."""
    left_out = None if without is None else owner_text(without)
    wanted: list[str] = json.loads(row["wanted_by"])
    return [text for text in wanted if text != left_out and job_owner_from(text).liveness() is not Liveness.GONE]


def stored_identity(row: sqlite3.Row) -> str:
    """Return the identity of a row's job, by what the job says: an earlier version has stored others."""
    try:
        return identity_of(job_from_text(row["job"]), row["backend_url"])
    except CodecError:  # a newer version has stored it
        return str(row["identity"])


def owner_text(owner: JobOwner) -> str:
    """Return an owner as it is stored and compared."""
    return json.dumps(to_json(owner))


def job_owner_from(text: str) -> JobOwner:
    """Return the owner that a stored text stands for, `UNKNOWN_OWNER` if it can't be read."""
    try:
        return from_json(JobOwner, json.loads(text), "The owner")
    except (ValueError, CodecError):
        return UNKNOWN_OWNER


def queued(row: sqlite3.Row) -> QueuedJob:
    """Return the job that a row stands for."""
    return QueuedJob(
        id=row["id"],
        state=JobState(row["state"]),
        slug=row["slug"],
        folder=Path(row["folder"]),
        backend_url=row["backend_url"],
        added_at=row["added_at"],
        tries=row["tries"],
        owner=None if row["owner"] is None else job_owner_from(row["owner"]),
        heard_at=row["heard_at"],
        parked_until=row["parked_until"],
        reason=row["reason"],
        ended_at=row["ended_at"],
        job_text=row["job"],
        report_text=row["report"],
        listed=bool(row["listed"]),
        label=row["label"],
    )
