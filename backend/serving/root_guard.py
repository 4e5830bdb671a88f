"""Answers nothing out of a folder that is not there: as long as its disk is not mounted, or hangs, all is 503."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.routes.error_responses import answer_api_refusal, answer_object_refusal, api_refusal, object_refusal
from storage import RootMarker, StorageGoneError
from storage.own_thread import in_own_thread

LOOKED_AT_FOR_S = 1.0
"""For how long what was seen of the folder is taken to be so; a local storage looks at every object's turn."""

ANSWERED_WITHIN_S = 2.5
"""How long the disk may take to say so."""

RETRY_AFTER_S = 30
_WITHOUT_ROOT = frozenset(("/live", "/ready", "/health", "/docs", "/openapi.json"))
_ALSO_WITHOUT_ROOT = "/player/"


class RootGuard:
    """An ASGI app in front of another, which answers while the backend's folder is there."""

    def __init__(self, app: ASGIApp, marker: RootMarker, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._marker = marker
        self._clock = clock
        self._good_until_s = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._asked_at_s: float | None = None
        """When the disk was asked, by the thread that did; None before it began, and when it has ended."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass a request on; see ASGI."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if not path or path in _WITHOUT_ROOT or path.startswith(_ALSO_WITHOUT_ROOT):
            await self._app(scope, receive, send)
            return
        try:
            await self._look()
        except StorageGoneError as error:
            request = Request(scope)
            if path.startswith("/objects/"):
                answer = await answer_object_refusal(request, object_refusal(error))
            else:
                answer = await answer_api_refusal(request, api_refusal(error))
            answer.headers["Retry-After"] = str(RETRY_AFTER_S)
            answer.headers["Access-Control-Allow-Origin"] = "*"
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _look(self) -> None:
        """See that the folder is there. Raises StorageGoneError."""
        if self._clock() < self._good_until_s:
            return
        # All who come meanwhile wait for one look, and while it hangs for no longer than that one may take: a disk that
        # does not answer must not keep more than one thread.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(in_own_thread(self._ask))
        looking = self._looking
        while not looking.done():
            asked_at_s = self._asked_at_s
            # with more viewers than it can serve, this process itself is late: that is not the disk's fault
            left_s = ANSWERED_WITHIN_S if asked_at_s is None else asked_at_s + ANSWERED_WITHIN_S - self._clock()
            if left_s < 0:
                raise StorageGoneError("The disk of the storage does not answer now.")
            await asyncio.wait([looking], timeout=left_s)
        looking.result()
        self._good_until_s = self._clock() + LOOKED_AT_FOR_S

    def _ask(self) -> None:
        self._asked_at_s = self._clock()
        try:
            self._marker.check()
        finally:
            self._asked_at_s = None
