"""The one place that finds and starts external programs. Owns their life from start to wait; knows no codec."""

from __future__ import annotations

import contextlib
import math
import queue
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from config import child_environment
from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError, FfmpegError, ToolError
from pipeline.media.ffmpeg.ffmpeg_messages import meaning
from pipeline.priority import creation_flags, give_way
from pipeline.suspension import SuspendedProgram

if sys.platform == "win32":
    from pipeline.media.ffmpeg.job_object import end_with_us

POLL_S = 0.1
"""How often a running program's caller looks at the cancel flag and at the segments on disk, in seconds."""

QUIT_S = 0.5
"""How long ffmpeg may take to obey each of quit and terminate before the next stronger word, in seconds. What it makes
is thrown away, and two seconds after Cancel none may be left.
"""

ANSWER_S = 60
"""How long ffmpeg may take to say what it is, in seconds: also where a computer has much to do, or wakes a drive."""

LOG_LINES = 400

WATCH = 'read -r pid && ! read -r _ && kill -KILL "$pid"'
"""For a shell: ends the program whose number it is told when the pipe from us breaks, as it does however we end.

ffmpeg itself does not mind when its standard input ends. Linux could end it with the thread that started it (prctl's
PR_SET_PDEATHSIG), but only code between fork and exec can ask for that, which is not safe in a program with threads.
Every system but Windows has a shell, also beside a frozen program, which it takes 1 ms of CPU time to start; a second
start of this program would take 100, for each ffmpeg.
"""


@dataclass(frozen=True, kw_only=True)
class FfmpegRun:
    """How a run ended: the last output time in seconds, the frames of the first video output, the end of its log,
    the decode errors counted in it.
    """

    out_time_s: float
    frames: int
    log: tuple[str, ...]
    error_lines: int


def find_ffmpeg(configured: str) -> Path:
    """Return the ffmpeg to use: the configured one, else the wheel's, else the one on PATH. Raises ToolError."""
    if configured:
        found = shutil.which(configured)
        if found is None:
            raise ToolError(f"FFMPEG_PATH names {configured}, which is not a program: correct it in .env or remove it.")
        return Path(found)
    with contextlib.suppress(ImportError, RuntimeError):
        import imageio_ffmpeg

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    found = shutil.which("ffmpeg")
    if found is None:
        raise ToolError("ffmpeg was not found: install it, or name it with FFMPEG_PATH in .env.")
    return Path(found)


def _is_configured(ffmpeg: Path) -> bool:
    try:
        return ffmpeg != find_ffmpeg("")
    except ToolError:
        return True


def printable(argv: Sequence[str], cwd: Path | None = None) -> str:
    """Return a command as one line that can be pasted into a shell, begun with a change to the folder it ran in."""
    return (f"cd {shlex.quote(str(cwd))} && " if cwd else "") + shlex.join(argv)


def run_ffmpeg(
    ffmpeg: Path,
    arguments: Sequence[str],
    *,
    cwd: Path,
    cancel: CancelToken,
    on_progress: Callable[[float], None] = lambda _: None,
    limit_s: float = math.inf,
) -> FfmpegRun:
    """Run ffmpeg to its end.

    Args:
        ffmpeg: the program.
        arguments: what follows the common options.
        cwd: the folder in which relative output names lie.
        cancel: asked from before the start to the end; ffmpeg is then told to quit, terminated, killed, and waited for.
        on_progress: called ten times a second at most with the output time in seconds, and when ffmpeg has ended well.
        limit_s: after so many seconds ffmpeg is ended as if cancelled: a driver may hang for ever.

    Raises:
        FfmpegError: ffmpeg's exit status was not 0.
        EncodeError: the limit passed.
        ToolError: it can't be started.
        Cancelled: the job was cancelled.
    """
    cancel.check()
    log = _Log()
    times: queue.Queue[float] = queue.Queue()
    frames = _Frames()
    out_time_s = 0.0

    def look() -> None:
        nonlocal out_time_s
        out_time_s = max(out_time_s, _latest(times))
        on_progress(out_time_s)

    with _ending_with_us() as tie, _start(ffmpeg, arguments, cwd) as process:
        tie(process)
        assert process.stdout is not None
        assert process.stderr is not None
        told = (process.stdout, times, frames)
        readers = (
            threading.Thread(target=_read_times, args=told, name="ffmpeg-progress", daemon=True),
            threading.Thread(target=log.read, args=(process.stderr,), name="ffmpeg-log", daemon=True),
        )
        for reader in readers:
            reader.start()
        try:
            _wait(process, cancel, limit_s, look)
        finally:
            _end(process)
            for reader in readers:
                reader.join()
    if process.returncode == 0:
        look()  # it may have ended before the first time
    cancel.check()
    if process.returncode != 0:
        words = log.reason(process.returncode)
        raise FfmpegError(words, meaning=meaning(words, configured=_is_configured(ffmpeg)))
    return FfmpegRun(out_time_s=out_time_s, frames=frames.count, log=tuple(log.lines), error_lines=log.error_lines)


