"""What is left of closed windows is taken away by the Tk thread, and by no other."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import tkinter

import pytest
from program import ROOT
from ui_fakes import CONFIGURED, FakeServices

from installation import FilePlace
from ui.app import open_editor, open_window
from ui.collecting import FULL_EVERY_S, FULL_SHARE, Collector, collected_here


class Left:
    """Something of a closed window that only the collector finds; writes down which thread took it away."""

    def __init__(self, taken: list[int]) -> None:
        self._taken = taken
        self._itself = self

    def __del__(self) -> None:
        self._taken.append(threading.get_ident())


def many() -> list[list[None]]:
    """Make as many objects as Python's own collector waits for, twice over."""
    return [[] for _ in range(2 * gc.get_threshold()[0])]


def made_by_a_thread() -> list[list[None]]:
    """Let a thread make many objects."""
    made: list[list[None]] = []
    thread = threading.Thread(target=lambda: made.extend(many()))
    thread.start()
    thread.join()
    return made


def look(collector: Collector) -> None:
    """Let a collector look while there are many new objects."""
    new = many()
    collector.look()
    del new


@pytest.fixture
def taken() -> list[int]:
    """The threads that took something away."""
    return []


class TestCollector:
    """The collector of a window whose clock the test holds."""

    @pytest.fixture
    def times(self) -> list[float]:
        """What the clock says; it stays at the last."""
        return [0.0]

    @pytest.fixture
    def collector(self, times) -> Collector:
        """A collector, made at 0 s."""
        return Collector(clock=lambda: times.pop(0) if len(times) > 1 else times[0])

    def test_no_thread_takes_away_what_the_tk_thread_does(self, collector, taken):
        """A thread that makes many objects takes nothing away; the next look does."""
        Left(taken)
        made = made_by_a_thread()
        before = list(taken)
        collector.look()
        assert (True, [], [threading.get_ident()]) == (bool(made), before, taken)

    def test_few_objects_are_left_alone(self, collector, taken):
        """Below Python's own threshold it is not worth it."""
        gc.collect()
        Left(taken)
        collector.look()
        assert [] == taken

    def test_old_objects_are_looked_through_now_and_then(self, collector, times, taken):
        """What has lived for long is found after ten seconds."""
        left = Left(taken)
        gc.collect()
        del left
        found = []
        for now_s in (FULL_EVERY_S - 1, FULL_EVERY_S):
            times[:] = [now_s]
            look(collector)
            found.append(len(taken))
        assert [0, 1] == found

    def test_a_long_collection_is_followed_by_a_long_pause(self, collector, times, taken):
        """Half a second for all objects of a large dataset is spent every fifty seconds."""
        times[:] = [FULL_EVERY_S, FULL_EVERY_S + 0.5]
        look(collector)
        left = Left(taken)
        gc.collect()
        del left
        found = []
        for since_s in (0.5 / FULL_SHARE - 1, 0.5 / FULL_SHARE):
            times[:] = [FULL_EVERY_S + 0.5 + since_s]
            look(collector)
            found.append(len(taken))
        assert [0, 1] == found


FROZEN = """
import threading
import tkinter
from ui.collecting import collected_here

with collected_here():
    root, lock, inside = tkinter.Tk(), threading.Lock(), threading.Event()
    left = [tkinter.StringVar(root)]
    left.append(left)
    del left

    def work():
        with lock:
            inside.set()
            made = [[] for _ in range(200_000)]

    def press():
        threading.Thread(target=work, daemon=True).start()
        inside.wait()
        with lock:
            root.destroy()

    root.after(0, press)
    root.mainloop()
"""


@pytest.mark.usefixtures("screen")
def test_a_window_that_waits_for_a_thread_does_not_freeze():
    """Nor where that thread makes many objects, and a variable of a closed window is to be taken away."""
    run = subprocess.run(
        [sys.executable, "-c", FROZEN], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "") == (run.returncode, run.stderr)


def test_threads_collect_again_when_the_window_is_closed():
    """And what was left is gone."""
    gone: list[int] = []
    with collected_here():
        Left(gone)
        within = gc.isenabled(), list(gone)
    assert ((False, []), True, 1) == (within, gc.isenabled(), len(gone))


def test_the_main_window_collects(open_driver, taken):
    """Its own turns do it."""
    driver = open_driver()
    Left(taken)
    made = made_by_a_thread()
    driver.until(lambda: taken)
    assert (True, [threading.get_ident()]) == (bool(made), taken)


@pytest.mark.usefixtures("screen")
@pytest.mark.parametrize("which", ["window", "editor"])
def test_no_thread_collects_while_a_window_is_open(which, monkeypatch, tmp_path):
    """From before it is made until it is closed."""
    seen = []

    def loop(window, threshold=0) -> None:
        seen.append(gc.isenabled())
        window.destroy()

    monkeypatch.setattr(tkinter.Misc, "mainloop", loop)
    gc.enable()
    place = FilePlace(read=tmp_path / "p.json", write=tmp_path / "p.json")
    status = open_window(CONFIGURED, place, FakeServices()) if which == "window" else open_editor(CONFIGURED)
    assert (0, [False], True) == (status, seen, gc.isenabled())
