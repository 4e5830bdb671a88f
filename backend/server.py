"""Runs the reference backend: until Ctrl-C for the command line, in a thread for the demo and for tests."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from urllib.parse import quote

import uvicorn

from backend.addresses import SignedPaths
from backend.app import create_app
from backend.connection_limits import raise_open_files_limit
from backend.connections import ClientConnections
from backend.limited_protocol import LimitedProtocol, RequestsPerClient
from backend.log_output import show_log
from backend.noted_requests import NotedRequests
from backend.proxies import ForwardedRequests, TrustedProxies, path_in_front
from backend.request_log import RequestLog
from backend.settings import BackendSettings
from backend.signing import HmacUrlSigner
from pipeline.errors import SettingsError
from storage import StorageBackend, StorageError, create

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: uploaders pause less between files, so none breaks when used again."""

STOP_S = 3
"""How long requests under way may take to end once the server is told to stop, in seconds: then they are hung up on."""

HUNG_UP_S = 3
"""How long requests that were hung up on may take to end, in seconds."""

_BACKLOG = 512
_ANYWHERE = ("", "0.0.0.0", "::")


class _Sentences(logging.Filter):
    """Lets a storage that fails while it is read from leave a sentence in the log, not a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        cause = _origin(record.exc_info[1]) if record.exc_info else None
        if isinstance(cause, StorageError):
            record.msg, record.args, record.exc_info = str(cause), (), None
        return True


_sentences = _Sentences()


def _origin(error: BaseException | None) -> BaseException | None:
    """Return what an error comes from: the framework wraps what goes wrong once an answer has begun."""
    while error is not None:
        group: Sequence[BaseException] = getattr(error, "exceptions", ())  # ExceptionGroup, which Python 3.10 has not
        inner = group[0] if len(group) == 1 else error.__cause__ if isinstance(error, RuntimeError) else None
        if inner is None:
            return error
        error = inner
    return None


class RunningBackend:
    """A reference backend that answers requests."""

    def __init__(self, url: str, settings: BackendSettings) -> None:
        self.url = url
        self.settings = settings

    def watch_url(self, prefix: str) -> str:
        """Return the player page's address for what was uploaded to `prefix`."""
        return f"{self.url}/watch/{quote(prefix)}"


class _Server(uvicorn.Server):
    """Opens and closes the storage, says when it is ready, and does not wait for ever to stop."""

    def __init__(
        self,
        config: uvicorn.Config,
        storage: StorageBackend,
        connections: ClientConnections,
        ready: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._storage = storage
        self._connections = connections
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await self._storage.start()
        except StorageError as error:
            await self._storage.close()
            raise SettingsError(str(error)) from error
        self._connections.attach(asyncio.get_running_loop())
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hanging_up = asyncio.get_running_loop().call_later(STOP_S, self._hang_up)
        try:
            await super().shutdown(sockets)
        finally:
            hanging_up.cancel()
            self._connections.detach()
            await self._storage.close()

    def _hang_up(self) -> None:
        """End requests that wait for a silent client, the way they end when the client goes away: in order."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def serve(
    settings: BackendSettings, *, host: str = "127.0.0.1", port: int = 8000, announce: Callable[[RunningBackend], None]
) -> None:
    """Serve until Ctrl-C or a request to terminate; requests under way may end first. Writes a log of all requests.

    Args:
        settings: the backend's settings.
        host: the address to listen on.
        port: the port, 0 for any free one.
        announce: called once, when requests are answered.

    Raises:
        SettingsError: the port is taken, the address is not this machine's, or the storage can't be used.
    """
    listener, url = listen(host, port)
    raise_open_files_limit()
    with listener:
        show_log(settings.log_format)
        server = _server(settings, lambda: announce(RunningBackend(url, settings)), logged=True)
        with suppress(KeyboardInterrupt):  # uvicorn has stopped in order by then and only passes the signal on
            server.run(sockets=[listener])


@contextmanager
def serve_in_thread(settings: BackendSettings, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[RunningBackend]:
    """Serve while the block runs. Leaves no thread and no open socket behind. Raises SettingsError."""
    listener, url = listen(host, port)
    with listener:
        ready = threading.Event()
        with running_in_thread(_server(settings, ready.set), listener, ready, name="reference-backend"):
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
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
        # asyncio does it only for listeners of its own making; without it, half of every answer waits 40 ms for the
        # other's receipt
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such host"
        raise SettingsError(f"{who} can't listen on {host}, port {port} ({reason}): {remedy}.") from error
    reachable = "127.0.0.1" if host in _ANYWHERE else host
    shown = f"[{reachable}]" if ":" in reachable else reachable
    return listener, f"http://{shown}:{listener.getsockname()[1]}"


def _server(settings: BackendSettings, ready: Callable[[], None], *, logged: bool = False) -> _Server:
    logging.getLogger("uvicorn.error").addFilter(_sentences)
    signer = HmacUrlSigner(settings.signing_secret)
    storage = create(settings.storage, signer=SignedPaths(signer, time.time))
    log = RequestLog(settings.log_format, (settings.token, settings.signing_secret)) if logged else None
    proxies = TrustedProxies(settings.trusted_proxies)
    connections = ClientConnections(settings.limits, proxies)
    bounded = RequestsPerClient(create_app(settings, storage, signer), connections)
    app = ForwardedRequests(
        NotedRequests(bounded, log.add if log else None),
        proxies,
        path_in_front(settings.public_base_url, settings.endpoints.endpoints),
    )
    config = uvicorn.Config(
        app,
        http=partial(LimitedProtocol, connections),  # type: ignore[arg-type]  # it is called as the class would be
        backlog=_BACKLOG,
        access_log=False,  # its lines would hold the signatures of URLs
        log_config=None,
        log_level="warning",
        lifespan="off",
        ws="none",
        proxy_headers=False,  # `ForwardedRequests` reads them, and from whom the settings say
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S + HUNG_UP_S,
    )
    return _Server(config, storage, connections, ready)
