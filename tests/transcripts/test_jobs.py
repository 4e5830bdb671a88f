"""The transcript of a finished job put into a dataset, also while others write that."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from dataset_jobs import converted
from datasets import COCO_KIND, HeldClock, left_by_a_crash, opened
from finished_jobs import finished_job, heard

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError, SettingsError
from pipeline.events import JobFinished, LogLevel, LogLine
from pipeline.job import DatasetRequest, Job
from pipeline.model import JobReport, Outcome
from transcripts.document import open_document
from transcripts.errors import UndecidedError
from transcripts.jobs import WAIT_S, DatasetBusyError, check_dataset, keep, run_and_keep
from transcripts.schema import TRANSCRIPTS


@pytest.fixture
def folder(tmp_path):
    """The folder of a finished job."""
    return finished_job(tmp_path / "out" / "lecture", heard("The doc product."))


@pytest.fixture
def request_(tmp_path):
    """A dataset that is not there yet."""
    return DatasetRequest(uri=str(tmp_path / "course 'ü'.json"))


def texts(path) -> list[str]:
    """What is said in a dataset."""
    return sorted(row["text"] for row in json.loads(Path(path).read_text(encoding="utf-8"))["segments"])


class Told(CancelToken):
    """Does something the first time that somebody waits."""

    def __init__(self, act) -> None:
        super().__init__()
        self._act = act

    def wait(self, seconds: float) -> None:
        act, self._act = self._act, lambda: None
        act()
        self.check()


def test_a_dataset_is_begun(request_, folder):
    """And has the transcript; the same again is said to be there."""
    kept = keep(request_, folder, Config(), CancelToken())
    assert (f"The transcript was added to {request_.uri} (1 segment).", LogLevel.INFO) == (kept.text, kept.level)
    assert ["The doc product."] == texts(request_.uri)
    assert (
        f"{request_.uri} has this transcript already (1 segment)."
        == keep(request_, folder, Config(), CancelToken()).text
    )


def test_edited_segments_are_told_of(request_, folder):
    """They stay, with a warning and the option that replaces them."""
    keep(request_, folder, Config(), CancelToken())
    with open_document(Path(request_.uri)) as document:
        document.update("segments", document.rows("segments")[0]["id"], text="The dot product.", edited=True)
    kept = keep(request_, folder, Config(), CancelToken())
    assert (LogLevel.WARNING, True) == (kept.level, "`transcripts add` can replace it" in kept.text)
    assert ["The dot product."] == texts(request_.uri)
    replacing = DatasetRequest(uri=request_.uri, replace_edited=True)
    assert "was replaced in" in keep(replacing, folder, Config(), CancelToken()).text
    assert ["The doc product."] == texts(request_.uri)


def test_a_job_without_a_transcript(request_, tmp_path):
    """Nothing is put anywhere, and it is said."""
    kept = keep(request_, tmp_path, Config(), CancelToken())
    assert f"Nothing was put into {request_.uri}: the video has no transcript." == kept.text
    assert not Path(request_.uri).exists()


def test_another_job_is_waited_for(request_, folder):
    """What it writes meanwhile is kept: the dataset is read anew when it is free."""
    other = open_document(Path(request_.uri), TRANSCRIPTS, clock=HeldClock(), autosave_interval_s=30)
    media = other.add("media", {"title": "other"})

    def finish() -> None:
        other.add("segments", {"media_id": media, "start": 1, "duration": 1, "text": "Other."})
        other.shutdown()

    keep(request_, folder, Config(), Told(finish))
    assert ["Other.", "The doc product."] == texts(request_.uri)


def test_an_editor_who_has_it_open_all_the_time(request_, folder):
    """After a while it is said who has it; nothing is changed."""
    clock = iter((0.0, 1.0, WAIT_S))
    with (
        open_document(Path(request_.uri), TRANSCRIPTS, clock=HeldClock(), autosave_interval_s=30),
        pytest.raises(DatasetBusyError, match=r"was not put into the dataset.*is being edited in another window"),
    ):
        keep(request_, folder, Config(), Told(lambda: None), monotonic=lambda: next(clock))


def test_waiting_can_be_cancelled(request_, folder):
    """Ctrl-C ends it."""
    cancel = CancelToken()
    cancel.cancel()
    with (
        open_document(Path(request_.uri), TRANSCRIPTS, clock=HeldClock(), autosave_interval_s=30),
        pytest.raises(Cancelled),
    ):
        keep(request_, folder, Config(), cancel)


def test_what_a_killed_session_left_is_not_decided_by_a_job(request_, folder, tmp_path):
    """Before the work and after it, it is said what to do; nothing is lost."""
    keep(request_, folder, Config(), CancelToken())
    with opened(Path(request_.uri)) as document:
        document.update("segments", document.rows("segments")[0]["id"], text="Not saved.")
        left = DatasetRequest(uri=str(left_by_a_crash(document.path, tmp_path / "left")))
    with pytest.raises(UndecidedError, match="restore or discard them"):
        keep(left, folder, Config(), CancelToken())
    with pytest.raises(SettingsError, match="restore or discard them"):
        check_dataset(left, Config())


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: COCO_KIND.write(path), "of kind COCO, not transcripts"),
        (lambda path: path.write_text("{"), "is not a dataset, or it is cut off or damaged"),
        (lambda path: path.mkdir(), "can't be"),
    ],
    ids=["images", "broken", "a folder"],
)
def test_a_dataset_is_looked_at_before_the_work(request_, make, sentence):
    """What is not a dataset of transcripts is refused; one that is not there is fine, and is not begun by looking."""
    path = Path(request_.uri)
    check_dataset(request_, Config())
    assert not path.exists()
    make(path)
    with pytest.raises(PipelineError, match=sentence):
        check_dataset(request_, Config())


def test_a_dataset_that_can_not_be_written(request_, tmp_path):
    """Is refused before the work; one that somebody else edits is not, as that passes."""
    path = Path(request_.uri)
    with open_document(path, TRANSCRIPTS):
        check_dataset(request_, Config())
    path.with_name(f".{path.name}.lock").mkdir()
    with pytest.raises(SettingsError, match=r"can't be written, so .* can only be read"):
        check_dataset(request_, Config())


@pytest.fixture
def job(folder):
    """A job that fills that folder."""
    return Job(source=Path("lecture.mp4"), output_dir=folder.parent, slug=folder.name)


def ran(job, outcome=Outcome.DONE):
    """Return what runs a job that ends so, without doing anything."""

    def run(sink):
        report = JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=outcome)
        sink(LogLine(job=job.slug, text="Done."))
        sink(JobFinished(report=report))
        return report

    return run


def test_a_job_with_a_dataset_ends_when_it_has_the_transcript(job, request_):
    """Its one JobFinished is the last event, after the line that says what became of the transcript."""
    events = []
    wanted = replace(job, dataset=request_)
    report = run_and_keep(ran(wanted), wanted, Config(), events.append, CancelToken())
    said = f"The transcript was added to {request_.uri} (1 segment)."
    assert ["Done.", said] == [one.text for one in events[:-1]]
    assert (JobFinished(report=report), Outcome.DONE) == (events[-1], report.outcome)
    assert ["The doc product."] == texts(request_.uri)


def test_a_job_whose_dataset_can_not_be_had_has_failed(job, request_):
    """And says how the transcript gets there later."""
    Path(request_.uri).write_text("no dataset")
    events = []
    wanted = replace(job, dataset=request_)
    report = run_and_keep(ran(wanted), wanted, Config(), events.append, CancelToken())
    assert (Outcome.FAILED, True) == (report.outcome, "can't be read" in report.error)
    assert JobFinished(report=report) == events[-1]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED])
def test_a_job_that_is_not_done_puts_nothing_in(job, request_, outcome):
    """A dataset has transcripts of jobs that are done alone."""
    events = []
    wanted = replace(job, dataset=request_)
    run_and_keep(ran(wanted, outcome), wanted, Config(), events.append, CancelToken())
    assert ([outcome], False) == ([events[-1].report.outcome], Path(request_.uri).exists())


def test_a_job_cancelled_while_its_dataset_is_waited_for(job, request_):
    """Is cancelled; nothing was put in."""
    events, cancel = [], Told(lambda: cancel.cancel())
    wanted = replace(job, dataset=request_)
    with open_document(Path(request_.uri), TRANSCRIPTS):
        run_and_keep(ran(wanted), wanted, Config(), events.append, cancel)
    assert Outcome.CANCELLED is events[-1].report.outcome


def test_two_jobs_at_once(clips, tmp_path):
    """Both videos are in the dataset, though an editor had it open until both jobs had to wait for it."""
    dataset = tmp_path / "course.json"
    editor = open_document(dataset, TRANSCRIPTS)

    def close_when_both_are_done(processes: list[subprocess.Popen]) -> None:
        for clip in clips:
            while not (tmp_path / "out" / clip.stem / "transcript.json").exists():
                assert all(process.poll() is None for process in processes)
                CancelToken().wait(0.1)
        editor.shutdown()

    assert ([0, 0], ["", ""]) == converted(clips, dataset, [{}, {}], close_when_both_are_done)
    assert ["This is one.", "This is two."] == texts(dataset)
