"""What is deleted from the queue, and when: progress and transcripts when a job ends, the job itself weeks later."""

from __future__ import annotations

import uuid

from pipeline.engines.procrastinate.job_events import Cursor

KEPT_DAYS = 30
"""How long an ended job is kept, in days: the `convert` that waits for it may not have been running meanwhile."""

MOST_AT_ONCE = 1000
"""How many jobs are deleted in one statement, with their events and attempts: it has to end within `ANSWER_S`."""


def delete_progress(cursor: Cursor, job: uuid.UUID) -> None:
    """Delete what is of no use once a job has ended: its progress events, and the transcripts made for it.

    The events of a transcription stay until its conversion has ended, whose machine may still have to read them. The
    last event of a job must have been stored before: events are numbered from those in the table.
    """
    cursor.execute(
        "DELETE FROM hls_job_events e USING hls_jobs j WHERE j.id = e.job"
        " AND (j.id = %s AND j.parent IS NULL OR j.parent = %s) AND (e.event->>'event' = 'phase_progress'"
        " OR e.event->>'task_event' IN ('encode_progress', 'transcription_progress'))",
        (job, job),
    )
    cursor.execute("DELETE FROM hls_results r USING hls_jobs j WHERE j.id = r.job AND j.parent = %s", (job,))


def delete_old_jobs(cursor: Cursor) -> None:
    """Delete jobs that ended long ago, with their transcriptions and events.

    A database user who got the rights from an older version lacks one of them, and deletes nothing: Procrastinate's
    trigger also writes to its table of periodic tasks, although this program has none.
    """
    cursor.execute(
        "WITH old AS (SELECT j.id FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task"
        " WHERE j.parent IS NULL AND p.status NOT IN ('todo', 'doing')"
        " AND j.put_at < now() - make_interval(days => %(days)s) AND NOT EXISTS (SELECT 1 FROM hls_attempts a"
        " WHERE a.job = j.id AND coalesce(a.ended_at, now()) > now() - make_interval(days => %(days)s))"
        " AND has_table_privilege('procrastinate_periodic_defers', 'UPDATE') LIMIT %(most)s)"
        " DELETE FROM procrastinate_jobs p USING hls_jobs j WHERE j.task = p.id"
        " AND coalesce(j.parent, j.id) IN (SELECT id FROM old)",
        {"days": KEPT_DAYS, "most": MOST_AT_ONCE},
    )
