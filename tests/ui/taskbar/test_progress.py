"""What the taskbar shows of a state of the window, and in the terms of each system."""

from __future__ import annotations

import sys

import pytest
from ui_fakes import report
from window_states import PLAN, RUNNING, UPLOADING, after

from pipeline.events import JobFinished, PhaseProgress
from pipeline.model import Outcome, PhaseName
from ui.messages import Paused, StopRequested, TokenWanted
from ui.taskbar.dock import badge
from ui.taskbar.launcher_entry import launcher_properties
from ui.taskbar.progress import FAILED, NOTHING, Standing, TaskbarProgress, progress_of
from ui.taskbar.title import title_of
from ui.taskbar.windows_taskbar import taskbar_calls

HALF = PhaseProgress(job="lesson01", phase=PhaseName.UPLOAD, fraction=0.5, overall=0.5)
PAUSED = TaskbarProgress(standing=Standing.PAUSED, percent=42)


def _at(standing: Standing, percent: int, *, attention: bool = False) -> TaskbarProgress:
    return TaskbarProgress(standing=standing, percent=percent, attention=attention)


@pytest.mark.parametrize(
    ("messages", "standing", "attention"),
    [
        ((), Standing.NONE, False),
        ((*RUNNING, HALF), Standing.RUNNING, False),
        ((*UPLOADING, Paused()), Standing.PAUSED, False),
        ((*UPLOADING, TokenWanted()), Standing.PAUSED, True),
        ((*UPLOADING, StopRequested()), Standing.RUNNING, False),
        ((*RUNNING, JobFinished(report=report(PLAN, Outcome.FAILED, error="x"))), Standing.FAILED, True),
        ((*RUNNING, JobFinished(report=report(PLAN))), Standing.NONE, False),
        ((*RUNNING, JobFinished(report=report(PLAN, Outcome.CANCELLED))), Standing.NONE, False),
    ],
    ids=["new", "running", "paused", "token", "stopping", "failed", "done", "cancelled"],
)
def test_how_it_stands(messages, standing, attention):
    """Running, paused and failed are told apart, and at the end there is nothing."""
    shown = progress_of(after(*messages))
    assert (standing, attention) == (shown.standing, shown.attention)


def test_it_is_the_figure_of_the_title():
    """Both say how far all of the job is."""
    state = after(*UPLOADING, HALF)
    assert title_of(state).startswith(f"{progress_of(state).percent}% lesson01 – ")


@pytest.mark.parametrize(
    ("progress", "properties"),
    [
        (NOTHING, (0.0, False, False)),
        (PAUSED, (0.42, True, False)),
        (_at(Standing.PAUSED, 42, attention=True), (0.42, True, True)),
        (FAILED, (1.0, False, True)),
    ],
    ids=["none", "paused", "waits for an answer", "failed"],
)
def test_on_linux(progress, properties):
    """The bar is there while something is under way; the icon asks for attention where the editor is needed."""
    found = launcher_properties(progress)
    assert properties == tuple(found[name][1] for name in ("progress", "progress-visible", "urgent"))


@pytest.mark.parametrize(
    ("progress", "calls"),
    [
        (NOTHING, [("SetProgressState", (0,))]),
        (_at(Standing.RUNNING, 7), [("SetProgressState", (2,)), ("SetProgressValue", (7, 100))]),
        (PAUSED, [("SetProgressState", (8,)), ("SetProgressValue", (42, 100))]),
        (FAILED, [("SetProgressState", (4,)), ("SetProgressValue", (100, 100))]),
    ],
    ids=["none", "running", "paused", "failed"],
)
def test_on_windows(progress, calls):
    """The bar is green, yellow or red, and taken away at the end."""
    assert calls == list(taskbar_calls(progress))


@pytest.mark.parametrize(
    ("progress", "label"),
    [(NOTHING, ""), (_at(Standing.RUNNING, 7), "7%"), (PAUSED, "42% ⏸"), (FAILED, "!")],
    ids=["none", "running", "paused", "failed"],
)
def test_on_macos(progress, label):
    """The icon in the Dock has the percentage as its label."""
    assert label == badge(progress)


@pytest.mark.skipif(sys.platform != "win32", reason="needs the shell of Windows")
def test_the_shell_of_windows_takes_it(open_driver):
    """Every kind of progress is accepted for a real window; an error of the shell raises."""
    from ui.taskbar.windows_taskbar import shown_by_windows

    handle = int(open_driver().window.wm_frame(), 16)
    with shown_by_windows(handle) as show:
        for progress in (_at(Standing.RUNNING, 7), PAUSED, FAILED, NOTHING):
            show(progress)
