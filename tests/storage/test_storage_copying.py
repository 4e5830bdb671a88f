"""storage.copying: everything arrives once, verified, and a copy that broke off goes on."""

import asyncio
import os
from contextlib import suppress

import pytest
from contents import in_chunks, listed

from storage import MIN_PART_BYTES, LocalSettings, StorageUnavailableError
from storage.copying import AT_ONCE, CopyProgress, copy
from storage.s3_content import PART_BYTES

SMALL = {"a.ts": b"one", "b/c d.m3u8": b"#EXTM3U", "b/ü.vtt": b"", "z.json": b"{}"}


@pytest.fixture
def here(started, tmp_path):
    """A local storage."""
    return started(LocalSettings(root=tmp_path / "here"))


@pytest.fixture
def fill(run):
    """Return what stores objects, one after another."""

    def fill(storage, objects):
        for path, content in objects.items():
            run(storage.save(path, in_chunks(content)))

    return fill


@pytest.fixture
def contents(run):
    """Return what reads everything that a storage holds."""

    async def read_all(storage):
        return {path: await storage.load(path) for path in await listed(storage)}

    return lambda storage: run(read_all(storage))


@pytest.fixture
def copied(run):
    """Return what copies and returns the result."""

    def do(source, target, prefix="", on_progress=lambda progress: None):
        return run(copy(source, target, prefix, content_type=lambda path: "video/mp2t", on_progress=on_progress))

    return do


def counts(result):
    """Return how many were copied, passed over, unproven, and failed."""
    return result.copied, result.passed_over, result.unproven, len(result.failures)


@pytest.fixture(params=["from local", "to local"])
def both(request, here, storage):
    """A source and a target: the local storage and one of each kind, in both directions."""
    return (here, storage) if request.param == "from local" else (storage, here)


def test_everything_is_copied_once(both, fill, copied, contents):
    """All objects arrive as they are, and a second copy finds them there."""
    source, target = both
    fill(source, SMALL)

    first, second = copied(source, target), copied(source, target)

    assert SMALL == contents(target)
    assert (4, 0, 0, 0) == counts(first)
    assert sum(map(len, SMALL.values())) == first.copied_bytes
    assert (0, 4, 0, 0) == counts(second)


def test_a_large_object_is_proven_and_found_again(both, fill, copied, contents):
    """An object that S3 keeps in parts, whose MD5 nobody knows, is verified, and passed over by the next copy."""
    source, target = both
    large = {"large.mp4": os.urandom(2 * PART_BYTES + 7)}
    fill(source, large)

    first, second = copied(source, target), copied(source, target)

    assert large == contents(target)
    assert [(1, 0, 0, 0), (0, 1, 0, 0)] == [counts(first), counts(second)]


def test_an_upload_in_parts_of_another_size_is_proven(both, run, copied, contents):
    """In which parts an object came does not matter."""
    source, target = both
    first, last = os.urandom(MIN_PART_BYTES + (1 << 20)), b"the end"
    upload_id = run(source.begin_parts("a.mp4", content_type="video/mp4"))
    parts = [
        run(source.save_part("a.mp4", upload_id, n, in_chunks(c), size_bytes=len(c)))
        for n, c in ((1, first), (2, last))
    ]
    run(source.complete_parts("a.mp4", upload_id, parts))

    results = [copied(source, target), copied(source, target)]

    assert {"a.mp4": first + last} == contents(target)
    assert [(1, 0, 0, 0), (0, 1, 0, 0)] == [counts(result) for result in results]


def test_an_object_that_differs_is_copied_again(both, fill, copied, contents):
    """Neither another size nor another content of the same size is taken for the same object."""
    source, target = both
    fill(source, SMALL)
    fill(target, SMALL | {"a.ts": b"two", "z.json": b"{ }", "only here": b"x"})

    result = copied(source, target)

    assert (2, 2, 0, 0) == counts(result)
    assert SMALL | {"only here": b"x"} == contents(target)


def test_only_what_begins_with_the_prefix(both, fill, copied, contents):
    """A prefix leaves the rest alone."""
    source, target = both
    fill(source, SMALL)

    assert 2 == copied(source, target, "b/").copied
    assert {path: content for path, content in SMALL.items() if path.startswith("b/")} == contents(target)


def test_nothing_is_there_to_copy(both, copied):
    """An empty storage is copied in no time."""
    assert (0, 0, 0, 0) == counts(copied(*both))


