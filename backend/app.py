"""Puts the reference backend together. The only module that knows all of its parts."""

from __future__ import annotations

import time

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from backend.answers import ApiRefusal, ObjectRefusal, answer_api_refusal, answer_object_refusal, answer_other
from backend.api import ApiRoutes
from backend.objects import ObjectRoutes
from backend.pages import PageRoutes
from backend.records import RECORDS_FILE, FileRecords
from backend.settings import BackendSettings
from backend.signing import PRIVATE, UrlSigner
from pipeline.errors import SettingsError
from storage import LocalStorageBackend, StorageError

_EXPOSED = ("Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Last-Modified")


def create_app(settings: BackendSettings) -> FastAPI:
    """Return the reference backend as an ASGI app; makes its folder ready. Raises SettingsError."""
    storage = LocalStorageBackend(settings.root, max_size_bytes=settings.max_size_bytes)
    try:
        storage.prepare()
    except StorageError as error:
        raise SettingsError(f"The storage folder {settings.root} can't be used: check its permissions or choose another one.") from error
    signer = UrlSigner(settings.signing_secret)
    records = FileRecords(settings.root / PRIVATE / RECORDS_FILE)
    # The interactive API pages load their scripts from elsewhere; a slash too many in a key must not become a redirect.
    app = FastAPI(title="HLS Converter reference backend", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    # Any page may play what is stored. No cookies are in use, so other sites gain nothing here that they could not ask themselves.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "PUT", "POST", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=_EXPOSED,
        max_age=3600,
    )
    app.add_exception_handler(ApiRefusal, answer_api_refusal)
    app.add_exception_handler(ObjectRefusal, answer_object_refusal)
    app.add_exception_handler(HTTPException, answer_other)
    app.include_router(ApiRoutes(settings, signer, records, time.time).router())
    app.include_router(ObjectRoutes(storage, signer, time.time).router())
    app.include_router(PageRoutes(settings, storage).router())
    return app
