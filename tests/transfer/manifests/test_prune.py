"""What is left over at a destination, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inventory_server import PREFIX, running_inventory, upload, write_job

from pipeline.errors import AuthenticationError, SettingsError
from pipeline.transfer.manifests.prune import delete_leftovers, leftovers
from pipeline.transfer.manifests.remote import connected

BEFORE, AFTER = "2026-02-01T00:00:00Z", "2026-03-01T12:00:01Z"


@pytest.fixture
def server():
    """A server that offers everything."""
    with running_inventory() as running:
        yield running


@pytest.fixture
def manifest(server, tmp_path):
    """A folder's manifest after its upload."""
    return upload(server, write_job(tmp_path / "lesson"), None)


def _found(server, *manifests, others=()):
    with connected(server.api, delays=()) as remote:
        return leftovers(remote, manifests, others)


def _keys(found):
    return [stored.key.removeprefix(PREFIX) for stored in found.objects]


def test_what_no_manifest_names_is_left_over(server, manifest):
    """Removed files and older streams, v1/ as well; not the manifest, and nothing of other destinations."""
    server.put("videos/course/lesson-2/a.ts", b"x", last_modified=BEFORE)
    for name in ("old +&#% é.ts", "v1/480p/seg_001.ts", "v1/480p/index.m3u8"):
        server.put(PREFIX + name, b"xyz", last_modified=BEFORE)
    found = _found(server, manifest)
    assert (["old +&#% é.ts", "v1/480p/index.m3u8", "v1/480p/seg_001.ts"], 9, ()) == (
        _keys(found),
        found.size_bytes,
        found.kept,
    )


def test_finding_out_deletes_nothing(server, manifest):
    """It only reads."""
    server.put(PREFIX + "old.ts", b"x", last_modified=BEFORE)
    _found(server, manifest)
    assert {"GET"} == {asked.method for asked in server.asked}


def test_what_is_left_over_is_deleted_and_nothing_else(server, manifest):
    """The rest is as it was."""
    kept = dict(server.objects)
    server.put(PREFIX + "old +&#% é.ts", b"x", last_modified=BEFORE)
    with connected(server.api, delays=()) as remote:
        deleted = delete_leftovers(remote, leftovers(remote, [manifest], ()))
    assert (kept, [""]) == (server.objects, [one.error for one in deleted])


def test_an_upload_that_goes_on_is_left_alone(server, manifest):
    """What came after the last finished one may be part of the next; so does what has no time."""
    server.put(PREFIX + "480p/seg_101.ts", b"x", last_modified=AFTER)
    server.put(PREFIX + "480p/seg_102.ts", b"x", last_modified="")
    found = _found(server, manifest)
    assert ([], 1, True) == (_keys(found), len(found.kept), found.kept[0].startswith("2 files arrived after"))


def test_a_newer_stream_than_the_manifests_know_is_left_alone(server, manifest):
    """Whenever it came: another computer may have published it, or be about to."""
    server.put(PREFIX + "v2/480p/seg_001.ts", b"x", last_modified=BEFORE)
    found = _found(server, manifest)
    assert ([], True) == (_keys(found), found.kept[0].startswith("1 file of a newer stream than the manifests name"))


def test_the_servers_own_clock_counts(server, manifest):
    """A computer whose clock is ahead must not take a new upload for an old one."""
    server.put(PREFIX + "480p/seg_101.ts", b"x", last_modified=AFTER)
    assert [] == _keys(_found(server, replace(manifest, last_synced="2030-01-01T00:00:00Z")))


def test_without_a_manifest_on_the_server_its_time_is_that_of_the_upload(server, manifest):
    """Older files go, newer ones stay."""
    del server.objects[manifest.own_key]
    server.put(PREFIX + "old.ts", b"x", last_modified=BEFORE)
    server.put(PREFIX + "new.ts", b"x", last_modified=AFTER)
    assert ["old.ts"] == _keys(_found(server, manifest))