def test_progress_goes_from_nothing_to_all(both, fill, copied):
    """Reports only grow, and end with everything; what is passed over counts as done."""
    source, target = both
    fill(source, SMALL)
    fill(target, {"a.ts": SMALL["a.ts"]})
    seen = []
    copied(source, target, on_progress=seen.append)

    size = sum(map(len, SMALL.values()))
    assert CopyProgress(objects_total=4, bytes_total=size) == seen[0]
    assert CopyProgress(objects_total=4, bytes_total=size, objects_done=4, bytes_done=size) == seen[-1]
    done = [progress.bytes_done for progress in seen]
    assert sorted(done) == done


class Tampering:
    """A storage before another one, which does something at each object's opening."""

    def __init__(self, storage, at_opening=lambda path: None, at_chunk=lambda chunk: chunk):
        self._storage = storage
        self._at_opening = at_opening
        self._at_chunk = at_chunk

    def __getattr__(self, name):
        return getattr(self._storage, name)

    async def open(self, path):
        self._at_opening(path)
        opened = await self._storage.open(path)
        chunks = opened.chunks

        async def changed(*place):
            async for chunk in chunks(*place):
                yield self._at_chunk(chunk)

        opened.chunks = changed
        return opened


def test_a_copy_that_broke_off_goes_on(both, fill, copied, contents):
    """When a storage goes away the copy ends with its error; the next one copies the rest only."""
    source, target = both
    objects = {f"{number:02d}": bytes([number]) for number in range(3 * AT_ONCE)}
    fill(source, objects)

    def go_away(path):
        if path == f"{2 * AT_ONCE:02d}":
            raise StorageUnavailableError("gone")

    with pytest.raises(StorageUnavailableError, match="gone"):
        copied(Tampering(source, go_away), target)
    there = contents(target)
    result = copied(source, target)

    assert 0 < len(there) < len(objects)
    assert (len(objects) - len(there), len(there), 0, 0) == counts(result)
    assert objects == contents(target)


def test_a_cancelled_copy_leaves_nothing_half(both, fill, run, contents):
    """Ctrl-C ends what is under way; what arrived is whole."""
    source, target = both
    fill(source, SMALL | {"large": b"x" * (2 * PART_BYTES)})

    async def cancelled():
        copying.append(
            asyncio.create_task(
                copy(Tampering(source, stop), target, content_type=str, on_progress=lambda progress: None)
            )
        )
        with suppress(asyncio.CancelledError):
            await copying[0]
        return copying[0].cancelled(), asyncio.all_tasks() - {asyncio.current_task()}

    def stop(path):
        if path == "large":
            asyncio.get_running_loop().call_soon(copying[0].cancel)

    copying = []
    assert (True, set()) == run(cancelled())
    assert "large" not in contents(target)
    assert SMALL.items() >= contents(target).items()


def test_what_is_damaged_on_its_way_is_not_kept(both, fill, copied, contents):
    """A content that is not what its storage says it is fails, is named, and does not stay; the others are copied."""
    source, target = both
    fill(source, SMALL)

    result = copied(Tampering(source, at_chunk=lambda chunk: chunk.replace(b"one", b"0ne")), target)

    assert (3, 0, 0, 1) == counts(result)
    assert "a.ts was damaged" in result.failures[0]
    assert {path: content for path, content in SMALL.items() if path != "a.ts"} == contents(target)


def test_what_disappears_meanwhile_leaves_the_others(both, fill, run, copied, contents):
    """An object that is deleted while the copy runs is named, and the others arrive."""
    source, target = both
    fill(source, SMALL)

    async def without_one():
        found = [entry async for entry in source.list_objects()]
        await source.delete("a.ts")
        return found

    found = run(without_one())

    async def as_before(prefix=""):
        for entry in found:
            yield entry

    changing = Tampering(source)
    changing.list_objects = as_before
    result = copied(changing, target)

    assert (3, 0, 0, 1) == counts(result)
    assert ("Nothing is stored under a.ts.",) == result.failures


def test_what_the_target_cannot_hold_is_named(here, started, tmp_path, fill, run, copied, contents):
    """A file in the place of a folder stays, and what needed the folder is named."""
    target = started(LocalSettings(root=tmp_path / "target"))
    fill(here, SMALL)
    fill(target, {"b": b"a file"})

    result = copied(here, target)

    assert (2, 0, 0, 2) == counts(result)
    assert b"a file" == contents(target)["b"]
