"""Gives each request its id and, when it has ended, its line for the log. Stands in front of the whole app.

It knows nothing of what is asked for; the routes leave in a request's state what they know of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.serving.request_ids import HEADER, request_id
from backend.serving.request_log import RequestLine, bounded, keys_in

CLIENT_LEFT = 499
"""The status in the log of a request whose client went away before it had an answer, as nginx has it."""

METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})

TOKEN_NAME, KEYS = "token_name", "keys"
"""What the routes leave in a request's state for its line: whose token it had, and which objects it is about."""

HAS_LEFT = "has_left"
"""What the server leaves there: a function that says whether the client has hung up, which costs nothing to ask."""


@dataclass(eq=False)
class _Passage:
    """One request on its way through: what its line will say."""

    begun_s: float
    status: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    left: bool = False


class NotedRequests:
    """An ASGI app in front of another, which gives a line for each request to all that take one."""

    def __init__(self, app: ASGIApp, notes: Sequence[Callable[[RequestLine], None]]) -> None:
        self._app = app
        self._notes = tuple(notes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(begun_s=time.monotonic())
        own_id = request_id(next((value for name, value in scope["headers"] if name == HEADER), None))
        has_left: Callable[[], bool] = scope.setdefault("state", {}).get(HAS_LEFT, lambda: passage.left)

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                passage.in_bytes += len(message.get("body", b""))
            elif message["type"] == "http.disconnect":
                passage.left = True
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                passage.status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, own_id.encode())]}
            elif not (passage.left or has_left()):
                passage.out_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            if self._notes:
                line = _line(scope, passage, own_id)
                for note in self._notes:
                    note(line)


def method(scope: Scope) -> str:
    """Return a request's method, OTHER for one that HTTP doesn't have: a client may send any word as one."""
    return scope["method"] if scope["method"] in METHODS else "OTHER"


@lru_cache(maxsize=1024)
def _address(client: str) -> str:
    """Return a client's address, empty where a proxy has passed on something else in its place."""
    try:
        return str(ip_address(client))
    except ValueError:
        return ""


def _line(scope: Scope, passage: _Passage, own_id: str) -> RequestLine:
    state, client = scope["state"], scope.get("client")
    return RequestLine(
        time_s=time.time(),
        address=_address(client[0]) if client else "",
        token=state.get(TOKEN_NAME, ""),
        method=method(scope),
        path=scope["path"].removeprefix(scope.get("root_path", "")),
        keys=bounded(state.get(KEYS, ())) or keys_in(scope["query_string"]),
        status=passage.status or (CLIENT_LEFT if passage.left else 500),
        in_bytes=passage.in_bytes,
        out_bytes=passage.out_bytes,
        duration_s=time.monotonic() - passage.begun_s,
        request_id=own_id,
        route=getattr(scope.get("route"), "path", ""),
    )
