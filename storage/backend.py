"""What every storage can do, whatever keeps the bytes."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from storage.folder_page import FolderPage
from storage.prefix_usage import PrefixUsage

MIN_PART_BYTES = 5 << 20
"""Every part but the last has at least this size (Amazon S3, "Multipart upload limits")."""

MAX_PARTS = 10_000
MAX_PUT_BYTES = 5 << 30
"""The largest object that is stored by one PUT (Amazon S3, the same page)."""


class Access(str, Enum):
    """What a presigned URL allows."""

    READ = "GET"
    WRITE = "PUT"


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One object: its path, size, time of storing in seconds since 1970, entity tag without quotes.

    `md5` is the MD5 of the content in hex, None where the storage does not know it: after an upload in parts. The
    entity tag is the MD5, or `<MD5 of the parts' MD5s>-<how many>` for what came in parts, unless S3 encrypts with keys
    of its own. It is empty where the object would have to be read for it; `version` then changes with the object.
    """

    path: str
    size_bytes: int
    modified_s: float
    etag: str
    md5: str | None
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """One part of an upload in parts: its number from 1, its size, its entity tag without quotes."""

    number: int
    size_bytes: int
    etag: str


@dataclass(frozen=True, kw_only=True)
class UnfinishedUpload:
    """An upload in parts that was neither completed nor removed.

    `size_bytes` is what its parts have; `modified_s` is when the last of them came, or when it was begun, in seconds
    since 1970.
    """

    path: str
    upload_id: str
    size_bytes: int
    modified_s: float


