"""What players get while one stream takes another's place, and what need not be sent."""

from __future__ import annotations

import json
import os
import shutil
from urllib.parse import quote

import pytest
from store_server import Fault
from upload_parts import FOLDER, PREFIX, write_folder

from pipeline.errors import TransferError
from pipeline.events import LogLevel
from pipeline.transfer.http.login import Login
from pipeline.transfer.manifests.manifest import ConfirmedFile, merge_manifest
from pipeline.transfer.manifests.manifest_text import manifest_json
from pipeline.transfer.upload.journal import JOURNAL_FILE, UploadDestination, read_journal
from pipeline.transfer.upload.uploader import Uploader

MASTER = PREFIX + "master.m3u8"
NEW_MASTER = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/index.m3u8\n"
LOOKING = {"list": True, "read": True}


def send(backend, folder, cancel, **more):
    """Upload the folder as a new run of the program does; return the result and the lines for the editor."""
    said: list[str] = []
    more = {"resume": True, "on_notice": lambda text, level: said.append(text), **more}
    result = Uploader(backend, session_id=None, delays=(0, 0, 0)).upload(folder, PREFIX, cancel=cancel, **more)
    return result, said


@pytest.fixture
def other(tmp_path):
    """Another video's folder: the same names, other content."""
    place = write_folder(tmp_path / "other")
    (place / "master.m3u8").write_bytes(NEW_MASTER)
    (place / "720p/seg_001.ts").write_bytes(b"other")
    (place / "offline_480p.mp4").write_bytes(b"other MP4")
    return place


def below(server, place: str) -> dict[str, bytes]:
    """Return what is stored below a folder of the prefix, by name."""
    return {
        key.removeprefix(PREFIX + place): content
        for key, content in server.stored.items()
        if key.startswith(PREFIX + place)
    }


@pytest.mark.parametrize("looks", [True, False], ids=["server tells", "journal tells"])
def test_another_stream_goes_beside_and_the_master_is_switched_last(server, backend, folder, other, cancel, looks):
    """The stream that is watched stays whole to its last byte; players get the new one with one file,
    and then what stands alone.
    """
    server.capabilities = LOOKING if looks else None
    send(backend, folder, cancel)
    before = dict(server.stored)
    if not looks:
        shutil.copy2(folder / JOURNAL_FILE, other / JOURNAL_FILE)
    result, said = send(backend, other, cancel)
    assert (True, "v2/") == (result.complete, result.placement.version_folder)
    alone = {name for name in FOLDER if "/" not in name} - {"master.m3u8"}
    assert NEW_MASTER.replace(b"720p/", b"v2/720p/") == server.stored[MASTER]
    replaced = {PREFIX + name: (other / name).read_bytes() for name in alone} | {MASTER: server.stored[MASTER]}
    assert {**before, **replaced} == {key: server.stored[key] for key in before}
    assert {name: (other / name).read_bytes() for name in FOLDER if "/" in name} == below(server, "v2/")
    sent = server.puts()[len(before) :]
    assert (MASTER, {PREFIX + name for name in alone}) == (sent[-len(alone) - 1], set(sent[-len(alone) :]))
    assert {MASTER} | {PREFIX + name for name in alone} == {key for key in result.uploaded.values() if "v2/" not in key}
    assert NEW_MASTER == (other / "master.m3u8").read_bytes()
    assert any("Another stream is already at" in line for line in said)


def test_only_what_nobody_asked_for_is_a_warning(server, backend, folder, other, cancel):
    """To take another's place is what this upload is for; that another one took this one's is news."""
    server.capabilities = LOOKING
    levels = []
    for which in (folder, other, folder):
        heard = []
        uploader = Uploader(backend, session_id=None, delays=(0, 0, 0))
        uploader.upload(
            which, PREFIX, resume=True, on_notice=lambda text, level, heard=heard: heard.append(level), cancel=cancel
        )
        levels.append(heard)
    assert [[], [LogLevel.INFO], [LogLevel.WARNING]] == levels


def test_new_stream_that_fails_leaves_the_old_one_and_goes_on_later(server, backend, folder, other, cancel):
    """An upload that is not whole never touches the master, and a resume goes on at its own place."""
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    old = server.stored[MASTER]
    server.faults[PREFIX + "v2/720p/seg_001.ts"].append(Fault(status=403, code="AccessDenied"))
    assert not send(backend, other, cancel)[0].complete
    assert old == server.stored[MASTER]
    sent = len(server.puts())
    result, said = send(backend, other, cancel)
    assert (True, "v2/", []) == (result.complete, result.placement.version_folder, said)
    playlists = sum(name.endswith(".m3u8") for name in FOLDER)
    assert sent + 1 + playlists + 1 == len(server.puts())  # and the MP4, which the server has of the other stream


