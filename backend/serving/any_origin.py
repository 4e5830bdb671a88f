"""Lets pages of every site play what is stored.

Each answer says so, whoever asks: a framework's own middleware says it to requests with an Origin alone, and has caches
keep an answer for each, so that one that was kept for a plain player would be of no use to a page.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
PREFLIGHT_KEPT_S = 3600


class AnyOrigin:
    """An ASGI app in front of another: adds the headers of CORS, and answers preflight requests.

    No cookies are in use, so other sites gain nothing here that they could not ask themselves.

    Args:
        app: the other one.
        exposed: the headers of answers that a page's script may read.
    """

    def __init__(self, app: ASGIApp, exposed: Sequence[str]) -> None:
        self._app = app
        self._exposed = ", ".join(exposed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "Access-Control-Request-Method" in asked:
            await _permission(asked)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = self._exposed
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _permission(asked: Headers) -> Response:
    """Answer a browser that asks before it sends a page's request."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": METHODS,
        # `*` would leave Authorization out (Fetch, "CORS-safelisted request-header")
        "Access-Control-Allow-Headers": asked.get("Access-Control-Request-Headers", "*"),
        "Access-Control-Max-Age": str(PREFLIGHT_KEPT_S),
        "Vary": "Access-Control-Request-Headers",
    }
    return Response(status_code=204, headers=headers)
