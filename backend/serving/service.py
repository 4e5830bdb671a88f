"""The app that answers while the backend runs: exchanged when settings are read anew, drained before the end."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.settings import BackendSettings
from backend.state.records import records_in
from backend.state.sqlite_file import SqliteFileError
from pipeline.errors import SettingsError
from storage import StorageBackend, StorageError, StorageFullError, StorageReadOnlyError

NOT_TAKEN_OVER = "The settings were not taken over, and the earlier ones stay in force: %s"


@dataclass(kw_only=True, eq=False)
class Installed:
    """An app over a storage, as one set of settings has it; `under_way` counts the requests that began with it."""

    app: ASGIApp
    storage: StorageBackend
    settings: BackendSettings
    closing: ExitStack = field(default_factory=ExitStack)
    """What is closed with the storage."""
    under_way: int = 0

    async def close(self) -> None:
        """Close what is open. Closing twice is fine."""
        await self.storage.close()
        self.closing.close()


class Service:
    """An ASGI app in front of the one that is installed. A request ends with the app that it began with."""

    def __init__(self, installed: Installed) -> None:
        self._installed = installed
        self._earlier: set[Installed] = set()
        self._under_way: set[object] = set()
        self._awaited: set[object] | None = None

    @property
    def settings(self) -> BackendSettings:
        """The settings in force."""
        return self._installed.settings

    @property
    def draining(self) -> bool:
        """Whether the backend was told to stop."""
        return self._awaited is not None

    @property
    def drained(self) -> bool:
        """Whether all requests have ended that were under way when the backend was told to stop."""
        return self._awaited is not None and self._awaited.isdisjoint(self._under_way)

    def drain(self) -> None:
        """Remember which requests have to end before the backend may."""
        self._awaited = set(self._under_way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; see ASGI."""
        installed, request = self._installed, object()
        installed.under_way += 1
        self._under_way.add(request)
        try:
            await installed.app(scope, receive, send)
        finally:
            self._under_way.discard(request)
            installed.under_way -= 1
            if not installed.under_way and installed in self._earlier:
                self._earlier.discard(installed)
                await installed.close()

    async def start(self) -> None:
        """Open the storage. Raises SettingsError."""
        await _start(self._installed)

    async def install(self, new: Installed) -> None:
        """Open the storage of another app and answer with that from now on. Raises SettingsError: nothing changes."""
        await _start(new)
        old, self._installed = self._installed, new
        if old.under_way:
            self._earlier.add(old)
        else:
            await old.close()

    async def close(self) -> None:
        """Close what is open."""
        for installed in (self._installed, *self._earlier):
            await installed.close()
        self._earlier.clear()


async def _start(installed: Installed) -> None:
    storage, settings = installed.storage, installed.settings
    try:
        await storage.start()
        if settings.storage.quotas:
            with suppress(StorageFullError, StorageReadOnlyError):  # what is stored can be watched
                await storage.count_other(await asyncio.to_thread(records_in(settings.root).total_bytes))
    except (StorageError, SqliteFileError) as error:
        await installed.close()
        raise SettingsError(str(error)) from error
