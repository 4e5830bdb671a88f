"""Several processes that serve one storage at one address, and the one that looks after them.

Signals are for that one alone: it passes on to the others what they are to do.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from backend.server import RunningBackend, listen, make_server
from backend.serving.connection_limits import raise_open_files_limit
from backend.serving.hangup import on_hangup, terminal_is_gone
from backend.serving.http_server import HUNG_UP_S, STOP_S, HttpServer
from backend.serving.log_output import notices, show_log
from backend.serving.service import NOT_TAKEN_OVER
from backend.settings import BackendSettings
from config import count_in_folder
from pipeline.errors import SettingsError

MOST_RESTARTS, RESTARTS_S = 10, 60.0
"""More workers than this may not end unexpectedly within so many seconds: then something is wrong for all of them."""

_LOOK_S = 0.2
_LATE_S = 10.0
"""How much longer than it may take a worker is waited for, in seconds, before it is killed."""


class _Order(Enum):
    """What a worker is told to do; settings are sent as themselves."""

    STOP = "end when what is under way has ended; said twice, end at once"
    END = "end soon"


@dataclass(frozen=True)
class _Ready:
    """A worker answers requests."""


@dataclass(frozen=True)
class _Failed:
    """A worker can't begin, for these reasons."""

    sentences: tuple[str, ...]


class Restarts:
    """Counts the workers that ended unexpectedly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ended: deque[float] = deque()

    def one_more(self) -> bool:
        """Count one, and return whether another may take its place."""
        now_s = self._clock()
        self._ended.append(now_s)
        while now_s - self._ended[0] > RESTARTS_S:
            self._ended.popleft()
        return len(self._ended) <= MOST_RESTARTS


class _Worker:
    """One process that serves, as the one that looks after it sees it."""

    def __init__(
        self, number: int, settings: BackendSettings, listener: socket.socket, metrics_folder: Path | None
    ) -> None:
        self.number = number
        self.ready = False
        self.link, theirs = multiprocessing.Pipe()
        # each begins anew, on every system: a fork would bring along threads and locks
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=_work, args=(settings, listener, theirs, metrics_folder), daemon=True)
        with _signals_held():
            self.process.start()
        theirs.close()

    def tell(self, what: _Order | BackendSettings) -> None:
        """Tell it something; one that has ended hears nothing."""
        with suppress(OSError):
            self.link.send(what)

    def hear(self) -> None:
        """Take in what it says. Raises SettingsError where it can't begin."""
        with suppress(EOFError, OSError):
            while self.link.poll():
                said = self.link.recv()
                if isinstance(said, _Failed):
                    raise SettingsError(said.sentences)
                self.ready = True

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.join()
        self.link.close()


