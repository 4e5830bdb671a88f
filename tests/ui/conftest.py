"""A screen for the window's tests, and windows that are closed again."""

from __future__ import annotations

import gc
import shutil
import tkinter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import keyring
import pytest
import shown_texts
from displays import virtual_screen, window_manager
from keyring.backends import fail
from ui_fakes import CONFIGURED, FakeServices, MemoryKeychain
from window_driver import Driver, close_windows, open_window

from config import Config
from ui import language
from ui.collecting import collected_here
from ui.window import MainWindow


@pytest.fixture(scope="session")
def screen() -> Iterator[None]:
    """A display to open windows on: one of our own where that can be had, else the one there is."""
    if shutil.which("Xvfb") is None:
        yield
        return
    with virtual_screen() as display, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", display)
        yield


@pytest.fixture(scope="session")
def screens() -> Iterator[Callable[[int, str], str]]:
    """Return a function that gives the display of so many dots an inch and pixels.

    They stay until the end: Tk holds on to each that it was connected to, and ends the process when one is gone.
    """
    with ExitStack() as stack:
        yield cache(lambda dots, size: stack.enter_context(virtual_screen(size, dots_an_inch=dots)))


@pytest.fixture
def dense_screen(request, screens, monkeypatch) -> Iterator[None]:
    """A screen of so many dots an inch and pixels. It is left as it was: Tk keeps the density that a window was given,
    for all windows on it that follow.
    """
    dots, size = request.param
    monkeypatch.setenv("DISPLAY", screens(dots, size))
    yield
    window = tkinter.Tk()
    window.tk.call("tk", "scaling", dots / 72)
    window.destroy()


@pytest.fixture
def managed_screen(screens, monkeypatch) -> Iterator[str]:
    """A screen with a window manager; its display."""
    display = screens(96, "1280x920")
    monkeypatch.setenv("DISPLAY", display)
    with window_manager(display):
        yield display


@pytest.fixture(autouse=True, scope="module")
def _older_objects_left_alone() -> None:
    """Keep the collections after each test off what the tests of other files have left behind: they took most of a
    window test's time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _collected_here() -> Iterator[None]:
    """Windows live as in the program: what is left of one is taken away by the Tk thread."""
    with collected_here():
        yield


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch) -> None:
    """Windows wait for the end of a job, and for the system's colours, for as long as the slowest computer needs."""
    monkeypatch.setattr("ui.closing.CLOSE_DEADLINE_S", 600.0)
    monkeypatch.setattr("ui.closing.SHOWN_S", 600.0)
    monkeypatch.setattr("ui.appearance.PATIENCE_S", 600.0)


@pytest.fixture(autouse=True)
def callback_errors(monkeypatch) -> Iterator[list[BaseException]]:
    """Fail a test in whose window a callback raised, unless the test takes the error out of the list."""
    errors: list[BaseException] = []
    report = MainWindow.report_callback_exception

    def remember(self, exc, val, tb) -> None:
        errors.append(val)
        report(self, exc, val, tb)

    monkeypatch.setattr(MainWindow, "report_callback_exception", remember)
    yield errors
    assert [] == errors


@pytest.fixture(scope="session")
def marking_catalogues(tmp_path_factory) -> Path:
    """A folder with the catalogue of a language in which every text is marked."""
    folder = tmp_path_factory.mktemp("locale")
    shown_texts.write_catalogue(folder)
    return folder


@pytest.fixture
def marked_language(marking_catalogues, monkeypatch) -> Iterator[None]:
    """The system's language is one in which every text is marked."""
    monkeypatch.setattr(language, "LOCALES", marking_catalogues)
    monkeypatch.setenv("LANGUAGE", shown_texts.LANGUAGE)
    yield
    language.use(language.LanguageChoice.ENGLISH)


@pytest.fixture
def german(monkeypatch) -> Iterator[None]:
    """The system's language is German."""
    monkeypatch.setenv("LANGUAGE", "de")
    yield
    language.use(language.LanguageChoice.ENGLISH)


@pytest.fixture(autouse=True)
def memory_keychain() -> Iterator[MemoryKeychain]:
    """A keychain of the test's own; nobody's real one is ever opened."""
    keychain = MemoryKeychain()
    keyring.set_keyring(keychain)
    yield keychain
    keyring.set_keyring(fail.Keyring())


@pytest.fixture
def open_driver(screen, tmp_path) -> Iterator[Callable[..., Driver]]:
    """Return a function that opens a window with a pipeline of the test's making."""
    opened: list[Driver] = []

    def build(
        services: FakeServices | None = None, *, config: Config = CONFIGURED, preferences_path: Path | None = None
    ) -> Driver:
        driver = open_window(preferences_path or tmp_path / "s3_config.json", services or FakeServices(), config)
        opened.append(driver)
        return driver

    yield build
    close_windows(*opened)
