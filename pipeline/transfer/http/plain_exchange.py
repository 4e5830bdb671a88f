"""A request of the plainest form and its answer, on an open connection: nearly all of an upload's are such.

For a small file urllib3 and http.client take half of an upload's processor time, ten times what is done here. Whatever
is not plain is left to them: such a request is not sent from here, and such an answer is read by them from its
beginning.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, RemoteDisconnected
from typing import Any

import urllib3
from urllib3 import BaseHTTPResponse, HTTPHeaderDict
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from pipeline.transfer.http.answer_body import most_bytes, read_body
from pipeline.transfer.http.exchange import Body, BodyLimit
from pipeline.transfer.http.paced import HeadWithBody

MOST_HEAD_BYTES = 1 << 16
"""An answer whose head is longer is not plain."""

_BLOCK_BYTES = 1 << 14
_BODY_BLOCK_BYTES = 1 << 18
# it exports its version at run time
_AGENT = f"python-urllib3/{urllib3.__version__}"  # type: ignore[attr-defined]
_ALWAYS = f"Accept-Encoding: identity\r\nUser-Agent: {_AGENT}"
"""What urllib3 sends with every request."""

_HOST = re.compile(r"[0-9A-Za-z.-]+")
_MENDED = re.compile(r"[^-0-9A-Za-z._~!$&'()*+,;=:@/?%]|%(?![0-9A-F]{2})")
"""What urllib3 escapes in an address, or writes in capitals."""

_UNUSUAL_VALUE = re.compile(r"[^\x20-\x7e]")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(r"HTTP/1\.1 ([2-5]\d\d)(?: |$)")
_NO_BODY = ("204", "304")


@dataclass(frozen=True, kw_only=True)
class PlainResponse:
    """A server's answer. Names of headers are asked for in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def plain_head(connection: HeadWithBody, method: str, target: str, headers: Mapping[str, str]) -> bytes | None:
    """Return the head of a request to the connection's server, as urllib3 sends it; None where it is not plain.

    `target` is the address from the path on; `headers` name the length of the body, where there is one.
    """
    host = connection.host
    if (
        not target.startswith("/")
        or _MENDED.search(target)
        or not _HOST.fullmatch(host)
        or any(_UNUSUAL_VALUE.search(value) for value in headers.values())
    ):
        return None
    server = host if connection.port == connection.default_port else f"{host}:{connection.port}"
    own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{method} {target} HTTP/1.1\r\nHost: {server}\r\n{_ALWAYS}\r\n{own}\r\n".encode("ascii")


def exchange(
    pool: HTTPConnectionPool,
    connection: HeadWithBody,
    head: bytes,
    body: bytes | Body,
    method: str,
    read_timeout_s: float,
    limit: BodyLimit,
) -> tuple[PlainResponse, bool]:
    """Send a request over an open connection of a pool; return the answer, and whether the connection stays of use.

    Raises OSError, NoResponseError for an answer that is too large, what urllib3 raises, or what `body` raises; the
    connection is of no use then.
    """
    connection.begin()
    sent = True
    try:
        _send(connection, head, body)
    except (BrokenPipeError, ConnectionResetError):  # the server may have answered before it had all
        sent = False
    limit_s = connection.answer_limit_s(read_timeout_s)

    def receive() -> bytes:
        try:
            return connection.receive(limit_s)
        except TimeoutError as error:
            raise ReadTimeoutError(pool, "/", f"Read timed out. (read timeout={read_timeout_s})") from error

    answer, stays = _read(receive, method, limit)
    connection.answered()
    return answer, stays and sent


def _send(connection: HeadWithBody, head: bytes, body: bytes | Body) -> None:
    """Send a head with the first of its body, and the rest."""
    if isinstance(body, bytes):
        connection.send_all(head + body)
        return
    connection.send_all(head + bytes(body.read(_BLOCK_BYTES)) if len(body) else head)
    while block := body.read(_BLOCK_BYTES):
        connection.send_all(block)


def _read(receive: Callable[[], bytes], method: str, limit: BodyLimit) -> tuple[PlainResponse, bool]:
    """Read an answer; return it, and whether its end leaves the connection as it should be."""
    data = receive()
    if not data:
        raise RemoteDisconnected("Remote end closed connection without response")
    while not (end := _HEAD_END.search(data)) and len(data) <= MOST_HEAD_BYTES:
        more = receive()
        if not more:
            raise ProtocolError("the answer ended in its head")  # http.client takes what there is for all of it
        data += more
    found = _plain_answer(data[: end.start()]) if end is not None and method != "HEAD" else None
    if found is None or end is None:
        return _read_by_urllib3(_Again(data, receive), method, limit)
    status, headers, size_bytes = found
    wanted_bytes = min(size_bytes, most_bytes(status, limit, size_bytes))
    body = io.BytesIO()  # which does not hold a large answer twice, as joining its blocks would
    left = wanted_bytes - body.write(data[end.end() :])
    while left > 0:
        if not (more := receive()):
            raise ProtocolError(f"the answer ended {left} bytes early")
        left -= body.write(more)
    stays = left == 0 and wanted_bytes == size_bytes and headers.get("connection", "").lower() != "close"
    return PlainResponse(status=status, headers=headers, body=body.getvalue()[:wanted_bytes]), stays


def _plain_answer(head: bytes) -> tuple[int, dict[str, str], int] | None:
    """Return status, headers and size of an answer with a body of known length; None for any other."""
    first, *lines = head.decode("latin-1").split("\r\n")
    begins = _STATUS.match(first)
    if begins is None or begins[1] in _NO_BODY:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name in headers or not name.isascii() or name != name.strip() or "\n" in line:
            return None
        headers[name] = value.strip()
    size = headers.get("content-length", "")
    if not (size.isascii() and size.isdigit()) or "transfer-encoding" in headers or "content-encoding" in headers:
        return None
    return int(begins[1]), headers, int(size)


def _read_by_urllib3(answer: _Again, method: str, limit: BodyLimit) -> tuple[PlainResponse, bool]:
    read: Any = HTTPResponse(answer, method=method)  # type: ignore[arg-type]  # it asks a socket for no more
    try:
        read.begin()
    except HTTPException as error:
        raise ProtocolError("Connection aborted.", error) from error
    stays = not read.will_close and read.status != HTTPStatus.SWITCHING_PROTOCOLS
    response = urllib3.HTTPResponse(
        body=read,
        headers=HTTPHeaderDict(read.headers.items()),
        status=read.status,
        version=read.version,
        reason=read.reason,
        preload_content=False,
        original_response=read,
        request_method=method,
    )
    whole = read_whole(response, limit)
    return whole, stays and bool(read.isclosed())


def read_whole(response: BaseHTTPResponse, limit: BodyLimit) -> PlainResponse:
    """Read an answer's body, decoded, and give its connection back; one that was not read to its end is closed.

    Raises NoResponseError for a body that is too large, and what urllib3 raises.
    """
    whole = False
    try:
        body, whole = read_body(lambda: response.read(_BODY_BLOCK_BYTES, decode_content=True), response.status, limit)
    finally:
        if not whole:
            response.close()
        response.release_conn()
    return PlainResponse(status=response.status, headers=response.headers, body=body)


class _Again(io.RawIOBase):
    """An answer from its beginning, part of which was read already; stands in for a socket."""

    def __init__(self, data: bytes, receive: Callable[[], bytes]) -> None:
        self._data = data
        self._receive = receive

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what http.client reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # as io has it
        data = self._data or self._receive()
        count = min(len(buffer), len(data))
        buffer[:count], self._data = data[:count], data[count:]
        return count
