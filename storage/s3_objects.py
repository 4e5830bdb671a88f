"""Single objects of any bucket, read and written while the caller waits: what documents need of S3.

Knows how requests are sent, repeated and refused, and nothing of what is in an object. One client for all threads,
with its connections kept open; `S3StorageBackend` is for a whole bucket and for event loops.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]  # its stubs are not among what the program needs
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from botocore.loaders import Loader, create_loader
from botocore.session import get_session

from storage.backend import MAX_PUT_BYTES
from storage.conditional_write import ConditionalWriter
from storage.errors import (
    ConditionNotMetError,
    ConditionsRefusedError,
    CredentialsError,
    ObjectChangedError,
    StorageError,
    StorageUnavailableError,
)
from storage.objects import Condition, NewContent, ObjectHead
from storage.s3_content import base64_md5
from storage.s3_errors import S3Errors, SettingNames
from storage.sent_body import SentBody
from storage.settings import S3Access
from storage.uris import S3Uri

CONNECT_S = 5
READ_S = 60
LOOK_S = 8
"""How long the answer to a HEAD may take: it has no body, and who opens a document waits for it."""

TRIES = 4
CONNECTIONS = 16
READ_BYTES = 1 << 20
PAUSES_S = (0.5, 1.0, 2.0)
"""Before an answer that broke off is read on; new requests wait as botocore's standard mode does."""

_LIBRARIES = ("boto3", "botocore", "s3transfer")
"""At their talkative levels they log signatures."""

_AMAZON = "amazonaws.com"

_NAMES = SettingNames(
    keys="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or your AWS profile",
    bucket_setting="the address",
    region="AWS_REGION",
    endpoint="AWS_ENDPOINT_URL_S3",
    all="the address and each AWS_ setting",
)

_KEPT = ("CacheControl", "ContentDisposition", "ContentLanguage", "ContentType")
"""What S3 stores beside an object, and forgets when it is replaced without being told again."""

_NOT_MET = {"PreconditionFailed", "ConditionalRequestConflict", "ConcurrentModification", "OperationAborted"}
"""Amazon S3, "Conditional requests": the second and the last while another write is under way; the third is Ceph's."""


