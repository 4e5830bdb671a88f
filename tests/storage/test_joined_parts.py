"""storage.joined_parts: parts become one file while they come, and nothing is lost wherever a crash comes."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from contents import in_chunks

from storage import InvalidPartError, LocalSettings, StorageFullError, StoredPart, joined_parts
from storage.file_lock import locked
from storage.joined_parts import JOURNAL
from storage.local import PARTS
from storage.local_parts import PartsFolder

CONTENTS = [bytes([65 + number]) * (3000 + 7 * number) for number in range(5)]
WHOLE = b"".join(CONTENTS)
OLDER = b"what was there before"


class Killed(BaseException):
    """The end of a process, as far as files are concerned: nothing that follows is done."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Let parts be small."""
    monkeypatch.setattr("storage.parts.MIN_PART_BYTES", 1)


@pytest.fixture
def root(tmp_path):
    """The folder of `storage`."""
    return tmp_path / "root"


@pytest.fixture
def storage(root, started):
    """A storage in an empty folder."""
    return started(LocalSettings(root=root))


@pytest.fixture
def upload_id(storage, run):
    """An upload to `a`."""
    return run(storage.begin_parts("a", content_type="video/mp4"))


@pytest.fixture
def send(storage, run, upload_id):
    """Return what sends a part of `a`."""

    def send(number, content=None):
        content = CONTENTS[number - 1] if content is None else content
        return run(storage.save_part("a", upload_id, number, in_chunks(content), size_bytes=len(content)))

    return send


def own_files(root, upload_id):
    """Return the names of the parts that are not joined."""
    return sorted(file.name[:5] for file in (root / PARTS / upload_id).glob("?????.*"))


def disk_bytes(folder):
    """Return the bytes of all files below a folder, those in notes left out."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.suffix != ".json")


@pytest.mark.parametrize(
    "order", [(1, 2, 3, 4, 5), (2, 1, 4, 3, 5), (5, 4, 3, 2, 1)], ids=["in order", "mixed", "back"]
)
def test_parts_are_one_file_when_the_last_has_come(storage, root, run, upload_id, send, order):
    """When all have come in whatever order, nothing is left to be copied, and the object is their content."""
    parts = sorted((send(number) for number in order), key=lambda part: part.number)
    assert [] == own_files(root, upload_id)
    [content] = (root / PARTS / upload_id).glob("content-*")
    identity = content.stat().st_ino

    run(storage.complete_parts("a", upload_id, parts))

    assert (WHOLE, identity) == (run(storage.load("a")), (root / "a").stat().st_ino)


def test_no_more_room_is_needed_than_for_one_part_more(storage, root, run, upload_id, send, monkeypatch):
    """At no moment of sending and completing does the disk hold all parts twice."""
    most, copy, replace = [0], joined_parts.copy_bytes, Path.replace

    def measured(do):
        def measure(*arguments, **options):
            found = do(*arguments, **options)
            most[0] = max(most[0], disk_bytes(root))
            return found

        return measure

    monkeypatch.setattr(joined_parts, "copy_bytes", measured(copy))
    monkeypatch.setattr(Path, "replace", measured(replace))
    parts = [send(number) for number in range(1, 6)]
    run(storage.complete_parts("a", upload_id, parts))

    assert len(WHOLE) <= most[0] <= len(WHOLE) + max(map(len, CONTENTS)) + 1000


def test_a_part_sent_again_before_its_turn(storage, run, upload_id, send):
    """Of a part that waits, the last one sent counts."""
    first = send(2, b"first")
    parts = [send(2), send(1)]
    run(storage.complete_parts("a", upload_id, [parts[1], parts[0]]))

    assert first != parts[0]
    assert CONTENTS[0] + CONTENTS[1] == run(storage.load("a"))


@pytest.mark.parametrize("again", [b"another content", CONTENTS[1]], ids=["another", "the same"])
def test_a_part_sent_again_after_it_was_joined(storage, root, run, upload_id, send, again):
    """Of a part that was joined already, the last one sent counts, and nothing of it is left."""
    parts = [send(1), send(2), send(3)]
    parts[1] = send(2, again)

    assert parts == run(storage.list_parts("a", upload_id))
    run(storage.complete_parts("a", upload_id, parts))
    assert CONTENTS[0] + again + CONTENTS[2] == run(storage.load("a"))
    assert [] == list((root / PARTS).iterdir())


def test_parts_that_are_left_out(storage, run, upload_id, send):
    """An object may be made of some of the parts that came, wherever gaps are."""
    parts = [send(number) for number in (1, 2, 3, 5)]
    run(storage.complete_parts("a", upload_id, [parts[0], parts[2], parts[3]]))

    assert CONTENTS[0] + CONTENTS[2] + CONTENTS[4] == run(storage.load("a"))


def test_the_last_joined_parts_may_be_left_out(storage, run, upload_id, send):
    """An object of the first parts alone ends where they end."""
    parts = [send(number) for number in (1, 2, 3)]
    run(storage.complete_parts("a", upload_id, parts[:2]))

    assert CONTENTS[0] + CONTENTS[1] == run(storage.load("a"))


def test_an_upload_of_an_earlier_version_goes_on(storage, root, run, upload_id):
    """What an earlier version left of an upload, a file a part, is completed, with parts that come now."""
    place = root / PARTS / upload_id
    for number in (1, 2, 4):
        content = CONTENTS[number - 1]
        (place / f"{number:05d}.{hashlib.md5(content).hexdigest()}").write_bytes(content)
    third = run(storage.save_part("a", upload_id, 3, in_chunks(CONTENTS[2]), size_bytes=len(CONTENTS[2])))
    parts = run(storage.list_parts("a", upload_id))
    run(storage.complete_parts("a", upload_id, parts))

    assert third in parts
    assert b"".join(CONTENTS[:4]) == run(storage.load("a"))


def test_nobody_waits_for_another_that_joins(storage, root, run, upload_id, send):
    """While one request joins, others leave their parts, which the next one or the completion joins."""
    first = send(1)
    with locked(root / PARTS / upload_id / "lock"):
        second = send(2)
        assert ["00002"] == own_files(root, upload_id)
    third = send(3)
    assert [] == own_files(root, upload_id)
    assert [first, second, third] == run(storage.list_parts("a", upload_id))


def test_completing_waits_for_who_joins_outside_of_the_count(storage, root, run, upload_id, send, monkeypatch):
    """Who moves the object to its place holds up all others, so it waits for nobody then, and tries again after."""
    parts = [send(1), send(2)]
    join, joins, holding = PartsFolder.join, [], ExitStack()

    def join_and_hold_once(*arguments):
        joins.append(1)
        holding.close()
        joined = join(*arguments)
        if len(joins) == 1:
            holding.enter_context(locked(root / PARTS / upload_id / "lock"))
        return joined

    monkeypatch.setattr(PartsFolder, "join", join_and_hold_once)
    run(storage.complete_parts("a", upload_id, parts))
    assert (2, CONTENTS[0] + CONTENTS[1]) == (len(joins), run(storage.load("a")))


def test_a_full_disk_loses_no_part(storage, root, run, upload_id, send, monkeypatch):
    """A part that can't be joined for want of room stays, the completion says so, and can be repeated."""
    copy = joined_parts.copy_bytes
    first = send(1)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(joined_parts, "copy_bytes", full)
    parts = [first, send(2)]
    assert parts == run(storage.list_parts("a", upload_id))
    with pytest.raises(StorageFullError):
        run(storage.complete_parts("a", upload_id, parts))
    monkeypatch.setattr(joined_parts, "copy_bytes", copy)
    run(storage.complete_parts("a", upload_id, parts))

    assert CONTENTS[0] + CONTENTS[1] == run(storage.load("a"))


