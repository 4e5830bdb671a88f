"""The engine of this computer: how much it takes at once, and how a task ends."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pipeline.engines import local
from pipeline.engines.local import LocalEngine, LocalTask
from pipeline.errors import Cancelled, EncodeError
from pipeline.speech.child import WhisperProcess

LONG_S = 60


@pytest.mark.parametrize(("encoder", "slots"), [("libx264", 3), ("libsvtav1", 3), ("h264_nvenc", 1), ("h264_vaapi", 1)])
def test_the_processor_takes_several_tasks_and_a_graphics_card_one(monkeypatch, encoder, slots):
    """Each encodes every rendition at once, which is all that most cards take."""
    monkeypatch.setattr(local.os, "cpu_count", lambda: 4)
    assert slots == LocalEngine(Path("ffmpeg"), WhisperProcess()).slots(encoder)


def test_what_a_task_raises_is_raised_to_whoever_waits():
    """Not in the thread, where nobody would see it."""

    def fail(cancel):
        raise EncodeError("broken")

    with pytest.raises(EncodeError, match="broken"):
        LocalTask(fail, name="encode-0000").result()


def test_a_task_goes_on_while_nobody_waits_and_ends_when_it_is_cancelled():
    """Its thread is gone when the result was asked for."""
    begun = threading.Event()

    def go_on(cancel):
        begun.set()
        cancel.wait(LONG_S)

    task = LocalTask(go_on, name="encode-0000")
    assert begun.wait(LONG_S)
    task.cancel()
    with pytest.raises(Cancelled):
        task.result()
    assert [] == [thread.name for thread in threading.enumerate() if thread.name == "encode-0000"]
