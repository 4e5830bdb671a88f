"""Files here, manifest and server, compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inventory_server import NAMES, PREFIX, running_inventory, upload, write_job

from config import BackendApi
from pipeline.errors import AuthenticationError, SettingsError
from pipeline.transfer.manifests.remote import connected
from pipeline.transfer.manifests.verify import Location, verify

SEGMENT = "480p/seg_001.ts"
COUNT = len(NAMES)


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


def _verified(server, manifest, folder, *, deep=False, api=None):
    with connected(api or server.api, delays=()) as remote:
        return verify(manifest, folder, remote, deep=deep)


def _found(result):
    return [(finding.file, finding.side, finding.text) for finding in result.findings]


@pytest.mark.parametrize("deep", [False, True], ids=["quick", "deep"])
@pytest.mark.parametrize("lists", [True, False], ids=["list", "read"])
def test_what_was_uploaded_agrees(server, folder, manifest, deep, lists):
    """Every file on both sides, nothing left out."""
    server.offers["list"] = lists
    result = _verified(server, manifest, folder, deep=deep)
    assert ((), (), COUNT, COUNT, COUNT) == (
        result.findings,
        result.unchecked,
        result.files,
        result.local_files,
        result.server_files,
    )


def test_files_are_found_where_the_manifest_says_they_were(server, folder, manifest):
    """The library's manifest lies elsewhere."""
    (folder / SEGMENT).unlink()
    assert [(SEGMENT, Location.LOCAL, "The file is missing.")] == _found(_verified(server, manifest, None))


def test_files_that_differ_here_are_findings(server, folder, manifest):
    """Gone, longer, changed, and never uploaded."""
    (folder / "master.m3u8").write_bytes(b"longer" * 1000)
    (folder / SEGMENT).write_bytes(b"x" * (folder / SEGMENT).stat().st_size)
    (folder / "480p/seg_002.ts").unlink()
    (folder / "new.vtt").write_bytes(b"")
    assert [
        (SEGMENT, Location.LOCAL, "The file has other content than was uploaded (MD5 differs)."),
        ("480p/seg_002.ts", Location.LOCAL, "The file is missing."),
        ("master.m3u8", Location.LOCAL, f"The file has 6000 bytes, in the manifest {len('master.m3u8 0') * 50}."),
        ("new.vtt", Location.LOCAL, "The file is not in the manifest: it was not uploaded."),
    ] == _found(_verified(server, manifest, folder))


def test_a_master_that_leads_into_a_folder_of_its_own_agrees(server, folder):
    """It was uploaded with other addresses than it has here."""
    (folder / "master.m3u8").write_bytes(
        b'#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID="c",URI="transcript.srt"\n480p/index.m3u8\n'
    )
    manifest = upload(server, folder, None, version_folder="v2/")
    assert [] == _found(_verified(server, manifest, folder, deep=True))
    (folder / "master.m3u8").write_bytes(b"#EXTM3U\n720p/index.m3u8\n")
    assert [("master.m3u8", Location.LOCAL)] == [found[:2] for found in _found(_verified(server, manifest, folder))]


def test_a_folder_whose_media_were_deleted_is_no_finding(server, folder, manifest):
    """Deleting after the upload is what editors ask for; the server is compared."""
    for name in NAMES:
        (folder / name).unlink()
    result = _verified(server, manifest, folder)
    assert ((), True, 0, COUNT) == (
        result.findings,
        "not on this computer" in result.unchecked[0],
        result.local_files,
        result.server_files,
    )


@pytest.mark.parametrize("lists", [True, False], ids=["list", "read"])
def test_files_that_differ_on_the_server_are_findings(server, folder, manifest, lists):
    """Gone, longer and changed."""
    server.offers["list"] = lists
    del server.objects[PREFIX + "480p/seg_002.ts"]
    server.put(PREFIX + "master.m3u8", b"longer" * 1000)
    server.put(PREFIX + SEGMENT, b"x" * len(server.objects[PREFIX + SEGMENT].body))
    assert [
        (SEGMENT, Location.SERVER, "The file has other content than was uploaded (MD5 differs)."),
        ("480p/seg_002.ts", Location.SERVER, "The file is missing."),
        ("master.m3u8", Location.SERVER, f"The file has 6000 bytes, in the manifest {len('master.m3u8 0') * 50}."),
    ] == _found(_verified(server, manifest, folder))


def test_without_an_md5_the_etag_tells(server, folder, manifest):
    """As after a large file's upload in parts."""
    files = tuple(replace(file, etag="x-2") if file.filename == SEGMENT else file for file in manifest.files)
    body = server.objects[PREFIX + SEGMENT].body
    server.put(PREFIX + SEGMENT, body, md5=False)
    result = _verified(server, replace(manifest, files=files), folder)
    assert ((), ()) == (result.findings, result.unchecked)
    other = _verified(server, manifest, folder)
    assert [(SEGMENT, Location.SERVER, "The file was stored again since then (ETag differs).")] == _found(other)


def test_what_could_be_compared_by_size_only_is_said(server, folder, manifest):
    """And read whole with deep."""
    server.put(PREFIX + SEGMENT, b"x" * len(server.objects[PREFIX + SEGMENT].body), md5=False)
    unknown = replace(manifest, files=tuple(replace(file, etag=None) for file in manifest.files))
    result = _verified(server, unknown, folder)
    assert ((), ("1 file could be compared by size only: the server does not say an MD5.",)) == (
        result.findings,
        result.unchecked,
    )
    assert [(SEGMENT, Location.SERVER)] == [
        found[:2] for found in _found(_verified(server, unknown, folder, deep=True))
    ]


