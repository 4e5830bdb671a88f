"""What is said to somebody who typed a command that is none."""

from __future__ import annotations

import pytest

from cli.main import EXIT_WRONG_USAGE, run_command
from config import Config


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
