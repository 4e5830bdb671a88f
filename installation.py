"""The program itself on this computer: where its own files lie, and how it is started once more.

Imports nothing of ours, and knows nothing of what the files hold.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

ROOT = Path(__file__).resolve().parent
"""The folder of the program's own modules: of a checkout, site-packages, or what a frozen program brings along."""

OWN_FOLDER = "hls-converter"

WINDOW_SUFFIX = "-gui"
"""What the name of the executable ends with that opens the window, whatever its arguments."""

WHISPER_WORKER = "whisper-worker"
"""The internal command that serves Whisper's requests; the table in `cli/main.py` has it."""


@dataclass(frozen=True, kw_only=True)
class FilePlace:
    """Where a file of the program's own is read, whether it is there yet or not, and where it is written."""

    read: Path
    write: Path


def command(*arguments: str) -> list[str]:
    """Return the command line that starts this program once more: from a checkout, installed, or frozen."""
    if getattr(sys, "frozen", False):  # https://pyinstaller.org/en/stable/runtime-information.html
        program = Path(sys.executable)
        # on Windows the window's executable has no standard streams; its neighbour has
        return [str(program.with_stem(program.stem.removesuffix(WINDOW_SUFFIX))), *arguments]
    return [sys.executable, str(ROOT / "hls_converter.py"), *arguments]


def window_command() -> list[str]:
    """Return the command line that opens the window, to be followed by files; on Windows it opens no console."""
    python = Path(sys.executable)
    own = python.with_name(f"{OWN_FOLDER}{WINDOW_SUFFIX}{python.suffix}")
    if getattr(sys, "frozen", False):
        return [str(own if own.is_file() else python)]
    if own.is_file() and not _is_checkout():
        return [str(own)]
    without_console = python.with_name("pythonw.exe")
    return [str(without_console if without_console.is_file() else python), str(ROOT / "hls_converter.py")]


def _is_checkout() -> bool:
    """Whether the program's folder is a checkout: neither site-packages nor a frozen program has such a file."""
    return (ROOT / "pyproject.toml").is_file()


def settings_file(name: str) -> FilePlace:
    """Return where a file of settings is: beside the program or in the system's folder for settings."""
    return _place(name, config_folder())


def storage_folder(name: str) -> Path:
    """Return the folder in which the reference backend keeps files, by its path or by its name beside the program.

    One beside the program that can be written to is taken, even where the program's own folder can't be.
    """
    beside = ROOT / name
    if beside.is_dir() and os.access(beside, os.W_OK):
        return beside
    return _place(name, data_folder()).write


def config_folder() -> Path | None:
    """Return this program's folder where the system keeps settings; None where nobody has a home."""
    return _system_folder("user_config_path")


def data_folder() -> Path | None:
    """Return this program's folder where the system keeps the user's data; None where nobody has a home."""
    usual = _system_folder("user_data_path")
    if sys.platform == "darwin" and usual is not None:
        # earlier versions did not look at XDG_DATA_HOME on a Mac
        earlier = Path.home() / "Library" / "Application Support" / OWN_FOLDER
        return earlier if earlier.is_dir() else usual
    return usual


def cache_folder() -> Path | None:
    """Return this program's folder where the system keeps caches; None where nobody has a home."""
    return _system_folder("user_cache_path")


def home_folder() -> Path | None:
    """Return the user's home folder; None where nobody has a home."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def log_folder() -> Path | None:
    """Return this program's folder where the system keeps logs; None where nobody has a home."""
    return _system_folder("user_log_path", opinion=True)


def _system_folder(kind: str, *, opinion: bool = False) -> Path | None:
    # without `opinion` Windows' caches lie where earlier versions put them; with it, logs have a folder of their own
    folders = platformdirs.PlatformDirs(OWN_FOLDER, appauthor=False, opinion=opinion)
    try:
        found: Path = getattr(folders, kind)
    except RuntimeError:
        return None
    return found if found.is_absolute() else None  # older versions return "~/.cache" where nobody has a home


def _place(name: str, system_folder: Path | None) -> FilePlace:
    beside = ROOT / name
    if system_folder is None:
        return FilePlace(read=beside, write=beside)
    return choose_place(
        beside,
        system_folder / name,
        writable=os.access(ROOT, os.W_OK),
        is_checkout=_is_checkout(),
    )


def choose_place(beside: Path, in_system_folder: Path, *, writable: bool, is_checkout: bool) -> FilePlace:
    """Decide between the path beside the program and the one in the system's folder.

    What is there is read, and written where it was read. What is not there yet is written beside the program if that is
    a checkout, and else to the system's folder. Beside a program whose folder can't be written to, a file is read until
    the system's folder has one.

    Args:
        beside: the path beside the program.
        in_system_folder: the same below the system's folder for such files.
        writable: whether the program's folder can be written to.
        is_checkout: whether the program's folder is a checkout or an unpacked archive of one.
    """
    order = (beside, in_system_folder) if writable else (in_system_folder, beside)
    read = next((path for path in order if path.exists()), None)
    if read is not None and (writable or read == in_system_folder):
        return FilePlace(read=read, write=read)
    new = beside if writable and is_checkout else in_system_folder
    return FilePlace(read=read or new, write=new)
