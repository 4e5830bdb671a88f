"""What `--json` prints in the life of a video, each line held against the schema by `events`."""

from __future__ import annotations

import os
import signal

import pytest
from held_backend import held_backend
from json_events import events
from program import command, make_clip, start

from config import BackendApi, Config

PREFIX = "tests/json-events/"
EVERY_EVENT = {"phase_started", "phase_progress", "phase_finished", "log_line", "job_finished"}


@pytest.fixture
def backend(tmp_path):
    """A backend that keeps an upload waiting when it has some files, until the test lets it go on."""
    with held_backend(tmp_path / "store", passes=4) as held:
        yield held


@pytest.fixture
def backend_config(backend):
    """The configuration of an editor who uploads to it."""
    return Config(backend=BackendApi(url=backend.url, token=backend.settings.token))


@pytest.fixture
def convert(tmp_path, short_clip):
    """Return the command line of a conversion with an upload."""

    def arguments(*more, source=short_clip):
        return "convert", source, "-o", tmp_path / "out", "--preset", "ultrafast", "--upload", PREFIX, "--json", *more

    return arguments


def _cancelled_while_uploading(arguments, environment):
    """Start a conversion, press Ctrl-C when a file is up, and return all that was printed."""
    printed = []
    with start(command(*arguments), environment) as process:
        for line in process.stdout:
            printed.append(line)
            if events(line)[0].get("files_done"):
                os.kill(process.pid, signal.SIGINT)
                break
        return "".join([*printed, process.stdout.read()])


def test_a_job_that_is_cancelled_asked_about_resumed_and_refused(
    tmp_path, run, environment, backend, convert, short_clip
):
    """Every line is described, names its job and has its time, whatever becomes of the job."""
    cancelled = events(_cancelled_while_uploading(convert(), environment))
    backend.release()
    unanswered = run(*convert())
    resumed = run(*convert("--resume"))
    another = make_clip(tmp_path / short_clip.name, seconds=1)
    taken, missing = run(*convert("--fresh", source=another)), run(*convert(source=tmp_path / "short clip.mov"))

    printed = [cancelled, *(events(one.stdout) for one in (unanswered, resumed, taken, missing))]
    last = [(lines[-1]["event"], lines[-1]["outcome"], lines[-1]["wrong_settings"]) for lines in printed]
    assert [
        ("job_finished", "cancelled", False),
        ("job_finished", "failed", True),
        ("job_finished", "done", False),
        ("job_finished", "failed", True),
        ("job_finished", "failed", False),
    ] == last
    assert (["--resume" in printed[1][-1]["error"], "--replace" in printed[3][-1]["error"]]) == [True, True]
    assert (EVERY_EVENT, {"short-clip"}) == (
        {line["event"] for line in printed[2]},
        {line["job"] for lines in printed for line in lines},
    )
    times = [line["ts"] for lines in printed for line in lines]
    assert sorted(times) == times


def test_what_the_other_commands_print_of_a_stream(tmp_path, run, backend, convert):
    """Lines of no job, of a stream that agrees with its manifest and of one that does not."""
    backend.release()
    assert 0 == run(*convert()).returncode
    folder = tmp_path / "out" / "short-clip"
    (folder / "360p" / "seg_001.ts").write_bytes(b"short")
    commands = {
        "validate": ("validate", folder),
        "verify": ("verify", folder),
        "show": ("manifest", "show", folder),
        "list": ("manifest", "list"),
        "restore": ("manifest", "restore", PREFIX, "-o", tmp_path / "back"),
        "prune": ("manifest", "prune", PREFIX),
    }
    printed = {name: events(run(*arguments, "--json").stdout) for name, arguments in commands.items()}
    assert {
        "validate": "validation_finished",
        "verify": "verification_finished",
        "show": "manifest",
        "list": "manifest",
        "restore": "restore_finished",
        "prune": "prune_finished",
    } == {name: lines[-1]["event"] for name, lines in printed.items()}
    assert {None} == {line["job"] for lines in printed.values() for line in lines}