class S3Objects:
    """Objects of one server. Safe for several threads. Every method raises StorageError with a plain sentence.

    `writer` stores on a condition, and is sure of what came of it.
    """

    def __init__(self, access: S3Access, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self.writer = ConditionalWriter(self, sleep=sleep)
        if bool(access.access_key_id) != bool(access.secret_access_key):
            raise CredentialsError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: set both or none.")
        with S3Errors(server=access.endpoint_url or "Amazon S3", bucket="", names=_NAMES).translated():
            self._client = _make_client(access, read_timeout_s=READ_S)
            self._looking = _make_client(access, read_timeout_s=LOOK_S)

    @property
    def server(self) -> str:
        """Which server this is: its address, empty for Amazon's own."""
        url = str(self._client.meta.endpoint_url)
        return "" if (urlsplit(url).hostname or "").endswith(_AMAZON) else url

    def head(self, uri: S3Uri) -> ObjectHead:
        """Say what is stored. Raises ObjectNotFoundError, BucketNotFoundError, AccessDeniedError, CredentialsError."""
        with self._translated(uri):
            try:
                return _head_in(self._looking.head_object(**_named(uri)))
            except ClientError as error:
                if _status(error) not in (403, 404):
                    raise
        with self._translated(
            uri
        ):  # the answer to a HEAD has no body, so only a GET says whether the bucket is missing
            answer = self._client.get_object(**_named(uri))
            answer["Body"].close()
            return _head_in(answer)

    def get(self, uri: S3Uri) -> tuple[ObjectHead, bytes]:
        """Return an object and what is said of it. Raises ObjectNotFoundError and what `head` raises."""
        for _ in range(TRIES - 1):
            with suppress(ObjectChangedError):  # replaced between two requests: the new one is as good
                return self._get(uri)
        return self._get(uri)

    def _get(self, uri: S3Uri) -> tuple[ObjectHead, bytes]:
        with self._translated(uri):
            answer = self._client.get_object(**_named(uri))
        head, content = _head_in(answer), bytearray()
        with suppress(StorageUnavailableError):  # read on below
            for block in self._blocks(uri, answer):
                content += block
        opened = OpenS3Object(uri, head, read_range=self._read_range, sleep=self._sleep)
        for block in opened.chunks(len(content)):
            content += block
        return head, bytes(content)

    def open(self, uri: S3Uri) -> OpenS3Object:
        """Open an object for reading in ranges. Raises ObjectNotFoundError and what `head` raises."""
        return OpenS3Object(uri, self.head(uri), read_range=self._read_range, sleep=self._sleep)

    def put(self, uri: S3Uri, content: NewContent, condition: Condition | None = None) -> str:
        """Store an object, whole or not at all; return its entity tag with quotes, empty where none was told.

        A request is repeated where it was not answered, so ConditionNotMetError may be due to a write of our own:
        `conditional_write` finds out.

        Raises:
            ConditionNotMetError: nothing was stored because of the condition.
            ConditionsRefusedError: the server knows no conditions on writes.
            StorageUnavailableError: it may be stored or not.
        """
        if len(content.data) > MAX_PUT_BYTES:
            raise StorageError(f"{uri}: {len(content.data)} bytes are more than S3 takes at once ({MAX_PUT_BYTES}).")
        parameters = {
            **_named(uri),
            **content.stored_with,
            "Metadata": dict(content.metadata),
            "ContentMD5": base64_md5(content.data),
            "Body": content.data if content.on_sent is None else SentBody(content.data, content.on_sent),
            **(condition.parameters() if condition else {}),
        }
        with self._translated(uri):
            try:
                answer = self._client.put_object(**parameters)
            except ClientError as error:
                if condition is not None:
                    _check_condition(uri, error, condition)
                raise
        return str(answer.get("ETag", ""))

    def signed_address(self, uri: S3Uri, *, expires_s: int) -> str:
        """Return a URL at which the object can be read for so long. It is a secret."""
        with self._translated(uri):
            return str(self._client.generate_presigned_url("get_object", Params=_named(uri), ExpiresIn=expires_s))

    def below(self, bucket: str, prefix: str) -> Iterator[S3Uri]:
        """Yield the objects whose keys begin with a prefix, in S3's order; marks of folders are left out."""
        with self._translated(S3Uri(bucket=bucket, key=prefix)):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    if not found["Key"].endswith("/"):
                        yield S3Uri(bucket=bucket, key=found["Key"])

    def delete(self, uri: S3Uri) -> None:
        """Delete an object; one that is not there is fine."""
        with self._translated(uri):
            self._client.delete_object(**_named(uri))

    def check_storable(self, uri: S3Uri) -> None:
        """See that an object may be stored, without storing it: an upload in parts is begun and given up.

        Raises AccessDeniedError and what `head` raises.
        """
        with self._translated(uri):
            begun = self._looking.create_multipart_upload(**_named(uri))
        with suppress(StorageError), self._translated(uri):  # it holds nothing
            self._looking.abort_multipart_upload(**_named(uri), UploadId=begun["UploadId"])

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
        self._looking.close()

    def _read_range(self, uri: S3Uri, etag: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes of one answer, which may break off."""
        with self._translated(uri):
            answer = self._client.get_object(**_named(uri), IfMatch=etag, Range=f"bytes={start}-{stop - 1}")
        yield from self._blocks(uri, answer)

    def _blocks(self, uri: S3Uri, answer: Mapping[str, Any]) -> Iterator[bytes]:
        with closing(answer["Body"]) as body:
            while True:
                with self._translated(uri):
                    block = body.read(READ_BYTES)
                if not block:
                    return
                yield block

    @contextmanager
    def _translated(self, uri: S3Uri) -> Iterator[None]:
        errors = S3Errors(server=self.server or "Amazon S3", bucket=uri.bucket, names=_NAMES)
        with errors.translated(str(uri)):
            yield


class OpenS3Object:
    """An object being read, in ranges: never more than a block of it is in memory."""

    def __init__(
        self,
        uri: S3Uri,
        head: ObjectHead,
        *,
        read_range: Callable[[S3Uri, str, int, int], Iterator[bytes]],
        sleep: Callable[[float], None],
    ) -> None:
        self.head = head
        self._uri = uri
        self._read_range = read_range
        self._sleep = sleep

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end).

        An answer that breaks off is read on where it did. Raises ObjectChangedError if the object was replaced
        meanwhile.
        """
        end = self.head.size_bytes if stop is None else min(stop, self.head.size_bytes)
        pauses = iter(PAUSES_S)
        while start < end:
            try:
                for block in self._read_range(self._uri, self.head.etag, start, end):
                    start += len(block)
                    pauses = iter(PAUSES_S)
                    yield block
                if start < end:
                    raise ObjectChangedError(f"{self._uri} is shorter than the server said: read it again.")
            except StorageUnavailableError:
                pause_s = next(pauses, None)
                if pause_s is None:
                    raise
                self._sleep(pause_s)


@cache
def s3_objects(access: S3Access) -> S3Objects:
    """Return this process's one client for a server and its keys. Raises StorageSettingsError."""
    return S3Objects(access)


def _make_client(access: S3Access, *, read_timeout_s: float) -> Any:  # noqa: ANN401  # boto3 makes its classes later
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    core = get_session()
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    session = boto3.session.Session(
        botocore_session=core,
        region_name=access.region,
        aws_access_key_id=access.access_key_id or None,
        aws_secret_access_key=access.secret_access_key or None,
        aws_session_token=access.session_token or None,
    )

    def client(style: Literal["virtual", "path"]) -> Any:  # noqa: ANN401
        config = ClientConfig(
            signature_version="s3v4",
            # else the address of another region's bucket is signed for the wrong host, and answered with 307
            s3={"addressing_style": style},
            # newer checksums are stored into the object by servers that don't know them
            # (https://github.com/boto/boto3/issues/4435)
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=CONNECT_S,
            read_timeout=read_timeout_s,
            max_pool_connections=CONNECTIONS,
        )
        made = session.client("s3", endpoint_url=access.endpoint_url or None, config=config)
        made.meta.events.register("before-send.s3.PutObject", _tell_sending)
        return made

    made = client("virtual")
    if (urlsplit(made.meta.endpoint_url).hostname or "").endswith(_AMAZON):
        return made
    made.close()
    return client("path")  # also where a profile of Amazon's programs names the server


@cache
def _loader(data_path: str | None) -> Loader:
    """Return this process's descriptions of services, which take longer to read than a request."""
    return create_loader(data_path)


def _tell_sending(request: Any, **_: object) -> None:  # noqa: ANN401  # an AWSPreparedRequest
    if isinstance(request.body, SentBody):
        request.body.sending = True


def _named(uri: S3Uri) -> dict[str, str]:
    return {"Bucket": uri.bucket, "Key": uri.key}


def _head_in(answer: Mapping[str, Any]) -> ObjectHead:
    return ObjectHead(
        etag=answer["ETag"],
        size_bytes=answer["ContentLength"],
        modified_s=answer["LastModified"].timestamp(),
        metadata=MappingProxyType(dict(answer.get("Metadata", {}))),
        stored_with=MappingProxyType({name: answer[name] for name in _KEPT if answer.get(name)}),
    )


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _check_condition(uri: S3Uri, error: ClientError, condition: Condition) -> None:
    """Raise the error that an answer to a conditional write stands for, where it is one."""
    code = error.response.get("Error", {}).get("Code", "")
    gone = code == "NoSuchKey" and condition.etag is not None  # Amazon's answer where there is nothing to replace
    if code in _NOT_MET or _status(error) in (409, 412) or gone:
        raise ConditionNotMetError(f"{uri} has changed since it was read: read it again.") from error
    if code == "NotImplemented" or _status(error) == 501:
        raise ConditionsRefusedError(f"The server of {uri} can't store an object on a condition.") from error
