"""`/metrics`, for Prometheus."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import Response

from backend.access.rights import Right
from backend.access.token_check import Granted, check_key, needs
from backend.routes.description import refusals
from backend.serving.metrics import CONTENT_TYPE, Metrics, StorageFigures
from backend.state.records import FileRecords
from storage import StorageBackend


class MetricsRoutes:
    """One request, which needs a token that may read."""

    def __init__(self, metrics: Metrics, storage: StorageBackend, records: FileRecords) -> None:
        self._metrics = metrics
        self._storage = storage
        self._records = records

    def router(self) -> APIRouter:
        """Return the route."""
        router = APIRouter()
        router.add_api_route(
            "/metrics",
            self.metrics,
            methods=["GET"],
            dependencies=[needs(Right.READ)],
            response_class=Response,
            responses={200: {"description": "The metrics.", "content": {"text/plain": {}}}, **refusals(503)},
        )
        return router

    async def metrics(self, grant: Granted) -> Response:
        """Tell Prometheus what this backend has done and how full its storage is."""
        check_key(grant, "")  # it is about all that is stored
        figures = StorageFigures(
            usage=await self._storage.get_usage(), file_records=await asyncio.to_thread(self._records.count)
        )
        return Response(await asyncio.to_thread(self._metrics.exposition, figures), media_type=CONTENT_TYPE)
