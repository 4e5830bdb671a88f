"""The requests that store, list, show and delete file records.

They wait for the disk and for other processes in threads of their own, so that no viewer waits with them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Response

from backend.access.rights import Grant, Right
from backend.access.token_check import Granted, check_record, is_own_record, needs
from backend.routes.api import route_path
from backend.routes.bodies import body_of, request_body_schema
from backend.routes.contract import MAX_PAGE, MAX_RECORD_BYTES, KeptRecord, RecordRequest, Records
from backend.routes.description import NO_CONTENT, refusals
from backend.routes.error_responses import ApiRefusal
from backend.serving.log_output import notices
from backend.state.records import DamagedRecordError, FileRecords, record_bytes
from backend.state.sqlite_file import BUSY_S
from config import BackendApi
from storage import StorageBackend

_THREADS = 4
"""How many requests use the records at once."""

_NAMED_IN_LOG = 1000
"""How many damaged records the log names at most."""

_SOME_ID, _SOME_TIME = "0" * 32, "2026-01-31T12:00:00+00:00"
"""As long as those that a new record gets."""

_Result = TypeVar("_Result")


class RecordRoutes:
    """The file records under their configured path."""

    def __init__(self, endpoints: BackendApi, records: FileRecords, storage: StorageBackend) -> None:
        self._path = route_path(endpoints.record_endpoint)
        self._records = records
        self._storage = storage
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._named = set[str]()

    def router(self) -> APIRouter:
        """Return the routes."""
        router, one, reading = APIRouter(), f"{self._path}/{{record_id}}", [needs(Right.READ)]
        router.add_api_route(
            self._path,
            self.add_record,
            methods=["POST"],
            dependencies=[needs(Right.UPLOAD)],
            status_code=201,
            responses={
                200: {"model": KeptRecord, "description": "The video had a record: this one took its place."},
                **refusals(400, 413, 503, 507),
            },
            openapi_extra=request_body_schema(RecordRequest),
        )
        router.add_api_route(
            self._path,
            self.list_records,
            methods=["GET"],
            response_model=Records,
            dependencies=reading,
            responses=refusals(400, 404),
        )
        router.add_api_route(
            one,
            self.get_record,
            methods=["GET"],
            response_model=KeptRecord,
            dependencies=reading,
            responses=refusals(404, 500),
        )
        router.add_api_route(
            one,
            self.delete_record,
            methods=["DELETE"],
            status_code=204,
            response_class=Response,
            dependencies=[needs(Right.DELETE)],
            responses=NO_CONTENT,
        )
        return router

    async def add_record(
        self,
        response: Response,
        grant: Granted,
        record: Annotated[RecordRequest, Depends(body_of(RecordRequest, max_bytes=MAX_RECORD_BYTES))],
    ) -> KeptRecord:
        """Keep a file record, in place of the one that the video had; answer with it, its id and its time."""
        fields = record.model_dump()
        check_record(grant, fields)
        reserved_bytes = record_bytes({"id": _SOME_ID, "createdAt": _SOME_TIME, **fields})
        await self._storage.change_other(reserved_bytes)
        try:
            kept, replaced_bytes = await self._done(partial(self._records.add, fields))
        except BaseException:
            await self._storage.change_other(-reserved_bytes)
            raise
        await self._storage.change_other(record_bytes(kept) - reserved_bytes - (replaced_bytes or 0))
        if replaced_bytes is not None:
            response.status_code = 200
        return KeptRecord.model_validate(kept)

    async def list_records(
        self,
        grant: Granted,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
    ) -> Response:
        """List the file records that the token is for, oldest first; `after` is the `next` of the page before, or a
        record's id.
        """
        try:
            text = await self._done(partial(self._listed, grant, after=after, limit=limit))
        except KeyError as error:
            raise ApiRefusal(404, "NotFound", "No file record has the id that is given as 'after'.") from error
        return Response(text, media_type="application/json")

    async def get_record(self, grant: Granted, record_id: str) -> Response:
        """Give one file record."""
        try:
            record = await self._done(partial(self._records.get, record_id))
            if record is None:
                raise ApiRefusal(404, "NotFound", "No file record has this id.")
            check_record(grant, record)
            return Response(_json(record), media_type="application/json")
        except DamagedRecordError as error:
            self._name_in_log(record_id)
            text = "The file record is damaged: delete it, and store it again."
            raise ApiRefusal(500, "RecordDamaged", text) from error

    async def delete_record(self, grant: Granted, record_id: str) -> Response:
        """Delete one file record; one that is not there is fine."""
        if grant.prefixes:
            try:
                record = await self._done(partial(self._records.get, record_id))
            except DamagedRecordError:
                record = {}  # whose it is nobody knows
            if record is not None:
                check_record(grant, record)
        await self._storage.change_other(-await self._done(partial(self._records.delete, record_id)))
        return Response(status_code=204)

    def _listed(self, grant: Grant, *, after: str | None, limit: int, wait_s: float) -> str:
        """Return a page as JSON. Raises KeyError."""
        own = partial(is_own_record, grant) if grant.prefixes else None
        page = self._records.page(after=after, limit=limit, own=own, wait_s=wait_s)
        texts, skipped = list[str](), list(page.skipped)
        for record in page.records:
            try:  # each by itself: one of another shape must not keep the others from being read
                texts.append(_json(record))
            except DamagedRecordError:
                skipped.append(record["id"])
        for record_id in skipped:
            self._name_in_log(record_id)
        return f'{{"files":[{",".join(texts)}],"next":{json.dumps(page.next)},"skipped":{json.dumps(skipped)}}}'

    def _name_in_log(self, record_id: str) -> None:
        """Say once that a record is damaged."""
        if record_id not in self._named and len(self._named) < _NAMED_IN_LOG:
            self._named.add(record_id)
            text = "The file record %r is damaged and left out of lists: delete it, and store it again."
            notices.warning(text, record_id)

    async def _done(self, work: Callable[..., _Result]) -> _Result:
        """Run this in a thread; the time that it waits for one counts among the seconds that it may wait at all."""
        until_s = time.monotonic() + BUSY_S

        def run() -> _Result:
            return work(wait_s=max(0.0, until_s - time.monotonic()))

        return await anyio.to_thread.run_sync(run, limiter=self._threads)


def _json(record: Mapping[str, Any]) -> str:
    """Return a kept record as it is given. Raises DamagedRecordError where it has not the shape of one."""
    try:
        return KeptRecord.model_validate(record).model_dump_json()
    except (ValueError, RecursionError) as error:
        raise DamagedRecordError(record["id"]) from error
