"""The table at the end of a run, and the file of `--report`."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from cli.run_record import RunRecord
from pipeline.errors import SettingsError, SourceError
from pipeline.events import JobFinished, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, PhaseReport

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")


class _Silent:
    """A renderer that shows nothing."""

    def start(self, title, rows, phases):
        """Show nothing."""

    def event(self, event):
        """Show nothing."""

    def close(self):
        """Show nothing."""


class _Clock:
    """The time, which stands still unless it is set."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds

    def now(self):
        """Return it as a date."""
        return datetime.fromtimestamp(self.seconds, timezone.utc)


@pytest.fixture
def clock():
    """A clock that the test holds."""
    return _Clock()


@pytest.fixture
def jobs(job):
    """Three jobs; the second has a title."""
    return [replace(job, slug=f"week1/{name}", title="B!" if name == "b" else "") for name in "abc"]


@pytest.fixture
def record(jobs, clock, tmp_path):
    """The record of a run of the three, which has begun."""
    record = RunRecord(tmp_path / "report.json", now=clock.now, clock=clock)
    record.begin(jobs)
    return record


def _end(record, clock, job, outcome=Outcome.DONE, *, seconds=0.0, **fields):
    view = record.recording(_Silent())
    view.event(PhaseStarted(job=job.slug, phase=PhaseName.HLS, overall=0.0))
    clock.seconds += seconds
    made = {"folder": job.folder, **fields}
    report = JobReport(slug=job.slug, source=job.source, outcome=outcome, **made)
    view.event(JobFinished(report=report))


def _written(tmp_path):
    return json.loads((tmp_path / "report.json").read_text())


def _outcomes(tmp_path):
    return [job["outcome"] for job in _written(tmp_path)["jobs"]]


def test_the_table_has_a_line_a_video(record, jobs, clock, capsys):
    """In the order of the jobs, whichever ended first; below it what to do about what failed."""
    _end(record, clock, jobs[1], Outcome.FAILED, seconds=61, error="b.mp4 is damaged: export it again.\nAnd more.")
    _end(record, clock, jobs[0], seconds=3723, master_url="https://cdn.example/a/master.m3u8", warnings=("No record.",))
    record.write_table()
    assert (
        "Video    Outcome    Took     Address\n"
        "week1/a  done       1:02:03  https://cdn.example/a/master.m3u8\n"
        "week1/b  failed     1:01\n"
        "week1/c  not begun  0:00\n"
        "1 of 3 videos done.\n"
        "week1/a: No record.\n"
        "week1/b: b.mp4 is damaged: export it again.\n"
        "week1/b: And more.\n"
    ) == capsys.readouterr().out


def test_what_is_said_of_many_is_said_once(job, clock, capsys):
    """As when nobody has a token; the names of the first stand for all."""
    jobs = [replace(job, slug=name) for name in "abcdef"]
    record = RunRecord(None, now=clock.now, clock=clock)
    record.begin(jobs)
    for one in jobs:
        _end(record, clock, one, Outcome.FAILED, error="No token.", warnings=("Slow.",) if one.slug in "ab" else ())
    record.write_table()
    assert ["0 of 6 videos done.", "a, b, c, 3 more: No token.", "a, b: Slow."] == (
        capsys.readouterr().out.splitlines()[7:]
    )


def test_without_an_upload_the_folder_is_the_address(record, jobs, clock, capsys):
    """There the files are."""
    _end(record, clock, jobs[0])
    record.write_table()
    assert str(jobs[0].folder) == capsys.readouterr().out.splitlines()[1].split()[-1]


def test_what_is_only_at_the_destination_has_no_folder(record, jobs, clock, capsys, tmp_path):
    """Neither in the table nor in the file: another machine has made it, and keeps nothing."""
    with record.run():
        _end(record, clock, jobs[0], folder=Path())
    record.write_table()
    assert "week1/a  done       0:00" == capsys.readouterr().out.splitlines()[1]
    assert "" == _written(tmp_path)["jobs"][0]["folder"]


