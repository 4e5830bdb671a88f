"""Which files somebody else is writing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline.open_files import written_elsewhere


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the open files of all processes")
@pytest.mark.parametrize(
    ("mode", "found"), [pytest.param("ab", True, id="writes"), pytest.param("rb", False, id="reads")]
)
def test_a_file_that_another_process_writes(tmp_path, mode, found):
    """One that only reads it is no hindrance."""
    path, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    path.write_bytes(b"a")
    other.write_bytes(b"b")
    script = f"import sys; f = open(sys.argv[1], {mode!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        assert ({path} if found else set()) == written_elsewhere([path, other])
        process.stdin.close()
    assert set() == written_elsewhere([path, other])


def test_what_this_process_writes_is_no_hindrance(tmp_path):
    """Nor is a system that tells nothing."""
    path = tmp_path / "a.mp4"
    with path.open("wb"):
        assert set() == written_elsewhere([path])
    assert set() == written_elsewhere([path], proc=tmp_path / "none")