class _Workers:
    """Those that serve now."""

    def __init__(self, settings: BackendSettings, listener: socket.socket, metrics_folder: Path | None) -> None:
        self._settings = settings
        self._metrics_folder = metrics_folder
        self._listener = listener
        self._all: list[_Worker] = []
        self._restarts = Restarts()
        self._orders: deque[_Order | Callable[[BackendSettings], BackendSettings]] = deque()
        self._stopping = False
        self._end_by_s = float("inf")

    def start(self) -> None:
        """Return when all answer: the first one makes ready what all of them use. Raises SettingsError."""
        for numbers in ([1], range(2, self._settings.workers + 1)):
            self._all += [self._new(number) for number in numbers]
            while not all(worker.ready for worker in self._all) and not self._orders:
                self._wait()
                for worker in self._all:
                    alive = worker.process.is_alive()
                    worker.hear()
                    if not worker.ready and not alive:
                        raise SettingsError(f"The backend can't start: worker {worker.number} {_end_of(worker)}.")

    def order(self, order: _Order | Callable[[BackendSettings], BackendSettings]) -> None:
        """Have an order carried out soon, or settings read anew. May be called from a signal handler."""
        self._orders.append(order)

    def run(self) -> None:
        """Look after them until all have ended because they were told so. Raises SettingsError."""
        while self._all:
            while self._orders:
                self._obey(self._orders.popleft())
            self._wait()
            for worker in [*self._all]:
                if not worker.process.is_alive():
                    self._replace(worker)
            if time.monotonic() > self._end_by_s:
                self.kill()

    def kill(self) -> None:
        """End all that are left."""
        while self._all:
            self._all.pop().kill()

    def _wait(self) -> None:
        wait([worker.process.sentinel for worker in self._all], _LOOK_S)

    def _obey(self, order: _Order | Callable[[BackendSettings], BackendSettings]) -> None:
        if not isinstance(order, _Order):
            self._renew(order)
            return
        limit_s = self._settings.drain_s if order is _Order.STOP and not self._stopping else 0
        self._end_by_s = time.monotonic() + limit_s + STOP_S + HUNG_UP_S + _LATE_S
        self._stopping = True
        for worker in self._all:
            worker.tell(order)

    def _renew(self, reread: Callable[[BackendSettings], BackendSettings]) -> None:
        try:
            self._settings = reread(self._settings)
        except SettingsError as error:
            notices.error(NOT_TAKEN_OVER, error)
            return
        show_log(self._settings.log_format)
        for worker in self._all:
            worker.tell(self._own_settings())

    def _replace(self, worker: _Worker) -> None:
        self._all.remove(worker)
        reason = _end_of(worker)
        try:
            worker.hear()
        except SettingsError as error:
            reason = f"can't serve ({error})"
        worker.link.close()
        if self._stopping:
            return
        if not self._restarts.one_more():
            raise SettingsError(
                f"The backend ends: {MOST_RESTARTS + 1} of its workers ended unexpectedly within {RESTARTS_S:.0f} s."
            )
        notices.error("Worker %d %s: another takes its place.", worker.number, reason)
        if self._metrics_folder is not None and worker.process.pid is not None:
            from backend.serving.metrics import forget_process  # with Prometheus' library, which most have no use for

            forget_process(self._metrics_folder, worker.process.pid)
        self._all.append(self._new(worker.number))

    def _new(self, number: int) -> _Worker:
        return _Worker(number, self._own_settings(), self._listener, self._metrics_folder)

    def _own_settings(self) -> BackendSettings:
        """Return what one worker is told: its share of the connections, where a number of them is set."""
        limits = self._settings.limits
        if limits.max_connections is None:
            return self._settings
        share = max(1, limits.max_connections // self._settings.workers)
        return replace(self._settings, limits=replace(limits, max_connections=share))


def serve_with_workers(
    settings: BackendSettings,
    *,
    host: str,
    port: int,
    announce: Callable[[RunningBackend], None],
    reread: Callable[[BackendSettings], BackendSettings],
) -> None:
    """Serve in as many processes as the settings say, until Ctrl-C or a request to terminate; otherwise as `serve`.

    Raises SettingsError, also where the workers end one after the other.
    """
    listener, url = listen(host, port)
    show_log(settings.log_format)
    with listener, ExitStack() as removed:
        folder = removed.enter_context(TemporaryDirectory(prefix="hls-backend-metrics-")) if settings.metrics else None
        workers = _Workers(settings, listener, None if folder is None else Path(folder))
        try:
            with _signals_to(workers, reread):
                workers.start()
                announce(RunningBackend(url, settings))
                workers.run()
        finally:
            workers.kill()


@contextmanager
def _signals_to(workers: _Workers, reread: Callable[[BackendSettings], BackendSettings]) -> Iterator[None]:
    """Inside the block SIGTERM, Ctrl-C and SIGHUP become orders."""

    def hung_up() -> None:
        workers.order(_Order.STOP if terminal_is_gone() else reread)

    def handle(number: int, _frame: FrameType | None) -> None:
        workers.order(_Order.END if number == signal.SIGINT else _Order.STOP)

    with ExitStack() as restored, on_hangup(hung_up):
        for number in (signal.SIGINT, signal.SIGTERM):
            restored.callback(signal.signal, number, signal.signal(number, handle))
        yield


@contextmanager
def _signals_held() -> Iterator[None]:
    """Inside the block a process is started that hears no signal before it can ignore them (POSIX)."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would let signals through when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_of(worker: _Worker) -> str:
    code = worker.process.exitcode
    return f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"


def _work(settings: BackendSettings, listener: socket.socket, link: Connection, metrics_folder: Path | None) -> None:
    """Serve in a process of its own until an order says to end, or nobody is left to give one."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise_open_files_limit()
    failures: list[SettingsError] = []
    try:
        if metrics_folder is not None:
            count_in_folder(metrics_folder)
        server = make_server(settings, lambda: link.send(_Ready()), logged=True, metrics_folder=metrics_folder)
    except SettingsError as error:
        link.send(_Failed(error.sentences))
        return

    def serve() -> None:
        try:
            server.run(sockets=[listener])
        except SettingsError as error:
            failures.append(error)

    serving = threading.Thread(target=serve, name="serving")  # signals are nothing to it there
    serving.start()
    try:
        while serving.is_alive():
            if link.poll(_LOOK_S):
                _carry_out(link.recv(), server)
    except (EOFError, OSError):
        server.should_exit = True
    serving.join()
    if failures:
        link.send(_Failed(failures[0].sentences))


def _carry_out(order: _Order | BackendSettings, server: HttpServer) -> None:
    if isinstance(order, BackendSettings):
        server.renew(lambda _: order)
    elif order is _Order.STOP:
        server.stop()
    else:
        server.should_exit = True
