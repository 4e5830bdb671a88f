"""Copies objects from one storage to another.

What is there already is passed over, so a copy that broke off is begun again.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from storage.backend import OpenObject, StorageBackend, StoredObject
from storage.digests import PartedDigest, part_sizes, parts_in
from storage.errors import (
    IncompleteObjectError,
    InvalidPathError,
    ObjectChangedError,
    ObjectNotFoundError,
    PathConflictError,
)
from storage.tasks import bounded

AT_ONCE = 8

_OF_ONE_OBJECT = (IncompleteObjectError, InvalidPathError, ObjectChangedError, ObjectNotFoundError, PathConflictError)
"""What is wrong with one object and leaves the others to be copied. Anything else would go wrong with each of them."""


@dataclass(frozen=True, kw_only=True)
class CopyProgress:
    """How far a copy is; what was passed over counts as done."""

    objects_total: int
    objects_done: int = 0
    bytes_total: int
    bytes_done: int = 0


@dataclass(frozen=True, kw_only=True)
class CopyResult:
    """What a copy did: counts, and a sentence for each object that could not be copied.

    `unproven` counts copied objects without an MD5, whose size alone could be compared.
    """

    copied: int
    copied_bytes: int
    passed_over: int
    unproven: int
    failures: tuple[str, ...]


async def copy(
    source: StorageBackend,
    target: StorageBackend,
    prefix: str = "",
    *,
    content_type: Callable[[str], str],
    on_progress: Callable[[CopyProgress], None],
) -> CopyResult:
    """Copy the objects whose paths begin with `prefix`; each is verified by size and MD5.

    Args:
        source: a started storage.
        target: another one.
        prefix: with what the paths begin.
        content_type: says what content type an object is stored with.
        on_progress: called often.

    Raises:
        StorageError: the storage, not one object, is what goes wrong. What was copied stays.
    """
    run = _CopyRun(source, target, content_type, on_progress)
    return await run.copy(prefix)


class _CopyRun:
    """One copy under way."""

    def __init__(
        self,
        source: StorageBackend,
        target: StorageBackend,
        content_type: Callable[[str], str],
        on_progress: Callable[[CopyProgress], None],
    ) -> None:
        self._source = source
        self._target = target
        self._content_type = content_type
        self._on_progress = on_progress
        self._objects_total = self._objects_done = 0
        self._bytes_total = self._bytes_done = 0
        self._copied = self._copied_bytes = self._passed_over = self._unproven = 0
        self._failures: list[str] = []

    async def copy(self, prefix: str) -> CopyResult:
        async for found in self._source.list_objects(prefix):
            self._objects_total += 1
            self._bytes_total += found.size_bytes
        self._report()
        async for _ in bounded(AT_ONCE, self._jobs(prefix)):
            self._report()
        return CopyResult(
            copied=self._copied,
            copied_bytes=self._copied_bytes,
            passed_over=self._passed_over,
            unproven=self._unproven,
            failures=tuple(sorted(self._failures)),
        )

    async def _jobs(self, prefix: str) -> AsyncIterator[Coroutine[Any, Any, None]]:
        """Yield what is to be done about each object, by walking both listings side by side:
        they have the same order.
        """
        there = self._target.list_objects(prefix)
        other = await anext(there, None)
        async for found in self._source.list_objects(prefix):
            while other is not None and other.path.encode() < found.path.encode():
                other = await anext(there, None)
            yield self._settle(found, other if other is not None and other.path == found.path else None)

    async def _settle(self, found: StoredObject, there: StoredObject | None) -> None:
        """Copy an object unless it is there already."""
        try:
            if there is not None and await self._equal(found, there):
                self._passed_over += 1
                self._bytes_done += found.size_bytes
            else:
                await self._copy_one(found.path)
        except _OF_ONE_OBJECT as error:
            self._failures.append(str(error))
        self._objects_done += 1

    async def _copy_one(self, path: str) -> None:
        opened = await self._source.open(path)
        try:
            proof = _Proof(opened.info)
            stored = await self._target.save(
                path,
                self._watched(opened, proof),
                size_bytes=opened.info.size_bytes,
                content_type=self._content_type(path),
            )
        finally:
            await opened.close()
        matches = proof.compare(stored)
        if matches is False:
            await self._target.delete(path)
            raise IncompleteObjectError(f"{path} was damaged while it was copied and is not stored: copy again.")
        self._copied += 1
        self._copied_bytes += stored.size_bytes
        self._unproven += matches is None

    async def _watched(self, opened: OpenObject, proof: _Proof) -> AsyncIterator[bytes]:
        async for chunk in opened.chunks():
            proof.update(chunk)
            yield chunk
            self._bytes_done += len(chunk)
            self._report()

    async def _equal(self, found: StoredObject, there: StoredObject) -> bool:
        """Whether both are the same content; reads no more than is needed to know."""
        if found.size_bytes != there.size_bytes:
            return False
        if found.etag and found.etag == there.etag:
            return True
        if found.md5 is not None and there.md5 is not None:
            return found.md5 == there.md5
        if parts_in(there.etag) is not None:
            return await _is_like(self._source, found.path, there)
        if parts_in(found.etag) is not None:
            return await _is_like(self._target, found.path, found)
        here, over_there = await _md5_of(self._source, found), await _md5_of(self._target, there)
        return here is not None and here == over_there

    def _report(self) -> None:
        self._on_progress(
            CopyProgress(
                objects_total=self._objects_total,
                objects_done=self._objects_done,
                bytes_total=self._bytes_total,
                bytes_done=self._bytes_done,
            )
        )


class _Proof:
    """Finds out on the way whether what was read is what its storage says it is."""

    def __init__(self, info: StoredObject) -> None:
        self._info = info
        parts = parts_in(info.etag) if info.md5 is None else None
        self._digests = [PartedDigest(size) for size in part_sizes(info.size_bytes, parts)] if parts else []
        self._whole = hashlib.md5(usedforsecurity=False)

    def update(self, content: bytes) -> None:
        for digest in self._digests:
            digest.update(content)
        if not self._info.etag:  # nobody knows yet what the content should be: it is what was read
            self._whole.update(content)

    def compare(self, stored: StoredObject) -> bool | None:
        """Return whether the copy is right; None where only its size can be compared."""
        if stored.size_bytes != self._info.size_bytes:
            return False
        md5 = self._whole.hexdigest() if not self._info.etag else self._info.md5
        if md5 is not None and stored.md5 is not None:
            return md5 == stored.md5
        return True if any(digest.etag() == self._info.etag for digest in self._digests) else None


async def _is_like(storage: StorageBackend, path: str, other: StoredObject) -> bool:
    """Whether a stored object would have the other's entity tag if it had been sent in parts as the other was."""
    opened = await storage.open(path)
    try:
        if opened.info.etag == other.etag:
            return True
        proof = _Proof(other)
        async for chunk in opened.chunks():
            proof.update(chunk)
        return proof.compare(opened.info) is True
    finally:
        await opened.close()


async def _md5_of(storage: StorageBackend, found: StoredObject) -> str | None:
    """Return an object's MD5; reads one of which nothing is known. None where its entity tag is something else."""
    if found.md5 is not None or found.etag:
        return found.md5
    opened, digest = await storage.open(found.path), hashlib.md5(usedforsecurity=False)
    try:
        async for chunk in opened.chunks():
            digest.update(chunk)
    finally:
        await opened.close()
    return digest.hexdigest()
