"""storage.local_digests: what is known of a file is on the disk, and nobody waits until a file has been read."""

import asyncio
import hashlib
import json
import os
import threading
import time

import pytest
from contents import in_chunks

from storage import LocalSettings, local_digests
from storage.local import ETAGS
from storage.local_digests import KEPT_S

CONTENT = b"content"
MD5 = hashlib.md5(CONTENT).hexdigest()
WITHIN_S = 240


@pytest.fixture
def root(tmp_path):
    """The folder of `storage`."""
    return tmp_path / "root"


@pytest.fixture
def storage(root, started, request):
    """A storage in an empty folder."""
    if "held" in request.fixturenames:
        request.getfixturevalue("held")
    return started(LocalSettings(root=root))


@pytest.fixture
def held(monkeypatch):
    """Return an event without which no file is read beside everything else; how often one was is in `reads`."""
    release, find = threading.Event(), local_digests.FileDigests._read
    release.reads = []

    def read(digests, path):
        release.wait(WITHIN_S)
        release.reads.append(path)
        find(digests, path)

    monkeypatch.setattr(local_digests.FileDigests, "_read", read)
    yield release
    release.set()


@pytest.fixture
def read(monkeypatch):
    """Return a list that gets an entry whenever a file is read to find out its MD5."""
    made, digest = [], hashlib.md5
    monkeypatch.setattr(local_digests.hashlib, "md5", lambda **options: made.append(1) or digest(**options))
    return made


def until(condition):
    """Wait until something is so."""
    deadline_s = time.monotonic() + WITHIN_S
    while not (found := condition()):
        assert time.monotonic() < deadline_s, "It has not come true."
        threading.Event().wait(0.01)
    return found


def notes(root):
    """Return the names of the notes in a storage."""
    return sorted(note.name for note in (root / ETAGS).iterdir()) if (root / ETAGS).is_dir() else []


async def entries(storage):
    """Return what a listing says of every object."""
    return [(found.path, found.etag, found.md5) async for found in storage.list_objects()]


def test_a_stored_object_is_known_after_a_restart(storage, root, run, started, held):
    """The next process says the same of an object, and has read none: what was stored was noted."""
    stored = run(storage.save("a", in_chunks(CONTENT)))
    run(storage.close())
    after = started(LocalSettings(root=root))

    found = run(after.find("a"))

    assert (stored.etag, stored.md5) == (found.etag, found.md5) == (MD5, MD5)
    assert [("a", MD5, MD5)] == run(entries(after))
    held.set()
    run(after.close())
    assert [] == held.reads


def test_another_process_knows_what_this_one_stores(storage, root, run, started):
    """What one process replaces, the other describes as it is now, although it knew the object before."""
    other = started(LocalSettings(root=root))
    run(storage.save("a", in_chunks(b"old")))
    before = run(other.find("a")).etag

    run(storage.save("a", in_chunks(CONTENT)))

    assert (hashlib.md5(b"old").hexdigest(), MD5) == (before, run(other.find("a")).etag)


@pytest.mark.parametrize("ask", ["find", "open", "list"])
def test_a_file_without_a_note_is_given_before_it_is_read(storage, root, run, held, ask):
    """Who asks for a file that somebody put there has it at once, without entity tag and MD5; both come later."""
    (root / "a").write_bytes(CONTENT)

    async def asked():
        if ask == "list":
            return await anext(storage.list_objects())
        if ask == "find":
            return await storage.find("a")
        opened = await storage.open("a")
        content = b"".join([chunk async for chunk in opened.chunks()])
        await opened.close()
        assert CONTENT == content
        return opened.info

    first = run(asked())
    assert ("", None, True) == (first.etag, first.md5, bool(first.version))
    held.set()
    until(lambda: run(storage.find("a")).md5)
    again = run(asked())
    assert (MD5, MD5, first.version) == (again.etag, again.md5, again.version)


def test_a_file_is_read_once(storage, root, run, started, held, read):
    """Many who ask for a file make it be read once, and the next process need not read it again."""
    (root / "a").write_bytes(CONTENT)
    for _ in range(5):
        run(storage.find("a"))
    held.set()
    until(lambda: run(storage.find("a")).md5)
    run(storage.close())

    after = started(LocalSettings(root=root))
    assert MD5 == run(after.find("a")).md5
    run(after.close())
    assert [1] == read


def test_the_version_changes_with_the_file(storage, root, run, held):
    """Until the MD5 is known, a file that was replaced has another version, although its size is the same."""
    (root / "a").write_bytes(b"one")
    before = run(storage.find("a")).version
    (root / "b").write_bytes(b"two")
    (root / "b").replace(root / "a")

    assert before != run(storage.find("a")).version


def test_a_file_that_changes_while_it_is_read_gets_no_note(storage, root, run, monkeypatch):
    """The MD5 of half an old and half a new file is nobody's."""
    file, seen = root / "a", []
    file.write_bytes(b"old")
    digest = hashlib.md5

    class Watched:
        def __init__(self, **options):
            self._digest = digest(**options)

        def update(self, block):
            if not seen:
                seen.append(block)
                file.write_bytes(CONTENT)
            self._digest.update(block)

        def hexdigest(self):
            return self._digest.hexdigest()

    monkeypatch.setattr(local_digests.hashlib, "md5", Watched)
    run(storage.find("a"))
    assert MD5 == until(lambda: run(storage.find("a")).md5)
    assert [b"old"] == seen


