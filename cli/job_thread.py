"""Runs a job on a worker thread while the main thread waits for its end or for Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.interrupts import on_interrupt
from pipeline.cancel import CancelToken
from pipeline.events import Event, Sink
from pipeline.model import JobReport

LOOK_S = 0.2
"""How often the main thread wakes for a Ctrl-C, in seconds: on Windows none reaches a thread that waits."""

PATIENCE_S = 60.0
"""How long a job may take to end after Ctrl-C, with its programs, requests and a slow disk, in seconds."""

Job = Callable[[Sink, CancelToken], JobReport]


class Watched:
    """Shows events while somebody reads them. Where `show` can't write any more, as when its reader went away, all is
    cancelled, and `check` raises the OSError.
    """

    def __init__(self, show: Sink, cancel: CancelToken) -> None:
        self._show = show
        self._cancel = cancel
        self._unwritten: list[OSError] = []

    def event(self, event: Event) -> None:
        """Show an event."""
        self.show_by(self._show, event)

    def show_by(self, show: Sink, event: Event) -> None:
        """Show an event elsewhere."""
        try:
            if not self._unwritten:
                show(event)
        except OSError as error:
            self._unwritten.append(error)
            self._cancel.cancel()

    def check(self) -> None:
        """Raise what went wrong in writing, if anything did."""
        if self._unwritten:
            raise self._unwritten[0]


class Interrupts:
    """What Ctrl-C and SIGTERM do while jobs run: they cancel them, and end a question that the main thread asks."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._asked = False
        self._asks = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Answer the signals inside the block, in the main thread."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        with on_interrupt(self._answer, patience_s=PATIENCE_S, numbers=numbers):
            yield

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Inside the block, where the main thread works or waits for an answer, a signal raises KeyboardInterrupt."""
        self._asks = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._asks = False

    def look(self) -> None:
        """Cancel if there was a signal; a handler can't, as it may interrupt whoever has the lock that it needs."""
        if self._asked:
            self._cancel.cancel()

    def _answer(self) -> None:
        self._asked = True
        if self._asks:
            raise KeyboardInterrupt


def run_cancellable(job: Job, show: Sink, cancel: CancelToken) -> JobReport:
    """Run a job on a thread of its own; Ctrl-C and SIGTERM cancel it and the report says so.

    Where `show` can't write any more, as when its reader went away, the job is cancelled and the OSError raised.
    """
    reports: list[JobReport] = []
    ended = threading.Event()
    watched, interrupts = Watched(show, cancel), Interrupts(cancel)

    def work() -> None:
        try:
            reports.append(job(watched.event, cancel))
        finally:
            ended.set()

    thread = threading.Thread(target=work, name="job")
    # no exception is raised in the waiting: before Python 3.13 one inside Thread.join makes a running thread look ended
    # (https://github.com/python/cpython/issues/90882)
    with interrupts():
        thread.start()
        while not ended.wait(LOOK_S):
            interrupts.look()
        thread.join()
    watched.check()
    return reports[0]
