"""The packages that are built of the program: started where there is no Python, and what Linux installs of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from displays import needs_window_manager, needs_xvfb, virtual_screen
from editors_day import desk, spend_the_day

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 900
NAME = "hls-converter"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is built of other systems is built there")


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder with everything that is built on Linux, made once; the .deb is not compressed, which takes minutes."""
    folder = tmp_path_factory.mktemp("packages")
    arguments = ["--output", folder / "dist", "--work", folder / "build", "--compression", "none"]
    subprocess.run([sys.executable, ROOT / "packaging/build.py", *arguments], check=True, timeout=DEADLINE_S)
    yield folder / "dist"
    shutil.rmtree(folder)  # gigabytes


@pytest.fixture
def environment(tmp_path):
    """An environment with nothing in it but a home: no Python, no ffmpeg, no library path."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": "/nonexistent", "HOME": str(home)}


@pytest.fixture
def run(built, environment, tmp_path):
    """A function that runs the built program to its end."""

    def run_built(*arguments, program=built / NAME / NAME):
        return subprocess.run(
            [program, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
        )

    return run_built


def test_doctor(run, tmp_path):
    """It finds the ffmpeg that it brings, and all that a job needs; the findings can be saved."""
    done = run("doctor", "--save", tmp_path / "help.zip")
    assert (0, "") == (done.returncode, done.stderr)
    assert "_internal/imageio_ffmpeg/binaries/" in done.stdout.replace("\n", "")
    assert (tmp_path / "help.zip").is_file()


def test_demo(run):
    """The whole job: encode, captions with the shipped model in Whisper's own process, upload to its own backend."""
    done = run("demo", "-o", "demo")
    assert (0, "") == (done.returncode, done.stderr)
    assert "Verified: all " in done.stdout
    assert "Heard:    welcome lesson one" in done.stdout


def test_backend(built, environment, tmp_path):
    """Its backend answers, also with several processes, each of which is the program once more."""
    command = [built / NAME / NAME, "backend", "--root", tmp_path / "store"]
    subprocess.run([*command, "--init"], env=environment, check=True)
    command += ["--port", "0", "--workers", "2"]
    environment["BACKEND_METRICS"] = "on"  # with a library that nothing else has loaded
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as backend:
        try:
            url = next(word for line in backend.stdout for word in line.split() if word.startswith("http://"))
            with urllib.request.urlopen(f"{url.rstrip('/')}/live") as answer:
                assert 200 == answer.status
        finally:
            backend.terminate()


@needs_xvfb
@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed")
def test_window(built, environment, run):
    """It opens, and a second start, under the name that menus use, hands over to the first and ends with 0."""
    with virtual_screen() as display:
        environment["DISPLAY"] = display
        outside = {"env": {**os.environ, "DISPLAY": display}, "timeout": DEADLINE_S, "stdout": subprocess.PIPE}
        with subprocess.Popen([built / NAME / NAME], env=environment, stderr=subprocess.PIPE, text=True) as window:
            try:
                search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "^HLS Converter$"]
                assert b"" != subprocess.run(search, check=True, **outside).stdout
                second = run(program=built / "HLS_Converter.AppDir/usr/bin/hls-converter-gui")
                assert (0, "", "") == (second.returncode, second.stdout, second.stderr)
            finally:
                window.terminate()
            assert "" == window.stderr.read()


@pytest.mark.browser
@needs_window_manager
def test_an_editors_day(built, tmp_path):
    """The same day as from the source, with no program on its path but the one that opens pages."""
    (own,) = (built / NAME / "_internal/imageio_ffmpeg/binaries").glob("ffmpeg-*")
    with desk(tmp_path, [str(built / NAME / NAME)], ffmpeg=str(own)) as prepared:
        spend_the_day(prepared)


def test_what_debian_installs(built):
    """The package has the whole folder and its two commands."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb here")
    (package,) = built.glob("*.deb")
    listed = subprocess.run(["dpkg-deb", "--contents", package], check=True, stdout=subprocess.PIPE, text=True).stdout
    german = ("ui/locale/de/LC_MESSAGES/hls_converter.mo", "_tk_data/msgs/de.msg")
    for path in ("hls-converter", *(f"_internal/{name}" for name in ("samples/welcome.mp4", *german))):
        assert f" ./usr/lib/hls-converter/{path}\n" in listed
    assert " ./usr/bin/hls-converter-gui -> ../lib/hls-converter/hls-converter\n" in listed
