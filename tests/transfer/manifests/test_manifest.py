"""What a manifest says, and what becomes of it upload after upload."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.transfer.manifests.manifest import MAX_VERSIONS, ConfirmedFile, merge_manifest, newest
from pipeline.transfer.manifests.manifest_text import ManifestFormatError, file_fields, manifest_json, parse_manifest

PREFIX = "videos/course/lesson/"
FIRST, SECOND = "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"
FOLDER = Path("/jobs/lesson")


def confirmed(name: str, md5: str | None = "a" * 32, **other) -> ConfirmedFile:
    """Return a file that the store has confirmed."""
    fields = {
        "folder": str(FOLDER.absolute()),
        "key": PREFIX + name,
        "url": f"https://cdn.example/{name}?X-Amz-Signature=1",
        "size_bytes": 10,
    }
    return ConfirmedFile(**{**fields, "name": name, "mtime_ns": 1_772_366_400_000_000_000, "md5": md5, **other})


def merged(*files: ConfirmedFile, previous=None, now=FIRST, **other):
    """Return the manifest after an upload of these files."""
    place = {"title": "Lesson", "backend_url": "https://api.example/", "bucket": None, "prefix": PREFIX}
    return merge_manifest(previous, **{**place, **other}, now=now, confirmed=files)


def test_every_field_of_a_file_is_there():
    """Name, key, address without its query, size, MD5, type, times and place."""
    [file] = json.loads(manifest_json(merged(confirmed("480p/seg_001.ts", etag="e")), for_server=False))["files"]
    assert {
        "filename": "480p/seg_001.ts",
        "s3_key": PREFIX + "480p/seg_001.ts",
        "s3_url": "https://cdn.example/480p/seg_001.ts",
        "size_bytes": 10,
        "md5_hash": "a" * 32,
        "etag": "e",
        "content_type": "video/mp2t",
        "uploaded_at": FIRST,
        "last_modified": FIRST,
        "local_path": str(FOLDER.absolute() / "480p" / "seg_001.ts"),
    } == file


def test_the_head_says_what_and_where():
    """Title, place, times and totals, the bucket null where it is not known."""
    stored = json.loads(manifest_json(merged(confirmed("b.ts"), confirmed("a.ts", size_bytes=5)), for_server=False))
    assert {
        "title": "Lesson",
        "backend_url": "https://api.example",
        "bucket": None,
        "prefix": PREFIX,
        "created_at": FIRST,
        "last_synced": FIRST,
        "total_files": 2,
        "total_size_bytes": 15,
    } == {name: value for name, value in stored.items() if name not in ("files", "versions")}


def test_files_are_sorted():
    """However the upload ended, the manifest of the same files is the same."""
    assert ["a.ts", "b.ts", "c.ts"] == [
        file.filename for file in merged(confirmed("c.ts"), confirmed("a.ts"), confirmed("b.ts")).files
    ]


def test_the_servers_copy_tells_nothing_of_this_computer():
    """Neither where files lie nor the backend's address, in earlier versions either."""
    manifest = merged(
        confirmed("a.ts", md5="b" * 32), previous=merged(confirmed("a.ts"), confirmed("gone.ts")), now=SECOND
    )
    text = manifest_json(manifest, for_server=True).decode()
    assert [False, False, False] == [word in text for word in ("local_path", "/jobs", "api.example")]


def test_a_file_that_was_sent_again_takes_the_place_of_the_old_one():
    """One entry a file, the totals counted anew, the old entry among the earlier versions."""
    before = merged(confirmed("a.ts"), confirmed("b.ts"))
    after = merged(confirmed("a.ts", md5="b" * 32, size_bytes=7), confirmed("b.ts"), previous=before, now=SECOND)
    [version] = after.versions
    assert (2, 17, FIRST, SECOND) == (after.total_files, after.total_size_bytes, after.created_at, after.last_synced)
    assert ((before.files[0],), (), FIRST, SECOND, 20) == (
        version.replaced,
        version.removed,
        version.last_synced,
        version.replaced_at,
        version.total_size_bytes,
    )


def test_a_file_that_is_in_the_job_no_more_is_recorded():
    """It leaves the files, and the earlier version keeps its entry."""
    before = merged(confirmed("a.ts"), confirmed("b.ts"))
    after = merged(confirmed("a.ts"), previous=before, now=SECOND)
    assert (["a.ts"], (before.files[1],)) == ([file.filename for file in after.files], after.versions[0].removed)


