"""Saves a dataset to S3, in place of what its editor has seen and nothing else.

What somebody else saved meanwhile is merged first; what collides is for the editor to decide. Until the store has
confirmed it, everything counts as unsaved.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from storage import ObjectNotFoundError, StorageError, StorageUnavailableError
from storage.conditional_write import WRITE_ID, Conditions, ObjectReplacedError, Written
from storage.objects import NewContent, ObjectHead
from transcripts.cache import CacheMetadata, PendingWrite, content_md5
from transcripts.document import Document
from transcripts.errors import DocumentError, ReadOnlyError, UndecidedError, UnreadableError
from transcripts.merge import Collision, CollisionKey, Merge, Side
from transcripts.refresh import CopyOfDataset

log = logging.getLogger(__name__)

ROUNDS = 5
"""How often somebody else may save while we merge what they saved before."""

CONTENT_TYPE = "application/json"


class NotOnS3Error(DocumentError):
    """The dataset was not opened from S3, so it can't be saved there."""


class SaveUnderWayError(DocumentError):
    """The dataset is being saved already."""


class DeletedElsewhereError(DocumentError):
    """Somebody has deleted the dataset on S3 since it was opened; it is not brought back unasked."""


class SaveOutcome(Enum):
    """What became of a save."""

    SAVED = "saved"
    NOTHING_TO_SAVE = "nothing to save"
    UNDECIDED = "undecided"
    """Somebody else has changed the same; nothing was saved."""


@dataclass(frozen=True, kw_only=True)
class SaveResult:
    """What became of a save.

    `etag`, in its quotes, and `size_bytes` are those of what is on S3 now. `collisions` are to be decided, `merged` is
    what somebody else had saved, in words, empty for nothing. `text` says all of it to the editor.
    """

    outcome: SaveOutcome
    etag: str
    size_bytes: int
    text: str
    collisions: tuple[Collision, ...] = ()
    merged: str = ""


