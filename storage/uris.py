"""Addresses of single objects: a path of this computer, or `s3://bucket/key`. Pure: asks neither disk nor server."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from storage.errors import InvalidUriError
from storage.paths import MAX_PATH_BYTES

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_S3_SCHEMES = ("s3", "s3a")
_SLASH_MISSING = re.compile(r"s3a?:(?!//)", re.IGNORECASE)
"""Hardly a file's name; `./s3:…` names one."""
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
"""What was ever allowed; Amazon's present rules for new buckets are narrower (Amazon S3, "Bucket naming rules")."""

_EXAMPLE = "write it like s3://bucket/course/transcripts.json"


@dataclass(frozen=True, kw_only=True)
class S3Uri:
    """An object in a bucket. The key is what S3 calls it, nothing in it is encoded."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


Uri = Path | S3Uri
"""Where one object is."""


def is_s3_uri(text: str) -> bool:
    """Whether a text is meant as an address in S3, be it right or not."""
    scheme = _SCHEME.match(text.lstrip())
    return scheme is not None and scheme[1].lower() in _S3_SCHEMES


def parse_uri(text: str) -> Uri:
    """Return what a path, `s3://bucket/key` or `s3a://bucket/key` names; `~` is the home folder.

    Raises InvalidUriError.
    """
    if not text.strip():
        raise InvalidUriError(f"The address is empty: name a file, or {_EXAMPLE}.")
    if _SLASH_MISSING.match(text.lstrip()):
        raise InvalidUriError(f"{text!r} needs two slashes after the colon: {_EXAMPLE}.")
    scheme = _SCHEME.match(text.lstrip())
    if scheme is None:
        return _local_path(text)
    if scheme[1].lower() not in _S3_SCHEMES:
        raise InvalidUriError(f"{text!r} can't be opened: an address is a path or begins with s3://.")
    bucket, _, key = text.lstrip()[scheme.end() :].partition("/")
    return _s3_uri(text, bucket, key)


def resolve(reference: str, base: Uri) -> Uri:
    """Return what a reference names that stands in the document at `base`.

    A relative reference is relative to the document's own folder; a path that is absolute, or an address in S3, stands
    for itself. Raises InvalidUriError.
    """
    if isinstance(base, Path):
        named = parse_uri(reference)
        return base.parent / named if isinstance(named, Path) else named
    if not _is_relative(reference):
        return parse_uri(reference)
    folder, _, _ = base.key.rpartition("/")
    key = posixpath.normpath(f"{folder}/{reference}" if folder else reference)
    if key in (".", "..") or key.startswith("../"):
        raise InvalidUriError(f"{reference!r} in {base} names nothing in the bucket: correct it in the dataset.")
    return _s3_uri(f"s3://{base.bucket}/{key}", base.bucket, key)


def _is_relative(reference: str) -> bool:
    if not reference.strip() or reference.startswith("~") or _SCHEME.match(reference.lstrip()):
        return False
    if _SLASH_MISSING.match(reference.lstrip()):
        return False
    return not PurePosixPath(reference).is_absolute() and not PureWindowsPath(reference).drive


def _local_path(text: str) -> Path:
    if "\0" in text:
        raise InvalidUriError(f"{text!r} can't be a file's name: it has a null character in it.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise InvalidUriError(f"{text!r} begins with a user's home folder that is not known here.") from error


def _s3_uri(text: str, bucket: str, key: str) -> S3Uri:
    if not bucket:
        raise InvalidUriError(f"{text!r} names no bucket: {_EXAMPLE}.")
    if not _BUCKET.fullmatch(bucket):
        raise InvalidUriError(f"{bucket!r} in {text!r} can't be a bucket's name: {_EXAMPLE}.")
    if not key:
        raise InvalidUriError(f"{text!r} names a bucket, but no object in it: {_EXAMPLE}.")
    if key.endswith("/"):
        raise InvalidUriError(f"{text!r} names a folder, but no object in it: {_EXAMPLE}.")
    try:
        size_bytes = len(key.encode())
    except UnicodeEncodeError as error:
        raise InvalidUriError(f"{text!r} is not valid text: {_EXAMPLE}.") from error
    if size_bytes > MAX_PATH_BYTES:
        raise InvalidUriError(
            f"{text!r} is too long: a key may have {MAX_PATH_BYTES} bytes, this one has {size_bytes}."
        )
    return S3Uri(bucket=bucket, key=key)
