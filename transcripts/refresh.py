"""Whether the copy of an S3 dataset is what the store has, and making it so where nothing is lost by that.

Decides by entity tags; knows nothing of what is in a dataset.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from storage import ObjectNotFoundError, S3Uri, StorageError, StorageUnavailableError, StorageUnreachableError
from storage.conditional_write import is_named
from storage.objects import ObjectHead
from storage.s3_objects import S3Objects
from transcripts.cache import CacheMetadata, DatasetCache, content_md5
from transcripts.freshness import Freshness, FreshnessState


class _Unknown(Enum):
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What came of looking: how fresh the copy is, and what is known of it."""

    freshness: Freshness
    known: CacheMetadata


class CopyOfDataset:
    """The copy of a dataset beside the store that has the original. Whoever calls a method holds the copy's lock."""

    def __init__(
        self, cache: DatasetCache, uri: S3Uri, objects: S3Objects, *, now_s: Callable[[], float] = time.time
    ) -> None:
        self.cache = cache
        self.uri = uri
        self.objects = objects
        self._now_s = now_s

    def refresh(self, new_content: bytes | None = None) -> Refreshed:
        """Bring the copy up to date, unless it holds edits.

        Args:
            new_content: what the dataset begins with if it is not there yet; None where that is an error.

        Raises:
            StorageError: the dataset can't be had, and there is no copy that may be shown instead.
            DocumentError: the copy can't be written.
        """
        known = self.cache.metadata()
        edited = self.cache.is_edited(known)
        try:
            return self._compared(known, edited=edited, head=self._look(), new_content=new_content)
        except StorageUnavailableError as error:
            if known is None:
                raise
            return _refreshed(FreshnessState.NOT_CHECKED, _not_checked(known, error), known)
        except StorageError as error:
            if known is None or not edited:
                raise
            raise type(error)(f"{error} Your unsaved changes are kept in {self.cache.path}.") from error

    def fetch(self, *, set_aside: bool = False) -> Refreshed:
        """Put what the store has in place of the copy, which may be kept under another name.

        Raises StorageError, DocumentError.
        """
        head, content = self.objects.get(self.uri)
        text = f"{self.uri} was fetched just now."
        if set_aside:
            text += f" What was here of it can't be compared with it any more and is kept as {self.cache.set_aside()}."
        known = self.cache.replace(content, self._metadata(head.etag))
        return _refreshed(FreshnessState.FETCHED, text, known)

    def fetch_uncached(self) -> tuple[bytes, Refreshed]:
        """Return what the store has without keeping it, for reading alone. Raises StorageError."""
        head, content = self.objects.get(self.uri)
        text = (
            f"{self.uri} was fetched just now. It isn't cached, because {self.cache.path.parent} can't be written, "
            "so it can only be read: check the folder's permissions, or set XDG_CACHE_HOME to another one."
        )
        return content, _refreshed(FreshnessState.NOT_CACHED, text, self._metadata(head.etag))

    def _look(self) -> ObjectHead | _Unknown | None:
        try:
            return self.objects.head(self.uri)
        except ObjectNotFoundError:
            return None
        except StorageUnreachableError:
            raise
        except StorageUnavailableError:
            return _Unknown.UNKNOWN

    # 1. Not there: begun, if that is wanted; else an error, unless the copy has edits that would be lost.
    # 2. There is no copy: fetched.
    # 3. The last save whose answer did not come had succeeded: what it has sent is the state that edits began with.
    # 4. The entity tag is that of the copy: nothing to do.
    # 5. Another one, or nobody knows: fetched, but never over edits.
    def _compared(
        self,
        known: CacheMetadata | None,
        *,
        edited: bool,
        head: ObjectHead | _Unknown | None,
        new_content: bytes | None,
    ) -> Refreshed:
        if head is None:
            return self._missing(known, edited=edited, new_content=new_content)
        if known is None:
            return self.fetch(set_aside=edited)
        if isinstance(head, ObjectHead):
            known = self.adopt_unheard(known, head)
            if head.etag == known.etag:
                known = self.cache.note(replace(known, checked_at_s=self._now_s()))
                return _refreshed(FreshnessState.UNCHANGED, f"The copy on this computer is what {self.uri} has.", known)
        if not edited:
            return self.fetch()
        if isinstance(head, ObjectHead):
            text = (
                f"Somebody else has saved {self.uri} since. You see your own unsaved changes; when you save, both are "
                "merged."
            )
            return _refreshed(FreshnessState.CHANGED_ELSEWHERE, text, known)
        return _refreshed(FreshnessState.NOT_CHECKED, _not_checked(known, None), known)

    def adopt_unheard(self, known: CacheMetadata, head: ObjectHead) -> CacheMetadata:
        """Take the write that a store shows for our own, where its answer did not come. Raises DocumentError."""
        for one in known.pending:
            if is_named(head, one.write_id):
                digest = content_md5(self.cache.base(replace(known, base_id=one.base_id)))
                return self.cache.note(replace(known, etag=head.etag, base_id=one.base_id, digest=digest, pending=()))
        return known

    def _missing(self, known: CacheMetadata | None, *, edited: bool, new_content: bytes | None) -> Refreshed:
        if known is not None and edited:
            text = f"{self.uri} is not on S3 yet." if known.etag is None else f"{self.uri} was deleted on S3 since."
            state = FreshnessState.NEW if known.etag is None else FreshnessState.CHANGED_ELSEWHERE
            return _refreshed(state, f"{text} Your changes are kept on this computer.", known)
        if new_content is None:
            raise ObjectNotFoundError(f"Nothing is stored under {self.uri}: check the address.")
        if edited:
            self.cache.set_aside()
        known = self.cache.replace(new_content, self._metadata(None))
        return _refreshed(FreshnessState.NEW, f"{self.uri} is new: it is not on S3 before you save it.", known)

    def _metadata(self, etag: str | None) -> CacheMetadata:
        return CacheMetadata(uri=str(self.uri), etag=etag, checked_at_s=self._now_s(), base_id="", digest="")


def _refreshed(state: FreshnessState, text: str, known: CacheMetadata) -> Refreshed:
    return Refreshed(freshness=Freshness(state=state, text=text), known=known)


def _not_checked(known: CacheMetadata, error: StorageError | None) -> str:
    when = datetime.fromtimestamp(known.checked_at_s).astimezone().strftime("%Y-%m-%d %H:%M")
    why = str(error) if error is not None else "The store does not say which version it has."
    return f"{why} This is the copy of {when} on this computer, and may be out of date."
