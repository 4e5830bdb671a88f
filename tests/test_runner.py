"""The runner: order, the overall bar, and one end."""

from __future__ import annotations

import errno
import shutil
import subprocess
import threading
from dataclasses import dataclass, field, replace

import pytest
from step_facts import ENCODED, uploaded

from pipeline import disk_room
from pipeline.cancel import CancelToken
from pipeline.engines.local import LocalEngine
from pipeline.errors import Cancelled, EncodeError, OutputError, SettingsError, TransferError
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.facts import Mp4Facts, PackageFacts, StepFacts, TranscriptFacts
from pipeline.folder_lock import locked
from pipeline.job import TranscriptionRequest, UploadRequest
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source.probe import probe
from pipeline.media.stream_layout import MASTER
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from pipeline.phases.hls import HlsPhase
from pipeline.phases.mp4 import Mp4Phase
from pipeline.phases.package import package
from pipeline.phases.phase import PhaseResult, Progress
from pipeline.plan import make_plan
from pipeline.runner import run
from pipeline.speech.child import WhisperProcess
from pipeline.workspace import Workspace

MADE = {
    PhaseName.HLS: ENCODED,
    PhaseName.MP4: Mp4Facts(file="offline_480p.mp4"),
    PhaseName.TRANSCRIPT: TranscriptFacts(language="en", cues=1),
}
"""What the phases that fill the folder leave."""


@dataclass
class Step:
    """A phase that notes its calls in a shared list and then does what it is told."""

    name: PhaseName
    calls: list
    result: PhaseResult = field(default_factory=lambda: PhaseResult(text="fine"))
    check_error: Exception | None = None
    error: Exception | None = None
    marks: StepFacts | None = None

    def check(self, context):
        self.calls.append(f"check {self.name.value}")
        if self.check_error:
            raise self.check_error

    def run(self, context):
        self.calls.append(f"run {self.name.value}")
        context.report(Progress(fraction=0.5, text="half"))
        if self.error:
            raise self.error
        if self.name in MADE:
            context.workspace.mark(MADE[self.name])
        if self.marks is not None:
            context.workspace.mark(self.marks)
        return self.result


class Bench:
    """A job with every phase, run with steps that can be told to fail."""

    def __init__(self, job, media_info):
        job.source.write_bytes(b"source")
        self.plan = make_plan(
            replace(job, transcription=TranscriptionRequest(), upload=UploadRequest(prefix="a/", delete_local=True)),
            media_info(),
        )
        self.calls = []
        self.steps = {name: Step(name, self.calls) for name in PhaseName}
        self.events = []
        self.cancel = CancelToken()

    def package(self, context):
        self.calls.append("package")
        context.workspace.publish(PackageFacts())

    def run(self, expect=None):
        work = Workspace(self.plan.job)
        return run(self.plan, work, lambda: self.steps, self.package, self.events.append, self.cancel, expect=expect)

    def ended(self):
        return [e for e in self.events if isinstance(e, JobFinished)]


@pytest.fixture
def bench(job, media_info):
    """See `Bench`."""
    return Bench(job, media_info)


def test_everything_is_checked_first_then_run_in_order_and_packaged_before_the_upload(bench):
    """Nothing is encoded before every phase has said that it can do its work."""
    report = bench.run()
    names = [p.value for p in bench.plan.phases]
    expected = (
        [f"check {n}" for n in names] + [f"run {n}" for n in names[:3]] + ["package"] + [f"run {n}" for n in names[3:]]
    )
    assert (expected, Outcome.DONE) == (bench.calls, report.outcome)


def test_a_job_ends_in_exactly_one_report_which_is_the_last_event(bench):
    """Front ends wait for it."""
    report = bench.run()
    assert ([JobFinished(report=report)], bench.events[-1]) == (bench.ended(), JobFinished(report=report))


def test_every_event_names_its_job(bench):
    """Whoever reads the events of several jobs can tell them apart; the place of a job is its name."""
    bench.plan = replace(bench.plan, job=replace(bench.plan.job, slug="course/lesson"), notes=("A note.",))
    bench.steps[PhaseName.MP4].error = RuntimeError("a bug")
    bench.run()
    kinds = {PhaseStarted, PhaseProgress, PhaseFinished, LogLine, JobFinished}
    assert (kinds, {"course/lesson"}) == ({type(e) for e in bench.events}, {e.job for e in bench.events})