def test_deep_does_not_believe_what_the_server_says(server, folder, manifest):
    """It reads every byte, and says of nothing twice that it is missing."""
    stored = server.objects[PREFIX + SEGMENT]
    server.objects[PREFIX + SEGMENT] = replace(stored, body=stored.body[:-1] + b"?")
    del server.objects[PREFIX + "480p/seg_002.ts"]
    assert (1, 2) == tuple(len(_verified(server, manifest, folder, deep=deep).findings) for deep in (False, True))


def test_another_manifest_on_the_server_is_a_finding(server, folder, manifest):
    """Another computer uploaded since, or the upload of this one's failed."""
    del server.objects[manifest.own_key]
    gone = _verified(server, manifest, folder)
    (folder / SEGMENT).write_bytes(b"changed")
    upload(server, folder, None, now="2026-05-01T00:00:00Z", previous=manifest)
    other = _verified(server, manifest, folder)
    assert ["manifest.json"] == [finding.file for finding in gone.findings]
    assert "another upload (synced 2026-05-01" in next(
        one.text for one in other.findings if one.file == "manifest.json"
    )


def test_more_on_the_server_is_said(server, folder, manifest):
    """It is no difference: players do not get it."""
    server.put(PREFIX + "v1/a.ts", b"x")
    result = _verified(server, manifest, folder)
    assert ((), True) == (result.findings, "manifest prune" in result.unchecked[0])


def test_keys_that_a_backend_chose_are_looked_up(server, folder, manifest):
    """The list shows the destination only."""
    server.objects["elsewhere/a.ts"] = server.objects.pop(PREFIX + SEGMENT)
    files = tuple(
        replace(file, s3_key="elsewhere/a.ts") if file.filename == SEGMENT else file for file in manifest.files
    )
    moved = replace(manifest, files=files)
    server.offers["manifest"] = False
    assert [] == _found(_verified(server, moved, folder))
    server.offers["read"] = False
    result = _verified(server, moved, folder)
    assert ([], COUNT - 1, True) == (
        _found(result),
        result.server_files,
        "could not be looked up" in result.unchecked[-1],
    )


@pytest.mark.parametrize("offers", [None, {"version": 1}], ids=["unknown", "nothing"])
def test_a_server_that_offers_nothing_is_said(server, folder, manifest, offers):
    """Nothing is guessed; deep reads the public addresses."""
    server.offers = offers
    quick, deep = (_verified(server, manifest, folder, deep=deep) for deep in (False, True))
    assert ((), 0, 2) == (quick.findings, quick.server_files, len(quick.unchecked))
    assert ((), COUNT, 1) == (deep.findings, deep.server_files, len(deep.unchecked))


def test_what_nothing_shows_is_counted(server, folder, manifest):
    """Files that could be compared by size only or not at all are not proven; those that differ or agree are judged."""
    server.put(PREFIX + SEGMENT, server.objects[PREFIX + SEGMENT].body, md5=False)
    files = tuple(replace(file, etag=None, s3_url="") for file in manifest.files)
    unknown = replace(manifest, files=files)
    assert (0, 1) == (_verified(server, manifest, folder).unproven, _verified(server, unknown, folder).unproven)
    del server.objects[PREFIX + "480p/seg_002.ts"]
    assert 1 == _verified(server, unknown, folder).unproven
    server.offers = None
    results = [_verified(server, one, folder, deep=deep) for one in (manifest, unknown) for deep in (False, True)]
    assert [COUNT, 0, COUNT, COUNT] == [result.unproven for result in results]
    assert [0, 1, 0, 0] == [len(result.findings) for result in results]
    assert "6 files could not be read: the manifest has no address" in results[-1].unchecked[-1]


def test_a_server_that_takes_every_etag_for_an_md5(server, folder, manifest):
    """An encrypting store's ETag is none: where it is still the one of the upload, the object is."""
    tag = "0123456789abcdef0123456789abcdef"
    server.objects[PREFIX + SEGMENT] = replace(server.objects[PREFIX + SEGMENT], md5=tag, etag=tag)
    files = tuple(replace(file, etag=tag) if file.filename == SEGMENT else file for file in manifest.files)
    result = _verified(server, replace(manifest, files=files), folder)
    assert ((), (), 0) == (result.findings, result.unchecked, result.unproven)


def test_without_a_backend_the_files_here_are_compared(server, folder, manifest):
    """And the public addresses read when asked."""
    (folder / SEGMENT).unlink()
    quick, deep = (_verified(server, manifest, folder, deep=deep, api=BackendApi()) for deep in (False, True))
    said = "No backend is configured (BACKEND_URL): it was not asked."
    hint = f"{said} Use --deep to read the files at their public addresses."
    assert (1, (hint,), 0) == (len(quick.findings), quick.unchecked, quick.server_files)
    assert (1, (said,), COUNT, []) == (
        len(deep.findings),
        deep.unchecked,
        deep.server_files,
        server.requests("GET", "/api/s3/capabilities"),
    )


def test_a_manifest_that_leads_out_of_the_folder_is_refused(server, folder, manifest):
    """Other files are not looked at."""
    files = (replace(manifest.files[0], filename="../secret"), *manifest.files[1:])
    with pytest.raises(SettingsError, match="not a path inside a folder"):
        _verified(server, replace(manifest, files=files), folder)


@pytest.mark.parametrize(("lists", "deep"), [(False, False), (True, True)], ids=["quick", "deep"])
def test_a_refused_token_is_no_finding(server, folder, manifest, lists, deep):
    """It ends the comparison."""
    server.offers["list"] = lists
    server.answers["/api/s3/object"].append((401, b"{}"))
    with pytest.raises(AuthenticationError):
        _verified(server, manifest, folder, deep=deep)
