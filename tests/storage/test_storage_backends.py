"""What every storage does alike: a local folder, and a bucket on a real S3 server."""

import asyncio
import hashlib
import os
from dataclasses import replace

import pytest
from contents import in_chunks, listed, read

from storage import (
    MAX_PARTS,
    MIN_PART_BYTES,
    IncompleteObjectError,
    InvalidPartError,
    InvalidPathError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageQuotaExceededError,
    StoredPart,
    UploadNotFoundError,
)


def md5(content):
    """Return the MD5 in hex."""
    return hashlib.md5(content).hexdigest()


def test_what_was_saved_is_loaded(storage, run):
    """An object comes back byte for byte, with its size, MD5 and entity tag."""
    stored = run(storage.save("videos/a.ts", in_chunks(b"one", b"", b"two"), content_type="video/mp2t"))

    assert b"onetwo" == run(storage.load("videos/a.ts"))
    assert ("videos/a.ts", 6, md5(b"onetwo"), md5(b"onetwo")) == (
        stored.path,
        stored.size_bytes,
        stored.md5,
        stored.etag,
    )
    assert 6 == run(storage.get_size("videos/a.ts"))


def test_what_is_found_is_what_was_stored(storage, run):
    """Finding, opening and listing say the same of an object as saving did."""
    stored = run(storage.save("videos/a.ts", in_chunks(b"content")))

    async def opened():
        reading = await storage.open("videos/a.ts")
        await reading.close()
        return reading.info

    async def in_listing():
        return [found async for found in storage.list_objects()]

    about = [run(storage.find("videos/a.ts")), run(opened()), *run(in_listing())]
    assert [(stored.path, 7, stored.etag, stored.md5)] * 3 == [(o.path, o.size_bytes, o.etag, o.md5) for o in about]
    assert all(abs(stored.modified_s - found.modified_s) <= 1 for found in about)  # HTTP's times are whole seconds


@pytest.mark.parametrize(
    "path", ["videos/a b/+&#%?=.ts", "видео/日本.ts", "a/.well-known/..b", "%2e%2e/a", "a'\"<>/(1)[2]{3}~!*.ts"]
)
def test_any_name_is_kept(storage, run, path):
    """Signs that URLs and XML quote, and other scripts, stay what they are."""
    run(storage.save(path, in_chunks(b"x")))

    assert b"x" == run(storage.load(path))
    assert [path] == run(listed(storage))


@pytest.mark.parametrize("chunks", [(), (b"",)], ids=["no chunk", "an empty chunk"])
def test_an_empty_object_is_an_object(storage, run, chunks):
    """An object of no bytes can be stored, found and read."""
    run(storage.save("empty.vtt", in_chunks(*chunks), size_bytes=0))

    assert run(storage.exists("empty.vtt"))
    assert b"" == run(storage.load("empty.vtt"))
    assert b"" == run(read(storage, "empty.vtt"))


@pytest.mark.parametrize("size_known", [True, False])
def test_a_large_object_survives(storage, run, size_known):
    """An object of several blocks and parts in odd chunks comes back whole."""
    content = os.urandom((17 << 20) + 12345)
    chunks = in_chunks(*(content[at : at + 700_001] for at in range(0, len(content), 700_001)))
    stored = run(storage.save("large.mp4", chunks, size_bytes=len(content) if size_known else None))

    assert (len(content), md5(content)) == (stored.size_bytes, stored.md5)
    assert stored.etag == run(storage.find("large.mp4")).etag
    assert content == run(storage.load("large.mp4"))
    assert content[9_000_000:] == run(read(storage, "large.mp4", 9_000_000))


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (0, 1, b"0"),
        (9, 10, b"9"),
        (4, 4, b""),
        (2, 6, b"2345"),
        (10, None, b""),
    ],
)
def test_a_range_is_read(storage, run, start, stop, expected):
    """Reading gives exactly the bytes from start up to stop."""
    run(storage.save("a", in_chunks(b"0123456789")))

    assert expected == run(read(storage, "a", start, stop))


@pytest.mark.parametrize(("max_bytes", "expected"), [(0, b""), (4, b"0123"), (10, b"0123456789"), (99, b"0123456789")])
def test_a_beginning_is_loaded(storage, run, max_bytes, expected):
    """Who wants no more than so many bytes gets no more, and all of a smaller object."""
    run(storage.save("a", in_chunks(b"0123456789")))
    run(storage.save("empty", in_chunks(b"")))

    assert (expected, b"") == (run(storage.load("a", max_bytes=max_bytes)), run(storage.load("empty", max_bytes=9)))


