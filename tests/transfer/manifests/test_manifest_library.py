"""Manifests on disk: beside the job's files and in the library."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.transfer.manifests import manifest_library
from pipeline.transfer.manifests.manifest import ConfirmedFile, merge_manifest
from pipeline.transfer.manifests.manifest_library import (
    LocalCopies,
    ManifestError,
    find,
    library,
    library_path,
    local_copies,
    read_manifest,
    write_copies,
)

API, PREFIX = "https://api.example", "videos/course/lesson/"


def manifest(*, backend_url=API, prefix=PREFIX, now="2026-03-01T12:00:00Z"):
    """Return a manifest of one file."""
    file = ConfirmedFile(
        folder="/jobs/lesson",
        name="a.ts",
        key=prefix + "a.ts",
        url="https://cdn.example/a.ts",
        size_bytes=1,
        mtime_ns=0,
    )
    return merge_manifest(
        None, title="Lesson", backend_url=backend_url, bucket=None, prefix=prefix, now=now, confirmed=[file]
    )


@pytest.fixture
def folder(tmp_path):
    """A job's folder."""
    (tmp_path / "lesson").mkdir()
    return tmp_path / "lesson"


@pytest.fixture
def data_dir(tmp_path):
    """The data folder, which is not there yet."""
    return tmp_path / "data"


def test_both_copies_are_the_manifest(folder, data_dir):
    """One beside the files, and one in the library."""
    notices = write_copies(manifest(), folder, data_dir)
    [one] = library(data_dir)[0]
    assert (manifest(), manifest(), ()) == (read_manifest(folder / "manifest.json"), one.manifest, notices)


def test_the_library_names_a_destination_by_slug_and_hash():
    """Two backends, and two destinations of one slug, have files of their own."""
    names = [
        library_path(Path("d"), *place).name
        for place in ((API, "a/b/"), (API, "a-b/"), ("https://x.example", "a/b/"), (API + "/", "a/b/"))
    ]
    assert ("a-b-", "_s3_manifest.json", 3, names[3]) == (names[0][:4], names[0][16:], len(set(names)), names[0])


def test_a_library_that_can_not_be_written_is_a_notice(folder, tmp_path):
    """The upload is as good without it."""
    (tmp_path / "file").write_bytes(b"")
    notices = write_copies(manifest(), folder, tmp_path / "file")
    assert (1, True, manifest()) == (
        len(notices),
        "could not be written" in notices[0],
        read_manifest(folder / "manifest.json"),
    )


def test_without_a_home_there_is_no_library(folder):
    """Nothing is written and nothing is known."""
    assert ((), ([], ())) == (write_copies(manifest(), folder, None), library(None))


def test_a_folder_that_takes_no_manifest_is_an_error(tmp_path):
    """It is named."""
    with pytest.raises(OutputError, match=r"gone.manifest\.json can't be written"):
        write_copies(manifest(), tmp_path / "gone", None)


def test_the_newer_copy_is_the_one_before(folder, data_dir):
    """The folder may have been copied from elsewhere, or the library be older."""
    write_copies(manifest(), folder, data_dir)
    newer = manifest(now="2026-04-01T12:00:00Z")
    write_copies(newer, folder, None)
    assert LocalCopies(beside=newer, known=newer) == local_copies(folder, data_dir, API, PREFIX)


def test_a_copy_of_another_destination_is_not_the_one_before(folder, data_dir):
    """The folder's manifest is of where it was sent last."""
    write_copies(manifest(), folder, data_dir)
    write_copies(manifest(prefix="videos/other/", now="2026-04-01T12:00:00Z"), folder, data_dir)
    assert manifest() == local_copies(folder, data_dir, API, PREFIX).known


def test_a_broken_copy_is_said_and_written_anew(folder, data_dir):
    """An upload does not fail for it."""
    (folder / "manifest.json").write_text("{")
    found = local_copies(folder, data_dir, API, PREFIX)
    assert (None, True) == (found.known, found.notices[0].endswith("It is written anew."))


def test_a_folder_a_file_and_a_destination_are_found(folder, data_dir):
    """Only a folder, or the manifest in it, says where the files are."""
    write_copies(manifest(), folder, data_dir)
    kept = library_path(data_dir, API, PREFIX)
    named = {
        str(folder): folder,
        str(folder / "manifest.json"): folder,
        str(kept): None,
        PREFIX: None,
        PREFIX.rstrip("/"): None,
    }
    found = {name: find(name, data_dir, API) for name in named}
    assert named == {name: one.folder for name, one in found.items()}
    assert {manifest()} == {one.manifest for one in found.values()}


def test_a_destination_at_two_backends_is_that_of_the_backend_in_use(folder, data_dir):
    """Without one, somebody has to say which."""
    other = manifest(backend_url="https://other.example")
    write_copies(manifest(), folder, data_dir)
    write_copies(other, folder, data_dir)
    assert other == find(PREFIX, data_dir, "https://other.example/").manifest
    with pytest.raises(ManifestError, match="known at several backends"):
        find(PREFIX, data_dir, "")


def test_what_is_not_known_is_nothing(data_dir, folder):
    """A destination may be known to the server; a folder or a file that is not there is an error."""
    assert (None, None) == (find("videos/unknown/", data_dir, API), find("videos/unknown/", None, API))
    for name in (str(folder), str(folder / "manifest.json"), "x" * 5000):
        with pytest.raises(ManifestError):
            find(name, data_dir, API)


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("{}"), lambda path: path.mkdir()], ids=["json", "folder"]
)
def test_what_can_not_be_read_is_one_sentence(tmp_path, make):
    """The file is named, whatever it is."""
    make(tmp_path / "m.json")
    with pytest.raises(ManifestError, match=r"m\.json"):
        read_manifest(tmp_path / "m.json")


def test_a_huge_file_is_not_read(folder, monkeypatch):
    """No manifest is so large."""
    monkeypatch.setattr(manifest_library, "MAX_BYTES", 500)
    write_copies(manifest(), folder, None)
    with pytest.raises(ManifestError, match="is larger than"):
        read_manifest(folder / "manifest.json")


def test_the_library_lists_what_can_be_read(folder, data_dir):
    """Sorted by destination; a broken file does not hide the others."""
    for prefix in ("videos/b/", "videos/a/"):
        write_copies(manifest(prefix=prefix), folder, data_dir)
    (data_dir / "s3_manifests" / "broken_s3_manifest.json").write_text("[")
    found, problems = library(data_dir)
    assert (["videos/a/", "videos/b/"], 1) == ([one.manifest.prefix for one in found], len(problems))


def test_a_crash_leaves_the_manifest_before(folder, data_dir, monkeypatch):
    """Old or new, never a part."""
    write_copies(manifest(), folder, data_dir)

    def crash(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OutputError, match="No space left"):
        write_copies(replace(manifest(), title="New"), folder, data_dir)
    assert manifest() == read_manifest(folder / "manifest.json")
