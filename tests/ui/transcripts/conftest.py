"""Windows of the editor that are closed again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import s3_server
from audio_devices import HeldDevice, no_device
from datasets import TRANSCRIPTS_KIND, HeldClock
from editor_window import EditorDriver

from transcripts.dataset import Dataset, open_dataset
from ui.transcripts.app import EditorApp

collect_ignore = ["test_s3_window.py", "test_from_s3_to_players.py"] if s3_server.missing_programs() else []


@pytest.fixture(autouse=True)
def editor_errors(monkeypatch) -> Iterator[list[BaseException]]:
    """Fail a test in whose editor a callback raised."""
    errors: list[BaseException] = []
    monkeypatch.setattr(EditorApp, "report_callback_exception", lambda _, kind, error, trace: errors.append(error))
    yield errors
    assert [] == errors


@pytest.fixture
def path(tmp_path) -> Path:
    """The file of a small dataset, with an odd name."""
    return TRANSCRIPTS_KIND.write(tmp_path / "course 'ü' \"1\".json")


@pytest.fixture
def content() -> dict:
    """What is in it."""
    return json.loads(json.dumps(TRANSCRIPTS_KIND.content))


def opened_with_held_clock(address: str) -> Dataset:
    """Open a dataset that is not saved by itself."""
    return open_dataset(address, clock=HeldClock(), autosave_interval_s=30.0)


@pytest.fixture
def open_editor(screen) -> Iterator[Callable[..., EditorDriver]]:
    """Return a function that opens a window on a dataset."""
    opened: list[EditorDriver] = []

    def build(
        address: str | Path = "", opener=opened_with_held_clock, publisher=None, open_output=no_device, model=""
    ) -> EditorDriver:
        app = EditorApp(opener=opener, publisher=publisher, open_output=open_output, model=model, address=str(address))
        opened.append(EditorDriver(app))
        opened[-1].settled()
        return opened[-1]

    yield build
    for driver in opened:
        if not driver.app.closed:
            driver.close()
        del driver.app  # a test may hold on to its driver


@pytest.fixture
def device() -> Iterator[HeldDevice]:
    """An audio device whose clock the test holds; a test names it behind its window, which is closed after it."""
    made = HeldDevice()
    yield made
    made.release()
