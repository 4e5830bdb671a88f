"""The worker's loop: sends heartbeats, takes jobs while it may, and drains when it is asked to stop.

It runs on the calling thread, and each job on its own thread. While the queue can't be reached, running jobs continue,
but send nothing once their lease may have expired.

When it has to stop working (its hours are over, or its computer is in use), no job begins another chunk or stage. Once
those that have begun are done, or after `LEAVE_S`, the jobs are handed back.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Protocol

from pipeline.engines.procrastinate.attempts import Attempt, ClaimedJob, WorkerQueue
from pipeline.engines.procrastinate.database import Database, QueueUnreachableError
from pipeline.engines.procrastinate.running_job import RunningJob, RunRow, clock_s
from pipeline.engines.procrastinate.schema import WORK_CHANNEL
from pipeline.transfer.http.timetable import RateTimetable
from pipeline.worker_policy import WORK, Decision, Permission

Say = Callable[[str], None]
"""Shows a line at the worker's terminal."""

SHORTEST_LOOK_S = 0.05

DELETE_OLD_S = 3600.0
"""How often a worker deletes old jobs, in seconds."""

LEAVE_S = 300.0
"""How long chunks and stages that have begun may take to end when a worker stops working, in seconds."""


class StageGate(Protocol):
    """Holds the stages of this computer's jobs."""

    def hold(self, held: bool) -> None:
        """Let no job begin another chunk or stage (True), or let all continue (False)."""

    def is_quiet(self) -> bool:
        """Whether no job is in a chunk or stage."""


class NoStageGate:
    """For jobs that have no stages: they are handed back at once."""

    def hold(self, held: bool) -> None:
        """Do nothing."""

    def is_quiet(self) -> bool:
        """Return True: there is nothing to wait for."""
        return True


