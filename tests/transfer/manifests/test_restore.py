"""Bringing files back: whole, checked, and only where they belong."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from inventory_server import NAMES, PREFIX, running_inventory, upload, write_job

from pipeline.errors import AuthenticationError, OutputError, SettingsError
from pipeline.transfer.manifests import inventory as module
from pipeline.transfer.manifests.local_copy import path_for
from pipeline.transfer.manifests.placement import AT_THE_PREFIX
from pipeline.transfer.manifests.remote import connected
from pipeline.transfer.manifests.restorable import tells_case_apart
from pipeline.transfer.manifests.restore import RestoreOutcome, named_entries, restore

SEGMENT = "480p/seg_001.ts"
MASTER = b"""#EXTM3U
#EXT-X-SESSION-DATA:DATA-ID="c",URI="transcript.srt"
#EXT-X-MEDIA:TYPE=SUBTITLES,URI="subtitles/en/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1
480p/index.m3u8
"""


@pytest.fixture
def server():
    """A server that offers everything."""
    with running_inventory() as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    """A job's folder."""
    return write_job(tmp_path / "lesson")


@pytest.fixture
def manifest(server, folder):
    """The manifest of that folder after its upload."""
    return upload(server, folder, None)


@pytest.fixture
def out(tmp_path):
    """Where files are restored to."""
    return tmp_path / "out dir"


def _restored(server, entries, out, placement=AT_THE_PREFIX):
    with connected(server.api, delays=(0,)) as remote:
        return {one.filename: one.outcome for one in restore(remote, entries, out, placement=placement)}


def _files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("reads", [True, False], ids=["signed", "public"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "whole"])
def test_a_folder_comes_back_byte_for_byte(server, folder, manifest, out, monkeypatch, reads, ranges):
    """By the address that the backend gives, or by the public one; in slices,
    or whole where the store knows no ranges.
    """
    monkeypatch.setattr(module, "SLICE_BYTES", 100)
    server.offers["read"], server.ranges = reads, ranges
    assert dict.fromkeys(sorted(NAMES), RestoreOutcome.RESTORED) == _restored(server, manifest.files, out)
    assert {name: (folder / name).read_bytes() for name in NAMES} == _files(out)
    assert bool(server.requests("GET", "/api/s3/object")) is reads


def test_what_is_there_already_is_not_loaded(server, manifest, folder):
    """By its MD5: a file of the same size is another one."""
    (folder / SEGMENT).write_bytes(b"x" * len((folder / SEGMENT).read_bytes()))
    done = _restored(server, manifest.files, folder)
    assert [SEGMENT] == [name for name, outcome in done.items() if outcome is RestoreOutcome.RESTORED]
    assert {f"/store/{PREFIX}{SEGMENT}"} == {asked.path for asked in server.asked if asked.path.startswith("/store/")}


def test_a_stream_that_lies_in_a_folder_of_its_own_comes_back_as_it_was(server, folder, out, tmp_path):
    """Its master playlist leads into v2/ on the server, and beside the files here; another time it is there already."""
    (folder / "master.m3u8").write_bytes(MASTER)
    manifest = upload(server, folder, None, version_folder="v2/")
    stored = server.objects[PREFIX + "master.m3u8"].body
    done = [_restored(server, manifest.files, out, manifest.placement) for _ in range(2)]
    assert (True, MASTER) == (b"\nv2/480p/index.m3u8" in stored, (out / "master.m3u8").read_bytes())
    assert [{RestoreOutcome.RESTORED}, {RestoreOutcome.KEPT}] == [set(outcomes.values()) for outcomes in done]


def test_single_files_and_folders_are_chosen(manifest):
    """A name that is neither is an error, and all of them are named."""
    assert ["480p/index.m3u8", SEGMENT, "480p/seg_002.ts", "master.m3u8"] == [
        f.filename for f in named_entries(manifest, ["480p/", "master.m3u8", SEGMENT])
    ]
    with pytest.raises(SettingsError) as caught:
        named_entries(manifest, ["480", "gone.ts"])
    assert 2 == len(caught.value.problems)


