"""HTTP through `urllib3`, with connections that end at once when the job is cancelled. Knows nothing of uploads.

A thread that sends or waits can't look at a flag. So every open socket is known here, and cancelling shuts them all
down:
whatever was blocked on one returns with an error, which is then reported as `Cancelled`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from urllib3 import HTTPConnectionPool, Timeout
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import parse_url

from pipeline.cancel import CancelToken
from pipeline.transfer.http import connecting, paced
from pipeline.transfer.http.exchange import ANSWER, Body, BodyLimit, Http, NoResponseError, Response
from pipeline.transfer.http.hold import HeldHttp, Hold
from pipeline.transfer.http.no_response import RAISED, no_response
from pipeline.transfer.http.pace import Pace
from pipeline.transfer.http.paced import HeadWithBody
from pipeline.transfer.http.plain_exchange import PlainResponse, exchange, plain_head, read_whole
from pipeline.transfer.http.pools import Pools
from pipeline.transfer.http.server_route import ServerRoute, route_to
from pipeline.transfer.http.streaming import SocketsBeingRead, StreamingHttp

CONNECT_TIMEOUT_S = 30.0
"""Enough for a line by satellite that loses the first packets."""

_REQUEST_ID = re.compile(r"[\w.:+/=-]{1,64}", re.ASCII)

MAX_RETRY_AFTER_S = 600.0
"""A server that asks for more is tried again all the same: it may have been restarted meanwhile."""


class Connections:
    """Opens sessions for one job and ends all of them when it is cancelled."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._hold = Hold(cancel)
        self.pace = Pace()
        # Reentrant: urllib3 closes connections from a finalizer, which the collector may run inside one of the blocks
        # below.
        self._lock = threading.RLock()
        # For each open connection a duplicate of its socket.
        self._sockets: dict[HTTPConnection, socket.socket] = {}

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let cancelling the job end what goes on inside the block."""
        with self._cancel.on_cancel(self._interrupt):
            yield

    @contextlib.contextmanager
    def session(self) -> Iterator[Http]:
        """Open a session for one thread."""
        pools = Pools(self)
        try:
            yield HeldHttp(PooledHttp(pools, self._cancel), self._hold)
        finally:
            pools.close()

    @contextlib.contextmanager
    def streaming(self) -> Iterator[StreamingHttp]:
        """Open a session for one thread that reads what may be larger than the memory."""
        sockets = SocketsBeingRead(self)
        pools = Pools(sockets)
        try:
            yield StreamingHttp(pools, self._cancel, sockets.release)
        finally:
            pools.close()
            sockets.release()

    def open(self, owner: HTTPConnection) -> socket.socket:
        """Connect for `owner`, and remember the socket until `forget`. Raises what urllib3 raises, Cancelled."""
        limit_s = float(owner.timeout) if isinstance(owner.timeout, (int, float)) else CONNECT_TIMEOUT_S
        try:
            opened = connecting.connect(
                (owner._dns_host, owner.port),
                timeout_s=limit_s,
                check=self._cancel.check,
                source=owner.source_address,
                options=owner.socket_options or (),
            )
        except socket.gaierror as error:
            raise NameResolutionError(owner.host, owner, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(owner, f"Connection to {owner.host} timed out: {error}") from error
        except OSError as error:
            raise NewConnectionError(owner, f"Failed to establish a new connection: {error}") from error
        opened.settimeout(paced.STALL_S)
        self._remember(owner, opened)
        return opened

    def open_socks(self, owner: HTTPConnection, server: tuple[str, int], options: Mapping[str, Any]) -> socket.socket:
        """Connect for `owner` through a SOCKS proxy, and remember the socket until `forget`. Raises OSError, Cancelled.

        The proxy answers only when it has reached the server itself, so this can't be tried in slices: cancelling ends
        it.
        """
        import socks

        asking = socks.socksocket()
        asking.set_proxy(
            options["socks_version"],
            options["proxy_host"],
            int(options["proxy_port"]),
            options["rdns"],
            options["username"],
            options["password"],
        )
        opened: socket.socket = asking
        opened.settimeout(CONNECT_TIMEOUT_S)
        self._remember(owner, opened)
        try:
            opened.connect(server)
        except OSError:
            opened.close()
            raise
        opened.settimeout(paced.STALL_S)
        return opened

    def _remember(self, owner: HTTPConnection, opened: socket.socket) -> None:
        # TLS takes the socket object over; the duplicate still reaches the same connection.
        remembered = socket.fromfd(opened.fileno(), opened.family, opened.type)
        with self._lock:
            self._sockets[owner] = remembered
        if self._cancel.cancelled:
            opened.close()
            self.forget(owner)
            self._cancel.check()

    def forget(self, owner: HTTPConnection) -> None:
        """Drop what was remembered for a connection that is being closed."""
        with self._lock:
            remembered = self._sockets.pop(owner, None)
        if remembered is not None:
            remembered.close()

    def _interrupt(self) -> None:
        with self._lock:
            open_now = list(self._sockets.values())
        for remembered in open_now:
            with contextlib.suppress(OSError):  # either side may have closed it already
                remembered.shutdown(socket.SHUT_RDWR)


class PooledHttp:
    """The `Http` of one thread."""

    def __init__(self, pools: Pools, cancel: CancelToken) -> None:
        self._pools = pools
        self._cancel = cancel
        self._known: dict[str, tuple[ServerRoute, HTTPConnectionPool]] = {}

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Body,
        read_timeout_s: float,
        limit: BodyLimit = ANSWER,
    ) -> Response:
        """Return the answer as `Http` says it. Raises NoResponseError, Cancelled, or what `body` raises."""
        self._cancel.check()
        failure: NoResponseError | None = None
        way: ServerRoute | None = None
        answer: PlainResponse | None = None
        try:
            way, pool = self._way_to(url)
            asked = _with_length(headers, method, len(body))
            answer = self._plainly(way, pool, method, url, asked, body, read_timeout_s, limit)
            if answer is None:
                response = pool.urlopen(
                    method,
                    _target(url, whole=not way.tunnelled),
                    body=body if len(body) else None,  # type: ignore[arg-type]  # it asks for no more than `read`
                    headers=asked,
                    timeout=Timeout(connect=CONNECT_TIMEOUT_S, read=read_timeout_s),
                    retries=False,
                    redirect=False,
                    assert_same_host=False,
                    preload_content=False,
                )
                answer = read_whole(response, limit)
                refusal = way.refusal(response)
                if refusal is not None:
                    failure = NoResponseError(refusal, f"the proxy answered {response.status}", about=way.proxy)
        except (NoResponseError, *RAISED) as error:
            # Raised below and not from here: a traceback would show this one too, and in its text the signed URL.
            failure = no_response(error, way)
        self._cancel.check()
        if failure is not None:
            raise failure
        assert answer is not None
        return _response(answer)

    def _plainly(
        self,
        way: ServerRoute,
        pool: HTTPConnectionPool,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Body,
        read_timeout_s: float,
        limit: BodyLimit,
    ) -> PlainResponse | None:
        """Send a plain request; None where it is not plain, or a handshake comes first. Raises as urllib3 does."""
        if way.proxy_url:
            return None
        connection, stays = pool._get_conn(), True  # as `urlopen` begins: the one kept, where it is alive
        try:
            assert isinstance(connection, HeadWithBody)
            head = plain_head(connection, method, _target(url, whole=False), headers)
            if head is None or (connection.sock is None and pool.scheme != "http"):
                return None
            stays = False
            if connection.sock is None:
                connection.timeout = CONNECT_TIMEOUT_S
                connection.connect()
            answer, stays = exchange(pool, connection, head, body, method, read_timeout_s, limit)
            return answer
        finally:
            if not stays:
                connection.close()
            pool._put_conn(connection)  # as `urlopen` ends

    def _way_to(self, url: str) -> tuple[ServerRoute, HTTPConnectionPool]:
        """Return what the settings say of a server, and its pool; found once for each:
        that costs more than a request.
        """
        server = "/".join(url.split("/", 3)[:3])
        if server not in self._known:
            way = route_to(url)
            self._known[server] = way, self._pools.pool(server, way)
        return self._known[server]


def _response(answer: PlainResponse) -> Response:
    headers = answer.headers
    server_time = _http_date(headers.get("date", ""))
    return Response(
        status=answer.status,
        body=answer.body,
        retry_after_s=_retry_after_s(headers.get("retry-after", ""), server_time),
        etag=headers.get("etag", "").removeprefix("W/").strip('"'),
        server_time=server_time,
        content_type=headers.get("content-type", ""),
        encryption=_encryption(headers),
        request_id=_request_id(headers),
    )


def _target(url: str, *, whole: bool) -> str:
    """Return a request line's address: the path, or all of it for a proxy that can read it."""
    _, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    # urllib3 takes as long to read an address as to send a request, so it is asked only where there is something to
    # mend
    if not whole and slash and "?" not in host and "#" not in url and "/." not in url:
        return slash + target
    parts = parse_url(url)
    return parts._replace(auth=None, fragment=None).url if whole else parts.request_uri


