"""Which job's stage runs when several share a computer."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.scheduler import Capacity, Scheduler, Stage, Turn

PATIENCE_S = 60.0


class _Use(threading.Thread):
    """A thread that is in a stage until it is told to leave; `began` is set once it is there."""

    def __init__(self, scheduler: Scheduler, order: int, log: list[int], cancel: CancelToken | None = None) -> None:
        super().__init__()
        self._turn = Turn(scheduler=scheduler, order=order)
        self._log = log
        self.token = cancel or CancelToken()
        self.began, self.leave = threading.Event(), threading.Event()
        self.cancelled = False
        self.start()

    def run(self) -> None:
        try:
            with self._turn.use(Stage.ENCODE, self.token):
                self._log.append(self._turn.order)
                self.began.set()
                self.leave.wait(PATIENCE_S)
        except Cancelled:
            self.cancelled = True


def _one_at_a_time() -> Scheduler:
    return Scheduler(Capacity(most={Stage.ENCODE: 1}))


def _wait_for(scheduler: Scheduler, count: int, stage: Stage = Stage.ENCODE) -> None:
    """Return when so many wait."""
    done = threading.Event()
    while scheduler.waiting(stage) < count:
        assert not done.wait(0.01)


def test_no_more_than_there_is_room_for_and_the_first_job_first():
    """Whoever comes first gets in; of those who wait, the job that is first in the batch, whenever it came."""
    scheduler, log = _one_at_a_time(), []
    first = _Use(scheduler, 7, log)
    assert first.began.wait(PATIENCE_S)
    others = []
    for count, order in enumerate((5, 3, 4), start=1):
        others.append(_Use(scheduler, order, log))
        _wait_for(scheduler, count)
    assert [7] == log
    first.leave.set()
    for order in (3, 4, 5):
        use = next(use for use in others if use._turn.order == order)
        assert use.began.wait(PATIENCE_S)
        assert order == log[-1]
        use.leave.set()
    for use in (first, *others):
        use.join()
    assert [7, 3, 4, 5] == log


def test_stages_do_not_wait_for_each_other():
    """A job that encodes keeps no other from being heard; a stage without a limit has room for all."""
    scheduler, log = _one_at_a_time(), []
    use = _Use(scheduler, 0, log)
    assert use.began.wait(PATIENCE_S)
    with scheduler.use(Stage.SPEECH, 1, CancelToken()), scheduler.use(Stage.SPEECH, 2, CancelToken()):
        assert 0 == scheduler.waiting(Stage.SPEECH)
    use.leave.set()
    use.join()


def test_who_waits_can_be_cancelled():
    """At once, and the turn goes to the next."""
    scheduler, log = _one_at_a_time(), []
    first = _Use(scheduler, 0, log)
    assert first.began.wait(PATIENCE_S)
    second = _Use(scheduler, 1, log)
    _wait_for(scheduler, 1)
    third = _Use(scheduler, 2, log)
    _wait_for(scheduler, 2)
    second.token.cancel()
    second.join(PATIENCE_S)
    assert second.cancelled
    first.leave.set()
    assert third.began.wait(PATIENCE_S)
    third.leave.set()
    for use in (first, third):
        use.join()
    assert [0, 2] == log


def test_a_stage_is_left_also_by_an_error():
    """What fails in it leaves no stage occupied, and a cancelled token gets no turn."""
    scheduler = _one_at_a_time()
    with pytest.raises(ValueError, match="broken"), scheduler.use(Stage.ENCODE, 0, CancelToken()):
        raise ValueError("broken")
    cancelled = CancelToken()
    cancelled.cancel()
    with pytest.raises(Cancelled), scheduler.use(Stage.ENCODE, 0, cancelled):
        raise AssertionError
    with scheduler.use(Stage.ENCODE, 1, CancelToken()):
        assert 0 == scheduler.waiting(Stage.ENCODE)


class _Memory:
    """Room for what the test says."""

    def __init__(self) -> None:
        self.has_room = False

    def fits(self, stage: Stage) -> bool:
        return self.has_room


def _enter(scheduler: Scheduler, stage: Stage, order: int, log: list[Stage]) -> tuple[threading.Thread, CancelToken]:
    """Wait for a stage in a thread, note it and leave."""
    cancel = CancelToken()

    def work() -> None:
        with suppress(Cancelled), scheduler.use(stage, order, cancel):
            log.append(stage)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, cancel


@pytest.mark.parametrize(
    ("running", "waits"), [(Stage.ENCODE, Stage.SPEECH), (Stage.SPEECH, Stage.ENCODE)], ids=["speech", "encode"]
)
def test_without_memory_encode_and_speech_wait_for_each_other(running, waits):
    """Neither begins beside the other; both go on when it has ended, or when there is room again."""
    memory, log = _Memory(), []
    scheduler = Scheduler(Capacity(most={Stage.ENCODE: 2, Stage.SPEECH: 1}, fits=memory.fits))
    with scheduler.use(running, 0, CancelToken()):
        thread, _ = _enter(scheduler, waits, 1, log)
        _wait_for(scheduler, 1, waits)
        assert [] == log
    thread.join(PATIENCE_S)
    assert [waits] == log
    with scheduler.use(running, 0, CancelToken()):
        thread, _ = _enter(scheduler, waits, 1, log)
        _wait_for(scheduler, 1, waits)
        memory.has_room = True
        thread.join(PATIENCE_S)
        assert [waits] * 2 == log


def test_without_memory_encodes_do_not_keep_an_earlier_job_from_being_heard():
    """A later job's next chunk waits behind it, while a chunk that runs goes on to its end."""
    scheduler = Scheduler(Capacity(most={Stage.ENCODE: 2, Stage.SPEECH: 1}, fits=lambda stage: False))
    log: list[Stage] = []
    with scheduler.use(Stage.ENCODE, 3, CancelToken()):
        speech, _ = _enter(scheduler, Stage.SPEECH, 1, log)
        _wait_for(scheduler, 1, Stage.SPEECH)
        chunk, _ = _enter(scheduler, Stage.ENCODE, 3, log)
        _wait_for(scheduler, 1, Stage.ENCODE)
        assert [] == log
    for thread in (speech, chunk):
        thread.join(PATIENCE_S)
    assert [Stage.SPEECH, Stage.ENCODE] == log


def test_a_held_scheduler_lets_nobody_in():
    """Whoever is in a stage ends it, whoever comes waits until the stages are open again, also where there is room."""
    scheduler, log = _one_at_a_time(), []
    first = _Use(scheduler, 0, log)
    assert first.began.wait(PATIENCE_S)
    scheduler.hold(True)
    assert not scheduler.is_quiet()
    second = _Use(scheduler, 1, log)
    _wait_for(scheduler, 1)
    first.leave.set()
    first.join(PATIENCE_S)
    assert (True, 1, [0]) == (scheduler.is_quiet(), scheduler.waiting(Stage.ENCODE), log)
    scheduler.hold(False)
    assert second.began.wait(PATIENCE_S)
    second.leave.set()
    second.join(PATIENCE_S)


def test_who_waits_at_a_held_scheduler_is_cancelled():
    """A held job ends at once when it is cancelled."""
    scheduler = _one_at_a_time()
    scheduler.hold(True)
    use = _Use(scheduler, 0, [])
    _wait_for(scheduler, 1)
    use.token.cancel()
    use.join(PATIENCE_S)
    assert use.cancelled
