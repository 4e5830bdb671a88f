"""storage.local: objects as files, whole or not at all, and never outside the folder."""

import asyncio
import hashlib
import os

import pytest

from storage import (
    IncompleteObjectError,
    InvalidPathError,
    LocalStorageBackend,
    ObjectNotFoundError,
    PathConflictError,
    StorageQuotaExceededError,
)
from storage.local import BLOCK_BYTES, INCOMING


@pytest.fixture
def storage(tmp_path):
    """A storage in an empty folder."""
    made = LocalStorageBackend(tmp_path / "root")
    made.prepare()
    return made


@pytest.fixture
def root(tmp_path):
    """The folder of `storage`."""
    return tmp_path / "root"


async def in_chunks(*chunks):
    """Give the chunks one by one, as a request does."""
    for chunk in chunks:
        yield chunk


def save(storage, path, *chunks, **options):
    """Save and wait for it."""
    return asyncio.run(storage.save(path, in_chunks(*chunks), **options))


async def read(storage, path, start=0, stop=None):
    """Return a range of an object."""
    opened = await storage.open(path)
    try:
        return b"".join([chunk async for chunk in opened.chunks(start, stop)])
    finally:
        await opened.close()


def test_what_was_saved_is_loaded(storage):
    """An object comes back byte for byte, with its size and MD5."""
    stored = save(storage, "videos/a.ts", b"one", b"", b"two")

    assert b"onetwo" == asyncio.run(storage.load("videos/a.ts"))
    assert ("videos/a.ts", 6, hashlib.md5(b"onetwo").hexdigest()) == (stored.path, stored.size_bytes, stored.md5)
    assert 6 == asyncio.run(storage.get_size("videos/a.ts"))


@pytest.mark.parametrize("chunks", [(), (b"",)], ids=["no chunk", "an empty chunk"])
def test_an_empty_object_is_an_object(storage, chunks):
    """An object of no bytes can be stored, found and read."""
    save(storage, "empty.vtt", *chunks, size_bytes=0)

    assert asyncio.run(storage.exists("empty.vtt"))
    assert b"" == asyncio.run(storage.load("empty.vtt"))


def test_a_large_object_survives_blocks(storage):
    """An object of several blocks in odd chunks comes back whole."""
    content = os.urandom(2 * BLOCK_BYTES + 12345)
    save(storage, "large.mp4", *(content[at : at + 70001] for at in range(0, len(content), 70001)))

    assert content == asyncio.run(storage.load("large.mp4"))


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (0, 1, b"0"), (9, 10, b"9"), (4, 4, b""), (2, 6, b"2345")],
)
def test_a_range_is_read(storage, start, stop, expected):
    """Reading gives exactly the bytes from start up to stop."""
    save(storage, "a", b"0123456789")

    assert expected == asyncio.run(read(storage, "a", start, stop))


def test_saving_again_replaces(storage):
    """A second save under the same path replaces the first, its MD5 too."""
    save(storage, "a", b"old content")
    save(storage, "a", b"new")

    async def md5():
        opened = await storage.open("a")
        await opened.close()
        return opened.info.md5

    assert b"new" == asyncio.run(storage.load("a"))
    assert hashlib.md5(b"new").hexdigest() == asyncio.run(md5())


@pytest.mark.parametrize("chunks_read_before", [0, 1])
def test_a_reader_keeps_the_object_that_it_opened(storage, chunks_read_before):
    """Who opened an object reads that one to the end, even when it is replaced meanwhile."""
    old = b"o" * (BLOCK_BYTES + 5)
    save(storage, "a", old)

    async def replaced_while_read():
        opened = await storage.open("a")
        chunks = opened.chunks()
        begun = [await anext(chunks) for _ in range(chunks_read_before)]
        await storage.save("a", in_chunks(b"new"))
        content = b"".join(begun) + b"".join([chunk async for chunk in chunks])
        await opened.close()
        return opened.info.size_bytes, content

    assert (len(old), old) == asyncio.run(replaced_while_read())


