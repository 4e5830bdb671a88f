"""The check of this computer beside the real main window."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg
import pytest
from cut_off import faults
from model_hub import model_hub
from ui_fakes import CONFIGURED, DEADLINE_S, NOT_CONFIGURED, FakeServices

from installation import FilePlace
from pipeline.errors import SpeechError
from pipeline.job import Codec, EncoderFamily
from pipeline.machine_report import BackendFinding, FfmpegFinding
from pipeline.media.encode.encoder_check import EncoderResult, EncoderStatus
from pipeline.speech.model import DownloadProgress
from pipeline.speech.model_cache import ModelState, StoredModel
from ui.app import open_window
from ui.machine_check.checks import Needed
from ui.preferences import Preferences
from ui.view_state import WindowStage
from ui.window import MainWindow

WORKS = EncoderResult(codec=Codec.H264, family=EncoderFamily.CPU, encoder="libx264", status=EncoderStatus.WORKS)
BASE = StoredModel(name="base", folder=Path(), size_bytes=1, state=ModelState.WHOLE)


@dataclass
class FakeMachine:
    """A computer as the test wants it; a download waits until the test lets it go on."""

    stored: tuple[StoredModel, ...] = ()
    problem: str = ""
    started: list[str] = field(default_factory=list)
    backends: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def ffmpeg(self, config):
        """Return an ffmpeg, or that there is none."""
        self.started.append(config.ffmpeg_path)
        return FfmpegFinding(path=Path(config.ffmpeg_path or "/usual/ffmpeg"), version=config.ffmpeg_path or "usual")

    def encoders(self, ffmpeg, config, cancel):
        """Return one that works."""
        return (WORKS,)

    def models(self):
        """Return what the test set."""
        return self.stored

    def download(self, model, cancel, told):
        """Come half-way, and wait."""
        told(DownloadProgress(done_bytes=5 << 20, total_bytes=10 << 20))
        with cancel.on_cancel(self.go_on.set):
            assert self.go_on.wait(DEADLINE_S)
        cancel.check()
        if self.problem:
            raise SpeechError(self.problem)
        self.stored = (BASE,)

    def backend(self, config):
        """Say whether one is configured."""
        self.backends.append(config.backend.url)
        return BackendFinding(reached=True if config.backend.configured else None, text="Connected.")


@pytest.fixture
def opened(open_driver):
    """Return a function that opens a window and the check."""

    def build(machine, **options):
        driver = open_driver(**options)
        driver.window.machine_check.machine = machine
        driver.window.machine_check.open(first_time=True)
        page = driver.window.machine_check.opened
        rows = page.rows
        driver.until(lambda: all(row.text.cget("text") != "Looking…" for row in rows.values()))
        driver.until(lambda: page.window.winfo_viewable())
        driver.settle()
        return driver, rows

    return build


def text(rows, needed: Needed) -> str:
    """Return what is said of a thing."""
    return str(rows[needed].text.cget("text"))


def test_a_model_is_downloaded_or_not(opened):
    """With its progress; Cancel leaves it as it was, a failure is a sentence, and what is here needs no button."""
    machine = FakeMachine()
    driver, rows = opened(machine)
    row = rows[Needed.MODEL]
    assert [] == faults(driver.window.machine_check.opened.window)
    driver.press(row.button)
    driver.until(lambda: "5 of 10 MB" in text(rows, Needed.MODEL))
    assert (500, "Cancel") == (int(row.progress.cget("value")), row.button.cget("text"))
    driver.settle()
    assert [] == faults(driver.window.machine_check.opened.window)
    driver.press(row.button)
    driver.until(lambda: "not here yet" in text(rows, Needed.MODEL))
    machine.problem = "The hub does not answer: try again later."
    driver.press(row.button)
    driver.until(lambda: text(rows, Needed.MODEL) == machine.problem)
    machine.problem = ""
    driver.press(row.button)
    driver.until(lambda: text(rows, Needed.MODEL) == "The model 'base' is on this computer.")
    assert not row.button.winfo_ismapped()


def test_closing_ends_a_download(opened):
    """Nothing goes on unseen, and the page does not come by itself again."""
    machine = FakeMachine()
    driver, rows = opened(machine)
    driver.press(rows[Needed.MODEL].button)
    driver.until(lambda: "5 of 10 MB" in text(rows, Needed.MODEL))
    assert not machine.go_on.is_set()
    driver.window.machine_check.opened.close()
    assert machine.go_on.is_set()
    assert driver.preferences_path.exists()


def test_another_ffmpeg(opened, monkeypatch):
    """It is used at once and in the next window, until the usual one is wanted again."""
    machine = FakeMachine()
    driver, rows = opened(machine, config=NOT_CONFIGURED)
    monkeypatch.setattr("tkinter.filedialog.askopenfilename", lambda **_: sys.executable)
    driver.press(rows[Needed.FFMPEG].button)
    driver.until(lambda: text(rows, Needed.FFMPEG) == sys.executable)
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.services.configs)
    assert sys.executable == driver.services.configs[-1].ffmpeg_path
    driver.window.machine_check.opened.close()
    driver.until_stage(WindowStage.READY)
    assert sys.executable == Preferences.load(driver.preferences_path).program.ffmpeg_path
    driver.press(driver.window.actions.reset)
    driver.window.machine_check.open()
    rows = driver.window.machine_check.opened.rows
    driver.until(lambda: rows[Needed.FFMPEG].button.cget("text") == "Use the usual one")
    rows[Needed.FFMPEG].button.invoke()
    driver.until(lambda: text(rows, Needed.FFMPEG) == "usual")
    assert "" == driver.window.controller.login.config.ffmpeg_path


def test_a_backend_is_set_up(opened):
    """The settings open where that is done; when they are closed, the backend is asked."""
    machine = FakeMachine(stored=(BASE,))
    driver, rows = opened(machine, config=NOT_CONFIGURED)
    driver.press(rows[Needed.BACKEND].button)
    settings = driver.window.settings_window.opened
    section = settings.backends
    entries = ((section.name, "Ours"), (section.address, "https://api.example.com"), (section.token, "t" * 32))
    for entry, typed in entries:
        entry.insert(0, typed)
    settings.close()
    driver.until(lambda: text(rows, Needed.BACKEND) == "Connected.")
    assert ["", "https://api.example.com"] == machine.backends


@pytest.mark.parametrize(
    ("kept", "files", "shown"), [(False, False, True), (True, False, False), (False, True, False)],
    ids=["the first time", "later", "with a video"],
)  # fmt: skip
def test_the_first_start(screen, tmp_path, monkeypatch, kept, files, shown):
    """The page comes by itself once: not where the window has been used, nor where it was opened with a video."""
    path, seen = tmp_path / "s3_config.json", []
    if kept:
        Preferences().save(path)

    def loop(window) -> None:
        window.machine_check.machine = FakeMachine()
        window.update()
        seen.append(window.machine_check.opened is not None)
        window.close()

    monkeypatch.setattr(MainWindow, "mainloop", loop)
    place, video = FilePlace(read=path, write=path), tmp_path / "lesson.mp4"
    video.touch()
    assert 0 == open_window(CONFIGURED, place, FakeServices(), files=[video] if files else [])
    assert ([shown], True) == (seen, path.exists())


def test_this_computer(opened, small_model, tmp_path, monkeypatch):
    """The real ffmpeg and its encoders are found, and a real download from a hub arrives."""
    from ui.machine_check.machine import ThisMachine

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with model_hub(small_model) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        driver, rows = opened(ThisMachine(), config=NOT_CONFIGURED)
        driver.deadline_s = 60.0
        version = imageio_ffmpeg.get_ffmpeg_version()
        assert version.split("-")[0].lstrip("n") in text(rows, Needed.FFMPEG)
        assert "Processor: H.264, HEVC, AV1" in text(rows, Needed.ENCODERS)
        driver.press(rows[Needed.MODEL].button)
        driver.until(lambda: (tmp_path / "hf" / "hub" / "models--Systran--faster-whisper-base" / "refs").exists())
        driver.until(lambda: text(rows, Needed.MODEL) == "The model 'base' is on this computer.")
