"""States of the window that several tests begin with."""

from __future__ import annotations

from pathlib import Path

from ui_fakes import media_info

from pipeline.events import PhaseStarted
from pipeline.job import Job, UploadRequest
from pipeline.model import PhaseName
from pipeline.plan import make_plan
from ui.messages import Checking, JobStarted, Message, RowsChosen, SourceFound
from ui.state_changes import advance
from ui.view_state import ViewState

JOB = Job(
    source=Path("/videos/lesson01.mp4"),
    output_dir=Path("/out"),
    slug="lesson01",
    upload=UploadRequest(prefix="videos/"),
)
PLAN = make_plan(JOB, media_info(JOB.source))
RUNNING = (Checking(), JobStarted(plan=PLAN))
UPLOADING = (*RUNNING, PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7))
FOUND = SourceFound(text="/videos/lesson01.mp4", media=media_info(JOB.source), slug="lesson01")
ROWS = RowsChosen(qualities=("1080p", "720p", "480p"), mp4=True, transcript=True, upload=False)


def after(*messages: Message) -> ViewState:
    """Return the state of a new window after these messages."""
    state = ViewState()
    for message in messages:
        state = advance(state, message)
    return state
