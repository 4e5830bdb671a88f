"""The window with a queue: real PostgreSQL, a real worker in a process of its own, and nothing lost when it closes."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from cluster_programs import Cluster, cluster
from program import make_clip
from ui_fakes import CONFIGURED, FakeServices

from config import Cluster as Queue
from config import Config, Sources
from pipeline.engines.procrastinate.database import Database
from pipeline.errors import DestinationTakenError, OutputError, Setting, SettingsError
from pipeline.job import Existing
from ui.engine import CONVERT_ON_LABELS, ConvertOn
from ui.panels.output import FOLDER_OF_OTHERS
from ui.queue_memory import QueueMemory
from ui.services import PipelineServices
from ui.view_state import WindowStage

DEADLINE_S = 120.0


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Two seconds of video and tone at 640x360: one rendition."""
    return make_clip(tmp_path_factory.mktemp("clips") / "short.mp4", seconds=2)


@pytest.fixture
def machines(queue_server, tmp_path, backend_config):
    """The machines of one queue, which know the tests' backend."""
    login = {"BACKEND_URL": backend_config.backend.url, "AUTH_TOKEN": backend_config.backend.token}
    with cluster(queue_server.url, tmp_path, {**os.environ, **login}) as made:
        yield made


def editor(machines: Cluster, backend_config: Config, clip) -> tuple[Config, str]:
    """Return the settings of an editor whose `.env` names the queue, and where their copy of a lesson lies."""
    folder = machines.disk("editor", clip).partition("=")[2]
    config = replace(
        backend_config,
        cluster=Queue(url=machines.url),
        sources=Sources(roots={"lectures": machines.folder / "disk of editor"}),
        data_dir=machines.folder / "editor data",
        cache_dir=machines.folder / "editor cache",
    )
    return config, f"{folder}/lesson.mp4"


def put_in(driver, source: str, destination: str) -> None:
    """Put a video into the queue as an editor does."""
    driver.deadline_s = DEADLINE_S
    driver.fill(source, upload=True, folder="/nowhere/out")
    variables = driver.window.variables
    variables.transcribe.set(False)
    variables.make_mp4.set(False)
    variables.speed.set("Fast (larger files)")
    variables.destination.set(destination)
    driver.settle()
    videos = len(driver.window.controller.state.queue.videos)
    driver.press(driver.window.actions.start)
    driver.until(lambda: len(driver.window.controller.state.queue.videos) > videos)
    driver.settle()


def test_from_start_to_the_end_on_another_machine(open_driver, machines, backend, backend_config, clip, monkeypatch):
    """A video waits, is left in the queue by a window that closes, found by the next one, converted on a worker, and
    shown there with its machine and its bars; another one is cancelled.
    """
    monkeypatch.setattr("pipeline.cluster_waiting.STANDING_S", 0.2)
    config, source = editor(machines, backend_config, clip)
    driver = open_driver(PipelineServices(), config=config)
    put_in(driver, source, "window-queue/one/")
    assert "In the queue: lesson" == driver.banner
    assert driver.window.controller.state.form_enabled
    driver.until(lambda: "no machine is connected" in driver.window.queue_panel.lines[0])
    put_in(driver, source, "window-queue/two/")
    driver.press(driver.window.actions.cancel)
    driver.until(lambda: driver.window.queue_panel.lines[1] == "lesson: Cancelled")
    driver.settle()
    assert ("Cancelled: lesson", True) == (driver.banner, driver.window.actions.cancel.instate(["disabled"]))
    driver.window.close()
    driver.until(lambda: driver.window.closed)

    machines.worker("alpha", roots=machines.disk("alpha", clip))
    again = open_driver(PipelineServices(), config=config)
    again.deadline_s = DEADLINE_S
    seen = set()

    def ended() -> bool:
        seen.update(again.window.queue_panel.lines)
        return again.window.queue_panel.lines == ["lesson: Done on alpha"]

    again.until(ended)
    again.settle()
    assert any(line.startswith("lesson: On alpha") for line in seen)
    assert ("Done: lesson.mp4", "100%") == (again.banner, again.rows["Overall"][0])
    assert "Its files are on the server." in again.sentences
    assert (backend.settings.root / "window-queue" / "one" / "master.m3u8").is_file()
    assert () == QueueMemory(config.data_dir).videos(Database(machines.url).place)


AWAY = "postgresql://me:secret@127.0.0.1:9/none"


def test_what_stands_in_the_form_goes_into_the_queue(open_driver, tmp_path):
    """Without a look at this computer's folders; the form is free for the next video, and no password is remembered."""
    services = FakeServices()
    driver = open_driver(services)
    engine = driver.window.variables.engine
    engine.convert_on.set(CONVERT_ON_LABELS[ConvertOn.QUEUE])
    engine.typed.set(AWAY)
    services.output_error = OutputError("/nowhere/out can't be written to.")
    put_in(driver, "/videos/lesson01.mp4", "videos/one/")
    ((url, job),) = services.queued
    assert (AWAY, "videos/one/", Existing.RESUME) == (url, job.upload.prefix, job.existing)
    assert ["lesson01 is in the queue", "Sending lesson01.mp4"] == [
        line for line in sorted(driver.log, reverse=True) if "127.0.0.1" not in line
    ]
    assert FOLDER_OF_OTHERS == driver.window.output_panel.folder_text.cget("text")
    assert "converted by a queue" in driver.window.advanced_panel.card.summary.cget("text")
    driver.window.controller.save_preferences(driver.window.variables.read())
    assert '"address": "postgresql://me@127.0.0.1:9/none"' in driver.preferences_path.read_text()
    assert "secret" not in driver.preferences_path.read_text() + "".join(driver.log)


def test_what_prevents_it_is_said_in_its_field(open_driver):
    """A queue without an address, a dataset that others can't fill, an upload that is off, and then the queue's own
    sentence.
    """
    services = FakeServices(queue_error=SettingsError("The database db/hls holds no queue yet."))
    driver = open_driver(services)
    driver.fill()
    variables = driver.window.variables
    variables.engine.convert_on.set(CONVERT_ON_LABELS[ConvertOn.QUEUE])
    variables.dataset.set("/course.json")
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    note = driver.window.advanced_panel.notes[Setting.ENGINE]
    assert note.text.startswith("No queue is named: type its address")
    assert driver.window.transcription_panel.notes[Setting.DATASET].text.startswith("Other computers can't fill")
    folder = driver.window.output_panel.notes[Setting.OUTPUT]
    assert "tick Enable S3 Upload" in folder.text
    variables.dataset.set("")
    variables.engine.typed.set(AWAY)
    variables.upload.set(True)
    assert ("", "") == (note.text, folder.text)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    assert "The database db/hls holds no queue yet." == driver.sentences


def test_another_video_at_the_destination_is_asked_about(open_driver):
    """Before the video goes into the queue, where nobody could answer."""
    taken = DestinationTakenError(prefix="videos/one/", title="Lesson 2", same_name=False, last_synced="")
    services = FakeServices(taken=taken)
    driver = open_driver(services, config=replace(CONFIGURED, cluster=Queue(url=AWAY)))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.ASKING)
    assert [] == services.queued
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: services.queued)
    assert services.queued[0][1].upload.replace
    driver.until_stage(WindowStage.READY)
    assert "In the queue: lesson01" == driver.banner
