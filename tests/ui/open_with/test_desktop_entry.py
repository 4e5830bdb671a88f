"""The menu entry: valid, whatever the command that it starts."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ui.open_with.desktop_entry import FILE_NAME, desktop_entry

ODD = '/opt/über 100% $HOME/"quoted" `back\\slash`/hls converter'


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="desktop-file-utils is not installed")
@pytest.mark.parametrize("command", [["hls-converter-gui"], [ODD, "/opt/hls_converter.py"]], ids=["plain", "odd"])
def test_it_is_valid(tmp_path, command):
    """By the program that desktops' own packages are checked with; it has nothing to remark."""
    file = tmp_path / FILE_NAME
    file.write_text(desktop_entry(command, "# a comment"), encoding="utf-8")
    done = subprocess.run(["desktop-file-validate", file], capture_output=True, text=True, check=False)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_what_has_a_meaning_is_escaped():
    """An argument reaches the program as it is; one without any special sign stands there as it is."""
    (line,) = (line for line in desktop_entry([ODD, "a%b", "plain"]).splitlines() if line.startswith("Exec="))
    odd = r'"/opt/über 100%% \\$HOME/\\"quoted\\" \\`back\\\\slash\\`/hls converter"'
    assert f"Exec=env {odd} a%%b plain %F" == line