@pytest.mark.parametrize("name", ["manifest.json", "master.m3u8"])
def test_a_destination_inside_another_stays(server, manifest, name):
    """One destination can lie in the folder of another, and has its own manifest or at least a master playlist."""
    server.put(f"{PREFIX}part2/{name}", b"x", last_modified=BEFORE)
    server.put(f"{PREFIX}part2/480p/seg_001.ts", b"x", last_modified=BEFORE)
    found = _found(server, manifest)
    assert ([], (f"{PREFIX}part2/ is a destination of its own: it stays.",)) == (_keys(found), found.kept)


def test_a_destination_that_the_library_knows_stays(server, manifest):
    """Also where nothing on the server tells."""
    server.put(f"{PREFIX}part2/a.ts", b"x", last_modified=BEFORE)
    assert [] == _keys(_found(server, manifest, others=[PREFIX, f"{PREFIX}part2/"]))


def test_what_either_manifest_names_stays(server, manifest):
    """Another computer may have uploaded since."""
    server.put(PREFIX + "theirs.ts", b"x", last_modified=BEFORE)
    theirs = replace(manifest, last_synced=AFTER, files=(replace(manifest.files[0], s3_key=PREFIX + "theirs.ts"),))
    found = _found(server, manifest, theirs)
    assert ([], True) == (_keys(found), "different uploads" in found.kept[0])


@pytest.mark.parametrize("offers", [{"delete": True}, None], ids=["no list", "nothing"])
def test_a_server_that_does_not_list_is_said(server, manifest, offers):
    """Nothing is guessed."""
    server.offers = offers
    with pytest.raises(SettingsError, match="does not list"):
        _found(server, manifest)


def test_a_server_that_does_not_delete_is_said(server, manifest):
    """After what is left over was found."""
    server.offers["delete"] = False
    server.put(PREFIX + "old.ts", b"x", last_modified=BEFORE)
    with connected(server.api, delays=()) as remote, pytest.raises(SettingsError, match="does not delete"):
        delete_leftovers(remote, leftovers(remote, [manifest], ()))


def test_a_list_without_any_of_the_files_is_not_believed(server, manifest):
    """The backend keeps the files somewhere else then, and what it lists is not what the manifest means."""
    server.objects.clear()
    server.put(PREFIX + "other.ts", b"x", last_modified=BEFORE)
    with pytest.raises(SettingsError, match="lists no file of the manifest"):
        _found(server, manifest)


def test_addresses_that_viewers_know_stay(server, tmp_path):
    """An earlier version stored the transcript in v2/: what is at its address is old, and better than nothing there."""
    folder = write_job(tmp_path / "lesson")
    first = upload(server, folder, None, now=BEFORE)
    manifest = upload(server, folder, None, version_folder="v2/", previous=first)
    found = _found(server, manifest)
    assert ["480p/index.m3u8", "480p/seg_001.ts", "480p/seg_002.ts"] == _keys(found)
    assert [True] == [
        text.startswith("2 files of the video before at an address that viewers know, such as ") for text in found.kept
    ]


@pytest.mark.parametrize("prefix", ["", "/", "../", "videos"])
def test_a_destination_that_is_none_is_refused(server, manifest, prefix):
    """An empty one would be everything there is."""
    with pytest.raises(SettingsError, match="S3 destination"):
        _found(server, replace(manifest, prefix=prefix))
    assert [] == server.requests("GET", "/api/s3/objects")


def test_what_can_not_be_deleted_is_said_and_the_rest_is_deleted(server, manifest):
    """With the reason; a refused token ends it."""
    for name in ("a.old", "b.old"):
        server.put(PREFIX + name, b"x", last_modified=BEFORE)
    found = _found(server, manifest)
    server.answers["/api/s3/object"].append((403, b"{}"))
    with connected(server.api, delays=()) as remote:
        errors = [bool(one.error) for one in delete_leftovers(remote, found)]
    assert ([False, True], 1) == (sorted(errors), sum(key.endswith(".old") for key in server.objects))
    server.answers["/api/s3/object"].append((401, b"{}"))
    with connected(server.api, delays=()) as remote, pytest.raises(AuthenticationError):
        delete_leftovers(remote, found)
