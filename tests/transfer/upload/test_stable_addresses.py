"""What is found by its own address stays there whatever stream is played: also half-way, after a clean-up,
and from an earlier version.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from itertools import count

import pytest
from store_server import Fault
from upload_parts import PREFIX

from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.transfer.manifests.placement import Placement, pointing_into
from pipeline.transfer.manifests.prune import delete_leftovers, leftovers
from pipeline.transfer.manifests.remote import connected
from pipeline.transfer.manifests.restore import restore
from pipeline.transfer.manifests.verify import verify
from pipeline.transfer.upload.journal import JOURNAL_FILE, BegunInParts, Confirmed, UploadDestination, UploadJournal
from pipeline.transfer.upload.manifest_upload import publish_manifest
from pipeline.transfer.upload.results import TransferCancelled, upload_failure
from pipeline.transfer.upload.uploader import Uploader

MASTER = PREFIX + "master.m3u8"
CHAPTERS = '#EXT-X-SESSION-DATA:DATA-ID="com.apple.hls.chapters",URI="chapters.json"'
ALONE = (
    "chapters.json",
    "offline_480p.mp4",
    "poster.jpg",
    "sprite.jpg",
    "subtitles.vtt",
    "thumbnails.vtt",
    "transcript.srt",
)
IN_THE_PLACE = ("480p/index.m3u8", "480p/seg_001.ts", "480p/seg_002.ts")
LOOKING, LISTING, NOTHING = {"list": True, "read": True}, {"list": True}, None
NOW = "2026-03-01T12:00:00Z"


def make(folder, words):
    """Fill a folder with a stream of four levels; every file says `words`."""
    (folder / "480p").mkdir(parents=True)
    for name in (*ALONE, *IN_THE_PLACE):
        (folder / name).write_text(f"{words} {name}")
    (folder / "480p/index.m3u8").write_text(f"#EXTM3U\n# {words}\nseg_001.ts\nseg_002.ts\n")
    (folder / "master.m3u8").write_text(f"#EXTM3U\n# {words}\n{CHAPTERS}\n480p/index.m3u8\n")
    return folder


def send(backend, folder, cancel=None, **more):
    """Upload the folder as a new run of the program does."""
    uploader = Uploader(backend, session_id=None, delays=(0, 0, 0), parallel=1)
    return uploader.upload(folder, PREFIX, cancel=cancel or CancelToken(), **{"resume": True, **more})


def at_the_address(server):
    """Return what lies at the addresses that people know."""
    return {name: server.stored[PREFIX + name].decode() for name in ALONE}


def saying(words):
    """Return what should lie there after the stream of these words was published."""
    return {name: f"{words} {name}" for name in ALONE}


@pytest.fixture
def first(tmp_path):
    """A video's folder."""
    return make(tmp_path / "first", "first")


@pytest.fixture
def second(tmp_path):
    """The folder of the same video, better."""
    return make(tmp_path / "second", "second")


def published_first(server, backend, first, second, offers):
    """Publish the first folder at a server that offers so much, so that the second is known to replace it."""
    server.capabilities, server.public = offers, True
    send(backend, first)
    shutil.copy2(first / JOURNAL_FILE, second / JOURNAL_FILE)  # all that tells where the server doesn't


@pytest.mark.parametrize("offers", [LOOKING, LISTING, NOTHING], ids=["list and read", "list", "nothing"])
def test_every_address_gives_the_new_one(server, backend, first, second, offers):
    """Also when the stream before comes back; another run sends nothing."""
    published_first(server, backend, first, second, offers)
    for folder, place in ((second, "v2/"), (first, "v3/")):
        result = send(backend, folder)
        assert (True, place) == (result.complete, result.placement.version_folder)
        assert saying(folder.name) == at_the_address(server)
        assert {PREFIX + name for name in ALONE} == {result.uploaded[name] for name in ALONE}
        assert CHAPTERS in server.stored[MASTER].decode()
        assert 0 == send(backend, folder).sent