@pytest.mark.parametrize("left", ["2 50", "2 3007 0123", "\0\0\0", "9 9 9\n"], ids=["number", "md5", "zeros", "line"])
def test_what_a_crash_left_in_the_journal_is_not_believed(storage, root, run, upload_id, send, left):
    """A line that broke off says nothing, and what was written behind the joined parts is overwritten."""
    parts = [send(1)]
    place = root / PARTS / upload_id
    [content] = place.glob("content-*")
    with content.open("ab") as file:
        file.write(b"half a part" * 1000)
    with (place / JOURNAL).open("a", encoding="ascii") as journal:
        journal.write(left)

    assert parts == run(storage.list_parts("a", upload_id))
    parts += [send(2), send(3)]
    run(storage.complete_parts("a", upload_id, parts))
    assert b"".join(CONTENTS[:3]) == run(storage.load("a"))


def test_only_parts_that_came_make_an_object(storage, upload_id, send, run):
    """Nothing is joined for a list that is wrong."""
    parts = [send(1), send(2)]
    with pytest.raises(InvalidPartError):
        run(storage.complete_parts("a", upload_id, [parts[0], StoredPart(number=2, size_bytes=0, etag="0" * 32)]))
    run(storage.complete_parts("a", upload_id, parts))
    assert CONTENTS[0] + CONTENTS[1] == run(storage.load("a"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system copies nothing by itself")
def test_a_system_that_copies_nothing_itself(storage, run, upload_id, send, monkeypatch):
    """Where the file system refuses, blocks are read and written."""

    def refused(*_):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "copy_file_range", refused)
    run(storage.complete_parts("a", upload_id, [send(2), send(1)][::-1]))
    assert CONTENTS[0] + CONTENTS[1] == run(storage.load("a"))


class TestEveryStep:
    """A process that ends before or after any one change of a file loses nothing of an upload."""

    CHANGES = ((os, "fsync"), (os, "truncate"), (os, "utime"), (Path, "unlink"), (Path, "replace"), (shutil, "rmtree"))

    @pytest.fixture
    def killed(self, monkeypatch):
        """Return what lets a process end before the so-manieth change of a file."""
        monkeypatch.setattr("storage.local_digests.BackgroundThread.ask", lambda *_: None)

        def prepare(patch, before):
            changes = [0]

            def step():
                changes[0] += 1
                if changes[0] >= before:
                    raise Killed

            def counted(do):
                def change(*arguments, **options):
                    step()
                    found = do(*arguments, **options)
                    step()
                    return found

                return change

            def copied_by_half(source, target, *, size_bytes, from_byte=0, to_byte=0):
                copy(source, target, size_bytes=size_bytes // 2, from_byte=from_byte, to_byte=to_byte)
                step()
                copy(source, target, size_bytes=size_bytes, from_byte=from_byte, to_byte=to_byte)

            copy = joined_parts.copy_bytes
            patch.setattr(joined_parts, "copy_bytes", copied_by_half)
            for owner, name in self.CHANGES:
                patch.setattr(owner, name, counted(getattr(owner, name)))

        return prepare

    @pytest.mark.parametrize("kind", ["all wait", "one was sent again"])
    def test_completing(self, tmp_path, run, started, kind, killed):
        """Completing goes on where a killed process was: before, all parts or the object are there, never neither."""
        for before in range(1, 100):
            root = tmp_path / str(before)
            storage = started(LocalSettings(root=root))
            upload_id = run(storage.begin_parts("a", content_type="video/mp4"))

            def send(number, storage=storage, upload_id=upload_id):
                content = CONTENTS[number - 1]
                return run(storage.save_part("a", upload_id, number, in_chunks(content), size_bytes=len(content)))

            run(storage.save("a", in_chunks(OLDER)))
            if kind == "all wait":
                with locked(root / PARTS / upload_id / "lock"):
                    parts = [send(number) for number in (1, 2, 3)]
            else:
                first = send(1)
                run(storage.save_part("a", upload_id, 2, in_chunks(OLDER), size_bytes=len(OLDER)))
                parts = [first, send(2), send(3)]
            with pytest.MonkeyPatch.context() as patch:
                killed(patch, before)
                try:
                    run(storage.complete_parts("a", upload_id, parts))
                    return
                except Killed:
                    ended = True
            assert ended
            after = started(LocalSettings(root=root))
            assert (root / "a").read_bytes() in (OLDER, b"".join(CONTENTS[:3]))
            assert b"".join(CONTENTS[:3]) == _completed(run, after, upload_id, parts)
        pytest.fail("It was never done.")

    def test_sending(self, tmp_path, run, started, killed):
        """What a killed process has said to have is there, and a part that is sent again comes to its place."""
        for before in range(1, 100):
            root = tmp_path / str(before)
            storage = started(LocalSettings(root=root))
            upload_id = run(storage.begin_parts("a", content_type="video/mp4"))
            confirmed = []
            with pytest.MonkeyPatch.context() as patch:
                killed(patch, before)
                try:
                    for number in (2, 1, 3):
                        content = CONTENTS[number - 1]
                        sending = storage.save_part("a", upload_id, number, in_chunks(content), size_bytes=len(content))
                        confirmed.append(run(sending))
                except Killed:
                    ended = True
                else:
                    return
            assert ended
            after = started(LocalSettings(root=root))
            there = run(after.list_parts("a", upload_id))
            assert [] == [part for part in confirmed if part not in there]
            for number in {1, 2, 3} - {part.number for part in there}:
                content = CONTENTS[number - 1]
                run(after.save_part("a", upload_id, number, in_chunks(content), size_bytes=len(content)))
            parts = run(after.list_parts("a", upload_id))
            assert b"".join(CONTENTS[:3]) == _completed(run, after, upload_id, parts)
        pytest.fail("It was never done.")


def _completed(run, storage, upload_id, parts):
    run(storage.complete_parts("a", upload_id, parts))
    return run(storage.load("a"))


SENDER = """
import asyncio, sys
from pathlib import Path
from storage import LocalSettings, create

async def body(content):
    yield content

async def main(root, upload_id, first, step, count):
    storage = create(LocalSettings(root=Path(root)))
    await storage.start()
    numbers = range(int(first), int(count) + 1, int(step))
    print("ready", flush=True)
    sys.stdin.readline()
    await asyncio.gather(*(
        storage.save_part("a", upload_id, number, body(b"%05d" % number * 2000), size_bytes=10000)
        for number in reversed(numbers)
    ))
    await storage.close()

asyncio.run(main(*sys.argv[1:]))
"""


def test_several_processes_take_parts_at_once(storage, root, run, upload_id):
    """Whoever takes which part, and in which order, the object is all of them in theirs."""
    count, processes = 60, 3
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SENDER, str(root), upload_id, str(first), str(processes), str(count)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for first in range(1, processes + 1)
    ]
    assert [b"ready\n"] * processes == [process.stdout.readline() for process in started]
    for process in started:
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
    parts = run(storage.list_parts("a", upload_id))
    run(storage.complete_parts("a", upload_id, parts))

    assert [0] * processes == [process.returncode for process in started]
    assert b"".join(b"%05d" % number * 2000 for number in range(1, count + 1)) == run(storage.load("a"))