def test_saving_again_replaces(storage, run):
    """A second save under the same path replaces the first, its MD5 too."""
    run(storage.save("a", in_chunks(b"old content")))
    run(storage.save("a", in_chunks(b"new")))

    assert b"new" == run(storage.load("a"))
    assert md5(b"new") == run(storage.find("a")).md5


def test_a_reader_never_gets_a_mixture(storage, run):
    """Who opened an object that is replaced meanwhile gets that one to its end, or is told."""
    run(storage.save("a", in_chunks(b"old")))

    async def replaced_while_read():
        opened = await storage.open("a")
        await storage.save("a", in_chunks(b"new"))
        try:
            return b"".join([chunk async for chunk in opened.chunks()])
        except ObjectChangedError:
            return "told"
        finally:
            await opened.close()

    assert run(replaced_while_read()) in (b"old", "told")


@pytest.mark.parametrize("sent_bytes", [10, 20 << 20], ids=["small", "several parts"])
def test_a_save_that_breaks_off_leaves_nothing(storage, run, sent_bytes):
    """When the content ends with an error, that error passes through, and the old object stays."""

    class Gone(Exception):
        pass

    async def broken():
        for _ in range(20):
            yield b"x" * (sent_bytes // 20)
        raise Gone

    run(storage.save("a", in_chunks(b"old")))
    with pytest.raises(Gone):
        run(storage.save("a", broken()))

    assert b"old" == run(storage.load("a"))
    assert 3 == run(storage.get_total_size())


@pytest.mark.parametrize("announced", [2, 4], ids=["more than announced", "less than announced"])
def test_another_size_than_announced_is_refused(storage, run, announced):
    """A content that is not as long as was announced is not stored."""
    with pytest.raises(IncompleteObjectError):
        run(storage.save("a", in_chunks(b"abc"), size_bytes=announced))

    assert not run(storage.exists("a"))


NAMES = ["a/b", "a-b", "a/b/c.ts", "a0", "B", "a/é", "a/z", "a/𝄞", "a/\uffee", "ä", "z/1"]


@pytest.fixture
def filled(storage, run):
    """A storage with paths whose order is easily got wrong: folders beside names like theirs,
    and signs beyond 16 bits.
    """

    async def fill():
        for name in NAMES:
            if name not in ("a/b",):
                await storage.save(name, in_chunks(name.encode()))

    run(fill())
    return storage


IN_ORDER = sorted((name for name in NAMES if name != "a/b"), key=str.encode)


def test_lists_in_the_order_of_utf8(filled, run):
    """A listing is sorted by the bytes of whole paths, whatever folders they lie in."""
    assert IN_ORDER == run(listed(filled)) == run(filled.list_files())


@pytest.mark.parametrize("after", [*IN_ORDER, "a", "a/", "a/b/", "a/b/c.ts/d", "zzz", "A", "a\x01", "a/b\x7f", "\x85"])
def test_a_listing_goes_on_behind_a_path(filled, run, after):
    """What is listed behind a path is what sorts behind it, whether or not it exists."""
    assert [name for name in IN_ORDER if name.encode() > after.encode()] == run(listed(filled, after=after))


@pytest.mark.parametrize("prefix", ["a", "a/", "a/b", "a/b/", "a/b/c.ts", "nothing/here/", "ä", "z/", "."])
def test_lists_by_prefix(filled, run, prefix):
    """A prefix is the beginning of a path, wherever that falls."""
    assert (
        [name for name in IN_ORDER if name.startswith(prefix)]
        == run(listed(filled, prefix))
        == run(filled.list_files(prefix))
    )


@pytest.mark.parametrize("prefix", ["../", "/etc/", "a/../../", "a//b", "a\0b"])
def test_a_prefix_outside_is_refused(storage, run, prefix):
    """No listing leads out of the storage."""
    with pytest.raises(InvalidPathError):
        run(listed(storage, prefix))


def test_a_place_that_is_not_text_is_refused(storage, run):
    """Half a sign can't be a path's place in a listing."""
    with pytest.raises(InvalidPathError):
        run(listed(storage, after="a\ud800"))


def test_delete_removes_the_object(storage, run):
    """Deleting removes one object, and can be done twice."""
    run(storage.save("videos/a/1.ts", in_chunks(b"x")))
    run(storage.save("videos/b.ts", in_chunks(b"x")))

    run(storage.delete("videos/a/1.ts"))
    run(storage.delete("videos/a/1.ts"))

    assert ["videos/b.ts"] == run(storage.list_files())


@pytest.mark.parametrize(
    "path", ["missing", "videos", "videos/a.ts/below"], ids=["nothing", "a folder", "below an object"]
)
def test_what_is_not_there_is_not_found(storage, run, path):
    """Only an object is found, never a folder."""
    run(storage.save("videos/a.ts", in_chunks(b"x")))

    assert not run(storage.exists(path))
    for ask in (storage.load, storage.get_size, storage.open, storage.find):
        with pytest.raises(ObjectNotFoundError, match=path):
            run(ask(path))


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/hostname", "a/../../secret", ".incoming/a", "a//b", "a/./b", "a\\b"]
)
def test_no_path_leads_out(storage, run, path):
    """A path that would leave the storage's folder or prefix is refused by every operation."""
    refused = [
        *(
            ask(path)
            for ask in (storage.load, storage.open, storage.find, storage.exists, storage.get_size, storage.delete)
        ),
        storage.save(path, in_chunks(b"x")),
        storage.check_room(path, 1),
        storage.begin_parts(path, content_type="video/mp4"),
        storage.list_parts(path, "1" * 32),
        storage.save_part(path, "1" * 32, 1, in_chunks(b"x"), size_bytes=1),
        storage.complete_parts(path, "1" * 32, []),
        storage.abort_parts(path, "1" * 32),
    ]
    for answer in refused:
        with pytest.raises(InvalidPathError):
            run(answer)


