"""A main window with hands: does what an editor does to it and waits for what an editor would see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ui_fakes import CONFIGURED, DEADLINE_S, FakeServices

from config import Config
from installation import FilePlace
from ui.view_state import WindowStage
from ui.window import MainWindow


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
        self.until(self._source_known)
        self.settle()

    def list_videos(self, number: int) -> None:
        """Put so many videos into the list."""
        folder = self.preferences_path.parent
        paths = [folder / f"lesson{place:02}.mp4" for place in range(1, number + 1)]
        for path in paths:
            path.write_bytes(b"x")
        self.window.videos.take(tuple(map(str, paths)))
        self.until(lambda: len(self.window.controller.state.videos.rows) == number)
        self.settle()

    def _source_known(self) -> bool:
        source = self.window.controller.state.source
        return bool(source.problem) or source.details not in ("", "Reading the video…")

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


def open_window(path: Path, services: FakeServices, config: Config = CONFIGURED) -> Driver:
    """Open a window that remembers things in a file, and wait until it knows its models and its list."""
    window = MainWindow(config=config, preferences=FilePlace(read=path, write=path), services=services)
    driver = Driver(window=window, services=services, preferences_path=path)
    driver.until(lambda: window.controller.state.models and not window.controller.videos.busy)
    driver.settle()
    return driver


def close_windows(*drivers: Driver) -> None:
    """Cancel what is on its way, and take the windows away; then wait for what they still look for."""
    for driver in drivers:
        driver.window.controller.close()
        if not driver.window.closed:
            driver.until(lambda driver=driver: not driver.window.controller.busy)
            driver.window.destroy()
    for thread in threading.enumerate():
        if thread.name in ("damage", "looks"):  # its ffmpeg would be one too many for the next test
            thread.join(DEADLINE_S)
