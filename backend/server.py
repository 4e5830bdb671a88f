"""Runs the reference backend: until Ctrl-C for the command line, in a thread for the demo and for tests."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import uvicorn
from starlette.types import ASGIApp

from backend.access.signing import HmacUrlSigner
from backend.app import create_app
from backend.routes.addresses import SignedPaths
from backend.serving.connection_limits import raise_open_files_limit
from backend.serving.connections import ClientConnections
from backend.serving.draining import DrainingApp
from backend.serving.http_server import BACKLOG, HUNG_UP_S, KEEP_ALIVE_S, STOP_S, HttpServer, sentences
from backend.serving.limited_protocol import LimitedProtocol, RequestsPerClient
from backend.serving.log_output import show_log
from backend.serving.noted_requests import NotedRequests
from backend.serving.proxies import ForwardedRequests, TrustedProxies, path_in_front
from backend.serving.request_log import RequestLog
from backend.serving.root_guard import RootGuard
from backend.serving.service import Installed, Service
from backend.settings import BackendSettings
from backend.state.storage_root import marker_of
from pipeline.errors import SettingsError
from storage import RootMarker, StorageGoneError, create

if TYPE_CHECKING:
    from backend.serving.metrics import Metrics

_ANYWHERE = ("", "0.0.0.0", "::")


class RunningBackend:
    """A reference backend that answers requests."""

    def __init__(self, url: str, settings: BackendSettings) -> None:
        self.url = url
        self.settings = settings

    def watch_url(self, prefix: str) -> str:
        """Return the player page's address for what was uploaded to `prefix`."""
        return f"{self.url}/watch/{quote(prefix)}"


def serve(
    settings: BackendSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    announce: Callable[[RunningBackend], None],
    reread: Callable[[BackendSettings], BackendSettings] | None = None,
) -> None:
    """Serve until Ctrl-C or a request to terminate; requests under way may end first. Writes a log of all requests.

    Args:
        settings: the backend's settings.
        host: the address to listen on.
        port: the port, 0 for any free one.
        announce: called once, when requests are answered.
        reread: called at SIGHUP with the settings in force, returns those to come; it may raise SettingsError.

    Raises:
        SettingsError: the port is taken, the address is not this machine's, or the storage can't be used.
    """
    listener, url = listen(host, port)
    raise_open_files_limit()
    with listener:
        show_log(settings.log_format)
        server = make_server(settings, lambda: announce(RunningBackend(url, settings)), logged=True, reread=reread)
        with suppress(KeyboardInterrupt):  # uvicorn has stopped in order by then and only passes the signal on
            server.run(sockets=[listener])


