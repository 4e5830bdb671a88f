"""The program's own Python environment in .venv: made, completed, mended and kept up to date. Standard library only.

It may be killed at any moment. `MARKER` lies in the environment while it is being changed, so the next start knows that
it can't be trusted and makes it anew; a stamp, written last of all and atomically, says that it is right.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from system_packages import LINES_SHOWN, SetUpError, from_system, install, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLD_VENV = ROOT / ".venv.old"
LOCK = ROOT / ".venv.lock"
MARKER = VENV / "set-up-unfinished"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

RUN = (VENV / "hls-converter.ready", (ROOT / "requirements.txt",))
TESTS = (
    VENV / "run-tests.ready",
    (ROOT / "requirements.txt", ROOT / "requirements-cluster.txt", ROOT / "requirements-dev.txt"),
)
Purpose = tuple[Path, tuple[Path, ...]]

LOCK_POLL_S = 0.2
PIP_INSTALLS = "Installing collected packages:"
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Make sure that the environment is right; return the exit status.

    `--tests` asks for what the tests need as well; `--ready` only answers whether anything is to do (status 1).
    """
    purposes = [RUN, TESTS] if "--tests" in arguments else [RUN]
    if "--ready" in arguments:
        return 0 if all(is_ready(purpose) for purpose in purposes) else 1
    try:
        with locked() as lock:
            set_up(purposes, lock)
    except SetUpError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(
            f"HLS Converter can't set itself up in {ROOT} ({error.strerror or error}):"
            " close other HLS Converter windows, make room on the disk,"
            " or put the folder where you may write, and start again."
        )
        return 1
    except KeyboardInterrupt:
        say("The set-up was stopped; the next start will do it anew.")
        return INTERRUPTED
    return 0


def set_up(purposes: Sequence[Purpose], lock: IO[str]) -> None:
    """Bring the environment to what all of `purposes` require. Raises SetUpError, OSError."""
    remove(OLD_VENV)
    if all(is_ready(purpose) for purpose in purposes):
        return  # done by another start while this one waited
    if reason := why_rebuild():
        say(reason)
        rebuild(lock)
    else:
        say("Bringing the environment of HLS Converter up to date...")
    MARKER.touch()
    for stamp, _ in (RUN, TESTS):
        stamp.unlink(missing_ok=True)
    pip_install(purposes[-1][1][-1], lock)
    MARKER.unlink()
    for stamp, requirements in purposes:
        write_stamp(stamp, stamp_for(requirements))
    say("HLS Converter is set up.")


def stamp_for(requirements: Sequence[Path]) -> bytes:
    """Return what the stamp of a finished environment holds: packaging/launch.sh compares with the same bytes."""
    return os.fsencode(ROOT) + b"\n" + b"".join(path.read_bytes() for path in requirements)


def is_ready(purpose: Purpose) -> bool:
    """Whether the environment is whole, made for this folder, and made from these requirements."""
    stamp, requirements = purpose
    return PYTHON.exists() and stamp.is_file() and stamp.read_bytes() == stamp_for(requirements)


def write_stamp(stamp: Path, content: bytes) -> None:
    """Write a stamp whole or not at all. Raises OSError."""
    temporary = stamp.with_suffix(".new")
    temporary.write_bytes(content)
    temporary.replace(stamp)


def why_rebuild() -> str | None:
    """Return the sentence that says why the environment has to be made anew, or None when it can be completed."""
    if not VENV.exists():
        return "Setting up HLS Converter (once, about a minute)..."
    if MARKER.exists():
        return "The last set-up was interrupted: setting up HLS Converter anew (about a minute)..."
    made_for = {stamp.read_bytes().split(b"\n", 1)[0] for stamp, _ in (RUN, TESTS) if stamp.is_file()}
    if made_for - {os.fsencode(ROOT)}:
        return "The folder has moved: setting up HLS Converter anew (about a minute)..."
    if not works():
        return "The environment no longer works: setting up HLS Converter anew (about a minute)..."
    return None


