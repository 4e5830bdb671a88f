"""storage.s3_errors: what a server or the network answers becomes one plain sentence of the right kind."""

import aiohttp
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from storage.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    CredentialsError,
    IncompleteObjectError,
    InvalidPartError,
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
from storage.s3_errors import S3Errors


def translated(error):
    """Return the storage's error for another."""
    with (
        pytest.raises(StorageError) as raised,
        S3Errors(server="https://s3.example", bucket="videos").translated("a/{b}.ts"),
    ):
        raise error
    return raised.value


def answer(code, status):
    """Return an answer of the server, which says more than anybody may see."""
    about = {"Code": code, "Message": "StringToSign", "SignatureProvided": "hush-hush"}
    return ClientError({"Error": about, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, ObjectNotFoundError),
        ("404", 404, ObjectNotFoundError),
        ("NoSuchUpload", 404, UploadNotFoundError),
        ("NoSuchBucket", 404, BucketNotFoundError),
        ("InvalidAccessKeyId", 403, CredentialsError),
        ("SignatureDoesNotMatch", 403, CredentialsError),
        ("ExpiredToken", 400, CredentialsError),
        ("AccessDenied", 403, AccessDeniedError),
        ("SomethingNew", 403, AccessDeniedError),
        ("PermanentRedirect", 301, StorageSettingsError),
        ("RequestTimeTooSkewed", 403, StorageSettingsError),
        ("EntityTooSmall", 400, InvalidPartError),
        ("PreconditionFailed", 412, ObjectChangedError),
        ("BadDigest", 400, IncompleteObjectError),
        ("QuotaExceeded", 403, StorageFullError),
        ("SlowDown", 503, StorageUnavailableError),
        ("", 502, StorageUnavailableError),
        ("SomethingElse", 400, StorageError),
    ],
)
def test_answers(code, status, kind):
    """Each answer has its kind, and nothing of what the server adds is passed on."""
    error = translated(answer(code, status))

    assert kind is type(error)
    assert [] == [
        part for part in ("hush-hush", "StringToSign", "Message", "{server}", "{path}", "{code}") if part in str(error)
    ]


def test_an_unknown_answer_is_named():
    """What nobody has foreseen is told by its code, with the path."""
    assert "https://s3.example refuses a/{b}.ts: SomethingElse." == str(translated(answer("SomethingElse", 400)))


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (
            EndpointConnectionError(endpoint_url="https://x?Signature=hush-hush"),
            StorageUnreachableError,
            "can't be reached",
        ),
        (ReadTimeoutError(endpoint_url="https://x?Signature=hush-hush"), StorageUnreachableError, "can't be reached"),
        (SSLError(endpoint_url="https://x", error="hush-hush"), StorageUntrustedError, "no certificate"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), StorageUnavailableError, "broke off"),
        (aiohttp.ClientPayloadError("hush-hush"), StorageUnavailableError, "broke off"),
        (OSError("hush-hush"), StorageUnreachableError, "can't be reached"),
        (NoCredentialsError(), CredentialsError, "There are no keys for https://s3.example"),
        (ResponseParserError("<html>hush-hush"), StorageSettingsError, "does not answer as an S3 server"),
        (ParamValidationError(report="hush-hush"), StorageSettingsError, "can't be used as they are set"),
        (ValueError("Invalid endpoint: hush-hush"), StorageSettingsError, "can't be used as they are set"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failures(error, kind, sentence):
    """What fails before an answer comes, or in the middle of one, is told from each other."""
    found = translated(error)

    assert kind is type(found)
    assert sentence in str(found)
    assert "hush-hush" not in str(found)


def test_a_programs_own_errors_pass():
    """What is neither the server's nor the network's is not taken for it."""
    with pytest.raises(ZeroDivisionError), S3Errors(server="s", bucket="b").translated():
        raise ZeroDivisionError
