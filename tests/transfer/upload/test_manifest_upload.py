"""What an upload leaves behind to tell what stands where."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from store_server import Fault
from upload_parts import FOLDER, PREFIX, write_folder

from pipeline.events import LogLevel
from pipeline.transfer.http.login import Login
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.manifest_library import library, local_copies
from pipeline.transfer.manifests.manifest_text import manifest_json, parse_manifest
from pipeline.transfer.manifests.ownership import SourceContent
from pipeline.transfer.upload.destination import DestinationCheck
from pipeline.transfer.upload.manifest_upload import publish_manifest
from pipeline.transfer.upload.uploader import Uploader

MANIFEST = PREFIX + "manifest.json"
MANIFEST_REQUEST = f"/api/s3/manifest?prefix={quote(PREFIX, safe='')}"


@pytest.fixture
def publish(backend, cancel, tmp_path):
    """Return a function that uploads a folder as a new run of the program does,
    and returns the lines for the log view.
    """

    def upload(folder) -> tuple[str, ...]:
        uploader = Uploader(backend, session_id=None, delays=(0, 0, 0))
        result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
        return publish_manifest(uploader, result, folder, title="Lesson", data_dir=tmp_path / "data", cancel=cancel)

    return upload


def here(folder) -> Manifest:
    """Return the manifest in a job's folder."""
    return parse_manifest((folder / "manifest.json").read_bytes())


def test_every_file_is_in_all_three_manifests(server, folder, publish, tmp_path):
    """With what was sent, when and from where; the server's copy says nothing of this computer, and comes last."""
    assert () == publish(folder)
    manifest = here(folder)
    assert sorted(FOLDER) == [file.filename for file in manifest.files]
    assert [hashlib.md5(FOLDER[file.filename]).hexdigest() for file in manifest.files] == [
        file.md5_hash for file in manifest.files
    ]
    assert [manifest] == [located.manifest for located in library(tmp_path / "data")[0]]
    stored = json.loads(server.stored[MANIFEST])
    assert (13, "Lesson", None, PREFIX) == tuple(stored[name] for name in ("total_files", "title", "bucket", "prefix"))
    assert (False, False, MANIFEST) == (
        str(tmp_path) in server.stored[MANIFEST].decode(),
        "backend_url" in stored,
        server.puts()[-1],
    )
    assert "application/json" == server.types[MANIFEST]


def test_nothing_is_written_where_nothing_was_sent(server, folder, publish):
    """A second run of a finished upload leaves everything as it is."""
    publish(folder)
    before = (folder / "manifest.json").read_bytes()
    puts = len(server.puts())
    assert ((), puts, before) == (publish(folder), len(server.puts()), (folder / "manifest.json").read_bytes())


@pytest.mark.parametrize("offers", [{"list": True, "read": True}, {}], ids=["listed", "manifest alone"])
def test_the_servers_manifest_is_asked_for_once_where_nothing_changed(
    server, backend, folder, cancel, tmp_path, offers
):
    """The look before the upload is enough; where something is sent, or another manifest lies there, it is not."""
    server.capabilities = {"manifest": True, **offers}
    data_dir, owner = tmp_path / "data", owner_of(folder)

    def asked_for() -> int:
        before = len(server.asked(MANIFEST_REQUEST))
        uploader = Uploader(backend, session_id=None, delays=(0, 0, 0))
        local = local_copies(folder, data_dir, backend.url, PREFIX)
        guard = DestinationCheck(uploader, PREFIX, owner, folder, data_dir)
        result = uploader.upload(folder, PREFIX, resume=True, guard=guard, known=local.known, cancel=cancel)
        told = {"title": owner.title, "source": owner.content, "local": local, "seen": guard.seen}
        publish_manifest(uploader, result, folder, data_dir=data_dir, cancel=cancel, **told)
        return len(server.asked(MANIFEST_REQUEST)) - before

    asked_for()
    puts = len(server.puts())
    assert (1, puts) == (asked_for(), len(server.puts()))
    other = replace(parse_manifest(server.stored[MANIFEST]), files=())
    server.stored[MANIFEST] = manifest_json(replace(other, created_at="2020-01-01T00:00:00Z"), for_server=True)
    assert (True, puts + 1) == (asked_for() > 1, len(server.puts()))
    assert sorted(FOLDER) == [file.filename for file in parse_manifest(server.stored[MANIFEST]).files]


def test_the_servers_copy_leaves_nothing_in_the_folder(server, folder, publish):
    """It is written to the disk to be sent, and gone after that, whatever the store says."""
    server.faults[MANIFEST].append(Fault(status=403, code="AccessDenied"))
    publish(folder)
    assert [] == [path.name for path in folder.iterdir() if "server" in path.name]


def test_nothing_to_do_leaves_no_log(server, folder, publish):
    """What was only looked at is worth no file; what goes wrong meanwhile is."""
    server.capabilities = {"manifest": True}
    publish(folder)
    logs = sorted(folder.glob("upload_log_*"))
    for log in logs:
        log.unlink()
    assert ((), []) == (publish(folder), sorted(folder.glob("upload_log_*")))
    server.api_faults[f"/api/s3/manifest?prefix={quote(PREFIX, safe='')}"].append(Fault(status=403))
    (said,) = publish(folder)
    assert (True, 1, True) == ("manifest was not written" in said, len(sorted(folder.glob("upload_log_*"))), bool(logs))


