"""A screen for the window's tests, and windows that are closed again."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import keyring
import pytest
from displays import virtual_screen
from keyring.backends import fail
from ui_fakes import CONFIGURED, DEADLINE_S, FakeServices, MemoryKeychain

from config import Config
from installation import FilePlace
from ui.collecting import collected_here
from ui.view_state import WindowStage
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
def dense_screen(request, screens, monkeypatch) -> None:
    """A screen of so many dots an inch and pixels."""
    monkeypatch.setenv("DISPLAY", screens(*request.param))


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


@pytest.fixture(autouse=True)
def memory_keychain() -> Iterator[MemoryKeychain]:
    """A keychain of the test's own; nobody's real one is ever opened."""
    keychain = MemoryKeychain()
    keyring.set_keyring(keychain)
    yield keychain
    keyring.set_keyring(fail.Keyring())


@dataclass
class Driver:
    """A window with hands: does what an editor does and waits for what an editor would see."""

    window: MainWindow
    services: FakeServices
    preferences_path: Path
    deadline_s: float = DEADLINE_S

    def until(self, condition: Callable[[], object]) -> None:
        """Let the window work until something is so; the pump's own timer keeps events coming."""
        deadline = time.monotonic() + self.deadline_s
        while not condition():
            assert time.monotonic() < deadline, f"the window stayed as it was: {self.banner}"
            self.window.tk.dooneevent(0)

    def until_stage(self, stage: WindowStage) -> None:
        """Let the window work until it has come to a stage and shows it."""
        self.until(lambda: self.window.controller.state.stage is stage)
        self.settle()

    def settle(self) -> None:
        """Let everything that is due be shown."""
        self.window._render()
        self.window.update()

    def fill(self, source: str = "/videos/lesson01.mp4", *, upload: bool = False, folder: str = "/videos/out") -> None:
        """Fill the form in and wait until the source is known."""
        variables = self.window.variables
        variables.output_dir.set(folder)
        variables.upload.set(upload)
        variables.destination.set("videos/lesson01/")
        variables.source.set(source)
        # What the field itself does when nothing was typed for a moment; no test has to wait for that.
        self.window.controller.look_at_source(source)
        self.until(lambda: self.window.controller.state.source.details not in ("", "Reading the video…"))
        self.settle()

    def unfold(self) -> None:
        """Unfold every section of the form."""
        variables = self.window.variables
        for opened in (variables.captions_open, variables.upload_open, variables.advanced_open):
            opened.set(True)
        self.settle()

    def press(self, button) -> None:
        """Press a button, which must be enabled and in the window."""
        assert not button.instate(["disabled"])
        self.until(button.winfo_viewable)
        button.invoke()
        self.settle()

    def tree(self, widget) -> list:
        """Return a widget and all that is in it, shown or not."""
        return [widget] + [found for child in widget.winfo_children() for found in self.tree(child)]

    def in_view(self, widget) -> bool:
        """Whether the whole height of a widget of the settings is in view."""
        column = self.window.settings.container
        top = widget.winfo_rooty() - column.winfo_rooty()
        return bool(widget.winfo_viewable()) and top >= 0 and top + widget.winfo_height() <= column.winfo_height()

    @property
    def banner(self) -> str:
        """The title of the banner."""
        return str(self.window.banner_panel.title.cget("text"))

    @property
    def sentences(self) -> str:
        """What stands beneath the title."""
        return str(self.window.banner_panel.lines.cget("text"))

    @property
    def choices(self) -> list[str]:
        """The buttons of the banner."""
        return [str(button.cget("text")) for button in self.window.banner_panel.buttons]

    @property
    def rows(self) -> dict[str, tuple[str, str]]:
        """What each progress row shows: figure and text beneath."""
        shown = {}
        for row in self.window.progress_panel.rows:
            text = row.text.full_text if row.text is not None else ""
            shown[str(row.label.cget("text"))] = (str(row.figure.cget("text")), text)
        return shown

    @property
    def log(self) -> list[str]:
        """The lines of the log view, without the time."""
        return [line[10:] for line in self.window.log_panel.text.get("1.0", "end").splitlines() if line]


@pytest.fixture
def open_driver(screen, tmp_path) -> Iterator[Callable[..., Driver]]:
    """Return a function that opens a window with a pipeline of the test's making."""
    opened: list[Driver] = []

    def build(
        services: FakeServices | None = None, *, config: Config = CONFIGURED, preferences_path: Path | None = None
    ) -> Driver:
        services = services or FakeServices()
        path = preferences_path or tmp_path / "s3_config.json"
        window = MainWindow(config=config, preferences=FilePlace(read=path, write=path), services=services)
        driver = Driver(window=window, services=services, preferences_path=path)
        opened.append(driver)
        driver.until(lambda: window.controller.state.models)
        driver.settle()
        return driver

    yield build
    for driver in opened:
        driver.window.controller.cancel()
        driver.window.controller.videos.close()
        if not driver.window.closed:
            driver.until(lambda driver=driver: not driver.window.controller.busy)
            driver.window.destroy()
