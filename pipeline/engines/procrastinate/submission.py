"""The submitter's side of the queue: adds jobs, follows their progress, and cancels them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from procrastinate import sql
from procrastinate.jobs import Status
from psycopg.types.json import Jsonb

from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.job_events import Cursor, QueueEvent, ended, insert_events, queue_event_from_json
from pipeline.engines.procrastinate.open_jobs import OpenJob, open_jobs
from pipeline.engines.procrastinate.retries import first
from pipeline.engines.procrastinate.rows import QueueRow
from pipeline.engines.procrastinate.schema import EVENT_CHANNEL, WORK_CHANNEL
from pipeline.errors import CodecError
from pipeline.events import JobFinished
from pipeline.job_codec import job_from_json
from pipeline.job_digest import digest_of
from pipeline.model import Outcome

IN_VAIN = (Status.FAILED.value, Status.CANCELLED.value, Status.ABORTED.value)
"""Procrastinate's states of jobs that ended without a result."""

ROW_S = 0.02
"""How long adding a row may take, in seconds: ten times what a busy server takes."""

PUT_LOCK = 0x686C74
"""The number of the advisory lock that is held while jobs are added: two at once would not see each other's."""

NOBODY = "the queue"
"""Stands for the machine where something happens to a job that no machine has."""


@dataclass(frozen=True, kw_only=True)
class MachineEvent:
    """An event of a job, and the machine that it comes from."""

    job: uuid.UUID
    machine: str
    event: QueueEvent


@dataclass(frozen=True, kw_only=True)
class WaitingReason:
    """Why jobs wait that no machine can take now, in a sentence; `job` is the first of them."""

    job: uuid.UUID
    text: str


class JobQueue:
    """The queue, as a submitter sees it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[uuid.UUID, int] = {}

    def put(self, rows: Sequence[QueueRow]) -> list[uuid.UUID]:
        """Add jobs, all or none; one that waits or runs already is not added again. Return the ids. Raises QueueError.

        So a `convert` that was closed finds its jobs again when it is repeated.
        """
        with self._database.transaction(more_s=ROW_S * len(rows)) as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (PUT_LOCK,))
            there = _open_contents(cursor, [row.title for row in rows])
            ids = [there.get(_key(row.content), row.id) for row in rows]
            _insert(cursor, [row for row, id_ in zip(rows, ids, strict=True) if id_ == row.id])
        return ids

    def put_again(self, row: QueueRow) -> uuid.UUID:
        """Add a job unless it waits, runs or is done; return its id. Raises QueueError.

        After a job that failed or was cancelled, the next has an id derived from that one's, by which it is found.
        """
        with self._database.transaction() as cursor:
            while (status := _status(cursor, row.id)) in IN_VAIN:
                row = replace(row, id=uuid.uuid5(row.id, "again"))
            if status is None:
                _insert(cursor, [row])
        return row.id

    def result(self, job: uuid.UUID) -> object:
        """Return the result of a task, as JSON values. Raises QueueError."""
        with self._database.transaction() as cursor:
            return first(cursor.execute("SELECT result FROM hls_results WHERE job = %s", (job,)))

    def open_jobs(self) -> list[OpenJob]:
        """Return the jobs that wait or run, in the order in which they were added. Raises QueueError."""
        with self._database.transaction() as cursor:
            return open_jobs(cursor)

    def known(self, jobs: Sequence[uuid.UUID]) -> frozenset[uuid.UUID]:
        """Return those of these jobs that are still in the tables, ended or not. Raises QueueError."""
        with self._database.transaction() as cursor:
            cursor.execute("SELECT id FROM hls_jobs WHERE id = ANY(%s)", (list(jobs),))
            return frozenset(job for (job,) in cursor.fetchall())

    def waiting_reasons(self, jobs: Sequence[uuid.UUID]) -> list[WaitingReason]:
        """Return why these jobs or their transcriptions wait, where no machine can take them now. Raises QueueError."""
        asked_of = set(jobs)
        return reasons_of([job for job in self.open_jobs() if job.conversion in asked_of])

    def cancel(self, jobs: Sequence[uuid.UUID]) -> None:
        """Cancel these jobs as soon as possible, whichever machine has them. Raises QueueError."""
        with self._database.transaction(more_s=ROW_S * len(jobs)) as cursor:
            cursor.execute(
                "SELECT j.id, j.task, j.title, p.status FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task"
                " WHERE j.id = ANY(%s) OR j.parent = ANY(%s) ORDER BY p.id FOR UPDATE OF p",
                (list(jobs), list(jobs)),
            )
            found = cursor.fetchall()
            cursor.executemany(
                sql.queries["cancel_job"],
                [{"job_id": task, "abort": True, "delete_job": False} for _, task, _, _ in found],
            )
            waited = [(job, title) for job, _, title, status in found if status == Status.TODO.value]
            for job, title in waited:
                insert_events(cursor, job, NOBODY, [ended(title, Outcome.CANCELLED)])
            cursor.execute("SELECT pg_notify(%s, '')", (WORK_CHANNEL,))

    def cancel_unwanted(self, job: uuid.UUID) -> None:
        """Cancel a transcription if its conversion has ended or is to be cancelled. Raises QueueError."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT p.abort_requested OR p.status NOT IN ('todo', 'doing') FROM hls_jobs c"
                " JOIN hls_jobs j ON j.id = c.parent JOIN procrastinate_jobs p ON p.id = j.task WHERE c.id = %s",
                (job,),
            )
            unwanted = first(cursor)
        if unwanted:
            self.cancel([job])

    def news(self, jobs: Sequence[uuid.UUID]) -> list[MachineEvent]:
        """Return the events of these jobs that were not returned before, each job's in order. Raises QueueError."""
        ids = list(jobs)
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT e.job, e.sequence, e.machine, e.event FROM hls_job_events e"
                " JOIN unnest(%s::uuid[], %s::bigint[]) AS seen (job, sequence)"
                " ON e.job = seen.job AND e.sequence > seen.sequence ORDER BY e.told_at, e.job, e.sequence",
                (ids, [self._seen.get(job, 0) for job in ids]),
            )
            found = cursor.fetchall()
        for job, sequence, _, _ in found:
            self._seen[job] = max(sequence, self._seen.get(job, 0))
        told = [(job, machine, queue_event_from_json(event)) for job, _, machine, event in found]
        return [
            MachineEvent(job=job, machine=machine, event=event) for job, machine, event in told if event is not None
        ]


