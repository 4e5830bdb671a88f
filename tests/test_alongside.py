"""Work beside a job's phases ends with the job, and the job with it where it fails."""

from __future__ import annotations

import threading

import pytest

from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SpeechError

LONG_S = 60


def test_it_goes_on_beside_the_job():
    """What the job does meanwhile may wait for it."""
    alongside, done = Alongside(), threading.Event()
    with alongside.job(CancelToken()):
        alongside.start("beside", lambda cancel: done.set())
        assert done.wait(LONG_S)


def test_the_end_of_the_job_ends_it():
    """No thread is left."""
    alongside, cancelled = Alongside(), []

    def wait(cancel: CancelToken) -> None:
        with cancel.on_cancel(lambda: cancelled.append("beside")):
            cancel.wait(LONG_S)

    with alongside.job(CancelToken()):
        alongside.start("beside", wait)
    threads = [thread for thread in threading.enumerate() if thread.name == "beside"]
    assert (["beside"], []) == (cancelled, threads)


def test_its_failure_ends_the_job():
    """With its own error, though all that the phases see is a cancel."""
    alongside = Alongside()

    def fail(cancel: CancelToken) -> None:
        raise SpeechError("The model can't be loaded.")

    with pytest.raises(SpeechError, match="can't be loaded"), alongside.job(CancelToken()):
        alongside.start("beside", fail)
        alongside.cancel.wait(LONG_S)


@pytest.mark.parametrize("early", [True, False], ids=["before", "meanwhile"])
def test_a_cancel_reaches_both(early):
    """The job was asked to stop, before it began or later: that is how it ends."""
    alongside, asked = Alongside(), CancelToken()
    if early:
        asked.cancel()
    with pytest.raises(Cancelled), alongside.job(asked):
        alongside.start("beside", lambda cancel: cancel.wait(LONG_S))
        asked.cancel()
        alongside.cancel.wait(LONG_S)
    assert [] == [thread for thread in threading.enumerate() if thread.name == "beside"]


def test_an_error_of_the_job_is_its_own():
    """Whatever else goes wrong at the same time."""
    alongside = Alongside()

    def fail(cancel: CancelToken) -> None:
        raise SpeechError("late")

    with pytest.raises(ValueError, match="first"), alongside.job(CancelToken()):
        alongside.start("beside", fail)
        raise ValueError("first")