def works() -> bool:
    """Whether the environment's Python starts, is new enough, belongs to it and has pip."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 10) or sys.prefix == sys.base_prefix)"
    try:
        return (
            subprocess.run([PYTHON, "-I", "-c", check], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
        )
    except OSError:
        return False


def rebuild(lock: IO[str]) -> None:
    """Make an empty environment in the place of whatever is there. Raises SetUpError, OSError."""
    if VENV.exists() or VENV.is_symlink():
        # renamed first: the marker must not be the first of its files to go
        VENV.rename(OLD_VENV)
        remove(OLD_VENV)
    VENV.mkdir()
    MARKER.touch()
    try:
        import ensurepip  # noqa: F401  # Debian keeps it, and with it a working venv, in a package of its own
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        install(
            [f"python{version}-venv" if from_system() else "python3-venv"],
            purpose="This Python can't make an environment without",
        )
    status, lines = run_quietly([base_python(), "-I", "-m", "venv", VENV], lock)
    if status:
        fail(
            lines, "Python could not make its environment: see the lines above, make room on the disk, and start again."
        )


def base_python() -> Path:
    """Return the Python behind this one by its most lasting name: `python3.11`; `python3` may change."""
    if sys.platform == "win32":
        return Path(getattr(sys, "_base_executable", sys.executable))
    versioned = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    return versioned if versioned.exists() else Path(sys.executable)


def pip_install(requirements: Path, lock: IO[str]) -> None:
    """Install a file of requirements into the environment. Raises SetUpError, OSError."""
    command: list[str | Path] = [
        PYTHON,
        "-I",
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
    ]
    # building a package such as PyAV from its source needs compilers: an older wheel serves an editor better
    command += ["--prefer-binary", "-r", requirements]
    status, lines = run_quietly(command, lock)
    if status:
        # pip downloads everything before it changes anything: failed earlier, it left the environment as it was
        if status > 0 and not any(line.startswith(PIP_INSTALLS) for line in lines):
            MARKER.unlink()
        fail(
            lines,
            "The packages that HLS Converter needs could not be installed:"
            " check the Internet connection and the room on the disk, and start again.",
        )


def run_quietly(command: Sequence[str | Path], lock: IO[str]) -> tuple[int, list[str]]:
    """Run a step of the set-up, showing what it downloads and installs; return its exit status and all of its lines.

    The child holds the lock too: if only this process is killed, the next start waits until nobody works on the
    environment any more. Raises OSError.
    """
    lines: list[str] = []
    with subprocess.Popen(
        command,
        env={**os.environ, "PIP_USER": "0"},  # a person's pip may be set to install elsewhere
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=() if sys.platform == "win32" else (lock.fileno(),),
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                if step := visible_step(line):
                    say(step)
        except KeyboardInterrupt:
            process.terminate()
            raise
    return process.returncode, lines


def fail(lines: Sequence[str], sentence: str) -> NoReturn:
    """Show the last lines of a step that failed. Raises SetUpError with the sentence."""
    say("\n".join(lines[-LINES_SHOWN:]))
    raise SetUpError(sentence)


def visible_step(line: str) -> str | None:
    """Return what to show for one line of pip's, or None for its noise."""
    if match := re.match(r"\s*Downloading (?:\S*/)?([^-/\s]+)-([^-\s]+)-\S+\.whl \((.+)\)", line):
        return f"  Downloading {match[1]} {match[2]} ({match[3]})"
    if line.startswith(PIP_INSTALLS):
        count = line.count(",") + 1
        return f"  Installing {count} package{'s' if count > 1 else ''}..."
    return None


def remove(path: Path) -> None:
    """Remove a folder, a file or a link, if it is there. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked() -> Iterator[IO[str]]:
    """Let one set-up at a time work on this folder; the system frees the lock of a process that dies.

    Raises OSError.
    """
    with LOCK.open("a", encoding="utf-8") as lock:
        if not try_lock(lock):
            say("HLS Converter is just being set up by another start: waiting for it...")
            while not try_lock(lock):
                time.sleep(LOCK_POLL_S)
        yield lock


if sys.platform == "win32":
    import msvcrt

    def try_lock(lock: IO[str]) -> bool:
        """Take the lock unless somebody has it."""
        try:
            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def try_lock(lock: IO[str]) -> bool:
        """Take the lock unless somebody has it."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
