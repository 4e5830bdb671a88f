"""transcripts.cache: what earlier versions kept of a dataset on S3 goes on being read."""

import shutil
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from storage import S3Uri
from transcripts import cache as module
from transcripts.cache import CacheMetadata, DatasetCache, PendingWrite
from transcripts.errors import DocumentError

KEPT = Path(__file__).resolve().parents[1] / "kept"
URI = S3Uri(bucket="course", key="week1/transcripts.json")
NAME = "7dca9b87a9442ddfcfd7f77777bb4c27"


def test_what_is_kept(tmp_path):
    """Metadata of the first format is read, with the save whose answer did not come."""
    cache = DatasetCache(tmp_path, URI)
    cache.path.parent.mkdir()
    cache.path.write_bytes(b"edited")
    shutil.copy(KEPT / "dataset_metadata_1.json", cache.metadata_path)
    cache.path.with_name(f"{cache.path.stem}.base-0123456789ab.json").write_bytes(b"{}")
    known = cache.metadata()

    assert (
        CacheMetadata(
            uri=str(URI),
            etag='"a09a7b4d1b8f1d8142829caabac38bb3"',
            checked_at_s=1795953545.25,
            base_id="0123456789ab",
            digest="99914b932bd37a50b983c5e7c90ae93b",
            pending=(PendingWrite(write_id="5f0c5e9d9d0c4b7c8f0f0d6f1c2b3a49", base_id="ba9876543210"),),
        )
        == known
    )
    assert b"{}" == cache.base(known)
    assert cache.is_edited(known)


def test_stores_are_kept_apart(tmp_path):
    """The same address at two stores is two datasets."""
    places = {
        DatasetCache(tmp_path, URI, server=server).path for server in ("", "http://127.0.0.1:1", "https://s3.example")
    }

    assert 3 == len(places)
    assert {f"{NAME}.json"} == {path.name for path in places}


def test_a_full_disk(tmp_path, monkeypatch):
    """A dataset that does not fit leaves nothing behind, however often it is tried."""
    write_whole = module.write_whole

    def write(path, content):
        if path.suffix == ".metadata":
            raise OutputError("full") from OSError(28, "No space left on device")
        write_whole(path, content)

    monkeypatch.setattr(module, "write_whole", write)
    cache = DatasetCache(tmp_path, URI)
    new = CacheMetadata(uri=str(URI), etag='"e"', checked_at_s=0, base_id="", digest="")
    for _ in range(2):
        with pytest.raises(DocumentError, match="No space left on device"):
            cache.replace(b"{}", new)

    assert [] == list(cache.path.parent.iterdir())
