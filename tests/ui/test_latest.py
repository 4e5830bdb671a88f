"""Progress that newer progress of the same portion supersedes."""

from __future__ import annotations

from pipeline.events import LogLine, PhaseProgress, PhaseStarted
from pipeline.model import PhaseName
from ui.latest import without_superseded
from ui.list_messages import VideoTold


def progress(fraction, *, job="a", phase=PhaseName.HLS):
    """Return an event of a phase."""
    return PhaseProgress(job=job, phase=phase, fraction=fraction, overall=fraction)


def told(id_, event):
    """Return an event of a video in the list."""
    return VideoTold(id=id_, title="a.mp4", event=event)


def test_only_the_last_progress_of_a_phase_is_kept():
    """Lines and starts stay in their order, and each phase has its newest figures."""
    started, line = PhaseStarted(job="a", phase=PhaseName.MP4, overall=0.5), LogLine(job="a", text="x")
    mp4 = progress(0.1, phase=PhaseName.MP4)
    messages = [progress(0.1), line, progress(0.2), started, mp4, line]
    assert [line, progress(0.2), started, mp4, line] == without_superseded(messages)


def test_videos_of_the_list_are_told_apart():
    """Two rows of the same name, and the job of the form, have each their own progress."""
    first, second, own = told("1", progress(0.2)), told("2", progress(0.1)), progress(0.5)
    assert [second, own, first] == without_superseded([told("1", progress(0.1)), second, own, first])
