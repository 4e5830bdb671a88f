"""storage.usage: what a storage holds, counted together between measurings that are few and far between."""

import asyncio

import pytest

from storage import promises
from storage.errors import StorageQuotaExceededError, StorageUnavailableError
from storage.measuring import MEASURED_FOR_S, MEASURING_S, MeasuredFile
from storage.quota import Quotas
from storage.reservation import HELD_S, RENEWED_AFTER_S, RENEWED_BY_BYTES
from storage.usage import Usage
from storage.usage_ledger import LOOK_AGAIN_S


class Store:
    """Objects by path and size, counted by as many as share them; in a listing something may happen at an object."""

    def __init__(self, file, quotas=None):
        self.objects = {}
        self.parts = []
        self.now = 1_000_000.0
        self.listings = 0
        self.failing = False
        self.at = {}
        self._file = file
        self._quotas = quotas or Quotas(total_bytes=100)
        self.used = []

    def usage(self, quotas=None):
        """Return what counts, as another process would have it."""
        made = Usage(quotas or self._quotas, self._file, everything=self._everything, clock=lambda: self.now)
        self.used.append(made)
        return made

    async def _everything(self):
        self.listings += 1
        if self.failing:
            raise StorageUnavailableError("down")
        path = ""
        while path := min((name for name in self.objects if name > path), default=""):
            if path in self.at:
                await self.at.pop(path)()
            if path in self.objects:
                yield [MeasuredFile(path, self.objects[path])]
        yield self.parts

    async def store(self, usage, path, size_bytes):
        """Store or, with no size, delete; note it."""
        before = self.objects.pop(path, 0)
        if size_bytes:
            self.objects[path] = size_bytes
        await usage.act(lambda ledger: promises.stored(ledger, path, size_bytes, replaced_bytes=before))

    async def settled(self, usage):
        """Wait for the measuring that is under way."""
        while usage._measuring is not None:
            await asyncio.sleep(0)
        return await usage.total()


@pytest.fixture
def store(tmp_path):
    """A store of 60 bytes that may hold 100."""
    made = Store(tmp_path / "usage.sqlite3")
    made.objects["a"] = 60
    return made


@pytest.fixture
def run(store, run):
    """Return what runs a coroutine, and close what counted."""
    yield run
    for usage in store.used:
        run(usage.close())


def promise(usage, path, size_bytes, *, replaced_bytes=0, for_s=60):
    """Keep room for what comes by a URL."""
    return usage.act(
        lambda ledger: promises.promise(ledger, path, size_bytes, replaced_bytes=replaced_bytes, for_s=for_s)
    )


async def refused(asked):
    """See that something does not fit; return the refusal."""
    with pytest.raises(StorageQuotaExceededError) as caught:
        await asked
    return caught.value