class OpenObject(Protocol):
    """An object being read.

    What it says and what it gives belong together, even if the object is replaced meanwhile.
    """

    @property
    def info(self) -> StoredObject:
        """What is being read."""

    def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end)."""

    async def close(self) -> None:
        """Let go of the object. Closing twice is fine."""


class StorageBackend(Protocol):
    """Objects under paths such as `videos/lesson/master.m3u8`. Every method raises a StorageError.

    `start` comes first and `close` last, both in the event loop that everything between them runs in.
    """

    async def start(self) -> None:
        """Make the storage ready and see that it can be used. Raises StorageSettingsError, StorageUnavailableError."""

    async def close(self) -> None:
        """Let go of connections. Closing twice is fine."""

    async def check_storable(self) -> None:
        """See that an object can be stored now, and leave nothing behind. It may never end. Raises StorageError."""

    async def save(
        self, path: str, chunks: AsyncIterable[bytes], *, size_bytes: int | None = None, content_type: str | None = None
    ) -> StoredObject:
        """Store an object, whole or not at all, in place of an older one.

        Args:
            path: where.
            chunks: the content; what it raises passes through, and nothing is stored.
            size_bytes: the size if it is known before; a content of another size is refused.
            content_type: kept with the object where the storage keeps such a thing.

        Raises:
            StorageQuotaExceededError, StorageFullError, InvalidPathError, PathConflictError, IncompleteObjectError.
        """

    async def open(self, path: str) -> OpenObject:
        """Open an object for reading; the caller closes it.

        An object that is replaced while it is read is read to its end or raises ObjectChangedError. Raises
        ObjectNotFoundError.
        """

    async def load(self, path: str, *, max_bytes: int | None = None) -> bytes:
        """Return the content, or so many bytes of its beginning: for small objects. Raises ObjectNotFoundError."""

    async def find(self, path: str) -> StoredObject:
        """Say what is stored under a path without reading it. Raises ObjectNotFoundError."""

    async def exists(self, path: str) -> bool:
        """Whether an object is stored under this path."""

    async def get_size(self, path: str) -> int:
        """Return an object's size in bytes. Raises ObjectNotFoundError."""

    def list_objects(self, prefix: str = "", *, after: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects whose paths begin with `prefix` and sort behind `after`,
        sorted by their paths' UTF-8 bytes.
        """

    async def list_files(self, prefix: str = "") -> list[str]:
        """Return the paths of all objects that begin with `prefix`, sorted by their UTF-8 bytes."""

    async def list_folder(self, folder: str = "", *, after: str = "") -> FolderPage:
        """Return a page of what lies directly in a folder, such as `videos/`, behind `after`.

        A folder without objects has an empty page. A folder in which anything sorts behind `after` is on it. Raises
        InvalidPathError for a folder that can't be one.
        """

    async def delete(self, path: str) -> None:
        """Delete an object; one that is not there is fine."""

    async def get_usage(self) -> list[PrefixUsage]:
        """Return what is counted below the prefixes that have a quota, and in all; empty where nothing is limited."""

    async def get_total_size(self) -> int:
        """Return the bytes of all objects together."""

    async def change_other(self, difference_bytes: int) -> None:
        """Count bytes that are kept beside the objects, such as file records, in the limit for all; negative where
        they go. Raises StorageQuotaExceededError.
        """

    async def count_other(self, size_bytes: int) -> None:
        """Say how many bytes are kept beside the objects in all; see `change_other`."""

    async def check_room(self, path: str, size_bytes: int) -> None:
        """See that an object of this size may be stored under this path. Raises StorageQuotaExceededError."""

    def put_headers(self, path: str, content_type: str | None) -> Mapping[str, str]:
        """Return the headers that a PUT to the URL of a whole object must have besides its Content-Type;
        a part's PUT has none.
        """

    async def get_presigned_url(
        self,
        path: str,
        access: Access,
        *,
        expires_s: int,
        content_type: str | None = None,
        size_bytes: int | None = None,
    ) -> str:
        """Return a URL with which whoever holds it may read or write one object until it expires.

        What is read by its URL has `content_type` where it is given and the storage answers the URL itself.
        A URL for writing is bound to `content_type` and, where it is given, to `size_bytes`, for which room is kept
        until the URL expires wherever the storage does not see what is sent; such a storage raises SizeUnknownError
        where it has a limit and no size is given. Raises StorageQuotaExceededError, and StorageError where the storage
        has nobody who answers such URLs.
        """

    async def begin_parts(self, path: str, *, content_type: str) -> str:
        """Begin an upload in parts; return its ID."""

    async def get_presigned_part_url(
        self, path: str, upload_id: str, number: int, *, expires_s: int, size_bytes: int | None = None
    ) -> str:
        """Return a URL to which one part may be sent.

        Raises InvalidPartError for a number that can't be, UploadNotFoundError where the storage sees that without
        asking anybody, and what `get_presigned_url` raises.
        """

    async def save_part(
        self, path: str, upload_id: str, number: int, chunks: AsyncIterable[bytes], *, size_bytes: int
    ) -> StoredPart:
        """Store one part, whole or not at all, in place of an older one of its number.

        Raises UploadNotFoundError, InvalidPartError and what `save` raises.
        """

    async def list_parts(self, path: str, upload_id: str) -> list[StoredPart]:
        """Return the parts that are stored, by their numbers. Raises UploadNotFoundError."""

    async def complete_parts(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> StoredObject:
        """Make the object of its parts; of `parts` only number and entity tag are looked at.

        Who did not hear the answer may repeat.

        Raises InvalidPartError when they are not those that are stored or one but the last is too small,
        UploadNotFoundError, StorageQuotaExceededError.
        """

    async def abort_parts(self, path: str, upload_id: str) -> None:
        """Remove an upload in parts; one that is not there is fine."""

    def list_uploads(self) -> AsyncIterator[UnfinishedUpload]:
        """Yield the uploads in parts that are not complete, sorted by their paths."""


class UrlSigner(Protocol):
    """Makes the URLs for a storage that answers none itself: handed in by whoever serves its objects over HTTP."""

    def object_url(
        self, path: str, access: Access, *, expires_s: int, content_type: str | None, size_bytes: int | None
    ) -> str:
        """Return a URL for one object; see StorageBackend.get_presigned_url."""

    def part_url(self, path: str, upload_id: str, number: int, *, expires_s: int, size_bytes: int | None) -> str:
        """Return a URL for one part; see StorageBackend.get_presigned_part_url."""