def test_what_is_found_out_late_hides_nothing(storage, root, run, started, monkeypatch):
    """A file that is replaced at the moment when its MD5 is noted leaves the entity tag of the other as it is."""
    monkeypatch.setattr("storage.background.ENDS_WITHIN_S", WITHIN_S)
    (root / "a").write_bytes(b"older")
    write, etags = local_digests.FileDigests._write, []

    def write_late(digests, note, path, status, found):
        if not etags:
            etags.append("")
            upload_id = asyncio.run(storage.begin_parts("a", content_type="video/mp4"))
            part = asyncio.run(storage.save_part("a", upload_id, 1, in_chunks(CONTENT), size_bytes=len(CONTENT)))
            etags.append(asyncio.run(storage.complete_parts("a", upload_id, [part])).etag)
        write(digests, note, path, status, found)

    monkeypatch.setattr(local_digests.FileDigests, "_write", write_late)
    run(storage.find("a"))
    until(lambda: len(etags) > 1)
    run(storage.close())

    assert etags[1].endswith("-1")
    assert etags[1] == run(started(LocalSettings(root=root)).find("a")).etag


def test_a_note_of_an_earlier_version_is_good(root, run, started, held):
    """The entity tag of an object that an earlier version made of parts stays, since no one can find it out."""
    (root / ETAGS).mkdir(parents=True)
    (root / "videos").mkdir()
    file = root / "videos" / "a.mp4"
    file.write_bytes(CONTENT)
    etag, status = "0123456789abcdef0123456789abcdef-3", file.stat()
    name = hashlib.sha256(b"videos/a.mp4").hexdigest()
    note = {"identity": [status.st_ino, status.st_size, status.st_mtime_ns], "etag": etag, "md5": MD5}
    (root / ETAGS / f"{name}.json").write_text(json.dumps(note), encoding="ascii")

    found = run(started(LocalSettings(root=root)).find("videos/a.mp4"))

    assert (etag, MD5) == (found.etag, found.md5)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"identity": 1}', "\0"], ids=["empty", "half", "list", "odd", "zero"])
def test_a_damaged_note_is_made_again(storage, root, run, started, text):
    """What a crash left of a note is worth nothing, and hinders nobody."""
    run(storage.save("a", in_chunks(CONTENT)))
    [name] = notes(root)
    (root / ETAGS / name).write_text(text, encoding="utf-8")
    after = started(LocalSettings(root=root))

    assert CONTENT == run(after.load("a"))
    assert MD5 == until(lambda: run(after.find("a")).md5)
    run(after.close())
    assert MD5 == run(started(LocalSettings(root=root)).find("a")).md5


def test_a_note_whose_file_never_came_says_nothing(storage, root, run):
    """A crash between noting and moving leaves the older object as it was."""
    run(storage.save("a", in_chunks(CONTENT)))
    file = root / "a"
    file.write_bytes(b"another one")  # as if the note had been written for a file that was never moved here

    assert run(storage.find("a")).etag in ("", hashlib.md5(b"another one").hexdigest())


def test_no_note_is_left_of_a_deleted_object(storage, root, run):
    """Deleting an object deletes what was noted of it."""
    run(storage.save("a", in_chunks(CONTENT)))
    run(storage.delete("a"))

    assert [] == notes(root)


def test_notes_of_files_that_somebody_removed_go(storage, root, run, started):
    """At a start, old notes whose files are gone are removed; those of objects stay, young ones too."""
    for path in ("gone", "kept", "young"):
        run(storage.save(path, in_chunks(path.encode())))
    for path in ("gone", "kept"):
        note = root / ETAGS / f"{hashlib.sha256(path.encode()).hexdigest()}.json"
        os.utime(note, (time.time() - KEPT_S - 60,) * 2)
    for path in ("gone", "young"):
        (root / path).unlink()

    started(LocalSettings(root=root))

    expected = sorted(f"{hashlib.sha256(path).hexdigest()}.json" for path in (b"kept", b"young"))
    until(lambda: expected == notes(root))


def test_a_folder_that_takes_no_note_is_read_once(storage, root, run, held, read, monkeypatch):
    """On a disk that can't be written, what was found out of a file is remembered instead of being read again."""

    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(local_digests.Path, "write_text", refused)
    (root / "a").write_bytes(CONTENT)
    run(storage.find("a"))
    held.set()
    until(lambda: run(storage.find("a")).md5)
    run(storage.find("a"))
    run(storage.close())
    assert [1] == read


def test_closing_ends_the_reading(storage, root, run, held, monkeypatch):
    """A storage that is closed reads nothing any more, and leaves no thread."""
    monkeypatch.setattr("storage.background.ENDS_WITHIN_S", WITHIN_S)
    for name in "abc":
        (root / name).write_bytes(CONTENT)
        run(storage.find(name))
    closing = threading.Thread(target=storage._digests.close)
    closing.start()
    until(lambda: storage._digests._reading.closed)
    held.set()
    closing.join(WITHIN_S)

    assert [] == [thread for thread in threading.enumerate() if thread.name == "storage-background"]
    assert len(held.reads) <= 1


def test_notes_that_cannot_be_listed_are_tidied_another_time(tmp_path, caplog):
    """Where too many files are open, or the disk is gone, nothing is complained of: nobody waits for that."""
    notes = tmp_path / "notes"
    notes.write_bytes(b"no folder")
    digests = local_digests.FileDigests(notes, tmp_path.joinpath)
    digests._tidying._work("")
    digests.tidy()
    digests.close()

    assert [] == caplog.messages
