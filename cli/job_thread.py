"""Runs a job on a worker thread while the main thread waits for its end or for Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.cancel import CancelToken
from pipeline.model import JobReport

LOOK_S = 0.2
"""How often the main thread wakes to take a Ctrl-C, in seconds; Windows delivers none to a thread that waits for ever."""


def run_cancellable(job: Callable[[CancelToken], JobReport], cancel: CancelToken) -> JobReport:
    """Run a job on a thread of its own; Ctrl-C and SIGTERM cancel it and the report says so."""
    reports: list[JobReport] = []
    ended = threading.Event()

    def work() -> None:
        try:
            reports.append(job(cancel))
        finally:
            ended.set()

    thread = threading.Thread(target=work, name="job")
    with _asked_to_stop() as asked:
        thread.start()
        while not ended.wait(LOOK_S):
            if asked:
                cancel.cancel()
        thread.join()
    return reports[0]


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM in a list inside the block.

    No exception is raised in the waiting: before Python 3.13 one inside Thread.join makes a running thread look ended
    (https://github.com/python/cpython/issues/90882).
    """
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # a shell starts background jobs with Ctrl-C ignored, and means it
            signal.signal(number, lambda number, _frame: asked.append(number))
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
