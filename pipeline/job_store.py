"""The queue and its history: which job is next, which process has it, and how each ended. Processes share the file.

Knows neither how a job is done nor who shows it. What an editor does with the queue as a list is in `job_list`.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import JobStoreError
from pipeline.job import Existing, Job, UploadJob
from pipeline.job_codec import job_from_text, job_to_text
from pipeline.job_list import JobList
from pipeline.job_owner import JobOwner
from pipeline.job_rows import living, owner_text, queued, stored_identity
from pipeline.leases import Leases
from pipeline.model import JobReport, Outcome
from pipeline.open_rows import (
    AT_ONCE,
    END,
    ORDER,
    OWN,
    OWN_OR_HELD,
    SHORT,
    cancel_row,
    claim_row,
    forget_old,
    insert_row,
    is_free,
    open_in_folder,
    open_rows,
    row_of,
    update_own,
    wanted_beside,
)
from pipeline.queued_job import JobState, QueuedJob
from pipeline.report_codec import report_to_text
from pipeline.store_file import IN_MEMORY, OPEN_STATES, StoreFile
from pipeline.stored_job import StoredJob, as_unicode, job_kind, kept_fresh, stored, without_login

__all__ = ["IN_MEMORY", "STORE_FILE", "JobStore", "queue_file"]

STORE_FILE = "queue.sqlite3"

REPLACED = "A later job for the same folder replaced it."
CANCELLED_IN_QUEUE = "Cancelled in the queue."
NOT_WANTED = "Cancelled before it began."

_STATES = {Outcome.DONE: JobState.DONE, Outcome.FAILED: JobState.FAILED, Outcome.CANCELLED: JobState.CANCELLED}
_RELEASE = "state = 'waiting'"


def queue_file(data_dir: Path | None) -> Path:
    """Return where the queue is, in the folder for the user's data. Raises JobStoreError where there is none."""
    if data_dir is None:
        raise JobStoreError("There is no folder for the queue: the system names none for your data (HOME is not set).")
    return data_dir / STORE_FILE


