"""Decides which stage of which job may run now, so that several jobs keep this computer busy without overloading it.

Owns the turns; does not know what is done in them. A thread is in one stage at a time. A thread in `ENCODE` may wait
for other threads of its job, none of which needs or waits for a turn of `ENCODE`: this rules out a deadlock.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from pipeline.cancel import CancelToken


class Stage(Enum):
    """What a job does, distinguished by the resource of the computer that it uses."""

    PROBE = "reading a source through"
    ENCODE = "encoding a chunk on the processor"
    GRAPHICS = "encoding on the graphics card"
    SPEECH = "transcribing with the one Whisper process"
    PACKAGE = "completing the folder"
    UPLOAD = "sending"


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many jobs, or chunks of jobs, may be in each stage at a time; a stage that is left out has no limit.

    `fits` returns whether there is enough free memory for one more of a stage at this moment; if there is not, an
    encode and Whisper do not run at the same time.
    """

    most: Mapping[Stage, int]
    fits: Callable[[Stage], bool] = lambda stage: True


BESIDE = {Stage.ENCODE: Stage.SPEECH, Stage.SPEECH: Stage.ENCODE}
"""The stages that need much memory, each with the other one: both run at the same time only if there is room."""

LOOK_S = 1.0
"""How often a thread that waits for memory checks again, in seconds: nothing signals that memory was released."""


@dataclass(frozen=True, kw_only=True, order=True)
class _Use:
    """A turn that a thread has or waits for, ordered by the order of the jobs, then by arrival."""

    order: int
    arrival: int
    stage: Stage = field(compare=False)


class Scheduler:
    """Grants turns to all jobs of one process."""

    def __init__(self, capacity: Capacity) -> None:
        self._most = capacity.most
        self._fits = capacity.fits
        self._changed = threading.Condition()
        self._running: Counter[Stage] = Counter()
        self._waiting: set[_Use] = set()
        self._arrivals = itertools.count()
        self._held = False

    def hold(self, held: bool) -> None:
        """Grant no more turns, or grant them again; stages that are running continue to their end."""
        with self._changed:
            self._held = held
            self._changed.notify_all()

    def is_quiet(self) -> bool:
        """Whether no stage is running."""
        with self._changed:
            return not self._running.total()

    @contextmanager
    def use(self, stage: Stage, order: int, cancel: CancelToken) -> Iterator[None]:
        """Wait until the stage has room, then occupy it until the block is left.

        Of the threads that wait, the one with the lowest `order` is next. Raises Cancelled while it waits.
        """
        self._enter(stage, order, cancel)
        try:
            yield
        finally:
            with self._changed:
                self._running[stage] -= 1
                self._changed.notify_all()

    def waiting(self, stage: Stage) -> int:
        """Return how many threads wait for a stage."""
        with self._changed:
            return sum(use.stage is stage for use in self._waiting)

    def _enter(self, stage: Stage, order: int, cancel: CancelToken) -> None:
        with self._changed:
            use = _Use(order=order, arrival=next(self._arrivals), stage=stage)
            self._waiting.add(use)
            self._changed.notify_all()
        try:
            with cancel.on_cancel(self._wake), self._changed:
                while not (cancel.cancelled or self._is_next(use)):
                    self._changed.wait(LOOK_S)
                cancel.check()
                self._running[stage] += 1
        finally:
            with self._changed:
                self._waiting.discard(use)
                self._changed.notify_all()

    def _is_next(self, use: _Use) -> bool:
        if self._held:
            return False
        most = self._most.get(use.stage)
        if most is None:
            return True
        room = most - self._running[use.stage]
        first = use == min(other for other in self._waiting if other.stage is use.stage)
        return room > 0 and first and self._has_memory(use)

    def _has_memory(self, use: _Use) -> bool:
        """Whether an encode fits beside Whisper, or Whisper beside an encode. If not, the first job that waits is next:
        a series of encodes must not keep Whisper waiting until the last of them has ended.
        """
        beside = BESIDE.get(use.stage)
        if beside is None:
            return True
        ahead = any(other.stage is beside and other < use for other in self._waiting)
        return not (self._running[beside] or ahead) or self._fits(use.stage)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A job's position among those that share a scheduler."""

    scheduler: Scheduler
    order: int

    @contextmanager
    def use(self, stage: Stage, cancel: CancelToken) -> Iterator[None]:
        """Wait for this job's turn in a stage, then occupy it until the block is left. Raises Cancelled."""
        with self.scheduler.use(stage, self.order, cancel):
            yield
