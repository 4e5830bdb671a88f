"""Where the program's own files lie, and how it is started once more."""

from __future__ import annotations

import os
import sys

import pytest

import installation
from installation import FilePlace, choose_place

KINDS = {"XDG_CONFIG_HOME": installation.config_folder, "XDG_DATA_HOME": installation.data_folder}
KINDS |= {"XDG_CACHE_HOME": installation.cache_folder}
USUAL = {"XDG_CONFIG_HOME": ".config", "XDG_DATA_HOME": ".local/share", "XDG_CACHE_HOME": ".cache"}

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="platformdirs has its own tests of other systems")


@pytest.mark.parametrize(
    ("there", "writable", "is_checkout", "read", "written"),
    [
        pytest.param((), True, True, "beside", "beside", id="new in a checkout"),
        pytest.param((), True, False, "system", "system", id="new beside an installed program"),
        pytest.param((), False, True, "system", "system", id="new in a checkout of somebody else's"),
        pytest.param(("beside",), True, True, "beside", "beside", id="in a checkout"),
        pytest.param(("beside",), True, False, "beside", "beside", id="beside an installed program"),
        pytest.param(("beside",), False, True, "beside", "system", id="in a checkout of somebody else's"),
        pytest.param(("system",), True, True, "system", "system", id="in the system's folder alone"),
        pytest.param(("system",), False, False, "system", "system", id="in the system's folder"),
        pytest.param(("beside", "system"), True, True, "beside", "beside", id="in both"),
        pytest.param(("beside", "system"), False, True, "system", "system", id="changed since, in the system's folder"),
    ],
)
def test_where_a_file_is_read_and_written(tmp_path, there, writable, is_checkout, read, written):
    """What is there is written where it was read if that can be, else to where the next start reads it."""
    paths = {name: tmp_path / name / ".env" for name in ("beside", "system")}
    for name in there:
        paths[name].parent.mkdir()
        paths[name].write_text("")
    place = choose_place(paths["beside"], paths["system"], writable=writable, is_checkout=is_checkout)
    assert FilePlace(read=paths[read], write=paths[written]) == place


def test_a_checkout_keeps_its_files_beside_the_program():
    """The checkout that these tests run in has its settings and its storage beside it."""
    beside = installation.ROOT / "nothing.json"
    assert FilePlace(read=beside, write=beside) == installation.settings_file("nothing.json")
    assert installation.ROOT / "videos" == installation.storage_folder("videos")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_can_not_be_written(tmp_path, monkeypatch):
    """A checkout that belongs to somebody else keeps nothing of ours."""
    (tmp_path / "pyproject.toml").touch()
    tmp_path.chmod(0o500)
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    assert installation.config_folder() / "nothing.json" == installation.settings_file("nothing.json").write


def test_an_absolute_storage_folder_is_taken_as_it_is(tmp_path):
    """Whether it is there yet or not."""
    assert tmp_path / "videos" == installation.storage_folder(str(tmp_path / "videos"))


@on_linux
@pytest.mark.parametrize("variable", KINDS)
def test_the_systems_folders(variable, tmp_path, monkeypatch):
    """The environment's folder where it names one, else the usual one in the home folder, never a relative one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert tmp_path / "elsewhere" / "hls-converter" == KINDS[variable]()
    monkeypatch.delenv(variable)
    assert tmp_path / USUAL[variable] / "hls-converter" == KINDS[variable]()
    monkeypatch.setenv(variable, "relative")
    assert KINDS[variable]() in (None, tmp_path / USUAL[variable] / "hls-converter")


@on_linux
def test_the_log_folder(tmp_path, monkeypatch):
    """It is a folder of its own below the one for the program's state."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert tmp_path / "hls-converter" / "log" == installation.log_folder()


@on_linux
def test_without_a_home(monkeypatch):
    """In a container whose user is not in its password file nothing is cached, and settings lie beside the program."""
    for name in ("HOME", *KINDS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert [None, None, None] == [folder() for folder in KINDS.values()]
    beside = installation.ROOT / "nothing.json"
    assert FilePlace(read=beside, write=beside) == installation.settings_file("nothing.json")


def test_a_storage_folder_beside_the_program_stays_in_use(tmp_path, monkeypatch):
    """What the backend has stored beside a program whose own folder can't be written to is served as before."""
    (tmp_path / "storage-data").mkdir()
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path and access(path, mode))
    assert tmp_path / "storage-data" == installation.storage_folder("storage-data")


def test_data_of_an_earlier_version_on_a_mac(tmp_path, monkeypatch):
    """The folder that earlier versions used stays in use, whatever XDG_DATA_HOME says."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    assert tmp_path / "elsewhere" / "hls-converter" == installation.data_folder()
    earlier = tmp_path / "Library" / "Application Support" / "hls-converter"
    earlier.mkdir(parents=True)
    assert earlier == installation.data_folder()


def test_a_frozen_program_starts_the_one_with_standard_streams(monkeypatch):
    """On Windows that is the neighbour of the window's executable."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for name in ("hls-converter-gui.exe", "hls-converter.exe"):
        monkeypatch.setattr(sys, "executable", f"/opt/hls/{name}")
        assert ["/opt/hls/hls-converter.exe", "whisper-worker"] == installation.command("whisper-worker")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("checkout", ["python.exe", "hls_converter.py"]),
        ("checkout on Windows", ["pythonw.exe", "hls_converter.py"]),
        ("installed", ["hls-converter-gui.exe"]),
        ("frozen", ["hls-converter-gui.exe"]),
    ],
)
def test_how_the_window_is_opened(tmp_path, monkeypatch, kind, expected):
    """By the program of its own where there is one, which needs no console."""
    present = ["python.exe", "hls-converter-gui.exe", *(["pythonw.exe"] if kind == "checkout on Windows" else [])]
    for name in present:
        (tmp_path / name).touch()
    if kind.startswith("checkout"):
        (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    own = "hls-converter.exe" if kind == "frozen" else "python.exe"
    monkeypatch.setattr(sys, "executable", str(tmp_path / own))
    monkeypatch.setattr(sys, "frozen", kind == "frozen", raising=False)
    assert [str(tmp_path / name) for name in expected] == installation.window_command()
