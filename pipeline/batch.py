"""Runs many jobs, several at the same time: they are prepared one after another, and begin as soon as there is room.

Owns which job begins when, which upload waits for a backend that can't be reached, and one JobFinished per job. Knows
neither what a job does nor who asks for it: the caller passes how one is prepared and run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Generic

from pipeline.batch_callbacks import BatchCallbacks, JobT, RunContext, RunJob, most_at_once
from pipeline.batch_entry import BatchEntry
from pipeline.batch_parked import ParkedJobs
from pipeline.batch_pending import Pending, PendingJobs
from pipeline.cancel import CancelToken
from pipeline.claims import Claims, NoClaims
from pipeline.events import Event, JobFinished, LogLevel, LogLine, PhaseStarted
from pipeline.model import JobReport, Outcome
from pipeline.own_claims import TakenJob
from pipeline.phase_table import PHASES
from pipeline.scheduler import Scheduler

__all__ = ["LATER", "BatchCallbacks", "RunContext", "RunJob", "most_at_once", "run_batch", "run_pending"]

LOOK_S = 0.2
"""How often the calling thread checks whether it is to cancel, in seconds."""

IN_USE_PAUSE_S = 15.0
"""How long a job waits whose folder is still locked by the process that had it before, in seconds."""

GONE = "The backend can't be reached any more, or is in trouble."
"""Why an upload waits that had begun, and why those do that come later."""

LATER = "The video is converted. When the backend can be reached, start again: only the upload is left."


def run_batch(
    jobs: Sequence[JobT],
    callbacks: BatchCallbacks[JobT],
    *,
    at_once: int,
    scheduler: Scheduler,
    cancel: CancelToken,
    claims: Claims | NoClaims | None = None,
    patience_s: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> list[JobReport]:
    """Run the jobs and return their reports in the jobs' order.

    Args:
        jobs: the jobs; the first are preferred.
        callbacks: how they are prepared and shown.
        at_once: how many are converted at the same time; those that only upload do not count. With 1, each begins when
            the one before has ended, and runs exactly as if it were alone.
        scheduler: shares the computer among the jobs.
        cancel: stops all of them.
        claims: their places in the queue, if other processes may do some of them.
        patience_s: how long uploads are tried whose backend can't be reached, when nothing else is left to do, counted
            from the last sign of it.
        clock: returns the time in seconds.
    """
    pending = PendingJobs(jobs, claims or NoClaims(), clock)
    return run_pending(
        pending,
        callbacks,
        at_once=at_once,
        overlaps=at_once > 1,
        scheduler=scheduler,
        cancel=cancel,
        patience_s=patience_s,
        clock=clock,
    )


def run_pending(
    pending: Pending[JobT],
    callbacks: BatchCallbacks[JobT],
    *,
    at_once: int,
    overlaps: bool,
    scheduler: Scheduler,
    cancel: CancelToken,
    patience_s: float,
    clock: Callable[[], float],
) -> list[JobReport]:
    """Run what is pending, as `run_batch` does, and return the reports in the order in which jobs were taken.

    `overlaps` lets the next job begin while one only uploads, and parks uploads whose backend can't be reached.
    """
    return _Batch(pending, callbacks, at_once, overlaps, scheduler, cancel, patience_s, clock).run()


class _Batch(Generic[JobT]):
    def __init__(
        self,
        pending: Pending[JobT],
        callbacks: BatchCallbacks[JobT],
        at_once: int,
        overlaps: bool,
        scheduler: Scheduler,
        cancel: CancelToken,
        patience_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._pending = pending
        self._callbacks = callbacks
        self._at_once = at_once
        self._overlaps = overlaps
        self._scheduler = scheduler
        self._cancel = cancel
        self._parked = ParkedJobs(pending, patience_s, clock)
        self._changed = threading.Condition()
        self._showing = threading.Lock()
        self._reports: dict[int, JobReport] = {}
        self._making: set[int] = set()
        self._running: set[int] = set()
        self._why = ""
        self._threads: list[threading.Thread] = []
        self._broken: list[BaseException] = []

    def run(self) -> list[JobReport]:
        try:
            while not self._broken and not self._is_over():
                self._begin_next()
                self._wait(lambda: self._is_over() or self._may_begin())
        except BaseException:
            self._cancel.cancel()
            raise
        finally:
            for thread in self._threads:
                thread.join()
        if self._broken:
            raise self._broken[0]
        return [self._reports[order] for order in sorted(self._reports)]

    def _is_over(self) -> bool:
        return not self._pending and not self._running and not self._parked

    def _may_begin(self) -> bool:
        return self._pending.may_be_taken and len(self._making) < self._at_once

    def _begin_next(self) -> None:
        if self._cancel.cancelled:
            for order in self._pending.clear():
                self._reports[order] = self._callbacks.skip(self._pending.job(order))
            return
        taken = self._pending.take() if self._may_begin() else None
        if taken is not None:
            self._begin(taken)
        elif self._pending.others_have_all:
            self._look_at_others()

    def _begin(self, taken: TakenJob) -> None:
        order, job = taken.order, self._pending.job(taken.order)
        ready = self._callbacks.prepare(self._callbacks.resume(job, taken.left) if taken.left_behind else job)
        if isinstance(ready, JobReport):
            self._pending.finish(order, ready)
            self._reports[order] = ready
            return
        with self._changed:
            self._making.add(order)
        self._start(BatchEntry(taken, job, ready))

    def _look_at_others(self) -> None:
        for order, report in self._pending.ended().items():
            self._report(order, report)
        for order, text in self._pending.news().items():
            self._show(order, LogLine(job=self._pending.job(order).slug, text=text, level=LogLevel.WAITING))

    def _start(self, entry: BatchEntry) -> None:
        with self._changed:
            self._running.add(entry.order)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._outermost, args=(entry,), name=f"job-{entry.order + 1}")
        self._threads.append(thread)
        thread.start()

    def _wait(self, until: Callable[[], bool]) -> None:
        """Wait in the calling thread; meanwhile, try parked uploads again when they are due."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: until() or self._broken, LOOK_S)
            self._callbacks.look()
            if self._cancel.cancelled:
                self._give_up_parked()
            elif self._pending.is_closed:
                for entry in self._parked.take_all():
                    self._lose(entry)
            else:
                self._retry_parked()
            with self._changed:
                if until() or self._broken:
                    return

    def _retry_parked(self) -> None:
        with self._changed:
            nothing_else = not self._running and (not self._pending or self._pending.others_have_all)
        for entry in self._parked.take_due(nothing_else=nothing_else):
            if not self._parked.retake(entry):
                self._lose(entry)
                continue
            if not entry.is_made:
                self._making.add(entry.order)
            self._start(entry)

    def _give_up_parked(self) -> None:
        for entry in self._parked.take_all():
            if not self._parked.retake(entry):
                self._lose(entry)
                continue
            assert entry.last is not None
            self._end(entry, _cancelled(entry.last))

    def _lose(self, entry: BatchEntry) -> None:
        """Wait for what becomes of a job that was parked, or is no longer claimed, or report that it ends here."""
        assert entry.last is not None
        if not self._pending.put_back(entry.order):
            self._report(entry.order, replace(_cancelled(entry.last), error=self._pending.why_left))

    # in a job's thread

    def _outermost(self, entry: BatchEntry) -> None:
        try:
            self._run(entry)
        except BaseException as error:  # noqa: BLE001  # a thread's outermost frame: raised again in `run`
            self._broken.append(error)
            self._cancel.cancel()
        with self._changed:
            self._making.discard(entry.order)
            self._running.discard(entry.order)
            self._pending.look_again()
            self._changed.notify_all()

    def _run(self, entry: BatchEntry) -> None:
        if not self._overlaps:
            self._end(entry, self._attempt(entry, uploads=True))
            return
        if entry.is_made or not self._why or entry.job.upload is None:
            report = self._attempt(entry, uploads=True)
            if self._cancel.cancelled or not report.backend_unreachable:
                self._uploaded(entry, report)
                self._end(entry, _cancelled(report) if report.backend_unreachable else report)
                return
            if entry.waits_for_source(report):
                self._wait_or_end(entry, report, report.error, "This video", report.error)
                return
            entry.why = report.error
            if entry.has_begun:
                entry.last = entry.last or report
        made = entry.last if entry.is_made and entry.last else self._attempt(entry, uploads=False)
        if not entry.is_made and (self._cancel.cancelled or made.outcome is not Outcome.DONE):
            if self._cancel.cancelled or not entry.waits_for_source(made):
                self._end(entry, made)
            else:
                self._wait_or_end(entry, made, made.error, "This video", made.error)
            return
        entry.set_made()
        why = GONE if entry.has_begun else entry.why or self._why or GONE
        self._why = self._why or why
        failure = f"{(entry.why or why).rstrip('.')}. {LATER}"
        self._wait_or_end(entry, made, why, "The upload of this video", failure)

    def _wait_or_end(self, entry: BatchEntry, made: JobReport, why: str, what: str, failure: str) -> None:
        if not self._parked.is_spent:
            if entry.begins_to_wait(what):
                text = f"{why} {what} waits and goes on by itself; other videos come first."
                self._show(entry.order, LogLine(job=entry.job.slug, text=text, level=LogLevel.WAITING))
            if not self._parked.put(entry, made, why):
                self._lose(entry)
        else:
            self._end(entry, replace(made, outcome=Outcome.FAILED, error=failure, backend_unreachable=True))

    def _uploaded(self, entry: BatchEntry, report: JobReport) -> None:
        """Try all parked uploads again: if one job could upload, others can, too."""
        if report.outcome is Outcome.DONE and entry.job.upload is not None:
            self._parked.renew()
            self._why = ""
            self._parked.all_are_due()

    def _attempt(self, entry: BatchEntry, *, uploads: bool) -> JobReport:
        def sink(event: Event) -> None:
            if isinstance(event, JobFinished):  # shown once it is certain that the job is not run again
                return
            if self._overlaps and isinstance(event, PhaseStarted) and not PHASES[event.phase].fills_folder:
                self._no_longer_made(entry)
            if entry.note(event):
                self._parked.renew()
            self._show(entry.order, event)

        context = entry.begin(self._scheduler, sink, uploads=uploads, parks=self._overlaps)
        with self._cancel.on_cancel(context.cancel.cancel):
            return entry.run(context)

    def _no_longer_made(self, entry: BatchEntry) -> None:
        entry.is_made = entry.has_begun = True
        with self._changed:
            self._making.discard(entry.order)
            self._changed.notify_all()

    def _end(self, entry: BatchEntry, report: JobReport) -> None:
        if report.folder_in_use and entry.taken.left_behind:  # the process that had it was suspended, and still exists
            self._pending.park(entry.order, IN_USE_PAUSE_S, report.error)
        elif self._pending.finish(entry.order, report):
            self._report(entry.order, report)
            return
        if not self._pending.put_back(entry.order):
            self._report(entry.order, report)

    def _report(self, order: int, report: JobReport) -> None:
        self._show(order, JobFinished(report=report))
        self._callbacks.ended(report)
        with self._changed:
            self._reports[order] = report

    def _show(self, order: int, event: Event) -> None:
        with self._showing:
            self._callbacks.show(self._pending.job(order), event)


def _cancelled(report: JobReport) -> JobReport:
    return replace(report, outcome=Outcome.CANCELLED, error="", backend_unreachable=False)
