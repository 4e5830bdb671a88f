"""backup and restore: what a backend has, saved while it serves, and made of it again."""

import errno
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from backend.maintenance import backup as making
from backend.maintenance.backup import back_up, remove_backups
from backend.maintenance.backup_format import HEAD_FILE, LIST_FILE, PARTIAL, backups_in, find_backup, read_backup
from backend.maintenance.restore import RESTORING, restore
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from backend.state.records import FileRecords
from backend.state.storage_root import init_root
from config import Config
from pipeline.errors import OutputError, SettingsError

RECORD = {
    "name": "Lesson",
    "type": "video",
    "language": "en",
    "parentFolder": None,
    "sessionId": None,
    "s3Keys": {"hls": "a/master.m3u8", "mp4": None, "transcript": None},
    "metadata": {"duration": 12.5, "qualities": ["720p"]},
}
OWN = {"records.sqlite3", "signing-secret", "storage.json"}
OBJECTS = {"a/master.m3u8": b"#EXTM3U\nseg_1.ts\n", "a/seg_1.ts": b"1" * 1000, "b/ü ,'c.vtt": b"", "b.ts": b"2" * 500}


def _nobody(_done, _total):
    """Takes note of no progress."""


def _save(root, place, *, with_objects=True, on_progress=_nobody):
    return back_up(root, place, storage="LOCAL", with_objects=with_objects, on_progress=on_progress)


def _restore(place, root, on_progress=_nobody):
    return restore(find_backup(place), root, on_progress=on_progress)


def _store(root, objects):
    for key, content in objects.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{key}.new").write_bytes(content)
        (root / f"{key}.new").replace(root / key)  # as the storage does: what is there is never written into


def _stored(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.relative_to(folder).parts[0].startswith(".")
    }


@pytest.fixture
def root(settings):
    """The folder of a backend that has a secret, records and objects."""
    records = FileRecords(settings.root / ".backend" / "records.sqlite3")
    records.prepare()
    records.add(RECORD)
    _store(settings.root, OBJECTS)
    return settings.root


@pytest.fixture
def place(tmp_path):
    """Where backups go."""
    return tmp_path / "backups"


def test_a_backend_that_serves_is_saved_and_is_the_same_again(fresh, place, tmp_path):
    """Objects with their tags, records, clients' tokens, and addresses that were signed before."""
    fresh.put("videos/a/seg_001.ts", b"segment")
    record = fresh.ask("POST", "/api/admin/files", RECORD).json()
    begun = {"key": "videos/a/o.mp4", "contentType": "video/mp4", "sizeBytes": 4}
    upload = fresh.ask("POST", "/api/s3/multipart", begun).json()["uploadId"]
    part = {"key": "videos/a/o.mp4", "uploadId": upload, "partNumber": 1, "sizeBytes": 4}
    address = fresh.ask("POST", "/api/s3/multipart/part", part).json()["signedUrl"]
    tag = requests.put(address, data=b"part", timeout=60).headers["ETag"]
    listed = [{"partNumber": 1, "etag": tag}]
    fresh.ask("POST", "/api/s3/multipart/complete", {"key": begun["key"], "uploadId": upload, "parts": listed})
    signed = fresh.presign("videos/a/later.ts")["signedUrl"].removeprefix(fresh.url)
    keys = ("videos/a/seg_001.ts", "videos/a/o.mp4")
    etags = [fresh.get(f"/objects/{key}").headers["ETag"] for key in keys]
    _save(fresh.backend.settings.root, place)
    done = _restore(place, tmp_path / "again")
    settings = BackendSettings.from_config(Config(), root=tmp_path / "again", token=fresh.backend.settings.token)
    with serve_in_thread(settings) as backend:
        found = [requests.get(f"{backend.url}/objects/{key}", timeout=60) for key in keys]
        listed = requests.get(f"{backend.url}/api/admin/files", headers=fresh.headers, timeout=60).json()["files"]
        put = requests.put(backend.url + signed, data=b"later", headers={"Content-Type": "video/mp2t"}, timeout=60)

    assert (2, ()) == (done.files, done.damaged)
    assert ([b"segment", b"part"], etags) == (
        [answer.content for answer in found],
        [answer.headers["ETag"] for answer in found],
    )
    assert etags[1].endswith('-1"')
    assert ([record], 200) == (listed, put.status_code)


