"""Whose stream lies in a folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest
from inventory_server import PREFIX, running_inventory, upload, write_job

from cli.main import EXIT_DONE, run_command
from config import Config
from pipeline.facts import Facts
from pipeline.fingerprint import Fingerprint
from pipeline.job_file import JobFile, write_job_file
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.manifests.manifest import ConfirmedFile, merge_manifest
from pipeline.transfer.manifests.manifest_library import read_manifest, write_beside
from pipeline.transfer.manifests.ownership import DestinationOwner, SourceContent

ONE = SourceContent(size_bytes=5, sha256_head_tail="a" * 64, path="/videos/lesson.mp4")


@pytest.fixture
def server():
    """A server that offers everything."""
    with running_inventory() as running:
        yield running


@pytest.fixture
def uploaded(server, tmp_path):
    """A folder that was uploaded and has no job."""
    folder = write_job(tmp_path / "hls")
    upload(server, folder, None, source=ONE)
    return folder


@pytest.mark.parametrize("times", [{"mtime_ns": 7}, {}], ids=["earlier version", "now"])
def test_a_folder_belongs_to_the_source_of_its_job(tmp_path, times):
    """As job.json says, whichever version wrote it."""
    source = Fingerprint(size_bytes=5, sha256_head_tail="a" * 64, **times)
    write_job_file(tmp_path, JobFile(source_path="/videos/lesson.mp4", source=source, settings={}, done=Facts()))
    owner = owner_of(tmp_path)
    assert (DestinationOwner(title="lesson", content=ONE), "/videos/lesson.mp4") == (owner, owner.content.path)


def test_a_path_that_was_noted_as_typed(tmp_path, monkeypatch):
    """It is known while it still leads to the source; from elsewhere nobody can say where that is."""
    source = Fingerprint(size_bytes=5, sha256_head_tail="a" * 64)
    write_job_file(tmp_path, JobFile(source_path="lesson.mp4", source=source, settings={}, done=Facts()))
    (tmp_path / "lesson.mp4").touch()
    monkeypatch.chdir(tmp_path)
    here = owner_of(tmp_path)
    monkeypatch.chdir("/")
    assert (str(tmp_path / "lesson.mp4"), None) == (here.content.path, owner_of(tmp_path).content.path)


@pytest.mark.parametrize("text", [None, "{", "[]", '{"source": {"size_bytes": 5}}'])
def test_a_folder_without_a_job_is_known_by_its_name_and_its_stream(tmp_path, text):
    """Whatever job.json holds that can't be understood; a copy on another computer is the same."""
    owners = []
    for place in ("one", "other"):
        folder = write_job(tmp_path / place / "Week 1")
        if text is not None:
            (folder / "job.json").write_text(text)
        owners.append(owner_of(folder))
    one, other = owners
    assert ("Week 1", None, one) == (one.title, one.content.path, other)


@pytest.mark.parametrize("name", ["master.m3u8", "480p/seg_001.ts", "480p/seg_002.ts"])
def test_folders_of_one_name_with_other_streams_are_two(tmp_path, name):
    """Many an encoder writes the same master for every video: its segments tell."""
    one, other = (write_job(tmp_path / place / "hls") for place in ("one", "other"))
    (other / name).write_bytes((other / name).read_bytes() + b"longer")
    assert owner_of(one).is_another(owner_of(other))
    assert owner_of(other).is_another(owner_of(one))


def test_a_stream_of_equal_sizes_is_known_by_its_first_segment(tmp_path):
    """As a constant bit rate gives them."""
    one, other = (write_job(tmp_path / place / "hls") for place in ("one", "other"))
    (other / "480p/seg_001.ts").write_bytes((other / "480p/seg_001.ts").read_bytes()[::-1])
    assert owner_of(one).is_another(owner_of(other))


def test_a_folder_without_a_stream_is_known_by_its_name(tmp_path):
    """Whether it can be sent is said by whoever sends it."""
    assert DestinationOwner(title="Week 1") == owner_of(tmp_path / "Week 1")


def test_a_folder_that_was_uploaded_stays_what_its_manifest_says(uploaded):
    """Also after another quality, captions and so another master came into it."""
    (uploaded / "720p").mkdir()
    (uploaded / "720p" / "seg_001.ts").write_bytes(b"larger")
    (uploaded / "subtitles.vtt").write_bytes(b"WEBVTT")
    (uploaded / "master.m3u8").write_bytes(b"#EXTM3U with 720p")
    assert DestinationOwner(title="Lesson", content=ONE) == owner_of(uploaded)


@pytest.mark.parametrize("times", ["kept", "new"])
def test_a_copy_of_an_uploaded_folder_belongs_to_the_same(uploaded, times):
    """By the time of one media file, or by its MD5 where a copy has none of the times."""
    if times == "new":
        for path in uploaded.rglob("*.ts"):
            os.utime(path, (1, 1))
    else:
        manifest = read_manifest(uploaded / "manifest.json")
        write_beside(replace(manifest, files=tuple(replace(file, md5_hash=None) for file in manifest.files)), uploaded)
    assert ONE == owner_of(uploaded).content


def test_a_folder_that_is_used_again_is_not_the_video_before(uploaded):
    """The manifest of that still lies in it, with none of its media; playlists may well be the same."""
    for path in uploaded.rglob("*.ts"):
        path.write_bytes(path.read_bytes()[::-1])
        os.utime(path, (1, 1))
    owner = owner_of(uploaded)
    assert ("hls", True) == (owner.title, owner.is_another(DestinationOwner(title="hls", content=ONE)))


def test_a_manifest_of_an_earlier_version_gives_the_title(server, tmp_path):
    """It names no content, so that is the stream's from now on."""
    folder = write_job(tmp_path / "hls")
    content = owner_of(folder).content
    upload(server, folder, None)
    assert DestinationOwner(title="Lesson", content=content) == owner_of(folder)


def test_a_restored_folder_belongs_to_its_destination(server, uploaded, tmp_path, capsys):
    """From the server's manifest alone, on a computer that uploaded nothing; its manifest comes with it."""
    config, back = Config(backend=server.api, data_dir=tmp_path / "none"), tmp_path / "back"
    assert EXIT_DONE == run_command(["manifest", "restore", PREFIX, "-o", str(back)], config)
    assert (DestinationOwner(title="Lesson", content=ONE), None) == (owner_of(back), owner_of(back).content.path)


@pytest.mark.parametrize("left", ["seg_00000.ts", "seg_01499.ts"], ids=["the first", "one of the last"])
def test_one_of_many_media_files_is_enough(tmp_path, left):
    """Wherever it stands in the manifest."""
    same = {"folder": str(tmp_path), "url": "", "size_bytes": 1, "mtime_ns": 0, "md5": hashlib.md5(b"x").hexdigest()}
    names = [f"seg_{number:05}.ts" for number in range(1500)]
    files = [ConfirmedFile(name=name, key=PREFIX + name, **same) for name in names]
    place = {"backend_url": "https://api.example", "bucket": None, "prefix": PREFIX, "now": "2026-03-01T12:00:00Z"}
    write_beside(merge_manifest(None, title="Lesson", source=ONE, confirmed=files, **place), tmp_path)
    (tmp_path / left).write_bytes(b"x")
    assert DestinationOwner(title="Lesson", content=ONE) == owner_of(tmp_path)
    (tmp_path / left).write_bytes(b"y")
    assert "Lesson" != owner_of(tmp_path).title