def test_the_md5_is_found_after_a_restart(storage, root):
    """The MD5 does not depend on having seen the object come in."""
    save(storage, "a", b"content")

    async def md5_of_the_next_server():
        opened = await LocalStorageBackend(root).open("a")
        content = b"".join([chunk async for chunk in opened.chunks()])
        await opened.close()
        return opened.info.md5, content

    assert (hashlib.md5(b"content").hexdigest(), b"content") == asyncio.run(md5_of_the_next_server())


def test_a_save_that_breaks_off_leaves_nothing(storage, root):
    """When the content ends with an error, that error passes through, the old object stays and no file is left."""

    class Gone(Exception):
        pass

    async def broken():
        yield b"x" * (BLOCK_BYTES + 1)
        raise Gone

    save(storage, "a", b"old")
    with pytest.raises(Gone):
        asyncio.run(storage.save("a", broken()))

    assert b"old" == asyncio.run(storage.load("a"))
    assert [] == list((root / INCOMING).iterdir())


@pytest.mark.parametrize("announced", [2, 4], ids=["more than announced", "less than announced"])
def test_another_size_than_announced_is_refused(storage, announced):
    """A content that is not as long as was announced is not stored."""
    with pytest.raises(IncompleteObjectError):
        save(storage, "a", b"abc", size_bytes=announced)

    assert not asyncio.run(storage.exists("a"))


def test_leftovers_of_a_killed_server_go_at_the_start(root):
    """Half-written files of an earlier process are removed, objects are not."""
    first = LocalStorageBackend(root)
    first.prepare()
    save(first, "a", b"kept")
    (root / INCOMING / "half.part").write_bytes(b"ha")

    LocalStorageBackend(root).prepare()

    assert [] == list((root / INCOMING).iterdir())
    assert b"kept" == asyncio.run(first.load("a"))


def test_lists_by_prefix(storage):
    """A prefix is the beginning of a path, as in S3, and hidden files are not listed."""
    for path in ("videos/a/1.ts", "videos/ab/2.ts", "videos/b/3.ts", "other.txt"):
        save(storage, path, b"x")

    async def listed(prefix):
        return await storage.list_files(prefix)

    assert ["other.txt", "videos/a/1.ts", "videos/ab/2.ts", "videos/b/3.ts"] == asyncio.run(listed(""))
    assert ["videos/a/1.ts", "videos/ab/2.ts"] == asyncio.run(listed("videos/a"))
    assert ["videos/a/1.ts"] == asyncio.run(listed("videos/a/"))
    assert [] == asyncio.run(listed("nothing/here/"))


def test_delete_removes_the_object_and_its_empty_folders(storage, root):
    """Deleting leaves no empty folders, keeps the others, and can be done twice."""
    save(storage, "videos/a/1.ts", b"x")
    save(storage, "videos/b.ts", b"x")

    asyncio.run(storage.delete("videos/a/1.ts"))
    asyncio.run(storage.delete("videos/a/1.ts"))

    assert not asyncio.run(storage.exists("videos/a/1.ts"))
    assert ["b.ts"] == [entry.name for entry in (root / "videos").iterdir()]


@pytest.mark.parametrize("path", ["missing", "videos", "videos/a.ts/below"], ids=["nothing", "a folder", "below an object"])
def test_what_is_not_there_is_not_found(storage, path):
    """Only an object is found, never a folder."""
    save(storage, "videos/a.ts", b"x")

    assert not asyncio.run(storage.exists(path))
    for ask in (storage.load, storage.get_size, storage.open):
        with pytest.raises(ObjectNotFoundError):
            asyncio.run(ask(path))


