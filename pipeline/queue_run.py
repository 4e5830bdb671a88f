"""A run over the queue: does what waits, in the queue's order, and what comes meanwhile, until nothing waits.

Owns how a run is begun, steered and stopped from outside. Knows neither how a job is done nor who shows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from pipeline.batch import BatchCallbacks, run_pending
from pipeline.cancel import CancelToken
from pipeline.job_store import JobStore
from pipeline.model import JobReport
from pipeline.pending_rows import PendingRows, TakenRow, WhyNot
from pipeline.queued_job import QueuedJob
from pipeline.scheduler import Scheduler


class QueueRun:
    """Runs the queue once, in the thread that calls `run`; everything else may be called from any thread meanwhile.

    A row is cancelled with `JobStore.cancel`, held and started with `JobStore.listed`, by whichever process; call
    `look` after that to let it be noticed at once instead of within seconds. A row that is held or cancelled while it
    runs here ends here as cancelled, with its JobFinished; what it is then, the queue says. Its files are kept.
    """

    def __init__(
        self,
        store: JobStore,
        callbacks: BatchCallbacks[TakenRow],
        *,
        at_once: int,
        scheduler: Scheduler,
        cancel: CancelToken,
        warn: Callable[[str], None],
        overlaps: bool = True,
        only: Collection[str] | None = None,
        why_not: WhyNot = lambda row: "",
        passed_over: Callable[[QueuedJob, str], None] = lambda row, why: None,
        patience_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a run.

        Args:
            store: the queue, which stays open until the run has ended.
            callbacks: how rows are prepared, run and shown; `show` gets each event with its row, whose id is unique.
            at_once: how many are converted at the same time.
            scheduler: shares the computer among them.
            cancel: stops the run: what runs waits again in the queue, and a later run goes on with it.
            warn: called once with a sentence if the queue can't be used any more.
            overlaps: whether the next row begins while one only uploads, and uploads whose backend can't be reached
                wait while others go on.
            only: the ids of the rows that are meant, None for all.
            why_not: why this process can't do a row, empty if it can. It is then left to others.
            passed_over: called with each row that this run leaves out, and why.
            patience_s: as in `run_batch`.
            clock: returns the time in seconds.
        """
        self._rows = PendingRows(
            store, cancel, warn=warn, only=only, why_not=why_not, passed_over=passed_over, clock=clock
        )
        self._callbacks = callbacks
        self._at_once = at_once
        self._overlaps = overlaps
        self._scheduler = scheduler
        self._cancel = cancel
        self._patience_s = patience_s
        self._clock = clock

    def run(self) -> list[JobReport]:
        """Run until nothing waits, and return a report for each row that was begun, in their order."""
        with self._rows:
            return run_pending(
                self._rows,
                self._callbacks,
                at_once=self._at_once,
                overlaps=self._overlaps,
                scheduler=self._scheduler,
                cancel=self._cancel,
                patience_s=self._patience_s,
                clock=self._clock,
            )

    def include(self, ids: Collection[str]) -> None:
        """Do these rows, too, where only some were meant."""
        self._rows.include(ids)

    def finish_then_stop(self) -> None:
        """Let no other row begin. What runs is finished, what is parked stays parked in the queue."""
        self._rows.clear()

    def look(self) -> None:
        """Notice what has changed in the queue. Takes as long as the queue does: not for the window's own thread."""
        self._rows.beat()
        self._rows.look_again()
