"""What S3 and the network answer, as the storage's own errors: plain sentences without a key or a signature in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from aiohttp import ClientError as ConnectionFailure
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

from storage.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    CredentialsError,
    IncompleteObjectError,
    InvalidPartError,
    InvalidPathError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
    StorageFullError,
    StorageSettingsError,
    StorageUnavailableError,
    StorageUnreachableError,
    StorageUntrustedError,
    UploadNotFoundError,
)

_WRONG_KEYS = "{server} does not accept the access key: check {keys}."
_EXPIRED_KEYS = "The access key for {server} is no longer valid: sign in again, or check {keys}."
_FORBIDDEN = "{server} does not allow this on the bucket {bucket}: check the keys and what they may do there."
_WRONG_REGION = "The bucket {bucket} is in another region: check {region} and {endpoint}."
_BUSY = "{server} is too busy or has a fault: try again later."
_CLOCK = "{server} refuses requests because this computer's clock is wrong: set it right."
_NOT_S3 = "{server} does not answer as an S3 server does: check {endpoint}."
_UNREACHABLE = "{server} can't be reached: check {endpoint} and the network."
_BROKE_OFF = "The connection to {server} broke off: try again."
_NO_KEYS = "There are no keys for {server}: set {keys}."
_NOT_FOUND = "Nothing is stored under {path}."
_UNUSABLE = "{server} and the bucket {bucket} can't be used as they are set: check {all}."
_PARTS = (
    "{path}: the parts are not those that are stored, are not listed by their numbers, "
    "or one but the last is too small."
)

# Amazon S3, "Error responses"; a number stands where the answer to a HEAD has no body
_ANSWERS: dict[str, tuple[type[StorageError], str]] = {
    "NoSuchKey": (ObjectNotFoundError, _NOT_FOUND),
    "NotFound": (ObjectNotFoundError, _NOT_FOUND),
    "404": (ObjectNotFoundError, _NOT_FOUND),
    "NoSuchBucket": (BucketNotFoundError, "The bucket {bucket} does not exist at {server}: check {bucket_setting}."),
    "InvalidBucketName": (StorageSettingsError, "{bucket} can't be a bucket's name: check {bucket_setting}."),
    "NoSuchUpload": (UploadNotFoundError, "There is no such upload in parts for {path}: begin a new one."),
    "InvalidPart": (InvalidPartError, _PARTS),
    "InvalidPartOrder": (InvalidPartError, _PARTS),
    "EntityTooSmall": (InvalidPartError, _PARTS),
    "MalformedXML": (InvalidPartError, _PARTS),
    "InvalidAccessKeyId": (CredentialsError, _WRONG_KEYS),
    "SignatureDoesNotMatch": (CredentialsError, _WRONG_KEYS),
    "InvalidToken": (CredentialsError, _EXPIRED_KEYS),
    "ExpiredToken": (CredentialsError, _EXPIRED_KEYS),
    "AccessDenied": (AccessDeniedError, _FORBIDDEN),
    "Forbidden": (AccessDeniedError, _FORBIDDEN),
    "403": (AccessDeniedError, _FORBIDDEN),
    "PermanentRedirect": (StorageSettingsError, _WRONG_REGION),
    "AuthorizationHeaderMalformed": (StorageSettingsError, _WRONG_REGION),
    "301": (StorageSettingsError, _WRONG_REGION),
    "RequestTimeTooSkewed": (StorageSettingsError, _CLOCK),
    "PreconditionFailed": (ObjectChangedError, "{path} was replaced while it was read."),
    "412": (ObjectChangedError, "{path} was replaced while it was read."),
    "BadDigest": (IncompleteObjectError, "{path} was damaged on its way to {server}: try again."),
    "IncompleteBody": (IncompleteObjectError, "{path} did not arrive whole at {server}: try again."),
    "KeyTooLongError": (InvalidPathError, "The path {path} is too long for {server}."),
    "EntityTooLarge": (StorageError, "{path} is larger than {server} takes."),
    "QuotaExceeded": (
        StorageFullError,
        "{server} takes no more: free some space in the bucket {bucket} or have its limit raised.",
    ),
    "InsufficientCapacity": (
        StorageFullError,
        "{server} takes no more: free some space in the bucket {bucket} or have its limit raised.",
    ),
    **dict.fromkeys(
        ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "429", "500", "502", "503", "504"),
        (StorageUnavailableError, _BUSY),
    ),
}

_FAILURES: tuple[tuple[tuple[type[Exception], ...], type[StorageError], str], ...] = (
    ((NoCredentialsError, PartialCredentialsError, CredentialRetrievalError), CredentialsError, _NO_KEYS),
    (
        (SSLError,),
        StorageUntrustedError,
        "{server} has no certificate that this computer trusts: check {endpoint}.",
    ),
    (
        (ConnectionClosedError, IncompleteReadError, ResponseStreamingError, ConnectionFailure),
        StorageUnavailableError,
        _BROKE_OFF,
    ),
    ((HTTPClientError, NotConnectedError, OSError, TimeoutError), StorageUnreachableError, _UNREACHABLE),
    ((ResponseParserError,), StorageSettingsError, _NOT_S3),
    # an address or a name that can't be one, or a profile of Amazon's programs that is not there
    ((BotoCoreError, ValueError), StorageSettingsError, _UNUSABLE),
)


@dataclass(frozen=True, kw_only=True)
class SettingNames:
    """What a sentence tells its reader to check: the names of the settings that the storage was told."""

    keys: str
    bucket_setting: str
    region: str
    endpoint: str
    all: str


STORAGE_NAMES = SettingNames(
    keys="STORAGE_S3_ACCESS_KEY_ID and STORAGE_S3_SECRET_ACCESS_KEY",
    bucket_setting="STORAGE_S3_BUCKET",
    region="STORAGE_S3_REGION",
    endpoint="STORAGE_S3_ENDPOINT_URL",
    all="each STORAGE_S3_ setting",
)
"""The settings of the reference backend's storage."""


class S3Errors:
    """Turns errors into sentences about one server and bucket."""

    def __init__(self, *, server: str, bucket: str, names: SettingNames = STORAGE_NAMES) -> None:
        self._words = {"server": server, "bucket": bucket, **asdict(names)}

    @contextmanager
    def translated(self, path: str = "") -> Iterator[None]:
        """Turn what goes wrong in the block into a StorageError.

        Wrap requests only: a content's own errors must pass.
        """
        try:
            yield
        except ClientError as error:
            raise self._answered(error, path) from error
        except (BotoCoreError, ResponseParserError, ConnectionFailure, OSError, ValueError, TimeoutError) as error:
            raise self._failed(error, path) from error

    def _answered(self, error: ClientError, path: str) -> StorageError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        kind, sentence = (
            _ANSWERS.get(code) or _ANSWERS.get(status) or (StorageError, "{server} refuses {path}: {code}.")
        )
        return self._error(kind, sentence, path, code or status)

    def _failed(self, error: Exception, path: str) -> StorageError:
        kind, sentence = next((kind, sentence) for kinds, kind, sentence in _FAILURES if isinstance(error, kinds))
        return self._error(kind, sentence, path)

    def _error(self, kind: type[StorageError], sentence: str, path: str, code: str = "") -> StorageError:
        return kind(sentence.format(**self._words, path=path or "this", code=code))
