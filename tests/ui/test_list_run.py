"""The list of videos without its window: what the editor asks, the queue's file, and the run over it."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import replace

import pytest
from ui_fakes import CONFIGURED, DEADLINE_S, FakeServices, HaltedStep, Upload, report, succeed

from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.events import JobFinished, PhaseProgress, PhaseStarted
from pipeline.job import Existing
from pipeline.job_store import JobStore, queue_file
from pipeline.model import Outcome, PhaseName
from pipeline.preflight_answers import ResumeUpload, refused_by
from ui.controller import Controller
from ui.job_form import FormValues
from ui.list_control import ListControl
from ui.list_messages import RowState
from ui.list_run import ListRun
from ui.messages import BannerAnswer


class Editor:
    """A controller with hands: asks, and waits for what would be seen."""

    def __init__(self, services, folder):
        self.services = services
        self.messages = queue.SimpleQueue()
        config = replace(CONFIGURED, data_dir=folder / "data")
        self.controller = Controller(
            config=config, preferences_path=folder / "s3_config.json", services=services, post=self.messages.put
        )
        self.list = self.controller.videos
        self.values = FormValues(output_dir=str(folder / "out"), qualities=("720p",), transcribe=False)
        self.list.open()

    @property
    def videos(self):
        """The list."""
        return self.controller.state.videos

    @property
    def rows(self):
        """What each row is and how it stands."""
        return {row.job.source.stem: row.state for row in self.videos.rows.values()}

    def id_of(self, name):
        """The id of a row."""
        return next(row.id for row in self.videos.rows.values() if row.job.source.stem == name)

    def until(self, condition):
        """Take messages until something is so."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, (self.rows, self.videos)
            try:
                self.controller.receive(self.messages.get(timeout=0.05))
            except queue.Empty:
                continue

    def add(self, folder, *names, values=None):
        """Add files by their names."""
        count = len(self.videos.rows) + len(names)
        for name in names:
            (folder / f"{name}.mp4").write_bytes(b"x")
        self.list.add([str(folder / f"{name}.mp4") for name in names], values or self.values)
        self.until(lambda: len(self.videos.rows) == count)

    def close(self):
        """Close as the window does."""
        self.controller.close()
        self.until(lambda: not self.controller.busy)


@pytest.fixture
def editor_of(tmp_path):
    """Return a function that opens the list with a pipeline of the test's making."""
    opened = []

    def build(services=None):
        opened.append(Editor(services or FakeServices(), tmp_path))
        return opened[-1]

    yield build
    for one in opened:
        one.close()


def test_several_are_added_and_done_and_found_again(editor_of, tmp_path):
    """All are done in their order; the next start has them in the list, with those that were not begun."""
    editor = editor_of()
    editor.add(tmp_path, "one", "two", "three")
    assert set(editor.rows.values()) == {RowState.HELD}
    editor.until(lambda: all(row.length == "0:14" for row in editor.videos.rows.values()))
    editor.list.move([editor.id_of("three")], editor.id_of("one"))
    editor.until(lambda: list(editor.rows) == ["three", "one", "two"])
    editor.list.start_all(editor.values)
    editor.until(lambda: set(editor.rows.values()) == {RowState.DONE} and not editor.videos.runs)
    assert ["three", "one", "two"] == [plan.job.slug for plan in editor.services.plans]
    editor.add(tmp_path, "four")
    editor.close()
    again = editor_of()
    again.until(lambda: len(again.rows) == 4)
    assert [RowState.DONE] * 3 + [RowState.HELD] == list(again.rows.values())


def test_the_computer_stays_awake_while_the_list_runs(editor_of, tmp_path):
    """And may sleep when nothing waits any more."""
    awake = []
    services = FakeServices()
    services.run = lambda plan, sink, cancel: (awake.append(services.awake_now), succeed(plan, sink, cancel))
    editor = editor_of(services)
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    editor.until(lambda: set(editor.rows.values()) == {RowState.DONE} and not editor.videos.runs)
    assert ([1, 1], 0) == (awake, services.awake_now)