def _overall(bench):
    return [e.overall for e in bench.events if isinstance(e, PhaseStarted | PhaseProgress | PhaseFinished)]


def test_the_overall_bar_is_weighted_by_time_only_grows_and_ends_full(bench):
    """Half of a phase that takes 30 of 50 seconds is three tenths of the job."""
    seconds = dict.fromkeys(PhaseName, 0.0) | {PhaseName.HLS: 30.0, PhaseName.UPLOAD: 20.0}
    bench.run(expect=lambda folder: {name: seconds[name] for name in bench.plan.phases})
    overall = _overall(bench)
    assert (sorted(overall), 0.3, 1.0) == (overall, overall[1], overall[-1])


def test_the_overall_bar_never_goes_back(bench):
    """A phase that begins something anew, or fails, takes nothing away."""
    step = bench.steps[PhaseName.MP4]

    def again(context):
        for fraction in (0.9, 0.0):
            context.report(Progress(fraction=fraction))
        raise EncodeError("broken")

    step.run = again
    bench.run(expect=lambda folder: dict.fromkeys(bench.plan.phases, 1.0))
    overall = _overall(bench)
    assert (sorted(overall), 1.9 / len(bench.plan.phases)) == (overall, pytest.approx(overall[-1]))


def test_what_a_phase_tells_before_its_turn_moves_no_bar(bench):
    """A model that is fetched before the encode is no part of the transcription."""
    step = bench.steps[PhaseName.TRANSCRIPT]
    step.check = lambda context: context.report(Progress(fraction=0.8, text="Fetching the model"))
    bench.run()
    assert 0.0 == _overall(bench)[0]


def test_phases_that_are_off_have_no_part_of_the_bar(job, media_info):
    """HLS alone is the whole bar."""
    bench = Bench(job, media_info)
    bench.plan = make_plan(replace(bench.plan.job, make_mp4=False, transcription=None, upload=None), media_info())
    bench.run()
    assert [0.5] == [e.overall for e in bench.events if isinstance(e, PhaseProgress)]


def test_a_check_that_fails_stops_the_job_before_any_work(bench):
    """Nothing was made, nothing is left, and wrong settings are told from failures."""
    bench.steps[PhaseName.UPLOAD].check_error = SettingsError("The destination is wrong.")
    report = bench.run()
    assert (Outcome.FAILED, "The destination is wrong.", True) == (report.outcome, report.error, report.wrong_settings)
    assert (False, False) == (any(c.startswith("run") for c in bench.calls), report.folder.exists())


def test_a_job_that_makes_nothing_leaves_no_folder_above_its_own(bench):
    """The path below a root is made with the work, and goes with it; another job's folders stay."""
    bench.plan = replace(bench.plan, job=replace(bench.plan.job, slug="course/week1/lesson"))
    output = bench.plan.job.output_dir
    (output / "course" / "other").mkdir(parents=True)
    bench.steps[PhaseName.UPLOAD].check_error = SettingsError("The destination is wrong.")
    bench.run()
    assert [output / "course", output / "course" / "other"] == sorted(output.rglob("*"))
    bench.steps[PhaseName.UPLOAD].check_error = None
    assert (Outcome.DONE, output / "course" / "week1" / "lesson") == ((report := bench.run()).outcome, report.folder)
    assert report.folder.is_dir()


def test_a_phase_that_fails_ends_the_job_and_keeps_what_is_done(bench):
    """The next run starts at the first thing missing."""
    bench.steps[PhaseName.TRANSCRIPT].error = EncodeError("The model broke.")
    report = bench.run()
    assert ("The model broke.", False, ["done", "done", "failed"]) == (
        report.error,
        report.wrong_settings,
        [p.outcome.value for p in report.phases],
    )
    assert ("run transcript", False) == (bench.calls[-1], report.folder.exists())
    partial = bench.plan.job.output_dir / f".{bench.plan.job.slug}.partial"
    assert partial.is_dir()