def test_one_file_that_changed_is_replaced_at_its_address(server, backend, first, second):
    """Nothing else is sent for it, and the stream stays in its place."""
    server.capabilities = {"list": True, "read": True}
    send(backend, first)
    send(backend, second)
    (second / "subtitles.vtt").write_text("corrected")
    result = send(backend, second)
    assert (1, "v2/", b"corrected") == (
        result.sent,
        result.placement.version_folder,
        server.stored[PREFIX + "subtitles.vtt"],
    )


@pytest.mark.parametrize("offers", [LOOKING, LISTING, NOTHING], ids=["list and read", "list", "nothing"])
def test_captions_that_are_added_are_all_that_is_sent(server, backend, first, second, offers):
    """The stream that is played stays where it is, at the prefix and in a version:
    it is the same one with a track more.
    """
    published_first(server, backend, first, second, offers)
    for folder in (first, second):
        place = send(backend, folder).placement.version_folder
        (folder / "subtitles/en").mkdir(parents=True)
        (folder / "subtitles/en/seg_001.vtt").write_text(f"WEBVTT {folder.name}")
        (folder / "subtitles/en/index.m3u8").write_text("#EXTM3U\nseg_001.vtt\n")
        with (folder / "master.m3u8").open("a") as master:
            master.write('#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",URI="subtitles/en/index.m3u8"\n')
        before = len(server.puts())
        result = send(backend, folder)
        added = [PREFIX + place + "subtitles/en/seg_001.vtt", PREFIX + place + "subtitles/en/index.m3u8", MASTER]
        assert (True, place, added) == (result.complete, result.placement.version_folder, server.puts()[before:])
        assert f"{place}subtitles/en/index.m3u8" in server.stored[MASTER].decode()


def test_what_a_playlist_names_since_is_sent_to_the_stream(server, backend, first, second):
    """It stood alone before, and players look for it beside the playlist now,
    which is another one than players have.
    """
    server.public = True
    published_first(server, backend, first, second, NOTHING)
    send(backend, second)
    (second / "480p/index.m3u8").write_text("#EXTM3U\nseg_001.ts\nseg_002.ts\n../offline_480p.mp4\n")
    before = len(server.puts())
    result = send(backend, second)
    sent = {key.removeprefix(PREFIX) for key in server.puts()[before:]}
    assert ("v3/", True, False) == (
        result.placement.version_folder,
        "v3/offline_480p.mp4" in sent,
        "offline_480p.mp4" in sent,
    )


def test_what_is_gone_from_its_address_is_sent_again(server, backend, first, second):
    """Somebody cleared it up, or put something else there."""
    server.capabilities = {"list": True, "read": True}
    send(backend, first)
    send(backend, second)
    del server.stored[PREFIX + "poster.jpg"]
    server.stored[PREFIX + "sprite.jpg"] = b"something of the same size"[: len("second sprite.jpg")]
    assert (2, saying("second")) == (send(backend, second).sent, at_the_address(server))


@pytest.mark.parametrize("offers", [LOOKING, NOTHING], ids=["list and read", "nothing"])
@pytest.mark.parametrize("stored", range(1, len(ALONE) + len(IN_THE_PLACE) + 1))
def test_a_stop_at_any_file_leaves_one_whole_stream_and_goes_on(server, backend, first, second, offers, stored):
    """Whatever master is there, all that it leads to is; no address is replaced before the master,
    none is left out at last.
    """
    published_first(server, backend, first, second, offers)
    cancel, seen = CancelToken(), count(1)
    server.on_stored = lambda key: cancel.cancel() if next(seen) == stored else None
    with pytest.raises(TransferCancelled):
        send(backend, second, cancel)
    server.on_stored = lambda key: None
    master = server.stored[MASTER].decode()
    place, words = ("v2/", "second") if "v2/480p/" in master else ("", "first")
    assert {f"{words} {name}" for name in IN_THE_PLACE[1:]} == {
        server.stored[PREFIX + place + name].decode() for name in IN_THE_PLACE[1:]
    }
    if not place:
        assert saying("first") == at_the_address(server)
    assert send(backend, second).complete
    assert saying("second") == at_the_address(server)
    assert "v2/480p/index.m3u8" in server.stored[MASTER].decode()