class Saver:
    """Saves one dataset that is open. Safe from every thread; of two saves at once the second is refused."""

    def __init__(self, document: Document, copy: CopyOfDataset, known: CacheMetadata) -> None:
        self._document = document
        self._copy = copy
        self._known = known
        self._under_way = threading.Lock()
        self._warned = False
        self._decisions: dict[CollisionKey, Side] = {}
        self._decided_for = ("", 0)
        """The entity tag and the version of the document that the decisions are about."""

    def save(
        self,
        *,
        decisions: Mapping[CollisionKey, Side] | None = None,
        on_sent: Callable[[int, int], None] | None = None,
        create_again: bool = False,
    ) -> SaveResult:
        """Save to S3; see Dataset.save."""
        if not self._under_way.acquire(blocking=False):
            raise SaveUnderWayError(f"{self._copy.uri} is being saved already: wait until that has ended.")
        try:
            return self._save(decisions or {}, on_sent, create_again=create_again)
        except StorageError as error:
            raise type(error)(f"{error} Your changes are kept on this computer.") from error
        finally:
            self._under_way.release()

    # 1. Look at what is on S3. If it is what edits began with, or our own last write whose answer was lost, go to 3.
    # 2. Somebody else has saved: merge. While anything collides that is not decided, nothing happens at all.
    # 3. Send the document as it is now, on the condition that S3 still has what we have looked at. Edits go on.
    # 4. If somebody was faster, begin again. If no answer came, the write's name is kept, and the next look tells.
    def _save(
        self,
        decisions: Mapping[CollisionKey, Side],
        on_sent: Callable[[int, int], None] | None,
        *,
        create_again: bool,
    ) -> SaveResult:
        self._check_editable()
        merged: list[str] = []
        for _ in range(ROUNDS):
            self._document.flush()
            head = self._look()
            if head is None and self._known.etag is not None and not create_again:
                raise DeletedElsewhereError(
                    f"{self._copy.uri} was deleted on S3 since it was opened, so it was not saved. "
                    "Save it as a new one if it is still wanted."
                )
            if head is not None and head.etag != self._known.etag:
                found = self._merge(self._all_decisions(head, decisions))
                if found.open:
                    return self._undecided(head, found)
                merged.append(f"Changes that somebody else had saved were merged: {found.theirs.text}.")
                continue
            changes = self._document.changes
            if head is not None and not changes.unsaved:
                said = f"There is nothing to save: {self._copy.uri} has everything."
                return self._result(SaveOutcome.NOTHING_TO_SAVE, head.etag, head.size_bytes, merged, said)
            try:
                written = self._send(head, on_sent)
            except ObjectReplacedError:
                continue
            what = changes.text if changes.unsaved else "new"
            said = f"Saved to {self._copy.uri} ({what}): {written.size_bytes} bytes, ETag {written.etag}."
            if written.conditions is not Conditions.MET:
                merged += self._warning()
            return self._result(SaveOutcome.SAVED, written.etag, written.size_bytes, merged, said)
        raise StorageUnavailableError(
            f"{self._copy.uri} can't be saved because others are saving it all the time: try again later."
        )

    def _warning(self) -> list[str]:
        """Return what is said once of a store that takes no conditions."""
        if self._warned:
            return []
        self._warned = True
        return [
            "This store can't exclude that somebody else saves at the same moment: agree with others who saves when."
        ]

    def _check_editable(self) -> None:
        if self._document.read_only:
            raise ReadOnlyError(self._document.read_only)
        if self._document.recovery is not None:
            raise UndecidedError(
                f"{self._copy.uri} has changes of an earlier session ({self._document.recovery.text}): "
                "accept or discard them first."
            )

    def _look(self) -> ObjectHead | None:
        """Return what is on S3; None for nothing. Takes our own last write for that, where its answer was lost."""
        try:
            head = self._copy.objects.head(self._copy.uri)
        except ObjectNotFoundError:
            return None
        adopted = self._copy.adopt_unheard(self._known, head)
        if adopted is not self._known:
            self._known = adopted
            self._document.set_saved(self._copy.cache.base(adopted))
        return head

    def _all_decisions(self, head: ObjectHead, decisions: Mapping[CollisionKey, Side]) -> Mapping[CollisionKey, Side]:
        """Return the decisions with those made before about the same two states.

        One may lead to another: a value that counts may refer to a row that somebody else has deleted.
        """
        decided_for = (head.etag, self._document.version)
        earlier = self._decisions if self._decided_for == decided_for else {}
        self._decisions, self._decided_for = {**earlier, **decisions}, decided_for
        return self._decisions

    def _merge(self, decisions: Mapping[CollisionKey, Side]) -> Merge:
        cache = self._copy.cache
        head, content = self._copy.objects.get(self._copy.uri)
        try:
            found = self._document.merge_saved(cache.base(self._known), content, decisions)
        except UnreadableError as error:
            raise DocumentError(
                f"What somebody else has saved as {self._copy.uri} can't be merged; nothing was overwritten. {error}"
            ) from error
        if not found.open:
            self._note(etag=head.etag, base_id=cache.add_base(content), digest=content_md5(content), pending=())
        return found

    def _send(self, head: ObjectHead | None, on_sent: Callable[[int, int], None] | None) -> Written:
        snapshot = self._document.snapshot()
        base_id, data = self._copy.cache.add_snapshot(snapshot.pieces())
        pending = PendingWrite(write_id=uuid.uuid4().hex, base_id=base_id)
        earlier = self._known.pending
        self._note(pending=(*earlier, pending))
        content = NewContent(
            data=data,
            metadata={} if head is None else {name: one for name, one in head.metadata.items() if name != WRITE_ID},
            stored_with={**({} if head is None else head.stored_with), "ContentType": CONTENT_TYPE},
            on_sent=None if on_sent is None else lambda sent: on_sent(sent, len(data)),
        )
        etag = None if head is None else head.etag
        try:
            written = self._copy.objects.writer.write(
                self._copy.uri, content, expected_etag=etag, write_id=pending.write_id
            )
        except StorageUnavailableError:
            raise  # it may have been stored all the same: the write stays among those that are looked for
        except StorageError:
            self._note(pending=earlier)
            raise
        self._known = replace(
            self._known, etag=written.etag, base_id=pending.base_id, digest=content_md5(data), pending=()
        )
        self._document.mark_saved(snapshot.version)
        try:
            self._note()
        except DocumentError as error:  # the next look at S3 finds the write by its name
            log.warning("%s", error)
        return written

    def _note(self, **changes: Any) -> None:  # noqa: ANN401  # fields of CacheMetadata
        self._known = replace(self._known, **changes)
        self._copy.cache.note(self._known)

    def _undecided(self, head: ObjectHead, found: Merge) -> SaveResult:
        count = len(found.open)
        text = (
            f"Somebody else has saved {self._copy.uri} since you opened it ({found.theirs.text}; yours: "
            f"{found.ours.text}). {'One change collides' if count == 1 else f'{count} changes collide'} with yours: "
            "decide which counts, then save again. Nothing was saved."
        )
        return SaveResult(
            outcome=SaveOutcome.UNDECIDED,
            etag=head.etag,
            size_bytes=head.size_bytes,
            text=text,
            collisions=found.open,
            merged="",
        )

    def _result(self, outcome: SaveOutcome, etag: str, size_bytes: int, merged: list[str], said: str) -> SaveResult:
        return SaveResult(
            outcome=outcome, etag=etag, size_bytes=size_bytes, text=" ".join((said, *merged)), merged=" ".join(merged)
        )
