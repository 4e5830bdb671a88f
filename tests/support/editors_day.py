"""An editor's day with the program, by mouse and keyboard alone. What came of it is read from the window, from files
and from the server.

Knows not how the program was made: a test says how it is started. Whatever has to last until a step is done is held.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import file_manager
import imageio_ffmpeg
import psutil
from chromium import ARGUMENTS, chromium
from displays import virtual_screen, window_manager
from held_ffmpeg import FfmpegByName, ffmpeg_by_name
from hls_player import captions_from
from person import Person
from playwright.sync_api import sync_playwright
from program import command, make_clip
from seen_windows import SeenProgram, seeing
from store_server import TOKEN, StoreServer, running_server

ROOT = Path(__file__).resolve().parents[2]
PICTURES = "EDITORS_DAY_PICTURES"
"""The variable that names a folder for the screenshots."""

DEADLINE_S = 150
SCREEN = "1500x940"
ON_THE_WINDOW, BESIDE_THE_WINDOW = (600, 300), "+1290+60"
LECTURE, BROKEN, TAKEN, NOTES, TALK, LATE = (
    *("Vectors – Übung 1.mp4", "Broken.mp4", "The dot product.mp4", "Notes.mp4", "Talk.mp4", "Late.mp4"),
)
FIVE = (LECTURE, BROKEN, TAKEN, NOTES, TALK)
SLUGS = {LECTURE: "vectors-ubung-1", TAKEN: "the-dot-product", TALK: "talk", LATE: "late"}
"""Of what is published in the end."""

COURSE = "courses/algebra/"
SAID = "welcome lesson one"
NEW_TOKEN = "another-token-9876543210-abcdef"


@dataclass
class Desk:
    """A program with a screen, a home, videos, a server, and an ffmpeg that can be held."""

    start: list[str]
    environment: dict[str, str]
    folder: Path
    server: StoreServer
    ffmpeg: FfmpegByName
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def hands(self) -> dict[str, str]:
        """The environment of what looks at the screen and moves the mouse: the program's may be without a path."""
        return {**self.environment, "PATH": os.environ["PATH"]}

    @property
    def opened(self) -> list[str]:
        """What the desktop was asked to open."""
        noted = self.folder / "opened"
        return noted.read_text().split() if noted.exists() else []

    def run(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start a program that is ended with the day."""
        process = subprocess.Popen(list(map(str, arguments)), env=self.environment)
        self.processes.append(process)
        return process


@contextmanager
def desk(folder: Path, start: list[str], *, path: str = "", ffmpeg: str | None = None) -> Iterator[Desk]:
    """Prepare the day in a folder. `start` is the program; `path` is where it finds others, beside what opens pages;
    `ffmpeg` is the one that encodes, which may be held.
    """
    (folder / "home").mkdir()
    (folder / "bin").mkdir()
    opener = folder / "bin/xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >> "{folder}/opened"\n')
    opener.chmod(0o755)
    held = ffmpeg_by_name(folder / "ffmpeg", ffmpeg)
    authority = folder / "authority"
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        server.capabilities, server.gate_s = {"version": 1, "read": True}, float(DEADLINE_S)
        display = stack.enter_context(virtual_screen(SCREEN, authority=authority))
        stack.enter_context(window_manager(display, authority))
        environment = {
            "PATH": os.pathsep.join(filter(None, (str(folder / "bin"), path))),
            "HOME": str(folder / "home"),
            "DISPLAY": display,
            "XAUTHORITY": str(authority),
            "LC_ALL": "C.UTF-8",
            "LANGUAGE": "en",
            "FFMPEG_PATH": str(held.path),
        }
        prepared = Desk(start=start, environment=environment, folder=folder, server=server, ffmpeg=held)
        try:
            yield prepared
        finally:
            server.open_gate()
            _end(prepared.processes)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what was started, and what that has started."""
    for process in processes:
        if process.poll() is None:
            left = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            for child in left:
                child.kill()
        process.wait()


def make_videos(folder: Path) -> None:
    """Put the videos into a new folder: one with speech, one that is broken, and small ones."""
    folder.mkdir()
    cut = ["-v", "error", "-i", str(ROOT / "samples/welcome.mp4"), "-t", "6", "-vf", "scale=-2:180", "-crf", "35"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *cut, str(folder / LECTURE)], check=True)
    for name in (TAKEN, NOTES, TALK, LATE):
        make_clip(folder / name, seconds=2, size="320x180")
    (folder / BROKEN).write_bytes(bytes(5000))


