"""A queue of lectures and the machines that work through it, simulated by the rules of the program. Pure.

The rules, as in `pipeline/engines/procrastinate`, `pipeline/cluster_job.py` and `pipeline/scheduler.py`:

- Transcriptions for others come before lectures, and of each kind the oldest before. Machines with a free place take
  what they can do until they have `jobs` each.
- A lecture is encoded, transcribed, and then packaged and uploaded on the machine that took it. One that does not
  transcribe adds the transcription to the queue after the encode and keeps the lecture's place while it waits.
- A machine encodes one lecture at a time and transcribes one at a time, the one that it took first before the others:
  the chunks of one lecture fill its cores, and there is one Whisper process.
- At the end of its hours a machine hands back what it has. What is finished stays there and is used if it gets the same
  work again; another machine begins from the start.

What is left out: a hand-back costs nothing (in the program up to five minutes of chunks that have begun), machines are
equally fast, and disks, networks and the database keep nobody waiting. What a machine with several cores does at the
same time shares them evenly; encoding and transcribing use all of them, and the rest one. Of machines that are free at
the same moment, the first in the list is the first to take.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

DAY_S = 86_400.0

DONE_S = 1e-6
"""Less than this is no work that is left, in seconds: times are added and subtracted many times."""


@dataclass(frozen=True, kw_only=True)
class LectureCost:
    """What a lecture takes: CPU seconds of the encode, of the transcription (0: no captions) and of the rest, and how
    long a task from the queue takes beyond its work, in seconds.
    """

    encode_s: float
    speech_s: float
    rest_s: float
    overhead_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FleetMachine:
    """A machine: how many cores it has, how many lectures it works on at a time, whether it has Whisper, and whether it
    works at night alone.
    """

    cores: int = 1
    jobs: int = 1
    transcribes: bool = True
    at_night: bool = False


@dataclass(frozen=True, kw_only=True)
class FleetResult:
    """What all lectures took, in seconds: by the clock, of machines that had work, and of their cores."""

    wall_s: float
    machine_s: float
    cpu_s: float


class LectureStep(Enum):
    """What is done with a lecture, in this order."""

    BEGIN = "being taken from the queue"
    ENCODE = "encoding"
    SPEECH = "transcribing"
    ANOTHER = "waiting for another machine's transcription"
    REST = "packaging and uploading"


ONE_AT_A_TIME = (LectureStep.ENCODE, LectureStep.SPEECH)
WITHOUT_CORE = (LectureStep.BEGIN, LectureStep.ANOTHER)


@dataclass(frozen=True, kw_only=True, order=True)
class _Row:
    """A row in the queue: transcriptions sort before lectures, and older rows before later ones."""

    is_lecture: bool
    number: int
    lecture: int


@dataclass(kw_only=True)
class _Task:
    """A row on a machine, with the seconds that are left of each step."""

    row: _Row
    left_s: dict[LectureStep, float]

    @property
    def step(self) -> LectureStep:
        """The step that it is in."""
        return next(iter(self.left_s))


@dataclass(kw_only=True)
class _Worker:
    """A machine at work: its tasks in the order in which it took them, and what it keeps of those handed back."""

    machine: FleetMachine
    works: bool = True
    tasks: list[_Task] = field(default_factory=list)
    kept: dict[_Row, dict[LectureStep, float]] = field(default_factory=dict)

    def active(self) -> list[_Task]:
        """Return the tasks that use its cores."""
        found: list[_Task] = []
        for task in self.tasks:
            taken = task.step in ONE_AT_A_TIME and any(other.step is task.step for other in found)
            if not taken and task.step not in WITHOUT_CORE:
                found.append(task)
        return found

    def rates(self) -> list[tuple[_Task, float]]:
        """Return the tasks that go on, and how much of their steps a second does."""
        active = self.active()
        cores, on_one_core = self.machine.cores, sum(task.step is LectureStep.REST for task in active)
        one = min(1.0, cores / max(1, len(active)))
        many = (cores - on_one_core * one) / max(1, len(active) - on_one_core)
        shares = [(task, one if task.step is LectureStep.REST else many) for task in active]
        return [*((task, 1.0) for task in self.tasks if task.step is LectureStep.BEGIN), *shares]


def simulate(
    cost: LectureCost, lectures: int, machines: Sequence[FleetMachine], *, night_s: float = DAY_S / 2
) -> FleetResult:
    """Return what it takes until all lectures are done, which are added at the beginning of a night.

    A night comes every 24 hours and lasts `night_s` seconds. Raises ValueError where they would never be done: without
    machines, without one that transcribes, or with nights of no length.
    """
    able = [machine for machine in machines if machine.transcribes or not cost.speech_s]
    if not able or night_s <= 0:
        raise ValueError("the machines would never have all lectures done")
    return _Simulation(cost, lectures, machines, night_s).run()


class _Simulation:
    """The queue and its machines, from one change to the next."""

    def __init__(self, cost: LectureCost, lectures: int, machines: Sequence[FleetMachine], night_s: float) -> None:
        self._cost = cost
        self._night_s = night_s
        self._workers = [_Worker(machine=machine) for machine in machines]
        self._lectures = [_Row(is_lecture=True, number=number, lecture=number) for number in range(lectures)]
        self._transcriptions: list[_Row] = []
        self._unfinished = set(range(lectures))
        self._asked: set[int] = set()
        self._transcribed: set[int] = set()
        self._now_s = self._machine_s = self._cpu_s = 0.0

    def run(self) -> FleetResult:
        """Simulate to the end."""
        while True:
            self._settle()
            if not self._unfinished:
                return FleetResult(wall_s=self._now_s, machine_s=self._machine_s, cpu_s=self._cpu_s)
            self._keep_hours()
            for worker in self._workers:
                self._take(worker)
            self._advance()

    def _keep_hours(self) -> None:
        """Let machines hand back what they have at the end of their hours, and begin again when these do."""
        is_night = self._now_s % DAY_S < self._night_s
        for worker in self._workers:
            worker.works = is_night or not worker.machine.at_night
            if not worker.works:
                for task in worker.tasks:
                    task.left_s.pop(LectureStep.BEGIN, None)
                    worker.kept[task.row] = task.left_s
                    heapq.heappush(self._lectures if task.row.is_lecture else self._transcriptions, task.row)
                worker.tasks.clear()

    def _settle(self) -> None:
        """End the steps that are done, and with their last step the tasks."""
        changed = 1
        while changed:
            changed = sum(self._settle_task(worker, task) for worker in self._workers for task in list(worker.tasks))

    def _settle_task(self, worker: _Worker, task: _Task) -> bool:
        """End the task's step if it is done; return whether it was."""
        lecture = task.row.lecture
        if lecture not in self._unfinished:  # the transcription of a lecture that is done without it
            worker.tasks.remove(task)
            return True
        if task.step is LectureStep.ANOTHER and lecture not in self._asked:
            row = _Row(is_lecture=False, number=len(self._asked), lecture=lecture)
            self._asked.add(lecture)
            heapq.heappush(self._transcriptions, row)
        done = lecture in self._transcribed if task.step is LectureStep.ANOTHER else task.left_s[task.step] <= DONE_S
        if not done:
            return False
        del task.left_s[task.step]
        if not task.left_s:
            worker.tasks.remove(task)
            if task.row.is_lecture:
                self._unfinished.remove(lecture)
            else:
                self._transcribed.add(lecture)
        return True

    def _take(self, worker: _Worker) -> None:
        """Fill the machine's free places with the next rows that it can do."""
        while worker.works and len(worker.tasks) < worker.machine.jobs:
            for_others = worker.machine.transcribes and self._transcriptions
            queue = self._transcriptions if for_others else self._lectures
            if not queue:
                return
            row = heapq.heappop(queue)
            steps = worker.kept.pop(row, None) or self._steps(row, worker.machine)
            worker.tasks.append(_Task(row=row, left_s={LectureStep.BEGIN: self._cost.overhead_s, **steps}))

    def _steps(self, row: _Row, machine: FleetMachine) -> dict[LectureStep, float]:
        cost = self._cost
        if not row.is_lecture:
            return {LectureStep.SPEECH: cost.speech_s}
        speech = LectureStep.SPEECH if machine.transcribes or not cost.speech_s else LectureStep.ANOTHER
        return {LectureStep.ENCODE: cost.encode_s, speech: cost.speech_s, LectureStep.REST: cost.rest_s}

    def _advance(self) -> None:
        """Go on to the next moment at which something changes."""
        rates = [(worker, worker.rates()) for worker in self._workers]
        ends = (self._now_s + task.left_s[task.step] / rate for _, shares in rates for task, rate in shares)
        until_s = min(itertools.chain(ends, self._changes_of_hours()))
        passed_s = until_s - self._now_s
        for worker, shares in rates:
            self._machine_s += passed_s if worker.tasks else 0.0
            for task, rate in shares:
                task.left_s[task.step] -= passed_s * rate
                self._cpu_s += 0.0 if task.step is LectureStep.BEGIN else passed_s * rate
        self._now_s = until_s

    def _changes_of_hours(self) -> Iterable[float]:
        """Return when the night ends or begins next, in seconds, if that matters to any machine."""
        if not any(worker.machine.at_night for worker in self._workers):
            return ()
        evening_s = self._now_s - self._now_s % DAY_S
        return (one for one in (evening_s + self._night_s, evening_s + DAY_S) if one > self._now_s)
