"""Workers in this process that work for a real queue and do what a test tells them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.engines.procrastinate.attempts import Timings, WorkerInfo, WorkerQueue
from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.rows import QueueRow, queue_row
from pipeline.engines.procrastinate.running_job import RowResult
from pipeline.engines.procrastinate.submission import JobQueue, follow
from pipeline.engines.procrastinate.worker import QueueWorker
from pipeline.errors import Cancelled
from pipeline.events import JobFinished, Sink
from pipeline.job import Job, UploadRequest
from pipeline.model import JobReport, Outcome

DEADLINE_S = 60.0
TIMINGS = Timings(beat_s=0.2, lease_s=600.0, sweep_s=0.3, poll_s=0.2, drain_s=0.2, retry_s=0.0)
"""Leases don't end by themselves, however slow the machine is: where one has to, the test says so."""

Act = Callable[[Sink, CancelToken], JobReport]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads do."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def report(slug: str, outcome: Outcome = Outcome.DONE, error: str = "", *, wrong: bool = False) -> JobReport:
    """Return a report, as a job's run returns it."""
    return JobReport(
        slug=slug, source=Path("/here"), folder=Path("/here/out"), outcome=outcome, error=error, wrong_settings=wrong
    )


@dataclass
class Machine:
    """A worker in this process. It does `act`, or what `steps` says for each job in turn."""

    worker: QueueWorker
    queue: WorkerQueue
    thread: threading.Thread
    said: list[str]
    done: list[str] = field(default_factory=list)


class Machines:
    """Starts workers, and ends them with the test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections = ExitStack()
        self.machines: list[Machine] = []
        self.database = self.connect()
        self.jobs = JobQueue(self.database)
        self.listener = self.connect()

    def connect(self, url: str | None = None, *, answer_s: float = DEADLINE_S) -> Database:
        """Return a connection that is closed with the test."""
        database = Database(url or self.url, answer_s=answer_s)
        self.connections.callback(database.close)
        return database

    def start(
        self,
        name: str,
        act: Callable[[str, Sink, CancelToken], JobReport | RowResult],
        *,
        url: str | None = None,
        tags: tuple[str, ...] = ("whisper",),
        timings: Timings = TIMINGS,
        slots: int = 1,
        **permissions: object,
    ) -> Machine:
        """Start a worker that does `act` with each job's title, sink and token; `permissions` are the worker's own."""

        def run(row, _folder, sink, cancel, _control):
            try:
                made = act(row["title"], sink, cancel)
            except Cancelled:
                made = report(row["title"], Outcome.CANCELLED)
            machine.done.append(row["title"])
            return made if isinstance(made, RowResult) else RowResult(report=made)

        info = WorkerInfo(machine=name, version="1", ffmpeg="9", tags=tags)
        queue = WorkerQueue(self.connect(url), info, timings)
        said: list[str] = []
        permissions = {"say": said.append, **permissions}
        worker = QueueWorker(queue, lambda: self.connect(url), run, slots=slots, **permissions)
        machine = Machine(worker=worker, queue=queue, thread=threading.Thread(target=worker.run, name=name), said=said)
        self.machines.append(machine)
        machine.thread.start()
        return machine

    def put(self, *slugs: str, **changes: object) -> list[QueueRow]:
        """Put plain jobs in; return their rows."""
        rows = self.rows(*slugs, **changes)
        self.jobs.put(rows)
        return rows

    def rows(self, *slugs: str, **changes: object) -> list[QueueRow]:
        """Return rows of plain jobs."""
        return [
            queue_row(
                Job(
                    source=Path(f"/lectures/{slug}.mp4"),
                    output_dir=Path("/out"),
                    slug=slug,
                    upload=UploadRequest(prefix=f"videos/{slug}/"),
                    **changes,
                ),
                {"lectures": Path("/lectures")},
            )
            for slug in slugs
        ]

    def wait(self, rows: list[QueueRow]) -> dict[str, JobReport]:
        """Return the reports of these jobs, when all have ended; `told` keeps what was told of them."""
        self.told = []
        for news in follow(self.jobs, self.listener, [row.id for row in rows], 0.2):
            self.told += news
        finished = [one.event for one in self.told if isinstance(one.event, JobFinished)]
        assert len(rows) == len(finished)
        return {event.job: event.report for event in finished}


@contextmanager
def machines_of(url: str) -> Iterator[Machines]:
    """Have what starts workers on a queue, which are stopped with the block."""
    made = Machines(url)
    yield made
    for machine in made.machines:
        machine.worker.stop()
    for machine in made.machines:
        machine.thread.join(DEADLINE_S)
    alive = [machine.thread.name for machine in made.machines if machine.thread.is_alive()]
    made.connections.close()
    assert [] == alive
