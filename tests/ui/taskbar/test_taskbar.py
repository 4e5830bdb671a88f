"""The window's entry on the taskbar: a real window, and on Linux a real session bus."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from held_ffmpeg import held_ffmpeg
from jeepney import MatchRule, message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection
from program import make_clip
from session_bus import needs_dbus, private_bus
from ui_fakes import FakeServices, HaltedStep, report

from pipeline.events import JobFinished, PhaseProgress, PhaseStarted
from pipeline.model import Outcome, PhaseName
from ui.taskbar.background import InBackground
from ui.taskbar.entry import TaskbarEntry
from ui.taskbar.launcher_entry import INTERFACE, MENU_ENTRY
from ui.taskbar.progress import NOTHING, Standing, TaskbarProgress
from ui.view_state import WindowStage

DEADLINE_S = 120.0
WINDOW = Path(__file__).parents[2] / "support" / "started_window.py"


class _Shown(list):
    """A display that keeps what it was given."""

    show = list.append

    def close(self):
        self.append("closed")


@contextmanager
def _started_window(environment, *arguments):
    command = [sys.executable, str(WINDOW), *map(str, arguments)]
    with subprocess.Popen(command, env={**os.environ, **environment}) as window:
        try:
            yield
        finally:
            window.kill()


@needs_dbus
def test_a_dock_is_told_of_a_real_job(screen, tmp_path):
    """From the first percent to the last the signal names the menu entry; in the end the bar is taken away."""
    figures, held = [], held_ffmpeg(tmp_path / "held")  # which waits until the dock has heard of the job
    rule = MatchRule(type="signal", interface=INTERFACE, member="Update")
    with private_bus() as address, open_dbus_connection(address) as bus:
        Proxy(message_bus, bus, timeout=DEADLINE_S).AddMatch(rule)
        clip = make_clip(tmp_path / "clip.mp4", seconds=12, size="320x180")
        arguments = (clip, tmp_path / "out", tmp_path / "data", tmp_path / "s3_config.json")
        environment = held.environment({"DBUS_SESSION_BUS_ADDRESS": address})
        with bus.filter(rule, bufsize=1000) as signals, _started_window(environment, *arguments):
            while not figures or figures[-1][1]:
                uri, properties = bus.recv_until_filtered(signals, timeout=DEADLINE_S).body
                assert MENU_ENTRY == uri
                figures.append((properties["progress"][1], properties["progress-visible"][1]))
                held.release()
    shown = [fraction for fraction, visible in figures if visible]
    assert shown
    assert (sorted(shown), (0.0, False)) == (shown, figures[-1])


def _entry(window, *, seen=False):
    shown = _Shown()
    return shown, TaskbarEntry(window, lambda: seen, shown)


def test_a_failure_is_shown_until_it_is_seen(open_driver):
    """The icon stays red while the editor works elsewhere, and no longer."""
    fail = HaltedStep()

    def run(plan, sink, cancel):
        sink(PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0))
        sink(PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=0.5, overall=0.5, rows={}))
        fail.hold(cancel)
        sink(JobFinished(report=report(plan, Outcome.FAILED, error="The disk is full.")))

    driver = open_driver(FakeServices(run=run))
    shown, driver.window.taskbar = _entry(driver.window)
    driver.fill()
    driver.press(driver.window.actions.start)
    fail.wait_until_reached()
    driver.until(lambda: shown and shown[-1].standing is Standing.RUNNING)
    fail.release()
    driver.until_stage(WindowStage.READY)
    assert Standing.FAILED is shown[-1].standing
    driver.window.event_generate("<FocusIn>")
    assert NOTHING == shown[-1]


def test_it_ends_with_the_window(open_driver):
    """What the display holds is given back."""
    driver = open_driver()
    shown, driver.window.taskbar = _entry(driver.window)
    driver.window.destroy()
    assert ["closed"] == shown


def test_a_display_that_does_not_answer_holds_nobody_up():
    """Progress goes on while the desktop is slow; then the last counts, and after the end there is none."""
    shown, connected = [], threading.Event()

    @contextmanager
    def connect():
        assert connected.wait(DEADLINE_S)
        yield shown.append

    display = InBackground(connect)
    last = TaskbarProgress(standing=Standing.RUNNING, percent=2)
    display.show(TaskbarProgress(standing=Standing.RUNNING, percent=1))
    display.show(last)
    connected.set()
    deadline = time.monotonic() + DEADLINE_S
    while not shown:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    display.close()
    display.thread.join(DEADLINE_S)
    assert ([last, NOTHING], False) == (shown, display.thread.is_alive())


def test_without_a_desktop():
    """A connection that fails ends quietly, and is made no second time."""
    calls = []

    def connect():
        calls.append(1)
        raise OSError("no bus")

    display = InBackground(connect)
    for percent in (1, 2):
        display.show(TaskbarProgress(standing=Standing.RUNNING, percent=percent))
        display.thread.join(DEADLINE_S)
    assert [1] == calls
