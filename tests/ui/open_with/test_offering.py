"""Open with: offered and withdrawn by the programs of a real Linux desktop, and the values for Windows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.main import run_command
from config import Config
from pipeline.errors import OutputError, ToolError
from pipeline.files import VIDEO_SUFFIXES
from ui.open_with import linux, offering
from ui.open_with.linux import LinuxDesktop
from ui.open_with.offered import Offered
from ui.open_with.offering import Mac
from ui.open_with.registry import KIND, registry_values

DEADLINE_S = 60.0
PLAYER = "player.desktop"
ENTRY = "[Desktop Entry]\nType=Application\nName=P\nExec=true %f\nMimeType={types}\n"

needs_desktop = pytest.mark.skipif(
    not all(map(shutil.which, ("update-desktop-database", "xdg-mime", "gio"))),
    reason="desktop-file-utils, xdg-utils or gio is not installed",
)


@pytest.fixture
def desktop(tmp_path, monkeypatch):
    """A desktop of its own: folders for the user and for the system, in which a player opens MP4 files."""
    for name, folder in (("XDG_DATA_HOME", "home"), ("XDG_DATA_DIRS", "system"), ("XDG_CONFIG_HOME", "config")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.delenv("XDG_CURRENT_DESKTOP", raising=False)
    applications = tmp_path / "system" / "applications"
    applications.mkdir(parents=True)
    (applications / PLAYER).write_text(ENTRY.format(types="video/mp4;"))
    if shutil.which("update-desktop-database") is not None:
        subprocess.run(["update-desktop-database", applications], check=True)
    return LinuxDesktop()


def _said(*command) -> str:
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE_S)
    return done.stdout.strip()


@needs_desktop
def test_it_is_offered_and_withdrawn(desktop):
    """For each type among others; a double-click goes on opening the player, and in the end nothing is left."""
    before = _files(desktop)
    desktop.offer()
    offered = _said("gio", "mime", "video/mp4")
    assert Offered.YES is desktop.offered()
    assert ("hls-converter.desktop" in offered, PLAYER) == (True, _said("xdg-mime", "query", "default", "video/mp4"))
    assert f"“video/mp4”: {PLAYER}" in offered.splitlines()[0]
    assert "hls-converter.desktop" in _said("gio", "mime", "application/mxf")
    desktop.withdraw()
    assert Offered.NO is desktop.offered()
    assert "hls-converter.desktop" not in _said("gio", "mime", "video/mp4")
    assert before == _files(desktop) - {desktop.entry.with_name("mimeinfo.cache")}


def _files(desktop: LinuxDesktop) -> set[Path]:
    return {path for path in desktop.entry.parents[1].rglob("*") if path.is_file()}


@needs_desktop
def test_a_chosen_file_reaches_the_program(desktop, tmp_path, monkeypatch):
    """Whatever the folder is called that the program lies in, and the file."""
    folder = tmp_path / 'Ünsere 100% "Videos" $HOME'
    folder.mkdir()
    program, told, video = folder / "start", tmp_path / "told", folder / "a `b` 'c'.mp4"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {told}.part && mv {told}.part {told}\n')
    program.chmod(0o755)
    video.touch()
    monkeypatch.setattr(linux, "window_command", lambda: [str(program)])
    desktop.offer()
    subprocess.run(["gio", "launch", desktop.entry, video], check=True, timeout=DEADLINE_S)
    deadline = time.monotonic() + DEADLINE_S
    while not told.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert str(video) == told.read_text(encoding="utf-8")


@needs_desktop
def test_one_that_moved_is_offered_anew(desktop, monkeypatch):
    """An entry that starts the program where it was before counts for nothing, and can be withdrawn."""
    desktop.offer()
    monkeypatch.setattr(linux, "window_command", lambda: ["/moved/hls-converter-gui"])
    assert Offered.NO is desktop.offered()
    desktop.offer()
    assert "Exec=/moved/hls-converter-gui %F" in desktop.entry.read_text(encoding="utf-8")
    monkeypatch.undo()
    desktop.withdraw()
    assert not desktop.entry.exists()


def test_the_package_has_done_it(desktop, tmp_path):
    """Nothing is to be done then."""
    (tmp_path / "system/applications/hls-converter.desktop").touch()
    assert Offered.BY_PACKAGE is desktop.offered()


@pytest.mark.parametrize("do", [LinuxDesktop.offer, LinuxDesktop.withdraw], ids=["offer", "withdraw"])
def test_an_entry_of_somebody_else_is_left(desktop, do):
    """It is named, and neither replaced nor removed."""
    desktop.entry.parent.mkdir(parents=True)
    desktop.entry.write_text("[Desktop Entry]\n")
    with pytest.raises(OutputError, match="was not made by this program"):
        do(desktop)
    assert "[Desktop Entry]\n" == desktop.entry.read_text()


@needs_desktop
@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_can_not_be_written(desktop, tmp_path):
    """One sentence says so."""
    (tmp_path / "home").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="can't be written"):
        desktop.offer()


@needs_desktop
def test_a_file_in_the_folders_place(desktop, tmp_path):
    """One sentence says so."""
    (tmp_path / "home").touch()
    with pytest.raises(OutputError, match="can't be written"):
        desktop.offer()


def test_a_desktop_that_can_not_be_told(desktop, monkeypatch):
    """What is missing is named, and nothing is written."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match="desktop-file-utils"):
        desktop.offer()
    assert set() == _files(desktop)


@needs_desktop
def test_the_command(desktop, monkeypatch, capsys):
    """It says how it stands, offers and withdraws."""
    monkeypatch.setattr(offering.sys, "platform", "linux")
    said = []
    for action in ("show", "on", "show", "off", "off"):
        assert 0 == run_command(["open-with", action], Config())
        said.append(capsys.readouterr().out.split(" under ")[0].split(" for ")[0].strip())
    no, yes = "File managers do not offer this program", "File managers offer this program"
    assert [no, yes, yes, no, no] == said


@pytest.mark.skipif(sys.platform == "darwin", reason="of a Mac's own program")
def test_on_macos():
    """From source there is no application that Finder could offer."""
    with pytest.raises(ToolError, match=r"use HLS Converter\.app"):
        Mac().offer()


def test_on_windows():
    """Each ending of a video names the program among others, and the program's own key has the command."""
    values = {(value.key, value.name): value.data for value in registry_values(["C:\\a b\\hls-converter-gui.exe"])}
    assert '"C:\\a b\\hls-converter-gui.exe" "%1"' == values[f"{KIND}\\shell\\open\\command", ""]
    assert {f"{suffix}\\OpenWithProgids" for suffix in VIDEO_SUFFIXES} == {key for key, name in values if name == KIND}
    assert not any(key in VIDEO_SUFFIXES for key, _ in values)


@pytest.mark.skipif(sys.platform != "win32", reason="needs the registry of Windows")
def test_in_the_registry():
    """It is offered and withdrawn."""
    desktop = offering.this_desktop()
    desktop.offer()
    assert Offered.YES is desktop.offered()
    desktop.withdraw()
    assert Offered.YES is not desktop.offered()
