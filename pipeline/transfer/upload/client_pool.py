"""Lends the workers of one upload their clients, whose connections stay open from one step to the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from config import BackendApi
from pipeline.transfer.http.client import BackendClient
from pipeline.transfer.http.exchange import Http
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.store_client import StoreClient
from pipeline.transfer.manifests.inventory import Inventory
from pipeline.transfer.upload.sender import UploadContext

if TYPE_CHECKING:
    from pipeline.transfer.http.connections import Connections


@dataclass(frozen=True, kw_only=True)
class Clients:
    """One worker's way to the servers, or that of its second thread: an HTTP session belongs to one thread."""

    backend: BackendClient
    store: StoreClient = field(repr=False)
    inventory: Inventory = field(repr=False)


def clients(api: BackendApi, http: Http, login: Login, context: UploadContext) -> Clients:
    """Return clients that use one session."""
    return Clients(
        backend=BackendClient(api, http, context.note, login),
        store=StoreClient(http, context.note),
        inventory=Inventory(
            api,
            http,
            delays=context.delays,
            cancel=context.cancel,
            note=context.note,
            login=login,
            recovery=context.recovery,
        ),
    )


class ClientPool:
    """The clients of one upload; leaving it closes their sessions."""

    def __init__(self, backend: BackendApi, login: Login, connections: Connections, context: UploadContext) -> None:
        self._backend = backend
        self._login = login
        self._connections = connections
        self._context = context
        self._lock = threading.Lock()
        self._opened = ExitStack()
        self._free: list[tuple[Clients, Clients]] = []

    def __enter__(self) -> ClientPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    @contextmanager
    def lend(self) -> Iterator[tuple[Clients, Clients]]:
        """Lend a worker its two sets of clients. They outlive it: the next step must not connect anew."""
        with self._lock:
            lent = self._free.pop() if self._free else (self._open(), self._open())
        try:
            yield lent
        finally:
            with self._lock:
                self._free.append(lent)

    def _open(self) -> Clients:
        session = self._opened.enter_context(self._connections.session())
        return clients(self._backend, session, self._login, self._context)