def _with_length(headers: Mapping[str, str], method: str, size_bytes: int) -> dict[str, str]:
    # stores answer a PUT of nothing without a length with 411
    return (
        {**headers, "Content-Length": str(size_bytes)} if size_bytes or method not in ("GET", "HEAD") else dict(headers)
    )


def _encryption(headers: Mapping[str, str]) -> str:
    """Read how a store has encrypted an object (Amazon S3, PutObject)."""
    customers = "x-amz-server-side-encryption-customer-algorithm" in headers
    return "customer" if customers else headers.get("x-amz-server-side-encryption", "")


def _request_id(headers: Mapping[str, str]) -> str:
    """Read how a backend, or a store (Amazon S3, "Common Response Headers"), calls the request in its log."""
    found = headers.get("x-request-id", "") or headers.get("x-amz-request-id", "")
    return found if _REQUEST_ID.fullmatch(found) else ""


def _retry_after_s(text: str, server_time: float | None) -> float:
    """Read a pause in seconds, or until a date by the server's own clock (RFC 9110, 10.2.3)."""
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    until = _http_date(text)
    return 0.0 if until is None or server_time is None else min(max(until - server_time, 0.0), MAX_RETRY_AFTER_S)


@lru_cache(maxsize=4)  # in a second of an upload nearly all answers have the same
def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
