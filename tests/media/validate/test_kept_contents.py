"""What the check of a stream has read survives a kill: the next one goes on with the playlist that it was at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import stream_folders
from program import ROOT

from pipeline.media.validate import segments, validate

KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.media.validate import segments, validate

real, calls = segments.read_contents, []

def read(*given):
    calls.append(1)
    if len(calls) > 1:
        os.killpg(0, signal.SIGKILL)
    return real(*given)

segments.read_contents = read
validate(Path(sys.argv[1]), log=Path(sys.argv[2]))
"""


@pytest.fixture(params=[stream_folders.make_ts, stream_folders.make_fmp4], ids=["ts", "fmp4"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A stream with more than one rendition."""
    make: Callable[[Path], Path] = request.param
    (tmp_path / "stream").mkdir()
    return make(tmp_path / "stream")


@pytest.fixture
def read(monkeypatch) -> list[int]:
    """How many segments each playlist has that was read."""
    counts: list[int] = []
    real = segments.read_contents
    monkeypatch.setattr(segments, "read_contents", lambda *given: (counts.append(given[2]), real(*given))[1])
    return counts


@pytest.mark.skipif(sys.platform == "win32", reason="a kill as POSIX has it")
def test_a_check_that_was_killed_goes_on(folder, tmp_path, read):
    """It finds what one finds that was never stopped, and reads each playlist but the one that it was at once."""
    log, whole = tmp_path / "checked.jsonl", validate(folder)
    every = len(read)
    command = [sys.executable, "-c", KILLED, str(folder), str(log)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(command, cwd=ROOT, env=environment, start_new_session=True, check=False)
    assert -signal.SIGKILL == killed.returncode
    read.clear()
    assert (whole, every - 1) == (validate(folder, log=log), len(read))
    read.clear()
    assert (whole, []) == (validate(folder, log=log), read)


def test_a_segment_that_was_written_again_is_read_again(folder, tmp_path, read):
    """With the others of its playlist, and no other."""
    log = tmp_path / "checked.jsonl"
    validate(folder, log=log)
    segment = next(path for path in sorted(folder.rglob("seg_*")) if path.suffix in (".ts", ".m4s"))
    segment.write_bytes(segment.read_bytes()[:1000])
    read.clear()
    found = validate(folder, log=log)
    assert (1, True) == (len(read), any(segment.name in finding.file for finding in found.findings))


@pytest.mark.parametrize("damage", [{}, {"spans": 1}, None, [], {"container": "ts"}], ids=str)
def test_what_can_not_be_understood_is_read_again(folder, tmp_path, read, damage):
    """Of whatever version it is."""
    log, whole = tmp_path / "checked.jsonl", validate(folder)
    validate(folder, log=log)
    head, *lines = log.read_text(encoding="utf-8").splitlines()
    changed = [json.dumps({**json.loads(line), "result": damage}) for line in lines]
    log.write_text("\n".join([head, *changed, ""]), encoding="utf-8")
    read.clear()
    assert (whole, len(lines)) == (validate(folder, log=log), len(read))
