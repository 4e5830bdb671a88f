"""Several videos at the same time: what comes of them is what comes of one after another."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil
import pytest
from held_backend import held_backend
from json_events import events
from ports import kept_port
from program import ROOT, command, make_clip, start
from stepped_work import start_stepping, step_until

from backend.state.storage_root import init_root
from pipeline.batch import GONE, LATER

COUNT = 3
WAITS = "The upload of this video waits and goes on by itself; other videos come first."
FAST = ("--preset", "ultrafast")
TOKEN = "a-token-for-the-tests-of-several-jobs"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Some videos of different lengths and sizes, with audio."""
    folder = tmp_path_factory.mktemp("clips")
    sizes = ("854x480", "480x480", "320x240")
    return [make_clip(folder / f"lesson{n}.mp4", seconds=1.5 + n, size=sizes[n]) for n in range(COUNT)]


def _files(folder: Path) -> dict[str, bytes]:
    """Return what was made; how long each step took differs, and stands in job.json alone."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "job.json"
    }


def test_the_same_bytes_as_one_after_another(tmp_path, run, clips, small_model):
    """In whatever order they are named, too."""
    options = ("--transcribe", "--model", small_model, *FAST, "--json")
    made = []
    for name, jobs, inputs in (("one", "1", clips), ("many", "2", clips), ("back", "auto", clips[::-1])):
        done = run("convert", *inputs, "-o", tmp_path / name, "--jobs", jobs, *options)
        assert (0, "") == (done.returncode, done.stderr)
        ended = [event["job"] for event in events(done.stdout) if event["event"] == "job_finished"]
        assert sorted(path.stem for path in clips) == sorted(ended)
        made.append(_files(tmp_path / name))
    assert COUNT * 5 < len(made[0])
    assert made[0] == made[1]
    assert made[0] == made[2]


def test_one_that_fails_stops_no_other(tmp_path, run, clips):
    """Each line begins with its video's name, the table at the end has them all, and the failure names the file."""
    inputs = [tmp_path / f"{name}.mp4" for name in ("good", "broken", "fine")]
    for path, clip in zip(inputs, clips, strict=False):
        path.write_bytes(clip.read_bytes()[: 4000 if path.stem == "broken" else None])
    done = run("convert", *inputs, "-o", tmp_path / "out", *FAST, "--no-mp4", "--jobs", "3")
    assert 1 == done.returncode
    assert "broken.mp4" in done.stderr
    assert ["fine", "good"] == sorted(path.name for path in (tmp_path / "out").iterdir())
    told, heading, table = done.stdout.partition("Video   Outcome")
    assert {"fine", "good"} == {line.partition(": ")[0] for line in told.splitlines() if line} - {"broken"}
    ended = {tuple(line.split()[:2]) for line in table.splitlines()[1:4]}
    assert (True, {("good", "done"), ("broken", "failed"), ("fine", "done")}) == (bool(heading), ended)


def _all_are_cancelled(process: subprocess.Popen, children: list[psutil.Process], told: str, out: Path) -> None:
    """Exit 130, a JobFinished for each of three, no process, and nothing that looks finished."""
    gone = psutil.wait_procs(children, timeout=300)[1]
    ended = [(event["job"], event["outcome"]) for event in events(told) if event["event"] == "job_finished"]
    assert (130, []) == (process.returncode, gone)
    assert [(f"lesson{n}", "cancelled") for n in range(3)] == sorted(ended)
    assert [] == [path for path in out.rglob("master.m3u8") if ".partial" not in str(path)]


def test_ctrl_c_ends_all_of_them(tmp_path, environment, two_segments, crawling):
    """While they are encoded."""
    clips = [Path(shutil.copy2(two_segments, tmp_path / f"lesson{n}.mp4")) for n in range(3)]
    arguments = command("convert", *clips, "-o", tmp_path / "out", "--json", "--jobs", "3", *FAST)
    with start(arguments, {**environment, "FFMPEG_PATH": str(crawling)}) as process:
        assert any('"phase_progress"' in line for line in process.stdout)
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        told = process.stdout.read()
    _all_are_cancelled(process, children, told, tmp_path / "out")


def test_ctrl_c_ends_speech(tmp_path, sample, small_model):
    """While they are transcribed."""
    clips = [Path(shutil.copy2(sample, tmp_path / f"lesson{n}.mp4")) for n in range(3)]
    options = (
        "--json",
        "--jobs",
        "3",
        *FAST,
        "--no-mp4",
        "--qualities",
        "360p",
        "--transcribe",
        "--model",
        small_model,
    )
    program = ROOT / "tests" / "support" / "small_chunks.py"
    arguments = [sys.executable, str(program), "convert", *map(str, (*clips, "-o", tmp_path / "out", *options))]
    steps, told = tmp_path / "steps", tmp_path / "told"
    with told.open("wb") as output, start_stepping(arguments, steps, stdout=output) as process:
        step_until(process, lambda: '"phase": "transcript"' in told.read_text(encoding="utf-8"))
        children = psutil.Process(process.pid).children(recursive=True)
        steps.unlink()
        os.kill(process.pid, signal.SIGINT)
        os.kill(process.pid, signal.SIGCONT)
        process.wait(timeout=300)
    _all_are_cancelled(process, children, told.read_text(encoding="utf-8"), tmp_path / "out")


@pytest.fixture
def port() -> Iterator[int]:
    """Where a backend will be."""
    with kept_port() as kept:
        yield kept


