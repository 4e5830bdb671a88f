"""The log of one upload."""

from __future__ import annotations

import re

from pipeline.published import published_files
from pipeline.transfer.http.log_file import KEEP_LOGS, UploadLog


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


def test_secret_that_comes_later_is_taken_out_too(tmp_path):
    """A new token in the middle of an upload is as secret as the first."""
    secrets = ["first"]
    with UploadLog(tmp_path, secrets=secrets) as log:
        secrets.append("second")
        log.write("first second third")
    assert log.path.read_text().endswith("*** *** third\n")


def test_large_log_goes_on_in_a_second_file(tmp_path, monkeypatch):
    """No file grows beyond what an editor can send, no line is lost, and none of them is published."""
    monkeypatch.setattr("pipeline.transfer.http.log_file.MAX_BYTES", 500)
    with UploadLog(tmp_path) as log:
        for number in range(60):
            log.write(f"line {number}")
    logs = sorted(tmp_path.iterdir(), key=lambda path: (len(path.name), path.name))
    assert [log.path.stem, f"{log.path.stem}_2", f"{log.path.stem}_3"] == [path.stem for path in logs][:3]
    assert [f"line {number}" for number in range(60)] == [
        line[25:] for path in logs for line in path.read_text().splitlines()
    ]
    assert all(path.stat().st_size < 600 for path in logs)
    assert [] == published_files(tmp_path)


def test_oldest_logs_are_removed(tmp_path):
    """A folder keeps the last few logs; one that goes on with an earlier log removes nothing."""
    old = [tmp_path / f"upload_log_2020-01-{day:02}_000000.txt" for day in range(1, KEEP_LOGS + 4)]
    for path in old:
        path.write_text("old")
    with UploadLog(tmp_path, path=old[0]) as log:
        log.write("more")
    assert old == sorted(tmp_path.iterdir())
    with UploadLog(tmp_path) as log:
        log.write("new")
    assert [*old[3:], log.path] == sorted(tmp_path.iterdir())


def test_no_line_has_what_a_terminal_obeys(tmp_path):
    """A server's words, types and addresses are read with `cat` and `tail`."""
    with UploadLog(tmp_path) as log:
        log.write("ETag \x1b[2J\x9b31m, type text/\u202eplain")
    [line] = log.path.read_text().splitlines()
    assert line.endswith(r"ETag \x1b[2J\x9b31m, type text/\u202eplain")
