"""Objects in an S3 bucket, Amazon's or another's.

Owns what lies under its prefix; nothing outside it is ever read or written.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from storage.backend import Access, StoredObject, StoredPart, UnfinishedUpload
from storage.bucket_usage import BucketUsage
from storage.digests import md5_in
from storage.errors import ObjectNotFoundError, UploadNotFoundError
from storage.folder_page import FolderPage
from storage.parts import check_part_number, chosen_parts, made_of
from storage.paths import check_prefix, utf8_of
from storage.prefix_usage import PrefixUsage
from storage.s3_bucket import S3Bucket, has_own_keys
from storage.s3_content import ContentInParts, base64_md5, check_not_more, check_size
from storage.s3_parts import S3Parts
from storage.s3_reading import READ_BYTES, OpenBucketObject
from storage.settings import S3Settings

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import PutObjectOutputTypeDef


class S3StorageBackend:
    """A StorageBackend over a bucket; one client from `start` to `close`."""

    def __init__(self, settings: S3Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._bucket = S3Bucket(settings)
        self._parts = S3Parts(self._bucket)
        self._counted = BucketUsage(
            settings, objects=lambda: self.list_objects(), parts=self._parts, size_of=self.get_size, clock=clock
        )
        self._usage = self._counted.usage

    async def start(self) -> None:
        """Connect, and see that the bucket is there and lets us in.

        Raises StorageSettingsError, StorageUnavailableError.
        """
        await self._usage.start()
        await self._bucket.start()

    async def check_storable(self) -> None:
        """See that the bucket takes an object now; see StorageBackend.check_storable."""
        await self._parts.check_storable()

    async def close(self) -> None:
        """Let go of the connections. Closing twice is fine."""
        await self._usage.close()
        await self._bucket.close()

    def put_headers(self, path: str, content_type: str | None) -> Mapping[str, str]:
        """Return the headers that a PUT to a URL must have; see StorageBackend.put_headers."""
        return self._bucket.put_headers(path, content_type)

    async def save(
        self, path: str, chunks: AsyncIterable[bytes], *, size_bytes: int | None = None, content_type: str | None = None
    ) -> StoredObject:
        """Store an object, whole or not at all; see StorageBackend.save."""
        about = self._bucket.stored_with(path, content_type)
        replaced_bytes = await self._counted.size_there(path)
        reservation = await self._usage.reserve(path, size_bytes or 0, replaced_bytes=replaced_bytes)
        content = ContentInParts(path, reservation.renewed_by(chunks), size_bytes)
        try:
            async with aclosing(content.parts(reservation)) as parts:
                first = await anext(parts, b"")
                second = await anext(parts, b"")
                if not second:
                    content.check_whole()
                    with self._bucket.errors.translated(path):
                        answer = await self._bucket.client.put_object(**about, Body=first, ContentMD5=base64_md5(first))
                    etag, modified_s = answer["ETag"].strip('"'), _answered_at_s(answer)
                else:
                    await self._parts.save(about, content, (first, second), parts)
                    made = await self.find(path)  # Ceph's answer to the completion has no entity tag
                    etag, modified_s = made.etag, made.modified_s
            await reservation.used_by(
                self._counted.stored(path, content.size_bytes, replaced_bytes=replaced_bytes, reservation=reservation)
            )
        finally:
            await reservation.release()
        return StoredObject(
            path=path, size_bytes=content.size_bytes, modified_s=modified_s, etag=etag, md5=content.digest.hexdigest()
        )

    async def open(self, path: str) -> OpenBucketObject:
        """Open an object for reading; the caller closes it. Raises ObjectNotFoundError."""
        return OpenBucketObject(await self.find(path), self._bucket)

    async def load(self, path: str, *, max_bytes: int | None = None) -> bytes:
        """Return the content; see StorageBackend.load."""
        named = self._bucket.named(path)
        content = bytearray()
        with self._bucket.errors.translated(path):
            answer = await self._bucket.client.get_object(**named)
            async with answer["Body"]:
                while (max_bytes is None or len(content) < max_bytes) and (
                    block := await answer["Body"].read(READ_BYTES)
                ):
                    content += block
        return bytes(content[:max_bytes])

    async def find(self, path: str) -> StoredObject:
        """Say what is stored under a path without reading it. Raises ObjectNotFoundError."""
        named = self._bucket.named(path)
        with self._bucket.errors.translated(path):
            head = await self._bucket.soon(self._bucket.client.head_object(**named))
        etag = head["ETag"].strip('"')
        return StoredObject(
            path=path,
            size_bytes=head["ContentLength"],
            modified_s=head["LastModified"].timestamp(),
            etag=etag,
            md5=None if has_own_keys(str(head.get("ServerSideEncryption", ""))) else md5_in(etag),
        )

    async def exists(self, path: str) -> bool:
        """Whether an object is stored under this path."""
        try:
            await self.find(path)
        except ObjectNotFoundError:
            return False
        return True

    async def get_size(self, path: str) -> int:
        """Return an object's size in bytes. Raises ObjectNotFoundError."""
        return (await self.find(path)).size_bytes

    async def list_objects(self, prefix: str = "", *, after: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects whose paths begin with `prefix` and sort behind `after`;
        see StorageBackend.list_objects.
        """
        check_prefix(prefix)
        utf8_of(after)
        pages = aiter(
            self._bucket.client.get_paginator("list_objects_v2").paginate(**self._bucket.listed(prefix, after))
        )
        while True:
            with self._bucket.errors.translated():
                page = await anext(pages, None)
            if page is None:
                return
            for entry in page.get("Contents", []):
                if (path := self._bucket.path_of(entry["Key"])) is not None and path > after:
                    etag = entry["ETag"].strip('"')
                    yield StoredObject(
                        path=path,
                        size_bytes=entry["Size"],
                        modified_s=entry["LastModified"].timestamp(),
                        etag=etag,
                        md5=md5_in(etag) if self._bucket.etags_are_md5s else None,
                    )

    async def list_files(self, prefix: str = "") -> list[str]:
        """Return the paths of all objects that begin with `prefix`, sorted by their UTF-8 bytes."""
        return [found.path async for found in self.list_objects(prefix)]

    async def list_folder(self, folder: str = "", *, after: str = "") -> FolderPage:
        """Return a page of what lies directly in a folder behind `after`; see StorageBackend.list_folder."""
        check_prefix(folder)
        return await self._bucket.list_folder(folder, after)

    async def delete(self, path: str) -> None:
        """Delete an object; one that is not there is fine."""
        named = self._bucket.named(path)
        replaced_bytes = await self._counted.size_there(path)
        with self._bucket.errors.translated(path):
            await self._bucket.client.delete_object(**named)
        await self._counted.stored(path, 0, replaced_bytes=replaced_bytes)

    async def get_usage(self) -> list[PrefixUsage]:
        """See StorageBackend."""
        return await self._usage.by_prefix()

    async def get_total_size(self) -> int:
        """Return the bytes of all objects together: counted where there is a limit, else listed."""
        return await self._usage.total()

    async def change_other(self, difference_bytes: int) -> None:
        """Count bytes that are kept beside the objects; see StorageBackend.change_other."""
        await self._usage.change_other(difference_bytes)

    async def count_other(self, size_bytes: int) -> None:
        """Say how many bytes are kept beside the objects in all."""
        await self._usage.count_other(size_bytes)

    async def check_room(self, path: str, size_bytes: int) -> None:
        """See that an object of this size may be stored under this path. Raises StorageQuotaExceededError."""
        self._bucket.named(path)
        await self._counted.check(path, size_bytes)

    async def get_presigned_url(
        self,
        path: str,
        access: Access,
        *,
        expires_s: int,
        content_type: str | None = None,
        size_bytes: int | None = None,
    ) -> str:
        """Return a URL that S3 answers; see StorageBackend.get_presigned_url."""
        fields: dict[str, Any] = self._bucket.given_as(path, content_type)
        if access is Access.WRITE:
            fields = self._bucket.stored_with(path, content_type)
            fields |= {"ContentLength": size_bytes} if size_bytes is not None else {}
            await self._counted.promise(path, size_bytes, for_s=expires_s)
        operation = "put_object" if access is Access.WRITE else "get_object"
        with self._bucket.errors.translated(path):
            return await self._bucket.client.generate_presigned_url(operation, Params=fields, ExpiresIn=expires_s)

    async def begin_parts(self, path: str, *, content_type: str) -> str:
        """Begin an upload in parts; return its ID."""
        return await self._parts.begin(path, self._bucket.stored_with(path, content_type))

    async def get_presigned_part_url(
        self, path: str, upload_id: str, number: int, *, expires_s: int, size_bytes: int | None = None
    ) -> str:
        """Return a URL that S3 answers; see StorageBackend.get_presigned_part_url."""
        check_part_number(number)
        fields: dict[str, Any] = self._parts.named(path, upload_id) | {"PartNumber": number}
        if size_bytes is not None:
            fields["ContentLength"] = size_bytes
            await self._counted.promise_part(path, upload_id, number, size_bytes)
        with self._bucket.errors.translated(path):
            return await self._bucket.client.generate_presigned_url("upload_part", Params=fields, ExpiresIn=expires_s)

    async def save_part(
        self, path: str, upload_id: str, number: int, chunks: AsyncIterable[bytes], *, size_bytes: int
    ) -> StoredPart:
        """Store one part, whole or not at all; see StorageBackend.save_part. Holds the part in memory."""
        check_part_number(number)
        upload = self._parts.named(path, upload_id)
        await self._counted.promise_part(path, upload_id, number, size_bytes)
        content = bytearray()
        async for chunk in chunks:
            content += chunk
            check_not_more(path, size_bytes, len(content))
        check_size(path, size_bytes, len(content))
        return await self._parts.send(path, upload, number, bytes(content))

    async def list_parts(self, path: str, upload_id: str) -> list[StoredPart]:
        """Return the parts that are stored, by their numbers. Raises UploadNotFoundError."""
        parts = await self._parts.list_all(path, upload_id)
        await self._counted.keep_parts(path, upload_id, parts)
        return parts

    async def complete_parts(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> StoredObject:
        """Make the object of its parts; see StorageBackend.complete_parts."""
        try:
            stored = {part.number: part for part in await self.list_parts(path, upload_id)}
        except UploadNotFoundError:
            if await self.exists(path) and made_of((made := await self.find(path)).etag, parts):
                return made  # completed before, and the answer did not arrive
            raise
        chosen = chosen_parts(path, stored, parts)  # not every server looks as closely
        replaced_bytes = await self._counted.size_there(path)
        size_bytes = sum(part.size_bytes for part in chosen)
        await self._counted.join_parts(path, upload_id, size_bytes, replaced_bytes=replaced_bytes)
        await self._parts.complete(path, upload_id, chosen)
        made = await self.find(path)
        await self._counted.stored(path, made.size_bytes, replaced_bytes=replaced_bytes)
        return made

    async def abort_parts(self, path: str, upload_id: str) -> None:
        """Remove an upload in parts; one that is not there is fine."""
        await self._parts.abort(path, upload_id)
        await self._counted.forget_parts(path, upload_id)

    async def list_uploads(self) -> AsyncIterator[UnfinishedUpload]:
        """Yield the uploads in parts that are not complete; see StorageBackend.list_uploads."""
        async with aclosing(self._parts.unfinished()) as uploads:
            async for upload in uploads:
                yield upload


def _answered_at_s(answer: PutObjectOutputTypeDef) -> float:
    """Return the server's time: no other request is needed to know when it stored an object."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()