def reasons_of(jobs: Sequence[OpenJob]) -> list[WaitingReason]:
    """Return why some of these jobs wait that no machine can take now."""
    found: dict[str, tuple[uuid.UUID, list[str]]] = {}
    for job in jobs:
        if job.why_not:
            found.setdefault(job.why_not, (job.conversion, []))[1].append(job.title)
    return [WaitingReason(job=first, text=f"{_these(titles)}: {why}") for why, (first, titles) in found.items()]


def follow(
    queue: JobQueue, listener: Database, jobs: Sequence[uuid.UUID], poll_s: float
) -> Iterator[list[MachineEvent]]:
    """Yield the new events of these jobs until all have ended; an empty list where there are none.

    `listener` is a connection for notifications alone; without one, the queue is asked every `poll_s` seconds.
    Raises QueueUnreachableError, after which it may be called again.
    """
    waiting = set(jobs)
    while waiting:
        told = queue.news(sorted(waiting))
        waiting -= {one.job for one in told if isinstance(one.event, JobFinished)}
        yield told
        if waiting:
            listener.wait_for_notification(EVENT_CHANNEL, poll_s)


def _status(cursor: Cursor, job: uuid.UUID) -> str | None:
    cursor.execute(
        "SELECT p.status::text FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task WHERE j.id = %s", (job,)
    )
    status: str | None = first(cursor)
    return status


def _open_contents(cursor: Cursor, titles: Sequence[str]) -> dict[str, uuid.UUID]:
    """Return the ids of the conversions with these titles that wait or run, by their content."""
    cursor.execute(
        "SELECT p.args -> 'job', j.id FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task"
        " WHERE p.status IN ('todo', 'doing') AND NOT p.abort_requested AND j.parent IS NULL AND j.title = ANY(%s)",
        (list(titles),),
    )
    return {_key(content): id_ for content, id_ in cursor.fetchall() if content is not None}


def _key(content: object) -> str:
    """Return what tells a job from others: what it says, since another version may have added it."""
    try:
        return digest_of(job_from_json(content))
    except CodecError:
        return json.dumps(content, sort_keys=True)


def _insert(cursor: Cursor, rows: Sequence[QueueRow]) -> None:
    cursor.executemany(
        "WITH task AS (SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW("
        "%s::varchar, %s::varchar, %s::integer, %s::text, NULL::text, %s::jsonb, NULL::timestamptz"
        ")]::procrastinate_job_to_defer_v1[])) AS id)"
        " INSERT INTO hls_jobs (id, task, title, parent) SELECT %s, task.id, %s, %s FROM task",
        [
            (row.queue, row.kind.value, row.priority, row.lock, Jsonb(row.to_json()), row.id, row.title, row.parent)
            for row in rows
        ],
    )
    cursor.execute("SELECT pg_notify(%s, '')", (WORK_CHANNEL,))


def _these(titles: Sequence[str]) -> str:
    return f"{titles[0]} and {len(titles) - 1} more wait" if titles[1:] else f"{titles[0]} waits"
