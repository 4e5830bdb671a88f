"""Objects in an S3 bucket, Amazon's or another's.

Owns what lies under its prefix; nothing outside it is ever read or written.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import aioboto3
from aiobotocore.config import AioConfig

from storage.backend import MAX_PARTS, Access, StoredObject, StoredPart
from storage.bucket_usage import BucketUsage
from storage.digests import md5_in
from storage.errors import (
    IncompleteObjectError,
    InvalidPathError,
    ObjectNotFoundError,
    SizeUnknownError,
    StorageError,
    UploadNotFoundError,
)
from storage.parts import check_part_number, chosen_parts, made_of, upload_not_found
from storage.paths import MAX_PATH_BYTES, check_path, check_prefix, encoded
from storage.put_headers import parameters
from storage.quota import Reservation
from storage.s3_errors import S3Errors
from storage.settings import S3Settings
from storage.tasks import bounded

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import PutObjectOutputTypeDef

PART_BYTES = 8 << 20
"""What is larger is sent in parts of this size, as Amazon's own programs do."""

PARTS_AT_ONCE = 3
"""How many parts of one object are on their way: with one more being filled, all that a save keeps in memory."""

PARTS_OF_A_SIZE = 1000
"""After so many parts of a content of unknown size the next ones are larger, so that 440 GB fit into MAX_PARTS."""

READ_BYTES = 1 << 20
CONNECT_S = 10
READ_S = 60
TRIES = 4
CONNECTIONS = 64

PARTS_KEPT_S = 24 * 3600
"""How long room is kept for a part whose URL was given away, unless its upload ends before."""

_LIBRARIES = ("aioboto3", "aiobotocore", "boto3", "botocore", "s3transfer")
"""At their talkative levels they log signatures."""