def test_one_that_fails_or_asks_stops_no_other(editor_of, tmp_path):
    """A broken video says why; one that needs an answer waits for it, asks again after "Not now", and goes on as it is
    answered.
    """

    class Picky(FakeServices):
        def check_job(self, job, config, cancel):
            if job.slug == "broken":
                return refused_by(SourceError(f"{job.source.name} is broken."))
            return super().check_job(job, config, cancel)

        def check_plan(self, plan, config, cancel):
            if plan.job.slug == "asks" and plan.job.existing is not Existing.RESUME:
                return ResumeUpload(plan=plan, files_done=3, files_total=9)
            return super().check_plan(plan, config, cancel)

    editor = editor_of(Picky())
    editor.add(tmp_path, "broken", "asks", "good")
    editor.list.start_all(editor.values)
    editor.until(lambda: not editor.videos.runs and editor.rows["good"] is RowState.DONE)
    editor.until(lambda: RowState.ASKING is editor.rows["asks"])
    assert RowState.FAILED is editor.rows["broken"]
    assert "Failed: broken.mp4 is broken." == editor.videos.rows[editor.id_of("broken")].status
    editor.list.select([editor.id_of("asks")])
    assert "Previous upload" in editor.controller.state.shown_banner.title
    editor.controller.answer(BannerAnswer.WITHDRAW, editor.values)
    state = editor.controller.state
    assert ("Not started: asks.mp4", True) == (state.shown_banner.title, state.start_pressable)
    editor.list.start([editor.id_of("asks")], editor.values)
    editor.until(lambda: RowState.ASKING is editor.rows["asks"])
    editor.controller.answer(BannerAnswer.RESUME, editor.values)
    editor.until(lambda: editor.rows["asks"] is RowState.DONE)


def test_adding_pausing_and_cancelling_while_one_runs(editor_of, tmp_path):
    """What is added begins in its turn; one that is paused stands still, one that is cancelled is left out."""
    steps = {name: HaltedStep() for name in ("one", "two")}

    suspensions = {}

    def run(plan, sink, cancel):
        suspensions[plan.job.slug] = cancel.suspension
        sink(PhaseStarted(job="", phase=PhaseName.HLS, overall=0.0))
        sink(PhaseProgress(job="", phase=PhaseName.HLS, fraction=0.5, overall=0.4))
        if plan.job.slug in steps:
            steps[plan.job.slug].hold(cancel)
        succeed(plan, sink, cancel)

    editor = editor_of(FakeServices(run=run))
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    steps["one"].wait_until_reached()
    editor.add(tmp_path, "late", "unwanted")
    editor.until(lambda: editor.rows["late"] is RowState.WAITING)
    editor.list.cancel([editor.id_of("unwanted")])
    editor.until(lambda: editor.videos.rows[editor.id_of("one")].percent == 40)
    editor.list.pause([editor.id_of("one")])
    row = editor.videos.rows[editor.id_of("one")]
    assert ("Paused at 40%", True) == (row.status, suspensions["one"].wanted)
    assert editor.id_of("one") in editor.videos.unstarted
    editor.list.start([editor.id_of("one")], editor.values)
    row = editor.videos.rows[editor.id_of("one")]
    assert ("40% · Encoding", False) == (row.status, suspensions["one"].wanted)
    steps["one"].release()
    steps["two"].wait_until_reached()
    steps["two"].release()
    editor.until(lambda: not editor.videos.runs)
    assert {
        "one": RowState.DONE,
        "two": RowState.DONE,
        "late": RowState.DONE,
        "unwanted": RowState.CANCELLED,
    } == editor.rows


def test_a_paused_upload_of_the_list_is_stopped(editor_of, tmp_path):
    """Nothing of it is lost by that: its place is free for the next one, and it waits until it is started."""
    step = HaltedStep()

    def run(plan, sink, cancel):
        sink(PhaseStarted(job="", phase=PhaseName.UPLOAD, overall=0.9))
        if plan.job.slug == "one":
            step.hold(cancel)
        succeed(plan, sink, cancel)

    editor = editor_of(FakeServices(run=run))
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    step.wait_until_reached()
    editor.until(lambda: editor.videos.rows[editor.id_of("one")].phase is PhaseName.UPLOAD)
    editor.list.pause([editor.id_of("one")])
    editor.until(lambda: (RowState.PAUSED, RowState.DONE) == (editor.rows["one"], editor.rows["two"]))


