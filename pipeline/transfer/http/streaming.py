"""A GET whose answer is read as it comes, in blocks that need not fit into memory together. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason
from pipeline.transfer.http.no_response import RAISED, no_response
from pipeline.transfer.http.server_route import route_to

if TYPE_CHECKING:
    import socket

    from urllib3 import BaseHTTPResponse
    from urllib3.connection import HTTPConnection

    from pipeline.cancel import CancelToken
    from pipeline.transfer.http.pools import Pools, SocketRegistry

BLOCK_BYTES = 1 << 18
"""What is handed on at a time: Cancel and a limit of the rate take effect between two blocks."""

MOST_SMALL_BYTES = 1 << 16
"""Of an answer that says why there is no file, no more is read."""

MOST_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307, 308)

STALL_S = 30.0
"""How long nothing may come of an answer."""


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """An answer on its way. `headers` are asked for in lower case; `answered_url` is who answered, after redirects.

    `refused_redirect` is where the program was sent on to and does not go: to what is not encrypted, or in circles.
    """

    status: int
    headers: Mapping[str, str]
    answered_url: str
    response: BaseHTTPResponse
    cancel: CancelToken
    refused_redirect: str = ""

    def blocks(self) -> Iterator[bytes]:
        """Yield the body, decoded where the server has encoded it. Raises NoResponseError, Cancelled."""
        failure: NoResponseError | None = None
        try:
            while block := self.response.read(BLOCK_BYTES, decode_content=True):
                self.cancel.check()
                yield block
        except RAISED as error:
            # raised below: a traceback would show this one too, and in its text the signed URL
            failure = no_response(error, route_to(self.answered_url))
        self.cancel.check()
        if failure is not None:
            raise failure

    def small_body(self) -> bytes:
        """Return the beginning of a body, such as that of a refusal; what can't be read is left out."""
        try:
            return self.response.read(MOST_SMALL_BYTES, decode_content=True)
        except RAISED:
            return b""


class SocketsBeingRead:
    """Passes connections on to who knows those that are open, and has it forget them when they were read.

    http.client closes a connection with the head of the last answer on it, while its body is still to be read: Cancel
    has to end that, too.
    """

    def __init__(self, registry: SocketRegistry) -> None:
        self.pace = registry.pace
        self._registry = registry
        self._closed: list[HTTPConnection] = []

    def open(self, owner: HTTPConnection) -> socket.socket:
        """Connect for `owner`."""
        self.release()
        return self._registry.open(owner)

    def open_socks(self, owner: HTTPConnection, server: tuple[str, int], options: Mapping[str, Any]) -> socket.socket:
        """Connect for `owner` through a SOCKS proxy."""
        self.release()
        return self._registry.open_socks(owner, server, options)

    def forget(self, owner: HTTPConnection) -> None:
        """Keep a connection that is closed in mind until `release`."""
        self._closed.append(owner)

    def release(self) -> None:
        """Drop the connections that were closed: what came on them was read or given up."""
        while self._closed:
            self._registry.forget(self._closed.pop())


class StreamingHttp:
    """Reads for one thread. Follows redirects; a login goes to the server alone that it was given for."""

    def __init__(self, pools: Pools, cancel: CancelToken, release: Callable[[], None]) -> None:
        self._release = release
        self._pools = pools
        self._cancel = cancel

    @contextmanager
    def get(self, url: str, *, headers: Mapping[str, str], login: str = "") -> Iterator[Streamed]:
        """Yield the answer to a GET of an address; leaving the block gives up what was not read.

        `login` is a name and a password with a colon between (RFC 7617). Raises NoResponseError, Cancelled.
        """
        first = url
        for _ in range(MOST_REDIRECTS + 1):
            sent = dict(headers)
            if login and _server(url) == _server(first):
                sent |= _basic(login)
            response = self._begin(url, sent)
            target = _target(url, response)
            if target is None or _is_downgrade(url, target):
                break
            self._give_up(response)
            url = target
        try:
            yield Streamed(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                answered_url=url,
                response=response,
                cancel=self._cancel,
                refused_redirect=target or "",
            )
        finally:
            self._give_up(response)

    def _begin(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        from urllib3 import Timeout

        self._cancel.check()
        failure: NoResponseError | None = None
        way = None
        response: BaseHTTPResponse | None = None
        try:
            way = route_to(url)
            response = self._pools.pool(url, way).urlopen(
                "GET",
                _line(url, whole=not way.tunnelled),
                headers=dict(headers),
                timeout=Timeout(connect=STALL_S, read=STALL_S),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
            refusal = way.refusal(response)
            if refusal is not None:
                self._give_up(response)
                failure = NoResponseError(refusal, f"the proxy answered {response.status}", about=way.proxy)
        except (NoResponseError, *RAISED) as error:
            failure = no_response(error, way)
        self._cancel.check()
        if failure is not None:
            raise failure
        if response is None:
            raise NoResponseError(NoResponseReason.BROKEN_OFF, "no answer")
        return response

    def _give_up(self, response: BaseHTTPResponse) -> None:
        """Close a connection on which something may still come; one whose answer was read is kept for the next."""
        response.close()
        response.release_conn()
        self._release()


def _target(url: str, response: BaseHTTPResponse) -> str | None:
    """Return where an answer sends the program on to, None where it does not."""
    location = response.headers.get("location")
    if response.status not in REDIRECTS or not location:
        return None
    try:
        target = urljoin(url, location)
        return target if urlsplit(target).scheme in ("http", "https") and urlsplit(target).hostname else None
    except ValueError:
        return None


def _is_downgrade(url: str, target: str) -> bool:
    return urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https"


def _server(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _basic(login: str) -> dict[str, str]:
    import base64
    from urllib.parse import unquote

    name, _, password = login.partition(":")
    plain = f"{unquote(name)}:{unquote(password)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(plain).decode()}"}


def _line(url: str, *, whole: bool) -> str:
    """Return a request line's address: the path, or all of it for a proxy that can read it."""
    from urllib3.util import parse_url

    parts = parse_url(url)
    return parts._replace(auth=None, fragment=None).url if whole else parts.request_uri
