"""What is on the server: asking, listing, reading and deleting, where the backend offers it (docs/backend-api.md).

A backend need not offer any of this. It is asked once, and what it lacks is said by whoever needs it.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.timestamps import parse_timestamp
from pipeline.transfer.http.capabilities import MOST_FILE_BYTES
from pipeline.transfer.http.client import BACKEND_TIMEOUT_S, read_timeout_s
from pipeline.transfer.http.exchange import ANSWER, BodyLimit, NoResponseError, Response
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.refusal import Refusal, Server, is_safe_address, refused
from pipeline.transfer.http.retry import after_upload, call_with_retries, no_recovery
from pipeline.transfer.http.server_responses import backend_refusal, is_page, store_refusal

if TYPE_CHECKING:
    from pipeline.transfer.http.exchange import Http

OBJECTS = "/api/s3/objects"
OBJECT = "/api/s3/object"
MANIFEST = "/api/s3/manifest"
PAGE = 1000
"""How many objects are asked for at once: the most that a backend has to give."""

SLICE_BYTES = 8 << 20
"""How much of a file is read in one answer, which is kept in memory."""

MOST_WHOLE_BYTES = 256 << 20
"""How large a file may be that a store gives in one answer because it knows no ranges."""

MOST_MANIFEST_BYTES = 128 << 20
"""Of 100,000 files a manifest has 50 MB."""

MOST_PAGES = 20_000
"""A list has no more pages: 20 million objects."""

_MD5 = re.compile(r"[0-9a-f]{32}")

R = TypeVar("R")


class GoneError(TransferError):
    """The server does not have the object."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteObject:
    """An object on the server.

    `md5` (hex), `etag` and `last_modified` are None where it doesn't say; `url` reads it, and is a secret.
    """

    key: str
    size_bytes: int
    etag: str | None
    md5: str | None
    last_modified: datetime | None
    url: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class LookedUp:
    """What a backend has said of one key: `stored` is None where nothing is there."""

    stored: RemoteObject | None


