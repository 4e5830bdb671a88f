"""uvicorn as the backend needs it: with a storage to open and close, an end in order, and settings read meanwhile."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType

import uvicorn

from backend.serving.connections import ClientConnections
from backend.serving.hangup import on_hangup, terminal_is_gone
from backend.serving.log_output import notices
from backend.serving.service import NOT_TAKEN_OVER, Installed, Service
from backend.settings import BackendSettings
from pipeline.errors import SettingsError
from storage import StorageError

BACKLOG = 512
"""How many connections may wait to be accepted."""

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: uploaders pause less between files, so none breaks when used again."""

STOP_S = 3
"""How long requests under way may take to end once the server is told to stop, in seconds: then they are hung up on."""

HUNG_UP_S = 3
"""How long requests that were hung up on may take to end, in seconds."""

_LOOK_S = 0.1
_TICKS_A_SECOND = 10


class _Sentences(logging.Filter):
    """Lets a storage that fails while it is read from leave a sentence in the log, not a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        cause = _origin(record.exc_info[1]) if record.exc_info else None
        if isinstance(cause, StorageError):
            record.msg, record.args, record.exc_info = str(cause), (), None
        return True


sentences = _Sentences()


def _origin(error: BaseException | None) -> BaseException | None:
    """Return what an error comes from: the framework wraps what goes wrong once an answer has begun."""
    while error is not None:
        group: Sequence[BaseException] = getattr(error, "exceptions", ())  # ExceptionGroup, which Python 3.10 has not
        inner = group[0] if len(group) == 1 else error.__cause__ if isinstance(error, RuntimeError) else None
        if inner is None:
            return error
        error = inner
    return None


class HttpServer(uvicorn.Server):
    """Opens and closes the storage, says when it is ready, and does not wait for ever to stop.

    SIGTERM, or `stop`, lets what is under way end first, and a second one no more; SIGHUP, or `renew`, takes settings
    over. `reread` is given those in force and returns those to come. `look` is called about once a second.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        service: Service,
        connections: ClientConnections,
        ready: Callable[[], None],
        reread: Callable[[BackendSettings], BackendSettings] | None,
        install: Callable[[BackendSettings], Installed],
        look: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._service = service
        self._connections = connections
        self._ready = ready
        self._reread = reread
        self._install = install
        self._look = look
        self._renewal: Callable[[BackendSettings], BackendSettings] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._stop_asked = False
        self._hurried = False
        self._drained_by: float | None = None

    def stop(self) -> None:
        """Take no new uploads from now on, and end when what is under way has ended or its time is over. Asked again,
        end at once. May be called from a signal handler and from another thread.
        """
        if self._stop_asked or self.should_exit:
            self._hurried = self.should_exit = True
        self._stop_asked = True

    def renew(self, reread: Callable[[BackendSettings], BackendSettings]) -> None:
        """Take over what `reread` returns, while requests go on. May be called as `stop` may."""
        self._renewal = reread

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the storage and listen; see uvicorn. Raises SettingsError."""
        await self._service.start()
        self._connections.attach(asyncio.get_running_loop())
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Do what was asked for meanwhile, and return whether to end; uvicorn calls it all the time."""
        if self._renewal is not None and (self._renewing is None or self._renewing.done()):
            reread, self._renewal = self._renewal, None
            self._renewing = asyncio.create_task(self._take_over(reread))
        if self._stop_asked and not self.should_exit:
            self._drain(asyncio.get_running_loop().time())
        if counter % _TICKS_A_SECOND == 0:
            self._look()
        return await super().on_tick(counter)

    def _drain(self, now_s: float) -> None:
        """Begin to drain, or see whether it is over."""
        if self._drained_by is None:
            limit_s = self._service.settings.drain_s
            self._drained_by = now_s + limit_s
            self._service.drain()
            if not self._service.drained:
                notices.info("Stopping: requests under way have up to %g s to end, new uploads are refused.", limit_s)
        if self._service.drained or now_s >= self._drained_by:
            self.should_exit = True

    async def _take_over(self, reread: Callable[[BackendSettings], BackendSettings]) -> None:
        try:
            settings = await asyncio.to_thread(reread, self._service.settings)
            # the app opens SQLite files, and waits for other processes that write to them
            await self._service.install(await asyncio.to_thread(self._install, settings))
        except SettingsError as error:
            notices.error(NOT_TAKEN_OVER, error)
        except Exception:  # noqa: BLE001  the task's outermost frame
            notices.exception(NOT_TAKEN_OVER, "the program has a fault.")
        else:
            notices.info("The settings were read anew and are in force.")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Answer SIGTERM and Ctrl-C."""
        if sig == signal.SIGTERM or self._stop_asked:
            self.stop()  # and pass it on to nobody: to end is what was asked for
        else:
            super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Answer signals inside the block."""
        with super().capture_signals(), on_hangup(self._hung_up):
            yield

    def _hung_up(self) -> None:
        if self._reread is None or terminal_is_gone():
            self.stop()
        else:
            self.renew(self._reread)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order; see uvicorn."""
        hanging_up = asyncio.create_task(self._hang_up_in_time())
        try:
            await super().shutdown(sockets)
        finally:
            hanging_up.cancel()
            self._connections.detach()
            await self._service.close()

    async def _hang_up_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        latest_s = loop.time() + STOP_S
        while not self._hurried and loop.time() < latest_s:
            await asyncio.sleep(_LOOK_S)
        self._hang_up()

    def _hang_up(self) -> None:
        """End requests that wait for a silent client, the way they end when the client goes away: in order."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