def test_a_warning_does_not_fail_the_job(bench):
    """The files are up; only the record is missing."""
    bench.steps[PhaseName.RECORD].result = PhaseResult(outcome=PhaseOutcome.WARNED, text="No record was made.")
    report = bench.run()
    assert (Outcome.DONE, ("No record was made.",)) == (report.outcome, report.warnings)


def test_cancelled_is_cancelled_with_the_words_of_the_phase(bench):
    """What the upload says about resuming is what the editor reads."""
    bench.steps[PhaseName.UPLOAD].error = Cancelled("Upload cancelled. 12/45 files uploaded. Resume anytime.")
    report = bench.run()
    assert (Outcome.CANCELLED, "Upload cancelled. 12/45 files uploaded. Resume anytime.") == (
        report.outcome,
        report.error,
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(None, "https://cdn/now/master.m3u8", id="done"),
        pytest.param(OutputError("no"), "", id="failed"),
        pytest.param(Cancelled("stopped"), "", id="cancelled"),
    ],
)
def test_only_this_jobs_upload_names_the_stream(bench, error, expected):
    """The folder remembers where an earlier job sent it:
    that is never told as the address of a job that did not get there.
    """
    upload = bench.steps[PhaseName.UPLOAD]

    def mark(address):
        upload.marks = uploaded(urls={MASTER: address})

    mark("https://cdn/before/master.m3u8")
    assert "https://cdn/before/master.m3u8" == bench.run().master_url
    mark("https://cdn/now/master.m3u8")
    upload.error = error
    assert expected == bench.run().master_url


def test_a_job_that_uploads_nothing_names_no_stream(bench):
    """Though an earlier one of the same folder did."""
    bench.steps[PhaseName.UPLOAD].marks = uploaded(urls={MASTER: "https://cdn/before/master.m3u8"})
    bench.run()
    bench.plan = replace(bench.plan, job=replace(bench.plan.job, upload=None), phases=(PhaseName.HLS,))
    assert "" == bench.run().master_url


def test_a_job_cancelled_before_it_starts_does_nothing(bench):
    """No phase is even checked."""
    bench.cancel.cancel()
    report = bench.run()
    assert (Outcome.CANCELLED, []) == (report.outcome, bench.calls)


def test_an_upload_that_failed_tells_of_how_many_files(bench):
    """Nobody has to read that out of the sentence."""
    bench.steps[PhaseName.UPLOAD].error = TransferError("Upload failed (3 files).", failed_files=3)
    bench.run()
    finished = {e.phase: e.failed_files for e in bench.events if isinstance(e, PhaseFinished)}
    assert {PhaseName.HLS: 0, PhaseName.MP4: 0, PhaseName.TRANSCRIPT: 0, PhaseName.UPLOAD: 3} == finished


def test_a_folder_in_which_another_run_works_is_told_from_other_failures(bench):
    """It may be tried again when the other has ended."""
    folder = Workspace(bench.plan.job)
    with locked(folder.lock_file, folder.final):
        held = bench.run()
    assert (Outcome.FAILED, True, []) == (held.outcome, held.folder_in_use, bench.calls)
    assert not bench.run().folder_in_use


def test_a_bug_ends_the_job_in_a_report_without_the_words_of_the_bug(bench):
    """An exception's text may hold a signed URL, so only its type and place are shown."""
    bench.steps[PhaseName.MP4].error = RuntimeError("https://store/x?signature=secret")
    report = bench.run()
    shown = report.error + "".join(e.text for e in bench.events if getattr(e, "level", None) is LogLevel.ERROR)
    assert (Outcome.FAILED, True, False) == (report.outcome, "RuntimeError" in shown, "secret" in shown)


def test_tools_that_are_missing_end_the_job_in_a_report(bench):
    """No ffmpeg is a sentence, not a traceback."""

    def no_tools():
        raise EncodeError("ffmpeg was not found.")

    report = run(bench.plan, Workspace(bench.plan.job), no_tools, bench.package, bench.events.append, bench.cancel)
    assert ("ffmpeg was not found.", 1) == (report.error, len(bench.ended()))


def test_a_listener_hears_of_a_cancel_once_and_at_once_when_late():
    """Inside the block only."""
    cancel, heard = CancelToken(), []
    with cancel.on_cancel(lambda: heard.append("early")):
        cancel.cancel()
        cancel.cancel()
    with cancel.on_cancel(lambda: heard.append("late")):
        assert ["early", "late"] == heard