def test_finish_this_then_stop_and_closing_keep_what_is_left(editor_of, tmp_path):
    """No further one begins; one that runs when the window closes waits in the list and goes on at the next start."""
    step, beginning = HaltedStep(), []

    def run(plan, sink, cancel):
        beginning.append((plan.job.slug, plan.job.existing))
        if len(beginning) == 2:
            step.hold(cancel)
        succeed(plan, sink, cancel)

    editor = editor_of(FakeServices(run=run))
    editor.add(tmp_path, "one", "two", "three")
    editor.list.start([editor.id_of("one")], editor.values)
    editor.list.finish_this()
    editor.until(lambda: not editor.videos.runs and editor.rows["one"] is RowState.DONE)
    assert [RowState.HELD] * 2 == list(editor.rows.values())[1:]
    editor.list.start_all(editor.values)
    step.wait_until_reached()
    editor.close()
    again = editor_of(FakeServices(run=run))
    again.until(lambda: len(again.rows) == 3)
    assert [RowState.DONE, RowState.WAITING, RowState.WAITING] == list(again.rows.values())
    again.list.start_all(again.values)
    again.until(lambda: set(again.rows.values()) == {RowState.DONE})
    assert ["one", "two", "two", "three"] == [slug for slug, _ in beginning]


@pytest.mark.parametrize(
    ("stop", "done"),
    [
        (lambda editor: editor.list.finish_this(), ["one"]),
        (lambda editor: editor.list.leave(BannerAnswer.CLOSE_AFTER_JOB), ["one"]),
        (lambda editor: editor.list.stop(), []),
    ],
    ids=["finish this one", "then close", "stop"],
)
def test_what_is_said_right_after_start_counts(editor_of, tmp_path, monkeypatch, stop, done):
    """Before the run has begun that Start was pressed for, and when it has begun no video yet."""
    go_on = threading.Event()
    begin = ListRun.begin

    def late(*arguments):
        assert go_on.wait(DEADLINE_S)
        begin(*arguments)

    monkeypatch.setattr(ListRun, "begin", late)
    editor = editor_of()
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    stop(editor)
    go_on.set()
    editor.until(lambda: not editor.videos.runs and not editor.list.busy)
    editor.until(lambda: RowState.RUNNING not in editor.rows.values())
    assert done == [plan.job.slug for plan in editor.services.plans]


@pytest.mark.parametrize(
    ("ask", "ends"),
    [(ListControl.pause, RowState.HELD), (ListControl.cancel, RowState.CANCELLED)],
    ids=["pause", "cancel"],
)
@pytest.mark.parametrize("before", [RowState.HELD, RowState.CANCELLED], ids=lambda state: state.value)
def test_what_is_asked_of_a_video_right_after_its_start_is_done(editor_of, tmp_path, ask, ends, before):
    """While it is still shown as it was before."""
    step = HaltedStep()

    def run(plan, sink, cancel):
        if plan.job.slug == "one":  # it may begin before the queue has the rest of what was asked
            step.hold(cancel)
        succeed(plan, sink, cancel)

    editor = editor_of(FakeServices(run=run))
    editor.add(tmp_path, "one", "two")
    one = editor.id_of("one")
    if before is RowState.CANCELLED:
        editor.list.cancel([one])
        editor.until(lambda: editor.rows["one"] is before)
    busy = threading.Event()
    editor.list.list._ask(lambda _: busy.wait(DEADLINE_S) and None)
    editor.list.start_all(editor.values)
    editor.list.start([one], editor.values)
    ask(editor.list, [one])
    busy.set()
    editor.until(lambda: not editor.videos.runs and not editor.list.busy)
    paused = (RowState.HELD, RowState.PAUSED)
    assert editor.rows["one"] in (paused if ends is RowState.HELD else (ends,))
    assert RowState.DONE is editor.rows["two"]


def test_what_is_said_before_the_first_video_begins_counts(editor_of, tmp_path):
    """The one that is looked at just then is the one that is finished."""
    looking = HaltedStep()

    class Slow(FakeServices):
        def check_job(self, job, config, cancel):
            looking.hold(cancel)
            return super().check_job(job, config, cancel)

    editor = editor_of(Slow())
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    looking.wait_until_reached()
    editor.list.finish_this()
    looking.release()
    editor.until(lambda: not editor.videos.runs and not editor.list.busy)
    assert ["one"] == [plan.job.slug for plan in editor.services.plans]


def test_starting_again_while_the_last_one_is_finished(editor_of, tmp_path):
    """The list goes on when that has ended: closing asks, and what is added begins in its turn."""
    steps = {"one": HaltedStep(), "two": HaltedStep()}

    def run(plan, sink, cancel):
        steps[plan.job.slug].hold(cancel)
        succeed(plan, sink, cancel)

    editor = editor_of(FakeServices(run=run))
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    steps["one"].wait_until_reached()
    editor.list.finish_this()
    editor.list.start_all(editor.values)
    editor.until(lambda: not editor.list.list.busy)
    steps["one"].release()
    editor.until(lambda: editor.rows["two"] is RowState.RUNNING)
    assert (True, False) == (editor.controller.state.job_on_its_way, editor.videos.then_stops)
    steps["two"].release()
    editor.until(lambda: not editor.videos.runs and editor.rows["two"] is RowState.DONE)


