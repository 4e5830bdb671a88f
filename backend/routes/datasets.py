"""The dataset that the backend is set up with: what it is, saving it to S3, and its media in ranges.

It is opened for each request, so that an editor on this computer may have it open in between.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from backend.access.token_check import needs_everything
from backend.routes.contract import DatasetInfo, DatasetSaved
from backend.routes.description import OBJECT_RANGES, refusals
from backend.routes.error_responses import ApiRefusal
from backend.routes.ranges import BodyRange, UnsatisfiableRangeError, parse_range
from config import Config
from pipeline.transfer.http.content_types import content_type
from storage import (
    AccessDeniedError,
    BucketNotFoundError,
    CredentialsError,
    InvalidUriError,
    ObjectNotFoundError,
    StorageError,
)
from transcripts.dataset import Dataset, open_dataset
from transcripts.errors import DocumentError
from transcripts.save import DeletedElsewhereError, NotOnS3Error, SaveOutcome
from transcripts.schema import ID_FIELD

REFERENCES = {"media": "uri", "images": "file_name"}
"""The collections whose rows name a file, and in which field."""

KNOWN_S = 10.0
"""How long it is known which files the rows name: a player asks for many ranges of one of them."""


@dataclass(frozen=True, kw_only=True)
class _References:
    """Which files the rows of a dataset name, by their ids as a text."""

    names: dict[str, str]
    read_at_s: float


class DatasetRoutes:
    """GET /api/dataset-info, POST /api/save-to-s3 and GET /api/media/{id}.

    Args:
        address: where the dataset is.
        config: how S3 is reached and where the copy lies.
        monotonic: seconds that only grow.
    """

    def __init__(self, address: str, config: Config, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._config = config
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._references: _References | None = None

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(dependencies=[needs_everything()])
        refused = refusals(400, 404, 409, 502, 503)
        router.add_api_route("/api/dataset-info", self.info, methods=["GET"], responses=refused)
        router.add_api_route("/api/save-to-s3", self.save, methods=["POST"], responses=refused)
        router.add_api_route(
            "/api/media/{media_id}",
            self.media,
            methods=["GET"],
            response_class=Response,
            responses={**OBJECT_RANGES, **refusals(400, 404, 416, 502, 503)},
        )
        return router

    async def info(self) -> DatasetInfo:
        """Say what the dataset is, and whether it has changes that are not saved."""
        return await asyncio.to_thread(self._info)

    async def save(self) -> DatasetSaved:
        """Save the dataset to S3, merged with what others have saved; refused where both changed the same."""
        return await asyncio.to_thread(self._save)

    async def media(self, request: Request, media_id: str) -> Response:
        """Give a file that a row names, or one range of it, as it comes: never whole in memory."""
        return await asyncio.to_thread(self._media, request.headers.get("Range"), media_id)

    def _info(self) -> DatasetInfo:
        with self._opened() as dataset:
            return DatasetInfo(
                source_uri=str(dataset.source_uri),
                is_s3=dataset.is_on_s3,
                can_save_to_s3=dataset.is_on_s3 and not dataset.document.read_only,
                is_dirty=dataset.is_on_s3 and dataset.document.changes.unsaved,
            )

    def _save(self) -> DatasetSaved:
        with self._opened() as dataset:
            result = dataset.save()
            if result.outcome is SaveOutcome.UNDECIDED:
                raise ApiRefusal(409, "Collision", result.text)
            etag = result.etag.strip('"')
            return DatasetSaved(
                status="success", s3_uri=str(dataset.source_uri), etag=etag, size=result.size_bytes, message=result.text
            )

    def _media(self, asked: str | None, media_id: str) -> Response:
        with self._opened() as dataset:
            reference = self._reference(dataset, media_id)
            with _translated():
                media = dataset.open_media(reference)
        headers = {"Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
        try:
            part = None if asked is None else parse_range(asked, media.size_bytes)
        except UnsatisfiableRangeError:
            headers["Content-Range"] = f"bytes */{media.size_bytes}"
            content = {"error": "InvalidRange", "message": "The requested range is not in the file."}
            return JSONResponse(content, status_code=416, headers=headers)
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{media.size_bytes}"
        given = part or BodyRange(start=0, stop=media.size_bytes)
        headers["Content-Length"] = str(given.stop - given.start)
        headers["Content-Type"] = content_type(reference)
        return StreamingResponse(
            media.chunks(given.start, given.stop), status_code=200 if part is None else 206, headers=headers
        )

    def _reference(self, dataset: Dataset, media_id: str) -> str:
        known = self._references
        if known is None or self._monotonic() - known.read_at_s > KNOWN_S or media_id not in known.names:
            known = self._references = _References(names=_references(dataset), read_at_s=self._monotonic())
        if media_id not in known.names:
            raise ApiRefusal(404, "NotFound", f"The dataset has no media with the id {media_id!r}.")
        return known.names[media_id]

    @contextmanager
    def _opened(self) -> Iterator[Dataset]:
        with self._lock, _translated(), open_dataset(self._address, config=self._config) as dataset:
            yield dataset


def _references(dataset: Dataset) -> dict[str, str]:
    document = dataset.document
    return {
        str(row[ID_FIELD]): str(row[field])
        for collection, field in REFERENCES.items()
        if collection in document.collections
        for row in document.rows(collection)
        if row.get(field)
    }


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what a dataset or a store says as a refusal.

    400 for what was named wrong, 404 for what is not there, 409 for what others prevent, 502 for a store that refuses
    this backend, 503 for one that can't be reached.
    """
    try:
        yield
    except (InvalidUriError, NotOnS3Error) as error:
        raise ApiRefusal(400, "InvalidRequest", str(error)) from error
    except (ObjectNotFoundError, BucketNotFoundError) as error:
        raise ApiRefusal(404, "NotFound", str(error)) from error
    except (AccessDeniedError, CredentialsError) as error:
        raise ApiRefusal(502, "StorageRefused", str(error)) from error
    except StorageError as error:
        raise ApiRefusal(503, "StorageUnavailable", str(error)) from error
    except DeletedElsewhereError as error:
        raise ApiRefusal(409, "Conflict", str(error)) from error
    except DocumentError as error:
        raise ApiRefusal(409, "DatasetUnusable", str(error)) from error
