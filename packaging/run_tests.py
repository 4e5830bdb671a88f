"""What ./run-tests does inside the environment: system packages, then each check in turn. Owns the list of both."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import speech_data
from system_packages import SetUpError, from_system, has_apt, install, is_root, say

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
INTERRUPTED = 130


def program(name: str) -> Callable[[], bool]:
    """Return a check that finds a program on PATH."""
    return lambda: shutil.which(name) is not None


def library(name: str) -> Callable[[], bool]:
    """Return a check that loads a shared library."""

    def loads() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return loads


def tk_works() -> bool:
    """Whether this Python can open windows, screen or not."""
    try:
        import tkinter  # noqa: F401  # only here may it be missing
    except ImportError:
        return False
    return True


SYSTEM_PACKAGES: dict[str, Callable[[], bool]] = {
    "xvfb": program("Xvfb"),
    "chromium": program("chromium"),
    "xdotool": program("xdotool"),
    "openbox": program("openbox"),  # a window manager: without one, no window has a button or a key that closes it
    "imagemagick": program("import"),
    "desktop-file-utils": program("desktop-file-validate"),
    "xdg-utils": program("xdg-mime"),
    "fonts-dejavu-core": Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").exists,
    "python3-tk": tk_works,
    "libportaudio2": library("libportaudio.so.2"),  # sounddevice's packages bring it along for Windows and macOS only
    "libatomic1": library("libatomic.so.1"),  # Playwright's own Node.js needs it
}

S3_SERVER_PACKAGES = {"radosgw": program("radosgw"), "ceph-mon": program("ceph-mon"), "ceph-osd": program("ceph-osd")}
"""A real S3 server: without it, which only Debian has ready, the tests that need one are left out."""

PROXY_PACKAGES = {"nginx-light": Path("/usr/sbin/nginx").exists}
"""nginx in front of the reference backend: the same."""

DATABASE_PACKAGES = {"postgresql": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))}
"""A real PostgreSQL, for the tests of several machines: the same."""

TEST_PROCESSES = min((os.cpu_count() or 1) + 1, 4)
"""One more than cores: tests wait for servers, windows and browsers much of the time."""

CHECKS: dict[str, Sequence[str]] = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
    # in the order of tests/conftest.py; by itself xdist begins with the files of the most tests, and what takes longest
    # stays for the end, where one process works and the others wait
    "pytest": ("pytest", "-n", str(TEST_PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder"),
}

MOST_AGAIN = 3
"""How many failed tests of a run of all are run once more, alone: of thousands that share a machine, one may fail by
chance. Its name is the last thing said, since it needs mending all the same; more than these are a failure at once.
"""
LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
"""Where pytest keeps the names of the tests that failed."""
TESTS_FAILED = 1
"""pytest's exit status when tests failed; others mean that they could not be run."""

QUICK = "--quick"
QUICK_TESTS = ("-m", "not browser and not s3 and not cluster and not speech and not slow")
"""The markers are set in tests/conftest.py and explained in pyproject.toml."""


def missing_packages() -> list[str]:
    """Return the Debian packages that the tests need and that are not there.

    Raises SetUpError where no package would help.
    """
    missing = [name for name, is_there in SYSTEM_PACKAGES.items() if not is_there()]
    if "python3-tk" in missing and has_apt() and not from_system():
        raise SetUpError(
            f"The tests need a Python with Tk, and {sys.base_prefix} has none:"
            " remove .venv and start again with the name of another in HLS_CONVERTER_PYTHON,"
            " such as HLS_CONVERTER_PYTHON=/usr/bin/python3."
        )
    return missing


def install_servers() -> None:
    """Install the servers that some tests need, where that is possible; say so where it fails."""
    for packages, purpose in (
        (S3_SERVER_PACKAGES, "The tests on a real S3 server need"),
        (DATABASE_PACKAGES, "The tests with several machines need"),
        (PROXY_PACKAGES, "The tests of the backend behind nginx need"),
    ):
        missing = [name for name, is_there in packages.items() if not is_there()]
        if missing and has_apt() and is_root():
            try:
                install(missing, purpose=purpose)
            except SetUpError as error:
                say(f"{error} These tests are left out.")


def has_screen() -> bool:
    """Whether tests can open windows: Python has Tk, and there is a display, or Xvfb, which is one of its own."""
    display = sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return tk_works() and (display or shutil.which("Xvfb") is not None)


def quick_selection() -> tuple[str, ...]:
    """Return pytest's options for the quick tests, and say what they leave out."""
    left_out = ["in Chromium", "on a real S3 server", "with PostgreSQL", "with a real Whisper model", "that take long"]
    options: tuple[str, ...] = QUICK_TESTS
    if not has_screen():
        left_out.append("of the window (no Tk or no screen here)")
        options += ("--ignore", "tests/ui")
    say(f"Left out: tests {', '.join(left_out[:-1])} and {left_out[-1]}. ./run-tests without {QUICK} runs them all.")
    return options


def run_check(name: str, command: Sequence[str]) -> int:
    """Run one check under its name, its output going where ours goes; return its exit status.

    Python keeps what it compiled, even where it is told not to, as pytest, mypy and ruff keep theirs: compiling takes
    longer than many a test, and the tests start Python often.
    """
    environment = {variable: value for variable, value in os.environ.items() if variable != "PYTHONDONTWRITEBYTECODE"}
    sys.stdout.write(f"\n=== {name}\n")
    sys.stdout.flush()
    return subprocess.run([PYTHON, "-m", *command], cwd=ROOT, env=environment).returncode


def run_all_tests(command: Sequence[str]) -> int:
    """Run pytest on all tests, and the few that fail once more by themselves; return the exit status.

    A test that passes only alone is named, with its first failure above.
    """
    names = ROOT / LAST_FAILED
    names.unlink(missing_ok=True)
    status = run_check("pytest", command)
    failed = list(json.loads(names.read_text("utf-8"))) if status == TESTS_FAILED and names.exists() else []
    if not 0 < len(failed) <= MOST_AGAIN:
        return status
    status = run_check("pytest, what failed alone", ("pytest", "--last-failed", "--last-failed-no-failures", "none"))
    if status == 0:
        say("Failed beside the other tests and passed alone, so they depend on chance: " + ", ".join(failed))
    return status


def main(arguments: Sequence[str]) -> int:
    """Set up the system's part, then run every check, or pytest alone where there are arguments for it.

    `--quick` installs nothing and leaves out what takes long or needs more than the environment.
    """
    wanted = [argument for argument in arguments if argument != QUICK]
    checks = dict(CHECKS)
    try:
        if QUICK in arguments:
            selection = quick_selection()
            checks["pytest"] = (*CHECKS["pytest"], *selection)
            wanted = [*selection, *wanted] if wanted else []
        else:
            if missing := missing_packages():
                install(missing, purpose="The tests need")
            install_servers()
            speech_data.fetch()
        if wanted:
            return run_check("pytest", ("pytest", *wanted))
        tests = checks.pop("pytest")
        failed = [name for name, command in checks.items() if run_check(name, command)]
        failed += ["pytest"] if run_all_tests(tests) else []
    except SetUpError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    sys.stdout.write(f"\n=== {'failed: ' + ', '.join(failed) if failed else 'all passed'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
