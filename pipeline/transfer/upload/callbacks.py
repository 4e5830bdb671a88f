"""Calls a script's callbacks in its own thread; one that breaks down ends nothing."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from pipeline.cancel import CancelToken

LOOK_S = 0.1
"""How often the calling thread tells how far the work is and asks whether to stop, in seconds."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Callback(Generic[T]):
    """A callback of the caller's, None for none.

    When it raises, that is logged, once for each place, and the work goes on.
    """

    def __init__(self, callback: Callable[..., T] | None, otherwise: T) -> None:
        self._callback = callback
        self._otherwise = otherwise
        self._known: set[tuple[type[Exception], int]] = set()
        self.failures: list[str] = []

    def __call__(self, *values: object) -> T:
        """Return what the callback does, and `otherwise` when there is none or it raises."""
        if self._callback is None:
            return self._otherwise
        try:
            return self._callback(*values)
        except Exception as error:  # not our code: whatever is wrong with it must not end the upload
            kind = (type(error), traceback.extract_tb(error.__traceback__)[-1].lineno or 0)
            if kind not in self._known:
                self._known.add(kind)
                self.failures.append(
                    f"a callback broke down, the upload goes on: {''.join(traceback.format_exception(error))}"
                )
                logger.error("A callback broke down, the upload goes on.", exc_info=error)
            return self._otherwise


def watched(work: Callable[[], T], look: Callable[[], None], cancel: CancelToken) -> T:
    """Do some work in a thread of its own, looking after it from this one until it has ended."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="upload-work") as pool:
        future = pool.submit(work)
        try:
            while not wait([future], timeout=LOOK_S).done:
                look()
            look()
        except BaseException:  # whatever ends the looking, Ctrl-C too, must end the work, or the pool waits for it
            cancel.cancel()
            raise
        return future.result()