def test_same_stream_sent_again_stays_where_it_is(server, backend, folder, other, cancel):
    """A version that is published is not sent to yet another place, whether resumed or begun anew."""
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    send(backend, other, cancel)
    sent = len(server.puts())
    assert ("v2/", 0) == ((again := send(backend, other, cancel)[0]).placement.version_folder, again.sent)
    assert sent == len(server.puts())
    assert ("v2/", len(FOLDER)) == (
        (anew := send(backend, other, cancel, resume=False)[0]).placement.version_folder,
        anew.sent,
    )


def test_stream_that_was_replaced_comes_back_as_a_new_version(server, backend, folder, other, cancel):
    """What another upload left is not taken for this folder's, and its versions are not written into."""
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    send(backend, other, cancel)
    result, said = send(backend, folder, cancel)
    assert ("v3/", len(FOLDER)) == (result.placement.version_folder, result.sent)
    assert said[0].startswith("Something else was uploaded to this destination since: every file is sent again.")
    assert FOLDER["720p/seg_001.ts"] == server.stored[PREFIX + "v3/720p/seg_001.ts"]


def test_plain_server_with_public_files_tells_as_well(server, backend, folder, other, cancel):
    """Where nothing is offered the master's own address is looked at; a page in its place tells nothing."""
    server.public = True
    send(backend, folder, cancel)
    server.stored[MASTER] = b"<html>please log in</html>"
    assert ("", 0) == ((same := send(backend, folder, cancel)[0]).placement.version_folder, same.sent)
    server.stored[MASTER] = b"#EXTM3U somebody else's"
    assert "v2/" == send(backend, folder, cancel)[0].placement.version_folder


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_master_that_can_not_be_read_for_a_moment_is_looked_at_again(server, backend, folder, cancel, status):
    """It does not count as ours meanwhile; where it never can be read, nothing is sent."""
    server.public = True
    send(backend, folder, cancel)
    server.stored[MASTER] = b"#EXTM3U somebody else's"
    server.read_faults[MASTER].extend([Fault(status=status)] * 4)
    sent = len(server.puts())
    with pytest.raises(TransferError):
        send(backend, folder, cancel)
    assert sent == len(server.puts())
    server.read_faults[MASTER].append(Fault(status=status))
    assert "v2/" == send(backend, folder, cancel)[0].placement.version_folder


def test_what_the_server_has_is_not_sent(server, backend, folder, cancel, tmp_path):
    """Another computer's upload of the same files is found by content; what differs is sent, and the master always."""
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    copy = write_folder(tmp_path / "copy")
    (copy / "transcript.json").write_bytes(b"{}")
    sent = len(server.puts())
    result, _ = send(backend, copy, cancel)
    assert {PREFIX + "transcript.json", MASTER} == set(server.puts()[sent:])
    assert (2, True) == (result.sent, result.complete)
    assert b"{}" == server.stored[PREFIX + "transcript.json"]


def test_starting_anew_sends_what_the_server_has_too(server, backend, folder, cancel):
    """Who asks for everything anew gets that."""
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    assert ("", len(FOLDER)) == (
        (anew := send(backend, folder, cancel, resume=False)[0]).placement.version_folder,
        anew.sent,
    )


def test_damaged_journal_is_rebuilt_from_the_server(server, backend, folder, cancel):
    """Set aside with a line, and only what the server does not confirm is sent again."""
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    (folder / JOURNAL_FILE).write_bytes(b"\x00\n\x00\n")
    result, said = send(backend, folder, cancel)
    assert (1, True) == (result.sent, result.complete)
    assert [
        ".upload_journal.jsonl was damaged and is now .upload_journal.jsonl.corrupt-1: "
        "what the server does not confirm is sent again."
    ] == said
    destination = UploadDestination(backend_url=backend.url, prefix=PREFIX)
    assert set(FOLDER) == set(read_journal(folder, destination).confirmed)


