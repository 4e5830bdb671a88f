"""Which buttons the window's state offers."""

from __future__ import annotations

import pytest
from ui_fakes import report
from window_states import PLAN, RUNNING, UPLOADING, after

from pipeline.errors import Problem
from pipeline.events import JobFinished, PhaseFinished
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.preflight_answers import Refused, ResumeUpload
from ui.messages import Checking, StartCancelled, StopRequested


@pytest.mark.parametrize(
    ("messages", "buttons"),
    [
        ((), (True, False, True, False)),
        ((Checking(),), (False, True, False, False)),
        ((Checking(), ResumeUpload(plan=PLAN, files_done=1, files_total=2)), (False, True, False, False)),
        (RUNNING, (False, True, False, False)),
        (UPLOADING, (False, True, False, True)),
        ((*UPLOADING, StopRequested()), (False, False, False, True)),
        (
            (*UPLOADING, PhaseFinished(job="lesson01", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, overall=1.0)),
            (False, True, False, False),
        ),
        ((*UPLOADING, JobFinished(report=report(PLAN))), (True, False, True, False)),
        ((Checking(), Refused(problems=(Problem(text="x"),))), (True, False, True, False)),
        ((Checking(), StartCancelled()), (True, False, True, False)),
    ],
    ids=[
        "new",
        "checking",
        "asking",
        "running",
        "uploading",
        "stopping",
        "uploaded",
        "finished",
        "refused",
        "withdrawn",
    ],
)
def test_buttons(messages, buttons):
    """Start and the form, Cancel and Cancel Upload are there exactly when they do something."""
    state = after(*messages)
    assert buttons == (state.start_enabled, state.cancel_enabled, state.form_enabled, state.cancel_upload_shown)
