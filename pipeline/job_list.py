"""The queue as an editor's list: what is in it, in which order, what waits to be started, and changes to all of that.

Owns what may be done to a row in which state, and the sentences about what may not. Knows nothing of who works on jobs,
but for what the store tells it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from pipeline.errors import CodecError
from pipeline.job import Existing, Job, UploadJob
from pipeline.job_codec import LONGEST_NAME_BYTES, job_from_text
from pipeline.job_rows import living, queued, stored_identity
from pipeline.open_rows import ORDER, cancel_row, forget_old, insert_row, open_in_folder
from pipeline.queued_job import JobState, QueuedJob
from pipeline.source_address import SourceAddress
from pipeline.store_file import OPEN_STATES, StoreFile
from pipeline.stored_job import StoredJob, as_unicode, stored, without_login

TAKEN_OUT = "Taken out of the queue."


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """What a change has come to: `ids` are the rows that are now as was asked, `refused` a sentence for each other."""

    ids: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NewRow:
    """A row to be added: `held` until it is started, `label` what the list shows of its settings, such as the name of a
    preset, `backend_url` where it is uploaded.
    """

    job: Job | UploadJob
    held: bool = False
    label: str | None = None
    backend_url: str = ""


class JobList:
    """The rows of the list: what has not ended, and what has ended and was added here and not removed.

    Thread-safe; every method raises JobStoreError. `is_free` says whether an open row can begin: none works on it.
    """

    def __init__(self, file: StoreFile, is_free: Callable[[sqlite3.Row], bool], now: Callable[[], float]) -> None:
        self._file = file
        self._is_free = is_free
        self._now = now
        self._addresses: dict[str, SourceAddress] = {}

    def rows(self) -> list[QueuedJob]:
        """Return the rows in their order."""
        return [
            queued(row)
            for row in self._file.rows(f"SELECT * FROM jobs WHERE listed OR state IN {OPEN_STATES} ORDER BY {ORDER}")
        ]

    def add(
        self,
        jobs: Sequence[Job | UploadJob],
        *,
        held: bool = False,
        label: str | None = None,
        backend_url: str = "",
        here: Path | None = None,
    ) -> list[str]:
        """Add rows at the end with the same label; return their ids in order, as `add_rows` does."""
        rows = [NewRow(job=job, held=held, label=label, backend_url=backend_url) for job in jobs]
        return self.add_rows(rows, here=here)

    def add_rows(self, rows: Sequence[NewRow], *, here: Path | None = None) -> list[str]:
        """Add rows at the end, all or none; return their ids in order.

        A job that is in the list with the same folder and the same settings, and has not ended, is not added again: it
        is started, unless it is added held, and its id is returned. No two open rows share a folder: a conversion whose
        folder another row has gets the next free name, such as `lesson-2`, below the same output folder.
        Relative paths start from `here`, the current folder if it is None.
        """
        here = here or Path.cwd()
        with self._file.change() as connection:
            ids = [self._add(connection, row, here) for row in rows]
            forget_old(connection, self._now())
        for id, row in zip(ids, rows, strict=True):
            self._remember(id, row.job)
        return ids

    def job_of(self, row: QueuedJob) -> Job | UploadJob:
        """Return a row's job, with what is secret in its source's address if it was added here: that is not stored.

        Raises CodecError.
        """
        job, address = row.job, self._addresses.get(row.id)
        if not isinstance(job, Job) or address is None or job.address != address:
            return job
        return replace(job, address=address)

    def hold(self, ids: Sequence[str], *, reason: str = "", tried: bool = True) -> ListChange:
        """Let rows wait until they are started. Whoever works on one learns so from its next heartbeat and stops; what
        is made stays, and is gone on with. `reason` is what the list says of it, such as what has to be decided.
        `tried` is False where whoever works on them has only looked at them: then the next try is a first one, too.
        """
        return self._each(ids, lambda connection, row: _hold(connection, row, reason, 0 if tried else 1))

    def start(self, ids: Sequence[str]) -> ListChange:
        """Let held rows begin in their turn, and parked ones at once; those that wait or run do so anyway."""
        return self._each(ids, _start)

    def move(self, ids: Sequence[str], *, before: str | None = None) -> ListChange:
        """Move rows, in the order in which they are named, before another, or to the end for None."""
        ids = list(dict.fromkeys(ids))
        with self._file.change() as connection:
            missing = _move(connection, ids, before)
        return ListChange(refused=tuple(map(_gone, missing))) if missing else ListChange(ids=tuple(ids))

    def remove(self, ids: Sequence[str]) -> ListChange:
        """Take rows out of the list that nobody works on. What has ended stays in the history, and what was begun comes
        into it as cancelled; what is made stays on the disk.
        """
        return self._each(ids, self._remove)

    def replace(self, id: str, job: Job | UploadJob, *, label: str | None = None, backend_url: str = "") -> ListChange:
        """Give a row other settings that nobody works on and that is not done; it keeps its place and its state."""
        here, backend_url = Path.cwd(), without_login(backend_url)

        def change(connection: sqlite3.Connection, row: sqlite3.Row) -> str:
            if row["state"] == JobState.DONE.value:
                return f"{row['slug']} is done: add the video again to convert it with other settings."
            if self._is_worked_on(row):
                return f"{row['slug']} is being worked on: pause or cancel it before you change its settings."
            new = stored(job, here, backend_url)
            if any(other["id"] != id for other in open_in_folder(connection, new.folder)):
                return f"Another video in the list has the folder {new.folder}: choose another name or output folder."
            connection.execute(
                "UPDATE jobs SET job = ?, slug = ?, folder = ?, identity = ?, backend_url = ?, label = ? WHERE id = ?",
                (new.text, new.slug, new.folder, new.identity, backend_url, label, id),
            )
            return ""

        made = self._each([id], change)
        if made.ids:
            self._remember(id, job)
        return made

    def duplicate(self, id: str) -> ListChange:
        """Add a copy of a conversion behind it, held, with the next free folder and destination; `ids` has its id."""
        copies: list[str] = []

        def copy(connection: sqlite3.Connection, row: sqlite3.Row) -> str:
            try:
                job = job_from_text(row["job"])
            except CodecError as error:
                return str(error)
            if isinstance(job, UploadJob):
                return f"{row['slug']} is an upload of a finished folder: it can't be duplicated."
            question = f"SELECT folder FROM jobs WHERE listed OR state IN {OPEN_STATES}"
            taken = {one["folder"] for one in connection.execute(question)}
            new = _apart(
                replace(job, existing=Existing.ASK),
                lambda one: one.folder.exists() or _stored(one, row["backend_url"]).folder in taken,
                [job],
            )
            id = insert_row(
                connection,
                _stored(new, row["backend_url"]),
                row["backend_url"],
                self._now(),
                state=JobState.HELD,
                listed=True,
                label=row["label"],
            )
            order = [one["id"] for one in _places(connection)]
            if row["id"] in order:
                _move(connection, [id], order[order.index(row["id"]) + 1])
            copies.append(id)
            return ""

        made = self._each([id], copy)
        for new in copies:
            if id in self._addresses:
                self._addresses[new] = self._addresses[id]
        return replace(made, ids=tuple(copies))

    def _remember(self, id: str, job: Job | UploadJob) -> None:
        """Keep what is secret in the address of a row's source, which is not stored."""
        if isinstance(job, Job) and job.address is not None and (job.address.query or job.address.login):
            self._addresses[id] = job.address

    def _add(self, connection: sqlite3.Connection, row: NewRow, here: Path) -> str:
        job, backend_url = row.job, without_login(row.backend_url)
        new = stored(job, here, backend_url)
        others = open_in_folder(connection, new.folder)
        same = next((other for other in others if stored_identity(other) == new.identity), None)
        if same is not None:
            change = "UPDATE jobs SET listed = 1, label = ifnull(?, label) WHERE id = ?"
            connection.execute(change, (row.label, same["id"]))
            if not row.held:
                _start(connection, same)
            return str(same["id"])
        if others and isinstance(job, Job):
            open_folders = connection.execute(f"SELECT folder FROM jobs WHERE state IN {OPEN_STATES}")
            folders = {one["folder"] for one in open_folders}
            beside = [other for other in map(_job_of, others) if other is not None]
            new = stored(
                _apart(job, lambda one: stored(one, here, backend_url).folder in folders, beside), here, backend_url
            )
        state = JobState.HELD if row.held else JobState.WAITING
        return insert_row(
            connection,
            new,
            backend_url,
            self._now(),
            state=state,
            listed=True,
            label=row.label and as_unicode(row.label),
        )

    def _each(self, ids: Sequence[str], change: Callable[[sqlite3.Connection, sqlite3.Row], str]) -> ListChange:
        """Make a change to each of these rows that returns why it can't be made, empty if it was."""
        done, refused = [], []
        with self._file.change() as connection:
            for id in dict.fromkeys(ids):
                row = connection.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
                why = _gone(id) if row is None else change(connection, row)
                if why:
                    refused.append(why)
                else:
                    done.append(id)
        return ListChange(ids=tuple(done), refused=tuple(refused))

    def _is_worked_on(self, row: sqlite3.Row) -> bool:
        return bool(row["state"] == JobState.RUNNING.value) and not self._is_free(row)

    def _remove(self, connection: sqlite3.Connection, row: sqlite3.Row) -> str:
        if self._is_worked_on(row):
            return f"{row['slug']} is being worked on: cancel it before you remove it."
        is_open = not JobState(row["state"]).ended
        if is_open and living(row):
            return f"{row['slug']} belongs to a command that still runs: cancel it before you remove it."
        if is_open and not row["tries"]:
            connection.execute("DELETE FROM jobs WHERE id = ?", (row["id"],))
            return ""
        if is_open:
            cancel_row(connection, row["id"], TAKEN_OUT, self._now())
        connection.execute("UPDATE jobs SET listed = 0 WHERE id = ?", (row["id"],))
        return ""