class Inventory:
    """Asks a backend what it has; one for each thread. With `recovery` it gets over what passes.

    Every method raises TransferError or Cancelled.
    """

    def __init__(
        self,
        api: BackendApi,
        http: Http,
        *,
        delays: Sequence[float],
        cancel: CancelToken,
        note: Callable[[str], None],
        login: Login | None = None,
        recovery: TransferRecovery | None = None,
    ) -> None:
        self._api = api
        self._login = login or Login(api.token)
        self._recovery = recovery
        self._http = http
        self._delays = delays
        self._cancel = cancel
        self._note = note
        self._origin = origin_of(api.url)

    def objects(self, prefix: str) -> Iterator[RemoteObject]:
        """Yield every object under a prefix, sorted by the UTF-8 bytes of their keys."""
        after = ""
        for _ in range(MOST_PAGES):
            query = {"prefix": prefix, "limit": str(PAGE), **({"after": after} if after else {})}
            said = self._json(self._ask("GET", OBJECTS, query, accepted=(HTTPStatus.OK,)), OBJECTS)
            listed, following = said.get("objects"), said.get("next")
            if not isinstance(listed, list) or not (following is None or isinstance(following, str)):
                raise self._invalid(OBJECTS)
            for entry in listed:
                stored = self._stored(entry, OBJECTS)
                if not stored.key.startswith(prefix):
                    raise TransferError(
                        f"The backend at {self._origin} lists {stored.key}, which is not below {prefix}: "
                        "ask its administrator."
                    )
                yield stored
            if not following:
                return
            # a page that leads back to itself would never end
            if _bytes(following) <= _bytes(after):
                raise self._invalid(OBJECTS)
            after = following
        raise self._invalid(OBJECTS)

    def look_up(self, key: str) -> RemoteObject | None:
        """Return what is stored under a key, None when nothing is."""
        response = self._ask("GET", OBJECT, {"key": key}, accepted=(HTTPStatus.OK, HTTPStatus.NOT_FOUND))
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        stored = self._stored(self._json(response, OBJECT), OBJECT)
        if stored.key != key:
            raise self._invalid(OBJECT)
        return stored

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there any more is as good."""
        accepted = (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)
        response = self._ask("DELETE", OBJECT, {"key": key}, accepted=accepted)
        if response.status == HTTPStatus.OK and is_page(response):  # a login page says 200 to everything
            raise self._invalid(OBJECT)

    def manifest(self, prefix: str) -> bytes | None:
        """Return the manifest stored under a prefix, None when there is none."""
        response = self._ask(
            "GET",
            MANIFEST,
            {"prefix": prefix},
            accepted=(HTTPStatus.OK, HTTPStatus.NOT_FOUND),
            limit=BodyLimit(most_bytes=MOST_MANIFEST_BYTES),
        )
        return response.body if response.status == HTTPStatus.OK else None

    def blocks(
        self, address: Callable[[], str], *, key: str, size_bytes: int, start: int = 0
    ) -> Iterator[tuple[int, bytes]]:
        """Yield the bytes of a stored file from `start`, each block with its offset.

        `address` is asked for where it can be read, again where that has expired. A store that doesn't know ranges
        gives the whole file in one block, from 0, which is why the offset is said. Raises GoneError, TransferError,
        Cancelled.
        """
        if not size_bytes:
            yield 0, self._read(address, key, None, size_bytes)[1]
            return
        while start < size_bytes:
            stop = min(size_bytes, start + SLICE_BYTES)
            start, block = self._read(address, key, (start, stop), size_bytes)
            yield start, block
            start += len(block)

    def _read(
        self, address: Callable[[], str], key: str, span: tuple[int, int] | None, size_bytes: int
    ) -> tuple[int, bytes]:
        """Return the offset and the bytes of one answer of the store."""
        # gzip would not be the bytes of the object; a CDN may still have what was replaced
        headers = {"Accept-Encoding": "identity", "Cache-Control": "no-cache"}
        if span is not None:
            headers["Range"] = f"bytes={span[0]}-{span[1] - 1}"
        first = span[0] if span is not None else 0
        limit = BodyLimit(most_bytes=max(SLICE_BYTES, min(size_bytes, MOST_WHOLE_BYTES)))

        def attempt() -> tuple[int, bytes]:
            url = quote_url(address())
            origin, started = origin_of(url), time.monotonic()
            try:
                response = self._http.send(
                    "GET", url, headers=headers, body=b"", read_timeout_s=read_timeout_s(SLICE_BYTES), limit=limit
                )
            except NoResponseError as error:
                self._note(f"GET {key} from {origin} -> no answer: {error.detail}")
                raise refused(
                    Refusal(server=Server.STORE, origin=origin, no_response=error.reason, about=error.about)
                ) from error
            self._note(
                f"GET {key} from {origin} (from byte {first}) -> {response.status} "
                f"in {(time.monotonic() - started) * 1000:.0f} ms"
            )
            if response.status == HTTPStatus.NOT_FOUND:
                raise GoneError(f"{key} is not on the server any more.")
            if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise TransferError(f"{key} on the server is shorter than the {size_bytes} bytes of the manifest.")
            if (
                response.status == HTTPStatus.PARTIAL_CONTENT
                and span is not None
                and 0 < len(response.body) <= span[1] - span[0]
            ):
                return span[0], response.body
            if response.status == HTTPStatus.OK:
                if len(response.body) != size_bytes:
                    raise TransferError(
                        f"{key} on the server has {len(response.body)} bytes, not the {size_bytes} of the manifest."
                    )
                return 0, response.body
            if response.status == HTTPStatus.PARTIAL_CONTENT:
                raise TransferError(
                    f"The storage at {origin} gave another part of {key} than was asked for: ask its administrator."
                )
            raise refused(store_refusal(response, origin))

        return self._retried(attempt)

    def _ask(
        self,
        method: str,
        endpoint: str,
        query: Mapping[str, str],
        *,
        accepted: tuple[int, ...],
        limit: BodyLimit = ANSWER,
    ) -> Response:
        url = self._api.full_url(endpoint)
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe="", errors="surrogatepass")

        def attempt() -> Response:
            started = time.monotonic()
            token, generation = self._login.current()
            headers = {"Authorization": f"Bearer {token}"}
            try:
                response = self._http.send(
                    method, url, headers=headers, body=b"", read_timeout_s=BACKEND_TIMEOUT_S, limit=limit
                )
            except NoResponseError as error:
                self._note(f"{method} {endpoint} {dict(query)} -> no answer: {error.detail}")
                raise refused(
                    Refusal(server=Server.BACKEND, origin=self._origin, no_response=error.reason, about=error.about)
                ) from error
            self._note(
                f"{method} {endpoint} {dict(query)} -> {response.status} "
                f"in {(time.monotonic() - started) * 1000:.0f} ms"
            )
            if response.status not in accepted:
                raise refused(backend_refusal(response, self._origin, login=generation, secrets=self._login.tokens))
            if self._recovery is not None:
                self._recovery.answered(self._origin)
            return response

        return self._retried(attempt)

    def _retried(self, attempt: Callable[[], R]) -> R:
        recover = self._recovery.recover if self._recovery is not None else no_recovery
        patience = self._recovery.patience if self._recovery is not None else None
        return call_with_retries(
            attempt,
            decide=after_upload,
            delays=self._delays,
            cancel=self._cancel,
            note=self._note,
            recover=recover,
            patience=patience,
        )

    def _json(self, response: Response, endpoint: str) -> Mapping[str, Any]:
        try:
            said = json.loads(response.body)
        except (ValueError, RecursionError) as error:
            raise self._invalid(endpoint) from error
        if not isinstance(said, dict):
            raise self._invalid(endpoint)
        return said

    def _stored(self, said: object, endpoint: str) -> RemoteObject:
        fields = said if isinstance(said, dict) else {}
        key, size_bytes, url = fields.get("key"), fields.get("sizeBytes"), fields.get("url", "")
        if (
            not isinstance(key, str)
            or not key
            or type(size_bytes) is not int
            or not 0 <= size_bytes <= MOST_FILE_BYTES
            or not isinstance(url, str)
        ):
            raise self._invalid(endpoint)
        md5, etag = sys.intern(_text(fields.get("md5")).lower()), _text(fields.get("etag")).strip('"')
        return RemoteObject(
            key=sys.intern(key),
            size_bytes=size_bytes,
            etag=md5 if etag and etag == md5 else etag or None,  # kept once: there may be 100,000
            md5=md5 if _MD5.fullmatch(md5) else None,
            last_modified=parse_timestamp(_text(fields.get("lastModified"))),
            url=url if is_safe_address(url) else "",
        )

    def _invalid(self, endpoint: str) -> TransferError:
        return TransferError(
            f"The backend at {self._origin} gave an answer to {endpoint} that can't be used. Ask its administrator."
        )


def quote_url(url: str) -> str:
    """Return an address whose path can be sent: what is not part of an address is escaped, escapes stay."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise TransferError(
            "An address of the manifest or of the backend can't be read: upload the folder again."
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TransferError(
            "There is no address to read the file from: the backend offers none, and the manifest has none."
        )
    return urlunsplit(parts._replace(path=quote(parts.path, safe="/%:@!$&'()*+,;=~")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
