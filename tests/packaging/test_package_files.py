"""What Linux installs, of a program that is a script; the icons and the checksums of a release."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from pipeline.files import VIDEO_SUFFIXES
from ui.open_with.desktop_entry import WINDOW_CLASS

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
VERSION = "1.2.3"
BLUE = (13, 110, 253, 255)


@pytest.fixture(scope="module")
def packaging():
    """Return a function that imports a module of the packaging folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PACKAGING))
        yield importlib.import_module


@pytest.fixture
def program(tmp_path):
    """What stands in for the program's folder: says under which name it was started, and with what."""
    folder = tmp_path / "built"
    (folder / "_internal").mkdir(parents=True)
    (folder / "_internal/data").write_text("data")
    start = folder / "hls-converter"
    start.write_text('#!/bin/sh\necho "$(basename "$0")" "$@"\n')
    start.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def icons(packaging, tmp_path_factory):
    """The icon files."""
    folder = tmp_path_factory.mktemp("icons")
    packaging("icon_files").write_icons(folder)
    return folder


def test_icons(packaging, icons):
    """Each desktop gets its sizes; the corners are transparent, the sign is white, the square is the window's blue."""
    with Image.open(icons / "hls-converter.ico") as ico, Image.open(icons / "hls-converter.icns") as icns:
        assert {(size, size) for size in (16, 24, 32, 48, 64, 128, 256)} == set(ico.info["sizes"])
        assert (1024, 1024) == icns.size
    for size in packaging("icon_files").PNG_SIZES:
        with Image.open(icons / f"hls-converter-{size}.png") as icon:
            assert (size, size) == icon.size
            assert min(icon.getpixel((size // 2, size // 2))) > 240
            assert max(abs(a - b) for a, b in zip(icon.getpixel((size // 8, size // 2)), BLUE, strict=True)) < 10
            assert icon.getpixel((0, 0))[3] < 60


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")
def test_deb(packaging, program, icons, tmp_path):
    """It belongs to root, has the fields that apt asks for, and unpacked its commands start the program."""
    made = packaging("linux_packages").make_deb(program, icons, tmp_path, version=VERSION, compression="none")
    fields = {name: said("dpkg-deb", "--field", made, name) for name in ("Package", "Version", "Section", "Priority")}
    assert {"Package": "hls-converter", "Version": VERSION, "Section": "video", "Priority": "optional"} == fields
    assert {"root/root"} == {line.split()[1] for line in said("dpkg-deb", "--contents", made).splitlines()}
    said("dpkg-deb", "--extract", made, tmp_path / "root")
    usr = tmp_path / "root/usr"
    assert "hls-converter-gui a b.mp4" == said(usr / "bin/hls-converter-gui", "a b.mp4")
    assert "data" == (usr / "lib/hls-converter/_internal/data").read_text()
    assert (usr / "share/icons/hicolor/256x256/apps/hls-converter.png").is_file()
    assert {"LICENSE", "NOTICE"} == {path.name for path in (usr / "share/doc/hls-converter").iterdir()}


def test_app_folder(packaging, program, icons, tmp_path):
    """It starts from anywhere, also by a link to it, and has what `appimagetool` looks for."""
    folder = packaging("linux_packages").make_app_folder(program, icons, tmp_path, version=VERSION)
    moved = folder.rename(tmp_path / "moved here")
    (tmp_path / "link").symlink_to(moved / "AppRun")
    assert "hls-converter a b.mp4" == said(tmp_path / "link", "a b.mp4")
    assert ["hls-converter.desktop"] == [path.name for path in moved.glob("*.desktop")]
    assert (moved / "hls-converter.png").samefile(moved / ".DirIcon")


def test_menu_entry(packaging, program, icons, tmp_path):
    """It opens the window with the files that are chosen, and names a type for each kind of video."""
    folder = packaging("linux_packages").make_app_folder(program, icons, tmp_path, version=VERSION)
    text = (folder / "hls-converter.desktop").read_text(encoding="utf-8")
    assert (folder / "usr/share/applications/hls-converter.desktop").read_text(encoding="utf-8") == text
    lines = text.splitlines()
    entry = dict(line.split("=", 1) for line in lines[1:])
    assert ("[Desktop Entry]", "hls-converter-gui %F", "hls-converter") == (lines[0], entry["Exec"], entry["Icon"])
    assert WINDOW_CLASS == entry["StartupWMClass"]
    types = set(filter(None, entry["MimeType"].split(";")))
    assert {"video/mp4", "video/quicktime", "video/x-matroska", "application/mxf"} < types


def test_windows_offers_the_program_for_every_video():
    """The installer names each ending that the program knows."""
    text = (PACKAGING / "windows/hls-converter.iss").read_text(encoding="utf-8")
    assert [f'#emit Suffix("{suffix}")' for suffix in VIDEO_SUFFIXES] == [
        line for line in text.splitlines() if line.startswith("#emit")
    ]


@pytest.mark.skipif(shutil.which("appstreamcli") is None, reason="appstreamcli is not installed")
def test_metadata(packaging, program, icons, tmp_path):
    """What a software centre reads is valid, but for what needs an address on the web."""
    folder = packaging("linux_packages").make_app_folder(program, icons, tmp_path, version=VERSION)
    file = folder / "usr/share/metainfo/hls-converter.metainfo.xml"
    command = ["appstreamcli", "validate", "--no-net", "--format", "yaml", file]
    checked = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    assert "severity: error" not in checked
    assert VERSION == ElementTree.parse(file).find("releases/release").get("version")


@pytest.mark.parametrize(
    ("found", "passed_on"),
    [
        ({"LD_LIBRARY_PATH": "/own"}, {}),
        ({"LD_LIBRARY_PATH": "/own:/theirs", "LD_LIBRARY_PATH_ORIG": "/theirs"}, {"LD_LIBRARY_PATH": "/theirs"}),
        ({}, {}),
    ],
    ids=["none before", "one before", "not set"],
)
def test_other_programs_do_not_get_the_packages_libraries(found, passed_on):
    """They get the path that the environment had before; standard streams that are missing are there."""
    code = (
        f"import os, runpy, sys; sys.stderr = None; runpy.run_path({str(PACKAGING / 'first_of_all.py')!r}); "
        "sys.stderr.write('x'); print({name: os.environ[name] for name in os.environ if 'LIBRARY_PATH' in name})"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=found, check=True, stdout=subprocess.PIPE, text=True)
    assert f"{passed_on}\n" == done.stdout


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_checksums(packaging, tmp_path):
    """They are those that `sha256sum --check` reads, and are written again over themselves."""
    checksums = packaging("checksums")
    for name, data in (("b.deb", b"b" * 3_000_000), ("a b.zip", b"a")):
        (tmp_path / name).write_bytes(data)
    for _ in range(2):
        checksums.write_checksums(tmp_path)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True
    )
    assert "a b.zip: OK\nb.deb: OK\n" == done.stdout


def said(*command):
    """Return what a program prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