class OpenS3Object:
    """An object being read.

    Each range is one request, and refused if the object is no longer the one that was opened.
    """

    def __init__(
        self, info: StoredObject, read: Callable[[StoredObject, int, int], AsyncGenerator[bytes, None]]
    ) -> None:
        self._info = info
        self._read = read

    @property
    def info(self) -> StoredObject:
        """What is being read."""
        return self._info

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end).

        Raises ObjectChangedError, StorageError.
        """
        end = self._info.size_bytes if stop is None else stop
        if start < end:
            async with aclosing(self._read(self._info, start, end)) as blocks:
                async for block in blocks:
                    yield block

    async def close(self) -> None:
        """Nothing is held between two ranges."""


class S3StorageBackend:
    """A StorageBackend over a bucket; one client from `start` to `close`."""

    def __init__(self, settings: S3Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._top = f"{settings.prefix}/" if settings.prefix else ""
        self._errors = S3Errors(server=settings.endpoint_url or "Amazon S3", bucket=settings.bucket)
        self._open_things = AsyncExitStack()
        self._client: S3Client | None = None
        self._etags_are_md5s = True
        self._told = parameters(settings.put_headers)
        self._usage: BucketUsage | None = None
        if settings.max_size_bytes is not None:
            self._usage = BucketUsage(max_size_bytes=settings.max_size_bytes, sizes=self._sizes, clock=clock)

    async def start(self) -> None:
        """Connect, and see that the bucket is there and lets us in.

        Raises StorageSettingsError, StorageUnavailableError.
        """
        for name in _LIBRARIES:
            logging.getLogger(name).setLevel(logging.WARNING)
        settings = self._settings
        path_style = settings.endpoint_url or "." in settings.bucket  # no certificate is good for a dot more
        config = AioConfig(
            signature_version="s3v4",
            s3={"addressing_style": "path" if path_style else "virtual"},
            # newer checksums are stored into the object by servers that don't know them
            # (https://github.com/boto/boto3/issues/4435)
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            max_pool_connections=CONNECTIONS,
        )
        try:
            with self._errors.translated():
                client = _session().client(
                    "s3",
                    region_name=settings.region,
                    endpoint_url=settings.endpoint_url or None,
                    aws_access_key_id=settings.access_key_id or None,
                    aws_secret_access_key=settings.secret_access_key or None,
                    config=config,
                )
                self._client = await self._open_things.enter_async_context(client)
                # a HEAD of the bucket would not say what is wrong
                await self._client.list_objects_v2(Bucket=settings.bucket, Prefix=self._top, MaxKeys=1)
            own_keys = _has_own_keys(self._told.get("ServerSideEncryption", ""))
            self._etags_are_md5s = not own_keys and not await self._encrypts_with_own_keys()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the connections. Closing twice is fine."""
        if self._usage is not None:
            await self._usage.close()
        self._client = None
        await self._open_things.aclose()

    @property
    def put_headers(self) -> Mapping[str, str]:
        """The headers that a PUT to a URL must have; see StorageBackend.put_headers."""
        return self._settings.put_headers

    async def save(
        self, path: str, chunks: AsyncIterable[bytes], *, size_bytes: int | None = None, content_type: str | None = None
    ) -> StoredObject:
        """Store an object, whole or not at all; see StorageBackend.save."""
        key = self._key(path)
        content = _Content(path, chunks, size_bytes)
        about = self._about(key, content_type)
        replaced_bytes = await self._replaced(path)
        reservation = self._usage.reserve(replaced_bytes=replaced_bytes) if self._usage is not None else None
        try:
            if reservation is not None:
                reservation.grow_to(size_bytes or 0)
            async with aclosing(content.parts(reservation)) as parts:
                first = await anext(parts, b"")
                second = await anext(parts, b"")
                if not second:
                    content.check_whole()
                    with self._errors.translated(path):
                        answer = await self._s3.put_object(**about, Body=first, ContentMD5=_base64_md5(first))
                    etag, modified_s = answer["ETag"].strip('"'), _answered_at_s(answer)
                else:
                    await self._save_in_parts(about, content, (first, second), parts)
                    made = await self.find(path)  # Ceph's answer to the completion has no entity tag
                    etag, modified_s = made.etag, made.modified_s
            if self._usage is not None:
                self._usage.stored(path, content.size_bytes, replaced_bytes=replaced_bytes)
        finally:
            if reservation is not None:
                reservation.release()
        return StoredObject(
            path=path, size_bytes=content.size_bytes, modified_s=modified_s, etag=etag, md5=content.digest.hexdigest()
        )

    async def open(self, path: str) -> OpenS3Object:
        """Open an object for reading; the caller closes it. Raises ObjectNotFoundError."""
        return OpenS3Object(await self.find(path), self._read)

    async def load(self, path: str) -> bytes:
        """Return the whole content: for small objects. Raises ObjectNotFoundError."""
        key = self._key(path)
        with self._errors.translated(path):
            answer = await self._s3.get_object(Bucket=self._settings.bucket, Key=key)
            async with answer["Body"]:
                return await answer["Body"].read()

    async def find(self, path: str) -> StoredObject:
        """Say what is stored under a path without reading it. Raises ObjectNotFoundError."""
        key = self._key(path)
        with self._errors.translated(path):
            head = await self._s3.head_object(Bucket=self._settings.bucket, Key=key)
        etag = head["ETag"].strip('"')
        return StoredObject(
            path=path,
            size_bytes=head["ContentLength"],
            modified_s=head["LastModified"].timestamp(),
            etag=etag,
            md5=None if _has_own_keys(str(head.get("ServerSideEncryption", ""))) else md5_in(etag),
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
        encoded(after)
        where: dict[str, Any] = {"Bucket": self._settings.bucket, "Prefix": f"{self._top}{prefix}"}
        if after:
            where["StartAfter"] = f"{self._top}{after}"
        pages = aiter(self._s3.get_paginator("list_objects_v2").paginate(**where))
        while True:
            with self._errors.translated():
                page = await anext(pages, None)
            if page is None:
                return
            for entry in page.get("Contents", []):
                path = entry["Key"].removeprefix(self._top)
                if _is_path(path):
                    etag = entry["ETag"].strip('"')
                    yield StoredObject(
                        path=path,
                        size_bytes=entry["Size"],
                        modified_s=entry["LastModified"].timestamp(),
                        etag=etag,
                        md5=md5_in(etag) if self._etags_are_md5s else None,
                    )

    async def list_files(self, prefix: str = "") -> list[str]:
        """Return the paths of all objects that begin with `prefix`, sorted by their UTF-8 bytes."""
        return [found.path async for found in self.list_objects(prefix)]

    async def delete(self, path: str) -> None:
        """Delete an object; one that is not there is fine."""
        key = self._key(path)
        replaced_bytes = await self._replaced(path)
        with self._errors.translated(path):
            await self._s3.delete_object(Bucket=self._settings.bucket, Key=key)
        if self._usage is not None:
            self._usage.stored(path, 0, replaced_bytes=replaced_bytes)

    async def get_total_size(self) -> int:
        """Return the bytes of all objects together: counted where there is a limit, else listed."""
        if self._usage is not None:
            return await self._usage.total()
        return sum([size_bytes async for _, size_bytes in self._sizes()])

    async def check_room(self, path: str, size_bytes: int) -> None:
        """See that an object of this size may be stored under this path. Raises StorageQuotaExceededError."""
        self._key(path)
        if self._usage is not None:
            replaced_bytes = await self._replaced(path)
            self._usage.check(path, size_bytes, replaced_bytes=replaced_bytes)

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
        fields: dict[str, Any] = {"Bucket": self._settings.bucket, "Key": self._key(path)}
        if access is Access.WRITE:
            fields = self._about(self._key(path), content_type)
            fields |= {"ContentLength": size_bytes} if size_bytes is not None else {}
            if self._usage is not None:
                if size_bytes is None:  # the storage never sees what comes by the URL
                    raise SizeUnknownError(f"{path}: the storage has a limit, so the size must be told before.")
                replaced_bytes = await self._replaced(path)
                self._usage.promise(path, size_bytes, replaced_bytes=replaced_bytes, for_s=expires_s)
        operation = "put_object" if access is Access.WRITE else "get_object"
        with self._errors.translated(path):
            return await self._s3.generate_presigned_url(operation, Params=fields, ExpiresIn=expires_s)

    async def begin_parts(self, path: str, *, content_type: str) -> str:
        """Begin an upload in parts; return its ID."""
        return await self._begin(path, self._about(self._key(path), content_type))

    async def get_presigned_part_url(
        self, path: str, upload_id: str, number: int, *, expires_s: int, size_bytes: int | None = None
    ) -> str:
        """Return a URL that S3 answers; see StorageBackend.get_presigned_part_url."""
        check_part_number(number)
        fields: dict[str, Any] = self._upload(path, upload_id) | {"PartNumber": number}
        if size_bytes is not None:
            fields["ContentLength"] = size_bytes
            if self._usage is not None:
                await self._usage.total()
                self._usage.promise_part(upload_id, number, size_bytes, for_s=PARTS_KEPT_S)
        with self._errors.translated(path):
            return await self._s3.generate_presigned_url("upload_part", Params=fields, ExpiresIn=expires_s)

    async def save_part(
        self, path: str, upload_id: str, number: int, chunks: AsyncIterable[bytes], *, size_bytes: int
    ) -> StoredPart:
        """Store one part, whole or not at all; see StorageBackend.save_part. Holds the part in memory."""
        check_part_number(number)
        upload = self._upload(path, upload_id)
        if self._usage is not None:
            await self._usage.total()
            self._usage.promise_part(upload_id, number, size_bytes, for_s=PARTS_KEPT_S)
        content = bytearray()
        async for chunk in chunks:
            content += chunk
            _check_not_more(path, size_bytes, len(content))
        _check_size(path, size_bytes, len(content))
        return await self._send_part(path, upload, number, bytes(content))

    async def list_parts(self, path: str, upload_id: str) -> list[StoredPart]:
        """Return the parts that are stored, by their numbers. Raises UploadNotFoundError."""
        pages = aiter(self._s3.get_paginator("list_parts").paginate(**self._upload(path, upload_id)))
        found: list[StoredPart] = []
        while True:
            try:
                with self._errors.translated(path):
                    page = await anext(pages, None)
            except ObjectNotFoundError as error:  # what Ceph calls it
                raise upload_not_found(path) from error
            if page is None:
                return found
            for part in page.get("Parts", []):
                found.append(
                    StoredPart(number=part["PartNumber"], size_bytes=part["Size"], etag=part["ETag"].strip('"'))
                )

    async def complete_parts(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> StoredObject:
        """Make the object of its parts; see StorageBackend.complete_parts."""
        try:
            stored = {part.number: part for part in await self.list_parts(path, upload_id)}
        except UploadNotFoundError:
            if await self.exists(path) and made_of((made := await self.find(path)).etag, parts):
                return made  # completed before, and the answer did not arrive
            raise
        chosen = chosen_parts(path, stored, parts)  # not every server looks as closely
        replaced_bytes = await self._replaced(path)
        if self._usage is not None:
            self._usage.forget_parts(upload_id)
            self._usage.check(path, sum(part.size_bytes for part in chosen), replaced_bytes=replaced_bytes)
        await self._complete(path, upload_id, chosen)
        made = await self.find(path)
        if self._usage is not None:
            self._usage.stored(path, made.size_bytes, replaced_bytes=replaced_bytes)
        return made

    async def abort_parts(self, path: str, upload_id: str) -> None:
        """Remove an upload in parts; one that is not there is fine."""
        with suppress(UploadNotFoundError), self._errors.translated(path):
            await self._s3.abort_multipart_upload(**self._upload(path, upload_id))
        if self._usage is not None:
            self._usage.forget_parts(upload_id)

    @property
    def _s3(self) -> S3Client:
        if self._client is None:
            raise StorageError("The storage is not open: it was not started, or is closed already.")
        return self._client

    def _key(self, path: str) -> str:
        check_path(path)
        key = f"{self._top}{path}"
        if len(key.encode()) > MAX_PATH_BYTES:
            raise InvalidPathError(
                f"The path {path!r} is too long below the storage's prefix: both may have {MAX_PATH_BYTES} bytes."
            )
        return key

    def _upload(self, path: str, upload_id: str) -> dict[str, Any]:
        if not upload_id:
            raise upload_not_found(path)
        return {"Bucket": self._settings.bucket, "Key": self._key(path), "UploadId": upload_id}

    def _about(self, key: str, content_type: str | None) -> dict[str, Any]:
        """Return what an object is stored with."""
        return {"Bucket": self._settings.bucket, "Key": key, **self._told} | (
            {"ContentType": content_type} if content_type else {}
        )

    async def _encrypts_with_own_keys(self) -> bool:
        """Whether the bucket is set so that entity tags say nothing of the content;
        who may not ask is taken to mean no.
        """
        with suppress(StorageError), self._errors.translated():
            answer = await self._s3.get_bucket_encryption(Bucket=self._settings.bucket)
            rules = answer["ServerSideEncryptionConfiguration"].get("Rules", [])
            return any(
                _has_own_keys(rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", ""))
                for rule in rules
            )
        return False

    async def _replaced(self, path: str) -> int:
        """Return the bytes that will be replaced under a path, where somebody counts them."""
        if self._usage is None:
            return 0
        await self._usage.total()
        try:
            return await self.get_size(path)
        except ObjectNotFoundError:
            return 0

    async def _sizes(self) -> AsyncIterator[tuple[str, int]]:
        async for found in self.list_objects():
            yield found.path, found.size_bytes

    async def _read(self, info: StoredObject, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        with self._errors.translated(info.path):
            answer = await self._s3.get_object(
                Bucket=self._settings.bucket,
                Key=self._key(info.path),
                IfMatch=f'"{info.etag}"',
                Range=f"bytes={start}-{stop - 1}",
            )
        async with answer["Body"]:
            while True:
                with self._errors.translated(info.path):
                    block = await answer["Body"].read(READ_BYTES)
                if not block:
                    return
                yield block

    async def _save_in_parts(
        self, about: dict[str, Any], content: _Content, begun: Sequence[bytes], rest: AsyncIterator[bytes]
    ) -> None:
        """Send a content that is larger than one part."""
        beginning = asyncio.create_task(self._begin(content.path, about))
        try:
            upload_id = await asyncio.shield(beginning)
            parts = await self._send_parts(content.path, self._upload(content.path, upload_id), _chained(begun, rest))
            content.check_whole()
            await self._complete(content.path, upload_id, parts)
        except BaseException:
            with suppress(StorageError):  # cancelled before the ID came, it is waited for: the server has begun
                await self.abort_parts(content.path, await beginning)
            raise

    async def _begin(self, path: str, about: dict[str, Any]) -> str:
        with self._errors.translated(path):
            return (await self._s3.create_multipart_upload(**about))["UploadId"]

    async def _send_parts(self, path: str, upload: dict[str, Any], parts: AsyncIterator[bytes]) -> list[StoredPart]:
        """Send parts, several at once; return them by their numbers."""

        async def jobs() -> AsyncIterator[Coroutine[Any, Any, StoredPart]]:
            number = 0
            async for part in parts:
                number += 1
                yield self._send_part(path, upload, number, part)

        return sorted([part async for part in bounded(PARTS_AT_ONCE, jobs())], key=lambda part: part.number)

    async def _send_part(self, path: str, upload: dict[str, Any], number: int, content: bytes) -> StoredPart:
        with self._errors.translated(path):
            answer = await self._s3.upload_part(
                **upload, PartNumber=number, Body=content, ContentMD5=_base64_md5(content)
            )
        return StoredPart(number=number, size_bytes=len(content), etag=answer["ETag"].strip('"'))

    async def _complete(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> None:
        listed: Any = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        with self._errors.translated(path):
            await self._s3.complete_multipart_upload(**self._upload(path, upload_id), MultipartUpload={"Parts": listed})


@cache
def _session() -> aioboto3.Session:
    """Return this process's session: it keeps the description of S3, which takes longer to read than a request."""
    return aioboto3.Session()


class _Content:
    """A content cut into parts on its way, with its size and MD5."""

    def __init__(self, path: str, chunks: AsyncIterable[bytes], announced_bytes: int | None) -> None:
        self.path = path
        self.size_bytes = 0
        self.digest = hashlib.md5(usedforsecurity=False)
        self._chunks = chunks
        self._announced_bytes = announced_bytes

    async def parts(self, reservation: Reservation | None) -> AsyncGenerator[bytes, None]:
        """Yield the content in parts, none of them empty; room is asked for before more is taken."""
        waiting = bytearray()
        number = 1
        async for chunk in self._chunks:
            self.size_bytes += len(chunk)
            if self._announced_bytes is not None:
                _check_not_more(self.path, self._announced_bytes, self.size_bytes)
            if reservation is not None:
                reservation.grow_to(self.size_bytes)
            self.digest.update(chunk)
            waiting += chunk
            while len(waiting) >= (part_bytes := part_size(number, self._announced_bytes)):
                yield bytes(memoryview(waiting)[:part_bytes])
                del waiting[:part_bytes]
                number += 1
        if waiting:
            yield bytes(waiting)

    def check_whole(self) -> None:
        """See that all that was announced has come. Raises IncompleteObjectError."""
        if self._announced_bytes is not None:
            _check_size(self.path, self._announced_bytes, self.size_bytes)


def part_size(number: int, size_bytes: int | None) -> int:
    """Return how large a part is, so that the whole fits into the number of parts that S3 takes."""
    if size_bytes is not None:
        mebibyte = 1 << 20
        return max(PART_BYTES, -(-size_bytes // (MAX_PARTS * mebibyte)) * mebibyte)
    return PART_BYTES * (1 + (number - 1) // PARTS_OF_A_SIZE)


async def _chained(begun: Sequence[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for part in begun:
        yield part
    async for part in rest:
        yield part


def _check_not_more(path: str, announced_bytes: int, arrived_bytes: int) -> None:
    if arrived_bytes > announced_bytes:
        _check_size(path, announced_bytes, arrived_bytes)


def _check_size(path: str, announced_bytes: int, arrived_bytes: int) -> None:
    if arrived_bytes != announced_bytes:
        raise IncompleteObjectError(f"{path}: {announced_bytes} bytes were announced, but {arrived_bytes} came.")


def _is_path(path: str) -> bool:
    """Whether others could reach it as an object: not what programs store to show a folder, for example."""
    try:
        check_path(path)
    except InvalidPathError:
        return False
    return True


def _has_own_keys(algorithm: str) -> bool:
    return algorithm.startswith("aws:kms")


def _base64_md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _answered_at_s(answer: PutObjectOutputTypeDef) -> float:
    """Return the server's time: no other request is needed to know when it stored an object."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()