def test_a_restored_folder_has_every_file_and_its_time(root, place, tmp_path):
    """Also an empty one, and names with other signs."""
    _save(root, place)
    _restore(place, tmp_path / "again")
    times = [{key: (folder / key).stat().st_mtime_ns for key in OBJECTS} for folder in (root, tmp_path / "again")]

    assert (OBJECTS, times[0]) == (_stored(tmp_path / "again"), times[1])
    assert {".backend", ".etags", "a", "b", "b.ts"} == {entry.name for entry in (tmp_path / "again").iterdir()}
    assert 0o700 == (tmp_path / "again" / ".backend").stat().st_mode & 0o777


def test_the_next_backup_copies_what_has_changed(root, place):
    """The rest is the same file on disk, and the backup before stays as it was."""
    first = _save(root, place).folder
    _store(root, {"a/seg_1.ts": b"9" * 1000, "new.ts": b"new"})
    (root / "b.ts").unlink()
    second = _save(root, place)
    now = {**OBJECTS, "a/seg_1.ts": b"9" * 1000, "new.ts": b"new"}
    del now["b.ts"]
    same = [
        key for key in now if key in OBJECTS and (first / "objects" / key).samefile(second.folder / "objects" / key)
    ]

    assert (OBJECTS, now) == (_stored(first / "objects"), _stored(second.folder / "objects"))
    assert ["a/master.m3u8", "b/ü ,'c.vtt"] == same
    assert [first, second.folder] == backups_in(place)
    assert (2 + len(OWN), True) == (second.copied, second.linked)


def test_a_disk_without_hard_links_gets_copies(root, place, monkeypatch):
    """Or a file with too many of them: the backup is whole, and says so."""
    _save(root, place)

    def link(*_):
        raise OSError(errno.EMLINK, "Too many links")

    monkeypatch.setattr(os, "link", link)
    made = _save(root, place)

    assert (OBJECTS, False) == (_stored(made.folder / "objects"), made.linked)


@pytest.mark.parametrize("step", range(1, 5))
def test_a_backup_that_broke_off_is_none_and_is_gone_on_with(root, place, step):
    """Wherever it ends, the one before is the newest, and what was copied is not copied again."""
    before = _save(root, place, with_objects=False).folder
    calls = []

    def break_off(_done, _total):
        calls.append(1)
        if len(calls) == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _save(root, place, on_progress=break_off)
    assert before == find_backup(place).folder
    made = _save(root, place)

    assert (OBJECTS, len(OWN) + len(OBJECTS) - step) == (_stored(made.folder / "objects"), made.copied)
    assert {before.name, made.folder.name} == {entry.name for entry in place.iterdir()}