class QueueWorker:
    """Works through the queue, `slots` jobs at a time.

    Args:
        queue: the queue, as this worker sees it.
        connect: opens a connection: one for each job, and one that listens for notifications.
        run: does the job of a row.
        slots: how many jobs run at a time.
        say: shows lines.
        decide: returns what the worker may do now.
        gate: holds the stages of its jobs.
        working: called in every round with whether a job runs.
        tidy: removes what is left of ended jobs; called now and then while no job runs. Raises QueueError.
        timetable: the most bytes that each job sends per second, by the hour, None for no limit.
    """

    def __init__(
        self,
        queue: WorkerQueue,
        connect: Callable[[], Database],
        run: RunRow,
        *,
        slots: int,
        say: Say,
        decide: Callable[[], Decision] = lambda: WORK,
        gate: StageGate | None = None,
        working: Callable[[bool], None] = lambda _: None,
        tidy: Callable[[], None] = lambda: None,
        timetable: RateTimetable | None = None,
    ) -> None:
        self._queue = queue
        self._connect = connect
        self._run_row = run
        self._slots = slots
        self._say = say
        self._decide = decide
        self._gate = gate or NoStageGate()
        self._working = working
        self._tidy = tidy
        self._timetable = timetable
        self._jobs: dict[uuid.UUID, RunningJob] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._beaten_s = self._swept_s = self._deleted_old_s = -float("inf")
        self._leaving_s: float | None = None
        self._decision = WORK
        self._missed_for: set[str] = set()

    def stop(self) -> None:
        """Take no more jobs; let the running ones end within `drain_s`, and hand the rest back."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Work until `stop`. Raises QueueError where the queue can't be used at all."""
        self._register()
        listener = threading.Thread(target=self._listen, name="queue-listener", daemon=True)
        listener.start()
        stop_at_s: float | None = None
        while not self._stopping.is_set() or self._jobs:
            if self._stopping.is_set():
                stop_at_s = stop_at_s or clock_s() + self._queue.timings.drain_s
                if clock_s() > stop_at_s:
                    self._hand_back()
            self._look()
            pause_s = self._turn()
            self._working(bool(self._jobs))
            self._wake.wait(pause_s)
            self._wake.clear()
        self._working(False)
        try:
            self._queue.unregister()
        except QueueUnreachableError:
            self._say("The queue can't be reached: it will find out by itself that this worker is gone.")

    def _register(self) -> None:
        """Register the worker, once the queue can be reached."""
        while not self._stopping.is_set():
            try:
                self._queue.register()
            except QueueUnreachableError as error:
                self._missed(str(error))
                self._stopping.wait(self._queue.timings.poll_s)
            else:
                return

    def _look(self) -> None:
        """Find out what the worker may do now; stop working where it may do nothing."""
        decision = self._decide()
        if decision.reason != self._decision.reason:
            self._say(f"Takes nothing: {decision.reason}." if decision.reason else "Takes jobs again.")
            self._beaten_s = -float("inf")  # those who wait are told at once
        self._decision = decision
        leaves = decision.permission is Permission.LEAVE and bool(self._jobs)
        self._gate.hold(leaves)
        if not leaves:
            self._leaving_s = None
            return
        self._leaving_s = self._leaving_s or clock_s()
        if self._gate.is_quiet() or clock_s() - self._leaving_s > LEAVE_S:
            self._hand_back()

    def _turn(self) -> float:
        """Do what is due; return after how many seconds the next thing is due."""
        timings = self._queue.timings
        try:
            if clock_s() - self._beaten_s >= timings.beat_s or self._jobs:
                self._beat()
            if clock_s() - self._swept_s >= timings.sweep_s:
                self._queue.sweep()
                if not self._jobs:
                    self._tidy()
                self._swept_s = clock_s()
            if clock_s() - self._deleted_old_s >= DELETE_OLD_S:
                self._queue.delete_old()
                self._deleted_old_s = clock_s()
            while len(self._jobs) < self._slots and self._takes():
                claimed = self._queue.claim()
                if claimed is None:
                    break
                self._begin(claimed)
        except QueueUnreachableError as error:
            self._missed(str(error))
        else:
            if self._missed_for:
                self._say("The queue can be reached again.")
            self._missed_for.clear()
        return max(SHORTEST_LOOK_S, min(timings.beat_s, timings.sweep_s, timings.poll_s))

    def _takes(self) -> bool:
        return self._decision.permission is Permission.WORK and not self._stopping.is_set()

    def _beat(self) -> None:
        jobs, asked_s = dict(self._jobs), clock_s()
        heartbeat = self._queue.beat(jobs, resting=self._decision.reason)
        self._beaten_s = asked_s
        for claim, job in jobs.items():
            if claim not in heartbeat.held:
                job.lose()
                continue
            job.confirm(asked_s)
            if claim in heartbeat.cancelled:
                job.cancel()

    def _missed(self, error: str) -> None:
        if error not in self._missed_for:  # a server that comes back has several reasons, one after the other
            self._say(f"{error} {'Running jobs continue; trying again.' if self._jobs else 'Trying again.'}")
        self._missed_for.add(error)

    def _begin(self, claimed: ClaimedJob) -> None:
        def ended(how: str) -> None:
            self._say(f"{claimed.task.title}: {how}")  # before `run` can return: it is said of every job
            del self._jobs[claimed.claim]
            self._wake.set()

        worker, lease_s = self._queue.worker, self._queue.timings.lease_s
        attempt = Attempt(self._connect(), claimed, worker, lease_s)
        job = RunningJob(attempt, self._run_row, worker.machine, ended, lease_s=lease_s, timetable=self._timetable)
        self._jobs[claimed.claim] = job
        self._say(f"{claimed.task.title}: taken (attempt {claimed.attempt}).")
        job.start()

    def _hand_back(self) -> None:
        for job in list(self._jobs.values()):
            job.hand_back()

    def _listen(self) -> None:
        listener = self._connect()
        while not self._stopping.is_set() or self._jobs:
            try:
                if listener.wait_for_notification(WORK_CHANNEL, self._queue.timings.poll_s):
                    self._wake.set()
            except QueueUnreachableError:
                self._stopping.wait(self._queue.timings.poll_s)
        listener.close()
