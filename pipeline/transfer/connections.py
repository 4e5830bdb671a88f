"""HTTP through `requests`, with connections that end at once when the job is cancelled. Knows nothing of uploads.

A thread that sends or waits can't look at a flag. So every open socket is known here, and cancelling shuts them all down:
whatever was blocked on one returns with an error, which is then reported as `Cancelled`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import truststore
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from pipeline.cancel import CancelToken
from pipeline.transfer import connecting, paced
from pipeline.transfer.exchange import Answer, Body, Http, NoAnswerError
from pipeline.transfer.hold import HeldHttp, Hold
from pipeline.transfer.no_answer import RAISED, no_answer
from pipeline.transfer.pace import Pace
from pipeline.transfer.paced import HeadWithBody
from pipeline.transfer.surroundings import SOCKS, Surroundings, surroundings_of

CONNECT_TIMEOUT_S = 30.0
"""Enough for a line by satellite that loses the first packets."""

MAX_RETRY_AFTER_S = 600.0
"""A server that asks for more is tried again all the same: it may have been restarted meanwhile."""


class Connections:
    """Opens sessions for one job and ends all of them when it is cancelled."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._hold = Hold(cancel)
        self.pace = Pace()
        # Reentrant: urllib3 closes connections from a finalizer, which the collector may run inside one of the blocks below.
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
        adapter = _InterruptibleAdapter(self)
        try:
            with requests.Session() as session:
                session.mount("http://", adapter)
                session.mount("https://", adapter)
                yield HeldHttp(RequestsHttp(session, self._cancel), self._hold)
        finally:
            # urllib3 closes what is left when its pool is collected, and an exception's traceback may keep that for long.
            for owner in list(adapter.owners):
                owner.close()

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

        The proxy answers only when it has reached the server itself, so this can't be tried in slices: cancelling ends it.
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


class RequestsHttp:
    """The `Http` of one thread."""

    def __init__(self, session: requests.Session, cancel: CancelToken) -> None:
        self._session = session
        self._cancel = cancel
        self._known: dict[str, Surroundings] = {}

    def send(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | Body, read_timeout_s: float) -> Answer:
        """Return the answer, whatever its status. Raises NoAnswerError, Cancelled, or what `body` raises."""
        self._cancel.check()
        failure: NoAnswerError | None = None
        way: Surroundings | None = None
        try:
            way = self._way_to(url)
            request = requests.PreparedRequest()
            # An empty object would be left out; b"" goes out with Content-Length: 0.
            request.prepare(method, url, headers=dict(headers), data=body if len(body) else b"", auth=_as_it_is)
            response = self._session.send(
                request,
                timeout=(CONNECT_TIMEOUT_S, read_timeout_s),
                allow_redirects=False,
                **way.options,
            )
            refusal = way.refusal(response)
            if refusal is not None:
                failure = NoAnswerError(refusal, f"the proxy answered {response.status_code}", about=way.proxy)
        except (NoAnswerError, *RAISED) as error:
            # Raised below and not from here: a traceback would show this one too, and in its text the signed URL.
            failure = no_answer(error, way)
        self._cancel.check()
        if failure is not None:
            raise failure
        server_time = _http_date(response.headers.get("Date", ""))
        return Answer(
            status=response.status_code,
            body=response.content,
            retry_after_s=_retry_after_s(response.headers.get("Retry-After", ""), server_time),
            etag=response.headers.get("ETag", "").removeprefix("W/").strip('"'),
            server_time=server_time,
            content_type=response.headers.get("Content-Type", ""),
            encryption=_encryption(response.headers),
        )

    def _way_to(self, url: str) -> Surroundings:
        """Return what the settings say of a server, read once for each: that costs more than a request."""
        server = "/".join(url.split("/", 3)[:3])
        if server not in self._known:
            self._known[server] = surroundings_of(self._session, url)
        return self._known[server]


class _InterruptibleAdapter(HTTPAdapter):
    """Hands requests connections that `Connections` knows."""

    def __init__(self, connections: Connections) -> None:
        self.owners: set[HTTPConnection] = set()
        self._connections = connections
        # One for each session: truststore lets one handshake at a time through each.
        self._trust: ssl.SSLContext | None = None
        self._pool_classes = _pool_classes(connections, self.owners)
        super().__init__(pool_connections=4, pool_maxsize=1)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:  # noqa: ANN401  # as requests has it
        """Use our connections for direct requests."""
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:  # noqa: ANN401  # as requests has it
        """Use our connections for requests through a proxy."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        socks = proxy.lower().startswith(SOCKS)
        manager.pool_classes_by_scheme = _socks_classes(self._connections, self.owners) if socks else self._pool_classes
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401  # as requests has it
        """Trust what the system trusts, where no setting names certificates: requests would bring a list of its own."""
        if verify is not True or not url.lower().startswith("https"):
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # so in the stubs
            return
        conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", None, None
        if self._trust is None:
            self._trust = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        conn.conn_kw["ssl_context"] = self._trust


class _Known(HeadWithBody):
    """A connection that `Connections` knows as long as it is open."""

    connections: Connections
    owners: set[HTTPConnection]

    def _new_conn(self) -> socket.socket:
        self.owners.add(self)
        return self.connections.open(self)

    def close(self) -> None:
        self.owners.discard(self)
        self.connections.forget(self)
        super().close()


def _pool_classes(known: Connections, open_now: set[HTTPConnection]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(_Known):
        connections, owners, pace = known, open_now, known.pace

    class Tls(_Known, HTTPSConnection):
        connections, owners, pace = known, open_now, known.pace

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


def _socks_classes(known: Connections, open_now: set[HTTPConnection]) -> dict[str, type[HTTPConnectionPool]]:
    from urllib3.contrib.socks import SOCKSConnection

    class Plain(_Known, SOCKSConnection):
        connections, owners, pace = known, open_now, known.pace

        def _new_conn(self) -> socket.socket:
            self.owners.add(self)
            return known.open_socks(self, (self.host, self.port), self._socks_options)

    class Tls(Plain, HTTPSConnection):
        """The same with TLS to the server."""

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand in for authentication, so that a .netrc on the machine can't replace our header or add one for the store."""
    return request


def _encryption(headers: Mapping[str, str]) -> str:
    """Read how a store has encrypted an object (Amazon S3, PutObject)."""
    customers = "x-amz-server-side-encryption-customer-algorithm" in headers
    return "customer" if customers else headers.get("x-amz-server-side-encryption", "")


def _retry_after_s(text: str, server_time: float | None) -> float:
    """Read a pause in seconds, or until a date by the server's own clock (RFC 9110, 10.2.3)."""
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    until = _http_date(text)
    return 0.0 if until is None or server_time is None else min(max(until - server_time, 0.0), MAX_RETRY_AFTER_S)


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
