"""A worker's side of the queue: it registers, claims jobs, keeps them by its heartbeat, and ends them.

Each time that a job is taken is an attempt, with its own claim and lease. When the lease has expired, the next worker
that looks ends the attempt, and the job may be taken by another: every write of an attempt first locks its row and
checks that it has not ended. All times are the server's.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from procrastinate import sql
from psycopg.types.json import Jsonb

from pipeline.engines.procrastinate.claiming import Claimant, take_next
from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.job_events import Cursor, QueueEvent, insert_events, storable
from pipeline.engines.procrastinate.retention import delete_old_jobs
from pipeline.engines.procrastinate.retries import (
    STATUS,
    AttemptOutcome,
    QueuedTask,
    end_or_offer_again,
    finish,
    first,
)
from pipeline.engines.procrastinate.rows import queue_names


@dataclass(frozen=True, kw_only=True)
class Timings:
    """How often a worker sends heartbeats and looks for jobs, and how long its lease is, in seconds.

    A machine tries a job that failed on it again after `retry_s`, and each further time after twice as long.
    """

    beat_s: float = 10.0
    lease_s: float = 60.0
    sweep_s: float = 15.0
    poll_s: float = 5.0
    drain_s: float = 30.0
    retry_s: float = 60.0

    @classmethod
    def for_lease(cls, lease_s: float, *, drain_s: float) -> Timings:
        """Return timings for a lease: several heartbeats fit into it, so that one may be lost."""
        return cls(
            beat_s=lease_s / 6,
            lease_s=lease_s,
            sweep_s=lease_s / 4,
            poll_s=min(cls.poll_s, lease_s / 6),
            drain_s=drain_s,
        )


@dataclass(frozen=True, kw_only=True)
class WorkerInfo:
    """A worker: `id` is new at each start, `machine` is the name that people see."""

    machine: str
    version: str
    ffmpeg: str
    tags: tuple[str, ...]
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, kw_only=True)
class ClaimedJob:
    """A job that a worker has claimed: `row` is its row in the queue, `attempt` counts from 1."""

    claim: uuid.UUID
    task: QueuedTask
    row: Any
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Which of a worker's claims still hold, and which of those jobs are to be cancelled."""

    held: frozenset[uuid.UUID]
    cancelled: frozenset[uuid.UUID]