@contextmanager
def serve_in_thread(settings: BackendSettings, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[RunningBackend]:
    """Serve while the block runs. Leaves no thread and no open socket behind. Raises SettingsError."""
    listener, url = listen(host, port)
    with listener:
        ready = threading.Event()
        with running_in_thread(make_server(settings, ready.set), listener, ready, name="reference-backend"):
            yield RunningBackend(url, settings)


@contextmanager
def running_in_thread(
    server: uvicorn.Server, listener: socket.socket, ready: threading.Event, *, name: str
) -> Iterator[None]:
    """Run a server, which sets `ready` when it answers, while the block runs; leave no thread. Raises SettingsError."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[listener])
        except BaseException as error:  # noqa: BLE001  the thread's outermost frame: told to who waits for it
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    ready.wait()
    try:
        if not failures:
            yield
    finally:
        server.should_exit = True
        thread.join()
    if failures and isinstance(failures[0], SettingsError):
        raise failures[0]
    if failures:
        raise RuntimeError("The embedded backend has failed.") from failures[0]


def listen(
    host: str, port: int, *, who: str = "The backend", remedy: str = "choose another port or host"
) -> tuple[socket.socket, str]:
    """Return a listening socket and the address to reach it at.

    Raises SettingsError, which says who can't listen, and what can be done.
    """
    if not 0 <= port <= 65535:  # the system would quietly take another port, the rest of a division
        raise SettingsError(f"{who} can't listen on port {port}: choose one from 1 to 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        # asyncio does it only for listeners of its own making; without it, half of every answer waits 40 ms for the
        # other's receipt
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or "no such host"
        reason = said.partition(" (while attempting")[0]  # what Python adds is for programmers
        raise SettingsError(f"{who} can't listen on {host}, port {port} ({reason}): {remedy}.") from error
    reachable = "127.0.0.1" if host in _ANYWHERE else host
    shown = f"[{reachable}]" if ":" in reachable else reachable
    return listener, f"http://{shown}:{listener.getsockname()[1]}"


def make_server(
    settings: BackendSettings,
    ready: Callable[[], None],
    *,
    logged: bool = False,
    reread: Callable[[BackendSettings], BackendSettings] | None = None,
    metrics_folder: Path | None = None,
) -> HttpServer:
    """Return a server that calls `ready` when it answers; `logged` lets it write its log, and `metrics_folder` is where
    several count together. Raises SettingsError.
    """
    logging.getLogger("uvicorn.error").addFilter(sentences)
    proxies = TrustedProxies(settings.trusted_proxies)
    lasting = _Lasting(
        connections=ClientConnections(settings.limits, proxies),
        proxies=proxies,
        metrics=_metrics(metrics_folder) if settings.metrics else None,
        logged=logged,
    )

    def install(chosen: BackendSettings) -> Installed:
        if logged:
            show_log(chosen.log_format)
        return _installed(chosen, lasting, lambda: service.draining)

    service = Service(install(settings))
    config = uvicorn.Config(
        service,
        http=partial(LimitedProtocol, lasting.connections),  # type: ignore[arg-type]  # it is called as the class would be
        backlog=BACKLOG,
        access_log=False,  # its lines would hold the signatures of URLs
        log_config=None,
        log_level="warning",
        lifespan="off",
        ws="none",
        proxy_headers=False,  # `ForwardedRequests` reads them, and from whom the settings say
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S + HUNG_UP_S,
    )
    return HttpServer(config, service, lasting.connections, ready, reread, install, lasting.look)


@dataclass(frozen=True, kw_only=True)
class _Lasting:
    """What one process has whatever its settings become."""

    connections: ClientConnections
    proxies: TrustedProxies
    metrics: Metrics | None
    logged: bool

    def look(self) -> None:
        """Take note of what is true now; called now and then."""
        if self.metrics is not None:
            self.metrics.look_at(self.connections)


def _metrics(folder: Path | None) -> Metrics:
    from backend.serving.metrics import Metrics  # with Prometheus' library, which most have no use for

    return Metrics(folder)


def _installed(settings: BackendSettings, lasting: _Lasting, draining: Callable[[], bool]) -> Installed:
    """Put one set of settings into force. Raises SettingsError."""
    marker = RootMarker(marker_of(settings.root))
    try:
        marker.check()  # before anything is made in there
    except StorageGoneError as error:
        raise SettingsError(str(error)) from error
    signer = HmacUrlSigner(settings.signing_secret)
    storage = create(settings.storage, signer=SignedPaths(signer, time.time))
    notes = [] if lasting.metrics is None else [lasting.metrics.note]
    if lasting.logged:
        notes.append(RequestLog(settings.log_format, (settings.token, settings.signing_secret)).add)
    # from innermost to outermost
    closing = ExitStack()
    app: ASGIApp = create_app(settings, storage, signer, lasting.metrics, closing)
    app = RootGuard(app, marker)
    app = DrainingApp(app, draining, (settings.endpoints.presign_endpoint,))
    app = RequestsPerClient(app, lasting.connections)
    app = NotedRequests(app, notes)
    app = ForwardedRequests(app, lasting.proxies, path_in_front(settings.public_base_url, settings.endpoints.endpoints))
    return Installed(app=app, storage=storage, settings=settings, closing=closing)
