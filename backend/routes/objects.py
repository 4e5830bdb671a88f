"""Objects over HTTP: taken where the URL is signed, given to everybody, and refused in S3's words."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Callable
from email.utils import formatdate

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from backend.access.signing import HmacUrlSigner, SignatureCheck
from backend.access.stream_rules import StreamRules
from backend.routes.contract import Key
from backend.routes.delivery import Delivery, Redirects
from backend.routes.description import OBJECT_GIVEN, OBJECT_NAMED, OBJECT_TAKEN
from backend.routes.error_responses import ObjectRefusal, object_refusal
from backend.routes.ranges import BodyRange, UnsatisfiableRangeError, parse_range
from backend.serving.noted_requests import HAS_LEFT
from backend.state.sqlite_file import SqliteFileError
from pipeline.transfer.http.cache_control import cache_control, for_one_viewer
from pipeline.transfer.http.content_types import content_type
from storage import MAX_PUT_BYTES, ObjectNotFoundError, OpenObject, StorageBackend, StorageError, StoredObject


class ObjectRoutes:
    """PUT, GET and HEAD under /objects/. The bearer token means nothing here.

    What is not public is given to who has a URL that is signed for reading it; to others it is not there.
    """

    def __init__(
        self,
        storage: StorageBackend,
        signer: HmacUrlSigner,
        rules: StreamRules,
        delivery: Delivery,
        clock: Callable[[], float],
    ) -> None:
        self._storage = storage
        self._signer = signer
        self._rules = rules
        self._delivery = delivery
        self._redirects = Redirects(storage, clock)
        self._clock = clock

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route(
            "/objects/{key:path}", self.put, methods=["PUT"], response_class=Response, responses=OBJECT_TAKEN
        )
        router.add_api_route(
            "/objects/{key:path}", self.get, methods=["GET"], response_class=Response, responses=OBJECT_GIVEN
        )
        router.add_api_route(
            "/objects/{key:path}", self.head, methods=["HEAD"], response_class=Response, responses=OBJECT_NAMED
        )
        return router

    async def put(self, request: Request, key: Key) -> Response:
        """Store an object or one part of it, whole or not at all."""
        query = request.query_params
        self._check_signature(request, key)
        length = _content_length(request.headers)
        content = _checked(request.stream(), request.headers.get("Content-MD5"))
        try:
            if "uploadId" in query:
                part = await self._storage.save_part(
                    key, query["uploadId"], int(query["partNumber"]), content, size_bytes=length
                )
                etag = part.etag
            else:
                stored = await self._storage.save(
                    key, content, size_bytes=length, content_type=request.headers.get("Content-Type")
                )
                etag = stored.etag
        except StorageError as error:
            raise object_refusal(error) from error
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is left to read it
        return Response(status_code=200, headers={"ETag": f'"{etag}"'})

    async def get(self, request: Request, key: Key) -> Response:
        """Give an object, or one range of it."""
        try:
            public = self._rules.is_public(key)
        except SqliteFileError as error:
            raise ObjectRefusal(503, "ServiceUnavailable", str(error)) from error
        if not public:
            self._check_reader(request, key)
        return await self.given(request, key, shared=public)

    async def head(self, request: Request, key: Key) -> Response:
        """Tell an object's size, type and entity tag without giving it."""
        return await self.get(request, key)

    async def given(self, request: Request, key: str, *, shared: bool, for_s: int | None = None) -> Response:
        """Return the answer with an object, or one range of it, for who may read it.

        Args:
            request: what was asked.
            key: of the object.
            shared: whether a cache may give the answer to others.
            for_s: for how many seconds who asked may read it, None for good.

        Raises:
            ObjectRefusal: there is none, or the storage can't be used.
        """
        try:
            if request.method == "GET" and self._delivery.sends_on(key):
                headers = await self._redirects.headers(key, shared=shared, for_s=for_s)
                return Response(status_code=307, headers=headers)
            opened = await self._storage.open(key)
        except StorageError as error:
            raise object_refusal(error) from error
        try:
            return await self._answer(request, opened, shared=shared)
        except BaseException:
            await opened.close()
            raise

    async def _answer(self, request: Request, opened: OpenObject, *, shared: bool) -> Response:
        info = opened.info
        headers = {
            "ETag": _etag(info),
            "Last-Modified": formatdate(info.modified_s, usegmt=True),
            "Accept-Ranges": "bytes",
            "Cache-Control": cache_control(info.path) if shared else for_one_viewer(cache_control(info.path)),
            "X-Content-Type-Options": "nosniff",
        }
        if _holds(request.headers.get("If-None-Match", ""), headers["ETag"]):
            await opened.close()
            return Response(status_code=304, headers=headers)
        part = _part(request.headers, info, headers["ETag"])
        if part is None:
            status, whole = 200, BodyRange(start=0, stop=info.size_bytes)
        else:
            status, whole = 206, part
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{info.size_bytes}"
        headers["Content-Length"] = str(whole.stop - whole.start)
        headers["Content-Type"] = content_type(info.path)
        if request.method == "HEAD":
            await opened.close()
            return Response(status_code=status, headers=headers)
        return ObjectResponse(opened, whole, status_code=status, headers=headers)

    def _check_reader(self, request: Request, key: str) -> None:
        query = dict(request.query_params)
        check = SignatureCheck.WRONG
        if "expires" in query and "signature" in query:
            check = self._signer.judge(
                method="GET", key=key, content_type="", size=None, query=query, now=self._clock()
            )
        if check is SignatureCheck.EXPIRED:
            raise ObjectRefusal(403, "AccessDenied", "Request has expired")
        if check is SignatureCheck.WRONG:
            raise nothing_stored(key)

    def _check_signature(self, request: Request, key: str) -> None:
        query = dict(request.query_params)
        if "expires" not in query or "signature" not in query:
            raise ObjectRefusal(403, "AccessDenied", "Access Denied")
        check = self._signer.judge(
            method="PUT",
            key=key,
            content_type=request.headers.get("Content-Type", ""),
            size=request.headers.get("Content-Length"),
            query=query,
            now=self._clock(),
        )
        if check is SignatureCheck.EXPIRED:
            raise ObjectRefusal(403, "AccessDenied", "Request has expired")
        if check is SignatureCheck.WRONG:
            message = "The signature does not match: key, Content-Type and size must be those that were signed."
            raise ObjectRefusal(403, "SignatureDoesNotMatch", message)


