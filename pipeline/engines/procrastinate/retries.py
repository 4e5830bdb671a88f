"""What becomes of a job whose attempt has ended: it is over, waits for another attempt, or is given up."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from procrastinate import sql

from pipeline.engines.procrastinate.job_events import Cursor, ended, insert_events
from pipeline.engines.procrastinate.retention import delete_progress
from pipeline.engines.procrastinate.schema import WORK_CHANNEL
from pipeline.events import LogLevel, LogLine
from pipeline.model import Outcome

FAILURES = 3
"""After so many failed attempts a job is given up: it is not the machine that is at fault."""

LOSSES = 6
"""The same, where machines vanish with it: one that sleeps is no fault of the job, but not every time."""


class AttemptOutcome(str, Enum):
    """How an attempt ended.

    DECLINED says that this machine can't do it, whatever the job; UNREACHABLE that the backend was not there; IN_USE
    that another works in its folder: a machine that sleeps keeps the lock on a folder that several see.
    """

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    IN_USE = "in use"
    HANDED_BACK = "handed back"
    LOST = "lost"


STATUS = {AttemptOutcome.DONE: "succeeded", AttemptOutcome.REFUSED: "failed", AttemptOutcome.CANCELLED: "aborted"}
"""Procrastinate's, for endings that are the job's end too."""

COUNTED = (AttemptOutcome.FAILED.value, AttemptOutcome.LOST.value)

WAITING = (AttemptOutcome.UNREACHABLE.value, AttemptOutcome.IN_USE.value)
"""What time mends."""

WAITING_S = 30.0
LONGEST_WAITING_S = 600.0
"""When a job is tried again whose backend was not there, or whose folder was in use: by another machine after the one,
by the same machine later each time, up to the other, in seconds.
"""


@dataclass(frozen=True, kw_only=True)
class QueuedTask:
    """A job in the queue: `number` is Procrastinate's."""

    job: uuid.UUID
    number: int
    title: str


def end_or_offer_again(cursor: Cursor, task: QueuedTask, machine: str) -> None:
    """Let another worker try a job whose last attempt has ended, unless that is in vain, or it is to be cancelled."""
    cursor.execute(
        "SELECT machine, outcome, error FROM hls_attempts WHERE job = %s ORDER BY ended_at, started_at", (task.job,)
    )
    attempts = cursor.fetchall()
    tried = [attempt for attempt in attempts if attempt[1] in COUNTED]
    failed = sum(outcome == AttemptOutcome.FAILED.value for _, outcome, _ in tried)
    if first(cursor.execute("SELECT abort_requested FROM procrastinate_jobs WHERE id = %s", (task.number,))):
        insert_events(cursor, task.job, machine, [ended(task.title, Outcome.CANCELLED)])
        finish(cursor, task, "aborted")
    elif failed >= FAILURES or len(tried) >= LOSSES:
        insert_events(cursor, task.job, machine, [ended(task.title, Outcome.FAILED, _given_up(task.title, tried))])
        finish(cursor, task, "failed")
    else:
        said, pause_s = _what_next(task.title, attempts)
        give_back(cursor, task, pause_s)
        if said:
            line = LogLine(job=task.title, text=said, level=LogLevel.WARNING)
            insert_events(cursor, task.job, machine, [line])


def finish(cursor: Cursor, task: QueuedTask, status: str) -> None:
    """Let a job be over whose last event is told, and cancel its transcriptions: nobody wants them any more."""
    cursor.execute(sql.queries["finish_job"], {"job_id": task.number, "status": status, "delete_job": False})
    cursor.execute(
        "SELECT p.id FROM hls_jobs c JOIN procrastinate_jobs p ON p.id = c.task"
        " WHERE c.parent = %s AND p.status IN ('todo', 'doing') ORDER BY p.id",
        (task.job,),
    )
    for (number,) in cursor.fetchall():
        cursor.execute(sql.queries["cancel_job"], {"job_id": number, "abort": True, "delete_job": False})
        cursor.execute("SELECT pg_notify(%s, '')", (WORK_CHANNEL,))
    delete_progress(cursor, task.job)


def _what_next(title: str, attempts: Sequence[tuple[Any, ...]]) -> tuple[str, float]:
    """Return what is said of the last attempt, and when the next may begin, in seconds."""
    if not attempts:
        return "", 0.0
    machine, outcome, error = attempts[-1]
    reason = error.strip().rstrip(".")
    if outcome in COUNTED:
        return f"{machine} did not finish {title}: {reason}. It is tried again.", 0.0
    if outcome == AttemptOutcome.DECLINED.value:
        return f"{machine} can't do {title}: {reason}.", 0.0
    if outcome in WAITING:
        before = sum((one, kind in WAITING) == (machine, True) for one, kind, _ in attempts) - 1
        own_s = min(WAITING_S * 2.0**before, LONGEST_WAITING_S)
        when = f"in {WAITING_S:.0f} s" + (f", by {machine} in {own_s:.0f} s" if before else "")
        return f"{machine}: {reason}. {title} is tried again {when}.", WAITING_S
    return f"{machine} hands {title} back.", 0.0


def give_back(cursor: Cursor, task: QueuedTask, pause_s: float) -> None:
    """Let a job wait for the next worker, who may take it after a while."""
    at = first(cursor.execute("SELECT now() + make_interval(secs => %s)", (pause_s,)))
    unchanged = {"new_priority": None, "new_queue_name": None, "new_lock": None}
    cursor.execute(sql.queries["retry_job"], {"job_id": task.number, "retry_at": at, **unchanged})
    cursor.execute("SELECT pg_notify(%s, '')", (WORK_CHANNEL,))


def _given_up(title: str, tried: Sequence[tuple[Any, ...]]) -> str:
    each = "; ".join(f"{machine}: {error.strip().rstrip('.')}" for machine, _, error in tried)
    return f"{title} failed {len(tried)} times and is given up ({each}): look at its source, then put it in again."


def first(cursor: Cursor) -> Any:  # noqa: ANN401  # whatever the query asks for
    """Return the first value of the first row, None if there is none."""
    row = cursor.fetchone()
    return None if row is None else row[0]