_KILLED = """
import os, signal, sys
from pathlib import Path
from backend.maintenance.backup import back_up, remove_backups
from backend.maintenance.backup_format import find_backup
from backend.maintenance.restore import restore
done = []
def kill(_done, _total):
    done.append(1)
    if len(done) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
source, target = Path(sys.argv[2]), Path(sys.argv[3])
if sys.argv[1] == "backup":
    back_up(source, target, storage="LOCAL", with_objects=True, on_progress=kill)
else:
    restore(find_backup(source), target, on_progress=kill)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_in_the_middle_both_go_on(root, place, tmp_path):
    """A killed backup is no backup; a killed restore is no backend, and the same command finishes both."""
    again, command = tmp_path / "again", [sys.executable, "-c", _KILLED]
    ends = [subprocess.run([*command, "backup", root, place], cwd=Path(making.__file__).parents[2]).returncode]
    kept = backups_in(place)
    _save(root, place)
    ends.append(subprocess.run([*command, "restore", place, again], cwd=Path(making.__file__).parents[2]).returncode)
    half = {entry.name for entry in again.iterdir()} & {".backend", RESTORING}
    done = _restore(place, again)

    assert ([-signal.SIGKILL] * 2, [], {RESTORING}) == (ends, kept, half)
    assert (OBJECTS, 2) == (_stored(again), done.already)
    assert {".backend", ".etags", "a", "b", "b.ts"} == {entry.name for entry in again.iterdir()}


def test_a_stream_that_is_published_meanwhile_is_whole(root, place):
    """Its new playlist comes with what it names, though this was stored after it was listed."""
    _store(root, {"a/v2/seg_1.ts": b"3"})
    published = []

    def publish(_done, _total):
        if not published:
            published.append(1)
            _store(root, {"a/v2/seg_2.ts": b"4", "a/master.m3u8": b"#EXTM3U\nv2/seg_1.ts\nv2/seg_2.ts\n"})
            (root / "a/seg_1.ts").unlink()

    made = _save(root, place, on_progress=publish)
    saved = _stored(made.folder / "objects")

    assert (b"3", b"4", b"v2/seg_2.ts\n") == (
        saved["a/v2/seg_1.ts"],
        saved["a/v2/seg_2.ts"],
        saved["a/master.m3u8"][-12:],
    )
    assert "a/seg_1.ts" not in saved


def test_records_are_saved_as_they_are_at_one_moment(root, place):
    """With what another process has confirmed a moment ago, and without what it has not."""
    file = root / ".backend" / "records.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("INSERT INTO files (id, record) VALUES ('confirmed', '{}')")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO files (id, record) VALUES ('open', '{}')")
        made = _save(root, place, with_objects=False)
        writer.execute("ROLLBACK")
    state = made.folder / "state"

    assert OWN == {entry.name for entry in state.iterdir()}
    with closing(sqlite3.connect(state / "records.sqlite3")) as copy:
        assert ["confirmed"] == [row[0] for row in copy.execute("SELECT id FROM files ORDER BY position")][1:]


def test_what_is_counted_or_temporary_is_not_saved(root, place):
    """The storage's figures are counted anew, and half-written files belong to nobody."""
    for name in ("usage.sqlite3", "usage.sqlite3-wal", "signing-secret.1234.tmp"):
        (root / ".backend" / name).write_bytes(b"x")
    (root / ".parts" / "x").mkdir(parents=True)
    (root / ".parts" / "x" / "00001").write_bytes(b"part")
    made = _save(root, place)

    assert OWN == {entry.name for entry in (made.folder / "state").iterdir()}
    assert OBJECTS == _stored(made.folder / "objects")


def test_a_full_disk_is_a_sentence_and_no_backup(root, place, monkeypatch):
    """What fits is used by the next one."""
    synced = os.fsync

    def full(descriptor):
        if len(list(place.rglob("*.ts"))) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"was not made: .* \(No space left on device\)"):
        _save(root, place)
    monkeypatch.undo()

    assert [] == backups_in(place)
    assert OBJECTS == _stored(_save(root, place).folder / "objects")


def test_a_folder_that_cant_be_read_is_no_empty_one(root, place, monkeypatch):
    """Its objects would be missing: a sentence names it, and there is no backup."""
    scandir = os.scandir

    def denied(folder):
        if Path(folder) == root / "b":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(OutputError, match=r"/b can't be read or written \(Permission denied\)"):
        _save(root, place)
    assert [] == backups_in(place)


def test_a_disk_that_goes_away_meanwhile_leaves_no_backup(root, place, tmp_path):
    """What is there instead looks like a folder in which everything was deleted."""
    init_root(root)

    def go_away(_done, _total):
        if not (tmp_path / "away").exists():
            root.rename(tmp_path / "away")
            root.mkdir()

    with pytest.raises(OutputError, match=r"the disk with .* went away meanwhile"):
        _save(root, place, on_progress=go_away)
    assert [] == backups_in(place)


def test_a_damaged_database_is_named_before_it_is_saved(root, place):
    """A backup that can't be used later is worse than a sentence now."""
    with (root / ".backend" / "records.sqlite3").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(OutputError, match=r"records\.sqlite3 (is damaged|can't be copied)"):
        _save(root, place)
    assert [] == backups_in(place)


def test_folders_in_each_other_and_no_backend_are_refused(root, tmp_path):
    """A backup of itself would have no end; a wrong folder would be an empty backup."""
    for place, where in ((root / "backups", root), (tmp_path, root), (tmp_path / "x", tmp_path / "nothing")):
        with pytest.raises(SettingsError):
            _save(where, place)
    assert not (root / "backups").exists()


def test_a_restore_needs_an_empty_folder(root, place):
    """Nothing of what is there is touched."""
    _save(root, place)
    with pytest.raises(SettingsError, match="is not empty"):
        _restore(place, root)

    assert OBJECTS == _stored(root)


def _change(file, text):
    file.write_bytes(text.encode() if isinstance(text, str) else text)


