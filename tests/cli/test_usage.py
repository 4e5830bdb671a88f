"""What is said to somebody who typed a command that is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cli.main import EXIT_WRONG_USAGE, run_command
from config import BackendApi, Config


@pytest.mark.parametrize(
    ("arguments", "named", "further"),
    [
        (["convert", "a.mp4"], "-o/--output", "convert --help"),
        (["convert", "a.mp4", "-o", "out", "--codec", "vp9"], "'vp9'", "convert --help"),
        (["convert", "a.mp4", "-o", "out", "--louder"], "--louder", "--help"),
        (["backend", "--port", "high"], "'high'", "backend --help"),
        (["transcode"], "transcode", "--help"),
    ],
    ids=["option missing", "no such codec", "no such option", "no number", "no such command"],
)
def test_wrong_usage_is_a_sentence(arguments, named, further, capsys):
    """Exit 2, what is wrong and where to read on, without a page of options."""
    with pytest.raises(SystemExit) as ended:
        run_command(arguments, Config())
    (line,) = capsys.readouterr().err.splitlines()
    assert (EXIT_WRONG_USAGE, True) == (ended.value.code, line.startswith("hls-converter: ") and named in line)
    assert line.endswith(f" See hls-converter {further}.")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes with names as POSIX has them")
@pytest.mark.parametrize(
    "command",
    [
        "captions check PIPE",
        "captions shape PIPE",
        "validate . --key PIPE",
        "transcripts info PIPE",
        "convert PIPE -o out",
        "convert VIDEO -o out --captions PIPE",
        "convert VIDEO -o out --chapters PIPE",
        "convert VIDEO -o out --encrypt PIPE --key-uri https://keys.invalid/1",
        "convert -o out --list PIPE",
        "transcribe VIDEO -o out --names PIPE",
        "transcribe VIDEO -o out --align PIPE",
        "transcribe PIPE -o out",
    ],
)
def test_a_pipe_in_place_of_a_file_is_refused(command: str, sample: Path, tmp_path: Path, capsys, monkeypatch):
    """In a sentence that names it, as whoever reads it might wait for ever."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.srt")
    words = {"PIPE": "pipe.srt", "VIDEO": str(sample)}
    assert 0 != run_command([words.get(word, word) for word in command.split()], Config())
    said = capsys.readouterr().err
    assert ("pipe.srt" in said, "is a pipe" in said) == (True, True)


@pytest.mark.parametrize(
    "command",
    [
        "convert LONG -o out",
        "convert VIDEO LONG -o out --dry-run",
        "convert -o out --list list.csv",
        "convert VIDEO -o LONG",
        "convert VIDEO -o LONG --dry-run",
        "convert VIDEO -o out --captions LONG:de",
        "convert VIDEO -o out --transcribe --dataset LONG",
        "watch LONG -o out",
        "transcribe LONG",
        "validate LONG",
        "upload LONG videos/a/",
        "captions check LONG",
        "transcripts info LONG",
        "transcripts add dataset.json LONG",
    ],
)
def test_a_name_that_cant_even_be_looked_up_is_a_sentence(command, sample, tmp_path, capsys, monkeypatch):
    """One that is too long, as one in a folder that may not be read or on a share that has gone: `stat` fails."""
    monkeypatch.chdir(tmp_path)
    long = "x" * 300
    Path("list.csv").write_text(f"source\n{long}.mp4\n")
    words = {"LONG": long, "VIDEO": str(sample)}
    config = Config(backend=BackendApi(url="http://127.0.0.1:1", token="token"))
    assert 0 != run_command([words.get(word, word.replace("LONG", long)) for word in command.split()], config)
    (line,) = capsys.readouterr().err.splitlines()
    assert (True, True) == (line.startswith("hls-converter: "), long in line)
