"""Work that goes on in threads beside a job's phases: its failure ends the job, and the job's end ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.suspension import Suspension

Work = Callable[[CancelToken], None]
"""Ends when it is cancelled."""


class Alongside:
    """The work beside one job. `cancel` is what the job's phases look at, and its work too."""

    def __init__(self, suspension: Suspension | None = None) -> None:
        self.cancel = CancelToken(suspension)
        self._threads: list[threading.Thread] = []
        self._failures: list[Exception] = []

    @contextmanager
    def job(self, asked: CancelToken) -> Iterator[None]:
        """Stop the phases and the work inside the block when `asked` is cancelled or as soon as any of the work fails.

        The error of work that failed is raised in place of `Cancelled`. All threads have ended when the block is left.
        """
        try:
            with asked.on_cancel(self.cancel.cancel):
                yield
        except Cancelled:
            if self._failures and not asked.cancelled:
                raise self._failures[0] from None
            raise
        finally:
            self.cancel.cancel()
            for thread in self._threads:
                thread.join()

    def start(self, name: str, work: Work) -> None:
        """Begin with a piece of work, in a thread of this name."""
        thread = threading.Thread(target=self._outermost, args=(work,), name=name)
        self._threads.append(thread)
        thread.start()

    def _outermost(self, work: Work) -> None:
        try:
            work(self.cancel)
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001  # a thread's outermost frame: raised again in `job`
            self._failures.append(error)
            self.cancel.cancel()
