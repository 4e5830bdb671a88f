"""What an earlier run has left unfinished is offered when the window opens."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from program import make_clip
from stepped_work import kill_when, start_stepping
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeServices, HaltedStep

from config import Config
from pipeline.errors import Setting
from pipeline.job import Encryption, Existing, Job, Trim, UploadRequest
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore, queue_file
from pipeline.media.encode import chunks
from pipeline.queued_job import JobState
from pipeline.unfinished import UnfinishedJob, noted_percent, unfinished_jobs
from ui.job_form import FormValues
from ui.missing_login import LoginPlace, missing_login
from ui.preferences import NamedBackend, ProgramSettings
from ui.services import PipelineServices
from ui.unfinished_offer import offer
from ui.view_state import WindowStage

WINDOW = Path(__file__).parents[1] / "support" / "started_window.py"
REAL_DEADLINE_S = 120.0
JOB = Job(source=Path("/videos/Lesson 02.mp4"), output_dir=Path("/videos/out"), slug="lesson-02")


def left(number: int = 2, *, percent: int | None = 43, **changes: object) -> UnfinishedJob:
    """Return a job that was left unfinished."""
    job = replace(JOB, source=Path(f"/videos/Lesson 0{number}.mp4"), slug=f"lesson-0{number}")
    return UnfinishedJob(id=str(number), job=job, backend_url="", percent=percent, **changes)


def test_an_unfinished_job_is_offered_and_done(open_driver):
    """Go on does it as it was asked for, without a question, and the form shows which video it is."""
    encoding = HaltedStep()
    services = FakeServices(unfinished=(left(),), run=lambda plan, sink, cancel: encoding.hold(cancel))
    driver = open_driver(services)
    driver.until(lambda: driver.choices == ["Go on", "Leave it"])
    assert "“Lesson 02” was not finished: 43% is kept." == driver.banner
    driver.press(driver.window.banner_panel.buttons[0])
    encoding.wait_until_reached()
    driver.until_stage(WindowStage.RUNNING)
    (plan,) = services.plans
    variables = driver.window.variables
    assert replace(JOB, existing=Existing.RESUME) == plan.job
    assert (str(JOB.source), str(JOB.output_dir)) == (variables.source.get(), variables.output_dir.get())
    assert "Converting Lesson 02.mp4…" == driver.banner
    encoding.release()


def test_a_job_that_went_on_and_was_cancelled_is_started_again(open_driver):
    """Start goes on with the whole of it, also with what no start remembers; what is changed in the form is changed."""
    asked = replace(
        JOB,
        qualities=("720p",),
        trim=Trim(start_s=2.0, end_s=8.0),
        encryption=Encryption(key_file=Path("/keys/key"), key_uri="https://keys.example.com/1"),
        make_mp4=False,
        black_bars=True,
        upload=UploadRequest(prefix="courses/bio/lesson-02/"),
    )
    one = UnfinishedJob(id="2", job=asked, backend_url=CONFIGURED.backend.url, percent=40)
    steps = [HaltedStep() for _ in range(3)]
    services = FakeServices(unfinished=(one,))
    services.run = lambda plan, sink, cancel: steps[len(services.plans) - 1].hold(cancel)
    driver = open_driver(services)
    driver.until(lambda: driver.choices)
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until_stage(WindowStage.RUNNING)
    assert (
        "720p · up to 2.1 MB · no captions · uploaded to courses/bio/lesson-02/"
        == driver.window.actions.summary.full_text
    )
    assert "Encrypted" in driver.window.actions.dangers.cget("text")
    cancelled(driver, steps[0])
    assert "Press Start to begin again." in driver.sentences
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.RUNNING)
    cancelled(driver, steps[1])
    driver.window.variables.make_mp4.set(True)
    driver.window.variables.advanced.encrypt.set(False)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.RUNNING)
    steps[2].wait_until_reached()
    changed = replace(asked, make_mp4=True, encryption=None)
    goes_on = replace(asked, existing=Existing.RESUME)
    assert [goes_on, goes_on, changed] == [plan.job for plan in services.plans]


def cancelled(driver, step: HaltedStep) -> None:
    """Cancel the job that runs, and wait until it has ended."""
    step.wait_until_reached()
    driver.press(driver.window.actions.cancel)
    driver.until_stage(WindowStage.READY)
    driver.until(lambda: not driver.window.controller.busy)


def test_what_is_left_is_not_offered_again(open_driver):
    """The next one is offered, and after the last the window is as always."""
    services = FakeServices(unfinished=(left(), left(3, percent=None)))
    driver = open_driver(services)
    driver.until(lambda: driver.choices)
    assert "Not finished either: “Lesson 03”." in driver.sentences
    driver.press(driver.window.banner_panel.buttons[1])
    assert "“Lesson 03” was not finished." == driver.banner
    driver.press(driver.window.banner_panel.buttons[1])
    driver.until(lambda: sorted(services.forgotten) == ["2", "3"])
    assert ("Choose a video and press Start.", []) == (driver.banner, driver.choices)
    assert [] == services.plans


def test_an_upload_needs_its_login(open_driver):
    """Go on with a job for a server that the form has no login for asks for that, and the offer stays."""
    job = replace(JOB, upload=UploadRequest(prefix="videos/lesson-02/"))
    one = UnfinishedJob(id="2", job=job, backend_url="https://api.example.com", percent=80)
    services = FakeServices(unfinished=(one,))
    driver = open_driver(services, config=NOT_CONFIGURED)
    driver.until(lambda: driver.choices)
    driver.press(driver.window.banner_panel.buttons[0])
    assert "It uploads to https://api.example.com: type that address and its token" in driver.sentences
    assert ([], ["Go on", "Leave it"]) == (services.plans, driver.choices)
    driver.settle()
    url, token = (driver.window.upload_panel.notes[name].label for name in (Setting.BACKEND_URL, Setting.TOKEN))
    assert ("The unfinished video goes to https://api.example.com.", True) == (url.cget("text"), driver.in_view(url))
    assert token.winfo_viewable()
    driver.window.variables.backend_url.set("https://api.example.com/")
    driver.window.variables.token.set("typed-token-typed-token")
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: services.plans)
    assert "typed-token-typed-token" == services.configs[-1].backend.token


OLD = "https://old.example.com"
KNOWN = ProgramSettings(backends=(NamedBackend(id="1", name="Old server", address=f"{OLD}/"),))


@pytest.mark.parametrize(
    ("config", "values", "place"),
    [
        pytest.param(NOT_CONFIGURED, FormValues(), LoginPlace.TYPED, id="nothing typed"),
        pytest.param(NOT_CONFIGURED, FormValues(backend_url=f"{OLD}/"), LoginPlace.TOKEN, id="no token"),
        pytest.param(NOT_CONFIGURED, FormValues(program=KNOWN), LoginPlace.NAMED, id="another one is chosen"),
        pytest.param(CONFIGURED, FormValues(program=KNOWN), LoginPlace.NAMED, id=".env is chosen"),
        pytest.param(CONFIGURED, FormValues(), LoginPlace.SETTINGS, id=".env alone"),
        pytest.param(
            CONFIGURED,
            FormValues(program=KNOWN, backend="1", backend_url=f"{OLD}/", token="t" * 32),
            None,
            id="chosen beside .env",
        ),
    ],
)
def test_where_a_missing_login_is_given(config, values, place):
    """What the window says can be done there: a backend of `.env` has no fields."""
    job = replace(JOB, upload=UploadRequest(prefix="videos/lesson-02/"))
    one = UnfinishedJob(id="2", job=job, backend_url=OLD, percent=80)
    missing = missing_login(one, values, config)
    assert place == (None if missing is None else missing.place)
    if missing is not None:
        sentence = offer((one,), missing=missing).lines[0]
        named = {LoginPlace.NAMED: "choose the backend Old server under Upload", LoginPlace.SETTINGS: "> Backends"}
        assert named.get(missing.place, "token under Upload") in sentence


def finished_segments(folder: Path) -> dict[int, int]:
    """Return inode and time of each segment of the chunks that are finished: those of one made again differ."""
    marks = (folder / ".checkpoints").glob("[0-9]*/done.json")
    stats = [path.stat() for mark in marks for path in mark.parent.rglob("*.ts")]
    return {stat.st_ino: stat.st_mtime_ns for stat in stats}


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
def test_a_window_that_was_killed_goes_on(open_driver, tmp_path, monkeypatch):
    """A real window is killed while it encodes: the next one says so, and makes no finished segment again."""
    clip = make_clip(tmp_path / "Lesson 02.mp4", seconds=40)
    out, data = tmp_path / "out", tmp_path / "data"
    command = [sys.executable, str(WINDOW), str(clip), str(out), str(data), str(tmp_path / "s3_config.json")]
    kill_when(
        start_stepping(command, tmp_path / "steps"),
        lambda: any(noted_percent(data).values()) and len(finished_segments(out / ".lesson-02.partial")) >= 2,
    )
    before = finished_segments(out / ".lesson-02.partial")
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)
    driver = open_driver(PipelineServices(), config=Config(data_dir=data))
    driver.deadline_s = REAL_DEADLINE_S
    driver.until(lambda: driver.choices == ["Go on", "Leave it"])
    assert driver.banner.startswith("“Lesson 02” was not finished: ")
    assert driver.banner.endswith("% is kept.")
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: driver.banner.startswith("Done"))
    made = [path.stat() for path in (out / "lesson-02").rglob("seg_*.ts")]
    assert before.items() <= {stat.st_ino: stat.st_mtime_ns for stat in made}.items()
    with JobStore(data / "queue.sqlite3") as store:
        assert [JobState.DONE] == [one.state for one in store.all()]


def test_several_are_put_into_the_list(open_driver, tmp_path):
    """All of them at once, paused, with nothing of them lost; the offer is over."""
    jobs = [replace(JOB, slug=f"lesson-{number}") for number in (2, 3)]
    with JobStore(queue_file(tmp_path)) as store:
        ids = store.add(jobs)
        gone = replace(JobOwner.current(), pid=2**22 + 1)
        assert all(store.claim([id], gone) for id in ids)
    unfinished = unfinished_jobs(tmp_path)
    assert 2 == len(unfinished)
    driver = open_driver(FakeServices(unfinished=unfinished), config=replace(CONFIGURED, data_dir=tmp_path))
    driver.until(lambda: driver.choices == ["Go on", "Leave it", "Put all into the list"])
    driver.press(driver.window.banner_panel.buttons[2])
    driver.until(lambda: len(driver.window.queue_panel.lines) == 2)
    driver.settle()
    assert ["Not finished"] * 2 == [line.partition(": ")[2] for line in driver.window.queue_panel.lines]
    assert "The program ended at: Lesson 02.mp4, Lesson 02.mp4." == driver.sentences
    assert ("2 videos wait in the list. Press Start to convert them.", ()) == (driver.banner, unfinished_jobs(tmp_path))


@pytest.mark.parametrize(
    ("percent", "told"), [(12, "continues where it stopped."), (0, "begins again: less than 1% is finished.")]
)
def test_the_offer_says_what_going_on_means(percent, told):
    """Where nothing was finished, nothing goes on."""
    assert offer((left(percent=percent),)).lines[0].startswith(f"Go on {told}")


def test_the_offer_stays_until_it_is_answered(open_driver):
    """Whatever is selected, typed or chosen meanwhile; once that video is begun, it is offered no more."""
    driver = open_driver(FakeServices(unfinished=(left(),)))
    driver.until(lambda: driver.choices == ["Go on", "Leave it"])
    driver.list_videos(2)
    tree = driver.window.queue_panel.tree
    tree.selection_set(tree.get_children()[:1])
    driver.until(lambda: driver.banner.startswith("Not started: "))
    tree.selection_set(())
    driver.until(lambda: driver.choices == ["Go on", "Leave it"])
    driver.fill()
    assert "Ready to convert lesson01.mp4. Press Start." == driver.banner  # nothing is in the way of other plans
    assert ("“Lesson 02” was not finished: 43% is kept.", ["Go on", "Leave it"]) == (driver.sentences, driver.choices)
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: driver.banner == "Done: Lesson 02.mp4")
    driver.fill("/videos/lesson03.mp4")
    assert [] == driver.choices
