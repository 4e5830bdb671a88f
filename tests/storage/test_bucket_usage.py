"""storage.bucket_usage: what a bucket holds, counted between listings that are few and far between."""

import asyncio

import pytest

from storage.bucket_usage import MEASURED_FOR_S, BucketUsage
from storage.errors import StorageQuotaExceededError, StorageUnavailableError


class Bucket:
    """A bucket of sizes, in whose listing something happens at an object."""

    def __init__(self, **objects):
        self.objects = objects
        self.now = 0.0
        self.listings = 0
        self.failing = False
        self.at = {}
        self.usage = BucketUsage(max_size_bytes=100, sizes=self.sizes, clock=lambda: self.now)

    async def sizes(self):
        self.listings += 1
        if self.failing:
            raise StorageUnavailableError("down")
        path = ""
        while path := min((name for name in self.objects if name > path), default=""):
            if path in self.at:
                self.at.pop(path)()
            yield path, self.objects[path]

    def store(self, path, size_bytes):
        """Store through the storage, which notes it."""
        before = self.objects.get(path, 0)
        self.objects[path] = size_bytes
        self.usage.stored(path, size_bytes, replaced_bytes=before)

    async def settled(self):
        """Wait for the listing that is under way."""
        while self.usage._measuring is not None:
            await asyncio.sleep(0)
        return await self.usage.total()


def test_many_wait_for_one_listing():
    """Who needs the figure at the same time gets it from one listing; giving up waiting does not end it."""
    bucket = Bucket(a=60)

    async def ask():
        impatient = asyncio.create_task(bucket.usage.total())
        await asyncio.sleep(0)
        impatient.cancel()
        return await asyncio.gather(*(bucket.usage.total() for _ in range(5)))

    assert [60] * 5 == asyncio.run(ask())
    assert 1 == bucket.listings


def test_a_first_listing_that_fails_is_tried_again():
    """Nobody is let in on no figure, and the next one asks anew."""
    bucket = Bucket(a=60)
    bucket.failing = True

    async def ask():
        with pytest.raises(StorageUnavailableError):
            await bucket.usage.total()
        bucket.failing = False
        return await bucket.usage.total()

    assert 60 == asyncio.run(ask())


def test_a_later_listing_that_fails_leaves_the_figure():
    """What was counted goes on, and nobody's save fails."""
    bucket = Bucket(a=60)

    async def ask():
        await bucket.usage.total()
        bucket.failing = True
        bucket.now += MEASURED_FOR_S + 1
        return [await bucket.usage.total(), await bucket.settled(), await bucket.usage.total()]

    assert [60, 60, 60] == asyncio.run(ask())
    assert 2 == bucket.listings


@pytest.mark.parametrize("path", ["aa", "z"], ids=["where the listing has passed", "where it has not been yet"])
def test_what_is_stored_during_a_listing_is_counted_once(path):
    """An object that appears while the bucket is listed is in the figure once, wherever the listing is."""
    bucket = Bucket(a=10, m=20, x=30)

    async def ask():
        await bucket.usage.total()
        bucket.now += MEASURED_FOR_S + 1
        bucket.at = {"m": lambda: bucket.store(path, 11)}
        await bucket.usage.total()
        return await bucket.settled()

    assert 71 == asyncio.run(ask())


class TestPromises:
    """Room for what comes by URLs that were given away."""

    def refused(self, bucket, path, size_bytes):
        with pytest.raises(StorageQuotaExceededError):
            bucket.usage.check(path, size_bytes, replaced_bytes=0)

    def test_a_promise_ends_when_it_has_expired(self):
        """A URL that nobody used gives its room back, at the listing after it expired."""
        bucket = Bucket(a=60)

        async def ask():
            await bucket.usage.total()
            bucket.usage.promise("b", 40, replaced_bytes=0, for_s=MEASURED_FOR_S + 100)
            for seconds in (MEASURED_FOR_S + 1, MEASURED_FOR_S + 1):
                self.refused(bucket, "c", 1)
                bucket.now += seconds
                await bucket.usage.total()
                await bucket.settled()
            bucket.usage.check("c", 40, replaced_bytes=0)

        asyncio.run(ask())

    def test_a_promise_that_was_kept_is_counted_once(self):
        """An object that came by its URL is in the listing, and its room is not kept beside that."""
        bucket = Bucket(a=60)

        async def ask():
            await bucket.usage.total()
            bucket.usage.promise("b", 30, replaced_bytes=0, for_s=10 * MEASURED_FOR_S)
            bucket.objects["b"] = 30
            bucket.now += MEASURED_FOR_S + 1
            await bucket.usage.total()
            assert 90 == await bucket.settled()
            bucket.usage.check("c", 10, replaced_bytes=0)
            self.refused(bucket, "c", 11)

        asyncio.run(ask())

    def test_a_promise_for_a_replacement_keeps_the_difference(self):
        """What the object will replace is not asked for again."""
        bucket = Bucket(a=60)

        async def ask():
            await bucket.usage.total()
            bucket.usage.promise("a", 90, replaced_bytes=60, for_s=60)
            bucket.usage.check("b", 10, replaced_bytes=0)
            self.refused(bucket, "b", 11)
            bucket.store("a", 90)
            bucket.usage.check("b", 10, replaced_bytes=0)

        asyncio.run(ask())

    def test_parts_give_their_room_back_together(self):
        """The end of an upload frees what its parts were promised, and no other's."""
        bucket = Bucket(a=60)

        async def ask():
            await bucket.usage.total()
            bucket.usage.promise_part("one", 1, 10, for_s=60)
            bucket.usage.promise_part("one", 2, 10, for_s=60)
            bucket.usage.promise_part("two", 1, 20, for_s=60)
            self.refused(bucket, "b", 1)
            bucket.usage.forget_parts("one")
            bucket.usage.check("b", 20, replaced_bytes=0)
            self.refused(bucket, "b", 21)

        asyncio.run(ask())


def test_deleting_gives_back_no_room_that_a_url_still_may_fill():
    """The URL lives on; what comes by it replaces nothing any more."""

    async def refused():
        bucket = Bucket(a=40)
        await bucket.usage.total()
        bucket.usage.promise("a", 100, replaced_bytes=40, for_s=60)
        bucket.store("a", 0)
        with pytest.raises(StorageQuotaExceededError):
            bucket.usage.promise("b", 1, replaced_bytes=0, for_s=60)

    asyncio.run(refused())


def test_what_came_by_its_url_counts_when_its_key_is_asked_for_again():
    """Signing anew what is there already gives no room away, however often."""
    bucket = Bucket()

    async def fill():
        await bucket.usage.total()
        for path in ("a", "b", "c"):
            bucket.usage.promise(path, 30, replaced_bytes=0, for_s=60)
            bucket.objects[path] = 30
        for path in ("a", "b", "c"):
            bucket.usage.promise(path, 30, replaced_bytes=30, for_s=60)
        with pytest.raises(StorageQuotaExceededError):
            bucket.usage.promise("d", 30, replaced_bytes=0, for_s=60)
        bucket.usage.promise("e", 10, replaced_bytes=0, for_s=60)
        with pytest.raises(StorageQuotaExceededError):
            bucket.usage.promise("a", 31, replaced_bytes=30, for_s=60)
        return await bucket.usage.total()

    assert 90 == asyncio.run(fill())