def test_a_storage_is_there_again(settings, storage, started, run):
    """What was stored is there for the next process, with the same entity tag and MD5."""
    stored = run(storage.save("a", in_chunks(b"content")))
    run(storage.close())

    found = run(started(settings).find("a"))

    assert (stored.size_bytes, stored.etag, stored.md5) == (found.size_bytes, found.etag, found.md5)


class TestQuota:
    """A storage that may hold 100 bytes, 60 of them in use since before it was started."""

    @pytest.fixture
    def storage(self, settings, started, run, tmp_path):
        run(started(settings).save("old/a", in_chunks(b"x" * 60)))
        return started(replace(settings, max_size_bytes=100, state=tmp_path / "state"))

    @pytest.mark.parametrize("announced", [41, None], ids=["size announced", "size unknown"])
    def test_too_much_is_refused_with_figures(self, storage, run, announced):
        """What does not fit is refused with the figures, and leaves nothing."""
        with pytest.raises(StorageQuotaExceededError) as refused:
            run(storage.save("b", in_chunks(b"x" * 41), size_bytes=announced))

        assert (100, 60, 41) == (refused.value.max_size_bytes, refused.value.used_bytes, refused.value.wanted_bytes)
        assert not run(storage.exists("b"))

    def test_an_announced_size_is_refused_before_a_byte_is_read(self, storage, run):
        """Nobody sends a gigabyte to learn that it does not fit."""
        taken = []

        async def content():
            taken.append(1)
            yield b"x"

        with pytest.raises(StorageQuotaExceededError):
            run(storage.save("b", content(), size_bytes=41))

        assert [] == taken

    def test_what_just_fits_is_stored_and_counted(self, storage, run):
        """The last byte may be used, the one after may not, and a refused object takes no room."""
        run(storage.save("b", in_chunks(b"x" * 40)))
        with pytest.raises(StorageQuotaExceededError):
            run(storage.save("c", in_chunks(b"x")))

        assert 100 == run(storage.get_total_size())

    def test_replacing_counts_the_difference(self, storage, run):
        """A new version of an object has the room of the old one."""
        run(storage.save("old/a", in_chunks(b"x" * 90)))
        run(storage.save("old/a", in_chunks(b"x" * 30)))

        assert 30 == run(storage.get_total_size())

    def test_deleting_makes_room(self, storage, run):
        """Room that is given back can be used."""
        run(storage.delete("old/a"))
        run(storage.save("b", in_chunks(b"x" * 100)))

        assert 100 == run(storage.get_total_size())

    def test_saves_at_the_same_time_share_the_room(self, storage, run):
        """Of two saves that fit alone but not together, one is refused."""

        async def both():
            saves = (storage.save(path, in_chunks(b"x" * 30), size_bytes=30) for path in ("b", "c"))
            return await asyncio.gather(*saves, return_exceptions=True)

        assert 1 == sum(isinstance(result, StorageQuotaExceededError) for result in run(both()))
        assert 90 == run(storage.get_total_size())

    def test_room_is_checked_before(self, storage, run):
        """Whether an object fits can be asked without storing it; what it replaces counts."""
        run(storage.check_room("b", 40))
        run(storage.check_room("old/a", 100))
        with pytest.raises(StorageQuotaExceededError) as refused:
            run(storage.check_room("b", 41))

        assert (100, 60, 41) == (refused.value.max_size_bytes, refused.value.used_bytes, refused.value.wanted_bytes)

    def test_parts_count_before_they_are_an_object(self, storage, run):
        """A part takes room until its upload is aborted, and is no object's bytes."""
        upload_id = run(storage.begin_parts("b", content_type="video/mp4"))
        run(storage.save_part("b", upload_id, 1, in_chunks(b"x" * 30), size_bytes=30))
        run(storage.save_part("b", upload_id, 1, in_chunks(b"x" * 40), size_bytes=40))
        for refused in (
            storage.save_part("b", upload_id, 2, in_chunks(b"x"), size_bytes=1),
            storage.save("c", in_chunks(b"x")),
            storage.check_room("c", 1),
        ):
            with pytest.raises(StorageQuotaExceededError):
                run(refused)
        assert 60 == run(storage.get_total_size())

        run(storage.abort_parts("b", upload_id))
        run(storage.save("c", in_chunks(b"x" * 40)))

    def test_an_object_of_parts_is_counted_once(self, storage, run):
        """Completed, its bytes are the object's and no longer the part's."""
        upload_id = run(storage.begin_parts("b", content_type="video/mp4"))
        part = run(storage.save_part("b", upload_id, 1, in_chunks(b"x" * 40), size_bytes=40))
        run(storage.complete_parts("b", upload_id, [part]))

        assert 100 == run(storage.get_total_size())
        run(storage.delete("b"))
        run(storage.save("c", in_chunks(b"x" * 40)))


