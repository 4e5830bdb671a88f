"""The program as pip or pipx installs it: built as a wheel, put into an empty environment, started from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from config import VERSION

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 300
BIN = "Scripts" if sys.platform == "win32" else "bin"
NOT_SOURCE = shutil.ignore_patterns(".*", "tests", "build", "dist", "*.egg-info", "__pycache__", "storage-data")
STREAM = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"\ngone.m3u8\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this source, built with the setuptools of the test environment."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCE)  # a build leaves folders in its source
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-build-isolation", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", folder, folder / "source"], check=True, timeout=DEADLINE_S)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory):
    """The folder of the programs of an environment that holds the wheel, and otherwise only what the tests run on."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=sys.platform != "win32")
    python = folder / BIN / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]  # a pip of its own would take longer than all the rest
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "install", *options, wheel], check=True, timeout=DEADLINE_S)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "of_the_tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return python.parent


@pytest.fixture
def run(programs, tmp_path):
    """A function that runs the installed program in a folder far from its source."""

    def run_installed(*arguments):
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [programs / "hls-converter", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=DEADLINE_S
        )

    return run_installed


def test_version(wheel, run):
    """The installed program names the version that the wheel bears."""
    done = run("--version")
    assert (0, f"hls-converter {VERSION}\n", "") == (done.returncode, done.stdout, done.stderr)
    assert f"hls_converter-{VERSION}-py3-none-any.whl" == wheel.name


@pytest.mark.parametrize(
    ("file", "extra"), [("requirements.txt", ""), ("requirements-cluster.txt", "cluster")], ids=["program", "cluster"]
)
def test_requirements(programs, file, extra):
    """What requirements.txt lists is what the installed program asks for, and of an extra what its own file lists."""
    listed = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    code = "import importlib.metadata as m; print(*m.requires('hls-converter'), sep='\\n')"
    asked = subprocess.run(
        [programs / "python", "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    condition = f'extra == "{extra}"' if extra else ""
    wanted = [line.partition(";")[0].strip() for line in asked if line.partition(";")[2].strip() == condition]
    assert sorted(_parts(line) for line in listed) == sorted(_parts(line) for line in wanted)


def _parts(requirement):
    """Return a requirement's name and its limits, whatever their order."""
    name = requirement[: min(requirement.index(sign) for sign in "<>=~" if sign in requirement)]
    return name, sorted(requirement.removeprefix(name).split(","))


def test_data_files(wheel):
    """The wheel holds what the program reads by its path: the backend's page, sample, speech model and catalogues."""
    folders = [ROOT / "backend/player", ROOT / "samples", *(ROOT / "ui/locale").glob("*/LC_MESSAGES")]
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".po")
    files = {path.relative_to(ROOT).as_posix() for path in found}
    with zipfile.ZipFile(wheel) as archive:
        assert set() == {name for name in files if "__pycache__" not in name} - set(archive.namelist())


def test_window_program(programs):
    """There is a program for the window, too."""
    assert os.access(programs / "hls-converter-gui", os.X_OK)


def test_doctor(run):
    """The doctor finds ffmpeg and all that a job needs."""
    done = run("doctor")
    assert (0, True, "") == (done.returncode, "\nffmpeg      " in done.stdout, done.stderr)


def test_validate(run, tmp_path):
    """The check of a folder looks into it and names what is missing there."""
    (tmp_path / "stream").mkdir()
    (tmp_path / "stream/master.m3u8").write_text(STREAM, encoding="utf-8")
    done = run("validate", "stream")
    assert (1, True) == (done.returncode, "gone.m3u8: The file is missing." in done.stdout)


def test_its_files_lie_in_the_systems_folders(programs, run, tmp_path, monkeypatch):
    """Settings, what the window remembers and the backend's storage are in the user's folders, not the program's."""
    folders = {name: tmp_path / name for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    for name, folder in folders.items():
        monkeypatch.setenv(name, str(folder))
    before = _files(programs.parent)
    config, data = (folders[name] / "hls-converter" for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"))

    remember = (
        "import installation as i, ui.preferences as p; p.Preferences().save(i.settings_file(p.PREFERENCES_FILE).write)"
    )
    subprocess.run([programs / "python", "-c", remember], cwd=tmp_path, check=True)
    (config / ".env").write_text(
        "BACKEND_URL=https://x.example\nAUTH_TOKEN=a-token-that-only-tests-know\n", encoding="utf-8"
    )
    assert f"\nSettings    {config / '.env'}\n" in run("doctor").stdout

    with subprocess.Popen([programs / "hls-converter", "backend", "--port", "0"], cwd=tmp_path, stdout=-1) as backend:
        said = [backend.stdout.readline().decode() for _ in range(2)]
        backend.terminate()
    assert f"Storage:  {data / 'storage-data'}\n" == said[1]
    assert [config / ".env", config / "s3_config.json"] == sorted(config.iterdir())
    assert ([], True) == (sorted(_files(programs.parent) - before), (data / "storage-data").is_dir())


def _files(folder):
    """Return the files below a folder, without those that Python makes of the modules."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_demo(run):
    """Sample, speech model, Whisper's own process and the backend's page are all installed with the program."""
    done = run("demo", "-o", "demo")
    assert (0, "", True) == (done.returncode, done.stderr, "Verified: all " in done.stdout)
