"""`play`: a folder in the browser until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket

import requests
from program import command, start

from cli.main import EXIT_WRONG_USAGE, run_command
from config import Config


def test_the_page_is_served_until_ctrl_c(tmp_path):
    """The address that is printed answers; Ctrl-C ends the program, which is no failure."""
    (tmp_path / "master.m3u8").write_text("#EXTM3U\n", encoding="utf-8")
    process = start(command("play", tmp_path, "--no-browser"), dict(os.environ))
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        assert tmp_path.name in requests.get(address, timeout=60).text
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    finally:
        process.kill()
        process.wait()
    assert (0, "") == (process.returncode, errors)


def test_a_port_that_can_not_be_had(tmp_path, capsys):
    """It is the player that can't listen, on a port that is taken or that is none."""
    (tmp_path / "master.m3u8").write_text("#EXTM3U\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for port in (70000, taken.getsockname()[1]):
            assert EXIT_WRONG_USAGE == run_command(["play", str(tmp_path), "--port", str(port)], Config())
    said = capsys.readouterr().err.splitlines()
    assert [True, True] == [line.startswith("hls-converter: The player can't listen on ") for line in said]
    assert said[1].endswith(": choose another port.")


def test_a_folder_without_a_stream_is_refused(tmp_path, capsys):
    """One sentence, exit status 2."""
    assert EXIT_WRONG_USAGE == run_command(["play", str(tmp_path)], Config())
    assert "contains no master.m3u8" in capsys.readouterr().err
