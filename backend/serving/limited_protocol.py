"""HTTP/1.1 as uvicorn speaks it, with limits of its own: uvicorn waits for slow clients for ever.

uvicorn has a time limit between two requests alone (https://github.com/Kludex/uvicorn/issues/157), and closes a
connection only after all that was written to it has been read.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Any

import h11
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from backend.serving.connections import ClientConnections, Ended, refusal
from backend.serving.noted_requests import HAS_LEFT

_AT_ONCE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""With this, closing a socket drops what the system holds for a client that doesn't read, with the connection."""


class LimitedProtocol(H11Protocol):
    """One connection, which the sweep of all looks at now and then."""

    def __init__(
        self,
        connections: ClientConnections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._whole_app, self.app = self.app, self._serve
        self._limited = connections
        self._limits = connections.limits
        self._refused = False
        self._since_s = 0.0
        """When a head was begun, or a refused client was told so."""
        self._in_head = True
        self._received_bytes = 0
        self._body: tuple[float, int] | None = None
        """When the bytes received of a body were looked at last, and how many they were."""
        self._answer: tuple[float, int] | None = None
        """The same of the bytes that wait to be sent."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or refuse the client."""
        self._since_s = self._limited.clock()
        client = get_remote_addr(transport)
        if self._limited.admit(self, client[0] if client else "") is None:
            super().connection_made(transport)
            return
        self._refused, self.transport = True, transport
        headers, body = refusal()
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        transport.write(b"HTTP/1.1 503 Service Unavailable\r\n" + head + b"\r\n" + body)
        # what a client sends to a closed connection makes its system forget the answer, unread
        if self._limited.linger(self):
            transport.write_eof()
        else:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._limited.leave(self)
        if not self._refused:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; of a refused client nothing."""
        if self._refused:
            return
        self._received_bytes += len(data)
        super().data_received(data)
        # also after a body that nobody wanted any more: uvicorn then waits for the next request without a limit
        began, self._in_head = self._in_head, self.conn.their_state is h11.IDLE
        if not self._in_head:
            self._limited.has_request(self)
        elif not began:
            self._since_s = self._limited.clock()
            self._limited.awaits_head(self)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the app a body that came whole, although the client may have hung up since; see ASGI.

        uvicorn then gives none: what the client sent would be lost or not, as the turns of the event loop fall.
        """
        cycle, given = self.cycle, False
        scope["state"][HAS_LEFT] = lambda: cycle.disconnected

        async def received() -> Message:
            nonlocal given
            message = await receive()
            if message["type"] == "http.disconnect" and not (given or cycle.more_body or cycle.response_complete):
                message = {"type": "http.request", "body": bytes(cycle.body), "more_body": False}
            given = given or not message.get("more_body", False)
            return message

        await self._whole_app(scope, received, send)

    def _unsupported_upgrade_warning(self) -> None:
        """Serve who asks for another protocol as if nobody had (RFC 9110, 7.8); nothing need be installed for it."""

    def on_response_complete(self) -> None:
        """Wait for the next request, or go on with one that has come already."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._limited.awaits_request(self)

    def check(self, now_s: float) -> None:
        """End the connection where it takes too long."""
        if self._refused:
            if now_s - self._since_s > self._limits.linger_s:
                self.transport.abort()
        elif not self._is_read(now_s):
            self._end(Ended.NOT_READ)
        elif self.transport.is_closing():
            return
        elif self._in_head and now_s - self._since_s > self._limits.head_s:
            self._end(Ended.SLOW_HEAD)
        elif not self._is_sent(now_s):
            self._end(Ended.SLOW_BODY)

    def _is_read(self, now_s: float) -> bool:
        """Whether the client takes what it is sent.

        Nothing is added to what waits while that is much, so what it has become less by was taken.
        """
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            self._answer = None
            return True
        if self._answer is None:
            self._answer = now_s, waiting
        since_s, before = self._answer
        if now_s - since_s <= self._limits.write_s:
            return True
        self._answer = now_s, waiting
        return before - waiting >= self._limits.min_bytes_per_s * self._limits.write_s

    def _is_sent(self, now_s: float) -> bool:
        """Whether the body that is awaited comes; while nobody wants more of it, that is not the client's fault."""
        awaited = self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused
        if not awaited or self.cycle.waiting_for_100_continue:
            self._body = None
            return True
        if self._body is None:
            self._body = now_s, self._received_bytes
        since_s, before = self._body
        if now_s - since_s <= self._limits.body_s:
            return True
        self._body = now_s, self._received_bytes
        return self._received_bytes - before >= self._limits.min_bytes_per_s * self._limits.body_s

    def resume_writing(self) -> None:
        """Go on: what waited was taken."""
        self._answer = None
        super().resume_writing()

    def is_sent(self) -> bool:
        """Whether all that was written has left this process."""
        return not self.transport.get_write_buffer_size()

    def make_room(self) -> None:
        """End the connection; what has left this process still arrives."""
        self.transport.close()

    def _end(self, reason: Ended) -> None:
        self._limited.count(reason)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()


class RequestsPerClient:
    """Refuses requests of a client that has as many under way as one may have, whichever proxy it comes through."""

    def __init__(self, app: ASGIApp, connections: ClientConnections) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see ASGI."""
        client = scope.get("client")
        if scope["type"] != "http" or not client:
            await self._app(scope, receive, send)
        elif self._connections.begin_request(client[0]):
            try:
                await self._app(scope, receive, send)
            finally:
                self._connections.end_request(client[0])
        else:
            headers, body = refusal()
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": body})
