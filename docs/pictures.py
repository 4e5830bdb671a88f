"""Makes the pictures of docs/user-guide.md from the real window, in both themes, on a screen that nobody sees.

`python docs/pictures.py` needs Xvfb, the packages of requirements-dev.txt, and to be allowed to make /home/editor: the
pictures show its paths. `--home` names another folder that is not there yet; it is removed at the end. Every picture is
of a real job: a lecture is converted, transcribed and uploaded to a backend on this computer.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tkinter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from picture_videos import LECTURES, make_videos

from backend.server import serve_in_thread  # the path above must be set first
from backend.settings import BackendSettings
from config import Config
from installation import FilePlace
from ui.collecting import collected_here
from ui.list_messages import RowState
from ui.machine_check.lines import CheckState
from ui.messages import BannerAnswer, CloseAnswered
from ui.preferences import LimitDays, LimitPeriod, NamedBackend, Preferences, ProgramSettings, ThemeChoice
from ui.services import PipelineServices
from ui.video_rows import VideoRow
from ui.view_state import Leaving, WindowStage
from ui.window import MainWindow

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
THEMES = ("light", "dark")
SCREEN = "1280x900"
COLOURS = 96
"""In a picture: text keeps its edges, and a file takes a third."""

DEADLINE_MS = 120_000
SETTLE_MS = 600
"""How long nothing must change before a picture is taken: bars and pictures of videos follow a moment later."""

READING = "Reading frames…"
"""What the strip of frames says until all are there."""

SHOWN_PERCENT = 8
"""How far the second video of the list is in its picture."""

NAMES = (
    *("first-start", "empty", "video", "upload", "done", "results", "transcripts"),
    *("list", "closing", "question", "history", "frames", "settings", "settings-upload"),
)
"""The pictures, each once a theme, in the order in which they are made."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The window in its home; `shot` takes the picture of a name."""

    window: MainWindow
    home: Path
    theme: str
    url: str
    token: str

    def until(self, condition: Callable[[], object]) -> None:
        """Let the window work until something is so. Raises TimeoutError."""
        late: list[bool] = []
        timer = self.window.after(DEADLINE_MS, lambda: late.append(True))
        while not condition():
            if late:
                raise TimeoutError(f"the window stayed as it was: {self.window.controller.state.shown_banner}")
            self.window.tk.dooneevent(0)
        self.window.after_cancel(timer)

    def settle(self) -> None:
        """Let everything that is due be shown."""
        over: list[bool] = []
        self.window.after(SETTLE_MS, lambda: over.append(True))
        self.until(lambda: over)

    def shot(self, name: str, window: tkinter.Tk | tkinter.Toplevel | None = None) -> None:
        """Take the picture of a window, by default the main one with its menus."""
        from PIL import Image, ImageGrab

        shown = window or self.window
        shown.lift()
        self.settle()
        left, upper = shown.winfo_rootx(), shown.winfo_rooty()
        box = (left, upper if window else 0, left + shown.winfo_width(), upper + shown.winfo_height())
        picture = ImageGrab.grab(box, xdisplay=os.environ["DISPLAY"])
        small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(PICTURES / f"{name}-{self.theme}.png", optimize=True)


def main() -> None:
    """Make all pictures, or in a child those of one theme."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--home", type=Path, default=Path("/home/editor"), help="a folder that is not there yet")
    parser.add_argument("--theme", choices=THEMES, help="make those of one theme, on the screen that DISPLAY names")
    options = parser.parse_args()
    if options.theme:
        make(options.theme, options.home)
        return
    PICTURES.mkdir(exist_ok=True)
    for theme in THEMES:
        with home_folder(options.home), screen() as display:
            argv = [sys.executable, __file__, "--theme", theme, "--home", str(options.home)]
            subprocess.run(argv, check=True, env=clean_environment(options.home, display))


@contextmanager
def home_folder(home: Path) -> Iterator[None]:
    """Make an editor's home with videos in it, and remove it again."""
    try:
        home.mkdir(parents=True)
    except OSError as error:
        sys.exit(f"{home} can't be made ({error.strerror}): name a folder that is not there yet with --home.")
    try:
        make_videos(home / "Videos")
        yield
    finally:
        shutil.rmtree(home)


