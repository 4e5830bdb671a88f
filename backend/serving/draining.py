"""What the backend still does once it was told to stop: viewers and uploads under way go on, new uploads come later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi.responses import JSONResponse, Response
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.routes.contract import Unready
from backend.routes.error_responses import ApiRefusal, ObjectRefusal, answer_api_refusal, answer_object_refusal

RETRY_AFTER_S = 5
"""When to come back, in seconds: whoever takes over is there by then, or is asked for again."""

_STOPPING = "The backend is about to restart: try again in a moment."
_PARTS = ("/api/s3/presign", "/api/s3/multipart", "/api/s3/multipart/part")
_READY = ("/ready", "/health")
_UNREADY = Unready(status="unavailable", detail=None)


class DrainingApp:
    """An ASGI app in front of another, which answers what would begin an upload with 503 while `draining` says so.

    `signing` are the paths of the settings at which one file's URL is asked for. What ends an upload is passed on, and
    everything that viewers ask for; `/ready` says that no new work should come here.
    """

    def __init__(self, app: ASGIApp, draining: Callable[[], bool], signing: Sequence[str]) -> None:
        self._app = app
        self._draining = draining
        self._signing = frozenset("/" + path.lstrip("/") for path in signing) | frozenset(_PARTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass a request on; see ASGI."""
        if scope["type"] != "http" or not self._draining():
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        request = Request(scope)
        answer: Response
        if scope["method"] == "PUT" and path.startswith("/objects/"):
            answer = await answer_object_refusal(request, ObjectRefusal(503, "ServiceUnavailable", _STOPPING))
        elif path in _READY:
            answer = JSONResponse(_UNREADY.model_dump(exclude_none=True), status_code=503)
        elif scope["method"] == "POST" and path in self._signing:
            answer = await answer_api_refusal(request, ApiRefusal(503, "Stopping", _STOPPING))
        else:
            await self._app(scope, receive, send)
            return
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Cache-Control"] = "no-store"
        await answer(scope, receive, send)
