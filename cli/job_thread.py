"""Runs a job on a worker thread while the main thread waits for its end or for Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from cli.interrupts import on_interrupt
from pipeline.cancel import CancelToken
from pipeline.events import Event, Sink
from pipeline.model import JobReport

LOOK_S = 0.2
"""How often the main thread wakes for a Ctrl-C, in seconds: on Windows none reaches a thread that waits."""

PATIENCE_S = 60.0
"""How long a job may take to end after Ctrl-C, with its programs, requests and a slow disk, in seconds."""

Job = Callable[[Sink, CancelToken], JobReport]


def run_cancellable(job: Job, show: Sink, cancel: CancelToken) -> JobReport:
    """Run a job on a thread of its own; Ctrl-C and SIGTERM cancel it and the report says so.

    Where `show` can't write any more, as when its reader went away, the job is cancelled and the OSError raised.
    """
    reports: list[JobReport] = []
    unwritten: list[OSError] = []
    ended = threading.Event()

    def show_while_read(event: Event) -> None:
        try:
            if not unwritten:
                show(event)
        except OSError as error:
            unwritten.append(error)
            cancel.cancel()

    def work() -> None:
        try:
            reports.append(job(show_while_read, cancel))
        finally:
            ended.set()

    thread = threading.Thread(target=work, name="job")
    asked: list[bool] = []
    # no exception is raised in the waiting: before Python 3.13 one inside Thread.join makes a running thread look ended
    # (https://github.com/python/cpython/issues/90882)
    with on_interrupt(lambda: asked.append(True), patience_s=PATIENCE_S, numbers=(signal.SIGINT, signal.SIGTERM)):
        thread.start()
        while not ended.wait(LOOK_S):
            if asked:
                cancel.cancel()
        thread.join()
    if unwritten:
        raise unwritten[0]
    return reports[0]