@contextmanager
def screen() -> Iterator[str]:
    """Run a screen that nobody sees, and give the name of its display."""
    reader, writer = os.pipe()
    argv = ["Xvfb", "-displayfd", str(writer), "-nolisten", "tcp", "-screen", "0", f"{SCREEN}x24", "-dpi", "96"]
    server = subprocess.Popen(argv, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def clean_environment(home: Path, display: str) -> dict[str, str]:
    """Return the environment of somebody who has just installed the program."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(home), "DISPLAY": display, "LANGUAGE": "en"}


def make(theme: str, home: Path) -> None:
    """Make the pictures of a theme."""
    have_keychain()
    settings = BackendSettings.from_config(Config(), root=home / "store", token="a-token-for-the-pictures")
    with collected_here(), serve_in_thread(settings) as backend:
        limit = LimitPeriod(days=LimitDays.WEEKDAYS, start="08:00", end="18:00", limit_mb_s=0.5)
        program = ProgramSettings(
            theme=ThemeChoice(theme),
            backends=(NamedBackend(id="school", name="School", address=backend.url),),
            upload_limits=(limit,),
        )
        path = home / "s3_config.json"
        Preferences(program=program, output_dir=str(home / "Streams"), preset="Web").save(path)
        config = Config(data_dir=home / "data", cache_dir=home / "cache")
        place = FilePlace(read=path, write=path)
        window = MainWindow(config=config, preferences=place, services=PipelineServices())
        try:
            take_all(Stage(window=window, home=home, theme=theme, url=backend.url, token=settings.token))
        finally:
            window.destroy()


def have_keychain() -> None:
    """Let this process have a keychain, as a desktop has; it is forgotten with the process."""
    import keyring
    from keyring.backend import KeyringBackend

    kept: dict[tuple[str, str], str] = {}

    class Keychain(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            kept.pop((service, username), None)

    keyring.set_keyring(Keychain())  # type: ignore[no-untyped-call]


def take_all(stage: Stage) -> None:
    """Do an editor's work, and take the pictures on the way."""
    stage.settle()
    first_start(stage)
    one_video(stage)
    what_it_made(stage)
    several_videos(stage)
    a_question(stage)
    other_windows(stage)


def first_start(stage: Stage) -> None:
    """The page about this computer, and the window behind it."""
    check = stage.window.machine_check
    check.open(first_time=True)
    opened, checks = check.opened, check.checks
    assert opened is not None
    assert checks is not None
    stage.until(lambda: all(line.state is not CheckState.LOOKING for line in checks.lines.values()))
    stage.shot("first-start", opened.window)
    opened.close()
    stage.shot("empty")


def one_video(stage: Stage) -> None:
    """A video is chosen, gets its upload, and is converted."""
    window, variables = stage.window, stage.window.variables
    variables.source.set(str(stage.home / "Videos" / "Welcome.mp4"))
    stage.until(lambda: window.controller.state.source.media)
    stage.shot("video")
    variables.model.set(str(ROOT / "samples" / "whisper-words"))
    variables.spoken_language.set("English (en)")
    variables.dataset.set(str(stage.home / "Streams" / "transcripts.json"))
    variables.upload.set(True)
    variables.upload_open.set(True)
    variables.backend.choose("school", variables.program)
    variables.token.set(stage.token)
    window.upload_panel.test.invoke()
    variables.destination.set("videos/algebra/lesson1/")
    stage.until(lambda: window.upload_panel.result.cget("text").startswith("✓"))
    window.settings.bring_into_view(window.upload_panel.result)
    stage.shot("upload")
    window.actions.start.invoke()
    stage.until(lambda: window.controller.state.banner.title.startswith(("Done", "Failed")))
    variables.upload_open.set(False)
    stage.shot("done")


def what_it_made(stage: Stage) -> None:
    """The results of a job, and its transcript where it is corrected."""
    window = stage.window
    window.show_results()
    results = window.results
    assert results.panel is not None
    assert results.window is not None
    panel = results.panel
    stage.until(lambda: len(panel.texts) > 4)
    stage.shot("results", results.window)
    results.window.destroy()
    results.window = results.panel = None
    view = window.editors.open(str(stage.home / "Streams" / "transcripts.json"))
    stage.until(lambda: len(view.controller.order))
    stage.shot("transcripts", view.window)
    view.close()
    stage.until(lambda: not window.editors.views)


def several_videos(stage: Stage) -> None:
    """A list of videos that is being converted, and what is asked when the window is closed meanwhile."""
    window, variables = stage.window, stage.window.variables
    variables.source.set("")
    variables.transcribe.set(False)
    variables.dataset.set("")
    variables.destination.set("videos/algebra/")
    videos = stage.home / "Videos"
    window.videos.take(tuple(str(videos / name) for name in (*LECTURES, "Broken.mp4")))

    def rows() -> list[VideoRow]:
        return list(window.controller.state.videos.rows.values())

    stage.until(lambda: len(rows()) == len(LECTURES) + 1)
    window.queue_panel.start_all.invoke()
    stage.until(lambda: rows()[0].state is RowState.DONE and (rows()[1].percent or 0) >= SHOWN_PERCENT)
    stage.shot("list")
    window.close()
    stage.until(lambda: window.controller.state.leaving is Leaving.ASKED)
    stage.shot("closing")
    window.controller.receive(CloseAnswered(answer=BannerAnswer.STAY))
    window.actions.cancel.invoke()
    stage.until(lambda: not window.controller.state.videos.runs)


def a_question(stage: Stage) -> None:
    """A destination is taken by another video."""
    window = stage.window
    if window.controller.state.stage is not WindowStage.READY:
        raise RuntimeError("a job is on its way")
    window.queue_panel.tree.selection_set(())
    window.variables.source.set(str(stage.home / "Videos" / "Vectors.mp4"))
    stage.until(lambda: window.controller.state.source.media)
    window.variables.destination.set("videos/algebra/lesson1/")
    window.actions.start.invoke()
    stage.until(lambda: window.controller.state.stage is WindowStage.ASKING)
    stage.shot("question")
    window.actions.cancel.invoke()
    stage.until(lambda: window.controller.state.stage is WindowStage.READY)


def other_windows(stage: Stage) -> None:
    """History, frames and settings."""
    window = stage.window
    window.history.open()
    history = window.history.window
    assert history is not None
    stage.until(lambda: history.tree.get_children())
    history.tree.selection_set(history.tree.get_children()[-1])
    stage.shot("history", history.window)
    history.close()
    window.frames.open()
    frames = window.frames.window
    assert frames is not None
    stage.until(lambda: frames.told.cget("text") != READING)
    stage.shot("frames", frames.window)
    frames.close()
    window.settings_window.open()
    settings = window.settings_window.opened
    assert settings is not None
    stage.shot("settings", settings.window)
    settings.sections.select(settings.upload.frame)  # type: ignore[no-untyped-call]
    stage.shot("settings-upload", settings.window)
    settings.close()


if __name__ == "__main__":
    main()
