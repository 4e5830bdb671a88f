"""`manifest` and `verify` against the real backend, each a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from json_events import events, fields

from pipeline.cancel import CancelToken
from pipeline.transfer.manifests.remote import connected
from pipeline.transfer.upload.uploader import Uploader

PREFIX = "tests/manifest/"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a large file, an empty one, and names that need care."""
    made = tmp_path / "lesson one"
    (made / "480p").mkdir(parents=True)
    (made / "480p" / "seg_001.ts").write_bytes(bytes(range(256)) * 80_000)
    (made / "480p" / "ä +&#% 日本.ts").write_bytes(b"odd")
    (made / "transcript.srt").write_bytes(b"")
    (made / "master.m3u8").write_bytes(b"#EXTM3U\n")
    return made


def test_what_was_uploaded_is_verified_restored_and_pruned(folder, backend_config, run, tmp_path):
    """Byte for byte, with what the reference backend offers; what the manifest names stays."""
    names = ["480p/seg_001.ts", "480p/ä +&#% 日本.ts", "transcript.srt", "master.m3u8"]
    (folder / "old.vtt").write_bytes(b"WEBVTT")
    Uploader(backend_config.backend, session_id=None).upload_file(
        folder / "old.vtt", PREFIX + "old.vtt", cancel=CancelToken()
    )
    (folder / "old.vtt").unlink()
    uploaded = run("upload", folder, PREFIX)
    assert (0, "") == (uploaded.returncode, uploaded.stderr)
    pruned = run("manifest", "prune", folder, "--yes")
    assert (0, "1 file deleted.") == (pruned.returncode, pruned.stdout.splitlines()[-1])
    verified = run("verify", folder, "--deep", "--json")
    assert (
        0,
        [
            {
                "event": "verification_finished",
                "findings": 0,
                "files": 4,
                "local_files": 4,
                "server_files": 4,
                "unproven": 0,
            }
        ],
    ) == (
        verified.returncode,
        [fields(line) for line in events(verified.stdout)],
    )
    restored = run("manifest", "restore", PREFIX, "-o", tmp_path / "back")
    assert (0, "") == (restored.returncode, restored.stderr)
    assert {name: (folder / name).read_bytes() for name in names} == {
        name: (tmp_path / "back" / name).read_bytes() for name in names
    }
    with connected(backend_config.backend) as remote, remote.inventory() as inventory:
        assert sorted([*names, "manifest.json"]) == sorted(
            stored.key.removeprefix(PREFIX) for stored in inventory.objects(PREFIX)
        )