def test_file_whose_time_alone_changed_is_not_sent_again(server, backend, folder, cancel):
    """A copied or touched file is compared by content, once."""
    send(backend, folder, cancel)
    os.utime(folder / "720p/seg_001.ts", ns=(1, 1))
    (folder / "transcript.json").write_bytes(b"{}")
    result, _ = send(backend, folder, cancel)
    assert (1, True, "") == (result.sent, result.complete, result.placement.version_folder)
    assert b"{}" == server.stored[PREFIX + "transcript.json"]
    confirmed = read_journal(folder, UploadDestination(backend_url=backend.url, prefix=PREFIX)).confirmed
    assert 1 == confirmed["720p/seg_001.ts"].mtime_ns


def test_what_somebody_else_stored_under_our_keys_is_not_ours(server, backend, folder, other, cancel):
    """An upload that goes on sends again what another one has replaced meanwhile, whatever the journal says."""
    server.capabilities = LOOKING
    last = PREFIX + "offline_480p.mp4"
    for place in (folder, other):
        (place / "720p/seg_002.ts").write_bytes(place.name.encode().ljust(9))
        server.faults[last].append(Fault(status=403, code="AccessDenied"))
        assert not send(backend, place, cancel)[0].complete
    assert send(backend, folder, cancel)[0].complete
    assert b"lesson   " == server.stored[PREFIX + "720p/seg_002.ts"]


def test_a_version_that_is_watched_by_now_is_not_gone_on_with(server, backend, folder, other, cancel, tmp_path):
    """Its number was free when the upload began; another one has published under it since."""
    server.capabilities, server.public = {"read": True}, True
    send(backend, folder, cancel)
    third = write_folder(tmp_path / "third")
    (third / "master.m3u8").write_bytes(NEW_MASTER + b"# third\n")
    server.faults[PREFIX + "v2/720p/seg_001.ts"].append(Fault(status=403, code="AccessDenied"))
    assert not send(backend, third, cancel)[0].complete
    assert "v2/" == send(backend, other, cancel)[0].placement.version_folder
    watched = below(server, "v2/")
    assert ("v3/", watched) == (send(backend, third, cancel)[0].placement.version_folder, below(server, "v2/"))


def test_what_vanished_on_the_server_is_sent_again(server, backend, folder, cancel):
    """A finished upload is looked at where the server lists what it has."""
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    del server.stored[PREFIX + "720p/seg_001.ts"]
    result, _ = send(backend, folder, cancel)
    assert (True, FOLDER["720p/seg_001.ts"]) == (result.complete, server.stored[PREFIX + "720p/seg_001.ts"])


def test_nothing_is_published_when_files_vanish_under_way(server, backend, folder, cancel):
    """A look right before the master finds out; starting again mends it."""
    server.capabilities = LOOKING

    def clear_up(key: str) -> None:
        if key.endswith("en/index.m3u8"):
            server.stored.pop(PREFIX + "720p/seg_001.ts", None)

    server.on_stored = clear_up
    with pytest.raises(TransferError, match=r"720p/seg_001\.ts was removed or replaced while the upload went on"):
        send(backend, folder, cancel)
    assert MASTER not in server.stored
    server.on_stored = lambda key: None
    assert send(backend, folder, cancel)[0].complete


def test_a_master_that_can_not_be_read_is_not_ours(server, backend, folder, cancel):
    """One failed look does not let a stream be overwritten that may be watched."""
    server.capabilities = {"read": True}
    server.stored[MASTER] = b"no playlist"
    assert "v2/" == send(backend, folder, cancel)[0].placement.version_folder


def test_what_this_computer_sent_from_another_folder_stays_whole(server, backend, folder, other, cancel):
    """A server that tells nothing is no reason to forget it: the library of manifests knows."""
    known = known_after(send(backend, folder, cancel)[0], backend, folder)
    assert "v2/" == send(backend, other, cancel, known=known)[0].placement.version_folder


def test_what_this_computer_sent_from_another_folder_is_not_sent_again(server, backend, folder, cancel, tmp_path):
    """The same job made anew, a server that tells nothing: files are compared with the library of manifests."""
    known = known_after(send(backend, folder, cancel)[0], backend, folder)
    copy = write_folder(tmp_path / "copy")
    (copy / "subtitles.vtt").write_bytes(b"WEBVTT\n\nother\n")
    sent = len(server.puts())
    result, _ = send(backend, copy, cancel, known=known)
    assert {PREFIX + "subtitles.vtt", MASTER} == set(server.puts()[sent:])
    segment = next(file for file in known.files if file.filename == "720p/seg_001.ts")
    assert (True, segment.s3_url) == (result.complete, result.urls["720p/seg_001.ts"])