class TestMeasuring:
    """All that is stored is looked at once, and again now and then."""

    def test_many_wait_for_one(self, store, run):
        """Who needs the figure at the same time gets it from one look; giving up waiting does not end it."""
        usage = store.usage()

        async def ask():
            impatient = asyncio.create_task(usage.total())
            while usage._measuring is None:
                await asyncio.sleep(0)
            impatient.cancel()
            return await asyncio.gather(*(usage.total() for _ in range(5)))

        assert [60] * 5 == run(ask())
        assert 1 == store.listings

    def test_processes_wait_for_one(self, store, run):
        """The figure is there for all who share the storage, those that start later too."""
        first, second = store.usage(), store.usage()

        async def ask():
            return [*await asyncio.gather(first.total(), second.total()), await store.usage().total()]

        assert ([60] * 3, 1) == (run(ask()), store.listings)

    def test_a_first_one_that_fails_is_tried_again(self, store, run):
        """Nobody is let in on no figure, and the next one asks anew."""
        usage = store.usage()
        store.failing = True
        with pytest.raises(StorageUnavailableError):
            run(usage.total())
        store.failing = False

        assert 60 == run(usage.total())

    def test_a_later_one_that_fails_leaves_the_figure(self, store, run):
        """What was counted goes on, and nobody's save fails."""
        usage = store.usage()

        async def ask():
            await usage.total()
            store.failing = True
            store.now += MEASURED_FOR_S + 1
            return [await usage.total(), await store.settled(usage), await usage.total()]

        assert ([60, 60, 60], 2) == (run(ask()), store.listings)

    @pytest.mark.parametrize(
        ("path", "size_bytes"),
        [("aa", 11), ("z", 11), ("a", 15), ("m", 15), ("x", 5), ("a", 0), ("x", 0)],
        ids=["new, passed", "new, not passed", "replaced, passed", "here", "replaced, not passed", "gone", "goes"],
    )
    def test_what_is_stored_meanwhile_is_counted_once(self, store, run, path, size_bytes):
        """An object that comes or goes while all are listed is in the figure as it is, wherever the listing is."""
        usage, other = store.usage(), store.usage()
        store.objects = {"a": 10, "m": 20, "x": 30}

        async def ask():
            await usage.total()
            store.now += MEASURED_FOR_S + 1
            store.at = {"m": lambda: store.store(other, path, size_bytes)}
            await usage.total()
            return await store.settled(usage)

        assert run(ask()) == sum(store.objects.values())

    def test_parts_meanwhile_are_counted_once(self, store, run):
        """So are parts that come, and those whose upload ends."""
        usage = store.usage()
        store.parts = [MeasuredFile("p", 5, "one", 1), MeasuredFile("p", 6, "two", 1)]

        async def change():
            await usage.change(lambda counts: counts.count_part("p", "one", 1, 7))
            await usage.change(lambda counts: counts.count_part("p", "one", 2, 8))
            await usage.change(lambda counts: counts.count_no_parts("p", "two"))

        async def ask():
            await usage.total()
            store.now += MEASURED_FOR_S + 1
            store.at = {"a": change}
            await usage.total()
            await store.settled(usage)
            return (await refused(usage.check("b", 100, replaced_bytes=0))).used_bytes

        assert 60 + 7 + 8 == run(ask())

    def test_who_was_killed_measuring_holds_nobody_up(self, store, run):
        """A turn that nobody uses any more is taken by the next one after a while."""
        killed, usage = store.usage(), store.usage()

        async def ask():
            assert await killed._run(killed._begin, "killed", 0)
            waiting = asyncio.create_task(usage.total())
            while usage._measuring is None:
                await asyncio.sleep(0)
            store.now += MEASURING_S + 1
            return await waiting

        assert 60 == run(ask())

    def test_what_a_killed_process_stored_is_found(self, store, run):
        """One that was killed after it had stored an object and before it could count it has held its room till now."""
        killed, usage = store.usage(), store.usage()

        async def ask():
            await killed.reserve("b", 30, replaced_bytes=0)
            store.objects["b"] = 30
            store.now += HELD_S + 1
            await usage.total()
            store.now += LOOK_AGAIN_S + 1
            await usage.total()
            return await store.settled(usage)

        assert 90 == run(ask())

    def test_before_something_is_refused_it_is_looked_again(self, store, run):
        """What was removed by hand makes room for the one who needs it, not only for those a quarter of an hour on."""
        usage = store.usage()

        async def ask():
            await usage.total()
            store.objects.clear()
            await refused(usage.check("b", 100, replaced_bytes=0))
            store.now += LOOK_AGAIN_S + 1
            await usage.check("b", 100, replaced_bytes=0)

        run(ask())
        assert 2 == store.listings


