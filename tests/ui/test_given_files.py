"""The program started with files, and once more while its window is open."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import FakeServices, Upload
from window_states import RUNNING, after

import hls_converter
from cli import main as command_line
from ui import app
from ui.leaving_changes import advance_leaving
from ui.messages import FilesGiven
from ui.open_with.desktop_entry import WINDOW_CLASS
from ui.taskbar.title import PROGRAM
from ui.view_state import Leaving, WindowStage

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 120
OBSERVED = """
import sys
import hls_converter
from ui.window import MainWindow

def mainloop(window, n=0):
    seen = []
    def look():
        now = (window.variables.source.get().rpartition("/")[2], window.state())
        if now not in seen:
            seen.append(now)
            print(*now, flush=True)
            if now == ("one.mp4", "normal"):
                window.withdraw()
        window.after(20, look)
    window.after(20, look)
    opened(window, n)

opened, MainWindow.mainloop = MainWindow.mainloop, mainloop
sys.exit(hls_converter.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        ([], []),
        (["a.mp4"], ["a.mp4"]),
        (["a.mp4", "ü b.mov"], ["a.mp4", "ü b.mov"]),
        (["doctor"], None),
        (["a.mp4", "-o"], None),
        (["gone.mp4"], None),
        (["folder.d"], None),
    ],
    ids=["nothing", "a file", "files", "a file named as a command", "an option", "a file that is gone", "a folder"],
)
def test_what_opens_the_window(tmp_path, monkeypatch, arguments, files):
    """No arguments, or existing files alone; everything else is the command line's."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "ü b.mov", "doctor"):
        Path(name).touch()
    Path("folder.d").mkdir()
    opened, run = [], []
    monkeypatch.setattr(app, "open_window", lambda _, files: opened.append([str(file) for file in files]) or 0)
    monkeypatch.setattr(command_line, "run", lambda arguments: run.append(arguments) or 0)
    for name in ("diagnostics.crash_log.begin", "cli.interrupts.end_at_once_on_ctrl_c"):
        monkeypatch.setattr(name, lambda *_: None)
    assert 0 == hls_converter.main(arguments)
    assert ([], [arguments]) == (opened, run) if files is None else ([files], []) == (opened, run)


def test_a_second_start(screen, tmp_path):
    """It puts its file into the form of the first window, which comes back to the screen, and ends with 0."""
    environment = {**os.environ, **{f"XDG_{name}_HOME": str(tmp_path / name) for name in ("DATA", "CONFIG", "STATE")}}
    for name in ("one.mp4", "two.mp4"):
        (tmp_path / name).touch()
    options = {"cwd": ROOT, "env": environment, "text": True, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", OBSERVED, tmp_path / "one.mp4"], **options) as first:
        seen = [first.stdout.readline()]
        while seen[-1] != "one.mp4 withdrawn\n":
            seen.append(first.stdout.readline())
        second = [sys.executable, ROOT / "hls_converter.py", tmp_path / "two.mp4"]
        assert 0 == subprocess.run(second, check=False, timeout=DEADLINE_S, **options).returncode
        while seen[-1] != "two.mp4 normal\n":
            seen.append(first.stdout.readline())
        first.kill()
    assert "one.mp4 normal\n" in seen


def test_a_file_while_a_video_is_converted(open_driver, tmp_path):
    """It goes into the list; the title tells how far the other is, and when it is done no more."""
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    driver.fill(upload=True)
    assert (PROGRAM, WINDOW_CLASS) == (driver.window.title(), driver.window.winfo_class())
    driver.press(driver.window.actions.start)
    run.encoding.wait_until_reached()
    driver.until(lambda: driver.window.title() == f"25% lesson01 – {PROGRAM}")
    for name in ("other.mp4", "third.mp4"):
        (tmp_path / name).touch()
    driver.window.give((tmp_path / "other.mp4",))
    driver.until(lambda: [line[:9] for line in driver.window.queue_panel.lines] == ["other.mp4"])
    assert driver.window.queue_panel.lines[0].endswith(": Not started")
    assert "/videos/lesson01.mp4" == driver.window.variables.source.get()
    run.encoding.release()
    run.uploading.release()
    driver.until_stage(WindowStage.READY)
    driver.until(lambda: driver.window.title() == PROGRAM)
    driver.window.give((tmp_path / "other.mp4", tmp_path / "third.mp4"))
    driver.until(lambda: [line[:9] for line in driver.window.queue_panel.lines] == ["other.mp4", "third.mp4"])


@pytest.mark.parametrize(
    ("before", "then"),
    [
        (Leaving.IN_BACKGROUND, Leaving.STAYS),
        (Leaving.DONE, Leaving.STAYS),
        (Leaving.AFTER_JOB, Leaving.AFTER_JOB),
        (Leaving.ASKED, Leaving.ASKED),
    ],
)
def test_the_editor_comes_back(before, then):
    """A window that went on in the background stays, for the program was started once more."""
    assert then is advance_leaving(replace(after(*RUNNING), leaving=before), FilesGiven(paths=())).leaving