def test_what_is_gone_from_a_server_that_tells_nothing_is_sent_again(server, backend, folder, cancel, tmp_path):
    """The library of manifests counts only while players get what it names."""
    server.public = True
    known = known_after(send(backend, folder, cancel)[0], backend, folder)
    server.stored.clear()
    result, _ = send(backend, write_folder(tmp_path / "copy"), cancel, known=known)
    assert (True, len(FOLDER), set(FOLDER)) == (result.complete, result.sent, set(below(server, "")))


@pytest.mark.parametrize("lost", ["journal", "folder"])
def test_a_version_is_known_by_what_its_master_leads_into(server, backend, folder, other, cancel, tmp_path, lost):
    """Without the journal the stream stays where players find it,
    and what is there is not sent to yet another place.
    """
    server.capabilities = LOOKING
    send(backend, folder, cancel)
    send(backend, other, cancel)
    if lost == "journal":
        (other / JOURNAL_FILE).unlink()
    else:
        other = shutil.copytree(other, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    sent = len(server.puts())
    result, _ = send(backend, other, cancel)
    assert (True, "v2/", [MASTER]) == (result.complete, result.placement.version_folder, server.puts()[sent:])


@pytest.mark.parametrize("where", ["while it looks", "before the master"])
def test_a_login_that_expires_while_the_server_is_asked(server, backend, folder, cancel, where):
    """A new token is asked for, as in the middle of a file."""
    server.capabilities = LOOKING
    listing = f"/api/s3/objects?prefix={quote(PREFIX, safe='')}&limit=1000"
    asked: list[int] = []
    uploader = Uploader(
        backend, session_id=None, delays=(), login=Login(backend.token, lambda: asked.append(1) or backend.token)
    )

    if where == "before the master":
        server.api_faults[listing].append(Fault(status=200, body=b'{"objects": [], "next": null}'))
    server.api_faults[listing].append(Fault(status=401))
    result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    assert (True, [1]) == (result.complete, asked)


@pytest.mark.parametrize("lists", [False, True], ids=["three requests", "list"])
def test_what_nothing_shows_is_sent_again(server, backend, folder, cancel, lists):
    """Earlier versions noted every 200 as a confirmation; where the server can be looked at, that decides."""
    server.capabilities = {"list": True} if lists else None
    send(backend, folder, cancel)
    journal = folder / JOURNAL_FILE
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    old = [
        {name: value for name, value in line.items() if name != "etag" or "seg" not in line["path"]} for line in lines
    ]
    journal.write_text("".join(json.dumps(line) + "\n" for line in old))
    sent = len(server.puts())
    assert send(backend, folder, cancel)[0].complete
    segments = {PREFIX + name for name in FOLDER if "seg" in name}
    assert (set() if lists else segments) == set(server.puts()[sent:])
    assert all(
        one.proven
        for one in read_journal(folder, UploadDestination(backend_url=backend.url, prefix=PREFIX)).confirmed.values()
    )


SEGMENT = "720p/seg_001.ts"
OTHER_SEGMENT = b"A" * len(FOLDER[SEGMENT])


def changed_copy(folder, tmp_path, *, changed: str = SEGMENT, content: bytes = OTHER_SEGMENT):
    """Return a copy of a folder without its journal, with the same master and one other file of the same size."""
    copy = shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    (copy / changed).write_bytes(content)
    return copy


@pytest.mark.parametrize("resume", [True, False], ids=["resumed", "anew"])
@pytest.mark.parametrize("offers", [None, {"read": True}, LOOKING], ids=["three endpoints", "reads", "lists"])
def test_a_changed_segment_under_the_same_master_is_another_stream(server, backend, folder, cancel, offers, resume):
    """The journal knows what is watched: another key or encoder setting leaves the master as it was."""
    server.capabilities = offers
    send(backend, folder, cancel)
    before = {key: content for key, content in server.stored.items() if key != MASTER}
    (folder / SEGMENT).write_bytes(OTHER_SEGMENT)
    result, said = send(backend, folder, cancel, resume=resume)
    assert (True, "v2/", len(FOLDER)) == (result.complete, result.placement.version_folder, len(result.uploaded))
    assert before == {key: server.stored[key] for key in before}
    assert OTHER_SEGMENT == server.stored[PREFIX + "v2/" + SEGMENT]
    assert said[0].startswith("Another stream is already at")
    again, said = send(backend, folder, cancel)
    assert ("v2/", 0, []) == (again.placement.version_folder, again.sent, said)


@pytest.mark.parametrize(
    ("offers", "of_another_size"),
    [
        pytest.param({"list": True, "read": True}, False, id="list with MD5"),
        pytest.param({"list": True, "read": True}, True, id="list with another size"),
        pytest.param(None, False, id="three endpoints and the library's manifest"),
        pytest.param({"read": True, "manifest": True}, False, id="the server's manifest"),
    ],
)
def test_a_segment_that_is_watched_is_known_without_the_journal(
    server, backend, folder, cancel, tmp_path, offers, of_another_size
):
    """What the server lists, and what a manifest says was sent, is compared as well."""
    server.capabilities = offers
    known = known_after(send(backend, folder, cancel)[0], backend, folder)
    before = {key: content for key, content in server.stored.items() if key != MASTER}
    copy = changed_copy(folder, tmp_path, content=b"short" if of_another_size else OTHER_SEGMENT)
    if offers is not None and "manifest" in offers:
        server.stored[PREFIX + "manifest.json"] = manifest_json(known, for_server=True)
    result, _ = send(backend, copy, cancel, known=known if offers is None else None)
    assert (True, "v2/") == (result.complete, result.placement.version_folder)
    assert before.items() <= server.stored.items()


def test_captions_are_corrected_where_they_are(server, backend, folder, cancel):
    """An old or a new text harms no viewer, and a corrected word does not send every segment again."""
    captions = {"subtitles/en/index.m3u8": b"#EXTM3U\nseg_001.vtt\n", "subtitles/en/seg_001.vtt": b"WEBVTT\n\na wrod\n"}
    for name, content in captions.items():
        (folder / name).write_bytes(content)
    send(backend, folder, cancel)
    (folder / "subtitles/en/seg_001.vtt").write_bytes(b"WEBVTT\n\na word\n")
    sent = len(server.puts())
    result, said = send(backend, folder, cancel)
    corrected = PREFIX + "subtitles/en/seg_001.vtt"
    assert ("", [corrected], []) == (result.placement.version_folder, server.puts()[sent:], said)
    assert b"WEBVTT\n\na word\n" == server.stored[corrected]


def test_captions_are_corrected_while_another_track_is_added(server, backend, folder, cancel):
    """The master names the new track; nothing that is watched was written over but text."""
    send(backend, folder, cancel)
    (folder / "subtitles/en/index.m3u8").write_bytes(b"#EXTM3U en, corrected")
    (folder / "subtitles/de").mkdir()
    (folder / "subtitles/de/index.m3u8").write_bytes(b"#EXTM3U de")
    (folder / "master.m3u8").write_bytes(FOLDER["master.m3u8"] + b" with de")
    result, _ = send(backend, folder, cancel)
    assert (True, "", 3) == (result.complete, result.placement.version_folder, result.sent)


def test_a_quality_that_is_gone_stays_for_those_who_watch_it(server, backend, folder, cancel):
    """The new master does not name it; its files stay at the address for players with the old one,
    so no new version is needed.
    """
    send(backend, folder, cancel)
    shutil.rmtree(folder / "480p")
    (folder / "master.m3u8").write_bytes(NEW_MASTER)
    result, said = send(backend, folder, cancel)
    assert (True, "", 1, []) == (result.complete, result.placement.version_folder, result.sent, said)
    assert FOLDER["480p/seg_001.ts"] == server.stored[PREFIX + "480p/seg_001.ts"]


def test_a_quality_that_is_gone_hides_no_other_that_changed(server, backend, folder, cancel):
    """What is left is watched as well, and is not written over."""
    send(backend, folder, cancel)
    shutil.rmtree(folder / "480p")
    (folder / "master.m3u8").write_bytes(NEW_MASTER)
    (folder / SEGMENT).write_bytes(OTHER_SEGMENT)
    assert "v2/" == send(backend, folder, cancel)[0].placement.version_folder
    assert FOLDER[SEGMENT] == server.stored[PREFIX + SEGMENT]


def known_after(result, backend, folder):
    """Return what the library says of a destination after an upload."""
    sent = [
        ConfirmedFile(
            folder=str(folder),
            name=name,
            key=one.key,
            url=one.url,
            size_bytes=one.size_bytes,
            mtime_ns=one.mtime_ns,
            md5=one.md5,
            etag=one.etag,
        )
        for name, one in result.confirmed.items()
    ]
    now = "2026-01-31T12:00:00Z"
    return merge_manifest(
        None, title="Lesson", backend_url=backend.url, bucket=None, prefix=PREFIX, now=now, confirmed=sent
    )
