"""The table of phases: order, titles, and which jobs have which phase."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Config
from pipeline.job import UploadJob, UploadRequest
from pipeline.model import PhaseName, UploadPlan
from pipeline.phase_table import PHASES, Requested, phases_of
from pipeline.speech.child import WhisperProcess
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import Login
from pipeline.wiring import phases_for, upload_phases_for

FETCH, HLS, MP4, TRANSCRIPT, TRANSLATION, UPLOAD, RECORD, CLEANUP = PhaseName
TO_A = UploadRequest(prefix="a/")


def test_every_phase_has_a_row_at_its_place_in_the_order():
    """A name without a row would have no title."""
    assert list(PhaseName) == list(PHASES)


def test_every_phase_is_made_under_its_own_name():
    """The runner finds each by its name."""
    made = phases_for(Config(), Login(""), TransferControl(), whisper=WhisperProcess())
    assert {name: name for name in PHASES} == {name: phase.name for name, phase in made.items()}


def test_an_upload_without_an_encode_has_all_of_its_phases():
    """What the table gives it is made, each under its own name."""
    request = UploadRequest(prefix="a/", delete_local=True)
    plan = UploadPlan(job=UploadJob(folder=Path("lesson"), upload=request), phases=phases_of(Requested(upload=request)))
    made = upload_phases_for(plan, Config(), Login(""), TransferControl())
    assert {name: name for name in plan.phases} == {name: phase.name for name, phase in made.items()}


def test_titles_tell_phases_apart():
    """A terminal keeps one bar a title."""
    assert len(PHASES) == len({row.title for row in PHASES.values()})


def test_the_folder_is_filled_before_it_is_used():
    """It is packaged once, after the last phase that fills it."""
    filling = [row.fills_folder for row in PHASES.values()]
    assert sorted(filling, reverse=True) == filling


@pytest.mark.parametrize(
    ("requested", "phases"),
    [
        pytest.param(Requested(stream=True), (HLS,), id="stream"),
        pytest.param(Requested(stream=True, mp4=True, transcript=True), (HLS, MP4, TRANSCRIPT), id="all of a folder"),
        pytest.param(Requested(fetch=True, stream=True), (FETCH, HLS), id="from elsewhere"),
        pytest.param(Requested(transcript=True, translation=True), (TRANSCRIPT, TRANSLATION), id="translation"),
        pytest.param(Requested(stream=True, upload=TO_A), (HLS, UPLOAD, RECORD), id="stream and upload"),
        pytest.param(Requested(upload=TO_A), (UPLOAD, RECORD), id="upload of a folder"),
        pytest.param(
            Requested(upload=UploadRequest(prefix="a/", delete_local=True)), (UPLOAD, RECORD, CLEANUP), id="clean-up"
        ),
    ],
)
def test_a_job_has_the_phases_that_it_asks_for(requested, phases):
    """In the order of the table."""
    assert phases == phases_of(requested)
