"""Backends that store files elsewhere than they were asked to."""

from __future__ import annotations

import json

import pytest
from upload_parts import FOLDER, PREFIX

from pipeline.errors import TransferError
from pipeline.transfer.upload.given_keys import GivenKeys


def run(uploader, folder, cancel):
    """Upload, and return the result and what an editor was told."""
    told: list[str] = []
    result = uploader.upload(
        folder, PREFIX, resume=True, cancel=cancel, on_notice=lambda text, level: told.append(text)
    )
    return result, told


def test_one_key_for_all_files_is_refused(uploader, server, folder, cancel):
    """Each file would take the place of the one before; the first that shows it ends the upload."""
    server.answer_presign = lambda number, said: json.dumps({**said, "key": PREFIX + "the-one.bin"}).encode()
    result, _ = run(uploader, folder, cancel)
    assert (False, True) == (result.complete, len(result.uploaded) <= 1)
    assert "stores several files under the same key" in str(result.halted)
    assert len(server.puts()) <= 4  # a thread each


def test_key_of_a_file_that_was_stored_before_is_refused(uploader, server, folder, cancel):
    """A later run knows what an earlier one has sent."""
    assert run(uploader, folder, cancel)[0].complete
    (folder / "720p/seg_003.ts").write_bytes(b"more")
    stored = dict(server.stored)
    taken = PREFIX + "720p/seg_002.ts"
    server.answer_presign = lambda number, said: json.dumps({**said, "key": taken}).encode()
    result, _ = run(uploader, folder, cancel)
    assert "the same key" in result.failed["720p/seg_003.ts"]
    assert stored[taken] == server.stored[taken]


@pytest.mark.parametrize(
    ("key", "tells"),
    [
        (lambda key: key, False),
        (lambda key: f"tenants/seven/{key}", False),
        (lambda key: f"elsewhere/{key.rpartition('/')[2]}-{len(key)}-{key.count('7')}", True),
        (lambda key: f"{key}/../../other/{key.rpartition('/')[2]}", True),
    ],
    ids=["as asked", "below a folder", "elsewhere", "with dots"],
)
def test_keys_that_leave_the_destination_are_told_once(uploader, server, folder, cancel, key, tells):
    """Playlists lead to where files were to be; a backend may put a folder of its own in front of all."""
    server.answer_presign = lambda number, said: json.dumps({**said, "key": key(said["key"])}).encode()
    result, told = run(uploader, folder, cancel)
    about = [text for text in told if "stores files elsewhere than it was asked to" in text]
    assert (True, 1 if tells else 0) == (result.complete, len(about))
    assert len(FOLDER) == len(set(result.uploaded.values()))


def test_a_file_may_be_sent_again():
    """What counts is whose the key is, not how often it is given."""
    keys = GivenKeys("https://backend.test", lambda text: None)
    keys.check("p/a", "p/a")
    keys.check("p/a", "p/a")
    with pytest.raises(TransferError, match="the same key"):
        keys.check("p/a", "p/b")