def test_the_list_is_stopped_at_once_and_goes_on_later(editor_of, tmp_path):
    """Cancel stops one video; stopping the list stops what is converted and lets nothing begin, and loses nothing."""
    step, beginning = HaltedStep(), []

    def run(plan, sink, cancel):
        beginning.append(plan.job.slug)
        if len(beginning) == 1:
            step.hold(cancel)
        succeed(plan, sink, cancel)

    editor = editor_of(FakeServices(run=run))
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    step.wait_until_reached()
    editor.until(lambda: editor.videos.runs)  # what the list shows of the rows may still be older
    editor.list.stop()
    stopped = {RowState.HELD, RowState.PAUSED}
    editor.until(lambda: not editor.videos.runs and stopped.issuperset(editor.rows.values()))
    assert ["one"] == beginning
    editor.list.start_all(editor.values)
    editor.until(lambda: set(editor.rows.values()) == {RowState.DONE})
    assert ["one", "one", "two"] == beginning


def test_settings_copies_and_removal(editor_of, tmp_path):
    """Settings are a row's own; a copy has another folder; what is removed stays in the history alone if it ended."""
    editor = editor_of()
    editor.add(tmp_path, "one")
    row = editor.videos.rows[editor.id_of("one")]
    editor.list.list.replace(row.id, replace(row.job, qualities=("480p",)), row.listed.backend_url, editor.values)
    editor.list.duplicate([row.id])
    editor.until(lambda: len(editor.videos.rows) == 2)
    assert [("one", ("480p",)), ("one-2", ("480p",))] == [
        (one.job.slug, one.job.qualities) for one in editor.videos.rows.values()
    ]
    editor.list.start([row.id], editor.values)
    editor.until(lambda: editor.videos.rows[row.id].state is RowState.DONE)
    editor.list.remove(list(editor.videos.rows))
    editor.until(lambda: not editor.videos.rows)
    with JobStore(queue_file(tmp_path / "data")) as store:
        assert [("one", "done")] == [(one.slug, one.state.value) for one in store.all()]


def test_an_upload_is_paused_and_a_token_asked_for_once(editor_of, tmp_path):
    """Pause holds the uploads of the list; a login that has expired is asked for as for a single video."""
    upload = Upload()
    editor = editor_of(FakeServices(run=upload))
    values = replace(editor.values, upload=True, destination="course/", suggested_from=None)
    editor.add(tmp_path, "one", "two", values=values)
    assert ["course/one/", "course/two/"] == [row.job.upload.prefix for row in editor.videos.rows.values()]
    editor.list.start([editor.id_of("one")], values)
    upload.encoding.wait_until_reached()
    upload.encoding.release()
    editor.until(lambda: editor.controller.state.pause_enabled)
    editor.controller.pause()
    editor.until(lambda: editor.controller.state.resume_enabled)
    assert editor.services.control.paused
    editor.controller.resume()
    answers, other = [], editor.list.run._current._tokens.asker()  # another video's, which has begun, too
    asking = threading.Thread(target=lambda: answers.append(editor.services.ask_token()))
    asking.start()
    editor.until(lambda: editor.controller.state.token is not None)
    editor.controller.login.answer_token("n" * 32, values)
    asking.join(DEADLINE_S)
    answers.append(other(CancelToken()))
    assert (["n" * 32] * 2, False) == (answers, editor.services.control.paused)
    upload.uploading.release()
    editor.until(lambda: editor.rows["one"] is RowState.DONE and not editor.videos.runs)


def test_the_next_video_begins_with_the_new_token(editor_of, tmp_path):
    """One that has expired is asked for once, not again for each video."""
    tokens = []

    class Expired(FakeServices):
        def check_job(self, job, config, cancel):
            tokens.append(config.backend.token)
            return super().check_job(job, config, cancel)

    services = Expired()
    services.run = lambda plan, sink, cancel: (len(tokens) == 1 and services.ask_token(), succeed(plan, sink, cancel))
    editor = editor_of(services)
    editor.add(tmp_path, "one", "two")
    editor.list.start_all(editor.values)
    editor.until(lambda: editor.controller.state.token is not None)
    editor.controller.login.answer_token("n" * 32, editor.values)
    editor.until(lambda: set(editor.rows.values()) == {RowState.DONE})
    assert [CONFIGURED.backend.token, "n" * 32] == tokens


