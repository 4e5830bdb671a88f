"""storage.s3 on a real S3 server: URLs that bind, errors in plain sentences,
and no more memory or listings than needed.
"""

import asyncio
import logging
import os
from contextlib import suppress
from dataclasses import replace
from itertools import count

import boto3
import pytest
import requests
from contents import in_chunks, listed

from storage import (
    MIN_PART_BYTES,
    Access,
    InvalidPathError,
    ObjectChangedError,
    S3Settings,
    StorageError,
    StorageQuotaExceededError,
    StorageSettingsError,
    StorageUnavailableError,
    create,
    s3_bucket,
    s3_content,
)
from storage.measuring import MEASURED_FOR_S
from storage.paths import MAX_PATH_BYTES
from storage.s3 import S3StorageBackend
from storage.s3_content import PART_BYTES, PARTS_OF_A_SIZE, part_size
from storage.s3_parts import PARTS_AT_ONCE, S3Parts

DEADLINE_S = 60


@pytest.fixture
def storage(s3_settings, started):
    """An empty storage."""
    return started(s3_settings)


@pytest.fixture
def client(s3_settings):
    """Another program that uses the same bucket."""
    keys = {"aws_access_key_id": s3_settings.access_key_id, "aws_secret_access_key": s3_settings.secret_access_key}
    made = boto3.client("s3", endpoint_url=s3_settings.endpoint_url, region_name=s3_settings.region, **keys)
    yield made
    made.close()


class TestUrls:
    """What a presigned URL lets its holder do."""

    def url(self, storage, run, **bound):
        return run(
            storage.get_presigned_url("videos/a b+ü.ts", Access.WRITE, expires_s=60, content_type="video/mp2t", **bound)
        )

    def put(self, url, content=b"12345", content_type="video/mp2t"):
        answer = requests.put(url, data=content, headers={"Content-Type": content_type}, timeout=60)
        return answer.status_code

    def test_what_is_sent_is_stored(self, storage, run, client, s3_settings):
        """A PUT with what was signed stores the object, under the prefix and with its content type."""
        assert 200 == self.put(self.url(storage, run, size_bytes=5))

        assert b"12345" == run(storage.load("videos/a b+ü.ts"))
        head = client.head_object(Bucket=s3_settings.bucket, Key=f"{s3_settings.prefix}/videos/a b+ü.ts")
        assert "video/mp2t" == head["ContentType"]

    @pytest.mark.parametrize(
        "sent",
        [{"content": b"1234"}, {"content": b"123456"}, {"content_type": "text/html"}],
        ids=["too little", "too much", "another content type"],
    )
    def test_anything_else_is_refused(self, storage, run, sent):
        """The server takes exactly the size and content type that were signed."""
        assert 403 == self.put(self.url(storage, run, size_bytes=5), **sent)
        assert [] == run(storage.list_files())

    def test_a_url_without_a_size_takes_any(self, storage, run):
        """A URL that is bound to no size leaves the size open."""
        assert 200 == self.put(self.url(storage, run), content=b"any number")

    def test_an_object_is_read(self, storage, run):
        """A URL for reading gives the object, and takes none."""
        run(storage.save("a", in_chunks(b"content")))
        url = run(storage.get_presigned_url("a", Access.READ, expires_s=60))

        assert b"content" == requests.get(url, timeout=60).content
        assert 403 == self.put(url)

    def test_a_part_is_sent(self, storage, run):
        """A URL for a part is bound to its size too, and what is sent to it is the part."""
        upload_id = run(storage.begin_parts("a", content_type="video/mp4"))
        url = run(storage.get_presigned_part_url("a", upload_id, 1, expires_s=60, size_bytes=MIN_PART_BYTES))

        assert 403 == requests.put(url, data=b"x", timeout=60).status_code
        assert 200 == requests.put(url, data=b"x" * MIN_PART_BYTES, timeout=60).status_code
        assert [MIN_PART_BYTES] == [part.size_bytes for part in run(storage.list_parts("a", upload_id))]


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ({"bucket": "no-such-bucket"}, StorageSettingsError, "The bucket no-such-bucket does not exist at"),
        ({"bucket": "a b"}, StorageSettingsError, "can't be used as they are set"),
        ({"access_key_id": "WRONG"}, StorageSettingsError, "does not accept the access key"),
        ({"secret_access_key": "not-the-secret"}, StorageSettingsError, "does not accept the access key"),
        ({"endpoint_url": "http://127.0.0.1:1"}, StorageUnavailableError, "can't be reached"),
        ({"endpoint_url": "http://no such host"}, StorageSettingsError, "can't be used as they are set"),
    ],
    ids=["no bucket", "no bucket's name", "wrong key", "wrong secret", "nobody there", "no address"],
)
def test_what_is_wrong_is_said_at_the_start(s3_settings, run, monkeypatch, wrong, error, sentence):
    """Wrong settings are named in a sentence, without a secret in it."""
    monkeypatch.setattr(s3_bucket, "TRIES", 1)
    storage = create(replace(s3_settings, **wrong))
    with pytest.raises(error, match=sentence) as refused:
        run(storage.start())

    assert s3_settings.secret_access_key not in str(refused.value)
    with pytest.raises(StorageError, match="not open"):
        run(storage.exists("a"))


