"""storage.local: objects as files, whole or not at all, and never outside the folder."""

import asyncio
import errno
import hashlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from contents import in_chunks, listed

from storage import (
    MIN_PART_BYTES,
    Access,
    InvalidPartError,
    InvalidPathError,
    LocalSettings,
    PathConflictError,
    StorageError,
    StorageQuotaExceededError,
    StorageSettingsError,
    UploadNotFoundError,
)
from storage.files import BLOCK_BYTES
from storage.local import PARTS
from storage.local_folder import INCOMING, LEFT_AFTER_S
from storage.local_parts import ABANDONED_AFTER_S, PartsFolder


@pytest.fixture
def root(tmp_path):
    """The folder of `storage`."""
    return tmp_path / "root"


@pytest.fixture
def storage(root, started):
    """A storage in an empty folder."""
    return started(LocalSettings(root=root))


@pytest.fixture
def save(storage, run):
    """Return what saves and waits for it."""
    return lambda path, *chunks: run(storage.save(path, in_chunks(*chunks)))


def age(path, seconds):
    """Make a file or folder look as if nothing had happened to it for so long."""
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.mark.parametrize("chunks_read_before", [0, 1])
def test_a_reader_keeps_the_object_that_it_opened(storage, save, run, chunks_read_before):
    """Who opened an object reads that one to the end, even when it is replaced meanwhile."""
    old = b"o" * (BLOCK_BYTES + 5)
    save("a", old)

    async def replaced_while_read():
        opened = await storage.open("a")
        chunks = opened.chunks()
        begun = [await anext(chunks) for _ in range(chunks_read_before)]
        await storage.save("a", in_chunks(b"new"))
        content = b"".join(begun) + b"".join([chunk async for chunk in chunks])
        await opened.close()
        return opened.info.size_bytes, content

    assert (len(old), old) == run(replaced_while_read())


def test_what_breaks_off_leaves_no_file(storage, root, run):
    """Neither a save nor a part that ends with an error leaves anything on the disk."""

    class Gone(Exception):
        pass

    async def broken():
        yield b"x" * (BLOCK_BYTES + 1)
        raise Gone

    upload_id = run(storage.begin_parts("a", content_type="video/mp4"))
    for sending in (
        storage.save("a", broken()),
        storage.save_part("a", upload_id, 1, broken(), size_bytes=BLOCK_BYTES + 2),
    ):
        with pytest.raises(Gone):
            run(sending)

    assert [] == list((root / INCOMING).iterdir())


def test_leftovers_of_a_killed_server_go_at_the_start(storage, root, save, run):
    """Half-written files that nobody touches any more are removed; another process's are not, and objects are not."""
    save("a", b"kept")
    for name, seconds in (("old.part", LEFT_AFTER_S + 60), ("young.part", LEFT_AFTER_S - 60)):
        (root / INCOMING / name).write_bytes(b"ha")
        age(root / INCOMING / name, seconds)

    run(storage.start())

    assert ["young.part"] == [entry.name for entry in (root / INCOMING).iterdir()]
    assert b"kept" == run(storage.load("a"))


def test_a_leftover_that_cannot_be_removed_is_no_hindrance(root, started, save, run, monkeypatch):
    """A disk that became read-only is served from, whatever lies on it."""
    save("a", b"kept")
    (root / INCOMING / "old.part").write_bytes(b"ha")
    age(root / INCOMING / "old.part", LEFT_AFTER_S + 60)

    def refused(_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "unlink", refused)
    assert b"kept" == run(started(LocalSettings(root=root)).load("a"))


def test_a_folder_that_cannot_be_made_is_named(started, tmp_path):
    """A storage folder that is a file can't be used, which is said with its name."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageSettingsError, match=str(tmp_path / "file")):
        started(LocalSettings(root=tmp_path / "file"))


def test_delete_removes_empty_folders(storage, root, save, run):
    """Deleting leaves no empty folders, and keeps the others."""
    save("videos/a/1.ts", b"x")
    save("videos/b.ts", b"x")

    run(storage.delete("videos/a/1.ts"))

    assert ["b.ts"] == [entry.name for entry in (root / "videos").iterdir()]


@pytest.mark.parametrize("path", ["videos", "videos/a.ts/below"], ids=["a folder's name", "below an object"])
def test_a_file_and_a_folder_of_one_name_conflict(storage, save, run, path):
    """What a file system can't hold beside each other is refused by name, and nothing is lost."""
    save("videos/a.ts", b"x")

    with pytest.raises(PathConflictError):
        save(path, b"y")

    assert b"x" == run(storage.load("videos/a.ts"))


