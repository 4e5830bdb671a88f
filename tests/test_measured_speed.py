"""What is kept of how quick this machine is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from converting import ULTRAFAST, convert
from source_clips import plain
from step_facts import ENCODED

from config import Config
from pipeline import expected_time
from pipeline.estimate import most_size_bytes
from pipeline.events import LogLevel, LogLine, PhaseStarted
from pipeline.facts import Facts
from pipeline.job import Job, UploadRequest
from pipeline.measured_speed import FILE, JobTimes
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, PhaseReport
from pipeline.plan import make_plan
from pipeline.published import published_files
from pipeline.source_address import parse_address
from pipeline.wiring import probe_and_plan
from pipeline.workspace import Workspace

HLS = PhaseName.HLS
KEPT = Path(__file__).parent / "kept"


@pytest.fixture
def one(job, media_info):
    """A plan and the workspace that it begins with: empty."""
    plan = make_plan(replace(job, make_mp4=False), media_info())
    return plan, Workspace(plan.job)


def _ended(plan, seconds: float = 1000.0) -> JobReport:
    phases = (PhaseReport(phase=HLS, outcome=PhaseOutcome.DONE, seconds=seconds),)
    return JobReport(
        slug=plan.job.slug, source=plan.job.source, folder=plan.job.folder, outcome=Outcome.DONE, phases=phases
    )


def test_the_next_job_is_expected_to_take_what_this_one_took(one, tmp_path):
    """What was measured is in the folder for data, and replaces the usual figure."""
    plan, workspace = one
    first = JobTimes(plan, tmp_path / "data", alone=True)
    took_s = 3 * first.expect(workspace)[HLS]  # which is less where there are many cores
    first.learn(_ended(plan, took_s))
    assert took_s == pytest.approx(JobTimes(plan, tmp_path / "data", alone=True).expect(workspace)[HLS])


def test_a_real_conversion_is_measured_once(tmp_path, monkeypatch):
    """The same job again finds its work done, which is no measure."""
    monkeypatch.setattr(expected_time, "MEASURABLE_S", 0.0)
    clip, config = plain(tmp_path), Config(data_dir=tmp_path / "data")
    kept = []
    for _ in range(2):
        assert Outcome.DONE is convert(clip, tmp_path / "out", config).report.outcome
        kept.append(json.loads((tmp_path / "data" / FILE).read_text()))
    assert (kept[0], 2, ["hls libx264"]) == (kept[1], kept[0]["schema"], list(kept[0]["seconds"]))
    (part,) = kept[0]["sizes"]["size hls libx264"]
    published = sum(path.stat().st_size for path in published_files(next((tmp_path / "out").iterdir())))
    asked = Job(source=clip, output_dir=tmp_path / "out", slug="clip", encoding=ULTRAFAST, make_mp4=False)
    assert published == pytest.approx(part * most_size_bytes(probe_and_plan(asked, config)), rel=0.01)


def test_a_job_among_others_or_that_goes_on_is_no_measure(one, tmp_path):
    """It had a part of the machine, or a part of the work."""
    plan, workspace = one
    among = JobTimes(plan, tmp_path, alone=False)
    among.expect(workspace)
    among.learn(_ended(plan))
    workspace.done = Facts().having(ENCODED)
    goes_on = JobTimes(plan, tmp_path, alone=True)
    assert 0.5 == goes_on.expect(workspace)[HLS]
    goes_on.learn(_ended(plan))
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        pytest.param("{", False, id="broken"),
        pytest.param('{"schema": 1, "seconds": {"hls libx264": "x"}}', False, id="wrong"),
        pytest.param('{"schema": 2, "seconds": {"hls libx264": 1.0}}', False, id="a figure for several"),
        pytest.param('{"schema": 3, "speeds": []}', True, id="of a newer version"),
    ],
)
def test_a_file_that_can_not_be_read_is_no_error(one, tmp_path, content, kept):
    """Usual figures count then; a newer version's file is left as it is, another is written anew."""
    plan, workspace = one
    usual = JobTimes(plan, None, alone=True).expect(workspace)
    (tmp_path / FILE).write_text(content)
    times = JobTimes(plan, tmp_path, alone=True)
    assert usual == times.expect(workspace)
    times.learn(_ended(plan))
    assert kept == (content == (tmp_path / FILE).read_text())


def test_what_an_earlier_version_kept_goes_on_being_read(one, tmp_path):
    """The first version kept one figure of each kind."""
    plan, workspace = one
    shutil.copyfile(KEPT / "measured_speed_1.json", tmp_path / FILE)
    usual = JobTimes(plan, None, alone=True).expect(workspace)[HLS]
    times = JobTimes(plan, tmp_path, alone=True)
    assert usual / 10 == pytest.approx(times.expect(workspace)[HLS])
    times.learn(_ended(plan))
    assert ["hls libx264", "upload"] == list(json.loads((tmp_path / FILE).read_text())["seconds"])


@pytest.mark.parametrize(
    ("line", "held_back", "measured"),
    [
        pytest.param(LogLine(job="a", text="x", level=LogLevel.INFO), False, ["upload"], id="sent at once"),
        pytest.param(LogLine(job="a", text="x", level=LogLevel.WAITING), False, [], id="waited"),
        pytest.param(LogLine(job="a", text="x", level=LogLevel.INFO), True, [], id="paused or limited"),
    ],
)
def test_an_upload_that_waited_is_no_measure(job, media_info, tmp_path, line, held_back, measured):
    """For a login, for the network, for the editor, or for a limit."""
    plan = make_plan(replace(job, upload=UploadRequest(prefix="a/")), media_info())
    times, told = JobTimes(plan, tmp_path, alone=True), []
    times.expect(Workspace(plan.job))
    sink = times.watching(told.append)
    sink(PhaseStarted(job="a", phase=PhaseName.UPLOAD, overall=0.5))
    sink(line)
    phases = (PhaseReport(phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, seconds=3600.0),)
    times.learn(replace(_ended(plan), phases=phases), held_back=held_back)
    kept = json.loads((tmp_path / FILE).read_text())["seconds"] if (tmp_path / FILE).exists() else {}
    assert (measured, line) == (list(kept), told[-1])


def test_a_source_that_came_within_a_limit_is_no_measure(job, media_info, tmp_path):
    """A limit counts for what is fetched, too."""
    plan = make_plan(replace(job, address=parse_address("https://videos.example/a.mp4")), media_info())
    phases = (PhaseReport(phase=PhaseName.FETCH, outcome=PhaseOutcome.DONE, seconds=3600.0),)
    kept = []
    for held_back in (True, False):
        times = JobTimes(plan, tmp_path, alone=True)
        times.expect(Workspace(plan.job))
        times.learn(replace(_ended(plan), phases=phases), held_back=held_back)
        kept.append((tmp_path / FILE).exists())
    assert [False, True] == kept
