"""Addresses of sources: where a video lies that is no file of this machine. Pure: asks neither disk nor server.

`s3://bucket/key` and `https://server/path` say it to every machine, `root:NAME/path` to each one that has given that
root a folder, `backend:key` to each one that has a backend. What is secret in an address (a query, which may be a
signature, and a login) is apart from what is shown and kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pipeline.errors import Problem, Setting, SettingsError

MAX_TEXT = 4096
"""Longer addresses are a slip: servers take 8,000 characters with all headers (nginx, large_client_header_buffers)."""

MAX_NAME_BYTES = 120
"""Of the name of a file on this machine; job folders and their partner folders are built from it."""

_KIND = re.compile(r"(s3a?|https?|root|backend):", re.IGNORECASE)
_SLASHES_MISSING = re.compile(r"(s3a?|https?):(?!//)", re.IGNORECASE)
_ROOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff<>:"/\\|?*]')
_ESCAPED = "%/:@!$&'()*+,;=~-._"
"""What may stand in a path as it is (RFC 3986, 3.3), and escapes that are there already."""

_SIGNING = re.compile(r"x-(amz|goog|oss|ms)-|^(awsaccesskeyid|expires|signature|key-pair-id|policy|token|s[iepvrt]g?)$")
"""Parts of a query that differ each time that an address is signed (S3, Google, Alibaba, CloudFront, Azure)."""


class AddressKind(Enum):
    """Who has the bytes."""

    S3 = "s3"
    WEB = "web"
    ROOT = "root"
    BACKEND = "backend"


@dataclass(frozen=True, kw_only=True)
class SourceAddress:
    """Where a source lies. `text` may be shown and kept; `query` and `login` may not.

    `signed` says that a query or a login belongs to the address: without them, as it is read from where it was kept, it
    can't be read.
    """

    text: str
    signed: bool = False
    query: str = field(default="", repr=False, compare=False)
    login: str = field(default="", repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    @property
    def kind(self) -> AddressKind:
        """Who has the bytes."""
        scheme = self.text.partition(":")[0]
        return AddressKind.WEB if scheme in ("http", "https") else AddressKind(scheme)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the bytes have to come to this machine."""
        return self.kind is not AddressKind.ROOT

    @property
    def url(self) -> str:
        """The whole address for a request: a secret."""
        return f"{self.text}?{self.query}" if self.query else self.text

    @property
    def place(self) -> PurePosixPath:
        """The path behind the scheme, for telling files of one name apart: `bucket/key`, `server/path`, `NAME/path`."""
        plain = self.text.partition(":")[2].lstrip("/")
        return PurePosixPath(unquote(plain) if self.kind is AddressKind.WEB else plain)

    @property
    def file_name(self) -> str:
        """The name of the file, without escapes, as a file of any system may be called."""
        last = self.text.rpartition("/")[2].rpartition(":" if self.kind is AddressKind.BACKEND else "/")[2]
        return _as_file_name(unquote(last, errors="replace") if self.kind is AddressKind.WEB else last)

    @property
    def title(self) -> str:
        """The name of the file without its ending."""
        return PurePath(self.file_name).stem

    @property
    def is_folder(self) -> bool:
        """Whether it stands for all videos below it."""
        return self.text.endswith("/")

    @property
    def is_readable(self) -> bool:
        """Whether it has all that belongs to it."""
        return not self.signed or bool(self.query or self.login)

    @property
    def key(self) -> str:
        """What tells this source from another on this machine: a hash, the same whenever the address is signed anew."""
        asked = sorted(pair for pair in parse_qsl(self.query) if not _SIGNING.search(pair[0].lower()))
        return hashlib.sha256(repr((self.text, asked)).encode("utf-8", "surrogateescape")).hexdigest()[:24]

    def without_secrets(self) -> SourceAddress:
        """Return it as it may be kept."""
        return SourceAddress(text=self.text, signed=self.signed)


def is_address(text: str) -> bool:
    """Whether a text is meant as an address, be it right or not. A file of that name is meant by `./s3:…`."""
    return _KIND.match(text.strip()) is not None


def parse_address(text: str) -> SourceAddress:
    """Return what an address says. Raises SettingsError with a sentence that shows nothing secret."""
    text = text.strip()
    kind = _KIND.match(text)
    if kind is None:
        raise _wrong("The address of a video begins with s3://, https://, root: or backend:, or it is a file's path.")
    if _SLASHES_MISSING.match(text):
        raise _wrong(f"{_shown(text)} needs two slashes after the colon, as in {kind[1].lower()}://.")
    if len(text) > MAX_TEXT:
        raise _wrong(f"The address {_shown(text)[:60]}… is too long: it may have {MAX_TEXT} characters.")
    if _CONTROL.search(text):
        raise _wrong("The address of the video has a line break or another control character in it: type it again.")
    scheme = kind[1].lower()
    if scheme in ("http", "https"):
        return _web(text)
    if scheme == "root":
        return SourceAddress(text=_root(text))
    if scheme == "backend":
        return SourceAddress(text=_backend(text))
    return SourceAddress(text=_s3(text))