@pytest.mark.parametrize("path", ["link/secret", "file-link", "hidden-link/a"])
def test_no_link_leads_out(storage, root, save, run, path):
    """Links lead neither out of the folder nor into its hidden part, for any operation."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(outside)
    (root / "file-link").symlink_to(outside / "secret")
    (root / "hidden-link").symlink_to(root / INCOMING)

    for ask in (storage.load, storage.open, storage.exists, storage.get_size, storage.delete):
        with pytest.raises(InvalidPathError):
            run(ask(path))
    with pytest.raises(InvalidPathError):
        save(path, b"overwritten")

    assert b"secret" == (outside / "secret").read_bytes()
    assert ["secret"] == [entry.name for entry in outside.iterdir()]
    assert [] == run(listed(storage))


def test_a_name_that_is_too_long_for_the_disk_is_refused(save):
    """A segment longer than the file system's limit is the path's fault, not the storage's."""
    with pytest.raises(InvalidPathError):
        save("a" * 300, b"x")


def test_hidden_files_are_nobodys_objects(storage, root, run, started):
    """What the program itself keeps in the folder is neither listed nor counted."""
    (root / ".backend").mkdir()
    (root / ".backend" / "private").write_bytes(b"x" * 1000)

    assert [] == run(listed(storage))
    assert 0 == run(started(LocalSettings(root=root, max_size_bytes=100)).get_total_size())


def test_the_folder_is_measured_once(storage, root, started, save, run, monkeypatch):
    """After the first save nobody walks the folder again."""
    save("old", b"x" * 60)
    limited = started(LocalSettings(root=root, max_size_bytes=100))
    scans = []
    listdir = os.listdir
    monkeypatch.setattr("storage.tree.os.listdir", lambda folder: scans.append(folder) or listdir(folder))
    for number in range(5):
        run(limited.save(f"b{number}", in_chunks(b"x")))

    assert 65 == run(limited.get_total_size())
    assert 1 == scans.count(root)


class TestParts:
    """Uploads in parts lie in a hidden folder until they are complete."""

    @pytest.fixture
    def begin(self, storage, run):
        """Return what begins an upload and stores a first part of 40 bytes."""

        def begin(path):
            upload_id = run(storage.begin_parts(path, content_type="video/mp4"))
            run(storage.save_part(path, upload_id, 1, in_chunks(b"x" * 40), size_bytes=40))
            return upload_id

        return begin

    @pytest.mark.parametrize("trigger", ["start", "begin"])
    def test_abandoned_uploads_go(self, storage, root, run, begin, trigger):
        """After a week without a part an upload is removed, when the storage starts and when another begins;
        others stay.
        """
        old, young = begin("old"), begin("young")
        age(root / PARTS / old, ABANDONED_AFTER_S + 60)
        age(root / PARTS / young, ABANDONED_AFTER_S - 60)

        run(storage.start() if trigger == "start" else storage.begin_parts("new", content_type="video/mp4"))

        assert 1 == len(run(storage.list_parts("young", young)))
        with pytest.raises(UploadNotFoundError):
            run(storage.list_parts("old", old))

    def test_parts_of_an_earlier_process_take_room(self, root, run, begin, started):
        """The next process counts the parts that it finds, and gives their room back when they go."""
        upload_id = begin("a")
        limited = started(LocalSettings(root=root, max_size_bytes=50))
        with pytest.raises(StorageQuotaExceededError) as refused:
            run(limited.save("b", in_chunks(b"x" * 11)))
        assert 40 == refused.value.used_bytes

        run(limited.abort_parts("a", upload_id))
        run(limited.save("b", in_chunks(b"x" * 50)))

    def test_a_completed_upload_leaves_nothing(self, storage, root, run, begin):
        """Its parts are gone from the disk, and nothing half-written is left."""
        upload_id = begin("a")
        run(storage.complete_parts("a", upload_id, run(storage.list_parts("a", upload_id))))

        assert [] == [*(root / PARTS).iterdir(), *(root / INCOMING).iterdir()]

    def test_an_upload_that_is_being_removed_is_not_there(self, storage, run, begin, monkeypatch):
        """Whoever lists it meanwhile is not told of those of its parts that are left, which nobody could complete."""
        upload_id = begin("a")
        run(storage.save_part("a", upload_id, 2, in_chunks(b"y"), size_bytes=1))
        remove, listed = shutil.rmtree, []

        def halfway(place, **options):
            next(place.glob("content-*")).unlink()
            with pytest.raises(UploadNotFoundError) as refused:
                asyncio.run(storage.list_parts("a", upload_id))
            listed.append(refused.type)
            remove(place, **options)

        monkeypatch.setattr("storage.local_parts.shutil.rmtree", halfway)
        run(storage.abort_parts("a", upload_id))
        assert [UploadNotFoundError] == listed

    def test_a_part_is_there_while_another_comes_in_its_place(self, storage, run, begin, monkeypatch):
        """Whoever lists the parts at that moment need not send it a third time."""
        upload_id = begin("a")
        move, listed = Path.replace, []

        def looked_at(file, target):
            listed.append(len(asyncio.run(storage.list_parts("a", upload_id))))
            return move(file, target)

        monkeypatch.setattr(Path, "replace", looked_at)
        run(storage.save_part("a", upload_id, 1, in_chunks(b"y" * 40), size_bytes=40))
        [part] = run(storage.list_parts("a", upload_id))
        assert ([1], hashlib.md5(b"y" * 40).hexdigest()) == (listed, part.etag)

    def test_an_upload_that_is_completed_twice_at_once_is_completed(self, storage, run, begin, monkeypatch):
        """Whoever asks a second time, having been killed before the answer, gets it although the parts are gone."""
        upload_id = begin("a")
        parts = run(storage.list_parts("a", upload_id))
        join, made = PartsFolder.join, []

        def join_before_another(*arguments):
            monkeypatch.setattr(PartsFolder, "join", join)
            joined = join(*arguments)
            made.append(asyncio.run(storage.complete_parts("a", upload_id, parts)).etag)
            return joined

        monkeypatch.setattr(PartsFolder, "join", join_before_another)
        assert made == [run(storage.complete_parts("a", upload_id, parts)).etag]

    def test_the_entity_tag_goes_with_its_file(self, storage, root, run, begin, started):
        """A file that somebody put in the place of an object made of parts has an entity tag of its own."""
        upload_id = begin("a")
        run(storage.complete_parts("a", upload_id, run(storage.list_parts("a", upload_id))))
        (root / "a").write_bytes(b"other")

        assert run(started(LocalSettings(root=root)).find("a")).etag in ("", hashlib.md5(b"other").hexdigest())