class JobStore:
    """The queue in one file. Thread-safe; every method raises JobStoreError with a sentence.

    `listed` is the queue as an editor's list, with what can be done to it there: adding, holding and starting, moving,
    removing, other settings, copies. A job of the list stays until it has ended or is taken out, whichever process adds
    or does it; one that a command adds goes with the last command that waits for it.

    `now` is the wall clock, for what people read and for parked jobs; whether a process is dead depends on `monotonic`
    alone. Closed by `close`, or as a context manager.
    """

    def __init__(
        self, path: Path, *, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = StoreFile(path)
        self._now = now
        self._leases = Leases(monotonic)
        self.listed = JobList(self._file, lambda row: is_free(row, self._now(), self._leases), now)

    def __enter__(self) -> JobStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def mark(self) -> tuple[int, int]:
        """Return what differs from an earlier return if anything in the queue may have changed since: a cheap look."""
        return self._file.mark()

    def add(
        self, jobs: Sequence[Job | UploadJob], *, wanted_by: JobOwner | None = None, backend_url: str = ""
    ) -> list[str]:
        """Add jobs to the queue and return their ids in order.

        A job for the same folder with the same settings that has not ended is not added again; if it was held, it is
        started. One for the same folder with other settings is cancelled if no process works on it or waits for it, and
        the editor's list does not have it. Old ended jobs are deleted.

        Args:
            jobs: the jobs; their paths are relative to the current folder.
            wanted_by: the process that waits for them, None if none does.
            backend_url: where uploads go.
        """
        here, backend_url = Path.cwd(), without_login(backend_url)
        every = [stored(job, here, backend_url) for job in jobs]
        with self._file.change() as connection:
            ids = [self._add(connection, job, wanted_by, backend_url) for job in every]
            forget_old(connection, self._now())
        return ids

    def claim(self, ids: Iterable[str], owner: JobOwner, *, early: bool = False) -> QueuedJob | None:
        """Claim the first of these jobs that can begin, in this order; return None if there is none now.

        That is one that waits, one whose parked time has come (`early`: or not), or one whose owner is dead: its
        process no longer exists or, if that can't be known, has sent no heartbeat for longer than the lease.
        """
        with self._file.change() as connection:
            for row in open_rows(connection, list(ids)):
                if is_free(row, self._now(), self._leases) or (early and row["state"] == JobState.PARKED.value):
                    return claim_row(connection, row["id"], owner, self._now())
        return None

    def claim_next(
        self,
        owner: JobOwner,
        *,
        only: Collection[str] | None = None,
        without: Collection[str] = (),
        early: Callable[[str], bool] = lambda id: False,
        fits: Callable[[QueuedJob], bool] = lambda job: True,
    ) -> QueuedJob | None:
        """Claim the first job in the queue's order that can begin, as `claim` does; return None if there is none now.

        Args:
            owner: who claims it.
            only: the ids of those that are meant, None for all.
            without: the ids of those that are not.
            early: whether a job with this id is claimed though it is parked and its time has not come.
            fits: whether a job that can begin is meant; only looks at it.
        """
        with self._file.change() as connection:
            for row in connection.execute(f"SELECT {SHORT} FROM jobs WHERE state IN {OPEN_STATES} ORDER BY {ORDER}"):
                id = row["id"]
                if id in without or (only is not None and id not in only):
                    continue
                parked = row["state"] == JobState.PARKED.value
                may_begin = is_free(row, self._now(), self._leases) or (parked and early(id))
                if may_begin and fits(row_of(connection, id)):
                    return claim_row(connection, id, owner, self._now())
        return None

    def heartbeat(self, id: str, owner: JobOwner) -> bool:
        """Store that the owner still works on a job; return False if the job is no longer its own."""
        return self._update("heard_at = ?, beats = beats + 1", (self._now(),), id, owner)

    def set_existing(self, id: str, owner: JobOwner, existing: Existing) -> bool:
        """Store what the next process that has a job does with what is left; return False if it is not the owner's."""
        with self._file.change() as connection:
            row = connection.execute(f"SELECT job FROM jobs WHERE {OWN}", (id, owner_text(owner))).fetchone()
            if row is None:
                return False
            text = job_to_text(replace(job_from_text(row["job"]), existing=existing))
            return update_own(connection, "job = ?", (text,), id, owner)

    def finish(self, id: str, owner: JobOwner, report: JobReport) -> bool:
        """Store how a job ended; return False if it is no longer the owner's.

        A job that was cancelled at the owner waits again if another process wants it too, or if the owner is a command
        and the editor's list has the job beside. One that was held when it was just done is done.
        """
        values = (_STATES[report.outcome].value, "", self._now(), report_to_text(report))
        with self._file.change() as connection:
            if report.outcome is Outcome.CANCELLED and wanted_beside(connection, id, owner):
                return update_own(connection, _RELEASE, (), id, owner)
            states = OWN_OR_HELD if report.outcome is Outcome.DONE else OWN
            return update_own(connection, f"{END}, report = ?", values, id, owner, states)

    def park(self, id: str, owner: JobOwner, *, until: float, reason: str) -> bool:
        """Let a job wait until a time (seconds since 1970); return False if it is no longer the owner's."""
        return self._update(
            "state = 'parked', parked_at = ?, parked_until = ?, reason = ?",
            (self._now(), until, as_unicode(reason)),
            id,
            owner,
        )

    def release(self, id: str, owner: JobOwner) -> bool:
        """Let a job wait for any process; return False if it is no longer the owner's."""
        return self._update(_RELEASE, (), id, owner)

    def cancel(self, id: str) -> bool:
        """Cancel a job; return False if it has ended. Its owner learns that from its next heartbeat."""
        with self._file.change() as connection:
            return cancel_row(connection, id, CANCELLED_IN_QUEUE, self._now())

    def leave(self, ids: Iterable[str], owner: JobOwner) -> None:
        """Store that the owner no longer waits for these; those that no other process waits for are cancelled, unless
        the editor's list has them.
        """
        with self._file.change() as connection:
            for row in open_rows(connection, list(ids)):
                wanted = living(row, without=owner)
                connection.execute("UPDATE jobs SET wanted_by = ? WHERE id = ?", (json.dumps(wanted), row["id"]))
                if wanted or row["listed"]:
                    continue
                if row["state"] != JobState.RUNNING.value or is_free(row, self._now(), self._leases):
                    cancel_row(connection, row["id"], NOT_WANTED, self._now())

    def retry(self, id: str) -> bool:
        """Let a failed or cancelled job wait again.

        Return False for others, and if the same job was added since, or to the list one with the same folder.
        """
        with self._file.change() as connection:
            question = "SELECT * FROM jobs WHERE id = ? AND state IN ('failed', 'cancelled')"
            row = connection.execute(question, (id,)).fetchone()
            if row is None:
                return False
            others = open_in_folder(connection, row["folder"])
            if stored_identity(row) in map(stored_identity, others) or (row["listed"] and others):
                return False
            connection.execute(
                "UPDATE jobs SET state = 'waiting', reason = '', ended_at = NULL, report = '', wanted_by = '[]' "
                "WHERE id = ?",
                (id,),
            )
            return True

    def delete_ended(self) -> int:
        """Delete the history; return how many jobs were deleted."""
        with self._file.change() as connection:
            return connection.execute("DELETE FROM jobs WHERE ended_at IS NOT NULL").rowcount

    def all(self, *, ended: int | None = None) -> list[QueuedJob]:
        """Return the latest `ended` of the ended jobs, and after them the open ones in their order."""
        past = self._file.rows(
            "SELECT * FROM jobs WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, position DESC LIMIT ?",
            (-1 if ended is None else ended,),
        )
        still = self._file.rows(f"SELECT * FROM jobs WHERE state IN {OPEN_STATES} ORDER BY {ORDER}")
        return [queued(row) for row in (*reversed(past), *still)]

    def of(self, ids: Sequence[str]) -> list[QueuedJob]:
        """Return these jobs in this order, without those that were deleted."""
        found = {}
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            marks = ", ".join("?" * len(some))
            found.update({row["id"]: row for row in self._file.rows(f"SELECT * FROM jobs WHERE id IN ({marks})", some)})
        return [queued(found[id]) for id in ids if id in found]

    def states(self, ids: Sequence[str]) -> dict[str, JobState]:
        """Return the states of these jobs by their ids, without those that were deleted."""
        found = {}
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            question = f"SELECT id, state FROM jobs WHERE id IN ({', '.join('?' * len(some))})"
            found.update({row["id"]: JobState(row["state"]) for row in self._file.rows(question, some)})
        return found

    def matching(self, beginning: str) -> list[str]:
        """Return the ids that begin with this text."""
        rows = self._file.rows("SELECT id FROM jobs WHERE substr(id, 1, ?) = ?", (len(beginning), beginning.lower()))
        return [row["id"] for row in rows]

    def _update(self, change: str, values: Sequence[object], id: str, owner: JobOwner) -> bool:
        with self._file.change() as connection:
            return update_own(connection, change, values, id, owner)

    def _add(self, connection: sqlite3.Connection, job: StoredJob, wanted_by: JobOwner | None, backend_url: str) -> str:
        """Add one job to the queue, or find the same one there; return its id."""
        now = self._now()
        wanted = [] if wanted_by is None else [owner_text(wanted_by)]
        same = None
        for row in open_in_folder(connection, job.folder):
            in_work = row["state"] == JobState.RUNNING.value and not is_free(row, self._now(), self._leases)
            if same is None and stored_identity(row) == job.identity:
                same, wanted = row["id"], list(dict.fromkeys([*json.loads(row["wanted_by"]), *wanted]))
                connection.execute("UPDATE jobs SET wanted_by = ? WHERE id = ?", (json.dumps(wanted), same))
                if not in_work:  # the process that continues it uses what was said about earlier work this time
                    text = kept_fresh(row["job"], job.text)
                    state = JobState.WAITING if row["state"] == JobState.HELD.value else JobState(row["state"])
                    change = "UPDATE jobs SET job = ?, state = ?, parked_at = NULL, parked_until = NULL WHERE id = ?"
                    connection.execute(change, (text, state.value, same))
            elif job_kind(row["identity"]) == job.kind and not in_work and not row["listed"] and not living(row):
                cancel_row(connection, row["id"], REPLACED, now)
        return same or insert_row(connection, job, backend_url, now, wanted=wanted)