def known_address(text: str) -> SourceAddress | None:
    """Return the address that stands where the path of a source may stand too, None where it is a path."""
    if not is_address(text):
        return None
    try:
        return parse_address(text)
    except SettingsError:
        return None


def path_below_root(address: SourceAddress, roots: Mapping[str, Path]) -> Path:
    """Return where the file of a `root:` address lies on this machine. Raises SettingsError for an unknown root."""
    name, _, path = address.text.removeprefix("root:").partition("/")
    if name not in roots:
        named = f"SOURCE_ROOTS names {', '.join(sorted(roots))}" if roots else "SOURCE_ROOTS names none"
        raise _wrong(f"{address} lies below the root {name}, which this machine has no folder for ({named}).")
    return roots[name].joinpath(*path.split("/")) if path else roots[name]


def address_below_root(path: Path, roots: Mapping[str, Path]) -> SourceAddress | None:
    """Return the `root:` address of a file of this machine, by the innermost of the roots; None below none of them."""
    place = path.absolute()
    above = [(folder.absolute(), name) for name, folder in roots.items() if place.is_relative_to(folder.absolute())]
    if not above:
        return None
    folder, name = max(above, key=lambda one: len(one[0].parts))
    return SourceAddress(text=f"root:{name}/{place.relative_to(folder).as_posix()}")


def _web(text: str) -> SourceAddress:
    shown = _shown(text)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _wrong(f"{shown} is not a valid address: write it like https://example.com/lesson.mp4.") from error
    if not host or port == 0 or any(sign in host for sign in ' <>"\\'):
        raise _wrong(f"{shown} does not name a server: write it like https://example.com/lesson.mp4.")
    path = quote(parts.path, safe=_ESCAPED)
    if path.endswith("/") or not path:
        raise _wrong(f"{shown} names no file: write it like https://example.com/lesson.mp4.")
    login, _, server = parts.netloc.rpartition("@")
    query = quote(parts.query, safe=f"{_ESCAPED}?")
    plain = f"{parts.scheme.lower()}://{server.lower()}{path}"
    return SourceAddress(text=plain, signed=bool(query or login), query=query, login=login)


def _s3(text: str) -> str:
    from storage import InvalidUriError, parse_uri  # what lists and signs is loaded where it is needed

    folder = text.endswith("/")
    bucket, _, key = text.partition("://")[2].partition("/")
    if folder and not key:
        return str(_checked_bucket(text, bucket)) + "/"
    try:
        return f"{parse_uri(text.rstrip('/') if folder else text)}{'/' if folder else ''}"
    except InvalidUriError as error:
        raise _wrong(str(error)) from error


def _checked_bucket(text: str, bucket: str) -> str:
    from storage import InvalidUriError, parse_uri

    try:
        return str(parse_uri(f"s3://{bucket}/all")).removesuffix("/all")
    except InvalidUriError as error:
        raise _wrong(f"{text} names no bucket: write it like s3://bucket/course/lesson.mp4.") from error


def _root(text: str) -> str:
    name, slash, path = text.partition(":")[2].partition("/")
    if not _ROOT.fullmatch(name) or not slash:
        raise _wrong(f"{text} names no root: write it like root:lectures/week1/lesson.mp4.")
    _check_inside(text, path)
    return f"root:{name}/{path}"


def _backend(text: str) -> str:
    key = text.partition(":")[2]
    if not key or key.endswith("/"):
        raise _wrong(f"{text} names no file of the backend: write it like backend:sources/lesson.mp4.")
    _check_inside(text, key)
    return f"backend:{key}"


def _check_inside(text: str, path: str) -> None:
    parts = path.removesuffix("/").split("/") if path else []
    if any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise _wrong(f"{text} must not have a backslash, an empty folder, . or .. in it.")


def _as_file_name(text: str) -> str:
    """Return a name that every file system takes, with its ending."""
    name = _NOT_IN_NAMES.sub("_", text).strip(" .") or "video"
    suffix = PurePath(name).suffix[:16]
    stem = name.removesuffix(suffix)
    while len((stem + suffix).encode()) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return stem + suffix


def _shown(text: str) -> str:
    """Return an address as typed, without what may be secret."""
    plain = text.partition("#")[0].partition("?")[0]
    scheme, separator, rest = plain.partition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme}{separator}{server.rpartition('@')[2]}{slash}{path}"


def _wrong(text: str) -> SettingsError:
    return SettingsError(Problem(text=text, setting=Setting.SOURCE))
