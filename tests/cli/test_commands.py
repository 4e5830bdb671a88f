"""The table of commands, and what is loaded before one of them runs."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import COMMANDS, INTERNAL_COMMANDS, run_command
from config import VERSION, Config

ROOT = Path(__file__).resolve().parents[2]

STARTED = """
import runpy, sys
sys.argv = ["hls_converter.py", *sys.argv[1:]]
try:
    runpy.run_path("hls_converter.py", run_name="__main__")
finally:
    sys.stderr.write(" ".join(sorted(sys.modules)))
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_module_that_runs_it(name):
    """What the table names is there and takes the options and the configuration."""
    run = importlib.import_module(COMMANDS[name].module).run
    assert ["options", "config"] == list(inspect.signature(run).parameters)


def test_help_lists_the_table(capsys):
    """`--help` names every command with what the table says of it, in the table's order."""
    with pytest.raises(SystemExit):
        run_command(["--help"], Config())
    said = " ".join(capsys.readouterr().out.split())
    places = [said.index(f" {name} {command.help}") for name, command in COMMANDS.items()]
    assert sorted(places) == places


@pytest.mark.parametrize("name", INTERNAL_COMMANDS)
def test_internal_commands(name, capsys):
    """What the program starts itself with is a module's `main()`, and no help names it."""
    main = importlib.import_module(INTERNAL_COMMANDS[name]).main
    with pytest.raises(SystemExit):
        run_command(["--help"], Config())
    assert ([], False) == (list(inspect.signature(main).parameters), name in capsys.readouterr().out)


def test_version(capsys):
    """`--version` prints the program's name and version and ends well."""
    with pytest.raises(SystemExit) as ended:
        run_command(["--version"], Config())
    assert (0, f"hls-converter {VERSION}\n") == (ended.value.code, capsys.readouterr().out)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_no_command_is_loaded_before_it_is_called(option):
    """The list of commands needs neither their modules nor what these import, such as numpy and PyAV."""
    started = [sys.executable, "-c", STARTED, option]
    run = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    not_needed = {command.module for command in COMMANDS.values()} | {"numpy", "av", "urllib3", "fastapi", "tkinter"}
    assert set() == not_needed & set(run.stderr.split())


OF_A_CONVERSION = (
    *("pipeline.media.encode", "pipeline.media.ffmpeg", "pipeline.media.hls", "pipeline.media.source"),
    *("pipeline.media.validate", "pipeline.output_settings", "pipeline.speech", "pipeline.workspace"),
    *("av", "cryptography", "numpy"),
)


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        pytest.param(STARTED, ("upload", "missing", "videos/lesson/"), id="upload"),
        pytest.param("import s3_uploader, sys; sys.stderr.write(' '.join(sys.modules))", (), id="s3_uploader"),
    ],
)
def test_an_upload_does_not_wait_for_what_only_a_conversion_needs(program, arguments):
    """It would take longer to load than a small folder to send."""
    started = [sys.executable, "-c", program, *arguments]
    login = {"BACKEND_URL": "http://127.0.0.1:9", "AUTH_TOKEN": "token-of-an-editor-0123456789"}
    run = subprocess.run(
        started, cwd=ROOT, env={**os.environ, **login}, capture_output=True, text=True, timeout=300, check=False
    )
    loaded = run.stderr.split()
    assert "pipeline.transfer.upload.uploader" in loaded
    assert [] == [one for one in loaded for name in OF_A_CONVERSION if one == name or one.startswith(f"{name}.")]