def test_no_secret_is_in_a_log(s3_settings, run, started, caplog):
    """Even at the most talkative level neither a secret nor a signature is logged."""
    with caplog.at_level(logging.DEBUG):
        storage = started(s3_settings)
        run(storage.save("a", in_chunks(b"x")))
        url = run(storage.get_presigned_url("a", Access.READ, expires_s=60))

    signature = url.rpartition("=")[2]
    assert [] == [record.message for record in caplog.records if s3_settings.secret_access_key in record.message]
    assert [] == [
        record.message for record in caplog.records if signature in record.message or "Signature" in record.message
    ]
    assert s3_settings.secret_access_key not in repr(s3_settings)


def test_a_replaced_object_is_not_read_on(storage, run):
    """Each range is refused once the object is another one, and says so."""
    run(storage.save("a", in_chunks(b"old")))

    async def second_range():
        opened = await storage.open("a")
        assert [b"o"] == [chunk async for chunk in opened.chunks(0, 1)]
        await storage.save("a", in_chunks(b"new"))
        return [chunk async for chunk in opened.chunks(1, 3)]

    with pytest.raises(ObjectChangedError, match="a was replaced"):
        run(second_range())


def test_what_lies_beside_the_prefix_is_never_seen(storage, run, client, s3_settings):
    """A neighbour whose prefix begins alike, and what shows a folder to other programs, are no objects."""
    for key in (f"{s3_settings.prefix}2/secret", f"{s3_settings.prefix}/", f"{s3_settings.prefix}/folder/", "secret"):
        client.put_object(Bucket=s3_settings.bucket, Key=key, Body=b"x")
    run(storage.save("a", in_chunks(b"x")))

    assert ["a"] == run(listed(storage))
    assert 1 == run(storage.get_total_size())


def test_a_whole_bucket_can_be_used(s3_bucket, client, started, run):
    """Without a prefix paths are keys."""
    client.create_bucket(Bucket="whole")
    storage = started(replace(s3_bucket, bucket="whole"))
    run(storage.save("a/b", in_chunks(b"x")))

    assert (
        ["a/b"]
        == run(listed(storage))
        == [entry["Key"] for entry in client.list_objects_v2(Bucket="whole")["Contents"]]
    )


def test_a_path_too_long_below_the_prefix_is_refused(storage, run):
    """Prefix and path together must be a key."""
    with pytest.raises(InvalidPathError):
        run(storage.save("a" * MAX_PATH_BYTES, in_chunks(b"x")))


def test_a_listing_of_several_pages_is_whole(storage, run, monkeypatch):
    """What S3 gives in pages comes in one go, in order and from any place."""
    names = [f"{number:04d}" for number in range(1005)]

    async def fill():
        some = asyncio.Semaphore(8)  # a busy server would let the last of all of them wait for too long

        async def save(name):
            async with some:
                await storage.save(name, in_chunks())

        await asyncio.gather(*map(save, names))

    run(fill())
    assert names == run(listed(storage))
    assert names[1000:] == run(listed(storage, after=names[999]))


