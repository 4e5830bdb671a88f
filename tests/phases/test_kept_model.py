"""A run of several videos loads its Whisper model once, while the first of them is still being encoded."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from child_processes import left_behind
from watched_whisper import WatchedWhisper

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.engines import local
from pipeline.events import Event, PhaseFinished, PhaseStarted
from pipeline.job import EncodingRequest, Job, TranscriptionRequest
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome
from pipeline.phases import model_loading
from pipeline.speech.model import request

DEADLINE_S = 120
BEGUN, ENCODED = "encode begun", "encoded"


@dataclass
class Run:
    """Jobs on the shipped sample, one after the other; `seen` is what happened, in order.

    The encode is held in its beginning until `until` has happened, where that is given.
    """

    folder: Path
    sample: Path
    model: Path
    seen: list[str] = field(default_factory=list)
    until: str = ""
    on_begin: Callable[[], None] = lambda: None
    cancel: CancelToken = field(default_factory=CancelToken)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def go(self, name: str, whisper: WatchedWhisper | None, *, is_last: bool = False) -> JobReport:
        job = Job(
            source=self.sample,
            output_dir=self.folder,
            slug=name,
            qualities=("360p",),
            encoding=EncodingRequest(preset="ultrafast"),
            make_mp4=False,
            transcription=TranscriptionRequest(model=str(self.model)),
        )
        plan = wiring.probe_and_plan(job, Config())
        return wiring.run_job(plan, Config(), self._event, self.cancel, whisper=whisper, is_last=is_last)

    def note(self, what: str) -> None:
        with self.changed:
            self.seen.append(what)
            self.changed.notify_all()

    def _event(self, event: Event) -> None:
        if isinstance(event, PhaseStarted) and event.phase is PhaseName.HLS:
            self.note(BEGUN)
            self.on_begin()
            with self.changed:
                self.changed.wait_for(lambda: self.until in ("", *self.seen), DEADLINE_S)
        elif isinstance(event, PhaseFinished) and event.phase is PhaseName.HLS:
            self.note(ENCODED)

    def order(self) -> list[str]:
        return [what for what in self.seen if what in (BEGUN, "loaded", ENCODED)]


@pytest.fixture
def jobs(tmp_path: Path, sample: Path, small_model: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """See `Run`. Whatever else is in memory, there is room for a model beside an encode."""
    monkeypatch.setattr(model_loading, "has_room", lambda size, *, loaded, encodes: True)
    monkeypatch.setattr(local, "has_room_for", lambda needed_bytes: True)
    return Run(folder=tmp_path / "out", sample=sample, model=small_model)


def test_two_videos_and_one_load_beside_the_first_encode(jobs):
    """The encode of the first is held until the model is loaded; the second one finds it."""
    jobs.until = "loaded"
    with WatchedWhisper(jobs.note) as whisper:
        reports = [jobs.go("one", whisper), jobs.go("two", whisper)]
        assert [Outcome.DONE] * 2 == [report.outcome for report in reports]
        assert [BEGUN, "loaded", ENCODED, BEGUN, ENCODED] == jobs.order()
        assert whisper.pid is not None
    assert [] == left_behind()


def test_the_last_job_lets_the_model_go_before_its_upload(jobs):
    """Nothing needs the memory that it takes any more."""
    with WatchedWhisper(jobs.note) as whisper:
        assert Outcome.DONE is jobs.go("one", whisper, is_last=True).outcome
        assert (1, None) == (whisper.loads, whisper.pid)


def test_a_job_without_a_run_leaves_nothing(jobs):
    """Its process is its own."""
    assert Outcome.DONE is jobs.go("one", None).outcome
    assert ([], []) == (left_behind(), [t for t in threading.enumerate() if t.name.startswith("whisper")])


def test_without_room_the_model_is_loaded_when_it_is_needed(jobs, monkeypatch):
    """Before the encode it is only tried, and then gone."""
    monkeypatch.setattr(model_loading, "has_room", lambda size, *, loaded, encodes: False)
    with WatchedWhisper(jobs.note) as whisper:
        pids: list[int | None] = []
        jobs.on_begin = lambda: pids.append(whisper.pid)
        assert Outcome.DONE is jobs.go("one", whisper).outcome
    assert (["loaded", BEGUN, ENCODED, "loaded"], [None]) == (jobs.order(), pids)


def test_a_model_that_cannot_be_loaded_ends_the_encode(jobs, tmp_path):
    """The job says why, at once, and not when the video is encoded: on a busy computer before the encode has begun."""
    jobs.model = shutil.copytree(jobs.model, tmp_path / "model")
    whole = (jobs.model / "model.bin").read_bytes()
    (jobs.model / "model.bin").write_bytes(whole.replace(b"WhisperSpec", b"AnotherSpec", 1))
    jobs.until = "error"
    with WatchedWhisper(jobs.note) as whisper:
        report = jobs.go("one", whisper)
    assert Outcome.FAILED is report.outcome
    assert {phase.outcome for phase in report.phases} <= {PhaseOutcome.CANCELLED}
    assert f"The Whisper model '{jobs.model}' can't be loaded" in report.error
    assert [] == left_behind()


def test_a_cancel_while_it_loads_and_encodes(jobs):
    """Both end, and the next job of the run begins anew."""
    with WatchedWhisper(jobs.note) as whisper:
        jobs.on_begin = jobs.cancel.cancel
        assert Outcome.CANCELLED is jobs.go("one", whisper).outcome
        jobs.on_begin, jobs.cancel = (lambda: None), CancelToken()
        assert Outcome.DONE is jobs.go("one", whisper).outcome
    assert [] == left_behind()


def test_killed_between_two_videos(jobs):
    """The second one has a process of its own, and both have their captions."""
    with WatchedWhisper(jobs.note) as whisper:
        first = jobs.go("one", whisper)
        whisper.kill()
        second = jobs.go("two", whisper)
        assert 2 == whisper.loads
    texts = [(report.folder / "transcript.txt").read_text(encoding="utf-8") for report in (first, second)]
    assert (texts[0], Outcome.DONE) == (texts[1], second.outcome)


def test_a_job_does_not_wait_for_what_another_has_heard(jobs, small_model, whisper):
    """While Whisper is busy with one video the next begins: that the model serves it is known already."""
    assert Outcome.DONE is jobs.go("first", whisper).outcome
    name = str(small_model)
    assert (True, False) == (
        whisper.knows_language(name, None, translate=False),
        whisper.knows_language(name, "de", translate=False),
    )
    with whisper.answers(request("find", name, None), CancelToken()):
        begun = threading.Event()
        jobs.on_begin = begun.set
        second = threading.Thread(target=jobs.go, args=("second", whisper))
        second.start()
        assert begun.wait(DEADLINE_S)
    jobs.cancel.cancel()
    second.join(DEADLINE_S)
    assert not second.is_alive()