def _wait(process: subprocess.Popen[str], cancel: CancelToken, limit_s: float, look: Callable[[], None]) -> None:
    """Wait until ffmpeg has ended, looking at it meanwhile; it stands still as `cancel` has it. Raises EncodeError when
    the limit passes, Cancelled.
    """
    program, left_s = SuspendedProgram(process, cancel.suspension), limit_s
    try:
        while process.poll() is None:
            program.follow()
            since_s = time.monotonic()
            cancel.wait(POLL_S)
            look()
            left_s -= 0.0 if program.stands_still else time.monotonic() - since_s
            if left_s < 0 and process.poll() is None:
                raise EncodeError(f"no answer within {limit_s:g} seconds")
    finally:
        program.let_go()


def _start(ffmpeg: Path, arguments: Sequence[str], cwd: Path) -> subprocess.Popen[str]:
    # -nostdin is left out on purpose: "q" on standard input is how ffmpeg is asked to quit.
    argv = [
        str(ffmpeg),
        "-hide_banner",
        "-loglevel",
        "level+warning",
        "-y",
        "-nostats",
        "-stats_period",
        "0.2",
        "-progress",
        "pipe:1",
    ]
    argv += arguments
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C in a terminal reaches this program alone, which then cancels in order
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) | creation_flags(),
        )
    except OSError as error:
        raise ToolError(
            f"{ffmpeg} can't be started ({error.strerror}): check FFMPEG_PATH or install ffmpeg."
        ) from error
    give_way(process.pid)
    return process


@contextlib.contextmanager
def _ending_with_us() -> Iterator[Callable[[subprocess.Popen[str]], None]]:
    """Yield a function that ties a program to this one: if this one is killed in the block, the other ends."""
    if sys.platform == "win32":
        yield lambda process: end_with_us(process.pid)
        return
    silent = subprocess.DEVNULL
    # a session of its own: Ctrl-C and the closing of a terminal are for us to hear
    watchdog = subprocess.Popen(
        ["/bin/sh", "-c", WATCH],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=silent,
        stderr=silent,
        start_new_session=True,
    )

    def tie(process: subprocess.Popen[str]) -> None:
        assert watchdog.stdin is not None
        watchdog.stdin.write(b"%d\n" % process.pid)
        watchdog.stdin.flush()

    with watchdog:
        try:
            yield tie
        finally:
            watchdog.kill()  # before its pipe is closed: by then the number may be another program's


def ffmpeg_version(ffmpeg: Path) -> str:
    """Return the first line that `ffmpeg -version` prints. Raises ToolError.

    A program is asked once, as long as the file stays as it is: each chunk of an encode wants to know it.
    """
    try:
        status = ffmpeg.stat()
    except OSError as error:
        raise _does_not_run(ffmpeg) from error
    return _version_of(ffmpeg, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _version_of(ffmpeg: Path, mtime_ns: int, size_bytes: int) -> str:
    """Return the version of a program, known again by its file's time and size."""
    return _asked(ffmpeg, "-version").partition("\n")[0]


def ffmpeg_encoders(ffmpeg: Path) -> set[str]:
    """Return the names of the encoders that this ffmpeg was built with. Raises ToolError."""
    rows = (line.split() for line in _asked(ffmpeg, "-encoders").splitlines())
    return {row[1] for row in rows if len(row) > 2}


def _asked(ffmpeg: Path, question: str) -> str:
    try:
        asked = [str(ffmpeg), "-hide_banner", question]
        return subprocess.run(
            asked, env=child_environment(), capture_output=True, text=True, timeout=ANSWER_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise _does_not_run(ffmpeg) from error


def _does_not_run(ffmpeg: Path) -> ToolError:
    return ToolError(f"{ffmpeg} does not run: check FFMPEG_PATH or install ffmpeg.")


class _Log:
    """The last lines of ffmpeg's standard error, and how many of all were errors."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=LOG_LINES)
        self.error_lines = 0

    def read(self, stream: IO[str]) -> None:
        for line in stream:
            self.error_lines += "[error]" in line or "[fatal]" in line
            self.lines.append(line.rstrip())

    def reason(self, status: int) -> str:
        """Return the first line that says error, which is the cause; what follows it are consequences."""
        marked = [line for line in self.lines if "[error]" in line or "[fatal]" in line]
        return (marked or list(self.lines) or [f"exit status {status}"])[0].split("] ")[-1]


class _Frames:
    """How many frames of the first video output were made so far."""

    count = 0


def _read_times(stream: IO[str], times: queue.Queue[float], frames: _Frames) -> None:
    for line in stream:
        key, _, value = line.strip().partition("=")
        if key == "frame" and value.isdigit():
            frames.count = int(value)
        if key == "out_time_us" and value.lstrip("-").isdigit():
            times.put(int(value) / 1e6)


def _latest(times: queue.Queue[float]) -> float:
    last = 0.0
    with contextlib.suppress(queue.Empty):
        while True:
            last = max(last, times.get_nowait())
    return last


def _end(process: subprocess.Popen[str]) -> None:
    """Leave no child behind: ask to quit, terminate, kill, and wait."""
    if process.poll() is not None:
        return
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it may be ending by itself
        process.stdin.write("q")
        process.stdin.close()  # a flush that fails would be tried again, and fail again, when the process is left
    for harder in (process.terminate, process.kill):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(QUIT_S)
            return
        harder()
    process.wait()
