"""backend.maintenance.garbage: what of a storage no manifest names, and what stays all the same."""

import asyncio
import os

import pytest
import s3_server

from backend.maintenance.garbage import StorageContents, garbage_in
from backend.maintenance.garbage_collection import delete_garbage, delete_uploads, find_garbage, find_uploads
from pipeline.transfer.manifests.manifest import ConfirmedFile, merge_manifest
from pipeline.transfer.manifests.manifest_text import manifest_json
from storage import LocalSettings, StorageError, StoredObject, create

KINDS = ["local"] if s3_server.missing_programs() else ["local", pytest.param("s3", marks=pytest.mark.s3)]
OLD_S, BEFORE_S, YOUNG_S = 1_000_000.0, 2_000_000.0, 3_000_000.0
LATER_S = 10_000_000_000.0
"""Long after everything that a test stores."""


def _manifest(prefix, names, *, version_folder="", begun=False):
    """Return the manifest of a stream whose files lie in a version's folder, but for the master."""
    files = [
        ConfirmedFile(
            folder="/x",
            name=name,
            key=prefix + ("" if name == "master.m3u8" else version_folder) + name,
            url="",
            size_bytes=1,
            mtime_ns=0,
            md5=None,
            etag=None,
            uploaded_at="2026-01-31T12:00:00Z",
        )
        for name in names
    ]
    return merge_manifest(
        None,
        title="Lesson",
        backend_url="http://x",
        bucket=None,
        prefix=prefix,
        now="2026-01-31T12:00:00Z",
        confirmed=[] if begun else files,
    )


def _contents(times, manifests, masters=None):
    objects = [
        StoredObject(path=path, size_bytes=1, modified_s=modified_s, etag="", md5=None)
        for path, modified_s in sorted(times.items())
    ]
    return StorageContents(objects=objects, manifests=manifests, masters=masters or {})


def _found(times, manifests, masters=None, **options):
    """Return the paths that can go, and what is said of the rest."""
    options = {"before_s": BEFORE_S, "with_unmanaged": False, **options}
    found = garbage_in(_contents(times, manifests, masters), **options)
    return [stored.path for stored in found.objects], list(found.kept)


STREAM = ("master.m3u8", "480p/seg_1.ts")
MASTER_1, MASTER_2 = b"#EXTM3U\n480p/index.m3u8\n", b"#EXTM3U\nv2/480p/index.m3u8\n"


def _stream(prefix, *, version_folder="", modified_s=OLD_S):
    return {
        f"{prefix}manifest.json": modified_s,
        f"{prefix}master.m3u8": modified_s,
        f"{prefix}{version_folder}480p/seg_1.ts": modified_s,
    }


def test_a_version_that_was_replaced_goes():
    """Its segments, where the manifest names those of the next one; everything that is named stays."""
    times = {**_stream("a/", version_folder="v2/"), "a/480p/seg_1.ts": OLD_S - 1, "a/480p/seg_2.ts": OLD_S - 1}
    manifests = {"a/": _manifest("a/", STREAM, version_folder="v2/")}

    assert (["a/480p/seg_1.ts", "a/480p/seg_2.ts"], []) == _found(times, manifests, {"a/": MASTER_2})


@pytest.mark.parametrize("young", ["a/manifest.json", "a/v2/480p/seg_9.ts", "a/480p/seg_1.ts"])
def test_a_place_where_something_has_changed_lately_is_left_alone(young):
    """An upload may be under way, or viewers may still play the version before."""
    times = {**_stream("a/", version_folder="v2/"), "a/480p/seg_1.ts": OLD_S - 1, young: YOUNG_S}
    manifests = {"a/": _manifest("a/", STREAM, version_folder="v2/")}
    gone, kept = _found(times, manifests, {"a/": MASTER_2})

    assert ([], 1) == (gone, len(kept))
    assert "may be of an upload that is under way" in kept[0]


def test_what_an_upload_that_broke_off_has_left_goes():
    """A replacement that was never published: players are led elsewhere, and nothing comes any more."""
    times = {**_stream("a/"), "a/v2/480p/seg_1.ts": OLD_S + 5}

    assert (["a/v2/480p/seg_1.ts"], []) == _found(times, {"a/": _manifest("a/", STREAM)}, {"a/": MASTER_1})