@contextmanager
def _backend(port: int, root: Path) -> Iterator[None]:
    """A reference backend at this port, in a process of its own, stopped at the end."""
    environment = {**os.environ, "AUTH_TOKEN": TOKEN}
    init_root(root)
    with start(command("backend", "--port", str(port), "--root", root), environment) as process:
        try:
            assert any("http://" in line for line in process.stdout)
            yield
        finally:
            process.kill()


def _of(lines: list[dict], event: str, **fields: str) -> list[str]:
    """Return the jobs of events, in order."""
    return [one["job"] for one in lines if one["event"] == event and fields.items() <= one.items()]


class _Lines:
    """The events of a running program, read as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.seen: list[dict] = []

    def until(self, done: Callable[[list[dict]], bool]) -> None:
        while not done(self.seen):
            line = self._stream.readline()
            assert line, "it ended before it came so far"
            self.seen += events(line)

    def rest(self) -> None:
        self.seen += events(self._stream.read())


def test_a_backend_that_comes_late_gets_all(tmp_path, clips, port):
    """Nothing is there at first: all videos are made without it; then they are uploaded, each once."""
    environment = {**os.environ, "BACKEND_URL": f"http://127.0.0.1:{port}", "AUTH_TOKEN": TOKEN}
    options = ("-o", tmp_path / "out", "--upload", "videos/c/", "--jobs", "2", "--json", *FAST, "--no-mp4")
    with start(command("convert", *clips, *options), environment) as process:
        lines = _Lines(process.stdout)
        lines.until(lambda seen: COUNT == len(_of(seen, "phase_finished", phase="hls", outcome="done")))
        lines.until(lambda seen: COUNT == len(set(_of(seen, "log_line", level="waiting"))))
        assert [] == _of(lines.seen, "job_finished")
        with _backend(port, tmp_path / "store"):
            lines.rest()
            assert (0, "") == (process.wait(), process.stderr.read())
    names = sorted(path.stem for path in clips)
    assert names == sorted(_of(lines.seen, "job_finished", outcome="done"))
    assert names == sorted(_of(lines.seen, "phase_finished", phase="upload", outcome="done"))


def test_a_backend_that_goes_away_stops_no_encode(tmp_path, clips, port):
    """It goes in the first upload, which is parked; the others are made, and all are uploaded when it is back."""
    environment = {**os.environ, "BACKEND_URL": f"http://127.0.0.1:{port}", "AUTH_TOKEN": TOKEN}
    options = ("-o", tmp_path / "out", "--upload", "videos/c/", "--jobs", "2", "--json", *FAST, "--no-mp4")
    store = tmp_path / "store"
    with held_backend(store, passes=4, token=TOKEN, port=port):
        process = start(command("convert", *clips, *options), environment)
        lines = _Lines(process.stdout)
        lines.until(lambda seen: any(one.get("bytes_done") for one in seen))
        begun = next(one["job"] for one in lines.seen if one.get("bytes_done"))
    with process:
        lines.until(lambda seen: begun in _of(seen, "log_line", level="waiting", text=f"{GONE} {WAITS}"))
        lines.until(lambda seen: COUNT == len(set(_of(seen, "phase_finished", phase="hls"))))
        with _backend(port, store):
            lines.rest()
            assert (0, "") == (process.wait(), process.stderr.read())
    assert sorted(path.stem for path in clips) == sorted(_of(lines.seen, "job_finished", outcome="done"))


def test_a_backend_that_never_comes_is_told_in_the_end(tmp_path, clips, port):
    """Exit 1; each sentence says that the video is made, and what to do; the same command then only uploads."""
    environment = {**os.environ, "BACKEND_URL": f"http://127.0.0.1:{port}", "AUTH_TOKEN": TOKEN}
    options = ("-o", tmp_path / "out", "--upload", "videos/c/", "--jobs", "2", "--json", *FAST, "--no-mp4")
    patience = ("--patience", "0")
    with start(command("convert", *clips[:2], *options, *patience), environment) as process:
        told, complaint = events(process.stdout.read()), process.stderr.read()
    ended = [event for event in told if event["event"] == "job_finished"]
    assert (1, [True] * 2) == (process.returncode, [event["backend_unreachable"] for event in ended])
    assert all(LATER in event["error"] for event in ended)
    assert 2 == complaint.count("only the upload is left")
    with _backend(port, tmp_path / "store"), start(command("convert", *clips[:2], *options), environment) as process:
        again = events(process.stdout.read())
    assert [0, 2] == [process.returncode, len(_of(again, "phase_finished", phase="hls", outcome="reused"))]


def test_ctrl_c_while_one_uploads_keeps_what_is_made(tmp_path, environment, clips):
    """The folder that is whole stays; what was not yet made is gone; nothing runs on, and all say how they ended."""
    upload = ("--upload", "videos/stopped/", "--limit-rate", "2K")
    options = ("-o", tmp_path / "out", *FAST, "--no-mp4", "--json", "--jobs", "2", *upload)
    with start(command("convert", *clips, *options), environment) as process:
        lines = _Lines(process.stdout)
        lines.until(lambda seen: bool(_of(seen, "phase_started", phase="upload")))
        uploading = _of(lines.seen, "phase_started", phase="upload")[0]
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        lines.rest()
    gone = psutil.wait_procs(children, timeout=300)[1]
    assert (130, []) == (process.returncode, gone)
    assert sorted(path.stem for path in clips) == sorted(_of(lines.seen, "job_finished", outcome="cancelled"))
    assert (tmp_path / "out" / uploading / "master.m3u8").is_file()
