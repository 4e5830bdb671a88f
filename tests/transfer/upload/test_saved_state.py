"""Going on from a saved state whose journal is lost."""

from __future__ import annotations

import pytest

from pipeline.transfer.upload.journal import UploadDestination
from pipeline.transfer.upload.saved_state import as_journal
from pipeline.transfer.upload.state_file import FileState, FileStatus, UploadSnapshot


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        pytest.param({"720p/a.ts": "p/720p/a.ts", "master.m3u8": "p/master.m3u8"}, "", id="at the prefix"),
        pytest.param(
            {"poster.jpg": "p/poster.jpg", "720p/a.ts": "p/v2/720p/a.ts", "master.m3u8": "p/master.m3u8"},
            "v2/",
            id="a version",
        ),
        pytest.param({"v2/a.ts": "p/v2/a.ts"}, "", id="a folder that looks like one"),
        pytest.param({"720p/a.ts": "elsewhere/v2/720p/a.ts"}, "", id="keys of the backend's own"),
        pytest.param({}, "", id="no files"),
    ],
)
def test_place_is_told_by_the_keys(keys, place):
    """The run goes on in the folder below the prefix where it was."""
    files = {name: FileState(status=FileStatus.PENDING, s3_key=key) for name, key in keys.items()}
    destination = UploadDestination(backend_url="https://api.example.com", prefix="p/")
    content = as_journal(UploadSnapshot(started_at="2026-02-02T10:30:00Z", destination=destination, files=files))
    assert (True, place, (place,), {}) == (
        content.begun,
        content.version_folder,
        content.version_folders,
        content.confirmed,
    )