def left_by_an_earlier_version(server, folder, *, published=True):
    """Leave what an upload by an earlier version did: all but the master below v2/, the master leading there,
    and its journal.
    """
    destination = UploadDestination(backend_url=server.url, prefix=PREFIX)
    with UploadJournal(folder, destination, resume=False, now=NOW, version_folder="v2/") as journal:
        for name in (*ALONE, *IN_THE_PLACE, *(["master.m3u8"] if published else [])):
            content, status = (folder / name).read_bytes(), (folder / name).stat()
            content = pointing_into("v2/", content) if name == "master.m3u8" else content
            key = MASTER if name == "master.m3u8" else f"{PREFIX}v2/{name}"
            server.stored[key] = content
            md5 = hashlib.md5(content).hexdigest()
            url = f"{server.url}/store/{key}"
            journal.confirm(
                name,
                Confirmed(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, key=key, url=url, md5=md5, etag=md5),
            )


@pytest.mark.parametrize("offers", [LOOKING, LISTING, NOTHING], ids=["list and read", "list", "nothing"])
def test_what_an_earlier_version_left_is_put_right_with_the_least(server, backend, first, second, offers):
    """Only what stands alone is sent, and the master where it led to it; the segments stay where they are."""
    server.capabilities, server.public = offers, True
    send(backend, first)
    left_by_an_earlier_version(server, second)
    assert b'URI="v2/chapters.json"' in server.stored[MASTER]
    before = len(server.puts())
    result = send(backend, second)
    assert ("v2/", [MASTER, *(PREFIX + name for name in ALONE)]) == (
        result.placement.version_folder,
        server.puts()[before:],
    )
    assert (saying("second"), True) == (at_the_address(server), CHAPTERS in server.stored[MASTER].decode())
    assert 0 == send(backend, second).sent


def test_what_an_earlier_version_left_is_known_without_its_journal(server, backend, first, second):
    """By the master, in either form, and what the server lists."""
    server.capabilities = {"list": True, "read": True}
    send(backend, first)
    left_by_an_earlier_version(server, second)
    (second / JOURNAL_FILE).unlink()
    before = len(server.puts())
    assert "v2/" == send(backend, second).placement.version_folder
    assert [MASTER, *(PREFIX + name for name in ALONE)] == server.puts()[before:]


def test_what_an_earlier_version_had_begun_is_gone_on_with(server, backend, first, second):
    """The segments count; what stands alone comes after the master, as it does now."""
    send(backend, first)
    left_by_an_earlier_version(server, second, published=False)
    server.public, before = True, len(server.puts())
    result = send(backend, second)
    assert ("v2/", [MASTER, *(PREFIX + name for name in ALONE)]) == (
        result.placement.version_folder,
        server.puts()[before:],
    )
    assert saying("second") == at_the_address(server)


def test_a_kept_journal_of_an_earlier_version_is_read(server, backend, first, second):
    """The lines as an earlier version wrote them."""
    send(backend, first)
    left_by_an_earlier_version(server, second)
    path, mark = second / JOURNAL_FILE, UploadDestination(backend_url=server.url, prefix=PREFIX).mark
    kept = [{"to": mark, "began": "2026-03-01T12:00:00Z", "format": 2, "place": "v2/"}]
    for name in (*IN_THE_PLACE, *ALONE, "master.m3u8"):
        status, key = (second / name).stat(), MASTER if name == "master.m3u8" else f"{PREFIX}v2/{name}"
        entry = {
            "to": mark,
            "path": name,
            "size": status.st_size,
            "mtime_ns": status.st_mtime_ns,
            "key": key,
            "url": server.url,
        }
        md5 = hashlib.md5(server.stored[key]).hexdigest()
        kept.append({**entry, "md5": md5, "etag": md5, "at": "2026-03-01T12:00:01Z"})
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in kept))
    before = len(server.puts())
    assert ("v2/", len(ALONE) + 1) == ((result := send(backend, second)).placement.version_folder, result.sent)
    assert not any("v2/" in key for key in server.puts()[before:])


