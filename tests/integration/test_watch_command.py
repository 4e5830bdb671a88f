"""`watch` as an editor starts it: a copy that comes slowly, Ctrl-C, and a start later."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable

import pytest
from program import command, start

OPTIONS = ("--settle", "1", "--no-mp4", "--preset", "ultrafast", "--json")


@pytest.fixture
def watch(tmp_path, environment):
    """Return a function that starts to watch the folder; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "in").mkdir()

    def begin(*options: str) -> subprocess.Popen[str]:
        arguments = command("watch", tmp_path / "in", "-o", tmp_path / "out", *OPTIONS, *options)
        started.append(start(arguments, environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def _read_until(process: subprocess.Popen[str], wanted: Callable[[dict], bool]) -> dict:
    """Return the first line that is wanted."""
    for line in process.stdout:
        event = json.loads(line)
        if wanted(event):
            return event
    raise AssertionError(process.stderr.read())


def _idle(event: dict) -> bool:
    return event["event"] == "watch" and event["text"].startswith("Nothing to do")


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    return process.returncode, errors


def test_what_comes_is_converted_once(tmp_path, watch, short_clip):
    """A copy that another process still writes waits; a start later has nothing to do, and says so first."""
    process = watch("--report", str(tmp_path / "report.json"))
    _read_until(process, _idle)
    content, target = short_clip.read_bytes(), tmp_path / "in" / "week1" / "Lesson.mp4"
    target.parent.mkdir()
    with subprocess.Popen(
        ["python3", "-c", "import sys; f = open(sys.argv[1], 'wb', 0); [f.write(l) for l in sys.stdin.buffer]", target],
        stdin=subprocess.PIPE,
    ) as copying:
        copying.stdin.write(content[: len(content) // 2])
        copying.stdin.flush()
        shutil.copyfile(short_clip, tmp_path / "in" / "first.mp4")
        first = _read_until(process, lambda event: event["event"] == "job_finished")
        copying.stdin.write(content[len(content) // 2 :])
        copying.stdin.close()
    second = _read_until(process, lambda event: event["event"] == "job_finished")
    _read_until(process, _idle)
    assert [("first", "done"), ("week1/lesson", "done")] == [(one["job"], one["outcome"]) for one in (first, second)]
    assert (130, "hls-converter: Cancelled.\n") == _end(process)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (130, {"first", "week1/lesson"}) == (report["exit_status"], {job["job"] for job in report["jobs"]})

    again = watch()
    _read_until(again, lambda event: event["event"] == "watch")
    assert _idle(_read_until(again, lambda event: True))
    assert 130 == _end(again)[0]


def test_ctrl_c_in_the_middle_of_a_job_ends_it(tmp_path, watch, short_clip):
    """It is reported as cancelled, and begun again by the next start."""
    shutil.copyfile(short_clip, tmp_path / "in" / "a.mp4")
    process = watch()
    _read_until(process, lambda event: event["event"] == "phase_started")
    process.send_signal(signal.SIGINT)
    ended = _read_until(process, lambda event: event["event"] == "job_finished")
    process.communicate(timeout=300)
    assert 130 == process.returncode
    again = watch()
    if ended["outcome"] == "cancelled":
        ended = _read_until(again, lambda event: event["event"] == "job_finished")
    assert "done" == ended["outcome"]
    _read_until(again, _idle)
    assert 130 == _end(again)[0]
    assert (tmp_path / "out" / "a" / "master.m3u8").is_file()