def test_a_video_for_another_server_is_left_until_its_login_is_there(editor_of, tmp_path):
    """It says what is missing, and the others are done."""
    step = HaltedStep()

    def run(plan, sink, cancel):
        if plan.job.slug == "three":
            step.hold(cancel)
        succeed(plan, sink, cancel)

    editor = editor_of(FakeServices(run=run))
    values = replace(editor.values, upload=True, destination="course/", suggested_from=None)
    editor.add(tmp_path, "one", values=values)
    with JobStore(queue_file(tmp_path / "data")) as store:
        (row,) = store.listed.rows()
        store.listed.replace(row.id, row.job, backend_url="https://other.example.com")
    editor.add(tmp_path, "two")
    editor.list.start_all(editor.values)
    editor.until(lambda: not editor.videos.runs and editor.rows["two"] is RowState.DONE)
    status = editor.videos.rows[editor.id_of("one")].status
    assert "it uploads to https://other.example.com: type that address and its token under Upload" in status
    editor.add(tmp_path, "three")
    editor.list.start_all(editor.values)
    step.wait_until_reached()
    editor.until(lambda: editor.videos.rows[editor.id_of("one")].passed_over)
    there = replace(editor.values, backend="Other", backend_url="https://other.example.com", token="t" * 32)
    editor.list.start([editor.id_of("one")], there)
    step.release()
    editor.until(lambda: editor.rows["one"] is RowState.DONE)


def test_a_wrong_form_adds_nothing(editor_of, tmp_path):
    """The sentence names what is wrong, and nothing of what was dropped is in the list."""
    editor = editor_of()
    (tmp_path / "one.mp4").write_bytes(b"x")
    editor.list.add([str(tmp_path / "one.mp4")], replace(editor.values, qualities=()))
    editor.until(lambda: editor.videos.note)
    banner = editor.controller.state.shown_banner
    assert ("Nothing was added. No quality is chosen: tick at least one.",) == banner.lines
    assert {} == editor.rows


def test_a_failed_one_is_tried_again(editor_of, tmp_path):
    """With what was changed meanwhile."""
    outcomes = [Outcome.FAILED, Outcome.DONE]

    def run(plan, sink, cancel):
        sink(JobFinished(report=report(plan, outcomes.pop(0), error="No room.")))

    editor = editor_of(FakeServices(run=run))
    editor.add(tmp_path, "one")
    editor.list.start_all(editor.values)
    editor.until(lambda: not editor.videos.runs)
    editor.until(lambda: editor.rows["one"] is RowState.FAILED)
    editor.list.start([editor.id_of("one")], editor.values)
    editor.until(lambda: editor.rows["one"] is RowState.DONE)


def test_a_list_is_exported_and_imported(editor_of, tmp_path):
    """What has not ended is in the file; what is no list, or can't be written, is a sentence, and nothing is lost."""
    editor = editor_of()
    editor.add(tmp_path, "one", "two")
    editor.list.list.export(tmp_path / "list.jsonl")
    editor.list.list.export(tmp_path / "nowhere" / "list.jsonl")
    editor.until(lambda: "nowhere" in editor.videos.note)
    editor.list.remove(list(editor.videos.rows))
    editor.list.list.import_from(tmp_path / "one.mp4")
    editor.until(lambda: "one.mp4, line 1 is not JSON." in editor.videos.note and not editor.rows)
    editor.list.list.import_from(tmp_path / "list.jsonl")
    editor.until(lambda: [RowState.HELD] * 2 == list(editor.rows.values()))


def test_what_is_another_videos_is_not_taken_over(editor_of, tmp_path):
    """Title, part and captions of the form are those of its own video alone."""
    editor = editor_of()
    own = {"title": "Lesson 1", "part_to": "0:05", "captions": "/c.vtt"}
    values = replace(editor.values, source=str(tmp_path / "own.mp4"), **own)
    editor.add(tmp_path, "one", values=values)
    (tmp_path / "own.mp4").write_bytes(b"x")
    editor.list.add([values.source], values, own=True)
    editor.until(lambda: len(editor.videos.rows) == 2)
    told = [(row.job.title, row.job.trim is None, len(row.job.captions)) for row in editor.videos.rows.values()]
    assert [("", True, 0), ("Lesson 1", False, 1)] == told
