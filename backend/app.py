"""Puts the reference backend together. The only module that knows all of its parts."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend.access.named_tokens import NamedTokens
from backend.access.signing import HmacUrlSigner
from backend.access.stream_rules import StreamRules
from backend.access.token_check import token_check
from backend.access.viewer_addresses import ViewerAddresses
from backend.routes.addresses import Addresses
from backend.routes.api import ApiRoutes
from backend.routes.catalogue import CatalogueRoutes
from backend.routes.description import openapi_document, refusals
from backend.routes.error_responses import (
    ApiRefusal,
    ObjectRefusal,
    answer_api_refusal,
    answer_disconnected,
    answer_invalid,
    answer_object_refusal,
    answer_other,
    answer_records,
    answer_storage,
)
from backend.routes.health import HealthRoutes, Readiness
from backend.routes.multipart import MultipartRoutes
from backend.routes.objects import ObjectRoutes
from backend.routes.pages import PageRoutes
from backend.routes.record_routes import RecordRoutes
from backend.routes.reference_page import ReferenceRoutes
from backend.routes.viewer_routes import ViewerRoutes, ViewerUrlRoutes
from backend.serving.any_origin import AnyOrigin
from backend.settings import BackendSettings
from backend.state.records import FileRecords, records_in
from backend.state.sqlite_file import SqliteFileError
from backend.state.storage_root import marker_of
from pipeline.errors import SettingsError
from storage import RootMarker, StorageBackend, StorageError
from storage.own_thread import in_own_thread

if TYPE_CHECKING:
    from backend.serving.metrics import Metrics

_EXPOSED = ("Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Last-Modified", "X-Request-ID")


def create_app(
    settings: BackendSettings,
    storage: StorageBackend,
    signer: HmacUrlSigner,
    metrics: Metrics | None = None,
    closing: ExitStack | None = None,
) -> FastAPI:
    """Return the reference backend as an ASGI app over a storage, which the caller starts and closes; with metrics it
    tells them. `closing` is given what to close when the app is not asked any more.

    Makes the file records ready. Raises SettingsError.
    """
    tokens, rules = _tokens_and_rules(settings, closing)
    records = records_in(settings.root)
    try:
        records.prepare()
    except SqliteFileError as error:
        raise SettingsError(str(error)) from error
    # FastAPI's own pages load their scripts from elsewhere; a slash too many in a key must not become a redirect.
    app = FastAPI(
        title="HLS Converter reference backend",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name,
    )
    app.add_middleware(AnyOrigin, exposed=_EXPOSED)
    _answer_errors(app)

    viewers = ViewerAddresses(settings.signing_secret, rules, time.time, settings.delivery.public_object)
    addresses = Addresses(settings.public_base_url, viewers.download_path)
    check_token = token_check(settings.token, tokens)
    guarded = APIRouter(dependencies=[Depends(check_token)], responses=refusals(401, 403, 503))
    guarded.include_router(ApiRoutes(settings, storage, addresses).router())
    guarded.include_router(RecordRoutes(settings.endpoints, records, storage).router())
    guarded.include_router(
        CatalogueRoutes(storage, addresses, bucket=settings.bucket, url_ttl_s=settings.url_ttl_s).router()
    )
    guarded.include_router(MultipartRoutes(storage, addresses, url_ttl_s=settings.url_ttl_s).router())
    guarded.include_router(ViewerUrlRoutes(viewers, addresses, time.time).router())
    if settings.dataset:
        from backend.routes.datasets import DatasetRoutes  # with what S3 needs, which takes a third of a second to load

        guarded.include_router(DatasetRoutes(settings.dataset, settings.config).router())
    if metrics is not None:
        from backend.routes.metrics_routes import MetricsRoutes  # with Prometheus' library

        guarded.include_router(MetricsRoutes(metrics, storage, records).router())
    app.include_router(guarded)
    app.include_router(HealthRoutes(_readiness(settings, storage, records, tokens, rules), check_token).router())
    objects = ObjectRoutes(storage, signer, rules, settings.delivery, time.time)
    pages = PageRoutes(settings, storage, rules)
    for part in (objects, pages, ViewerRoutes(viewers, objects, pages)):
        app.include_router(part.router())
    app.include_router(ReferenceRoutes(settings, openapi_document(app, settings.storage)).router())
    return app


def _tokens_and_rules(settings: BackendSettings, closing: ExitStack | None) -> tuple[NamedTokens, StreamRules]:
    tokens, rules = NamedTokens(settings.root), StreamRules(settings.root, settings.streams)
    if closing is not None:  # not left to the garbage collector: FastAPI remembers the routes of apps that are gone
        closing.callback(tokens.close)
        closing.callback(rules.close)
    tokens.prepare()
    rules.prepare()
    return tokens, rules


def _readiness(
    settings: BackendSettings, storage: StorageBackend, records: FileRecords, tokens: NamedTokens, rules: StreamRules
) -> Readiness:
    marker = RootMarker(marker_of(settings.root))

    def check_own_files() -> None:
        marker.check()
        records.check(wait_s=1)
        tokens.all()
        rules.all()

    own_files = partial(in_own_thread, check_own_files)
    return Readiness({"The storage": storage.check_storable, "The folder of the file records": own_files})


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(ApiRefusal, answer_api_refusal)
    app.add_exception_handler(ObjectRefusal, answer_object_refusal)
    app.add_exception_handler(StorageError, answer_storage)
    app.add_exception_handler(SqliteFileError, answer_records)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_other)
    app.add_exception_handler(ClientDisconnect, answer_disconnected)


def _name(route: APIRoute) -> str:
    return route.name
