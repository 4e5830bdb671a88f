"""The log of one upload."""

from __future__ import annotations

import re

from pipeline.transfer.log_file import UploadLog


def test_log_is_named_by_its_time_and_holds_no_secret(tmp_path):
    """The name suits every file system, and a line is redacted and stays one line."""
    with UploadLog(tmp_path, secrets=["tok"]) as log:
        log.write("one tok\ntwo https://x/y?sig=1")
    [path] = tmp_path.iterdir()
    assert re.fullmatch(r"upload_log_\d{4}-\d\d-\d\d_\d{6}\.txt", path.name)
    [line] = path.read_text(encoding="utf-8").splitlines()
    assert line.endswith("one *** two https://x/y?…")


def test_log_without_lines_makes_no_file(tmp_path):
    """A log that was not needed leaves nothing behind."""
    with UploadLog(tmp_path):
        pass
    assert [] == list(tmp_path.iterdir())


def test_log_goes_on_with_an_earlier_one(tmp_path):
    """A named log is appended to."""
    path = tmp_path / "upload_log_2020-01-01_000000.txt"
    path.write_text("before\n")
    with UploadLog(tmp_path, path=path) as log:
        log.write("after")
    assert 2 == len(path.read_text().splitlines())


def test_log_that_cannot_be_written_stops_nothing(tmp_path):
    """A folder without room for a log is no reason to fail."""
    with UploadLog(tmp_path / "missing") as log:
        log.write("one")
        log.write("two")
    assert not (tmp_path / "missing").exists()