@pytest.mark.parametrize("path", ["videos", "videos/a.ts/below"], ids=["a folder's name", "below an object"])
def test_a_file_and_a_folder_of_one_name_conflict(storage, path):
    """What a file system can't hold beside each other is refused by name, and nothing is lost."""
    save(storage, "videos/a.ts", b"x")

    with pytest.raises(PathConflictError):
        save(storage, path, b"y")

    assert b"x" == asyncio.run(storage.load("videos/a.ts"))


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/hostname", "a/../../secret", "link/secret", "file-link", ".incoming/a", "hidden-link/a"]
)
def test_nothing_outside_the_folder_is_reached(storage, root, path):
    """Neither dots nor links lead out of the folder or into its hidden part, for any operation."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root.parent / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(outside)
    (root / "file-link").symlink_to(outside / "secret")
    (root / "hidden-link").symlink_to(root / INCOMING)

    for ask in (storage.load, storage.open, storage.exists, storage.get_size, storage.delete):
        with pytest.raises(InvalidPathError):
            asyncio.run(ask(path))
    with pytest.raises(InvalidPathError):
        save(storage, path, b"overwritten")

    assert b"secret" == (outside / "secret").read_bytes() == (root.parent / "secret").read_bytes()
    assert ["secret"] == [entry.name for entry in outside.iterdir()]
    assert [] == asyncio.run(storage.list_files())


def test_a_name_that_is_too_long_for_the_disk_is_refused(storage):
    """A segment longer than the file system's limit is the path's fault, not the storage's."""
    with pytest.raises(InvalidPathError):
        save(storage, "a" * 300, b"x")


class TestQuota:
    """A storage that may hold 100 bytes."""

    @pytest.fixture
    def storage(self, root):
        """A storage with 60 bytes of 100 in use since before it was started."""
        (root / "old").mkdir(parents=True)
        (root / "old" / "a").write_bytes(b"x" * 60)
        (root / ".backend").mkdir()
        (root / ".backend" / "private").write_bytes(b"x" * 1000)
        made = LocalStorageBackend(root, max_size_bytes=100)
        made.prepare()
        return made

    @pytest.mark.parametrize("announced", [41, None], ids=["size announced", "size unknown"])
    def test_too_much_is_refused_with_figures(self, storage, root, announced):
        """What does not fit is refused with the figures, and leaves nothing."""
        with pytest.raises(StorageQuotaExceededError) as refused:
            save(storage, "b", b"x" * 41, size_bytes=announced)

        assert (100, 60, 41) == (refused.value.max_size_bytes, refused.value.used_bytes, refused.value.wanted_bytes)
        assert not asyncio.run(storage.exists("b"))
        assert [] == list((root / INCOMING).iterdir())

    def test_an_announced_size_is_refused_before_a_byte_is_read(self, storage):
        """Nobody sends a gigabyte to learn that it does not fit."""
        taken = []

        async def content():
            taken.append(1)
            yield b"x"

        with pytest.raises(StorageQuotaExceededError):
            asyncio.run(storage.save("b", content(), size_bytes=41))

        assert [] == taken

    def test_what_just_fits_is_stored_and_counted(self, storage):
        """The last byte may be used, the one after may not, and a refused object takes no room."""
        save(storage, "b", b"x" * 40)
        with pytest.raises(StorageQuotaExceededError):
            save(storage, "c", b"x")

        assert 100 == asyncio.run(storage.get_total_size())

    def test_replacing_counts_the_difference(self, storage):
        """A new version of an object has the room of the old one."""
        save(storage, "old/a", b"x" * 90)
        save(storage, "old/a", b"x" * 30)

        assert 30 == asyncio.run(storage.get_total_size())

    def test_deleting_makes_room(self, storage):
        """Room that is given back can be used."""
        asyncio.run(storage.delete("old/a"))
        save(storage, "b", b"x" * 100)

        assert 100 == asyncio.run(storage.get_total_size())

    def test_the_folder_is_measured_once(self, storage, monkeypatch):
        """After the first save nobody walks the folder again."""
        walks = []
        walk = os.walk
        monkeypatch.setattr("storage.local.os.walk", lambda *arguments: walks.append(1) or walk(*arguments))
        for number in range(5):
            save(storage, f"b{number}", b"x")

        assert 65 == asyncio.run(storage.get_total_size())
        assert 1 == len(walks)

    def test_saves_at_the_same_time_share_the_room(self, storage):
        """Of two saves that fit alone but not together, one is refused."""

        async def both():
            return await asyncio.gather(
                *(storage.save(path, in_chunks(b"x" * 30), size_bytes=30) for path in ("b", "c")), return_exceptions=True
            )

        results = asyncio.run(both())

        assert 1 == sum(isinstance(result, StorageQuotaExceededError) for result in results)
        assert 90 == asyncio.run(storage.get_total_size())