def test_parts_of_a_large_file_that_an_earlier_version_began_are_let_go(server, backend, first, second):
    """They belong to another address."""
    server.capabilities = {
        "list": True,
        "read": True,
        "multipart": {"partBytes": 1000, "minPartBytes": 1, "maxParts": 100},
    }
    send(backend, first)
    left_by_an_earlier_version(server, second, published=False)
    large = second / "offline_480p.mp4"
    large.write_bytes(bytes(10_001))
    status = large.stat()
    server.uploads["begun"] = {}
    begun = BegunInParts(
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        key=f"{PREFIX}v2/offline_480p.mp4",
        url=server.url,
        upload_id="begun",
        part_bytes=1000,
    )
    with UploadJournal(
        second, UploadDestination(backend_url=server.url, prefix=PREFIX), resume=True, now=NOW
    ) as journal:
        journal.begin_parts("offline_480p.mp4", begun)
    assert (True, {}) == (send(backend, second).complete, server.uploads)
    assert status.st_size == len(server.stored[PREFIX + "offline_480p.mp4"])


def published(backend, folder, data_dir):
    """Upload a folder and write its manifests; return what the editor is told about them."""
    uploader = Uploader(backend, session_id=None, delays=(0, 0, 0))
    result = uploader.upload(folder, PREFIX, resume=True, cancel=CancelToken())
    return publish_manifest(uploader, result, folder, title="Lesson", data_dir=data_dir, cancel=CancelToken())


def test_a_clean_up_keeps_the_addresses(first, second, tmp_path):
    """What goes is what the stream before had for itself; manifest, server and folder agree after it,
    and all can be restored.
    """
    settings = BackendSettings.from_config(Config(), root=tmp_path / "store", token="a-token-that-only-tests-know")
    with (
        serve_in_thread(settings) as reference,
        connected(BackendApi(url=reference.url, token=settings.token), delays=(0,)) as remote,
    ):
        api = BackendApi(url=reference.url, token=settings.token)
        published(api, first, tmp_path / "data")
        published(api, second, tmp_path / "data")
        manifest = remote.manifest(PREFIX)
        assert Placement(version_folder="v2/", alone=frozenset((*ALONE, "master.m3u8"))) == manifest.placement
        found = leftovers(remote, [manifest], ())
        assert set(IN_THE_PLACE) == {one.key.removeprefix(PREFIX) for one in found.objects}
        delete_leftovers(remote, found)
        assert () == verify(manifest, second, remote, deep=True).findings
        back = tmp_path / "back"
        restore(remote, manifest.files, back, placement=manifest.placement)
    assert {name: (second / name).read_bytes() for name in (*ALONE, *IN_THE_PLACE, "master.m3u8")} == {
        path.relative_to(back).as_posix(): path.read_bytes() for path in back.rglob("*") if path.is_file()
    }


def test_what_the_stream_before_had_and_this_one_has_not_is_told(server, backend, first, second, tmp_path):
    """It stays at its address until it is pruned: viewers would find the captions of another lecture there."""
    server.capabilities = {"list": True, "read": True}
    published(backend, first, tmp_path / "data")
    for name in ("offline_480p.mp4", "transcript.srt", "480p/seg_002.ts"):
        (second / name).unlink()
    (second / "480p/index.m3u8").write_text("#EXTM3U\nseg_001.ts\n")
    said = (
        f"2 files of the video before stay at {PREFIX}, since this one has none of that name:"
        " offline_480p.mp4, transcript.srt. `manifest prune` removes what is left over.",
    )
    assert said == published(backend, second, tmp_path / "data")
    assert () == published(backend, second, tmp_path / "data")


def test_a_failure_after_the_master_goes_on_with_what_is_missing(server, backend, first, second):
    """The stream plays already; the address that failed has the old one until then."""
    server.capabilities = {"list": True, "read": True}
    send(backend, first)
    server.faults[PREFIX + "poster.jpg"].append(Fault(status=403, code="AccessDenied"))
    result = send(backend, second)
    assert (False, {"poster.jpg"}) == (result.complete, set(result.failed))
    assert "The stream plays already; start again to replace the rest." in str(upload_failure(result))
    assert ("first poster.jpg", True) == (at_the_address(server)["poster.jpg"], b"v2/480p" in server.stored[MASTER])
    assert (1, saying("second")) == (send(backend, second).sent, at_the_address(server))