def test_the_file_tells_all(record, jobs, clock, tmp_path):
    """Of every job the fields of job_finished, with its title and how long it took."""
    phases = (PhaseReport(phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, seconds=2.0, text="Encoded"),)
    with record.run():
        _end(record, clock, jobs[0], seconds=2.5, phases=phases)
        _end(record, clock, jobs[1], Outcome.CANCELLED)
        clock.seconds += 10
    written = _written(tmp_path)
    assert (1, "1970-01-01T00:01:40Z", "1970-01-01T00:01:52Z", 130, "") == tuple(
        written[name] for name in ("schema", "started_at", "written_at", "exit_status", "error")
    )
    first, second, third = written["jobs"]
    assert {
        "job": "week1/a",
        "title": jobs[0].source.stem,
        "seconds": 2.5,
        "source": str(jobs[0].source),
        "folder": str(jobs[0].folder),
        "outcome": "done",
        "phases": [{"phase": "hls", "outcome": "done", "seconds": 2.0, "text": "Encoded"}],
        "error": "",
        "warnings": [],
        "master_url": "",
        "wrong_settings": False,
        "media_deleted": False,
        "loudness_lufs": None,
        "backend_unreachable": False,
        "folder_in_use": False,
        "damaged": False,
        "unheard": False,
    } == first
    assert ("B!", "cancelled", "Cancelled.") == (second["title"], second["outcome"], second["error"])
    assert ("week1/c", None) == (third["job"], third["outcome"])


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        pytest.param(SettingsError(["One.", "Two."]), 2, "One.\nTwo.", id="wrong settings"),
        pytest.param(SourceError("Gone."), 1, "Gone.", id="no source"),
        pytest.param(KeyboardInterrupt(), 130, "Cancelled.", id="Ctrl-C"),
        pytest.param(ValueError("a bug"), 1, "", id="a bug"),
    ],
)
def test_the_file_is_written_however_the_run_ends(tmp_path, clock, error, status, text):
    """Also before anybody knows which videos are meant, so that no older file is taken for this run's."""
    RunRecord(tmp_path / "report.json").begin([])
    with pytest.raises(type(error)), RunRecord(tmp_path / "report.json", now=clock.now, clock=clock).run():
        raise error
    written = _written(tmp_path)
    assert (status, text, []) == (written["exit_status"], written["error"], written["jobs"])


def test_the_file_tells_how_far_the_run_is(record, jobs, clock, tmp_path):
    """For whoever looks meanwhile, and for a run that is killed; not more often than every few seconds."""
    assert (None, [None] * 3) == (_written(tmp_path)["exit_status"], _outcomes(tmp_path))
    _end(record, clock, jobs[0])
    assert [None] * 3 == _outcomes(tmp_path)
    _end(record, clock, jobs[1], seconds=5)
    assert ["done", "done", None] == _outcomes(tmp_path)


def test_a_file_that_can_not_be_written_is_said_before_anything_begins(tmp_path, jobs, capsys):
    """Once, and nothing is made for it."""
    record = RunRecord(tmp_path / "gone" / "report.json")
    with (
        pytest.raises(SettingsError, match=r"^--report: .*gone/report\.json can't be written \(No such file"),
        record.run(),
    ):
        record.begin(jobs)
    assert ([], "") == ([*tmp_path.glob("gone")], capsys.readouterr().err)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda path: path.write_bytes(b"a video"), "is there already and is not a report", id="video"),
        pytest.param(lambda path: path.write_text('{"schema": 1, "jobs": []}'), "is not a report", id="other JSON"),
        pytest.param(lambda path: path.mkdir(), "is a folder: name a file in it", id="folder"),
        pytest.param(lambda path: os.mkfifo(path), "is a pipe or a device", id="pipe", marks=POSIX),
    ],
)
def test_a_report_takes_the_place_of_no_other_file(tmp_path, jobs, make, said):
    """Neither of a video nor of a list that was named by mistake: it is refused before anything is written."""
    path = tmp_path / "lecture.mp4"
    make(path)

    def kept():
        status = path.lstat()  # its time of access is not among these: to tell what it is, the file is read
        return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns

    before = kept()
    record = RunRecord(path)
    with pytest.raises(SettingsError, match=said), record.run():
        record.begin(jobs)
    assert before == kept()


def test_a_report_takes_the_place_of_an_earlier_one(tmp_path, jobs):
    """And of an empty file, as a script may make it beforehand."""
    path = tmp_path / "report.json"
    path.touch()
    for _ in range(2):
        record = RunRecord(path)
        with record.run():
            record.begin(jobs)
    assert 3 == len(json.loads(path.read_text())["jobs"])


def test_without_a_file_nothing_is_written(tmp_path, jobs, clock):
    """The table needs none."""
    record = RunRecord(None, now=clock.now, clock=clock)
    record.begin(jobs)
    with record.run():
        _end(record, clock, jobs[0])
    assert ([], 1) == (list(tmp_path.glob("*.json")), len(record.reports))