def _listed(folder, **changes):
    """Change the first line of a backup's list, and have the head name it."""
    lines = (folder / LIST_FILE).read_bytes().splitlines(keepends=True)
    lines[0] = json.dumps({**json.loads(lines[0]), **changes}).encode() + b"\n"
    (folder / LIST_FILE).write_bytes(b"".join(lines))
    head = json.loads((folder / HEAD_FILE).read_text())
    (folder / HEAD_FILE).write_text(
        json.dumps({**head, "list_md5": hashlib.md5(b"".join(lines), usedforsecurity=False).hexdigest()})
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / HEAD_FILE).unlink(), "no whole backup"),
        (lambda folder: (folder / "objects" / "b.ts").unlink(), "not whole: 1 file is missing or cut off"),
        (lambda folder: _change(folder / "objects" / "b.ts", b"2"), "not whole: 1 file is missing or cut off"),
        (lambda folder: _change(folder / HEAD_FILE, "{"), "is damaged"),
        (lambda folder: _change(folder / HEAD_FILE, "[]"), "is damaged"),
        (lambda folder: _change(folder / HEAD_FILE, '{"schema": 2}'), "made by a newer version"),
        (lambda folder: _change(folder / LIST_FILE, b""), "is damaged"),
        (lambda folder: _listed(folder, path="objects/../../../stolen"), "names a file outside"),
        (lambda folder: _listed(folder, path="/etc/passwd"), "names a file outside"),
        (lambda folder: _change(folder / "state" / "signing-secret", "f" * 64), "signing-secret has changed"),
    ],
    ids=["no head", "no file", "cut off", "half a head", "a list", "newer", "other list", "out", "absolute", "secret"],
)
def test_a_broken_backup_is_never_restored(root, place, tmp_path, damage, said):
    """A sentence says what is wrong with it, and no backend stands there."""
    damage(_save(root, place).folder)
    with pytest.raises(OutputError, match=said):
        _restore(place, tmp_path / "again")

    assert not (tmp_path / "again" / ".backend").exists()


def test_a_damaged_object_is_left_out_and_named(root, place, tmp_path):
    """The size alone does not tell: the others are there, and this one is not."""
    folder = _save(root, place).folder
    _change(folder / "objects" / "b.ts", b"x" * 500)
    done = _restore(place, tmp_path / "again")

    assert (("b.ts",), 3) == (done.damaged, done.files)
    assert {key: content for key, content in OBJECTS.items() if key != "b.ts"} == _stored(tmp_path / "again")


def test_a_restore_that_had_ended_but_for_its_last_step_touches_nothing(root, place, tmp_path):
    """The backend may serve by then: what is its own stays."""
    _save(root, place)
    again = tmp_path / "again"
    _restore(place, again)
    (again / RESTORING).mkdir()
    (again / RESTORING / "backup").write_text(find_backup(place).head.list_md5)
    (again / ".backend" / "signing-secret").write_text("of the backend that serves")
    _restore(place, again)

    assert "of the backend that serves" == (again / ".backend" / "signing-secret").read_text()
    assert not (again / RESTORING).exists()


def test_a_second_backup_at_once_waits_for_nobody(root, place):
    """It is refused with a sentence while the first one goes on."""
    said = []

    def second(_done, _total):
        if not said:
            with pytest.raises(OutputError) as refused:
                _save(root, place)
            said.append(str(refused.value))

    made = _save(root, place, on_progress=second)

    assert [f"Another backup into {place} is under way: wait for it."] == said
    assert (made.folder, False) == (read_backup(made.folder).folder, (place / PARTIAL).exists())


def test_older_backups_are_removed_and_the_others_stay_whole(root, place, tmp_path):
    """What they share stays; what is left of a removal that broke off goes, and nothing that is no backup."""
    folders = [_save(root, place).folder for _ in range(4)]
    (folders[0] / HEAD_FILE).unlink()
    (place / "notes.txt").write_text("mine")
    removed = remove_backups(place, keep=2)
    _restore(place, tmp_path / "again")

    assert (1, folders[2:]) == (removed, backups_in(place))
    assert {folders[2].name, folders[3].name, "notes.txt"} == {entry.name for entry in place.iterdir()}
    assert OBJECTS == _stored(tmp_path / "again")


def test_a_removal_that_breaks_off_leaves_no_half_of_a_backup(root, place, monkeypatch):
    """Before the first file goes, it is none any more."""
    folders = [_save(root, place).folder for _ in range(2)]

    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        remove_backups(place, keep=1)

    assert folders[1:] == backups_in(place)
