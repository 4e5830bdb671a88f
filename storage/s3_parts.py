"""Objects that go to a bucket in parts: each request, and the sending of a whole content. Counts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from storage.backend import StoredPart, UnfinishedUpload
from storage.errors import ObjectNotFoundError, StorageError, StorageUnavailableError, UploadNotFoundError
from storage.parts import upload_not_found
from storage.s3_bucket import S3Bucket
from storage.s3_content import ContentInParts, base64_md5
from storage.tasks import bounded

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import PartTypeDef

PARTS_AT_ONCE = 3
"""How many parts of one object are on their way: with one more being filled, all that a save keeps in memory."""

PROBED_WITHIN_S = 10
"""How long a bucket may take to say whether it takes an upload."""

PROBE_PATH = "ready-check"
"""To where an upload is begun to see whether it can be. It is never completed, so no object is ever there."""


class S3Parts:
    """Uploads in parts to a bucket."""

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket

    def named(self, path: str, upload_id: str) -> dict[str, Any]:
        """Return how a request names an upload. Raises InvalidPathError, UploadNotFoundError."""
        if not upload_id:
            raise upload_not_found(path)
        return {**self._bucket.named(path), "UploadId": upload_id}

    async def begin(self, path: str, about: dict[str, Any]) -> str:
        """Begin an upload of what `S3Bucket.stored_with` says; return its ID."""
        with self._bucket.errors.translated(path):
            return (await self._bucket.client.create_multipart_upload(**about))["UploadId"]

    async def check_storable(self) -> None:
        """See that an upload may begin, and give it up: that leaves nothing, in a bucket that keeps versions either.

        Raises StorageError, after PROBED_WITHIN_S at most.
        """
        try:
            await asyncio.wait_for(self._begin_and_abort(), PROBED_WITHIN_S)
        except asyncio.TimeoutError as error:
            raise StorageUnavailableError(f"The bucket did not answer within {PROBED_WITHIN_S} seconds.") from error

    async def _begin_and_abort(self) -> None:
        upload_id = await self.begin(PROBE_PATH, self._bucket.stored_with(PROBE_PATH, None))
        with suppress(StorageError):  # it holds nothing
            await self.abort(PROBE_PATH, upload_id)

    async def send(self, path: str, upload: dict[str, Any], number: int, content: bytes) -> StoredPart:
        """Send one part."""
        with self._bucket.errors.translated(path):
            answer = await self._bucket.client.upload_part(
                **upload, PartNumber=number, Body=content, ContentMD5=base64_md5(content)
            )
        return StoredPart(number=number, size_bytes=len(content), etag=answer["ETag"].strip('"'))

    async def list_all(self, path: str, upload_id: str) -> list[StoredPart]:
        """Return the parts that are stored, by their numbers. Raises UploadNotFoundError."""
        return [
            StoredPart(number=part["PartNumber"], size_bytes=part["Size"], etag=part["ETag"].strip('"'))
            async for part in self._stored(path, upload_id)
        ]

    async def _stored(self, path: str, upload_id: str) -> AsyncIterator[PartTypeDef]:
        pages = aiter(self._bucket.client.get_paginator("list_parts").paginate(**self.named(path, upload_id)))
        while True:
            try:
                with self._bucket.errors.translated(path):
                    page = await anext(pages, None)
            except ObjectNotFoundError as error:  # what Ceph calls it
                raise upload_not_found(path) from error
            if page is None:
                return
            for part in page.get("Parts", []):
                yield part

    async def unfinished(self) -> AsyncGenerator[UnfinishedUpload, None]:
        """Yield the uploads that are neither completed nor aborted, sorted by their paths. Raises AccessDeniedError."""
        async for path, upload_id, begun_s in self._begun():
            with suppress(UploadNotFoundError):  # it was completed or removed meanwhile
                yield await self._described(path, upload_id, begun_s)

    async def list_uploads(self) -> AsyncIterator[tuple[str, str]]:
        """Yield path and ID of the uploads that are neither completed nor aborted. Raises AccessDeniedError."""
        async for path, upload_id, _ in self._begun():
            yield path, upload_id

    async def _begun(self) -> AsyncIterator[tuple[str, str, float]]:
        """Yield path and ID of uploads, and when they were begun in seconds since 1970."""
        under = self._bucket.listed("", "")
        asked = {name: under[name] for name in ("Bucket", "Prefix") if name in under}
        pages = aiter(self._bucket.client.get_paginator("list_multipart_uploads").paginate(**asked))
        while True:
            with self._bucket.errors.translated():
                page = await anext(pages, None)
            if page is None:
                return
            for upload in page.get("Uploads", []):
                if (path := self._bucket.path_of(upload["Key"])) is not None:
                    yield path, upload["UploadId"], upload["Initiated"].timestamp()

    async def _described(self, path: str, upload_id: str, begun_s: float) -> UnfinishedUpload:
        """Return an upload with its size, and when the last part came. Raises UploadNotFoundError."""
        size_bytes, modified_s = 0, begun_s
        async for part in self._stored(path, upload_id):
            size_bytes += part["Size"]
            modified_s = max(modified_s, part["LastModified"].timestamp())
        return UnfinishedUpload(path=path, upload_id=upload_id, size_bytes=size_bytes, modified_s=modified_s)

    async def complete(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> None:
        """Make the object of its parts."""
        listed: Any = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        with self._bucket.errors.translated(path):
            await self._bucket.client.complete_multipart_upload(
                **self.named(path, upload_id), MultipartUpload={"Parts": listed}
            )

    async def abort(self, path: str, upload_id: str) -> None:
        """Remove an upload; one that is not there is fine."""
        with suppress(UploadNotFoundError), self._bucket.errors.translated(path):
            await self._bucket.client.abort_multipart_upload(**self.named(path, upload_id))

    async def save(
        self, about: dict[str, Any], content: ContentInParts, begun: Sequence[bytes], rest: AsyncIterator[bytes]
    ) -> None:
        """Send a content that is larger than one part, whole or not at all."""
        beginning = asyncio.create_task(self.begin(content.path, about))
        try:
            upload_id = await asyncio.shield(beginning)
            parts = await self._send_all(content.path, self.named(content.path, upload_id), _chained(begun, rest))
            content.check_whole()
            await self.complete(content.path, upload_id, parts)
        except BaseException:
            with suppress(StorageError):  # cancelled before the ID came, it is waited for: the server has begun
                await self.abort(content.path, await beginning)
            raise

    async def _send_all(self, path: str, upload: dict[str, Any], parts: AsyncIterator[bytes]) -> list[StoredPart]:
        """Send parts, several at once; return them by their numbers."""

        async def jobs() -> AsyncIterator[Coroutine[Any, Any, StoredPart]]:
            number = 0
            async for part in parts:
                number += 1
                yield self.send(path, upload, number, part)

        return sorted([part async for part in bounded(PARTS_AT_ONCE, jobs())], key=lambda part: part.number)


async def _chained(begun: Sequence[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for part in begun:
        yield part
    async for part in rest:
        yield part
