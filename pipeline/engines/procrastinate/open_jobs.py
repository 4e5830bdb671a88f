"""The jobs that wait or run: which machine has each, and why no machine takes one that waits."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pipeline.engines.procrastinate.connected import ConnectedWorker, why_not_taken
from pipeline.engines.procrastinate.job_events import Cursor
from pipeline.engines.procrastinate.retries import AttemptOutcome
from pipeline.engines.procrastinate.rows import TaskKind, tags_of_queue

CONNECTED_S = 120.0
"""A machine without a heartbeat for so long counts as not connected, in seconds."""

# the order in which Procrastinate gives out jobs with the same lock, of which no two run at once
OPEN = (
    "SELECT j.id, j.parent, j.title, j.put_at, p.id AS number, p.queue_name, p.status::text, p.abort_requested, p.lock,"
    " first_value(j.id) OVER one_lock AS first, first_value(j.title) OVER one_lock AS first_title,"
    " (SELECT machine FROM hls_attempts a WHERE a.job = j.id AND a.ended_at IS NULL) AS machine"
    " FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task WHERE p.status IN ('todo', 'doing')"
    " WINDOW one_lock AS (PARTITION BY p.lock ORDER BY (p.status = 'doing') DESC, p.priority DESC, p.id)"
)


class OpenJobState(str, Enum):
    """The state of a job that has not ended."""

    WAITS = "waits"
    RUNS = "runs"
    STOPS = "is being cancelled"


@dataclass(frozen=True, kw_only=True)
class OpenJob:
    """A job, or a transcription of `parent`, that has not ended.

    `machine` has it, empty if none has; `why_not` says why no machine can take it now, empty if one may.
    """

    id: uuid.UUID
    kind: TaskKind
    title: str
    state: OpenJobState
    put_at: datetime
    parent: uuid.UUID | None = None
    machine: str = ""
    why_not: str = ""

    @property
    def conversion(self) -> uuid.UUID:
        """The job that was added by a person: itself, or the one that it transcribes for."""
        return self.id if self.parent is None else self.parent


def open_jobs(cursor: Cursor) -> list[OpenJob]:
    """Return the jobs that wait or run, in the order in which they were added."""
    cursor.execute(f"SELECT * FROM ({OPEN}) AS open ORDER BY number")
    found = cursor.fetchall()
    waiting = [row[0] for row in found if row[6] == "todo"]
    connected, declined = _connected(cursor), _declined(cursor, waiting)
    jobs = []
    for id_, parent, title, put_at, _, queue, status, is_cancelled, lock, ahead, ahead_title, machine in found:
        why_not, state = "", OpenJobState.STOPS if is_cancelled else OpenJobState.RUNS
        if status == "todo":
            state = OpenJobState.WAITS
            why_not = why_not_taken(tags_of_queue(queue), connected, declined.get(id_, {}))
            if not why_not and lock is not None and ahead != id_:
                why_not = _goes_first(ahead, ahead_title)
        kind = TaskKind(queue.split("+")[0])
        jobs.append(
            OpenJob(
                id=id_,
                kind=kind,
                title=title,
                state=state,
                put_at=put_at,
                parent=parent,
                machine=machine or "",
                why_not=why_not,
            )
        )
    return jobs


def _goes_first(job: uuid.UUID, title: str) -> str:
    return (
        f"{title} was added before, for the same destination, and has not ended:"
        f" cancel it in the window that added it, or with `hls-converter cluster cancel {job}`."
    )


def _connected(cursor: Cursor) -> list[ConnectedWorker]:
    cursor.execute(
        "SELECT id, machine, tags, resting FROM hls_workers"
        " WHERE seen_at > now() - make_interval(secs => %s) ORDER BY machine",
        (CONNECTED_S,),
    )
    return [
        ConnectedWorker(id=id_, machine=machine, tags=frozenset(tags), resting=resting)
        for id_, machine, tags, resting in cursor.fetchall()
    ]


def _declined(cursor: Cursor, jobs: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Mapping[uuid.UUID, str]]:
    """Return the reasons that workers gave for declining these jobs, by job and worker."""
    cursor.execute(
        "SELECT job, worker, error FROM hls_attempts WHERE job = ANY(%s) AND outcome = %s",
        (list(jobs), AttemptOutcome.DECLINED.value),
    )
    declined = defaultdict[uuid.UUID, dict[uuid.UUID, str]](dict)
    for job, worker, error in cursor.fetchall():
        declined[job][worker] = error
    return declined
