"""The queue that the workers share."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Cancelled
from pipeline.transfer.upload.publish_order import OutgoingFile
from pipeline.transfer.upload.workers import Queue, WholeFile


def task(number: int) -> WholeFile:
    """Return a file that waits for its turn."""
    return WholeFile(
        file=OutgoingFile(folder=Path("a"), name=f"{number}.ts", key=f"p/{number}.ts", size_bytes=1, mtime_ns=1)
    )


TASKS = [task(number) for number in range(4)]


def nobody() -> None:
    """Nobody cancels."""


def take(queue: Queue) -> WholeFile | None:
    """Return the next task without its URL."""
    found = queue.take(nobody)
    return found and found[0]


def unsigned(tasks: list[WholeFile]) -> list[None]:
    """Ask for no URL."""
    return [None for _ in tasks]


def test_tasks_come_in_their_order_and_then_it_is_over():
    """Every task once; what is put first comes first."""
    queue, extra = Queue(TASKS[:2]), task(9)
    assert TASKS[0] is take(queue)
    queue.add_first([TASKS[3], extra])
    assert [TASKS[3], extra, TASKS[1]] == [take(queue) for _ in range(3)]
    for _ in range(4):
        queue.done()
    assert take(queue) is None


def test_idle_lane_waits_for_what_another_may_bring(in_thread):
    """The parts of a file that is being begun are for everybody."""
    queue = Queue(TASKS[:1])
    take(queue)
    waiting = in_thread(lambda: take(queue))
    queue.add_first([TASKS[2]])
    assert TASKS[2] is waiting()
    queue.done()
    ended = in_thread(lambda: take(queue))
    queue.done()
    assert ended() is None


def test_nothing_is_kept_waiting_behind_a_slow_file():
    """A worker reserves only while there is plenty, and what it reserved is taken by whoever has nothing else to do."""
    queue = Queue(TASKS)
    assert TASKS[0] is take(queue)
    assert [TASKS[1]] == queue.reserve(2, 1, unsigned)
    assert [] == queue.reserve(2, 1, unsigned)
    assert [TASKS[2], TASKS[3], TASKS[1]] == [take(queue) for _ in range(3)]
    assert not queue.claim(TASKS[1])


def test_reserved_task_is_claimed_once():
    """It belongs to the worker that reserved it as long as nobody took it, and its URL goes with it either way."""
    queue = Queue(TASKS[:2])
    [first], [second] = queue.reserve(0, 1, lambda tasks: ["url"]), queue.reserve(0, 1, lambda tasks: ["other url"])
    assert (first, "url") == queue.claim(first)
    assert queue.claim(first) is None
    assert (second, "other url") == queue.take(nobody)


def test_as_many_are_reserved_as_others_can_spare():
    """In their order, each with its own URL."""
    queue = Queue(TASKS)
    assert TASKS[:3] == queue.reserve(1, 8, lambda tasks: [task.file.name for task in tasks])
    assert [(task, task.file.name) for task in TASKS[:3]] == [queue.claim(task) for task in TASKS[:3]]
    assert TASKS[3] is take(queue)


def test_lost_file_is_put_back_once():
    """A store that forgets the parts of a file again and again does not keep an upload going for ever."""
    queue = Queue([])
    assert queue.put_back(TASKS[0].file)
    assert TASKS[0].file is take(queue).file
    assert not queue.put_back(TASKS[0].file)


def test_closed_queue_hands_out_nothing():
    """When everything is to stop, nothing more is begun, and a cancel ends the waiting."""
    queue = Queue(TASKS)
    queue.reserve(0, 1, unsigned)
    queue.close()
    assert take(queue) is None
    assert [] == queue.reserve(0, 1, unsigned)
    assert not queue.claim(TASKS[0])

    def cancelled() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Queue(TASKS).take(cancelled)