class TestParts:
    """An upload of two parts."""

    FIRST, LAST = os.urandom(MIN_PART_BYTES), b"the end"

    @pytest.fixture
    def upload_id(self, storage, run):
        return run(storage.begin_parts("a.mp4", content_type="video/mp4"))

    @pytest.fixture
    def parts(self, storage, run, upload_id):
        """Both parts, the last one sent first."""
        last = run(storage.save_part("a.mp4", upload_id, 2, in_chunks(self.LAST), size_bytes=len(self.LAST)))
        return [run(storage.save_part("a.mp4", upload_id, 1, in_chunks(self.FIRST), size_bytes=MIN_PART_BYTES)), last]

    def test_parts_become_an_object(self, storage, run, upload_id, parts):
        """The object is its parts in order, with S3's entity tag for such objects."""
        made = run(storage.complete_parts("a.mp4", upload_id, parts))

        assert self.FIRST + self.LAST == run(storage.load("a.mp4"))
        etag = f"{md5(hashlib.md5(self.FIRST).digest() + hashlib.md5(self.LAST).digest())}-2"
        assert (MIN_PART_BYTES + 7, etag) == (made.size_bytes, made.etag)
        assert made.md5 in (None, md5(self.FIRST + self.LAST))
        found = run(storage.find("a.mp4"))
        assert made.etag == found.etag
        assert found.md5 in (None, md5(self.FIRST + self.LAST))

    def test_the_entity_tag_stays_after_a_restart(self, settings, storage, started, run, upload_id, parts):
        """The next process says the same of the object."""
        made = run(storage.complete_parts("a.mp4", upload_id, parts))
        run(storage.close())

        found = run(started(settings).find("a.mp4"))

        assert made.etag == found.etag
        assert found.md5 in (None, md5(self.FIRST + self.LAST))

    def test_parts_survive_a_restart(self, settings, storage, started, run, upload_id, parts):
        """The next process goes on with the upload."""
        run(storage.close())
        next_one = started(settings)

        assert parts == run(next_one.list_parts("a.mp4", upload_id))
        assert MIN_PART_BYTES + 7 == run(next_one.complete_parts("a.mp4", upload_id, parts)).size_bytes

    def test_parts_are_listed(self, storage, run, upload_id, parts):
        """Number, size and entity tag of what arrived, by number; nothing of it is an object yet."""
        expected = [
            StoredPart(number=1, size_bytes=MIN_PART_BYTES, etag=md5(self.FIRST)),
            StoredPart(number=2, size_bytes=7, etag=md5(self.LAST)),
        ]
        assert expected == parts == run(storage.list_parts("a.mp4", upload_id))
        assert [] == run(storage.list_files())

    def test_a_part_sent_again_replaces(self, storage, run, upload_id, parts):
        """The last one of a number counts."""
        again = run(storage.save_part("a.mp4", upload_id, 2, in_chunks(b"other"), size_bytes=5))

        assert [parts[0], again] == run(storage.list_parts("a.mp4", upload_id))

    def test_completing_may_be_repeated(self, storage, run, upload_id, parts):
        """Who did not hear the answer asks again and gets it."""
        made = run(storage.complete_parts("a.mp4", upload_id, parts))
        again = run(storage.complete_parts("a.mp4", upload_id, parts))

        assert (made.size_bytes, made.etag) == (again.size_bytes, again.etag)

    @pytest.mark.parametrize(
        "listed",
        [
            pytest.param(lambda parts: [], id="none"),
            pytest.param(lambda parts: parts[::-1], id="wrong order"),
            pytest.param(lambda parts: [parts[0], parts[0]], id="twice the same"),
            pytest.param(lambda parts: [parts[0], replace(parts[1], etag="0" * 32)], id="wrong entity tag"),
            pytest.param(lambda parts: [*parts, replace(parts[1], number=3)], id="one that is not stored"),
        ],
    )
    def test_wrong_parts_are_refused(self, storage, run, upload_id, parts, listed):
        """What is not stored like this does not become an object, and the parts stay."""
        with pytest.raises(InvalidPartError):
            run(storage.complete_parts("a.mp4", upload_id, listed(parts)))

        assert not run(storage.exists("a.mp4"))
        assert parts == run(storage.list_parts("a.mp4", upload_id))

    def test_only_the_last_part_may_be_small(self, storage, run, upload_id):
        """A part before the last has five mebibytes at least."""
        parts = [run(storage.save_part("a.mp4", upload_id, n, in_chunks(b"xy"), size_bytes=2)) for n in (1, 2)]
        with pytest.raises(InvalidPartError):
            run(storage.complete_parts("a.mp4", upload_id, parts))

    @pytest.mark.parametrize("number", [0, MAX_PARTS + 1])
    def test_a_number_that_cannot_be_is_refused(self, storage, run, upload_id, number):
        """Parts are numbered from 1 to 10,000."""
        with pytest.raises(InvalidPartError):
            run(storage.save_part("a.mp4", upload_id, number, in_chunks(b"x"), size_bytes=1))

    def test_another_size_than_announced_is_refused(self, storage, run, upload_id):
        """A part that is not as long as was announced is not stored."""
        with pytest.raises(IncompleteObjectError):
            run(storage.save_part("a.mp4", upload_id, 1, in_chunks(b"abc"), size_bytes=4))

        assert [] == run(storage.list_parts("a.mp4", upload_id))

    def test_an_aborted_upload_is_gone(self, storage, run, upload_id, parts):
        """After aborting, which may be repeated, nothing can be done with it."""
        run(storage.abort_parts("a.mp4", upload_id))
        run(storage.abort_parts("a.mp4", upload_id))

        for ask in (
            storage.list_parts("a.mp4", upload_id),
            storage.complete_parts("a.mp4", upload_id, parts),
            storage.save_part("a.mp4", upload_id, 3, in_chunks(b"x"), size_bytes=1),
        ):
            with pytest.raises(UploadNotFoundError):
                run(ask)
        assert [] == run(storage.list_files())

    @pytest.mark.parametrize("wrong", ["", "..", "../a.mp4", "0" * 32, "no such"])
    def test_an_id_of_somebody_else_is_not_found(self, storage, run, upload_id, wrong):
        """Neither a made-up ID nor one of another path's upload leads anywhere."""
        for path, asked in (("a.mp4", wrong), ("b.mp4", upload_id)):
            with pytest.raises(UploadNotFoundError):
                run(storage.list_parts(path, asked))
