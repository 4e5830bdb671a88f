"""What viewers with an address find: objects and pages that not everybody may watch. And who makes such addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from backend.access.rights import Right
from backend.access.token_check import Granted, check_key, needs
from backend.access.viewer_addresses import VIEWER_PATH, AddressCheck, ViewerAddresses
from backend.routes.addresses import Addresses
from backend.routes.bodies import body_of, request_body_schema
from backend.routes.contract import Key, ViewerUrl, ViewerUrlRequest
from backend.routes.description import OBJECT_GIVEN, OBJECT_NAMED, refusals
from backend.routes.error_responses import ApiRefusal, ObjectRefusal
from backend.routes.objects import ObjectRoutes, nothing_stored
from backend.routes.pages import PageRoutes
from pipeline.timestamps import utc_text
from storage import InvalidPathError, StoragePathBuilder

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""Of pages: no other site is to learn the address, and none that lists pages."""


class ViewerRoutes:
    """GET and HEAD under /s/, for which the address is all that is needed."""

    def __init__(self, viewers: ViewerAddresses, objects: ObjectRoutes, pages: PageRoutes) -> None:
        self._viewers = viewers
        self._objects = objects
        self._pages = pages

    def router(self) -> APIRouter:
        """Return the routes."""
        router, path = APIRouter(), f"{VIEWER_PATH}/{{address}}/{{key:path}}"
        router.add_api_route(path, self.watch, methods=["GET"], response_class=Response, responses=OBJECT_GIVEN)
        router.add_api_route(path, self.look, methods=["HEAD"], response_class=Response, responses=OBJECT_NAMED)
        return router

    async def watch(self, request: Request, address: str, key: Key) -> Response:
        """Give an object, or one range of it; the page that plays a stream where the key ends with a slash."""
        check = self._viewers.judge(address, key)
        if not key or key.endswith("/"):
            return await self._page(address, key, check)
        if check is AddressCheck.WRONG:
            raise nothing_stored(key)
        if check is AddressCheck.EXPIRED:
            raise ObjectRefusal(403, "AccessDenied", "Request has expired")
        response = await self._objects.given(request, key, shared=False, for_s=self._viewers.ends_in_s(address))
        response.headers["X-Robots-Tag"] = _HEADERS["X-Robots-Tag"]
        return response

    async def look(self, request: Request, address: str, key: Key) -> Response:
        """Tell an object's size, type and entity tag without giving it."""
        return await self.watch(request, address, key)

    async def _page(self, address: str, prefix: str, check: AddressCheck) -> Response:
        if check is AddressCheck.GOOD:
            page = await self._pages.player(prefix, below=f"{VIEWER_PATH}/{address}/")
        elif check is AddressCheck.EXPIRED:
            page = self._pages.expired(prefix)
        else:
            page = self._pages.missing(prefix)
        page.headers.update(_HEADERS)
        return page


class ViewerUrlRoutes:
    """POST /api/s3/viewer-url."""

    def __init__(self, viewers: ViewerAddresses, addresses: Addresses, clock: Callable[[], float]) -> None:
        self._viewers = viewers
        self._addresses = addresses
        self._clock = clock

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route(
            "/api/s3/viewer-url",
            self.viewer_url,
            methods=["POST"],
            dependencies=[needs(Right.READ)],
            responses=refusals(400, 413),
            openapi_extra=request_body_schema(ViewerUrlRequest),
        )
        return router

    async def viewer_url(
        self, request: Request, grant: Granted, wanted: Annotated[ViewerUrlRequest, Depends(body_of(ViewerUrlRequest))]
    ) -> ViewerUrl:
        """Give the addresses at which viewers find a stream: those of everybody if it is public; ones that expire if it
        is private, or if the request says when.
        """
        try:
            paths = StoragePathBuilder(wanted.prefix)
        except InvalidPathError as error:
            raise ApiRefusal(400, "InvalidKey", str(error)) from error
        check_key(grant, paths.prefix)
        now_s, seconds = int(self._clock()), wanted.expiresSeconds
        found = self._viewers.stream(paths.prefix, expires_s=None if seconds is None else now_s + seconds)
        return ViewerUrl(
            visibility=found.visibility.value,
            pageUrl=self._addresses.public(request, found.page),
            playlistUrl=self._addresses.public(request, found.playlist),
            expires=None if found.expires_s is None else utc_text(found.expires_s),
        )