class WorkerQueue:
    """The queue, as one worker sees it."""

    def __init__(self, database: Database, worker: WorkerInfo, timings: Timings) -> None:
        self.worker = worker
        self.timings = timings
        self._database = database
        self._queues = list(queue_names(worker.tags))
        self._number: int | None = None

    def register(self) -> None:
        """Add the worker to the list of workers. Raises QueueError."""
        worker = self.worker
        with self._database.transaction() as cursor:
            number = first(cursor.execute(sql.queries["register_worker"]))
            cursor.execute(
                "INSERT INTO hls_workers (id, procrastinate_id, machine, version, ffmpeg, tags)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET procrastinate_id = excluded.procrastinate_id, seen_at = now()",
                (worker.id, number, worker.machine, worker.version, worker.ffmpeg, list(worker.tags)),
            )
        self._number = int(number)

    def unregister(self) -> None:
        """Remove the worker from the list. Raises QueueError."""
        if self._number is not None:
            with self._database.transaction() as cursor:
                cursor.execute("DELETE FROM hls_workers WHERE id = %s", (self.worker.id,))
                cursor.execute(sql.queries["unregister_worker"], {"worker_id": self._number})
            self._number = None

    def beat(self, claims: Collection[uuid.UUID], *, resting: str = "") -> Heartbeat:
        """Send a heartbeat for the worker and its claims; `resting` says why it takes no others. Raises QueueError."""
        with self._database.transaction() as cursor:
            cursor.execute(sql.queries["update_heartbeat"], {"worker_id": self._number})
            cursor.execute(
                "UPDATE hls_workers SET seen_at = now(), resting = %s WHERE id = %s", (resting, self.worker.id)
            )
            known = cursor.rowcount > 0
            cursor.execute(
                "UPDATE hls_attempts a SET lease_until = now() + make_interval(secs => %s)"
                " FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task"
                " WHERE a.claim = ANY(%s) AND a.ended_at IS NULL AND j.id = a.job"
                " RETURNING a.claim, p.abort_requested",
                (self.timings.lease_s, list(claims)),
            )
            found = cursor.fetchall()
        if not known:  # it was believed dead meanwhile
            self.register()
        return Heartbeat(
            held=frozenset(claim for claim, _ in found), cancelled=frozenset(claim for claim, stop in found if stop)
        )

    def claim(self) -> ClaimedJob | None:
        """Claim the next job that this worker can do; return None if there is none. Raises QueueError."""
        try:
            with self._database.transaction() as cursor:
                found = take_next(cursor, self._claimant())
                return None if found is None else self._begun(cursor, *found)
        except psycopg.errors.UniqueViolation:  # another worker took one with the same lock at the same moment
            return None
        except psycopg.errors.ForeignKeyViolation:  # the worker was believed dead meanwhile
            self.register()
        return None

    def _claimant(self) -> Claimant:
        return Claimant(
            worker=self.worker.id,
            machine=self.worker.machine,
            number=self._number,
            queues=self._queues,
            retry_s=self.timings.retry_s,
            lease_s=self.timings.lease_s,
        )

    def _begun(self, cursor: Cursor, task: QueuedTask, args: object) -> ClaimedJob:
        claim = uuid.uuid4()
        cursor.execute(
            "INSERT INTO hls_attempts (claim, job, worker, machine, lease_until)"
            " VALUES (%s, %s, %s, %s, now() + make_interval(secs => %s))",
            (claim, task.job, self.worker.id, self.worker.machine, self.timings.lease_s),
        )
        attempt = int(first(cursor.execute("SELECT count(*) FROM hls_attempts WHERE job = %s", (task.job,))))
        return ClaimedJob(claim=claim, task=task, row=args, attempt=attempt)

    def unfinished(self, jobs: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
        """Return which of these jobs wait or run. Raises QueueError."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT j.id FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task"
                " WHERE j.id = ANY(%s) AND p.status IN ('todo', 'doing')",
                (list(jobs),),
            )
            return frozenset(job for (job,) in cursor.fetchall())

    def sweep(self) -> None:
        """End the attempts of workers that are gone, so that others can take their jobs. Raises QueueError.

        They are removed from Procrastinate's list of workers afterwards: without its worker on that list, Procrastinate
        does not find a running job any more (https://github.com/procrastinate-org/procrastinate/issues/1518).
        """
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE hls_attempts SET ended_at = now(), outcome = %s, error = 'no heartbeat came any more'"
                " WHERE claim IN (SELECT claim FROM hls_attempts WHERE ended_at IS NULL AND lease_until < now()"
                " FOR UPDATE SKIP LOCKED)",
                (AttemptOutcome.LOST.value,),
            )
            cursor.execute(
                "SELECT j.id, j.task, j.title FROM procrastinate_jobs p JOIN hls_jobs j ON j.task = p.id"
                " WHERE p.status = 'doing' AND NOT EXISTS"
                " (SELECT 1 FROM hls_attempts a WHERE a.job = j.id AND a.ended_at IS NULL)"
                " FOR UPDATE OF p SKIP LOCKED"
            )
            for job, number, title in cursor.fetchall():
                end_or_offer_again(cursor, QueuedTask(job=job, number=number, title=title), self.worker.machine)
            silent = {"seconds_since_heartbeat": 2 * self.timings.lease_s}
            cursor.execute(sql.queries["prune_stalled_workers"], silent)
            cursor.execute(
                "DELETE FROM hls_workers WHERE seen_at < now() - make_interval(secs => %s)", (2 * self.timings.lease_s,)
            )

    def delete_old(self) -> None:
        """Delete jobs that ended long ago. Raises QueueError."""
        with self._database.transaction() as cursor:
            delete_old_jobs(cursor)


class Attempt:
    """One attempt at a job, with its own connection: it lasts long, and uses it from its own threads."""

    def __init__(self, database: Database, claimed: ClaimedJob, worker: WorkerInfo, lease_s: float) -> None:
        self.claimed = claimed
        self._database = database
        self._machine = worker.machine
        self._lease_s = lease_s

    def is_mine(self) -> bool:
        """Return whether the job is still this attempt's; if it is, the lease is renewed. Raises QueueError."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE hls_attempts SET lease_until = now() + make_interval(secs => %s)"
                " WHERE claim = %s AND ended_at IS NULL",
                (self._lease_s, self.claimed.claim),
            )
            return cursor.rowcount > 0

    def send(self, events: Sequence[QueueEvent]) -> bool:
        """Store events; return whether the job is still this attempt's. Raises QueueError."""
        with self._database.transaction() as cursor:
            if not self._holds(cursor):
                return False
            insert_events(cursor, self.claimed.task.job, self._machine, events)
        return True

    def end(
        self,
        ending: AttemptOutcome,
        error: str = "",
        events: Sequence[QueueEvent] = (),
        result: Mapping[str, Any] | None = None,
    ) -> bool:
        """End the attempt, and the job too unless another worker is to try; return whether the job was still its own.

        `result` is what a transcription made. If this is called again because no answer came, the first call counts.
        Raises QueueError.
        """
        claimed = self.claimed
        with self._database.transaction() as cursor:
            if not self._holds(cursor):
                cursor.execute("SELECT outcome FROM hls_attempts WHERE claim = %s", (claimed.claim,))
                return cursor.fetchone() == (ending.value,)
            cursor.execute(
                "UPDATE hls_attempts SET ended_at = now(), outcome = %s, error = %s WHERE claim = %s",
                (ending.value, storable(error), claimed.claim),
            )
            if result is not None:
                cursor.execute(
                    "INSERT INTO hls_results VALUES (%s, %s)", (claimed.task.job, Jsonb(storable(dict(result))))
                )
            insert_events(cursor, claimed.task.job, self._machine, events)
            if ending in STATUS:
                finish(cursor, claimed.task, STATUS[ending])
            else:
                end_or_offer_again(cursor, claimed.task, self._machine)
        return True

    def close(self) -> None:
        """End the connection."""
        self._database.close()

    def _holds(self, cursor: Cursor) -> bool:
        cursor.execute(
            "SELECT 1 FROM hls_attempts WHERE claim = %s AND ended_at IS NULL FOR UPDATE", (self.claimed.claim,)
        )
        return cursor.fetchone() is not None
