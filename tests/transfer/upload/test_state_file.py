"""The snapshot for people and other programs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.transfer.upload.journal import UploadDestination
from pipeline.transfer.upload.state_file import FileState, FileStatus, UploadSnapshot, read_state, write_state

STATE = UploadSnapshot(
    started_at="2026-02-02T10:30:00Z",
    destination=UploadDestination(backend_url="https://api.example.com", prefix="hls/course/", session_id="a" * 24),
    files={
        "master.m3u8": FileState(status=FileStatus.UPLOADED, s3_key="hls/course/master.m3u8"),
        "720p/seg_001.ts": FileState(status=FileStatus.PENDING, s3_key="hls/course/720p/seg_001.ts"),
        "720p/seg_002.ts": FileState(status=FileStatus.FAILED, s3_key="hls/course/720p/seg_002.ts", error="timeout"),
    },
)


def test_snapshot_has_the_agreed_form(tmp_path):
    """Other programs find the fields that they know."""
    write_state(tmp_path / "state.json", STATE)
    expected = {
        "version": 1,
        "started_at": "2026-02-02T10:30:00Z",
        "backend_url": "https://api.example.com",
        "session_id": "a" * 24,
        "s3_prefix": "hls/course/",
        "files": {
            "master.m3u8": {"status": "uploaded", "s3_key": "hls/course/master.m3u8"},
            "720p/seg_001.ts": {"status": "pending", "s3_key": "hls/course/720p/seg_001.ts"},
            "720p/seg_002.ts": {"status": "failed", "s3_key": "hls/course/720p/seg_002.ts", "error": "timeout"},
        },
    }
    assert expected == json.loads((tmp_path / "state.json").read_text())


def test_snapshot_is_read_as_it_was_written(tmp_path):
    """Nothing is lost on the way, and files can be counted."""
    write_state(tmp_path / "state.json", STATE)
    assert STATE == read_state(tmp_path / "state.json")
    assert 1 == STATE.count(FileStatus.FAILED)


NEWER = b'{"version":2,"started_at":"","backend_url":"","session_id":null,"s3_prefix":"","files":{}}'
ODD_STATUS = b'{"started_at":"","backend_url":"","session_id":null,"s3_prefix":"","files":{"a":{"status":"odd"}}}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        ODD_STATUS,
        NEWER,
    ],
    ids=["empty", "torn", "list", "no fields", "binary", "odd status", "newer program"],
)
def test_snapshot_that_cannot_be_understood_is_none(tmp_path, content):
    """A damaged snapshot is no reason to crash."""
    (tmp_path / "state.json").write_bytes(content)
    assert read_state(tmp_path / "state.json") is None


def test_missing_snapshot_is_none(tmp_path):
    """No snapshot, no state."""
    assert read_state(tmp_path / "state.json") is None


def test_file_of_any_name_is_read_again(tmp_path):
    """Also one that is called as a field of the snapshot is."""
    names = ("status", "s3_key", "files", "version", 'quote"\\.ts', "bad-\udcff.ts")
    files = {name: FileState(status=FileStatus.UPLOADED, s3_key=f"hls/{name}") for name in names}
    state = replace(STATE, files=files)
    write_state(tmp_path / "state.json", state)
    assert state == read_state(tmp_path / "state.json")