def test_a_half_loaded_file_is_gone_on_with(server, manifest, folder, out):
    """What is there is not loaded again."""
    whole = (folder / SEGMENT).read_bytes()
    (out / "480p").mkdir(parents=True)
    (out / "480p" / ".seg_001.ts.part").write_bytes(whole[:300])
    assert {SEGMENT: RestoreOutcome.RESTORED} == _restored(server, named_entries(manifest, [SEGMENT]), out)
    [asked] = server.requests("GET", f"/store/{PREFIX}{SEGMENT}")
    assert ({SEGMENT: whole}, f"bytes=300-{len(whole) - 1}") == (_files(out), asked.headers["Range"])


def test_a_store_without_ranges_begins_anew(server, manifest, folder, out):
    """What is there is written over."""
    server.ranges = False
    whole = (folder / SEGMENT).read_bytes()
    (out / "480p").mkdir(parents=True)
    (out / "480p" / ".seg_001.ts.part").write_bytes(whole[:300])
    assert {SEGMENT: RestoreOutcome.RESTORED} == _restored(server, named_entries(manifest, [SEGMENT]), out)
    assert ({SEGMENT: whole}, 1) == (_files(out), len(server.requests("GET", f"/store/{PREFIX}{SEGMENT}")))


@pytest.mark.parametrize("left", [b"other", b"other" * 1000, b""], ids=["short", "too long", "empty"])
def test_what_another_version_left_half_loaded_is_loaded_anew(server, manifest, folder, out, left):
    """The MD5 finds it out."""
    (out / "480p").mkdir(parents=True)
    (out / "480p" / ".seg_001.ts.part").write_bytes(left)
    assert {SEGMENT: RestoreOutcome.RESTORED} == _restored(server, named_entries(manifest, [SEGMENT]), out)
    assert {SEGMENT: (folder / SEGMENT).read_bytes()} == _files(out)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda server, key: server.put(key, b"y" * len(server.objects[key].body)),
        lambda server, key: server.put(key, b"short"),
        lambda server, key: server.objects.pop(key),
    ],
    ids=["other content", "other size", "gone"],
)
def test_what_is_not_what_was_uploaded_is_not_restored(server, manifest, out, spoil):
    """Nothing with the file's name is left, what was there before stays, and the others come."""
    (out / "480p").mkdir(parents=True)
    (out / SEGMENT).write_bytes(b"mine")
    spoil(server, PREFIX + SEGMENT)
    done = _restored(server, manifest.files, out)
    assert {SEGMENT} == {name for name, outcome in done.items() if outcome is RestoreOutcome.FAILED}
    assert (b"mine", set(NAMES)) == ((out / SEGMENT).read_bytes(), set(_files(out)))


def test_a_file_without_md5_is_compared_by_size_and_said_to_be(server, manifest, out):
    """Nobody is told that it was checked."""
    entry = replace(named_entries(manifest, [SEGMENT])[0], md5_hash=None)
    (out / "480p").mkdir(parents=True)
    (out / "480p" / ".seg_001.ts.part").write_bytes(b"of another version")
    with connected(server.api, delays=()) as remote:
        [restored] = restore(remote, [entry], out, placement=AT_THE_PREFIX)
    assert (RestoreOutcome.RESTORED, False) == (restored.outcome, restored.checked)
    assert {SEGMENT: server.objects[PREFIX + SEGMENT].body} == _files(out)


@pytest.mark.parametrize(
    "name",
    [
        "../out.ts",
        "a/../../out.ts",
        "/etc/out.ts",
        "//host/out.ts",
        "a//b.ts",
        "./a.ts",
        "a/",
        "..",
        "a\0.ts",
        "a\n.ts",
        "link/out.ts",
        "link",
        "loop/out.ts",
        "\ud800.ts",
        ".hidden.ts",
        ".ssh/authorized_keys",
        "480p/.seg_001.ts.part",
        "job.json",
        "manifest.json",
        "upload_log_2026-01-01_000000.txt",
        "desktop.ini",
        "n" * 250,
        "480p/seg_001.ts/a.ts",
    ],
    ids=ascii,
)
def test_what_does_not_belong_into_the_folder_is_left_out(server, manifest, out, tmp_path, name):
    """Whatever a manifest says: it is named with the reason, and the others come back."""
    out.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (out / "link").symlink_to(tmp_path / "elsewhere")
    (out / "loop").symlink_to(out / "loop")
    bad = replace(manifest.files[0], filename=name)
    with connected(server.api, delays=(0,)) as remote:
        done = restore(remote, [*manifest.files, bad], out, placement=AT_THE_PREFIX)
    assert {name} == {one.filename for one in done if one.outcome is RestoreOutcome.FAILED and one.text}
    names = {"elsewhere", "lesson", "out dir", *(f"out dir/{one}" for one in ("link", "loop", "480p", *NAMES))}
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert names == {one for one in found if not one.startswith("lesson/")}