def test_the_source_goes_into_the_manifests(server, backend, folder, cancel, tmp_path):
    """One that an earlier version wrote gets it with the next run;
    a source that was renamed is known by its new name.
    """
    server.capabilities = {"manifest": True}
    one = SourceContent(size_bytes=1, sha256_head_tail="a" * 64, path="/videos/one.mp4")
    renamed = replace(one, path="/videos/renamed.mp4")
    seen = []
    for source in (None, one, one, renamed):
        uploader = Uploader(backend, session_id=None, delays=(0, 0, 0))
        result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
        publish_manifest(
            uploader, result, folder, title="Lesson", source=source, data_dir=tmp_path / "data", cancel=cancel
        )
        stored = here(folder).source
        seen.append(
            (stored, stored and stored.path, len(server.puts(MANIFEST)), parse_manifest(server.stored[MANIFEST]).source)
        )
    assert [
        (None, None, 1, None),
        (one, one.path, 2, one),
        (one, one.path, 2, one),
        (one, renamed.path, 3, one),
    ] == seen


def test_a_manifest_that_is_gone_is_written_again(server, folder, publish):
    """It is made of what is confirmed: nothing else is sent for it."""
    publish(folder)
    before = here(folder)
    (folder / "manifest.json").unlink()
    server.stored.clear()
    library_file = next((folder.parent / "data" / "s3_manifests").iterdir())
    library_file.unlink()
    puts = len(server.puts())
    publish(folder)
    assert (puts + 1, before.files) == (len(server.puts()), here(folder).files)


def test_another_stream_keeps_the_history(server, folder, publish, tmp_path):
    """Its files are where they went; the master's size and MD5 are those of what was sent;
    what it replaced stands below it.
    """
    server.capabilities = {"list": True, "read": True, "bucket": "videos"}
    publish(folder)
    other = write_folder(tmp_path / "other")
    (other / "master.m3u8").write_bytes(b"#EXTM3U\n720p/index.m3u8\n")
    (other / "transcript.txt").unlink()
    publish(other)
    manifest, sent = here(other), server.stored[PREFIX + "master.m3u8"]
    master = next(file for file in manifest.files if file.filename == "master.m3u8")
    assert (b"v2/720p/" in sent, len(sent), hashlib.md5(sent).hexdigest()) == (True, master.size_bytes, master.md5_hash)
    assert ("v2/", "videos", ["transcript.txt"]) == (
        manifest.placement.version_folder,
        manifest.bucket,
        [f.filename for f in manifest.versions[0].removed],
    )
    assert {"master.m3u8"} < {file.filename for file in manifest.versions[0].replaced}


def test_a_server_that_takes_no_manifest_has_the_stream_all_the_same(server, folder, publish):
    """The editor reads a line; this computer knows what it sent."""
    server.faults[MANIFEST].append(Fault(status=403, code="AccessDenied"))
    (said,) = publish(folder)
    assert (True, 13) == (
        "could not be stored on the server, the stream is published" in said,
        here(folder).total_files,
    )


def test_manifests_are_no_media(server, folder, publish):
    """An older one in the folder, with what concerns this computer alone, is not sent with the files."""
    (folder / "manifest.json").write_text('{"local_path": "secret"}')
    notices = publish(folder)
    assert (False, 14, True) == (b"secret" in server.stored[MANIFEST], len(server.puts()), "written anew" in notices[0])


def test_what_happens_in_the_folder_after_the_upload_is_not_what_was_sent(server, backend, folder, cancel, tmp_path):
    """A file that appears is in no manifest, one that is written anew is in it as it was sent."""
    uploader = Uploader(backend, session_id=None, delays=(0, 0, 0))
    result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    (folder / "notes.txt").write_bytes(b"new")
    (folder / "subtitles.vtt").write_bytes(b"another content altogether")
    assert () == publish_manifest(uploader, result, folder, title="Lesson", data_dir=tmp_path / "data", cancel=cancel)
    written = {file.filename: (file.size_bytes, file.md5_hash) for file in here(folder).files}
    assert {name: (len(content), hashlib.md5(content).hexdigest()) for name, content in FOLDER.items()} == written


def test_a_login_that_expires_before_the_manifest_is_renewed(server, backend, folder, cancel, tmp_path):
    """The editor is asked as in the middle of the upload."""
    asked: list[int] = []
    login = Login(backend.token, lambda: asked.append(1) or backend.token)
    before, uploader = (Uploader(backend, session_id=None, delays=(), login=login) for _ in range(2))
    result = before.upload(folder, PREFIX, resume=True, cancel=cancel)
    server.capabilities = {"manifest": True}
    server.api_faults[f"/api/s3/manifest?prefix={quote(PREFIX, safe='')}"].append(Fault(status=401))
    said: list[tuple[str, LogLevel]] = []
    tell = lambda text, level: said.append((text, level))  # noqa: E731  # one line that says what is kept
    assert () == publish_manifest(
        uploader, result, folder, title="Lesson", data_dir=None, on_notice=tell, cancel=cancel
    )
    assert ([1], [LogLevel.WAITING]) == (asked, [level for _, level in said])
    assert MANIFEST in server.stored
