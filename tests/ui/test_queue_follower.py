"""The threads that follow videos in a queue and let this computer work along: real PostgreSQL, without a window."""

from __future__ import annotations

import queue
import sys
import time
import uuid
from dataclasses import replace

import pytest
from queue_machines import DEADLINE_S, Machines, machines_of, wait_until

from config import BackendApi, Config
from pipeline.events import JobFinished, LogLevel, PhaseProgress
from pipeline.model import Outcome, PhaseName
from ui.engine import ConvertOn, EngineValues
from ui.job_form import FormValues
from ui.messages import LogEntry
from ui.own_worker import OwnWorker
from ui.queue_control import QueueControl
from ui.queue_follower import QueueFollower
from ui.queue_memory import QueuedVideo, QueueMemory
from ui.queue_messages import QueueStanding, QueueTold, VideoQueued

CONFIG = Config(backend=BackendApi(url="http://127.0.0.1:9", token="a-token-for-the-tests-of-this-program"))


@pytest.fixture
def machines(queue_server):
    """What starts workers on a queue of the test's own."""
    with machines_of(queue_server.url) as made:
        yield made


class Following:
    """A follower, what it has told, and how a video is put in for it."""

    def __init__(self, folder, machines: Machines) -> None:
        self.memory = QueueMemory(folder)
        self.url = machines.url
        self._machines = machines
        self._messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.follower = QueueFollower(self.memory, self._messages.put)

    def put(self, title: str) -> QueuedVideo:
        """Put a video in and follow it."""
        (row,) = self._machines.put(title)
        video = QueuedVideo(id=str(row.id), title=title)
        self.follower.follow(self.url, video)
        return video

    def until(self, wanted):
        """Return the next message of which something is so, letting others pass."""
        deadline_s = time.monotonic() + DEADLINE_S
        while not wanted(message := self._messages.get(timeout=max(0.0, deadline_s - time.monotonic()))):
            continue
        return message


@pytest.fixture
def following(machines, tmp_path):
    """Return a function that begins to follow, as a window does that opens, with what windows before remembered."""
    begun = []

    def begin() -> Following:
        begun.append(Following(tmp_path, machines))
        return begun[-1]

    yield begin
    for one in begun:
        one.follower.stop()


def _encodes(title, sink, cancel):
    sink(PhaseProgress(job=title, phase=PhaseName.HLS, fraction=0.5, overall=0.2))
    while True:
        cancel.wait(DEADLINE_S)


def test_cancel_reaches_the_machine(following, machines):
    """It is told which machine has the video; after Cancel that one stops, and nothing is remembered of it."""
    window = following()
    video = window.put("one")
    machines.start("alpha", _encodes)
    told = window.until(lambda one: isinstance(one, QueueTold) and isinstance(one.event, PhaseProgress))
    assert (video.id, "one", "alpha", 0.5) == (told.id, told.title, told.machine, told.event.fraction)
    window.follower.cancel(video.id)
    ended = window.until(lambda one: isinstance(one, QueueTold) and isinstance(one.event, JobFinished))
    assert Outcome.CANCELLED is ended.event.report.outcome
    wait_until(lambda: window.memory.videos(machines.database.place) == ())
    wait_until(lambda: not window.follower.busy)


def test_a_video_is_cancelled_that_is_not_followed_yet(following, machines):
    """The window shows it before: the first one of a queue, and another one."""
    window = following()
    for title in ("one", "two"):
        (row,) = machines.put(title)
        window.follower.cancel(str(row.id))
        window.follower.follow(window.url, QueuedVideo(id=str(row.id), title=title))
        ended = window.until(lambda one: isinstance(one, QueueTold) and isinstance(one.event, JobFinished))
        assert (title, Outcome.CANCELLED) == (ended.title, ended.event.report.outcome)
    wait_until(lambda: not window.follower.busy)