def test_a_save_that_breaks_off_leaves_no_parts(storage, run, client, s3_settings):
    """What was sent of a large object is removed when its content ends with an error."""

    async def broken():
        yield b"x" * (2 * PART_BYTES + 1)
        raise OSError

    with pytest.raises(OSError):
        run(storage.save("a", broken()))

    assert [] == client.list_multipart_uploads(Bucket=s3_settings.bucket, Prefix=s3_settings.prefix).get("Uploads", [])


@pytest.mark.parametrize("moment", ["as the upload begins", "as parts are sent"])
def test_a_cancelled_save_leaves_no_parts(storage, run, client, s3_settings, monkeypatch, moment):
    """What was sent of a large object is removed when its save is cancelled, even before the upload's ID has come."""

    async def endless():
        for number in count():
            yield b"x" * PART_BYTES
            if moment == "as parts are sent" and number == 4:
                reached.set()

    async def begin(self, path, about):
        upload_id = await begun(self, path, about)
        if moment == "as the upload begins":
            reached.set()
            for _ in range(10):  # the answer is on its way
                await asyncio.sleep(0)
        return upload_id

    async def cancelled():
        save = asyncio.create_task(storage.save("a", endless()))
        await reached.wait()
        save.cancel()
        with suppress(asyncio.CancelledError):
            await save
        return save.cancelled()

    begun = S3Parts.begin
    monkeypatch.setattr(S3Parts, "begin", begin)
    reached = asyncio.Event()
    assert run(cancelled())
    assert [] == client.list_multipart_uploads(Bucket=s3_settings.bucket, Prefix=s3_settings.prefix).get("Uploads", [])


def test_a_large_save_holds_few_parts(storage, run, monkeypatch):
    """However large a content of unknown size is, only a few parts of it have been taken and not yet sent."""
    taken, sent, ahead = [0], [0], []
    send = S3Parts.send

    async def watched(self, path, upload, number, content):
        ahead.append(taken[0] - sent[0])
        part = await send(self, path, upload, number, content)
        sent[0] += len(content)
        return part

    async def content():
        for _ in range(12):
            taken[0] += MIN_PART_BYTES
            yield block

    block = os.urandom(MIN_PART_BYTES)
    monkeypatch.setattr(s3_content, "PART_BYTES", MIN_PART_BYTES)
    monkeypatch.setattr(S3Parts, "send", watched)
    run(storage.save("a", content()))

    assert 12 * MIN_PART_BYTES == sent[0]
    assert max(ahead) <= (PARTS_AT_ONCE + 2) * MIN_PART_BYTES


@pytest.mark.parametrize(
    ("number", "size_bytes", "expected"),
    [
        (1, None, PART_BYTES),
        (PARTS_OF_A_SIZE, None, PART_BYTES),
        (PARTS_OF_A_SIZE + 1, None, 2 * PART_BYTES),
        (1, 10_000 * PART_BYTES, PART_BYTES),
        (1, 10_000 * PART_BYTES + 1, PART_BYTES + (1 << 20)),
    ],
)
def test_parts_are_large_enough(number, size_bytes, expected):
    """Ten thousand parts hold whatever comes."""
    assert expected == part_size(number, size_bytes)