def test_what_is_played_stays_though_no_manifest_names_it():
    """The upload ended between the master and the manifest."""
    times = {**_stream("a/"), "a/v2/480p/seg_1.ts": OLD_S + 5, "a/v3/480p/seg_1.ts": OLD_S + 5}
    gone, kept = _found(times, {"a/": _manifest("a/", STREAM)}, {"a/": MASTER_2})

    assert (["a/v3/480p/seg_1.ts"], 1) == (gone, len(kept))
    assert kept[0].startswith("a/: 1 file of a newer stream")


@pytest.mark.parametrize("odd", [None, _manifest("b/", STREAM)], ids=["can't be read", "of another place"])
def test_a_manifest_that_tells_nothing_keeps_everything(odd):
    """Its place is named, and other places are looked at all the same."""
    times = {**_stream("a/"), "a/old.ts": OLD_S, **_stream("c/"), "c/old.ts": OLD_S}
    manifests = {"a/": odd, "c/": _manifest("c/", STREAM)}
    found = _found(times, manifests, {"c/": MASTER_1}, with_unmanaged=True)

    assert (["c/old.ts"], ["The manifest at a/ can't be read: everything there stays."]) == found


def test_a_manifest_whose_files_are_all_gone_keeps_everything():
    """It may be of a storage that is not there as a whole."""
    times = {"a/manifest.json": OLD_S, "a/other.ts": OLD_S}
    found = _found(
        {key: value for key, value in times.items() if key != "a/manifest.json"}, {"a/": _manifest("a/", STREAM)}
    )

    assert ([], ["No file of the manifest at a/ is there: everything there stays."]) == found


def test_a_stream_below_another_is_judged_by_its_own_manifest():
    """The course's own leftovers go, while its lesson is being uploaded."""
    times = {**_stream("c/"), "c/old.ts": OLD_S, **_stream("c/l/"), "c/l/old.ts": YOUNG_S}
    manifests = {"c/": _manifest("c/", STREAM), "c/l/": _manifest("c/l/", STREAM)}
    gone, kept = _found(times, manifests, {"c/": MASTER_1, "c/l/": MASTER_1})

    assert (["c/old.ts"], 1, True) == (gone, len(kept), kept[0].startswith("c/l/: 1 file that no manifest names"))


def test_what_has_no_manifest_goes_only_if_it_is_asked_for():
    """Streams of other programs, files of nobody, and uploads that never ended."""
    times = {
        **_stream("a/"),
        "b/master.m3u8": OLD_S,
        "b/720p/seg_1.ts": OLD_S,
        "begun/manifest.json": OLD_S,
        "begun/720p/seg_1.ts": OLD_S,
        "file.bin": OLD_S,
    }
    manifests = {"a/": _manifest("a/", STREAM), "begun/": _manifest("begun/", (), begun=True)}
    contents = _contents(times, manifests, {"a/": MASTER_1})
    without = garbage_in(contents, before_s=BEFORE_S, with_unmanaged=False)
    asked = garbage_in(contents, before_s=BEFORE_S, with_unmanaged=True)

    assert ((), ()) == (without.groups, without.kept)
    assert ["", "b/", "begun/"] == [group.prefix for group in without.unmanaged]
    assert ["", "b/", "begun/"] == [group.prefix for group in asked.groups]
    assert set(times) - set(_stream("a/")) == {stored.path for stored in asked.objects}


@pytest.mark.parametrize("young", ["b/480p/seg_9.ts", "b/poster.jpg"])
def test_an_upload_without_a_manifest_is_left_alone_while_it_goes_on(young):
    """Whatever has come lately: a quality that was sent long ago is of the same stream."""
    times = {"b/720p/seg_1.ts": OLD_S, "b/480p/seg_1.ts": OLD_S, "other/x/a.ts": OLD_S, young: YOUNG_S}
    gone, kept = _found(times, {}, with_unmanaged=True)

    assert (["other/x/a.ts"], 1) == (gone, len(kept))


@pytest.fixture
def loop():
    """The event loop of a test's storage."""
    made = asyncio.new_event_loop()
    yield made
    made.run_until_complete(made.shutdown_asyncgens())
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