class EditorsDay:
    """The day in steps, in their order; each returns when the program has done what was asked of it."""

    def __init__(self, at: Desk, seen: Callable[[str], SeenProgram]) -> None:
        self._desk = at
        self._videos = at.folder / "videos"
        self._out = at.folder / "out"
        self._files = seen(file_manager.NAME)
        pictures = Path(os.environ.get(PICTURES) or at.folder / "pictures")
        pictures.mkdir(parents=True, exist_ok=True)
        self.person = Person(seen("hls-converter"), at.hands, pictures, deadline_s=DEADLINE_S)

    def a_colleague_takes_a_place(self) -> None:
        """Another video goes to a destination first."""
        other, at = self._desk.folder / "Cross product.mp4", self._desk
        make_clip(other, seconds=1, size="160x90", audio="")
        home = {"HOME": str(at.folder / "colleague"), "BACKEND_URL": at.server.url, "AUTH_TOKEN": TOKEN}
        place = ("-o", at.folder / "theirs", "--upload", f"{COURSE}{SLUGS[TAKEN]}/")
        convert = command("convert", other, "--no-mp4", *place)
        subprocess.run(convert, env={**os.environ, **home}, check=True, capture_output=True, timeout=DEADLINE_S)
        assert "Cross product" == self._published_title(TAKEN)

    def the_program_is_opened(self) -> subprocess.Popen[bytes]:
        """It has a window; return its process."""
        process = self._desk.run(*self._desk.start)
        self.person.until(lambda: self.person.find("Start"), "the window")
        return process

    def the_form_is_filled_in(self) -> None:
        """The first page is left, and the course's settings are typed; the login is tested."""
        person = self.person
        person.until(lambda: person.find("Continue") and not person.sees("Looking…"), "what this computer has")
        person.picture("first start")
        person.click("Continue")
        person.fill("Folder", str(self._out))
        person.click("▸  CAPTIONS")
        person.fill("Model", str(ROOT / "samples/whisper-words"))
        person.click("▾  CAPTIONS")
        person.click("Enable S3 Upload")
        self._log_in(TOKEN)
        person.fill("Destination", COURSE)
        person.picture("form")

    def five_videos_are_dropped(self) -> None:
        """They come in a list; the broken one is marked."""
        person = self.person
        self._desk.run(
            sys.executable, file_manager.__file__, BESIDE_THE_WINDOW, *(self._videos / name for name in FIVE)
        )
        person.drop(self._files, ON_THE_WINDOW)
        person.until(lambda: list(person.rows()) == list(FIVE), "five videos in the list")
        person.until(lambda: person.status(BROKEN).startswith("Can't be read"), "the broken one is marked")
        person.until(lambda: all(person.rows()[name].values[0] for name in FIVE if name != BROKEN), "their lengths")
        person.picture("dropped")

    def one_gets_another_preset(self) -> None:
        """It is selected, and a preset is chosen for it alone."""
        person = self.person
        person.select(TALK)
        person.choose("Preset", "Audio only")
        person.until(lambda: person.rows()[TALK].name.endswith(" · Audio only"), "the preset in the list")
        person.picture("two presets")

    def all_are_started(self) -> None:
        """The first is encoded, for as long as it is held."""
        person, ffmpeg = self.person, self._desk.ffmpeg
        for name in (LECTURE, LATE):
            ffmpeg.hold(_part(name))
        self._desk.server.gate = lambda key: SLUGS[LECTURE] in key
        person.click("Start all")
        person.until(lambda: ffmpeg.holds(_part(LECTURE)), "an encode that is held")
        person.until(lambda: "Encoding" in person.status(LECTURE), "the first is encoded")
        person.picture("encoding")

    def one_is_added_while_they_run(self) -> None:
        """By opening it with the program, which is open already."""
        second = self._desk.run(*self._desk.start, self._videos / LATE)
        assert 0 == second.wait(DEADLINE_S)
        self.person.until(lambda: self.person.status(LATE) == "Waits", "one more in the list")
        self.person.picture("added")

    def one_is_cancelled(self) -> None:
        """By the menu of its row."""
        self.person.right_click(NOTES, "Cancel selected")
        self.person.until(lambda: self.person.status(NOTES) == "Cancelled", "one that is cancelled")
        self.person.picture("cancelled")

    def the_upload_is_paused_and_goes_on(self) -> None:
        """It has begun and is held meanwhile; the server forgets the token."""
        person, server = self.person, self._desk.server
        self._desk.ffmpeg.release(_part(LECTURE))
        person.until(lambda: server.gated, "an upload that has begun")
        person.click("Pause upload")
        person.until(lambda: person.status(LECTURE).endswith("Upload paused"), "an upload that is paused")
        person.picture("paused")
        server.token = NEW_TOKEN
        server.open_gate()
        person.click("Resume upload")

    def a_new_token_is_typed(self) -> None:
        """The upload waits for it, and ends; so does the next video."""
        person = self.person
        person.wait_for("The backend refuses the token")
        person.picture("token")
        person.fill_in_front("Continue upload", NEW_TOKEN)
        person.devices.press("Return")
        for name in (LECTURE, TALK):
            person.until(lambda name=name: person.status(name) == "Done", f"{name} is done")
        assert person.status(BROKEN).startswith("Failed: ")
        person.picture("two are done")

    def the_other_video_is_replaced(self) -> None:
        """The question is answered while another video is encoded."""
        person = self.person
        person.until(lambda: person.status(TAKEN) == "Needs an answer", "a question")
        person.select(TAKEN)
        person.wait_for("holds “Cross product”. Replace it?")
        person.picture("question")
        person.click("Replace")
        person.until(lambda: person.status(TAKEN) == "Waits", "an answer")
        person.until(lambda: self._desk.ffmpeg.holds(_part(LATE)), "another encode that is held")

    def the_window_is_closed_in_the_middle(self, process: subprocess.Popen[bytes]) -> None:
        """By the window manager's key; the window asks, and the program ends."""
        person = self.person
        person.devices.press("alt+F4")
        person.wait_for("A video is not finished yet. Close the window?")
        person.picture("closing")
        person.click("Stop and close")
        assert 0 == process.wait(DEADLINE_S)
        assert not (self._out / SLUGS[LATE] / "master.m3u8").exists()
        self._desk.ffmpeg.release(_part(LATE))

    def the_rest_is_done(self) -> None:
        """The list is as it was; with the login typed in, what is left is converted."""
        person = self.person
        person.until(lambda: list(person.rows()) == [*FIVE, LATE], "the list is there again")
        assert ("Done", "Cancelled", "Done") == tuple(map(person.status, (LECTURE, NOTES, TALK)))
        person.picture("again")
        self._log_in(NEW_TOKEN)
        person.click("Start all")
        for name in (TAKEN, LATE):
            person.until(lambda name=name: person.status(name) == "Done", f"{name} is done")
        person.wait_for("4 of 6 videos done, 1 failed, 1 cancelled.")
        person.picture("all done")

    def everything_is_published(self) -> None:
        """What is in the list as done is on the server and on the disk, and nothing else."""
        stored = self._desk.server.stored
        assert {slug for key in stored if (slug := key.removeprefix(COURSE).split("/")[0])} == set(SLUGS.values())
        for name, slug in SLUGS.items():
            assert (self._out / slug / "master.m3u8").is_file()
            assert stored[f"{COURSE}{slug}/master.m3u8"].startswith(b"#EXTM3U")
            assert Path(name).stem == self._published_title(name)
        assert SAID in stored[f"{COURSE}{SLUGS[LECTURE]}/subtitles.vtt"].decode().replace("\n", " ").lower()
        assert not any("mp4" in key for key in stored if f"/{SLUGS[TALK]}/" in key)

    def the_lecture_is_watched(self) -> None:
        """Watch opens a page, on which the stream plays, with picture and captions."""
        person = self.person
        person.select(LECTURE)
        person.click("Watch")
        person.until(lambda: self._desk.opened, "a page that is opened")
        person.picture("watch")
        with sync_playwright() as playwright:
            home = {"HOME": str(self._desk.folder / "home")}
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS, env=home)
            page = browser.new_page(viewport={"width": 1000, "height": 700}, bypass_csp=True)
            page.set_default_timeout(DEADLINE_S * 1000)
            page.goto(self._desk.opened[-1])
            assert [SAID] == captions_from(page, 0.0, SAID)[0]
            assert page.evaluate("document.querySelector('video').videoHeight") == 180
            page.screenshot(path=str(person.pictures / "99 player.png"))
            browser.close()

    def _log_in(self, token: str) -> None:
        self.person.fill("Backend URL", self._desk.server.url)
        self.person.fill("Auth Token", token)
        self.person.click("Test Connection")
        self.person.wait_for("The token is valid.")

    def _published_title(self, name: str) -> str:
        title: str = json.loads(self._desk.server.stored[f"{COURSE}{SLUGS[name]}/manifest.json"])["title"]
        return title


def _part(name: str) -> str:
    """Return a word of a video's name that its path has, and no other's."""
    return name.partition(".")[0].partition(" ")[0] if name != TAKEN else "dot"


def spend_the_day(at: Desk) -> None:
    """Do everything in its order."""
    make_videos(at.folder / "videos")
    with seeing(at.hands) as seen:
        day = EditorsDay(at, seen)
        day.a_colleague_takes_a_place()
        process = day.the_program_is_opened()
        day.the_form_is_filled_in()
        day.five_videos_are_dropped()
        day.one_gets_another_preset()
        day.all_are_started()
        day.one_is_added_while_they_run()
        day.one_is_cancelled()
        day.the_upload_is_paused_and_goes_on()
        day.a_new_token_is_typed()
        day.the_other_video_is_replaced()
        day.the_window_is_closed_in_the_middle(process)
        day.the_program_is_opened()
        day.the_rest_is_done()
        day.everything_is_published()
        day.the_lecture_is_watched()
