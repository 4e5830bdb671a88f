"""A dataset that is open: edited in memory, journalled, saved by itself, with undo.

May be used from any thread. `open_document` opens one; docs/transcripts.md has the rules of saving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from config import Config
from transcripts.autosave import Clock, SystemClock
from transcripts.changes import ChangeSummary, RowKey, Step, summary
from transcripts.content import new_content, parse_content, read_content
from transcripts.edits import Edits
from transcripts.errors import DocumentError, ReadOnlyError, UndecidedError, UnreadableError
from transcripts.events import DocumentEvent, EventKind, Listener, Listeners
from transcripts.file import DatasetFile
from transcripts.journal import Found, Journal, read_journals
from transcripts.merge import CollisionKey, Merge, Side
from transcripts.merging import merge_saved
from transcripts.recovery import Recovery, recovery_of
from transcripts.rows import Id, Row, decoded, decoder_of
from transcripts.saving import Saving
from transcripts.schema import TRANSCRIPTS, Schema
from transcripts.store import Snapshot, Store


class Document:
    """A dataset in memory. `open_document` makes one.

    `problems` has a sentence for each kind of mistake in the file, none of which loses anything. `read_only` says why
    nothing can be changed, empty if it can; `is_used_elsewhere` that this will pass. `recovery` is what an earlier
    session left unsaved, None if nothing or as soon as it was accepted or discarded.
    """

    def __init__(
        self, store: Store, file: DatasetFile, found: Found, *, read_only: str, clock: Clock, autosave_interval_s: float
    ) -> None:
        self.path = file.path
        self.name = file.name
        self.schema = store.schema
        self.problems = store.problems()
        self.read_only = read_only
        self.is_used_elsewhere = file.is_used_elsewhere
        self.recovery = recovery_of(found, store)
        self._store = store
        self._file = file
        self._found = found
        self._journal = Journal(file.path, older=found.files)
        self._listeners = Listeners()
        self._edits = Edits(store, self._journal, check=self._check_editable, done=self._edited, told=self._tell_edited)
        self._saving = Saving(
            store, self._edits, file, self._journal, self._listeners, clock=clock, interval_s=autosave_interval_s
        )
        if self.recovery is None:
            self._journal.drop(found.files, found.damaged)

    def __enter__(self) -> Document:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    # reading

    @property
    def collections(self) -> tuple[str, ...]:
        """The names of the collections."""
        return tuple(one.name for one in self.schema.collections)

    def rows(self, collection: str, /, **where: Id) -> list[Row]:
        """Return a collection's rows as they are now, in their order; of all or of those that refer to something.

        `rows("segments", media_id="m1")` returns the segments of a video. Changing a row that was returned changes
        nothing in the document.
        """
        with self._edits.lock:
            found = self._store.rows(collection, where)
        return [decoded(row) for row in found]

    def count(self, collection: str, /) -> int:
        """Return how many rows a collection has."""
        with self._edits.lock:
            return len(self._store.table(collection))

    def fields(self, collection: str, /, *names: str, **where: Id) -> list[Row]:
        """Return some fields of rows, None for one that a row has not; several times as fast as `rows`."""
        with self._edits.lock:
            found = self._store.rows(collection, where)
        read = decoder_of(*names)
        return [read(row) for row in found]

    def get(self, collection: str, row_id: Id, /) -> Row | None:
        """Return a row by its id, None if there is none."""
        with self._edits.lock:
            row = self._store.table(collection).row(row_id)
        return None if row is None else decoded(row)

    @property
    def version(self) -> int:
        """A number that grows with every change."""
        return self._edits.version

    @property
    def changes(self) -> ChangeSummary:
        """What differs from what is saved: from the file, or from what `set_saved` was told."""
        with self._edits.lock:
            return summary(self._edits.saved.counts, self.schema)

    def changed_rows(self) -> Step:
        """Return every row that differs from what is saved, before and after."""
        with self._edits.lock:
            return self._edits.saved.changes()

    def snapshot(self) -> Snapshot:
        """Return the document as it is now, for writing it elsewhere while edits go on."""
        with self._edits.lock:
            return self._store.snapshot(self._edits.version)

    def snapshot_bytes(self) -> bytes:
        """Return the content of a file with the document as it is now."""
        return b"".join(self.snapshot().pieces())

    # editing

    def add(self, collection: str, row: Mapping[str, object], /) -> Id:
        """Add a row and return its id, which is new if the row has none. Raises DocumentError."""
        with self._edits.transaction() as pending:
            change = self._store.planned_add(collection, row)
            self._edits.apply(change, pending)
        return change.id

    def update(self, collection: str, row_id: Id, /, **fields: object) -> None:
        """Set fields of a row; `REMOVED` as a value removes one. Raises DocumentError."""
        with self._edits.transaction() as pending:
            change = self._store.planned_update(collection, row_id, fields)
            if change is not None:
                self._edits.apply(change, pending)

    def delete(self, collection: str, row_id: Id, /, cascade: bool = False) -> None:
        """Delete a row, and what refers to it where the schema or `cascade` says so. Raises DocumentError.

        Raises ReferredToError if the schema wants that to be asked first.
        """
        with self._edits.transaction() as pending:
            for change in self._store.planned_delete(collection, row_id, cascade=cascade):
                self._edits.apply(change, pending)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all edits of the block one: all or none of them, one step to undo. Raises DocumentError."""
        with self._edits.transaction():
            yield

    def undo(self) -> bool:
        """Undo the last step; False if there is none. Raises DocumentError."""
        return self._edits.undo()

    def redo(self) -> bool:
        """Redo the step that was undone last; False if there is none. Raises DocumentError."""
        return self._edits.redo()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return self._edits.history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return self._edits.history.can_redo

    def _check_editable(self) -> None:
        if self.read_only:
            raise ReadOnlyError(self.read_only)
        if self.recovery is not None:
            raise UndecidedError(
                f"{self.name} has changes of an earlier session that were not saved ({self.recovery.text}): "
                "accept or discard them first."
            )

    # listening

    def on_change(self, callback: Listener) -> Callable[[], None]:
        """Call a function at every event, on the thread that caused it; return what ends that."""
        return self._listeners.add(callback)

    def _edited(self) -> None:
        self._saving.set_timer()

    def _tell_edited(self, step: Step) -> None:
        keys = tuple(change.key for change in step)
        self._listeners.tell(DocumentEvent(kind=EventKind.EDITED, changes=self.changes, rows=keys))

    # what an earlier session left

    def accept_recovered(self, *, without: Sequence[RowKey] = ()) -> None:
        """Make the changes that were recovered, but for some rows; they are unsaved, and one step to undo."""
        self._decide(tuple(one.change for one in self._left().changes if one.change.key not in without))

    def discard_recovered(self) -> None:
        """Forget the changes that were recovered."""
        self._decide(())

    def _left(self) -> Recovery:
        if self.recovery is None:
            raise DocumentError("There are no changes of an earlier session.")
        return self.recovery

    def _decide(self, step: Step) -> None:
        with self._edits.lock:
            left, self.recovery = self._left(), None
            try:
                with self._edits.transaction() as pending:
                    for change in step:
                        self._edits.apply(change, pending)
            except DocumentError:
                self.recovery = left
                raise
        self._journal.confirm()  # the files that go now are the only others that hold these changes
        self._journal.drop(self._found.files, self._found.damaged)

    # saving

    def confirm(self) -> None:
        """Wait until the disk has every change in the journal. Raises DocumentError."""
        self._journal.confirm()

    def flush(self) -> bool:
        """Save what is not saved, before something reads the file; False if there was nothing. Raises DocumentError."""
        return self._saving.save()

    def shutdown(self) -> None:
        """Save, and leave the file to others; nothing can be edited any more. Raises DocumentError if saving failed.

        Then the changes are in the journal, and the next session is asked about them.
        """
        with self._edits.lock:
            editable, self.read_only = (
                not self.read_only,
                f"{self.name} has been closed: open it again to edit it.",
            )
        try:
            if editable:
                self._saving.save()
        finally:
            self._saving.close()
            self._journal.close()
            self._file.release()

    def mark_saved(self, version: int) -> None:
        """Take the document as it was with a version for what is saved; later edits stay unsaved."""
        with self._edits.lock:
            self._edits.saved.mark_saved(version)
        self._saving.tell(EventKind.SAVED)

    def set_saved(self, content: bytes | None) -> None:
        """Take the content of a file elsewhere for what is saved: from now on `changes` is what differs from that.

        None stands for the document as it is now. A save to this file then leaves `changes` as it is; `mark_saved`
        tells that a version has got there. Raises UnreadableError.
        """
        saved = None if content is None else parse_content(content, self.name, self.schema)
        with self._edits.lock:
            self._saving.follows = False
            version = self._edits.version
        differences = () if saved is None else self._store.differences(saved)  # edits go on meanwhile
        with self._edits.lock:
            self._edits.saved.begin(version, differences)

    def merge_saved(self, before: bytes, content: bytes, decisions: Mapping[CollisionKey, Side] | None = None) -> Merge:
        """Merge what somebody else has saved elsewhere since: what does not collide is taken over, as one edit.

        Args:
            before: what was saved when `set_saved` was told.
            content: what is saved now; if the answer has no open collisions, `changes` is what differs from that.
            decisions: whose change counts where two collide.

        While collisions are open nothing is changed. Raises DocumentError.
        """

        found, is_made = merge_saved(
            self._edits, lambda data: parse_content(data, self.name, self.schema), before, content, decisions or {}
        )
        if is_made:
            self._saving.save(everything=True)
        return found


