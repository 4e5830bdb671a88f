"""One job on this worker, in a thread of its own: runs it, reports its progress, and ends it in the queue."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.engines.procrastinate.attempts import Attempt
from pipeline.engines.procrastinate.database import (
    PAUSE_S,
    QueueError,
    QueueUnreachableError,
    UnstorableError,
    until_reached,
)
from pipeline.engines.procrastinate.event_sender import EventSender
from pipeline.engines.procrastinate.job_events import QueueEvent
from pipeline.engines.procrastinate.retries import AttemptOutcome
from pipeline.errors import Cancelled, PipelineError, SettingsError
from pipeline.events import JobFinished, LogLine, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.timetable import RateTimetable


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """The outcome of a row: `declined` says that this machine can't do it, for a reason other than the job itself.

    `result` is the result for the process that added the job, if it is more than the report; `keeps_nothing` says that
    the output is no longer on this machine.
    """

    report: JobReport
    declined: bool = False
    result: Mapping[str, Any] | None = None
    keeps_nothing: bool = False


Tell = Callable[[QueueEvent], None]

RunRow = Callable[[Mapping[str, Any], uuid.UUID, Tell, CancelToken, TransferControl], RowResult]
"""Runs the job of a row in the queue, which has this id; never raises."""

PUBLISHING = (PhaseName.UPLOAD, PhaseName.RECORD)
"""Phases that begin only if the job is still this worker's, so that nothing is published twice."""


def clock_s() -> float:
    """Return the seconds of a clock that can't be set and, if the system has one, that runs while the machine sleeps.

    Linux has CLOCK_BOOTTIME. On macOS `time.monotonic` stops during sleep and CLOCK_MONOTONIC does not
    (clock_gettime(3)); Windows has neither, and its `time.monotonic` does not stop.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class RunningJob:
    """A job that this worker has taken. `ended` is called with the outcome when its thread is about to end;
    `timetable` has the maximum number of bytes that it sends per second, None for no limit.
    """

    def __init__(
        self,
        attempt: Attempt,
        run: RunRow,
        machine: str,
        ended: Callable[[str], None],
        *,
        lease_s: float,
        timetable: RateTimetable | None = None,
    ) -> None:
        self.claim = attempt.claimed.claim
        self._attempt = attempt
        self._run_row = run
        self._machine = machine
        self._ended = ended
        self._cancel = CancelToken()
        self._lease_s = lease_s
        self._confirmed_s = clock_s()
        self._control = TransferControl(timetable=timetable, may_send=self._is_certain)
        self._handed_back = False
        self._lost = False
        self._thread = threading.Thread(target=self._run, name=f"job-{attempt.claimed.task.title}")

    def start(self) -> None:
        """Start the job's thread."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the job's thread to end."""
        self._thread.join()

    def cancel(self) -> None:
        """Cancel it, because the user has cancelled it."""
        self._cancel.cancel()

    def hand_back(self) -> None:
        """Stop it, so that another machine can do it."""
        self._handed_back = True
        self._cancel.cancel()

    def lose(self) -> None:
        """Stop it, because another machine already does it."""
        self._lost = True
        self._cancel.cancel()

    def confirm(self, asked_s: float) -> None:
        """Note that the job was still this worker's when the queue was asked, at `asked_s` of `clock_s`."""
        self._confirmed_s = max(self._confirmed_s, asked_s)

    def _is_certain(self) -> bool:
        """Whether the lease can't have expired yet; otherwise nothing is sent, for example after a sleep."""
        return clock_s() - self._confirmed_s < self._lease_s

    def _run(self) -> None:
        claimed = self._attempt.claimed
        how = "broke off"
        try:
            with EventSender(self._attempt, self.lose) as sender:
                sender.take(LogLine(job=claimed.task.title, text=f"{self._machine} has {claimed.task.title}."))

                def sink(event: QueueEvent) -> None:
                    sender.take(event)
                    if isinstance(event, PhaseStarted) and event.phase in PUBLISHING:
                        self._see_that_it_is_mine()

                result = self._run_row(claimed.row, claimed.task.job, sink, self._cancel, self._control)
            how = self._end(result, sender.rest())
        finally:
            self._attempt.close()
            self._ended(how)

    def _see_that_it_is_mine(self) -> None:
        """Wait until the queue says which worker has the job; cancel it if another one has it."""
        try:
            if not until_reached(self._is_mine, self._cancel):
                self.lose()
        except Cancelled:
            return

    def _is_mine(self) -> bool:
        asked_s = clock_s()
        mine = self._attempt.is_mine()
        if mine:
            self.confirm(asked_s)
        return mine

    def _end(self, result: RowResult, rest: tuple[QueueEvent, ...]) -> str:
        """End the attempt in the queue; return the outcome in words."""
        report, ending = result.report, self._ending(result)
        last = ending in (AttemptOutcome.DONE, AttemptOutcome.REFUSED, AttemptOutcome.CANCELLED)
        events = (*rest, JobFinished(report=self._for_others(result))) if last else rest
        try:
            return self._end_as(ending, report.error, events, result.result)
        except (QueueError, SettingsError) as error:
            return self._end_refused(error)

    def _end_refused(self, error: PipelineError) -> str:
        """End the attempt without a result that the queue does not take; return how, in words."""
        # what can't be stored fails with every machine's user, what one may not do, another may
        ending = AttemptOutcome.FAILED if isinstance(error, UnstorableError) else AttemptOutcome.DECLINED
        try:
            return self._end_as(ending, str(error), (), None)
        except (QueueError, SettingsError) as refusal:
            return f"could not be ended in the queue, which offers it again when the lease is over. {refusal}"

    def _end_as(
        self, ending: AttemptOutcome, error: str, events: tuple[QueueEvent, ...], result: Mapping[str, Any] | None
    ) -> str:
        """End the attempt once the queue can be reached; return the outcome in words.

        Raises QueueError, SettingsError.
        """
        while not self._lost:
            try:
                if self._attempt.end(ending, error, events, result):
                    return f"{ending.value}. {error}".rstrip()
                break
            except QueueUnreachableError as unreachable:
                # finished work is worth the wait; what another is to do, or nobody, has an end by itself
                given_up = self._handed_back or ending is AttemptOutcome.CANCELLED
                if given_up and not self._is_certain():
                    return f"not ended in the queue, which offers it again by itself. {unreachable}"
                threading.Event().wait(PAUSE_S)
        return "lost: another machine has it."

    def _ending(self, result: RowResult) -> AttemptOutcome:
        report = result.report
        if report.outcome is Outcome.DONE:
            return AttemptOutcome.DONE
        if report.outcome is Outcome.CANCELLED:
            return AttemptOutcome.HANDED_BACK if self._handed_back else AttemptOutcome.CANCELLED
        if result.declined:
            return AttemptOutcome.DECLINED
        if report.backend_unreachable:
            return AttemptOutcome.UNREACHABLE
        if report.folder_in_use:
            return AttemptOutcome.IN_USE
        return AttemptOutcome.REFUSED if report.wrong_settings else AttemptOutcome.FAILED

    def _for_others(self, result: RowResult) -> JobReport:
        """Return a report without the paths of this machine."""
        report = result.report
        folder = Path() if result.keeps_nothing else Path(f"{self._machine}:{report.folder.name}")
        return replace(report, source=Path(report.source.name), folder=folder)