def test_a_stream_that_moved_leaves_an_earlier_version():
    """The same content under v2/ is another object."""
    after = merged(confirmed("a.ts", key=f"{PREFIX}v2/a.ts"), previous=merged(confirmed("a.ts")), now=SECOND)
    assert [PREFIX + "a.ts"] == [file.s3_key for file in after.versions[0].replaced]


def test_an_upload_that_changes_nothing_is_no_version():
    """What was not sent keeps its MD5, its ETag and the time when it was."""
    before = merged(confirmed("a.ts", etag="e"))
    after = merged(confirmed("a.ts", md5=None), previous=before, now=SECOND)
    assert ((), before.files, SECOND) == (after.versions, after.files, after.last_synced)


def test_other_content_of_the_same_size_is_another_file():
    """Nothing of the one before is true of it."""
    [file] = merged(confirmed("a.ts", md5="b" * 32), previous=merged(confirmed("a.ts", etag="e")), now=SECOND).files
    assert ("b" * 32, None, SECOND) == (file.md5_hash, file.etag, file.uploaded_at)


def test_what_the_server_had_already_keeps_its_address():
    """Nobody asked for it anew."""
    after = merged(confirmed("a.ts", url=""), previous=merged(confirmed("a.ts")), now=SECOND)
    assert ["https://cdn.example/a.ts"] == [file.s3_url for file in after.files]


@pytest.mark.parametrize("place", ["", "v2/"])
def test_the_manifest_knows_where_the_stream_lies(place):
    """The master playlist is at the prefix itself always."""
    assert (
        place
        == merged(confirmed("master.m3u8"), confirmed("z.vtt", key=f"{PREFIX}{place}z.vtt")).placement.version_folder
    )


def test_keys_that_a_backend_chose_say_nothing_of_the_place():
    """They may lie anywhere."""
    assert (
        ""
        == merged(
            confirmed("a.ts", key="elsewhere/a.ts"), confirmed("b.ts", key=PREFIX + "x-b.ts")
        ).placement.version_folder
    )


def test_an_unknown_md5_of_other_content_stays_unknown():
    """The MD5 of the file before would be a lie."""
    after = merged(confirmed("a.ts", md5=None, size_bytes=11), previous=merged(confirmed("a.ts")), now=SECOND)
    assert (None, SECOND) == (after.files[0].md5_hash, after.files[0].uploaded_at)


def test_earlier_versions_do_not_grow_without_end():
    """The newest are kept, newest first."""
    manifest = None
    for number in range(MAX_VERSIONS + 3):
        manifest = merged(
            confirmed("a.ts", md5=f"{number:032x}"), previous=manifest, now=f"2026-03-{number + 1:02d}T12:00:00Z"
        )
    assert [f"2026-03-{day:02d}T12:00:00Z" for day in range(12, 2, -1)] == [
        version.last_synced for version in manifest.versions
    ]


@pytest.mark.parametrize(
    "other", [{"prefix": "videos/other/"}, {"backend_url": "https://other.example"}], ids=["prefix", "backend"]
)
def test_a_manifest_of_another_destination_is_not_gone_on_with(other):
    """The same folder may go to several places."""
    after = merged(confirmed("a.ts"), previous=merged(confirmed("b.ts"), **other), now=SECOND)
    assert (SECOND, ()) == (after.created_at, after.versions)


def test_the_manifest_does_not_name_itself():
    """Its own MD5 can't be in it."""
    assert ["a.ts"] == [file.filename for file in merged(confirmed("a.ts"), confirmed("manifest.json")).files]


def test_the_newest_manifest_counts():
    """Of what folder, library and server have."""
    old, new = merged(confirmed("a.ts")), merged(confirmed("b.ts"), now=SECOND)
    assert (new, None) == (newest([None, old, new]), newest([None]))


@pytest.mark.parametrize("name", ["a b.ts", "ä/日本.ts", "+&#%.ts", "bad-\udcff.ts", 'quote"\\.ts'], ids=ascii)
def test_what_was_written_is_read_again(name):
    """Whatever a file is called, and its history too."""
    manifest = merged(confirmed(name), previous=merged(confirmed(name), confirmed("old.ts")), now=SECOND)
    assert manifest == parse_manifest(manifest_json(manifest, for_server=False))


