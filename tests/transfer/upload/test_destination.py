"""Whose stream stands at a destination, whatever the server offers to find that out with."""

from __future__ import annotations

import hashlib
import json
from contextlib import nullcontext
from dataclasses import replace

import pytest
from store_server import TOKEN, Fault
from upload_parts import FOLDER, PREFIX, RecordingToken, write_folder

from config import BackendApi
from pipeline.errors import AuthenticationError, DestinationTakenError, SettingsError, TransferError
from pipeline.transfer.manifests.inventory import MANIFEST
from pipeline.transfer.manifests.manifest import FileEntry, Manifest
from pipeline.transfer.manifests.manifest_head import HEAD_BYTES
from pipeline.transfer.manifests.manifest_library import LIBRARY, library_files, library_path
from pipeline.transfer.manifests.manifest_text import manifest_json, parse_manifest
from pipeline.transfer.manifests.ownership import DestinationOwner, SourceContent
from pipeline.transfer.upload.destination import DestinationCheck
from pipeline.transfer.upload.destination_look import others_below
from pipeline.transfer.upload.uploader import Uploader

MANIFEST_KEY = PREFIX + "manifest.json"
HERE = DestinationOwner(title="lecture", content=SourceContent(size_bytes=1, sha256_head_tail="a" * 64))
OTHER = DestinationOwner(title="lecture", content=SourceContent(size_bytes=1, sha256_head_tail="b" * 64))
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
SEGMENT = FOLDER["720p/seg_001.ts"]
FILES = (
    FileEntry(
        filename="720p/seg_001.ts",
        s3_key=f"{PREFIX}720p/seg_001.ts",
        s3_url="",
        size_bytes=len(SEGMENT),
        md5_hash=hashlib.md5(SEGMENT).hexdigest(),
        etag=None,
        content_type="video/mp2t",
        uploaded_at="2026-01-01T00:00:00Z",
        last_modified="2026-01-01T00:00:00Z",
        local_path=None,
    ),
)
OFFERS = {
    "everything": {"list": True, "read": True, "manifest": True},
    "read and manifest": {"read": True, "manifest": True},
    "read": {"read": True},
    "manifest": {"manifest": True},
    "the three requests": None,
}


@pytest.fixture
def manifest(server):
    """A function that returns a manifest of the destination."""

    def of(owner: DestinationOwner, last_synced: str = EARLY, prefix: str = PREFIX) -> Manifest:
        return Manifest(
            title=owner.title,
            backend_url=server.url,
            bucket=None,
            prefix=prefix,
            created_at=EARLY,
            last_synced=last_synced,
            files=FILES,
            source=owner.content,
        )

    return of


@pytest.fixture
def put(server, manifest):
    """A function that puts a stream of an owner on the server."""

    def stream(owner: DestinationOwner, last_synced: str = EARLY) -> None:
        server.stored[PREFIX + "master.m3u8"] = b"#EXTM3U"
        server.stored[MANIFEST_KEY] = manifest_json(manifest(owner, last_synced), for_server=True)

    return stream