def nothing_stored(key: str) -> ObjectRefusal:
    """Return what is said of a key under which nothing is stored, and of what somebody may not know of."""
    return object_refusal(ObjectNotFoundError(f"Nothing is stored under {key}."))


class ObjectResponse(StreamingResponse):
    """Streams an open object and closes it, whether the client stayed to the end or not."""

    def __init__(self, opened: OpenObject, part: BodyRange, *, status_code: int, headers: dict[str, str]) -> None:
        self._chunks = opened.chunks(part.start, part.stop)
        super().__init__(self._chunks, status_code=status_code, headers=headers)
        self._opened = opened
        self._remaining = part.stop - part.start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the object; see ASGI."""
        has_left = scope.get("state", {}).get(HAS_LEFT)
        try:
            if has_left is None:
                await super().__call__(scope, receive, send)
            else:
                await self._send(send, has_left)
        finally:
            await self._opened.close()

    async def _send(self, send: Send, has_left: Callable[[], bool]) -> None:
        """Send the object without a second task that waits for the client to leave: that takes a sixth of the CPU."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if not self._remaining:
            await send({"type": "http.response.body", "body": b""})
        async for block in self._chunks:
            self._remaining -= len(block)
            await send({"type": "http.response.body", "body": block, "more_body": self._remaining > 0})
            if has_left():
                break


async def _checked(chunks: AsyncIterable[bytes], content_md5: str | None) -> AsyncIterator[bytes]:
    """Pass a body on; refuse it at its end when it is not what Content-MD5 says. Raises ObjectRefusal."""
    expected = None if content_md5 is None else _decoded_md5(content_md5)
    digest = hashlib.md5(usedforsecurity=False)
    async for chunk in chunks:
        if expected is not None:
            digest.update(chunk)
        yield chunk
    if expected is not None and digest.digest() != expected:
        raise ObjectRefusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")


def _decoded_md5(header: str) -> bytes:
    try:
        decoded = base64.b64decode(header, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != hashlib.md5(usedforsecurity=False).digest_size:
        raise ObjectRefusal(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
    return decoded


def _content_length(headers: Headers) -> int:
    if "Transfer-Encoding" in headers or "Content-Length" not in headers:
        raise ObjectRefusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    length = int(headers["Content-Length"])  # the server has refused what is not a number
    if length > MAX_PUT_BYTES:
        raise ObjectRefusal(
            400, "EntityTooLarge", f"One PUT takes {MAX_PUT_BYTES} bytes at most: send the file in parts."
        )
    return length


def _part(headers: Headers, info: StoredObject, etag: str) -> BodyRange | None:
    asked = headers.get("Range")
    if asked is None or headers.get("If-Range", etag) != etag:
        return None
    try:
        return parse_range(asked, info.size_bytes)
    except UnsatisfiableRangeError as error:
        refusal = ObjectRefusal(416, "InvalidRange", "The requested range is not satisfiable")
        refusal.headers["Content-Range"] = f"bytes */{info.size_bytes}"
        raise refusal from error


def _holds(if_none_match: str, etag: str) -> bool:
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in if_none_match.split(","))


def _etag(info: StoredObject) -> str:
    return f'"{info.etag or info.version}"'