@pytest.fixture(params=KINDS)
def storage(request, tmp_path, loop):
    """An empty storage that is started, of each kind in turn."""
    is_local = request.param == "local"
    made = create(LocalSettings(root=tmp_path / "root") if is_local else request.getfixturevalue("s3_settings"))
    loop.run_until_complete(made.start())
    yield made
    loop.run_until_complete(made.close())


async def _chunks(content):
    yield content


async def _save(storage, objects):
    for path, content in objects.items():
        await storage.save(path, _chunks(content), size_bytes=len(content))


PUBLISHED = {
    "a/master.m3u8": MASTER_2,
    "a/v2/480p/seg_1.ts": b"new",
    "a/manifest.json": manifest_json(_manifest("a/", STREAM, version_folder="v2/"), for_server=True),
    "broken/manifest.json": b'{"files": [',
    "broken/old.ts": b"stays",
}


def test_what_is_found_is_deleted_and_nothing_else(storage, loop):
    """In a folder and in a bucket; finding it out deletes nothing, and a second run finds nothing."""

    async def collected():
        await _save(storage, {"a/480p/seg_1.ts": b"old", "a/480p/ü &+#.ts": b"old", **PUBLISHED, "mine.ts": b"mine"})
        found = await find_garbage(storage, before_s=LATER_S, with_unmanaged=False)
        before = await storage.list_files()
        done = await delete_garbage(storage, found, before_s=LATER_S)
        again = await find_garbage(storage, before_s=LATER_S, with_unmanaged=False)
        return found, before, done, again, await storage.list_files()

    found, before, done, again, after = loop.run_until_complete(collected())

    assert ["a/480p/seg_1.ts", "a/480p/ü &+#.ts"] == [stored.path for stored in found.objects]
    assert (8, (0, ())) == (len(before), (done.changed, done.failures))
    assert (sorted([*PUBLISHED, "mine.ts"]), []) == (after, again.objects)
    assert ("The manifest at broken/ can't be read: everything there stays.",) == found.kept


def test_uploads_in_parts_that_were_never_completed_go(storage, loop):
    """Those to which nothing came for long, with their size; one that goes on stays."""

    async def collected():
        upload_id = await storage.begin_parts("big.mp4", content_type="video/mp4")
        await storage.save_part("big.mp4", upload_id, 1, _chunks(b"part"), size_bytes=4)
        found = await find_uploads(storage, before_s=LATER_S)
        kept = await delete_uploads(storage, found, before_s=0)
        gone = await delete_uploads(storage, found, before_s=LATER_S)
        return upload_id, found, kept, gone, await find_uploads(storage, before_s=LATER_S)

    upload_id, found, kept, gone, left = loop.run_until_complete(collected())

    assert [("big.mp4", upload_id, 4)] == [(one.path, one.upload_id, one.size_bytes) for one in found]
    assert ([], found, []) == (kept, gone, left)


@pytest.fixture
def local(tmp_path, loop):
    """A storage in a folder, with a version that was replaced and files without a manifest."""
    made = create(LocalSettings(root=tmp_path / "root"))
    loop.run_until_complete(made.start())
    loop.run_until_complete(_save(made, {"a/480p/seg_1.ts": b"old", "a/480p/seg_2.ts": b"old", **PUBLISHED}))
    loop.run_until_complete(_save(made, {"b/master.m3u8": b"#EXTM3U\n", "b/x.ts": b"x", "b/y.ts": b"y"}))
    for file in (tmp_path / "root").rglob("*.*"):
        os.utime(file, (OLD_S, OLD_S))
    yield made
    loop.run_until_complete(made.close())


