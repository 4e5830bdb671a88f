"""What stands against a job, where nobody can be asked: a sentence, exit status 2, and one end for programs."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest
from json_events import events as printed
from program import command
from program import start as start_program
from store_server import TOKEN, running_server
from upload_parts import FOLDER, PREFIX, write_folder

from cli.interrupts import EXIT_CANCELLED
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import BackendApi, Config
from pipeline.transfer.upload.journal import JOURNAL_FILE


@pytest.fixture
def server():
    """Backend and store on loopback; what is uploaded can be read by anybody."""
    with running_server() as running:
        running.public = True
        yield running


@pytest.fixture
def run(server, tmp_path, capsys):
    """A function that runs a command; returns its exit status, the lines for programs, and standard error."""

    def start(*arguments):
        config = Config(
            backend=BackendApi(url=server.url, token=TOKEN), data_dir=tmp_path / "data", cache_dir=tmp_path / "cache"
        )
        status = run_command([*map(str, arguments), "--json"], config)
        shown = capsys.readouterr()
        return status, [json.loads(line) for line in shown.out.splitlines()], shown.err

    return start


@pytest.fixture
def another(run, tmp_path):
    """Another video stands at the destination."""
    assert EXIT_DONE == run("upload", write_folder(tmp_path / "Another lesson"), PREFIX)[0]


def ends(events):
    """Return how the job ended, when it is all that was said."""
    [end] = events
    return end["event"], end["job"], end["outcome"], end["wrong_settings"]


def test_an_upload_that_was_cut_short_needs_a_decision(run, server, tmp_path):
    """Nothing is sent before somebody says resume or fresh; with that it goes on."""
    folder = write_folder(tmp_path / "lesson")
    assert EXIT_DONE == run("upload", folder, PREFIX)[0]
    journal = folder / JOURNAL_FILE
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"master.m3u8"' not in line))
    sent = len(server.puts())
    status, events, err = run("upload", folder, PREFIX)
    assert (EXIT_WRONG_USAGE, sent) == (status, len(server.puts()))
    assert ("job_finished", "lesson", "failed", True) == ends(events)
    done = f"Previous upload incomplete ({len(FOLDER) - 1}/{len(FOLDER)} files uploaded)"
    assert f"hls-converter: {done}: add --resume to go on with it, or --fresh to begin anew.\n" == err
    assert EXIT_DONE == run("upload", folder, PREFIX, "--resume")[0]


def test_another_videos_destination_is_refused_before_anything_is_sent(run, server, another, tmp_path):
    """The option that decides it is named, and decides it."""
    folder, sent = write_folder(tmp_path / "lesson"), len(server.puts())
    for name in FOLDER:
        (folder / name).write_bytes(FOLDER[name] + b" of this lesson")
    status, events, err = run("upload", folder, PREFIX)
    assert (EXIT_WRONG_USAGE, sent) == (status, len(server.puts()))
    assert ("job_finished", "lesson", "failed", True) == ends(events)
    assert "(--replace)" in err
    assert EXIT_DONE == run("upload", folder, PREFIX, "--replace")[0]


def test_another_videos_destination_is_refused_before_anything_is_made(run, another, sample, tmp_path):
    """A conversion leaves no folder of its own behind."""
    out = tmp_path / "out"
    status, events, err = run("convert", sample, "-o", out, "--encoder", "cpu", "--upload", PREFIX)
    assert (EXIT_WRONG_USAGE, []) == (status, [*out.iterdir()])
    assert ("job_finished", sample.stem, "failed", True) == ends(events)
    assert "holds another video, “Another lesson”" in err


def test_a_folder_that_is_not_there_is_no_wrong_setting(run, tmp_path):
    """It fails with exit status 1, and programs hear of the end all the same."""
    status, events, err = run("upload", tmp_path / "missing", PREFIX)
    assert EXIT_FAILED == status
    assert ("job_finished", "missing", "failed", False) == ends(events)
    assert err.endswith("is not a folder: name the folder of a converted video.\n")


@pytest.mark.parametrize("name", ["upload", "convert"])
def test_ctrl_c_while_the_server_does_not_answer(name, sample, tmp_path):
    """A job that is looked at when Ctrl-C comes has its one end too, for a conversion and for an upload."""
    environment = {**os.environ, "AUTH_TOKEN": TOKEN, "XDG_DATA_HOME": str(tmp_path / "data")}
    if name == "upload":
        arguments = [write_folder(tmp_path / "lesson"), PREFIX]
    else:
        arguments = [sample, "-o", tmp_path / "out", "--encoder", "cpu", "--upload", PREFIX]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment["BACKEND_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start_program(command(name, *arguments, "--json"), environment)
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=300)
    [end] = printed(output)
    assert (EXIT_CANCELLED, "job_finished", "cancelled") == (process.returncode, end["event"], end["outcome"])