def open_document(
    path: Path,
    schema: Schema | None = None,
    *,
    clock: Clock | None = None,
    autosave_interval_s: float | None = None,
    name: str = "",
) -> Document:
    """Open a dataset; where `schema` is given, a file that is not there is begun. Raises UnreadableError.

    Where another session edits the same file, or it can't be written, the document is for reading alone. Without
    `autosave_interval_s`, the configuration says how long after a change it is saved. `name` is what the dataset is
    called in messages, where that is not the file's own name.
    """
    interval_s = Config.load().datasets.autosave_interval_s if autosave_interval_s is None else autosave_interval_s
    path = path.expanduser().resolve()
    if schema is None and not path.exists():
        raise UnreadableError(f"There is no file {path}: check the path.")
    file = DatasetFile(path, name)
    read_only = file.take()
    try:
        content = read_content(path, schema, file.name) or new_content(schema or TRANSCRIPTS)
        found = Found() if read_only else read_journals(path, [one.name for one in content.schema.collections])
        return Document(
            Store(content),
            file,
            found,
            read_only=read_only,
            clock=clock or SystemClock(),
            autosave_interval_s=interval_s,
        )
    except BaseException:
        file.release()
        raise


def read_document(content: bytes, path: Path, *, name: str, read_only: str) -> Document:
    """Open a dataset of which no file can be kept, for reading alone. Raises UnreadableError.

    Args:
        content: what a file of it holds.
        path: where the file would be.
        name: what the dataset is called in messages.
        read_only: why nothing can be changed.
    """
    store = Store(parse_content(content, name, None))
    return Document(
        store, DatasetFile(path, name), Found(), read_only=read_only, clock=SystemClock(), autosave_interval_s=0
    )
