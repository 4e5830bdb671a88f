"""Several jobs that run at the same time, shown to a person."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.json_lines import JsonLines
from cli.render_several import NAME_COLUMNS, BarsByJob, LinesByJob, renderer_of_several
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome

PHASES = (PhaseName.HLS, PhaseName.UPLOAD)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], _Terminal]:
    """Return what makes standard output a terminal of 100 columns: in the test, as pytest has its own before that."""

    def replace() -> _Terminal:
        out = _Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        return out

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return replace


def _finished(job: str, outcome: Outcome = Outcome.DONE, url: str = "") -> JobFinished:
    return JobFinished(
        report=JobReport(slug=job, source=Path(f"{job}.mp4"), folder=Path("out") / job, outcome=outcome, master_url=url)
    )


def test_every_line_names_its_job():
    """Whatever order they come in, each job's tenths are counted by themselves."""
    out = io.StringIO()
    lines = LinesByJob(out)
    for job in ("a", "b/c"):
        lines.start(job, ["720p"], PHASES)
        lines.event(PhaseStarted(job=job, phase=PhaseName.HLS, overall=0.0))
    for fraction in (0.05, 0.1, 0.14):
        for job in ("a", "b/c"):
            lines.event(PhaseProgress(job=job, phase=PhaseName.HLS, fraction=fraction, overall=fraction))
    lines.event(LogLine(job="a", text="ffmpeg -i x", level=LogLevel.DETAIL))
    lines.event(_finished("b/c", url="https://x/master.m3u8"))
    lines.event(_finished("a", Outcome.FAILED))
    assert [
        "a: 720p",
        "a: HLS …",
        "b/c: 720p",
        "b/c: HLS …",
        "a: HLS  10%",
        "b/c: HLS  10%",
        "b/c: done. The files are in out/b/c",
        "b/c: Stream: https://x/master.m3u8",
        "a: failed.",
    ] == out.getvalue().splitlines()


def test_a_terminal_has_a_bar_for_each_job_that_runs(terminal):
    """What goes on stands beside it; how a job ended stands above, and stays."""
    out = terminal()
    bars = renderer_of_several(as_json=False)
    assert isinstance(bars, BarsByJob)
    bars.start("lesson1", ["720p"], PHASES)
    bars.start("a-lesson-with-a-very-long-name-indeed", ["720p"], PHASES)
    bars.event(PhaseStarted(job="lesson1", phase=PhaseName.HLS, overall=0.0))
    bars.event(PhaseProgress(job="lesson1", phase=PhaseName.HLS, fraction=0.5, overall=0.42))
    bars.event(PhaseFinished(job="lesson1", phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, overall=0.8, text="Fine"))
    bars.event(LogLine(job="lesson1", text="Something is odd.", level=LogLevel.WARNING))
    bars.event(_finished("lesson1"))
    bars.close()
    shown = ESCAPES.sub("", out.getvalue())
    for text in ("lesson1: Something is odd.", "lesson1: done. The files are in out/lesson1"):
        assert text in shown
    assert f"…{'a-lesson-with-a-very-long-name-indeed'[1 - NAME_COLUMNS :]}" in shown


def test_a_job_takes_the_line_of_one_that_has_ended(terminal):
    """Nothing jumps, and there are never more lines than jobs that run at the same time."""
    terminal()
    bars = BarsByJob()
    for job in ("one", "two", "three"):
        bars.start(job, [], PHASES)
    for job, following in (("two", "four"), ("one", "five"), ("four", "six")):
        line = bars._lines[job]
        bars.event(_finished(job))
        bars.start(following, [], PHASES)
        assert line == bars._lines[following]
    assert 3 == len(bars._progress.tasks)
    bars.close()


def test_events_of_a_job_that_never_began_are_shown(terminal):
    """A source that can't be read has a JobFinished and no bar."""
    out = terminal()
    bars = BarsByJob()
    bars.event(PhaseProgress(job="x", phase=PhaseName.HLS, fraction=0.5, overall=0.4))
    bars.event(_finished("x", Outcome.FAILED))
    bars.close()
    assert "x: failed." in out.getvalue()


def test_a_question_is_seen(terminal):
    """Nothing is drawn over it."""
    terminal()
    bars = BarsByJob()
    bars.start("one", [], PHASES)
    with bars.paused():
        assert not bars._progress.live.is_started
    assert bars._progress.live.is_started
    bars.close()


def test_json_is_as_for_one():
    """Each line has its job anyway."""
    assert isinstance(renderer_of_several(as_json=True), JsonLines)