class TestQuota:
    """A bucket that may hold 100 bytes, of which 60 are in use."""

    @pytest.fixture
    def now(self):
        """The storage's clock, in seconds."""
        return [0.0]

    @pytest.fixture
    def limited(self, s3_settings, storage, run, now, tmp_path):
        run(storage.save("old", in_chunks(b"x" * 60)))
        made = S3StorageBackend(replace(s3_settings, max_size_bytes=100, state=tmp_path), clock=lambda: now[0])
        run(made.start())
        yield made
        run(made.close())

    @pytest.fixture
    def listings(self, limited, monkeypatch):
        """One entry for each time that the limited storage lists its bucket."""
        made = []
        list_objects = limited.list_objects
        monkeypatch.setattr(
            limited, "list_objects", lambda *arguments, **options: made.append(1) or list_objects(*arguments, **options)
        )
        return made

    def test_the_bucket_is_listed_once(self, limited, listings, run):
        """After the first save the bucket is not listed again, however much is saved and deleted."""
        for number in range(5):
            run(limited.save(f"a{number}", in_chunks(b"x")))
            run(limited.check_room("b", 1))
        run(limited.delete("a0"))

        assert 64 == run(limited.get_total_size())
        assert 1 == len(listings)

    def test_what_others_do_is_seen_after_a_while(self, limited, listings, storage, run, now):
        """A quarter of an hour later the bucket is listed again, beside the save that noticed."""
        assert 60 == run(limited.get_total_size())
        run(storage.save("by another", in_chunks(b"x" * 40)))
        now[0] += MEASURED_FOR_S + 1

        async def until_seen():
            seen = [await limited.get_total_size()]
            while await limited.get_total_size() != 100:
                await asyncio.sleep(0)
            return seen

        assert [60] == run(asyncio.wait_for(until_seen(), DEADLINE_S))
        with pytest.raises(StorageQuotaExceededError):
            run(limited.save("c", in_chunks(b"x")))
        assert 2 == len(listings)

    def test_parts_of_an_unfinished_upload_are_seen(self, limited, storage, run):
        """They are in the bucket and in no listing of objects, and count though nobody here signed them."""
        upload_id = run(storage.begin_parts("b", content_type="video/mp4"))
        run(storage.save_part("b", upload_id, 1, in_chunks(b"x" * 30), size_bytes=30))
        with pytest.raises(StorageQuotaExceededError) as refused:
            run(limited.check_room("c", 11))
        assert (90, 60) == (refused.value.used_bytes, run(limited.get_total_size()))

        run(limited.abort_parts("b", upload_id))
        run(limited.check_room("c", 40))

    def test_room_is_kept_for_urls(self, limited, run, now):
        """What a URL was given for takes room until the URL expires or the object is there."""
        url = run(limited.get_presigned_url("a", Access.WRITE, expires_s=60, content_type="video/mp2t", size_bytes=30))
        with pytest.raises(StorageQuotaExceededError) as refused:
            run(limited.get_presigned_url("b", Access.WRITE, expires_s=60, content_type="video/mp2t", size_bytes=11))
        assert (90, 11) == (refused.value.used_bytes, refused.value.wanted_bytes)

        # asked for again
        run(limited.get_presigned_url("a", Access.WRITE, expires_s=60, content_type="video/mp2t", size_bytes=30))
        assert 200 == requests.put(url, data=b"x" * 30, headers={"Content-Type": "video/mp2t"}, timeout=60).status_code
        run(limited.save("c", in_chunks(b"x" * 10)))
        with pytest.raises(StorageQuotaExceededError):
            run(limited.save("d", in_chunks(b"x")))


def test_settings_keep_their_secret():
    """Neither key nor secret shows in a repr."""
    shown = repr(S3Settings(bucket="b", access_key_id="KEYID", secret_access_key="SECRET"))
    assert ("KEYID" in shown, "SECRET" in shown) == (False, False)


def test_a_slow_reader_holds_no_connection_and_gets_everything(storage, run, monkeypatch):
    """While nothing more is wanted the connection is given up; the rest is asked for when it is."""
    monkeypatch.setattr("storage.s3_reading.HELD_S", 0)
    content = os.urandom((3 << 20) + 1)
    run(storage.save("a.mp4", in_chunks(content)))
    asked = []
    named = s3_bucket.S3Bucket.named
    monkeypatch.setattr(s3_bucket.S3Bucket, "named", lambda bucket, path: asked.append(path) or named(bucket, path))

    async def read_slowly():
        opened = await storage.open("a.mp4")
        found = bytearray()
        async for block in opened.chunks(1):
            found += block
            await asyncio.sleep(0.01)
        return bytes(found)

    assert content[1:] == run(read_slowly())
    assert len(asked) > 2
