"""Which files in the backend's store belong to the queue, and which jobs need each; knows neither store nor backend.

They are the videos that were sent for jobs, and what tasks have put there for one another. A file that no job needs any
more is deleted by whichever worker looks next: it is marked before, so that whoever is about to need it again waits
until it is gone, and sends it anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.retries import first

LOCK = 0x686C75
"""The number of the lock that one who looks or marks holds: two at once would not see each other's."""

SENT_DAYS = 7
"""How long a file is kept for a job that has not come into the queue yet, in days: its sender may have been ended."""

DELETING_S = 120.0
"""So long after it was marked a file's deletion was in vain, and may be begun again, in seconds."""

MOST_AT_ONCE = 50
"""How many files are marked in one go: their deletions have to be over in time."""


class StoredFiles:
    """The files of one queue, by their keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, key: str, job: uuid.UUID) -> bool:
        """Keep a file until a job has ended that is put in within `SENT_DAYS`; False while it is being deleted.

        Raises QueueError.
        """
        with self._database.transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            cursor.execute(
                "SELECT 1 FROM hls_stored_files WHERE key = %s AND deleting_at > now() - make_interval(secs => %s)",
                (key, DELETING_S),
            )
            if cursor.fetchone() is not None:
                return False
            cursor.execute("UPDATE hls_stored_files SET deleting_at = NULL WHERE key = %s", (key,))
            cursor.execute(
                "INSERT INTO hls_stored_files (key, job, until) VALUES (%s, %s, now() + make_interval(days => %s))"
                " ON CONFLICT (key, job) DO UPDATE SET until = excluded.until",
                (key, job, SENT_DAYS),
            )
        return True

    def hold_for_parent(self, key: str, job: uuid.UUID) -> None:
        """Keep what a task puts into the store until the conversion that it belongs to has ended. Raises QueueError."""
        with self._database.transaction() as cursor:
            parent = first(cursor.execute("SELECT coalesce(parent, id) FROM hls_jobs WHERE id = %s", (job,)))
        if parent is not None:
            self.hold(key, parent)

    def check(self) -> None:
        """See that files can be noted. Raises NotPermittedError, QueueError."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO hls_stored_files (key, job, until)"
                " SELECT key, job, until FROM hls_stored_files WHERE false"
                " ON CONFLICT (key, job) DO UPDATE SET until = excluded.until"
            )

    def release(self, jobs: Collection[uuid.UUID]) -> None:
        """Keep nothing for jobs that were not put in. Raises QueueError."""
        if not jobs:
            return
        with self._database.transaction() as cursor:
            cursor.execute("UPDATE hls_stored_files SET until = now() WHERE job = ANY(%s)", (list(jobs),))

    def over(self) -> list[str]:
        """Mark files that no job needs any more, and return their keys: whoever calls deletes them within `DELETING_S`.

        Raises QueueError.
        """
        with self._database.transaction() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            cursor.execute(
                "UPDATE hls_stored_files SET deleting_at = now() WHERE key IN (SELECT s.key FROM hls_stored_files s"
                " LEFT JOIN hls_jobs j ON j.id = s.job LEFT JOIN procrastinate_jobs p ON p.id = j.task GROUP BY s.key"
                " HAVING NOT bool_or(CASE WHEN j.id IS NULL THEN s.until > now()"
                " ELSE p.status IN ('todo', 'doing') END)"
                " AND coalesce(max(s.deleting_at) < now() - make_interval(secs => %s), true)"
                " ORDER BY s.key LIMIT %s) RETURNING key",
                (DELETING_S, MOST_AT_ONCE),
            )
            return sorted({key for (key,) in cursor.fetchall()})

    def keep(self, keys: Collection[str]) -> None:
        """Take the mark off files whose deletion was not asked for. Raises QueueError."""
        if not keys:
            return
        with self._database.transaction() as cursor:
            cursor.execute("UPDATE hls_stored_files SET deleting_at = NULL WHERE key = ANY(%s)", (list(keys),))

    def forget(self, key: str) -> None:
        """Note that a file that was marked is deleted. Raises QueueError."""
        with self._database.transaction() as cursor:
            cursor.execute("DELETE FROM hls_stored_files WHERE key = %s AND deleting_at IS NOT NULL", (key,))
