"""Objects as files in one folder. Owns that folder; nothing outside it is ever read or written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import BufferedReader
from itertools import islice
from pathlib import Path

from storage.backend import Access, StoredObject, StoredPart, UnfinishedUpload, UrlSigner
from storage.errors import (
    IncompleteObjectError,
    ObjectNotFoundError,
    StorageError,
    UploadNotFoundError,
)
from storage.files import open_shielded, remove_shielded, write_file
from storage.folder_page import FolderPage
from storage.local_changes import FinishedFile, LocalChanges
from storage.local_digests import Digests, FileDigests
from storage.local_file import OpenFile
from storage.local_folder import LocalFolder
from storage.local_parts import PartsBusyError, PartsFolder
from storage.measuring import MeasuredFile
from storage.own_thread import in_own_thread
from storage.parts import made_of
from storage.prefix_usage import PrefixUsage
from storage.quota import Quotas
from storage.usage import Usage

PARTS = ".parts"
"""The hidden folder of parts whose objects are not complete yet."""

ETAGS = ".etags"
"""The hidden folder of what was noted of each object: its entity tag and its MD5."""

LISTED_AT_ONCE = 500


class LocalStorageBackend:
    """A StorageBackend over the local folder `root`. It keeps no content types.

    Args:
        quotas: how much it may hold, parts of objects that are not complete yet included.
        usage_file: where all processes that share the folder count; needed where there are quotas.
        marker: a file in the folder without which it is not touched; None: it is taken as it is.
        signer: makes the URLs under which the objects are reached; None where nobody serves them.
    """

    def __init__(
        self,
        root: Path,
        *,
        quotas: Quotas = Quotas(),  # noqa: B008  # nothing can change it
        usage_file: Path | None = None,
        marker: Path | None = None,
        signer: UrlSigner | None = None,
    ) -> None:
        self._folder = LocalFolder(root, marker)
        self._parts = PartsFolder(self._folder.root / PARTS)
        self._signer = signer
        self._usage = Usage(quotas, usage_file, everything=self._everything)
        self._digests = FileDigests(self._folder.root / ETAGS, self._folder.locate)
        self._changes = LocalChanges(self._folder, self._parts, self._digests)

    async def start(self) -> None:
        """Make the folder ready. Parts stay for a week, so that an upload goes on after a restart."""
        await asyncio.to_thread(self._folder.prepare)
        await self._usage.start()
        await self._usage.change(self._changes.abort_abandoned)
        self._digests.tidy()

    async def close(self) -> None:
        """End what runs beside everything else. Closing twice is fine."""
        await self._usage.close()
        await asyncio.to_thread(self._digests.close)

    async def check_storable(self) -> None:
        """See that a file can be written now; see StorageBackend.check_storable."""
        await in_own_thread(self._folder.check_storable)

    async def save(
        self, path: str, chunks: AsyncIterable[bytes], *, size_bytes: int | None = None, content_type: str | None = None
    ) -> StoredObject:
        """Store an object, whole or not at all; see StorageBackend.save."""
        replaced_bytes = await asyncio.to_thread(self._folder.size_of, path)
        reservation = await self._usage.reserve(path, size_bytes or 0, replaced_bytes=replaced_bytes)
        temporary = self._folder.temporary()
        try:
            md5, written = await write_file(path, temporary, reservation.renewed_by(chunks), reservation.grow_to)
            _check_size(path, size_bytes, written)
            digests = Digests(etag=md5, md5=md5)
            await asyncio.to_thread(self._digests.note_if_possible, path, temporary, digests)
            finished = FinishedFile(file=temporary, digests=digests, reservation=reservation)
            return await reservation.used_by(
                self._usage.change(lambda counts: self._changes.put(counts, path, finished))
            )
        except BaseException:
            await remove_shielded(temporary)
            raise
        finally:
            await reservation.release()

    async def open(self, path: str) -> OpenFile:
        """Open an object for reading; the caller closes it. Raises ObjectNotFoundError."""

        async def opening() -> OpenFile:
            file, info = await asyncio.to_thread(_opened, self._folder, self._digests, path)
            return OpenFile(info, file)

        return await open_shielded(opening())

    async def load(self, path: str, *, max_bytes: int | None = None) -> bytes:
        """Return the content; see StorageBackend.load."""
        file = await self.open(path)
        try:
            stop = file.info.size_bytes if max_bytes is None else min(max_bytes, file.info.size_bytes)
            return b"".join([block async for block in file.chunks(0, stop)])
        finally:
            await file.close()

    async def find(self, path: str) -> StoredObject:
        """Say what is stored under a path without reading it. Raises ObjectNotFoundError."""
        return await asyncio.to_thread(lambda: self._digests.describe(path, self._folder.find(path)))

    async def exists(self, path: str) -> bool:
        """Whether an object is stored under this path. Raises InvalidPathError."""
        try:
            await asyncio.to_thread(self._folder.find, path)
        except ObjectNotFoundError:
            return False
        return True

    async def get_size(self, path: str) -> int:
        """Return an object's size in bytes. Raises ObjectNotFoundError."""
        return (await asyncio.to_thread(self._folder.find, path)).st_size

    async def list_objects(self, prefix: str = "", *, after: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects whose paths begin with `prefix` and sort behind `after`;
        see StorageBackend.list_objects.
        """
        found = self._folder.walk(prefix, after)
        while batch := await asyncio.to_thread(
            lambda: [self._digests.describe(path, status) for path, status in islice(found, LISTED_AT_ONCE)]
        ):
            for one in batch:
                yield one

    async def list_files(self, prefix: str = "") -> list[str]:
        """Return the paths of all objects that begin with `prefix`, sorted by their UTF-8 bytes."""
        return await asyncio.to_thread(lambda: [path for path, _ in self._folder.walk(prefix, "")])

    async def list_folder(self, folder: str = "", *, after: str = "") -> FolderPage:
        """Return all that lies directly in a folder behind `after`; see StorageBackend.list_folder."""
        return await asyncio.to_thread(self._folder.list_folder, folder, after)

    async def delete(self, path: str) -> None:
        """Delete an object and the folders that it leaves empty; one that is not there is fine."""
        await self._usage.change(lambda counts: self._changes.remove(counts, path))

    async def get_usage(self) -> list[PrefixUsage]:
        """See StorageBackend."""
        return await self._usage.by_prefix()

    async def get_total_size(self) -> int:
        """Return the bytes of all objects together."""
        return await self._usage.total()

    async def change_other(self, difference_bytes: int) -> None:
        """Count bytes that are kept beside the objects; see StorageBackend.change_other."""
        await self._usage.change_other(difference_bytes)

    async def count_other(self, size_bytes: int) -> None:
        """Say how many bytes are kept beside the objects in all."""
        await self._usage.count_other(size_bytes)

    async def check_room(self, path: str, size_bytes: int) -> None:
        """See that an object of this size may be stored under this path. Raises StorageQuotaExceededError."""
        await self._usage.check(path, size_bytes, replaced_bytes=await asyncio.to_thread(self._folder.size_of, path))

    def put_headers(self, path: str, content_type: str | None) -> Mapping[str, str]:  # the same for all
        """Return the headers that a PUT to a URL must have: none."""
        return {}

    async def get_presigned_url(
        self,
        path: str,
        access: Access,
        *,
        expires_s: int,
        content_type: str | None = None,
        size_bytes: int | None = None,
    ) -> str:
        """Return a URL that the signer made; see StorageBackend.get_presigned_url."""
        if access is Access.WRITE and size_bytes is not None:
            await self.check_room(path, size_bytes)
        else:
            await asyncio.to_thread(self._folder.locate, path)
        return _given(self._signer).object_url(
            path, access, expires_s=expires_s, content_type=content_type, size_bytes=size_bytes
        )

    async def begin_parts(self, path: str, *, content_type: str) -> str:
        """Begin an upload in parts; return its ID."""
        await asyncio.to_thread(self._folder.locate, path)
        await self._usage.change(self._changes.abort_abandoned)
        self._digests.tidy()
        return await asyncio.to_thread(self._parts.begin, path)

    async def get_presigned_part_url(
        self, path: str, upload_id: str, number: int, *, expires_s: int, size_bytes: int | None = None
    ) -> str:
        """Return a URL that the signer made; see StorageBackend.get_presigned_part_url."""
        replaced_bytes = await asyncio.to_thread(self._folder.size_of, path)
        await asyncio.to_thread(self._parts.check, path, upload_id, number)
        if size_bytes is not None:
            await self._usage.check(path, size_bytes, replaced_bytes=replaced_bytes)
        return _given(self._signer).part_url(path, upload_id, number, expires_s=expires_s, size_bytes=size_bytes)

    async def save_part(
        self, path: str, upload_id: str, number: int, chunks: AsyncIterable[bytes], *, size_bytes: int
    ) -> StoredPart:
        """Store one part, whole or not at all; see StorageBackend.save_part."""
        replaced_bytes = await asyncio.to_thread(self._folder.size_of, path)
        await asyncio.to_thread(self._parts.check, path, upload_id, number)
        replaced_bytes += await asyncio.to_thread(self._parts.size_of, upload_id, number)
        reservation = await self._usage.reserve(path, size_bytes, replaced_bytes=replaced_bytes)
        temporary = self._folder.temporary()
        try:
            md5, written = await write_file(path, temporary, reservation.renewed_by(chunks), reservation.grow_to)
            _check_size(path, size_bytes, written)
            finished = FinishedFile(file=temporary, digests=Digests(etag=md5, md5=md5), reservation=reservation)
            await reservation.used_by(
                self._usage.change(lambda counts: self._changes.put_part(counts, path, upload_id, number, finished))
            )
            await asyncio.to_thread(self._parts.join_waiting, upload_id)
        except BaseException:
            await remove_shielded(temporary)
            raise
        finally:
            await reservation.release()
        return StoredPart(number=number, size_bytes=written, etag=md5)

    async def list_parts(self, path: str, upload_id: str) -> list[StoredPart]:
        """Return the parts that are stored, by their numbers. Raises UploadNotFoundError."""
        await asyncio.to_thread(self._folder.locate, path)
        return [piece.part for piece in (await asyncio.to_thread(self._parts.parts, path, upload_id)).values()]

    async def complete_parts(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> StoredObject:
        """Make the object of its parts; see StorageBackend.complete_parts."""
        await asyncio.to_thread(self._folder.locate, path)
        try:
            while True:
                joined = await asyncio.to_thread(self._parts.join, path, upload_id, parts)  # may take long
                with suppress(PartsBusyError):
                    complete = partial(self._changes.complete, path=path, upload_id=upload_id, joined=joined)
                    return await self._usage.change(complete)
        except UploadNotFoundError:
            if await self.exists(path) and made_of((made := await self.find(path)).etag, parts):
                await self.abort_parts(path, upload_id)  # what a process that was killed has left
                return made  # completed before, and the answer did not arrive
            raise

    async def abort_parts(self, path: str, upload_id: str) -> None:
        """Remove an upload in parts; one that is not there is fine."""
        await asyncio.to_thread(self._folder.locate, path)
        await self._usage.change(lambda counts: self._changes.abort(counts, path, upload_id))

    async def list_uploads(self) -> AsyncIterator[UnfinishedUpload]:
        """Yield the uploads in parts that are not complete; see StorageBackend.list_uploads."""
        for upload in await asyncio.to_thread(self._parts.unfinished):
            yield upload

    async def _everything(self) -> AsyncIterator[list[MeasuredFile]]:
        objects = self._folder.walk("", "")
        while batch := await asyncio.to_thread(lambda: list(islice(objects, LISTED_AT_ONCE))):
            yield [MeasuredFile(path, status.st_size) for path, status in batch]
        parts = self._parts.everything()
        while some := await asyncio.to_thread(lambda: list(islice(parts, LISTED_AT_ONCE))):
            yield [MeasuredFile(path, part.size_bytes, upload_id, part.number) for path, upload_id, part in some]


def _opened(folder: LocalFolder, digests: FileDigests, path: str) -> tuple[BufferedReader, StoredObject]:
    file, status = folder.open(path)
    return file, digests.describe(path, status)


def _given(signer: UrlSigner | None) -> UrlSigner:
    if signer is None:
        raise StorageError("Objects in a local folder have no URLs of their own: start a backend that serves them.")
    return signer


def _check_size(path: str, announced_bytes: int | None, written_bytes: int) -> None:
    if announced_bytes is not None and written_bytes != announced_bytes:
        raise IncompleteObjectError(f"{path}: {announced_bytes} bytes were announced, but {written_bytes} came.")