def test_a_window_that_closes_leaves_its_videos(following, machines, monkeypatch):
    """The next one finds those that wait and those that have ended meanwhile, but none that the queue has forgotten."""
    monkeypatch.setattr("pipeline.cluster_waiting.STANDING_S", 0.1)
    first = following()
    waits, ends = first.put("waits"), first.put("ends")
    forgotten = QueuedVideo(id="00000000-0000-0000-0000-000000000000", title="forgotten")
    first.memory.add(machines.database.place, forgotten)
    first.follower.stop()
    machines.jobs.cancel([uuid.UUID(ends.id)])
    second = following()
    second.follower.look(second.url)
    found = [second.until(lambda one: isinstance(one, VideoQueued)) for _ in range(2)]
    assert [(waits, True), (ends, True)] == [(one.video, one.found) for one in found]
    ended = second.until(lambda one: isinstance(one, QueueTold) and isinstance(one.event, JobFinished))
    assert (ends.id, Outcome.CANCELLED) == (ended.id, ended.event.report.outcome)
    stands = second.until(lambda one: isinstance(one, QueueStanding))
    assert [(waits.id, True)] == [(one.id, "no machine is connected" in one.why_not) for one in stands.videos]
    wait_until(lambda: second.memory.videos(machines.database.place) == (waits,))


def test_a_queue_that_is_away_is_waited_for(following, machines, queue_server):
    """It is said once, and what was to be cancelled meanwhile is cancelled when it is back."""
    window = following()
    video = window.put("one")
    wait_until(lambda: window.memory.videos(machines.database.place) == (video,))
    queue_server.stop()
    said = window.until(lambda one: isinstance(one, LogEntry) and one.level is LogLevel.WARNING)
    assert said.text.endswith("The videos in it go on; waiting for it.")
    window.follower.cancel(video.id)
    wait_until(lambda: window.follower.busy)
    queue_server.start()
    ended = window.until(lambda one: isinstance(one, QueueTold) and isinstance(one.event, JobFinished))
    assert Outcome.CANCELLED is ended.event.report.outcome


def test_a_database_without_a_queue_is_said(following, queue_server):
    """Nothing is followed then."""
    queue_server.execute("DROP TABLE hls_results, hls_job_events, hls_attempts, hls_jobs CASCADE")
    window = following()
    window.follower.follow(window.url, QueuedVideo(id="00000000-0000-0000-0000-000000000000", title="one"))
    said = window.until(lambda one: isinstance(one, LogEntry))
    assert (LogLevel.ERROR, True) == (said.level, "holds no queue yet" in said.text)


def test_this_computer_works_along(queue_server):
    """Its worker begins with the queue and the login that it is given, and ends when it is not wanted any more."""
    said: queue.SimpleQueue[LogEntry] = queue.SimpleQueue()
    own = OwnWorker(said.put)
    own.work(queue_server.url, CONFIG, background=True)
    first = said.get(timeout=DEADLINE_S).text
    own.work(queue_server.url, CONFIG, background=True)
    assert (True, True) == (first.startswith("This computer: "), "1 at a time" in first)
    own.stop()
    assert said.get(timeout=DEADLINE_S).text.endswith("has stopped.")
    wait_until(lambda: not own.busy)
    assert [(0,)] == queue_server.execute("SELECT count(*) FROM hls_workers")


def test_it_works_along_without_a_login(queue_server, tmp_path):
    """Videos without an upload need none: nothing is left undone silently."""
    said: queue.SimpleQueue[LogEntry] = queue.SimpleQueue()
    config = Config(data_dir=tmp_path)
    control = QueueControl(config, said.put)
    engine = EngineValues(convert_on=ConvertOn.QUEUE, typed=queue_server.url, works_along=True)
    control.work_along(FormValues(engine=engine), config)
    assert (True, True) == (control.busy, "works for the queue" in said.get(timeout=DEADLINE_S).text)
    control.work_along(FormValues(engine=replace(engine, works_along=False)), config)
    assert said.get(timeout=DEADLINE_S).text.endswith("has stopped.")
    wait_until(lambda: not control.busy)
    control.close()


def test_a_worker_that_does_not_start_says_why(monkeypatch):
    """What it complains of is a warning in the log."""
    program = "import sys; sys.stderr.write('hls-converter: The queue is away.\\n')"
    monkeypatch.setattr("ui.own_worker.command", lambda *_: [sys.executable, "-c", program])
    said: queue.SimpleQueue[LogEntry] = queue.SimpleQueue()
    own = OwnWorker(said.put)
    own.work("postgresql://127.0.0.1:9/none", CONFIG, background=False)
    expected = LogEntry(text="This computer: The queue is away.", level=LogLevel.WARNING)
    assert expected == said.get(timeout=DEADLINE_S)
    wait_until(lambda: not own.busy)
