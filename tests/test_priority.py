"""The programs that are started give way to others where that is wanted, and only there."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from child_processes import left_behind
from watched_whisper import WatchedWhisper

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.media.ffmpeg.process import find_ffmpeg, run_ffmpeg
from pipeline.priority import NICE, creation_flags, work_in_background
from pipeline.speech.model import find_model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(autouse=True)
def _full_share() -> Iterator[None]:
    """The other tests' programs keep their full share."""
    yield
    work_in_background(False)


def _nice_of_threads(pid: int) -> set[int]:
    """Return the nice values of a program's threads: the 19th field (proc(5)), the name before may have spaces."""
    tasks = Path(f"/proc/{pid}/task").glob("*/stat")
    return {int(task.read_text().rpartition(") ")[2].split()[16]) for task in tasks}


def _children(name: str) -> list[psutil.Process]:
    return [child for child in left_behind() if name in " ".join(child.cmdline())]


@pytest.mark.parametrize("background", [True, False], ids=["in the background", "with its full share"])
def test_ffmpeg_has_the_priority_that_is_wanted(tmp_path, background):
    """All of its threads, those of its encoder too, and for the disk as well."""
    own = psutil.Process().nice()
    work_in_background(background)
    cancel, encoding = CancelToken(), threading.Event()
    seen: list[tuple[set[int], bool]] = []

    def encode() -> None:
        source = ["-f", "lavfi", "-re", "-i", "testsrc2=s=320x240:r=25:d=600"]
        with pytest.raises(Cancelled):
            run_ffmpeg(
                find_ffmpeg(""),
                [*source, "-c:v", "libx264", "-f", "null", "-"],
                cwd=tmp_path,
                cancel=cancel,
                on_progress=lambda out_time_s: encoding.set() if out_time_s > 0 else None,
            )

    thread = threading.Thread(target=encode)
    thread.start()
    try:
        assert encoding.wait(60)
        (ffmpeg,) = _children("testsrc2=s=320x240:r=25:d=600")
        idle = ffmpeg.ionice().ioclass == psutil.IOPRIO_CLASS_IDLE
        seen.append((_nice_of_threads(ffmpeg.pid), idle))
    finally:
        cancel.cancel()
        thread.join()
    wanted = max(own, NICE) if background else own
    assert [({wanted}, background)] == seen
    assert own == psutil.Process().nice()


def test_whisper_gives_way(small_model):
    """Its process is started once for many videos."""
    work_in_background(True)
    with WatchedWhisper() as whisper:
        find_model(whisper, str(small_model), CancelToken())
        child = psutil.Process(whisper.pid)
        wanted = max(NICE, psutil.Process().nice())
        assert (wanted, psutil.IOPRIO_CLASS_IDLE) == (child.nice(), child.ionice().ioclass)


def test_windows_starts_it_so(monkeypatch):
    """There a program can't be told later without a race."""
    monkeypatch.setattr("sys.platform", "win32")
    assert 0 == creation_flags()
    work_in_background(True)
    assert 0x4000 == creation_flags()