def _hold(connection: sqlite3.Connection, row: sqlite3.Row, reason: str, no_tries: int) -> str:
    if JobState(row["state"]).ended:
        return f"{row['slug']} has ended: there is nothing to pause."
    connection.execute(
        "UPDATE jobs SET state = 'held', parked_at = NULL, parked_until = NULL, reason = ?, tries = max(0, tries - ?) "
        "WHERE id = ?",
        (as_unicode(reason), no_tries, row["id"]),
    )
    return ""


def _start(connection: sqlite3.Connection, row: sqlite3.Row) -> str:
    if JobState(row["state"]).ended:
        return f"{row['slug']} has ended: try it again instead."
    connection.execute(
        "UPDATE jobs SET state = 'waiting', parked_at = NULL, parked_until = NULL, reason = '' "
        "WHERE id = ? AND state IN ('held', 'parked')",
        (row["id"],),
    )
    return ""


def _gone(id: str) -> str:
    return f"The job {id} is no longer in the queue."


def _places(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return the rows of the list in their order, with their places alone."""
    question = f"SELECT id, place FROM jobs WHERE listed OR state IN {OPEN_STATES} ORDER BY {ORDER}"
    return connection.execute(question).fetchall()


def _move(connection: sqlite3.Connection, ids: Sequence[str], before: str | None) -> list[str]:
    """Move rows before another, or to the end; return those of the ids that are not in the list: then none is moved."""
    places = {row["id"]: row["place"] for row in _places(connection)}
    missing = [id for id in (*ids, *([] if before is None else [before])) if id not in places]
    if missing:
        return missing
    order = list(places)
    behind = [] if before is None else [id for id in order[order.index(before) :] if id not in ids]
    order = [id for id in order if id not in ids]
    at = order.index(behind[0]) if behind else len(order)
    order[at:at] = ids
    changed = [(place, id) for place, id in enumerate(order, 1) if places[id] != place]
    connection.executemany("UPDATE jobs SET place = ? WHERE id = ?", changed)
    return []


def _job_of(row: sqlite3.Row) -> Job | UploadJob | None:
    try:
        return job_from_text(row["job"])
    except CodecError:  # a newer version has added it
        return None


def _stored(job: Job, backend_url: str) -> StoredJob:
    """Return a job as it is kept that was read from where it is kept: its paths are absolute."""
    return stored(job, Path.cwd(), backend_url)


def _apart(job: Job, is_taken: Callable[[Job], bool], beside: Sequence[Job | UploadJob]) -> Job:
    """Return a conversion with the first name after its own that is free.

    A destination that it shares with one of those beside it gets the same ending.
    """
    shared = job.upload is not None and any(one.upload and one.upload.prefix == job.upload.prefix for one in beside)
    for number in count(2):
        ending = f"-{number}"
        above, slash, name = job.slug.rpartition("/")
        slug = f"{above}{slash}{name.encode()[: LONGEST_NAME_BYTES - len(ending)].decode(errors='ignore')}{ending}"
        upload = job.upload
        if upload is not None and shared:
            upload = replace(upload, prefix=f"{upload.prefix.rstrip('/')}{ending}/")
        one = replace(job, slug=slug, upload=upload)
        if not is_taken(one):
            return one
    raise AssertionError("there is always a next number")
