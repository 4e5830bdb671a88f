"""Which job a worker takes next: the first in its queues that it need not leave to others."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.engines.procrastinate.job_events import Cursor
from pipeline.engines.procrastinate.retries import (
    LONGEST_WAITING_S,
    WAITING,
    WAITING_S,
    AttemptOutcome,
    QueuedTask,
)

DECLINED_S = 600.0
"""How long a worker does not look again at a job that it could not do: its disk may have room then."""

BY_INDEX = "SELECT " + ", ".join(
    f"set_config('enable_{way}', 'off', true)" for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")
)
"""Lets PostgreSQL find the next job by the indexes. Right after thousands were added, its statistics still say that the
table is small, and it would compare all locks pairwise: 10,000 jobs took longer than `ANSWER_S`.
"""

TAKE = """
    UPDATE procrastinate_jobs SET status = 'doing', worker_id = %(number)s WHERE id = (
        SELECT jobs.id FROM procrastinate_jobs AS jobs
        WHERE jobs.status = 'todo' AND jobs.queue_name = ANY(%(queues)s) AND jobs.id <> ALL(%(left)s)
        AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
        AND NOT EXISTS (
            SELECT 1 FROM procrastinate_jobs AS others WHERE jobs.lock IS NOT NULL AND others.lock = jobs.lock
            AND (others.status = 'doing' OR others.status = 'todo' AND (
                others.priority > jobs.priority OR others.priority = jobs.priority AND others.id < jobs.id
            ))
        )
        ORDER BY jobs.priority DESC, jobs.id LIMIT 1 FOR UPDATE OF jobs SKIP LOCKED
    ) RETURNING id, args
"""
"""What Procrastinate's own `fetch_job` does, which can't pass over single jobs."""


LEFT = """
    SELECT p.id FROM procrastinate_jobs p JOIN hls_jobs j ON j.task = p.id JOIN hls_attempts a ON a.job = j.id
    WHERE p.status = 'todo' AND (
        a.worker = %(worker)s AND a.outcome = %(declined)s
        OR a.machine = %(machine)s AND a.outcome = ANY(%(waiting)s::text[] || %(failed)s::text)
    )
    GROUP BY p.id, j.id HAVING
    bool_or(a.outcome = %(declined)s AND a.ended_at > now() - make_interval(secs => %(declined_s)s))
    OR max(a.ended_at) FILTER (WHERE a.outcome = %(failed)s) + make_interval(
        secs => %(retry_s)s * 2 ^ (count(*) FILTER (WHERE a.outcome = %(failed)s) - 1)
    ) > now()
    OR max(a.ended_at) FILTER (WHERE a.outcome = ANY(%(waiting)s)) + make_interval(
        secs => least(
            %(longest_s)s, %(waiting_s)s * 2 ^ (least(count(*) FILTER (WHERE a.outcome = ANY(%(waiting)s)), 9) - 1)
        )
    ) > now()
    OR bool_or(a.outcome = %(failed)s) AND EXISTS (
        SELECT 1 FROM hls_workers w WHERE w.seen_at > now() - make_interval(secs => %(lease_s)s) AND w.resting = ''
        AND w.machine <> %(machine)s AND w.tags @> (string_to_array(p.queue_name, '+'))[2:]
        AND NOT EXISTS (
            SELECT 1 FROM hls_attempts o WHERE o.job = j.id AND o.machine = w.machine
            AND o.outcome IN (%(declined)s, %(failed)s)
        )
    )
"""
"""Time mends what a machine has failed with, and what it waits for: it tries again later each time."""


@dataclass(frozen=True, kw_only=True)
class Claimant:
    """A worker that looks for a job: `number` is Procrastinate's for it.

    A machine tries a job that failed on it again after `retry_s`, and each further time after twice as long. Other
    machines count as connected while their last sign is at most `lease_s` old, in seconds.
    """

    worker: uuid.UUID
    machine: str
    number: int | None
    queues: Sequence[str]
    retry_s: float
    lease_s: float


def take_next(cursor: Cursor, claimant: Claimant) -> tuple[QueuedTask, Any] | None:
    """Take the first job that the worker can do, and return it with its row; None if there is none.

    What it leaves to others is not touched: they find it at once.
    """
    left = _left_to_others(cursor, claimant)
    cursor.execute(BY_INDEX)
    cursor.execute(TAKE, {"number": claimant.number, "queues": list(claimant.queues), "left": left})
    taken = cursor.fetchone()
    if taken is None:
        return None
    number, row = taken
    cursor.execute("SELECT id, title FROM hls_jobs WHERE task = %s", (number,))
    ((job, title),) = cursor.fetchall()
    return QueuedTask(job=job, number=number, title=title), row


def _left_to_others(cursor: Cursor, claimant: Claimant) -> list[int]:
    """Return the waiting jobs that the worker can't do, that its machine has just tried in vain, or that failed there
    where another machine is working.
    """
    cursor.execute(
        LEFT,
        {
            "worker": claimant.worker,
            "machine": claimant.machine,
            "lease_s": claimant.lease_s,
            "retry_s": claimant.retry_s,
            "declined": AttemptOutcome.DECLINED.value,
            "declined_s": DECLINED_S,
            "failed": AttemptOutcome.FAILED.value,
            "waiting": list(WAITING),
            "waiting_s": WAITING_S,
            "longest_s": LONGEST_WAITING_S,
        },
    )
    return [number for (number,) in cursor.fetchall()]