@pytest.fixture
def keep(tmp_path, server):
    """A function that keeps a manifest in this computer's library."""

    def write(kept: Manifest) -> None:
        path = library_path(tmp_path, server.url, kept.prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(manifest_json(kept, for_server=False))

    return write


@pytest.fixture
def check(backend, tmp_path, cancel):
    """A function that checks the destination for a source."""
    uploader = Uploader(backend, session_id=None, delays=())
    return lambda owner: DestinationCheck(uploader, PREFIX, owner, tmp_path / "lesson", tmp_path).ask(cancel)


@pytest.fixture(params=OFFERS)
def offers(request, server):
    """What the backend offers; where it gives no manifests, what it publishes can be read."""
    server.capabilities = OFFERS[request.param]
    server.public = server.capabilities is None
    return request.param


def test_nothing_stands_there(offers, check):
    """A free destination is anybody's."""
    check(HERE)


def test_another_computers_video_is_not_replaced(offers, put, check):
    """Its manifest is read from the server, by whatever way there is."""
    put(OTHER)
    with pytest.raises(DestinationTakenError) as caught:
        check(HERE)
    assert (PREFIX, "lecture", True, EARLY) == (
        caught.value.prefix,
        caught.value.title,
        caught.value.same_name,
        caught.value.last_synced,
    )
    sentence = "holds another “lecture”, with other content: choose another destination, or replace it (--replace)."
    assert f"{PREFIX} {sentence}" == str(caught.value)


def test_a_manifest_is_asked_for_once(server, put, check, tmp_path):
    """Whose it is and what it names are read from one answer."""
    server.capabilities = OFFERS["read and manifest"]
    (tmp_path / "lesson").mkdir()
    put(OTHER)
    with pytest.raises(DestinationTakenError):
        check(HERE)
    assert 1 == sum(arrival.path.startswith(MANIFEST) for arrival in server.arrivals)


def test_its_own_video_may_be_replaced(offers, put, check):
    """The same content, whatever it is called by now."""
    put(HERE)
    check(replace(HERE, title="lecture-final"))


def test_what_has_no_master_belongs_to_its_video_as_well(server, offers, manifest, check):
    """Such as an MP4 alone."""
    server.stored[MANIFEST_KEY] = manifest_json(manifest(OTHER), for_server=True)
    with pytest.raises(DestinationTakenError):
        check(HERE)


def test_a_manifest_whose_master_is_gone_holds_nothing(server, manifest, claim):
    """Its stream was deleted: the next one begins there."""
    server.capabilities = OFFERS["everything"]
    master = replace(FILES[0], filename="master.m3u8", s3_key=f"{PREFIX}master.m3u8")
    server.stored[MANIFEST_KEY] = manifest_json(replace(manifest(OTHER), files=(*FILES, master)), for_server=True)
    claim(HERE)
    assert HERE == parse_manifest(server.stored[MANIFEST_KEY]).owner


@pytest.mark.parametrize("title", ["lecture", "seminar", ""])
def test_a_manifest_that_names_no_content_is_asked_about(offers, put, check, title):
    """As earlier versions wrote it: the same title from another computer tells nothing."""
    put(DestinationOwner(title=title))
    with pytest.raises(DestinationTakenError) as caught:
        check(HERE)
    assert (title, title == "lecture") == (caught.value.title, caught.value.same_name)


@pytest.mark.parametrize("known", ["library", "folder", "journal", "state", "media"])
def test_a_manifest_that_names_no_content_is_known_here(
    server, offers, uploader, manifest, put, keep, check, tmp_path, cancel, known
):
    """By the title where this computer uploaded there itself, or by media that the folder has in common with it."""
    folder = tmp_path / "lesson"
    if known in ("journal", "state"):
        write_folder(folder)
        uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
        (folder / ".upload_journal.jsonl" if known == "state" else folder / ".upload_state.json").unlink()
        (folder / "720p/seg_001.ts").write_bytes(b"another by now")
    elif known == "media":
        write_folder(folder)
    elif known == "folder":
        folder.mkdir()
        (folder / "manifest.json").write_bytes(
            manifest_json(manifest(DestinationOwner(title="lecture")), for_server=False)
        )
    else:
        keep(manifest(DestinationOwner(title="lecture")))
    put(DestinationOwner(title="lecture"))
    check(HERE)
    put(DestinationOwner(title="seminar"))
    if known == "media":
        check(HERE)
        return
    with pytest.raises(DestinationTakenError, match="holds another video, “seminar”: choose another destination"):
        check(HERE)


@pytest.mark.parametrize("capabilities", [None, {"read": True}], ids=["public", "read"])
def test_a_large_manifest_is_read_whole_only_where_its_files_tell(
    server, manifest, backend, tmp_path, cancel, capabilities
):
    """Whose it is stands in its beginning, which is all that is read before; media in common are looked for after."""
    server.capabilities, server.public = capabilities, capabilities is None
    names = [f"1080p/{number}.ts" for number in range(600)]
    many = [replace(FILES[0], filename=name, s3_key=PREFIX + name) for name in names]
    folder = write_folder(tmp_path / "lesson")
    check = DestinationCheck(Uploader(backend, session_id=None, delays=()), PREFIX, HERE, folder, None)
    server.stored[PREFIX + "master.m3u8"] = b"#EXTM3U"
    for owner, ranges in ((HERE, {True}), (DestinationOwner(title="lecture"), {True, False})):
        kept = replace(manifest(owner), files=(*many, *FILES))
        server.stored[MANIFEST_KEY] = manifest_json(kept, for_server=True)
        assert len(server.stored[MANIFEST_KEY]) > 2 * HEAD_BYTES
        server.reads.clear()
        check.ask(cancel)
        assert ranges == {"Range" in read.headers for read in server.reads if read.key == MANIFEST_KEY}


def test_an_upload_that_was_broken_off_here_tells_nothing(server, offers, uploader, put, check, tmp_path, cancel):
    """Its journal names no master: somebody else's stream stands there since."""
    folder = write_folder(tmp_path / "lesson")
    server.faults[f"{PREFIX}480p/seg_001.ts"].extend([Fault(status=403)] * 9)
    assert not uploader.upload(folder, PREFIX, resume=True, cancel=cancel).complete
    (folder / "720p/seg_001.ts").write_bytes(b"another by now")
    put(DestinationOwner(title="lecture"))
    with pytest.raises(DestinationTakenError):
        check(HERE)


def test_this_computer_remembers_where_the_server_tells_nothing(server, manifest, keep, check):
    """The library knows what was uploaded, also where nothing can be read."""
    keep(manifest(OTHER))
    with pytest.raises(DestinationTakenError):
        check(HERE)


def test_what_the_server_has_now_counts(server, offers, manifest, keep, put, check):
    """Not what this computer uploaded before another one did, nor what is no longer there."""
    keep(manifest(OTHER))
    put(HERE, LATE)
    check(HERE)
    if offers in ("everything", "read and manifest"):
        server.stored.clear()
        check(HERE)


@pytest.mark.parametrize("manifest_there", [None, "of another destination", "unreadable", "not given"])
def test_a_stream_that_nobody_knows_is_asked_about(server, offers, manifest, check, manifest_there):
    """Another program put it there, or copied it with its manifest: it may be anybody's."""
    server.public = offers in ("manifest", "the three requests")
    server.stored[PREFIX + "master.m3u8"] = b"#EXTM3U"
    if manifest_there == "of another destination":
        copied = manifest(DestinationOwner(title="lecture"), prefix="elsewhere/")
        server.stored[MANIFEST_KEY] = manifest_json(replace(copied, files=()), for_server=True)
    elif manifest_there == "unreadable":
        server.stored[MANIFEST_KEY] = b"<html>"
    elif manifest_there == "not given":
        server.api_faults[ASKED].append(Fault(status=403))
    with pytest.raises(DestinationTakenError) as caught:
        check(HERE)
    said = f"{PREFIX} holds a stream of an unknown video: choose another destination"
    assert ("", True) == (caught.value.title, str(caught.value).startswith(said))


@pytest.mark.parametrize("known", ["library", "folder", "journal", "state"])
def test_a_stream_without_a_manifest_that_was_sent_from_here(
    server, offers, uploader, manifest, keep, check, tmp_path, cancel, known
):
    """Its manifest may be lost, or never have been stored."""
    folder = tmp_path / "lesson"
    if known in ("journal", "state"):
        write_folder(folder)
        uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
        (folder / ".upload_journal.jsonl" if known == "state" else folder / ".upload_state.json").unlink()
    elif known == "folder":
        folder.mkdir()
        (folder / "manifest.json").write_bytes(manifest_json(manifest(HERE), for_server=False))
    else:
        keep(manifest(HERE))
    server.stored[PREFIX + "master.m3u8"] = b"#EXTM3U"
    check(HERE)


def test_a_page_in_place_of_a_master_is_no_stream(server, check):
    """Many a site answers 200 to everything."""
    server.public = True
    server.reading = lambda address: Fault(status=200, body=b"<!DOCTYPE html>")
    check(HERE)


def test_an_old_copy_at_a_public_address_does_not_count(server, manifest, keep, put, check):
    """A cache on the way may give for a while what stood there before."""
    server.public = True
    put(OTHER, EARLY)
    keep(manifest(HERE, LATE))
    check(HERE)


ASKED = f"/api/s3/manifest?prefix={PREFIX.replace('/', '%2F')}"
PRESIGN = "/api/admin/content/aws/uploadUrl"


@pytest.mark.parametrize("what", ["stream", "claim"])
def test_a_cache_that_remembers_a_free_destination(server, put, claim, check, what):
    """It gives 404 for an address that was asked for before; what the store has by now counts."""
    server.public = True
    server.answer_presign = _plain_address
    remembered = {f"/store/{MANIFEST_KEY}", f"/store/{PREFIX}master.m3u8"}
    server.reading = lambda address: Fault(status=404) if address in remembered else None
    if what == "claim":
        claim(OTHER)
    else:
        put(OTHER)
    with pytest.raises(DestinationTakenError):
        check(HERE)


def _plain_address(number: str, said: dict) -> bytes:
    """Answer a presign request with an address that is the same each time, as a CDN's is."""
    return json.dumps({**said, "downloadUrl": said["downloadUrl"].partition("?")[0]}).encode()


@pytest.mark.parametrize("status", [403, 404, 405])
@pytest.mark.parametrize("asked", [ASKED, PRESIGN, "the store"], ids=["manifest", "presign", "store"])
def test_a_server_that_can_not_say_whose_it_is_stops_nothing(server, put, check, asked, status):
    """What is known here decides, as long as nobody sees a stream there."""
    server.capabilities, server.public = {"manifest": True} if asked == ASKED else None, asked != ASKED
    put(OTHER)
    if asked == "the store":
        server.reading = lambda address: Fault(status=status)
    else:
        server.api_faults[asked].extend([Fault(status=status)] * 2)
    check(HERE)


@pytest.mark.parametrize(
    "fault",
    [Fault(status=429), Fault(status=500), Fault(status=502), Fault(status=503), Fault(close=True)],
    ids=["429", "500", "502", "503", "hung up"],
)
@pytest.mark.parametrize("asked", [ASKED, PRESIGN, "the store"], ids=["manifest", "presign", "store"])
def test_a_look_that_fails_for_a_moment_is_repeated(server, put, backend, tmp_path, cancel, asked, fault):
    """It does not make the destination anybody's: as often as pauses are given, and then it is an error."""
    server.capabilities, server.public = {"manifest": True} if asked == ASKED else None, True
    put(OTHER)
    faults = server.read_faults[MANIFEST_KEY] if asked == "the store" else server.api_faults[asked]
    for failures, error in ((2, DestinationTakenError), (3, TransferError)):
        faults.extend([fault] * failures)
        with pytest.raises(error):
            uploader = Uploader(backend, session_id=None, delays=(0, 0))
            DestinationCheck(uploader, PREFIX, HERE, tmp_path / "lesson", tmp_path).ask(cancel)
        assert 0 == len(faults)


def test_what_comes_below_while_an_upload_goes_on_stops_it_no_more(server, manifest, keep, backend, tmp_path, cancel):
    """It is asked about before the first file; once that is sent, what was uploaded below meanwhile lies elsewhere."""
    check = DestinationCheck(
        Uploader(backend, session_id=None, delays=()), "videos/", HERE, tmp_path / "lesson", tmp_path
    )
    check.ask(cancel)
    keep(manifest(OTHER))
    check.ask(cancel)


@pytest.mark.parametrize("above", ["master.m3u8", "manifest.json"])
def test_a_version_of_the_stream_above_is_no_destination(server, offers, put, backend, tmp_path, cancel, above):
    """The next upload to the stream above would go there; without one above, a video may be called so."""
    put(OTHER)
    others = {key: server.stored[key] for key in (PREFIX + above,)}
    for stored, prefix, refused in (
        (
            others,
            f"{PREFIX}v2/",
            above == "manifest.json" or offers != "manifest",
        ),
        (others, f"{PREFIX}v2b/", False),
        ({}, f"{PREFIX}v2/", False),
        ({}, "v2/", False),
    ):
        server.stored = dict(stored)
        uploader = Uploader(backend, session_id=None, delays=())
        check = DestinationCheck(uploader, prefix, HERE, tmp_path / "lesson", tmp_path, replace=True)
        with pytest.raises(SettingsError, match="is a version of the stream at") if refused else nullcontext():
            check.ask(cancel)


def test_this_computer_knows_the_stream_above(server, manifest, keep, backend, tmp_path, cancel):
    """Where the server tells nothing."""
    keep(manifest(OTHER))
    check = DestinationCheck(
        Uploader(backend, session_id=None, delays=()), f"{PREFIX}v12/", HERE, tmp_path / "lesson", tmp_path
    )
    with pytest.raises(SettingsError, match="is a version of the stream at"):
        check.ask(cancel)


def test_a_refused_token_is_said(server, tmp_path, cancel):
    """It is no reason to go on."""
    uploader = Uploader(BackendApi(url=server.url, token=TOKEN + "x"), session_id=None, delays=())
    with pytest.raises(AuthenticationError):
        DestinationCheck(uploader, PREFIX, HERE, tmp_path, None).ask(cancel)


@pytest.fixture
def claim(backend, tmp_path, cancel):
    """A function that claims the destination for a source."""

    def begin(owner: DestinationOwner, *, replacing: bool = False) -> None:
        folder = tmp_path / owner.content.sha256_head_tail[:1]
        folder.mkdir(exist_ok=True)
        check = DestinationCheck(
            Uploader(backend, session_id=None, delays=()), PREFIX, owner, folder, None, replace=replacing
        )
        check.ask(cancel)
        check.claim(cancel)

    return begin


def test_an_upload_that_has_begun_holds_a_free_destination(server, offers, claim):
    """Nothing is played there yet; its own may begin again without another PUT, another may insist."""
    claim(HERE)
    claim(HERE)
    begun = parse_manifest(server.stored[MANIFEST_KEY])
    assert ([MANIFEST_KEY], "application/json", HERE, PREFIX, ()) == (
        server.puts(),
        server.types[MANIFEST_KEY],
        begun.owner,
        begun.prefix,
        begun.files,
    )
    with pytest.raises(DestinationTakenError) as caught:
        claim(OTHER)
    said = (
        f"An upload of another “lecture”, with other content, to {PREFIX} has begun and is not finished: "
        "choose another destination"
    )
    assert (True, True) == (caught.value.begun, str(caught.value).startswith(said))
    claim(OTHER, replacing=True)
    assert OTHER == parse_manifest(server.stored[MANIFEST_KEY]).owner


def test_two_that_begin_at_once_see_the_last_claim(server, offers, claim):
    """Both found the destination free: whoever does not read its own claim back goes."""
    theirs = manifest_json(
        replace(parse_manifest(_claimed(server, claim)), title="seminar", source=OTHER.content), for_server=True
    )
    server.stored.clear()
    server.on_stored = lambda key: server.stored.update({MANIFEST_KEY: theirs})
    with pytest.raises(DestinationTakenError, match=f"An upload of “seminar” to {PREFIX} has begun"):
        claim(HERE)


def test_what_stands_there_is_no_free_destination(server, offers, put, claim):
    """Its manifest stays as it is until the upload has ended, also where it is to be replaced."""
    put(HERE)
    before = server.stored[MANIFEST_KEY]
    claim(HERE)
    claim(OTHER, replacing=True)
    assert ([], before) == (server.puts(), server.stored[MANIFEST_KEY])


def test_a_claim_is_not_waited_for(server, offers, backend, tmp_path):
    """A store that never takes it costs the pauses between the tries, whatever the patience for files is;
    the log says so.
    """
    server.faults[MANIFEST_KEY].extend([Fault(status=503)] * 9)
    (tmp_path / "lesson").mkdir()
    cancel, log = RecordingToken(), []
    uploader = Uploader(backend, session_id=None, delays=(1, 3), patience_s=600)
    check = DestinationCheck(uploader, PREFIX, HERE, tmp_path / "lesson", None)
    check.ask(cancel)
    check.claim(cancel, log.append)
    assert (3, 2) == (len(server.puts()), len(cancel.pauses))
    assert any(line.startswith(f"warning: the start of the upload could not be noted at {PREFIX}") for line in log)


@pytest.mark.parametrize("capabilities", [None, {"list": True}], ids=["nothing offered", "a list alone"])
@pytest.mark.parametrize("status", [401, 403, 405])
def test_nothing_is_claimed_where_nothing_can_be_read_back(server, claim, capabilities, status):
    """It would keep nobody away: a store that refuses may have it, and would not give it back."""
    server.capabilities, server.public = capabilities, True
    server.reading = lambda address: Fault(status=status)
    claim(HERE)
    assert [] == server.puts()


def test_a_store_that_takes_no_claim_stops_nothing(server, offers, claim):
    """It only keeps others away."""
    server.faults[MANIFEST_KEY].append(Fault(status=403, code="AccessDenied"))
    claim(HERE)
    assert {} == server.stored


def _claimed(server, claim) -> bytes:
    claim(HERE)
    return server.stored[MANIFEST_KEY]


def test_only_manifests_of_what_may_lie_below_are_read(tmp_path, manifest, keep, server):
    """With a library of 10,000 destinations each upload would read them all, twice."""
    for prefix in ("videos/a/", "videos/A b/", "videos/", "videos-2/", "elsewhere/c/", f"videos/{'long/' * 30}"):
        keep(manifest(HERE, prefix=prefix))

    def named(prefix):
        return [path.name.rpartition("-")[0] for path in library_files(tmp_path, prefix=prefix)]

    long = "-".join(["videos", *["long"] * 15])[:80]
    assert ["videos", "videos-2", "videos-a", "videos-a-b", long] == sorted(named("videos/"))
    assert {"videos-a", "videos-a-b"} == {*named("videos/a/")} - {"videos"}  # a hash may begin with a
    assert [long] == named(f"videos/{'long/' * 20}")
    assert (6, 6) == (len(library_files(tmp_path)), len(named("/")))


def test_what_lies_below_is_known(server, tmp_path, manifest, keep):
    """A folder of folders is told from a video's own, unless it is one."""
    for prefix in ("videos/a/", "videos/b/", "elsewhere/c/"):
        keep(manifest(HERE, prefix=prefix))
    (tmp_path / LIBRARY / "broken_s3_manifest.json").write_text("{")
    asked = [
        ("videos/", server.url),
        ("videos/a/", server.url),
        ("videos/", "https://other.example"),
        ("new/", f"{server.url}/"),
    ]
    assert [["videos/a/", "videos/b/"], [], [], []] == [
        others_below(tmp_path, url, prefix, OTHER) for prefix, url in asked
    ]
    assert [] == others_below(tmp_path, server.url, "videos/", HERE)
    keep(manifest(HERE, prefix="videos/"))
    assert ([], []) == (
        others_below(tmp_path, server.url, "videos/", OTHER),
        others_below(None, server.url, "videos/", OTHER),
    )
