"""Stores an object only in place of the one that its writer knows, whatever becomes of the answer.

Knows no content and no server of its own: `ObjectStore` is what it needs, and `S3Objects` is one.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from storage.errors import (
    AccessDeniedError,
    ConditionNotMetError,
    ConditionsRefusedError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)
from storage.objects import Condition, NewContent, ObjectHead
from storage.uris import S3Uri

WRITE_ID = "write-id"
"""The metadata in which each write has a name of its own (`x-amz-meta-write-id`)."""

PAUSES_S = (0.0, 0.0, 0.2, 0.5, 1.0, 2.0)
"""Before each try: the second spells the condition otherwise, later ones let somebody else's write end."""

_NO_ETAG = '"00000000000000000000000000000000"'


class Conditions(Enum):
    """Whether a server stores an object only if a condition is met."""

    MET = "met"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Written:
    """An object that was stored: its entity tag with quotes, its size, and whether it surely replaced nothing else.

    With `conditions` other than MET, a write of somebody else in the same moment may have been lost.
    """

    etag: str
    size_bytes: int
    conditions: Conditions


class ObjectReplacedError(StorageError):
    """Somebody else stored, or deleted, the object meanwhile. `found` is what is there now."""

    def __init__(self, uri: S3Uri, found: ObjectHead | None) -> None:
        self.found = found
        super().__init__(
            f"{uri} was {'deleted' if found is None else 'saved by somebody else'} since it was opened:"
            " nothing was overwritten."
        )


class ObjectStore(Protocol):
    """Where objects are stored on a condition."""

    def head(self, uri: S3Uri) -> ObjectHead: ...  # noqa: D102  # see S3Objects, here and below
    def put(self, uri: S3Uri, content: NewContent, condition: Condition | None = None) -> str: ...  # noqa: D102
    def delete(self, uri: S3Uri) -> None: ...  # noqa: D102


class ConditionalWriter:
    """Writes to one server, and remembers how it takes conditions. Safe for several threads."""

    def __init__(self, store: ObjectStore, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._sleep = sleep
        self._conditions: dict[str, Conditions] = {}
        self._quoted = True
        self._lock = threading.Lock()

    def write(self, uri: S3Uri, content: NewContent, *, expected_etag: str | None, write_id: str) -> Written:
        """Store an object in place of the one with this entity tag, or (None) where there is none.

        Args:
            uri: where.
            content: what; the write's own name is added to its metadata.
            expected_etag: with quotes.
            write_id: a name that no other write has.

        Raises:
            ObjectReplacedError: something else is stored there; nothing was stored.
            StorageUnavailableError: it may be stored or not; the write id in a later look at the object tells.
        """
        named = replace(content, metadata={**content.metadata, WRITE_ID: write_id})
        if self.conditions(uri) is Conditions.IGNORED:
            etag = self._write_unguarded(uri, named, expected_etag, write_id)
        else:
            etag = self._write_guarded(uri, named, expected_etag, write_id)
        return Written(etag=etag, size_bytes=len(content.data), conditions=self.conditions(uri))

    def conditions(self, uri: S3Uri) -> Conditions:
        """Say whether a bucket's server takes conditions, which is found out once: by an empty object beside the one
        that is meant, under a name that nobody has, on a condition that can't be met.
        """
        with self._lock:
            if uri.bucket not in self._conditions:
                self._conditions[uri.bucket] = self._find_out(uri)
            return self._conditions[uri.bucket]

    def _find_out(self, uri: S3Uri) -> Conditions:
        folder, slash, _ = uri.key.rpartition("/")
        beside = S3Uri(bucket=uri.bucket, key=f"{folder}{slash}write-check-{uuid.uuid4().hex}")
        try:
            self._store.put(beside, NewContent(data=b""), Condition(etag=_NO_ETAG))
        except ConditionNotMetError:
            return Conditions.MET
        except ConditionsRefusedError:
            return Conditions.IGNORED
        except AccessDeniedError:  # no right to store anything but the document
            return Conditions.UNKNOWN
        with suppress(StorageError):  # an empty object is left behind where deleting is not allowed
            self._store.delete(beside)
        return Conditions.IGNORED

    # 1. The object is sent on the condition that the expected one is still there, with the write's own name.
    # 2. An answer that says yes: done.
    # 3. An answer that says no: look at the object. With our name: an earlier try has stored it, and its answer was
    #    lost. With another entity tag: somebody else was faster. With the expected one: the server compares without
    #    quotes, so that is tried next; or somebody's write is under way, and has ended without a result after a pause.
    # 4. No answer: look at the object. With our name: done. Else nobody knows yet.
    def _write_guarded(self, uri: S3Uri, content: NewContent, expected_etag: str | None, write_id: str) -> str:
        quoted = self._quoted
        for pause_s in PAUSES_S:
            self._sleep(pause_s)
            try:
                etag = self._store.put(uri, content, Condition(etag=expected_etag, quoted=quoted))
                self._quoted = quoted
                return etag or self._store.head(uri).etag
            except ConditionsRefusedError:
                self._conditions[uri.bucket] = Conditions.IGNORED
                return self._write_unguarded(uri, content, expected_etag, write_id)
            except ConditionNotMetError:
                found = self._look(uri)
                if found is not None and is_named(found, write_id):
                    return found.etag
                _check_expected(uri, found, expected_etag)
                quoted = not quoted
            except StorageUnavailableError:
                if etag := self._stored_unheard(uri, write_id):
                    return etag
                raise
        raise StorageUnavailableError(f"{uri} can't be stored because others are storing it: try again later.")

    # As above, but the server is not told the condition: the object is looked at before, and afterwards for our name.
    def _write_unguarded(self, uri: S3Uri, content: NewContent, expected_etag: str | None, write_id: str) -> str:
        _check_expected(uri, self._look(uri), expected_etag)
        try:
            self._store.put(uri, content)
        except StorageUnavailableError:
            if etag := self._stored_unheard(uri, write_id):
                return etag
            raise
        found = self._look(uri)
        if found is None or not is_named(found, write_id):
            raise ObjectReplacedError(uri, found)
        return found.etag

    def _look(self, uri: S3Uri) -> ObjectHead | None:
        try:
            return self._store.head(uri)
        except ObjectNotFoundError:
            return None

    def _stored_unheard(self, uri: S3Uri, write_id: str) -> str:
        """Return the entity tag of an object that was stored though no answer came; empty where it was not."""
        with suppress(StorageError):
            found = self._look(uri)
            return found.etag if found is not None and is_named(found, write_id) else ""
        return ""


def is_named(head: ObjectHead, write_id: str) -> bool:
    """Whether an object was stored by the write of this name."""
    return head.metadata.get(WRITE_ID) == write_id


def _check_expected(uri: S3Uri, found: ObjectHead | None, expected_etag: str | None) -> None:
    if (None if found is None else found.etag) != expected_etag:
        raise ObjectReplacedError(uri, found)
