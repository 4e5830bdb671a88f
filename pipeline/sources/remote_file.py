"""One file at a server: what is known of it, and its bytes, whole or in ranges, with what passes tried again.

Knows nothing of where they are put.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from pipeline.errors import SourceError
from pipeline.source_address import SourceAddress
from pipeline.sources.checksums import Checksum, checksum_in
from pipeline.sources.refusals import changed, source_error
from pipeline.sources.spans import Span
from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason, Response
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server, refused
from pipeline.transfer.http.retry import RetryDecision, after_upload, call_with_retries, no_recovery
from pipeline.transfer.http.server_responses import store_refusal

if TYPE_CHECKING:
    from pipeline.cancel import CancelToken
    from pipeline.transfer.http.control import TransferControl
    from pipeline.transfer.http.recovery import TransferRecovery
    from pipeline.transfer.http.streaming import Streamed, StreamingHttp

HEAD_BYTES = 1 << 20
"""What is asked for first: the fingerprint needs as much, and most containers begin with what says all."""

MOST_RETRY_AFTER_S = 600.0
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")
_PAGES = ("text/html", "application/xhtml")

T = TypeVar("T")
Write = Callable[[int, bytes], None]
"""Takes bytes and where they stand in the file."""


@dataclass(frozen=True, kw_only=True)
class RemoteState:
    """What a server says of a file: `size_bytes` None where it does not say.

    `etag` has its quotes, and is empty where it is weak or missing (RFC 9110, 8.8.1): a weak one may stay while bytes
    change. `modified` is the header Last-Modified as it came. `ranges` says that parts may be asked for.
    """

    size_bytes: int | None
    etag: str = ""
    modified: str = ""
    ranges: bool = False
    checksum: Checksum | None = None

    def is_same(self, other: RemoteState) -> bool:
        """Whether both surely are of the same bytes: False also where the server gives nothing to tell it by."""
        if self.size_bytes != other.size_bytes or self.size_bytes is None:
            return False
        if self.etag or other.etag:
            return self.etag == other.etag
        return bool(self.modified) and self.modified == other.modified

    def differs(self, other: RemoteState) -> bool:
        """Whether both surely are of other bytes."""
        sizes = (self.size_bytes, other.size_bytes)
        if None not in sizes and sizes[0] != sizes[1]:
            return True
        if self.etag and other.etag:
            return self.etag != other.etag
        return bool(self.modified and other.modified) and self.modified != other.modified


class RemoteFile:
    """A file that is read by one thread. `url` is asked for before each request, since signatures expire; it may raise
    RefusedError, as a request does.

    `renewable` says that it gives another one each time. Without `recovery`, nothing is waited for but the pauses
    between tries. Every method raises SourceError with a sentence for the editor, or Cancelled.
    """

    def __init__(
        self,
        address: SourceAddress,
        http: StreamingHttp,
        url: Callable[[], str],
        *,
        cancel: CancelToken,
        recovery: TransferRecovery | None,
        control: TransferControl,
        note: Callable[[str], None],
        delays: Sequence[float],
        renewable: bool = False,
    ) -> None:
        self._address = address
        self._http = http
        self._url = url
        self._cancel = cancel
        self._recovery = recovery
        self._control = control
        self._note = note
        self._delays = delays
        self._renewable = renewable

    def look(self) -> tuple[RemoteState, bytes]:
        """Return what the server says, and the beginning of the file; none of it where it gives no parts."""

        def attempt() -> tuple[RemoteState, bytes]:
            with self._get({"Range": f"bytes=0-{HEAD_BYTES - 1}"}) as answer:
                state = self._state(answer)
                if answer.status != HTTPStatus.PARTIAL_CONTENT:
                    return replace(state, ranges=False), b""
                head = bytearray()
                for block in answer.blocks():
                    head += block
                    if len(head) >= HEAD_BYTES:
                        break
                return state, bytes(head[:HEAD_BYTES])

        return self._retried(attempt, lambda: 0)

    def read(self, span: Span, known: RemoteState, write: Write) -> None:
        """Read a part of the file that the server has told of. Raises SourceError where it is another by now."""
        at = span[0]

        def attempt() -> None:
            nonlocal at
            headers = {"Range": f"bytes={at}-{span[1] - 1}"}
            if known.etag:
                headers["If-Match"] = known.etag
            with self._get(headers) as answer:
                self._check_part(answer, known, at)
                for block in answer.blocks():
                    part = block[: span[1] - at]
                    self._control.admit(len(part), self._cancel)
                    write(at, part)
                    at += len(part)
            if at < span[1]:
                raise _broken_off(answer)

        self._retried(attempt, lambda: at - span[0])

    def read_whole(self, known: RemoteState, write: Write) -> int:
        """Read all of a file of which the server gives no parts, from its beginning; return its size."""

        def attempt() -> int:
            at = 0
            with self._get({}) as answer:
                now = self._state(answer)
                if now.differs(known):
                    raise changed(self._address)
                for block in answer.blocks():
                    self._control.admit(len(block), self._cancel)
                    write(at, block)
                    at += len(block)
            if now.size_bytes is not None and at != now.size_bytes:
                raise _broken_off(answer)
            return at

        return self._retried(attempt, lambda: 0)

    def _check_part(self, answer: Streamed, known: RemoteState, start: int) -> None:
        if answer.status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
            raise changed(self._address)
        if self._state(answer).differs(known):
            raise changed(self._address)
        said = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        if answer.status != HTTPStatus.PARTIAL_CONTENT or said is None or said[1] != str(start):
            origin = origin_of(answer.answered_url)
            raise SourceError(f"{origin} gave another part of {self._address} than was asked for: start again later.")

    @contextmanager
    def _get(self, headers: Mapping[str, str]) -> Iterator[Streamed]:
        """Yield an answer that has bytes of the file, or says that it is another by now. Raises RefusedError."""
        url = self._url()
        origin = origin_of(url)
        try:
            # gzip would not be the bytes of the file
            asked = {"Accept-Encoding": "identity", **headers}
            with self._http.get(url, headers=asked, login=self._address.login) as answer:
                origin = origin_of(answer.answered_url)
                self._note(f"GET {self._address} {headers.get('Range', '')} -> {answer.status} from {origin}")
                self._check_status(answer, origin)
                if self._recovery is not None:
                    self._recovery.answered(origin)
                yield answer
        except NoResponseError as error:
            self._note(f"GET {self._address} -> no answer: {error.detail}")
            refusal = Refusal(server=Server.STORE, origin=origin, no_response=error.reason, about=error.about)
            raise refused(refusal) from error

    def _check_status(self, answer: Streamed, origin: str) -> None:
        good = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)
        telling = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        if answer.status in good and answer.headers.get("content-type", "").lower().startswith(_PAGES):
            raise SourceError(f"{self._address} is a web page, not a video: give the address of the file itself.")
        if answer.status in good or answer.status in telling:
            return
        pause = answer.headers.get("retry-after", "")
        response = Response(
            status=answer.status,
            body=answer.small_body(),
            retry_after_s=min(float(pause), MOST_RETRY_AFTER_S) if pause.isascii() and pause.isdigit() else 0.0,
        )
        raise refused(store_refusal(response, origin))

    def _state(self, answer: Streamed) -> RemoteState:
        """Read what an answer says of the file. Raises SourceError for one with nothing in it."""
        headers, whole = answer.headers, answer.status == HTTPStatus.OK
        said = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        length = headers.get("content-length", "") if whole else "" if said is None else said[3]
        encoded = headers.get("content-encoding", "identity").lower() != "identity"
        size = int(length) if length.isascii() and length.isdigit() and not encoded else None
        if size == 0:
            raise SourceError(f"{self._address} is empty: check the address, or wait until its upload has ended.")
        etag = headers.get("etag", "")
        return RemoteState(
            size_bytes=size,
            etag=etag if etag.startswith('"') and not encoded else "",
            modified=headers.get("last-modified", ""),
            ranges=answer.status == HTTPStatus.PARTIAL_CONTENT and size is not None and not encoded,
            checksum=None if encoded else checksum_in(headers, whole=whole),
        )

    def _retried(self, attempt: Callable[[], T], reached: Callable[[], int]) -> T:
        try:
            return call_with_retries(
                attempt,
                decide=self._decide,
                delays=self._delays,
                cancel=self._cancel,
                note=self._note,
                recover=no_recovery if self._recovery is None else self._recovery.recover,
                reached=reached,
                patience=None if self._recovery is None else self._recovery.patience,
            )
        except RefusedError as error:
            raise source_error(self._address, error.refusal) from error

    def _decide(self, refusal: Refusal) -> RetryDecision:
        decision = after_upload(refusal)
        if decision is RetryDecision.RENEW and not self._renewable:
            return RetryDecision.GIVE_UP
        return decision


def _broken_off(answer: Streamed) -> RefusedError:
    origin = origin_of(answer.answered_url)
    return refused(Refusal(server=Server.STORE, origin=origin, no_response=NoResponseReason.BROKEN_OFF))
