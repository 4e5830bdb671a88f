"""An open dataset: edited in memory, journalled, saved automatically, with undo.

May be used from any thread. `open_document` opens one; docs/transcripts.md has the rules of saving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from config import Config
from pipeline.files import is_there
from transcripts.autosave import Clock, SystemClock
from transcripts.changes import ChangeSummary, RowKey, Step, changes_summary
from transcripts.content import new_content, parse_content, read_dataset
from transcripts.earlier_session import EarlierSession
from transcripts.edits import Edits
from transcripts.errors import ReadOnlyError, UndecidedError, UnreadableError
from transcripts.events import DocumentEvent, EventCallback, EventKind, Listeners
from transcripts.file import DatasetFile
from transcripts.journal import Found, Journal, read_journals
from transcripts.merge import CollisionKey, Merge, Side
from transcripts.merging import merge_saved
from transcripts.recovery import Recovery, recovery_of
from transcripts.rows import Id, Row, decoded, decoder_of
from transcripts.saving import FileSaver
from transcripts.schema import TRANSCRIPTS, Schema
from transcripts.store import Snapshot, Store


class Document:
    """A dataset in memory. `open_document` makes one.

    `problems` has a sentence for each kind of mistake in the file; no mistake loses data. `read_only` says why nothing
    can be changed, and is empty if it can; `is_used_elsewhere` says that this is only because of another session.
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
        self._store = store
        self._file = file
        self._journal = Journal(file.path, older=found.files)
        self._listeners = Listeners()
        self._edits = Edits(store, self._journal, check=self._check_editable, done=self._edited, told=self._tell_edited)
        self._saving = FileSaver(
            store, self._edits, file, self._journal, self._listeners, clock=clock, interval_s=autosave_interval_s
        )
        self._earlier = EarlierSession(found, recovery_of(found, store), self._edits, self._journal)

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
        """Return some fields of rows, None for a field that a row does not have; several times as fast as `rows`."""
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
        """The differences from the saved version: the file, or the content that was passed to `set_saved`."""
        with self._edits.lock:
            return changes_summary(self._edits.saved.counts, self.schema)

    def changed_rows(self) -> Step:
        """Return every row that differs from the saved version, as it was and as it is."""
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
        """Delete a row, and the rows that refer to it if the schema or `cascade` says so. Raises DocumentError.

        Raises ReferredToError if the schema requires that the user is asked first.
        """
        with self._edits.transaction() as pending:
            for change in self._store.planned_delete(collection, row_id, cascade=cascade):
                self._edits.apply(change, pending)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the edits in the block a single step: all or none are made and undone. Raises DocumentError."""
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

    def on_change(self, callback: EventCallback) -> Callable[[], None]:
        """Call a function at every event, on the thread that caused it; return a function that ends this."""
        return self._listeners.add(callback)

    def _edited(self) -> None:
        self._saving.set_timer()

    def _tell_edited(self, step: Step) -> None:
        keys = tuple(change.key for change in step)
        self._listeners.tell(DocumentEvent(kind=EventKind.EDITED, changes=self.changes, rows=keys))

    # what an earlier session left

    @property
    def recovery(self) -> Recovery | None:
        """The unsaved changes of an earlier session; None if there are none, or once they are accepted or discarded."""
        return self._earlier.recovery

    def accept_recovered(self, *, without: Sequence[RowKey] = ()) -> None:
        """Apply the recovered changes, except those of some rows, as one step that can be undone; they are unsaved.

        Raises DocumentError.
        """
        self._earlier.accept(without)

    def discard_recovered(self) -> None:
        """Discard the recovered changes. Raises DocumentError."""
        self._earlier.discard()

    # saving

    def confirm(self) -> None:
        """Wait until the disk has every change in the journal. Raises DocumentError."""
        self._journal.confirm()

    def flush(self) -> bool:
        """Save unsaved changes, before something reads the file; False if there were none. Raises DocumentError."""
        return self._saving.save()

    def shutdown(self) -> None:
        """Save, and release the file; nothing can be edited any more. Raises DocumentError if saving failed.

        In that case the changes are in the journal, and the next session is asked about them.
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
        """Regard the document's state at a version as saved; later edits stay unsaved."""
        with self._edits.lock:
            self._edits.saved.mark_saved(version)
        self._saving.tell(EventKind.SAVED)

    def set_saved(self, content: bytes | None) -> None:
        """Regard the content of a file elsewhere as the saved version: from now on `changes` compares with it.

        None means the document as it is now. After that, a save to this file leaves `changes` as it is; `mark_saved`
        says that a version has been saved elsewhere. Raises UnreadableError.
        """
        saved = None if content is None else parse_content(content, self.name, self.schema)
        with self._edits.lock:
            self._saving.follows = False
            version = self._edits.version
        differences = () if saved is None else self._store.differences(saved)  # edits go on meanwhile
        with self._edits.lock:
            self._edits.saved.begin(version, differences)

    def merge_saved(self, before: bytes, content: bytes, decisions: Mapping[CollisionKey, Side] | None = None) -> Merge:
        """Merge what somebody else has saved elsewhere since: changes that do not collide are taken over, as one edit.

        Args:
            before: the content that was passed to `set_saved`.
            content: the content that is saved now; if no collisions are open, `changes` compares with it afterwards.
            decisions: for each collision, whose change counts.

        While collisions are open, nothing is changed. Raises DocumentError.
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
    """Open a dataset; if `schema` is given, a missing file is created. Raises UnreadableError.

    If another session edits the same file, or it can't be written, the document is read-only. Without
    `autosave_interval_s`, the configuration says how long after a change it is saved. `name` is what the dataset is
    called in messages, if that is not the file's own name.
    """
    interval_s = Config.load().datasets.autosave_interval_s if autosave_interval_s is None else autosave_interval_s
    path = path.expanduser().resolve()
    if schema is None and not is_there(path):
        raise UnreadableError(f"There is no file {path}: check the path.")
    file = DatasetFile(path, name)
    read_only = file.take()
    try:
        content = read_dataset(path, schema, file.name) or new_content(schema or TRANSCRIPTS)
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
    """Open a dataset for which no file can be kept, read-only. Raises UnreadableError.

    Args:
        content: the content of its file.
        path: the path that the file would have.
        name: what the dataset is called in messages.
        read_only: why nothing can be changed.
    """
    store = Store(parse_content(content, name, None))
    return Document(
        store, DatasetFile(path, name), Found(), read_only=read_only, clock=SystemClock(), autosave_interval_s=0
    )