@pytest.mark.parametrize("apart", [True, False])
def test_names_that_differ_in_case_alone(server, manifest, out, monkeypatch, apart):
    """Where a disk does not tell them apart the second is left out: it would replace the first, or be mixed with it."""
    monkeypatch.setattr("pipeline.transfer.manifests.restore.tells_case_apart", lambda folder: apart)
    segment = named_entries(manifest, [SEGMENT])[0]
    same = [replace(segment, filename=name) for name in ("480P/Seg_001.ts", "480p/Seg_001.ts/a", "e\u0301", "\u00e9")]
    found = _restored(server, [segment, *same], out)
    failed = {name for name, outcome in found.items() if outcome is RestoreOutcome.FAILED}
    assert (set() if apart else {SEGMENT, "480p/Seg_001.ts/a", "\u00e9"}) == failed


def test_whether_a_disk_tells_case_apart_is_tried(tmp_path):
    """Nothing is left behind."""
    lower, upper = tmp_path / "probe", tmp_path / "PROBE"
    lower.write_bytes(b"")
    assert (not upper.exists()) == tells_case_apart(tmp_path)
    assert [lower] == list(tmp_path.iterdir())


def test_a_link_with_the_name_of_a_half_loaded_file_is_not_followed(server, manifest, out, tmp_path):
    """Its target stays as it is."""
    (tmp_path / "mine.txt").write_bytes(b"mine")
    (out / "480p").mkdir(parents=True)
    (out / "480p" / ".seg_001.ts.part").symlink_to(tmp_path / "mine.txt")
    assert {SEGMENT: RestoreOutcome.RESTORED} == _restored(server, named_entries(manifest, [SEGMENT]), out)
    assert b"mine" == (tmp_path / "mine.txt").read_bytes()


@pytest.mark.parametrize(
    "name", ["..\\out.ts", "C:/out.ts", "C:out.ts", "con.ts", "a:b.ts", "a?.ts", "dir./a.ts", "nul", "a .ts "]
)
def test_names_that_windows_takes_for_something_else(tmp_path, monkeypatch, name):
    """There they are refused, elsewhere they are names like others."""
    assert tmp_path / name == path_for(tmp_path, name)
    monkeypatch.setattr("pipeline.transfer.manifests.local_copy.sys.platform", "win32")
    with pytest.raises(SettingsError):
        path_for(tmp_path, name)


def test_a_place_that_can_not_be_written_is_one_sentence(server, manifest, tmp_path):
    """Before anything is loaded."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file"):
        _restored(server, manifest.files, tmp_path / "file")
    assert [] == [asked for asked in server.asked if asked.path.startswith("/store/")]


def test_a_full_disk_ends_the_restore(server, manifest, out, monkeypatch):
    """The other files would fail as well."""

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        _restored(server, manifest.files, out)


def test_a_folder_in_the_way_is_one_sentence(server, manifest, out):
    """It is not removed for a file."""
    (out / SEGMENT).mkdir(parents=True)
    with pytest.raises(OutputError, match=r"seg_001\.ts can't be written"):
        _restored(server, named_entries(manifest, [SEGMENT]), out)


def test_a_token_that_ends_in_the_middle_ends_the_restore(server, manifest, out):
    """Nobody has to wait for all files to fail."""
    server.answers["/api/s3/object"].append((401, b"{}"))
    with pytest.raises(AuthenticationError):
        _restored(server, manifest.files, out)