class TestReservations:
    """Room is held for a save as long as its content comes."""

    def test_others_count_it(self, store, run):
        """No process gives away what another one has reserved."""
        usage, other = store.usage(), store.usage()

        async def ask():
            reservation = await usage.reserve("b", 30, replaced_bytes=0)
            found = await refused(other.reserve("c", 11, replaced_bytes=0))
            await reservation.release()
            await other.reserve("c", 40, replaced_bytes=0)
            return found.used_bytes, found.wanted_bytes

        assert (90, 11) == run(ask())

    def test_a_stalled_one_gives_its_room_away(self, store, run):
        """Of a content nothing comes for a minute: others have its room, and what comes later is checked again."""
        usage = store.usage()

        async def content():
            yield b"x" * RENEWED_BY_BYTES
            store.now += HELD_S + 1
            await usage.reserve("c", 30, replaced_bytes=0)
            yield b"x" * RENEWED_BY_BYTES

        async def ask():
            reservation = await usage.reserve("b", 40, replaced_bytes=0)
            return [len(chunk) async for chunk in reservation.renewed_by(content())]

        run(refused(ask()))

    def test_one_that_stalls_in_an_empty_room_goes_on(self, store, run):
        """Where nobody has taken the room meanwhile, it is held again."""
        usage = store.usage()

        async def content():
            store.now += HELD_S + 1
            await usage.check("c", 40, replaced_bytes=0)
            yield b"x" * RENEWED_BY_BYTES
            await refused(usage.check("c", 1, replaced_bytes=0))

        async def ask():
            reservation = await usage.reserve("b", 40, replaced_bytes=0)
            return [len(chunk) async for chunk in reservation.renewed_by(content())]

        assert [RENEWED_BY_BYTES] == run(ask())

    @pytest.mark.parametrize("chunk_bytes", [RENEWED_BY_BYTES, 1], ids=["steady", "a trickle"])
    def test_one_that_goes_on_keeps_its_room(self, store, run, chunk_bytes):
        """A content that takes many minutes keeps it, one of a byte now and then does not."""
        usage = store.usage()
        kept = []

        async def content():
            for _ in range(3 * HELD_S // RENEWED_AFTER_S):
                store.now += RENEWED_AFTER_S
                yield b"x" * chunk_bytes
            try:
                await usage.check("c", 1, replaced_bytes=0)
            except StorageQuotaExceededError:
                kept.append("b")

        async def ask():
            reservation = await usage.reserve("b", 40, replaced_bytes=0)
            async for _ in reservation.renewed_by(content()):
                pass

        run(ask())
        assert (["b"] if chunk_bytes > 1 else []) == kept

    def test_a_clock_that_was_set_back_keeps_no_room(self, store, run):
        """A reservation from the future is nobody's."""
        usage = store.usage()

        async def ask():
            await usage.reserve("b", 40, replaced_bytes=0)
            store.now -= 365 * 24 * 3600
            await usage.check("c", 40, replaced_bytes=0)

        run(ask())

    def test_a_clock_that_was_set_back_hides_no_room(self, store, run):
        """What was measured in the future is measured anew before anything is refused."""
        usage = store.usage()

        async def ask():
            await usage.total()
            store.now -= 365 * 24 * 3600
            del store.objects["a"]  # by hand
            await usage.check("b", 80, replaced_bytes=0)

        run(ask())


class TestPrefixes:
    """Quotas for what is below folders, beside the one for all."""

    QUOTAS = Quotas(total_bytes=100, by_prefix={"c/": 50, "c/math/": 20})

    @pytest.fixture
    def store(self, tmp_path):
        """A store with 60 bytes, 25 of them below folders."""
        made = Store(tmp_path / "usage.sqlite3", self.QUOTAS)
        made.objects = {"a": 35, "c/b": 15, "c/math/a": 10}
        return made

    @pytest.mark.parametrize(
        ("path", "size_bytes", "prefix", "used_bytes"),
        [
            ("c/math/b", 10, None, 0),
            ("c/math/b", 11, "c/math/", 10),
            ("c/x", 25, None, 0),
            ("c/x", 26, "c/", 25),
            ("c/mathematics", 25, None, 0),
            ("z", 40, None, 0),
            ("z", 41, "", 60),
        ],
    )
    def test_each_holds_for_itself(self, store, run, path, size_bytes, prefix, used_bytes):
        """What lies in two folders with quotas counts in both; the refusal names the one that is full."""
        usage = store.usage()
        if prefix is None:
            run(usage.reserve(path, size_bytes, replaced_bytes=0))
        else:
            found = run(refused(usage.reserve(path, size_bytes, replaced_bytes=0)))
            assert (prefix, used_bytes) == (found.prefix, found.used_bytes)
            assert f"The folder {prefix} may" in str(found) or not prefix

    def test_one_that_is_new_is_measured(self, store, run):
        """A quota that was added before a restart counts what lay there before."""

        async def ask():
            first = store.usage(Quotas(total_bytes=100))
            await first.reserve("c/math/b", 5, replaced_bytes=0)
            return await refused(store.usage().reserve("c/math/c", 6, replaced_bytes=0))

        assert ("c/math/", 15) == ((found := run(ask())).prefix, found.used_bytes)

    def test_a_change_of_quotas_is_measured_once(self, store, run):
        """While some processes have the quotas from before, none measures because of the others."""

        async def ask():
            old, new = store.usage(Quotas(by_prefix={"c/math/": 20})), store.usage(Quotas(by_prefix={"c/": 50}))
            for _ in range(3):
                for usage in (old, new):
                    await usage.total()
            return [row.prefix for row in await new.by_prefix()]

        assert (["", "c/"], 2) == (run(ask()), store.listings)


class TestOther:
    """What is kept beside the objects counts in the whole."""

    def test_it_takes_room(self, store, run):
        """It grows as far as there is room, and is no object's."""
        usage = store.usage()

        async def ask():
            await usage.count_other(10)
            await usage.change_other(20)
            await refused(usage.change_other(11))
            await usage.change_other(-5)
            await refused(usage.check("b", 16, replaced_bytes=0))
            await usage.check("b", 15, replaced_bytes=0)
            return await usage.total()

        assert 60 == run(ask())


class TestPromises:
    """Room for what comes by URLs that were given away."""

    def test_one_ends_when_its_url_has_expired(self, store, run):
        """A URL that nobody used gives its room back to who needs it then, and to nobody before."""
        usage = store.usage()

        async def ask():
            await promise(usage, "b", 40, for_s=900)
            store.now += 899
            await refused(usage.check("c", 1, replaced_bytes=0))
            store.now += LOOK_AGAIN_S + 1
            await usage.check("c", 40, replaced_bytes=0)

        run(ask())

    def test_one_that_was_kept_is_counted_once(self, store, run):
        """An object that came by its URL is in the listing, and its room is not kept beside that."""
        usage = store.usage()

        async def ask():
            await promise(usage, "b", 30, for_s=10 * MEASURED_FOR_S)
            store.objects["b"] = 30
            store.now += MEASURED_FOR_S + 1
            await usage.total()
            assert 90 == await store.settled(usage)
            await usage.check("c", 10, replaced_bytes=0)
            await refused(usage.check("c", 11, replaced_bytes=0))

        run(ask())

    def test_one_for_a_replacement_keeps_the_difference(self, store, run):
        """What the object will replace is not asked for again."""
        usage = store.usage()

        async def ask():
            await promise(usage, "a", 90, replaced_bytes=60)
            await usage.check("b", 10, replaced_bytes=0)
            await refused(usage.check("b", 11, replaced_bytes=0))
            await store.store(usage, "a", 90)
            await usage.check("b", 10, replaced_bytes=0)

        run(ask())

    def test_parts_give_their_room_back_together(self, store, run):
        """The end of an upload frees what its parts were promised, and no other's."""
        usage = store.usage()

        async def ask():
            for upload_id, number, size_bytes in (("one", 1, 10), ("one", 2, 10), ("two", 1, 20)):
                await usage.act(
                    lambda ledger, args=(upload_id, number, size_bytes): promises.promise_part(
                        ledger, "p", *args, for_s=60
                    )
                )
            await refused(usage.check("b", 1, replaced_bytes=0))
            await usage.act(lambda ledger: promises.forget_parts(ledger, "p", "one"))
            await usage.check("b", 20, replaced_bytes=0)
            await refused(usage.check("b", 21, replaced_bytes=0))

        run(ask())

    def test_a_part_renews_all_of_its_upload(self, store, run):
        """An upload that goes on keeps its room, and one that does not gives it back."""
        usage = store.usage()

        async def ask():
            for number in (1, 2, 3):
                await usage.act(
                    lambda ledger, number=number: promises.promise_part(ledger, "p", "one", number, 10, for_s=100)
                )
                store.now += 99
            await refused(usage.check("b", 11, replaced_bytes=0))
            store.now += LOOK_AGAIN_S + 1
            await usage.check("b", 40, replaced_bytes=0)

        run(ask())

    def test_a_part_that_is_seen_keeps_its_room(self, store, run):
        """An upload that stands still for hours has its room as long as its parts are there, and not once it ended."""
        usage = store.usage()

        async def ask():
            store.parts = [MeasuredFile("p", 30, "one", 1, True), MeasuredFile("p", 5, "two", 1, True)]
            await usage.total()
            store.now += 10 * MEASURED_FOR_S
            found = await refused(usage.check("b", 6, replaced_bytes=0))
            ended = lambda: usage.act(lambda ledger: promises.forget_parts(ledger, "p", "one"))  # noqa: E731
            store.now += MEASURED_FOR_S + 1
            store.at = {"a": ended}
            await usage.total()
            await store.settled(usage)
            await usage.check("b", 35, replaced_bytes=0)
            store.parts = []
            store.now += 10 * MEASURED_FOR_S
            await usage.check("b", 40, replaced_bytes=0)
            return found.used_bytes

        assert 95 == run(ask())

    def test_deleting_gives_back_no_room_that_a_url_still_may_fill(self, store, run):
        """The URL lives on; what comes by it replaces nothing any more."""
        usage = store.usage()

        async def ask():
            await promise(usage, "a", 100, replaced_bytes=60)
            await store.store(usage, "a", 0)
            await refused(promise(usage, "b", 1))

        run(ask())

    def test_what_came_counts_when_its_key_is_asked_for_again(self, store, run):
        """Signing anew what is there already gives no room away, however often."""
        usage = store.usage()
        store.objects.clear()

        async def fill():
            for path in ("a", "b", "c"):
                await promise(usage, path, 30)
                store.objects[path] = 30
            for path in ("a", "b", "c"):
                await promise(usage, path, 30, replaced_bytes=30)
            await refused(promise(usage, "d", 30))
            await promise(usage, "e", 10)
            await refused(promise(usage, "a", 31, replaced_bytes=30))
            return await usage.total()

        assert 90 == run(fill())
