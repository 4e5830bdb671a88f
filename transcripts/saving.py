"""When a document's file is written: a while after the first change, and when somebody asks for it."""

from __future__ import annotations

import logging
import threading

from transcripts.autosave import Autosave, Clock
from transcripts.changes import changes_summary
from transcripts.edits import Edits
from transcripts.errors import DocumentError
from transcripts.events import DocumentEvent, EventKind, Listeners
from transcripts.file import DatasetFile
from transcripts.journal import Journal
from transcripts.store import Store

log = logging.getLogger(__name__)


class FileSaver:
    """Writes a document's file, one save at a time, while edits go on. Safe from every thread.

    `follows` says that what is in the file counts as saved, which ends when that is elsewhere.
    """

    def __init__(
        self,
        store: Store,
        edits: Edits,
        file: DatasetFile,
        journal: Journal,
        listeners: Listeners,
        *,
        clock: Clock,
        interval_s: float,
    ) -> None:
        self.follows = True
        self._store = store
        self._edits = edits
        self._file = file
        self._journal = journal
        self._listeners = listeners
        self._autosave = Autosave(self._save_unattended, clock=clock, interval_s=interval_s)
        self._next_ids_written = store.next_ids()
        self._closed = False
        self._lock = threading.Lock()

    def set_timer(self) -> None:
        """Have the timer run if there is something to write, and only then."""
        if self._edits.written.unsaved:
            self._autosave.start()
        else:
            self._autosave.stop()

    def save(self, *, everything: bool = False) -> bool:
        """Write the file now; False if it has everything. Raises DocumentError.

        `everything` says that more may differ than rows with an id, which nobody counts.
        """
        with self._lock:
            with self._edits.lock:
                if self._edits.under_way:
                    raise DocumentError(f"{self._file.name} can't be saved in the middle of an edit.")
                next_ids = self._store.next_ids()
                written = not everything and not self._edits.written.unsaved and next_ids == self._next_ids_written
                if self._closed or written:
                    return False
                said = changes_summary(self._edits.written.counts, self._store.schema).text
                snapshot, older = self._store.snapshot(self._edits.version), self._journal.rotate()
                self._autosave.stop()
            try:
                self._file.write(snapshot)
            except DocumentError:
                self.set_timer()
                raise
            self._next_ids_written = next_ids
            self._journal.drop(older)
            with self._edits.lock:
                self._edits.written.mark_saved(snapshot.version)
                if self.follows:
                    self._edits.saved.mark_saved(snapshot.version)
                self.set_timer()
        log.info("Saved %s (%s)", self._file.path, said)
        self.tell(EventKind.SAVED)
        return True

    def close(self) -> None:
        """Write nothing any more; wait for a save that is under way."""
        with self._lock:
            self._closed = True
            self._autosave.stop()

    def tell(self, kind: EventKind, problem: str = "") -> None:
        """Tell the listeners how the document stands."""
        with self._edits.lock:
            changes = changes_summary(self._edits.saved.counts, self._store.schema)
        self._listeners.tell(DocumentEvent(kind=kind, changes=changes, problem=problem))

    def _save_unattended(self) -> None:
        try:
            self.save()
        except DocumentError as error:
            log.warning("%s", error)
            self.tell(EventKind.SAVE_FAILED, str(error))