@pytest.mark.parametrize("for_server", [False, True], ids=["here", "server"])
@pytest.mark.parametrize("name", ["a b.ts", "ä/日本.ts", "bad-\udcff.ts", 'quote"\\\n.ts'], ids=ascii)
def test_a_line_has_one_file_as_json_writes_it(name, for_server):
    """Written without the library, for its speed, and to the byte what that writes."""
    manifest = merged(confirmed(name, md5=None, etag="e"), confirmed("z.ts"))
    fields = [json.dumps(file_fields(file, for_server=for_server)) for file in manifest.files]
    text = manifest_json(manifest, for_server=for_server).decode("ascii")
    assert "\n " + ",\n ".join(fields) + "\n]" in text


def test_the_servers_copy_is_read_again():
    """Without places and backend, which are then not known."""
    manifest = merged(confirmed("a.ts"))
    expected = replace(manifest, backend_url=None, files=(replace(manifest.files[0], local_path=None),))
    assert expected == parse_manifest(manifest_json(manifest, for_server=True))


def _as_json_writes_it(text: bytes) -> bytes:
    return json.dumps(json.loads(text), indent=2).encode()


def _with_a_file_in_two_lines(text: bytes) -> bytes:
    return text.replace(b'"s3_key":', b'\n"s3_key":', 1)


def _with_windows_lines(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    "written_as", [bytes, _as_json_writes_it, _with_a_file_in_two_lines, _with_windows_lines], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 2500])
def test_a_manifest_is_read_however_its_lines_are_ended(written_as, count):
    """A line a file, as this program writes it, or in any other form of JSON; however many are read at a time."""
    files = [confirmed(f"seg_{number:05}.ts") for number in range(count)]
    manifest = merged(*files, previous=merged(confirmed("old.ts")), now=SECOND)
    assert manifest == parse_manifest(written_as(manifest_json(manifest, for_server=False)))


def _changed(change) -> bytes:
    stored = json.loads(manifest_json(merged(confirmed("a.ts"), confirmed("b.ts")), for_server=False))
    change(stored)
    return json.dumps(stored).encode()


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        (b'"size_bytes": 10', b'"size_bytes": -1', r"files\[0\].size_bytes must be a whole number"),
        (b'"filename": "b.ts"', b'"filename": "a.ts"', "files names a.ts twice"),
        (b'"filename": "b.ts"', b'"filename": 5', r"files\[1\].filename must be text"),
        (b"\n],\n", b"\n", "it is not JSON"),
        (b'"title": "Lesson"', b'"title": 5', "title must be text"),
        (b'"versions": []', b'"versions": 5', "versions must be a list"),
    ],
    ids=["size", "twice", "name", "end", "title", "versions"],
)
def test_what_is_wrong_in_a_line_is_named(find, put, said):
    """Where a file has its line the sentence is the same."""
    text = manifest_json(merged(confirmed("a.ts"), confirmed("b.ts")), for_server=False)
    with pytest.raises(ManifestFormatError, match=said):
        parse_manifest(text.replace(find, put, 1))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is not JSON"),
        (b'{"files": [', "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it must be an object"),
        (b"{}", "files must be a list"),
        (_changed(lambda m: m.update(title=5)), "title must be text"),
        (_changed(lambda m: m.update(bucket=[])), "bucket must be text"),
        (_changed(lambda m: m.update(versions={})), "versions must be a list"),
        (_changed(lambda m: m["files"].append(None)), r"files\[2\] must be an object"),
        (_changed(lambda m: m["files"][1].update(filename="a.ts")), "files names a.ts twice"),
        (_changed(lambda m: m["files"][0].update(filename="")), r"files\[0\].filename must be text"),
        (_changed(lambda m: m["files"][0].update(size_bytes=-1)), r"files\[0\].size_bytes must be a whole number"),
        (_changed(lambda m: m["files"][0].update(size_bytes=1.5)), r"files\[0\].size_bytes must be a whole number"),
        (_changed(lambda m: m["files"][0].update(size_bytes=10**400)), r"files\[0\].size_bytes must be a whole number"),
        (_changed(lambda m: m["files"][0].update(size_bytes=True)), r"files\[0\].size_bytes must be a whole number"),
        (_changed(lambda m: m["files"][0].pop("s3_url")), r"files\[0\].s3_url must be text"),
        (_changed(lambda m: m["versions"].append({"last_synced": ""})), r"versions\[0\].replaced_at must be text"),
    ],
    ids=str,
)
def test_what_is_no_manifest_is_named(data, said):
    """The field that is wrong, and what it should be."""
    with pytest.raises(ManifestFormatError, match=said):
        parse_manifest(data)