def test_a_pause_ends_with_the_cancel():
    """A wait of an hour is over as soon as the job is cancelled."""
    cancel = CancelToken()
    threading.Timer(0.05, cancel.cancel).start()
    with pytest.raises(Cancelled):
        cancel.wait(3600)


class Disk:
    """A disk as the runner sees it: full until somebody has looked at it so often."""

    def __init__(self, monkeypatch, looks):
        self.looks = looks
        real = shutil.disk_usage
        monkeypatch.setattr(shutil, "disk_usage", lambda path: real(path)._replace(free=self.free()))
        monkeypatch.setattr(disk_room, "LOOK_S", 0.0)

    def free(self):
        self.looks -= 1
        return 1 << 20 if self.looks > 0 else 1 << 40


def _full(again):
    """Return a piece of work that fails for want of room once, and then is what it was."""
    left = [True]

    def work(context):
        if left:
            left.clear()
            context.log("Something was odd.", LogLevel.WARNING)
            raise OutputError("It can't be written.") from OSError(errno.ENOSPC, "No space left on device")
        return again(context)

    return work


@pytest.mark.parametrize("where", [PhaseName.HLS, PhaseName.MP4, PhaseName.TRANSCRIPT, "package"])
def test_a_job_waits_for_room_on_a_full_disk_and_ends_as_done(bench, monkeypatch, where):
    """It is told once that it waits and once that it goes on, and nothing of it is left to warn of."""
    Disk(monkeypatch, looks=5)
    if where == "package":
        bench.package = _full(bench.package)
    else:
        bench.steps[where].run = _full(bench.steps[where].run)
    report = bench.run()
    said = [(e.text.split(":")[0], e.level) for e in bench.events if isinstance(e, LogLine) and "disk" in e.text]
    assert [("The disk is full", LogLevel.WAITING), ("There is room on the disk again", LogLevel.INFO)] == said
    assert (Outcome.DONE, (), [p.value for p in bench.plan.phases]) == (
        report.outcome,
        report.warnings,
        [e.phase.value for e in bench.events if isinstance(e, PhaseStarted)],
    )


def test_a_job_that_waits_for_room_can_be_cancelled(bench, monkeypatch):
    """Nobody has to free anything."""
    Disk(monkeypatch, looks=1 << 30)
    bench.steps[PhaseName.MP4].run = _full(bench.steps[PhaseName.MP4].run)
    sink = bench.events.append

    def hears(event):
        sink(event)
        if isinstance(event, LogLine) and event.text.startswith("The disk is full"):
            bench.cancel.cancel()

    report = run(bench.plan, Workspace(bench.plan.job), lambda: bench.steps, bench.package, hears, bench.cancel)
    assert Outcome.CANCELLED == report.outcome


def test_a_job_goes_on_with_an_encode_that_hit_a_full_disk(job, monkeypatch):
    """For real: the disk is full in the middle of a chunk, some is freed, and the job ends as done."""
    ffmpeg = find_ffmpeg("")
    arguments = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=160x90:rate=25:duration=3",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ]
    subprocess.run([str(ffmpeg), "-v", "error", *arguments, str(job.source)], check=True)
    plan = make_plan(replace(job, make_mp4=True), probe(job.source))
    events = []
    disk = Disk(monkeypatch, looks=0)

    def sink(event):
        events.append(event)
        if (
            isinstance(event, LogLine)
            and "force_key_frames" in event.text
            and not any(p.startswith("The disk") for p in texts())
        ):
            disk.looks = 5

    def texts():
        return [e.text for e in events if isinstance(e, LogLine) and e.level is not LogLevel.DETAIL]

    engine = LocalEngine(ffmpeg, WhisperProcess())
    phases = {PhaseName.HLS: HlsPhase(ffmpeg, engine), PhaseName.MP4: Mp4Phase(ffmpeg, engine)}
    report = run(plan, Workspace(plan.job), lambda: phases, package, sink, CancelToken())
    assert (Outcome.DONE, (), 2) == (report.outcome, report.warnings, sum("disk" in text for text in texts()))
    assert [] == [path.name for path in report.folder.rglob(".*")]