class TestUrls:
    """A local folder has no URLs; whoever serves it makes them."""

    class Signer:
        """Writes down in the URL what it was asked to sign."""

        def object_url(self, path, access, *, expires_s, content_type, size_bytes):
            return f"object {path} {access.value} {expires_s} {content_type} {size_bytes}"

        def part_url(self, path, upload_id, number, *, expires_s, size_bytes):
            return f"part {path} {upload_id} {number} {expires_s} {size_bytes}"

    @pytest.fixture
    def served(self, root, started):
        return started(LocalSettings(root=root, max_size_bytes=2 * MIN_PART_BYTES), signer=self.Signer())

    def test_the_signer_is_asked(self, served, run):
        """The URL is the signer's, for exactly what was asked."""
        ask = served.get_presigned_url("a.ts", Access.WRITE, expires_s=60, content_type="video/mp2t", size_bytes=5)
        assert "object a.ts PUT 60 video/mp2t 5" == run(ask)
        assert "object a.ts GET 60 None None" == run(served.get_presigned_url("a.ts", Access.READ, expires_s=60))
        upload_id = run(served.begin_parts("a.ts", content_type="video/mp2t"))
        ask = served.get_presigned_part_url("a.ts", upload_id, 7, expires_s=60, size_bytes=5)
        assert f"part a.ts {upload_id} 7 60 5" == run(ask)

    def test_nothing_is_signed_that_would_be_refused(self, served, run):
        """No URL is given for what does not fit, leads elsewhere, or is not there."""
        too_much = 2 * MIN_PART_BYTES + 1
        upload_id = run(served.begin_parts("a", content_type="video/mp4"))
        for ask, error in (
            (served.get_presigned_url("a", Access.WRITE, expires_s=60, size_bytes=too_much), StorageQuotaExceededError),
            (
                served.get_presigned_part_url("a", upload_id, 1, expires_s=60, size_bytes=too_much),
                StorageQuotaExceededError,
            ),
            (served.get_presigned_url("../a", Access.READ, expires_s=60), InvalidPathError),
            (served.get_presigned_part_url("a", "0" * 32, 1, expires_s=60), UploadNotFoundError),
            (served.get_presigned_part_url("a", upload_id, 0, expires_s=60), InvalidPartError),
        ):
            with pytest.raises(error):
                run(ask)

    def test_without_a_signer_there_is_none(self, storage, run):
        """Who serves nothing is told so."""
        with pytest.raises(StorageError, match="no URLs"):
            run(storage.get_presigned_url("a", Access.READ, expires_s=60))


def test_the_limit_is_no_part_of_the_folder(storage, root, started, run, save):
    """A limit that is lower than what is stored refuses more, and leaves what is there."""
    save("a", b"x" * 60)
    limited = started(replace(LocalSettings(root=root), max_size_bytes=10))
    with pytest.raises(StorageQuotaExceededError):
        run(limited.save("b", in_chunks(b"x")))

    assert b"x" * 60 == run(limited.load("a"))
