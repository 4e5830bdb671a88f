"""Small files of a destination, read into memory."""

from __future__ import annotations

import pytest
from inventory_server import PREFIX, running_inventory, upload, write_job

from pipeline.errors import TransferError
from pipeline.transfer.manifests import stored_files
from pipeline.transfer.manifests.remote import connected
from pipeline.transfer.manifests.restore import named_entries
from pipeline.transfer.manifests.stored_files import read_stored_file


@pytest.mark.parametrize("reads", [True, False], ids=["by the backend", "by its address"])
def test_file_that_is_not_small_is_not_read(tmp_path, monkeypatch, reads):
    """Whatever the server has in a transcript's place by now, it is not held in memory."""
    with running_inventory() as server:
        manifest = upload(server, write_job(tmp_path / "lesson"), None)
        server.offers["read"] = reads
        [entry] = named_entries(manifest, ["480p/index.m3u8"])
        with connected(server.api, delays=()) as remote:
            assert server.objects[PREFIX + "480p/index.m3u8"].body == read_stored_file(remote, entry)
            monkeypatch.setattr(stored_files, "MOST_BYTES", 10)
            with pytest.raises(TransferError, match="far more than such a file has"):
                read_stored_file(remote, entry)
