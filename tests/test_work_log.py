"""What parts of a work have come to survives a kill: the next run reads it and goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.work_log import WorkLog


def done_in(path: Path, key: str = "key") -> dict[str, object]:
    """What the next run finds."""
    with WorkLog(path, key) as log:
        return dict(log.done)


def test_the_next_run_finds_what_is_done(tmp_path):
    """In the order in which it was done, whatever JSON can hold, and goes on with the same file."""
    path = tmp_path / "work.jsonl"
    with WorkLog(path, "key") as log:
        log.add("0", [1.5, None])
        log.add("größe", {"a": "b\n"})
    with WorkLog(path, "key") as log:
        log.add("2", None)
    assert {"0": [1.5, None], "größe": {"a": "b\n"}, "2": None} == done_in(path)


def test_a_part_is_on_disk_at_once(tmp_path):
    """A kill between two parts loses neither."""
    path = tmp_path / "work.jsonl"
    with WorkLog(path, "key") as log:
        log.add("0", 1)
        assert {"part": "0", "result": 1} == json.loads(path.read_text("utf-8").splitlines()[-1])


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b'{"part": "1", "resu', id="a line cut off"),
        pytest.param(b"\xff\xfe\n", id="no text"),
        pytest.param(b"[1]\n", id="another form"),
        pytest.param(b'{"part": "1"}\n', id="no result"),
        pytest.param(b"\0" * 100, id="a block that was never written"),
    ],
)
def test_a_broken_end_is_not_read(tmp_path, broken):
    """What was done before it is."""
    path = tmp_path / "work.jsonl"
    with WorkLog(path, "key") as log:
        log.add("0", 1)
    with path.open("ab") as file:
        file.write(broken)
    assert {"0": 1} == done_in(path)
    assert {"0": 1} == done_in(path)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{}\n", b'{"schema": 1, "key": "other"}\n{"part": "0", "result": 1}\n', b"\xff", b"[" * 9999],
)
def test_another_works_file_is_not_read(tmp_path, content):
    """Nor is one that can't be understood; its place is taken."""
    path = tmp_path / "work.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert {} == done_in(path)
    assert 1 == len(path.read_text("utf-8").splitlines())


def test_without_a_file_nothing_is_kept(tmp_path):
    """The work goes on all the same."""
    with WorkLog(None, "key") as log:
        log.add("0", 1)
        assert {"0": 1} == log.done


def test_a_file_that_can_not_be_written(tmp_path):
    """Is said in a sentence that names it."""
    path = tmp_path / "gone" / "work.jsonl"
    with pytest.raises(OutputError, match=r"work\.jsonl can't be written"), WorkLog(path, "key"):
        raise AssertionError