def test_what_changes_between_looking_and_deleting_stays(local, loop, tmp_path):
    """An upload goes on there, a manifest comes that names it, or it is stored anew."""

    async def collected(change):
        found = await find_garbage(local, before_s=BEFORE_S, with_unmanaged=True)
        await change()
        done = await delete_garbage(local, found, before_s=BEFORE_S)
        return len(found.objects), done.changed, len(done.deleted)

    async def goes_on():
        await _save(local, {"a/v3/480p/seg_1.ts": b"next", "b/z.ts": b"z"})

    assert (5, 5, 0) == loop.run_until_complete(collected(goes_on))
    for path in ("a/v3/480p/seg_1.ts", "b/z.ts"):
        os.utime(tmp_path / "root" / path, (OLD_S, OLD_S))

    async def is_named():
        names = ("master.m3u8", "480p/seg_1.ts", "480p/seg_2.ts")
        await _save(local, {"a/manifest.json": manifest_json(_manifest("a/", names), for_server=True)})
        await _save(local, {"b/manifest.json": manifest_json(_manifest("b/", ("master.m3u8",)), for_server=True)})

    assert (7, 7, 0) == loop.run_until_complete(collected(is_named))


@pytest.mark.parametrize("above", ["", "lessons/"], ids=["at the top", "in the folder above"])
def test_a_manifest_that_came_above_keeps_everything(local, loop, above):
    """What had none, and is looked at alone before it goes, may belong to that one now."""

    async def collected():
        await _save(local, {"lessons/a/x/480p/seg_1.ts": b"x", "lessons/a/x/master.m3u8": MASTER_1})
        found = await find_garbage(local, before_s=LATER_S, with_unmanaged=True)
        await _save(local, {f"{above}manifest.json": manifest_json(_manifest(above, STREAM), for_server=True)})
        done = await delete_garbage(local, found, before_s=LATER_S)
        return [stored.path for stored in found.objects], [stored.path for stored in done.deleted]

    found, deleted = loop.run_until_complete(collected())

    assert {"lessons/a/x/480p/seg_1.ts", "lessons/a/x/master.m3u8"} <= set(found)
    assert [] == [path for path in deleted if path.startswith("lessons/")]


@pytest.mark.parametrize("step", range(1, 6))
def test_killed_in_the_middle_it_goes_on(local, loop, monkeypatch, step):
    """No stream is left that players begin and can't go on with; the next run deletes the rest."""
    delete, calls = local.delete, []

    async def cancelled(path):
        calls.append(path)
        if len(calls) == step:
            raise asyncio.CancelledError
        await delete(path)

    monkeypatch.setattr(local, "delete", cancelled)

    async def collected():
        found = await find_garbage(local, before_s=BEFORE_S, with_unmanaged=True)
        return await delete_garbage(local, found, before_s=BEFORE_S)

    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(collected())
    half = loop.run_until_complete(local.list_files())
    monkeypatch.setattr(local, "delete", delete)
    loop.run_until_complete(collected())

    assert set(PUBLISHED) <= set(half)
    assert "b/master.m3u8" not in half or {"b/x.ts", "b/y.ts"} <= set(half)
    assert sorted(PUBLISHED) == loop.run_until_complete(local.list_files())


def test_an_object_that_cant_be_deleted_is_named(local, loop, monkeypatch):
    """The others go; of a stream that stays in part, nothing that tells what it is goes before the rest."""
    delete = local.delete

    async def refused(path):
        if path.endswith(("seg_1.ts", "b/master.m3u8")):
            raise StorageError("it is locked.")
        await delete(path)

    monkeypatch.setattr(local, "delete", refused)

    async def collected():
        found = await find_garbage(local, before_s=BEFORE_S, with_unmanaged=True)
        return await delete_garbage(local, found, before_s=BEFORE_S), await local.list_files()

    done, left = loop.run_until_complete(collected())

    assert (
        "a/480p/seg_1.ts was not deleted: it is locked.",
        "b/master.m3u8 was not deleted: it is locked.",
    ) == done.failures
    assert sorted([*PUBLISHED, "a/480p/seg_1.ts", "b/master.m3u8", "b/x.ts", "b/y.ts"]) == left


def test_a_huge_manifest_is_not_read(local, loop, monkeypatch):
    """It can't be one: its place is named and stays."""
    monkeypatch.setattr("backend.maintenance.garbage_collection.MOST_MANIFEST_BYTES", 10)
    found = loop.run_until_complete(find_garbage(local, before_s=BEFORE_S, with_unmanaged=False))

    assert ([], 2) == (found.objects, len([sentence for sentence in found.kept if "can't be read" in sentence]))
