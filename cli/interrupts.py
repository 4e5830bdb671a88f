"""What Ctrl-C does to a command. Imports little, for it has to stand before everything else is loaded."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

EXIT_CANCELLED = 130
"""128 + SIGINT, as shells report it."""

EXIT_NOT_CANCELLED = 1
"""What was to be cancelled goes on elsewhere."""

CANCELLED = "Cancelled."
"""What is said of a command or a job that was cancelled, where there is no more to say."""

PATIENCE_S = 5.0
"""How long a command that only waits for others may take to end after Ctrl-C, in seconds."""

ANY_TIME = threading.TIMEOUT_MAX
"""As long as it takes: somebody is asked something. A second Ctrl-C ends the program at once all the same."""


def end_at_once_on_ctrl_c() -> None:
    """Let Ctrl-C end the program on the spot, where there is nothing to be put in order:
    while it is loaded and when it is done.

    A KeyboardInterrupt in the middle of an import may be raised inside a callback that ignores what is raised in it,
    and is lost; or a class that is being made turns it into a RuntimeError.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda _number, _frame: _end())


@contextmanager
def raised(*, patience_s: float | None = None) -> Iterator[None]:
    """Inside the block Ctrl-C raises KeyboardInterrupt, and the program ends also where that is lost.

    `patience_s` is how long the block may take to end then, PATIENCE_S where nothing is said.
    """

    def raise_it() -> None:
        raise KeyboardInterrupt

    with on_interrupt(raise_it, patience_s=PATIENCE_S if patience_s is None else patience_s):
        yield


@contextmanager
def on_interrupt(
    answer: Callable[[], None],
    *,
    patience_s: float,
    numbers: tuple[int, ...] = (signal.SIGINT,),
    failure: Callable[[], str] = str,
) -> Iterator[None]:
    """Let a signal inside the block call `answer`, which should end the block.

    If a second signal comes, or the block does not end within `patience_s`, the program ends at once with status 130,
    or with 1 where `failure` then says that, and why, nothing was cancelled. All work is done so that it survives a
    kill at any moment.
    """
    # its `put` may be called in a signal handler, no lock may be taken
    signals: queue.SimpleQueue[bool] = queue.SimpleQueue()
    watch = threading.Thread(
        target=_end_if_it_does_not, args=(signals, patience_s, failure), name="interrupts", daemon=True
    )

    def handle(_number: int, _frame: FrameType | None) -> None:
        signals.put(True)
        answer()

    before = {number: signal.getsignal(number) for number in numbers}
    watch.start()
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # a shell starts background jobs with Ctrl-C ignored, and means it
                signal.signal(number, handle)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signals.put(False)


def _end_if_it_does_not(signals: queue.SimpleQueue[bool], patience_s: float, failure: Callable[[], str]) -> None:
    """Wait for a signal, then for the block's end."""
    if not signals.get():
        return
    with suppress(queue.Empty):
        if not signals.get(timeout=patience_s):
            return
    _end(failure())


def _end(failure: str = "") -> None:
    """End the program without waiting for threads, which may be what hangs."""
    # the reader may be gone, or the stream be in the middle of a write
    with suppress(OSError, RuntimeError, ValueError):
        sys.stdout.flush()
        sys.stderr.write(f"hls-converter: {failure or CANCELLED}\n")
        sys.stderr.flush()
    os._exit(EXIT_NOT_CANCELLED if failure else EXIT_CANCELLED)
