"""Whether the backend runs (`/live`), and whether it can do its work (`/ready`): for whoever watches over it.

Everybody may ask, so what is asked of the storage is asked once in a while, and only the owner hears what is wrong.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.routes.contract import Health, Unready
from backend.routes.error_responses import ApiRefusal

ANSWERED_WITHIN_S = 2.5
"""How long anything may take to answer before it is said not to."""

TOKEN_WITHIN_S = 0.4
"""How long the tokens may take to be read: they may lie on the disk that does not answer."""

KEPT_S = 3.0
"""For how long an answer is given again."""

TokenCheck = Callable[[Request, HTTPAuthorizationCredentials | None], Awaitable[None]]

_NOT_STORED = {"Cache-Control": "no-store"}
_bearer = HTTPBearer(auto_error=False)  # asked by hand: nobody needs a token here, as the description says


class Readiness:
    """What keeps the backend from doing its work, looked at once for all who ask at a time.

    Args:
        checks: what must work, by what it is called in a sentence. Each raises an error whose text is a sentence.
        clock: seconds that only grow.
    """

    def __init__(
        self, checks: Mapping[str, Callable[[], Awaitable[None]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._checks = checks
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[str]] = {}
        self._problems: tuple[str, ...] = ()
        self._good_until_s = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def problems(self) -> tuple[str, ...]:
        """Return a sentence for everything that does not work, after ANSWERED_WITHIN_S at most."""
        if self._clock() >= self._good_until_s:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
                self._looking.add_done_callback(self._looked)
            await asyncio.shield(self._looking)
        return self._problems

    async def _look(self) -> None:
        self._under_way = {name: task for name, task in self._under_way.items() if not task.done()}
        for name, check in self._checks.items():
            if name not in self._under_way:  # what did not answer before is not asked a second time meanwhile
                self._under_way[name] = asyncio.create_task(_problem(check))
        await asyncio.wait(self._under_way.values(), timeout=ANSWERED_WITHIN_S)
        ended = {name: task.result() if task.done() else _no_answer(name) for name, task in self._under_way.items()}
        self._problems = tuple(dict.fromkeys(text for text in ended.values() if text))
        self._good_until_s = self._clock() + KEPT_S

    def _looked(self, _: asyncio.Task[None]) -> None:
        self._looking = None


class HealthRoutes:
    """The requests of whoever watches over the backend."""

    def __init__(self, readiness: Readiness, check_token: TokenCheck) -> None:
        self._readiness = readiness
        self._check_token = check_token

    def router(self) -> APIRouter:
        """Return the routes. Programs that watch ask with HEAD, too."""
        router = APIRouter()
        unready: dict[int | str, dict[str, Any]] = {
            503: {"model": Unready, "description": "It can't store or read now."}
        }
        router.add_api_route("/live", self.live, methods=["GET"], response_model=Health)
        router.add_api_route("/ready", self.ready, methods=["GET"], response_model=Health, responses=unready)
        router.add_api_route("/health", self.health, methods=["GET"], response_model=Health, responses=unready)
        for path, answer in (("/live", self.live), ("/ready", self.ready), ("/health", self.health)):
            router.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)
        return router

    async def live(self) -> Response:
        """Say that the process answers, whatever its storage does."""
        return JSONResponse(Health(status="ok").model_dump(), headers=_NOT_STORED)

    async def ready(self, request: Request) -> Response:
        """Say whether objects and file records can be stored and read; 503 where they can't.

        What is wrong is told with a token without limits.
        """
        problems = await self._readiness.problems()
        if not problems:
            return JSONResponse(Health(status="ok").model_dump(), headers=_NOT_STORED)
        told = list(problems) if await self._may_know(request) else None
        body = Unready(status="unavailable", detail=told)
        return JSONResponse(body.model_dump(exclude_none=True), status_code=503, headers=_NOT_STORED)

    async def health(self, request: Request) -> Response:
        """Say the same as `/ready`, under its earlier name."""
        return await self.ready(request)

    async def _may_know(self, request: Request) -> bool:
        given = await _bearer(request)
        if given is None:
            return False
        try:
            await asyncio.wait_for(self._check_token(request, given), timeout=TOKEN_WITHIN_S)
        except (ApiRefusal, asyncio.TimeoutError):
            return False
        return bool(request.state.grant.is_unlimited)


async def _problem(check: Callable[[], Awaitable[None]]) -> str:
    try:
        await check()
    except Exception as error:  # noqa: BLE001  # whatever it is, it keeps the backend from working
        return str(error) or type(error).__name__
    return ""


def _no_answer(name: str) -> str:
    return f"{name} did not answer within {ANSWERED_WITHIN_S:g} seconds."
