"""The connection to a bucket, and how what lies under the storage's prefix is named there. Makes no objects."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import aioboto3
from aiobotocore.config import AioConfig

from storage.errors import InvalidPathError, StorageError
from storage.folder_page import LAST, FolderPage, nameable
from storage.paths import MAX_PATH_BYTES, before_control, check_path
from storage.put_headers import ATTACHMENT, CACHE_CONTROL, is_scriptable, parameters
from storage.s3_errors import S3Errors
from storage.settings import S3Settings

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

CONNECT_S = 10
READ_S = 60
TRIES = 4
LOOKED_FOR_S = 20
"""How long it may take to find out about one object or folder, all tries together: somebody waits for the answer."""

CONNECTIONS = 64
"""For all requests but those that read objects for somebody: these must not wait for who reads slowly."""

READERS = 1000
"""How many objects are read at once: more than any one client of a server may have requests."""

LISTED_AT_ONCE = 1000
"""How many names one page of a folder has at most (Amazon S3, ListObjectsV2)."""

_Answer = TypeVar("_Answer")

_LIBRARIES = ("aioboto3", "aiobotocore", "boto3", "botocore", "s3transfer")
"""At their talkative levels they log signatures."""


class S3Bucket:
    """A bucket as its settings name it, open from `start` to `close`. `errors` translates what it refuses."""

    def __init__(self, settings: S3Settings) -> None:
        self.errors = S3Errors(server=settings.endpoint_url or "Amazon S3", bucket=settings.bucket)
        self.etags_are_md5s = True
        self._settings = settings
        self._top = f"{settings.prefix}/" if settings.prefix else ""
        self._told = parameters(settings.put_headers)
        self._open_things = AsyncExitStack()
        self._client: S3Client | None = None
        self._reader: S3Client | None = None

    async def start(self) -> None:
        """Connect, and see that the bucket is there and lets us in.

        Raises StorageSettingsError, StorageUnavailableError.
        """
        for name in _LIBRARIES:
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            with self.errors.translated():
                self._client = await self._made(CONNECTIONS)
                self._reader = await self._made(READERS)
                # a HEAD of the bucket would not say what is wrong
                await self._client.list_objects_v2(Bucket=self._settings.bucket, Prefix=self._top, MaxKeys=1)
            own_keys = has_own_keys(self._told.get("ServerSideEncryption", ""))
            self.etags_are_md5s = not own_keys and not await self._encrypts_with_own_keys()
        except BaseException:
            await self.close()
            raise

    async def _made(self, connections: int) -> S3Client:
        """Return a client with so many connections, which `close` closes."""
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
            max_pool_connections=connections,
        )
        client = _session().client(
            "s3",
            region_name=settings.region,
            endpoint_url=settings.endpoint_url or None,
            aws_access_key_id=settings.access_key_id or None,
            aws_secret_access_key=settings.secret_access_key or None,
            config=config,
        )
        return await self._open_things.enter_async_context(client)

    async def close(self) -> None:
        """Let go of the connections. Closing twice is fine."""
        self._client = self._reader = None
        await self._open_things.aclose()

    @property
    def client(self) -> S3Client:
        """What sends the requests. Raises StorageError before `start` and after `close`."""
        return _opened(self._client)

    @property
    def reader(self) -> S3Client:
        """The same for objects that are read as slowly as somebody likes, with connections of its own."""
        return _opened(self._reader)

    async def soon(self, answer: Awaitable[_Answer]) -> _Answer:
        """Return an answer of the store that takes no longer than LOOKED_FOR_S. Raises TimeoutError."""
        try:
            return await asyncio.wait_for(answer, LOOKED_FOR_S)
        except asyncio.TimeoutError as error:  # another one than Python's own before 3.11
            raise TimeoutError(f"no answer within {LOOKED_FOR_S:g} seconds") from error

    def put_headers(self, path: str, content_type: str | None) -> Mapping[str, str]:
        """Return the headers that a PUT to a URL must have; see StorageBackend.put_headers."""
        found = dict(self._settings.put_headers)
        if not any(name.lower() == CACHE_CONTROL.lower() for name in found):
            found |= {CACHE_CONTROL: caching} if (caching := self._settings.cache_control(path)) else {}
        # nobody but the bucket answers for what lies there, and it lets pages run whatever their sender has written
        return found | (ATTACHMENT if content_type and is_scriptable(content_type) else {})

    def named(self, path: str) -> dict[str, Any]:
        """Return how a request names an object. Raises InvalidPathError."""
        check_path(path)
        key = f"{self._top}{path}"
        if len(key.encode()) > MAX_PATH_BYTES:
            raise InvalidPathError(
                f"The path {path!r} is too long below the storage's prefix: both may have {MAX_PATH_BYTES} bytes."
            )
        return {"Bucket": self._settings.bucket, "Key": key}

    def stored_with(self, path: str, content_type: str | None) -> dict[str, Any]:
        """Return how a request names an object, and what it is stored with. Raises InvalidPathError."""
        return {**self.named(path), **parameters(self.put_headers(path, content_type))} | (
            {"ContentType": content_type} if content_type else {}
        )

    def given_as(self, path: str, content_type: str | None) -> dict[str, Any]:
        """Return how a request names an object, and as what it is given, whatever it is stored with.

        Raises InvalidPathError.
        """
        return self.named(path) | ({"ResponseContentType": content_type} if content_type else {})

    def listed(self, prefix: str, after: str) -> dict[str, Any]:
        """Return how a request names the objects that begin with `prefix` and sort behind `after`.

        It may name some before: no server takes a control character, so the text behind one is left away.
        """
        where: dict[str, Any] = {"Bucket": self._settings.bucket, "Prefix": f"{self._top}{prefix}"}
        behind = before_control(after)
        return where | ({"StartAfter": f"{self._top}{behind}"} if behind else {})

    async def list_folder(self, folder: str, after: str) -> FolderPage:
        """Return a page of what lies directly in a folder behind `after`; see StorageBackend.list_folder."""
        begin = len(self._top) + len(folder)
        with self.errors.translated(folder):
            where = self.listed(folder, f"{folder}{after}")
            page = await self.soon(self.client.list_objects_v2(**where, Delimiter="/", MaxKeys=LISTED_AT_ONCE))
        folders = [found["Prefix"][begin:-1] for found in page.get("CommonPrefixes", [])]
        objects = [found["Key"][begin:] for found in page.get("Contents", [])]
        last = max([*(f"{name}/{LAST}" for name in folders), *objects], default="")
        inside, slash, rest = after.partition("/")
        if slash and rest != LAST and inside not in folders:  # Ceph leaves it out, although more sorts behind
            folders.insert(0, inside)
        return FolderPage(
            folders=tuple(nameable(folder, folders)),
            objects=tuple(name for name in nameable(folder, objects) if name > after),
            next=last if page["IsTruncated"] else None,
        )

    def path_of(self, key: str) -> str | None:
        """Return the path of a listed key; None for what nobody could reach as an object, such as a folder's mark."""
        path = key.removeprefix(self._top)
        try:
            check_path(path)
        except InvalidPathError:
            return None
        return path

    async def _encrypts_with_own_keys(self) -> bool:
        """Whether the bucket is set so that entity tags say nothing of the content;
        who may not ask is taken to mean no.
        """
        with suppress(StorageError), self.errors.translated():
            answer = await self.client.get_bucket_encryption(Bucket=self._settings.bucket)
            rules = answer["ServerSideEncryptionConfiguration"].get("Rules", [])
            return any(
                has_own_keys(rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", ""))
                for rule in rules
            )
        return False


def _opened(client: S3Client | None) -> S3Client:
    if client is None:
        raise StorageError("The storage is not open: it was not started, or is closed already.")
    return client


@cache
def _session() -> aioboto3.Session:
    """Return this process's session: it keeps the description of S3, which takes longer to read than a request."""
    return aioboto3.Session()


def has_own_keys(algorithm: str) -> bool:
    """Whether the entity tag of an object that is encrypted like this is not its MD5."""
    return algorithm.startswith("aws:kms")
