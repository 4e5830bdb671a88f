"""How much a storage holds and may hold: measured once, then counted by all processes that share it, and measured
again now and then beside everything else.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from storage.counts import Counts, Uncounted
from storage.errors import (
    StorageError,
    StorageFullError,
    StorageQuotaExceededError,
    StorageReadOnlyError,
    StorageUnavailableError,
)
from storage.measuring import MEASURING_S, MeasuredFile, MeasuredFiles, Measuring
from storage.prefix_usage import PrefixUsage, usage_by_prefix
from storage.quota import Quotas
from storage.reservation import Reservation
from storage.usage_file import UsageFile
from storage.usage_ledger import LOOK_AGAIN_S, Ledger, UnmeasuredError

LOOKED_FOR_S = 10
"""How long what does not fit waits for another look at what is stored."""

_WAIT_S = 0.1
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Usage:
    """The bytes that a storage holds in objects, and in parts of objects that are not complete yet.

    Its coroutines belong to one event loop. Without quotas nothing is counted.

    Args:
        quotas: how much it may hold.
        file: where all processes count; None where nothing is limited.
        everything: lists what is stored, some files at a time.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        quotas: Quotas,
        file: Path | None,
        *,
        everything: Callable[[], AsyncIterator[Sequence[MeasuredFile]]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._quotas = quotas
        self._file = UsageFile(file) if quotas and file is not None else None
        self._everything = everything
        self._clock = clock
        # one thread: transactions wait for each other anyway, and nothing else waits for those of other processes
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="storage-usage") if self._file is not None else None
        self._one_at_a_time = threading.Lock()
        self._measuring: asyncio.Task[None] | None = None
        self._is_known = False

    @property
    def is_limited(self) -> bool:
        """Whether anything is counted."""
        return self._file is not None

    async def start(self) -> None:
        """Make the file ready, unless the disk is full or can only be read: as long as it is, nothing is stored, and
        what is there can be read. Raises StorageSettingsError, StorageUnavailableError.
        """
        if self._file is not None:
            with suppress(StorageFullError, StorageReadOnlyError):
                await self._run(self._file.prepare)

    async def close(self) -> None:
        """End a measuring that is under way and let go of the file. Closing twice is fine."""
        if self._measuring is not None:
            self._measuring.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([self._measuring])
        if self._file is not None and self._executor is not None:
            with suppress(StorageUnavailableError):
                await self._run(self._file.close)
            self._executor.shutdown(wait=False)

    async def known(self) -> None:
        """See that it is known what is stored, before something changes of which that may be told only afterwards.

        Raises StorageError.
        """
        if self._file is not None and not self._is_known:
            await self.act(lambda _: None)

    async def total(self) -> int:
        """Return the bytes stored in objects. Raises StorageError."""
        if self._file is not None:
            return await self.act(Ledger.total)
        return sum([found.size_bytes async for some in self._everything() for found in some if not found.upload_id])

    async def by_prefix(self) -> list[PrefixUsage]:
        """Return what is counted by now, nothing where it was not measured yet. Raises StorageError."""
        return [] if self._file is None else await self._run(self._with_ledger, usage_by_prefix)

    async def check(self, path: str, wanted_bytes: int, *, replaced_bytes: int) -> None:
        """See that so many bytes would fit in the place of others. Raises StorageQuotaExceededError."""
        if self._file is not None:
            await self.act(lambda ledger: ledger.check(path, wanted_bytes, replaced_bytes=replaced_bytes))

    async def reserve(self, path: str, size_bytes: int, *, replaced_bytes: int) -> Reservation:
        """Begin a save that will replace `replaced_bytes`. Raises StorageQuotaExceededError."""
        reservation = Reservation(self.act if self._file is not None else None, path, replaced_bytes, self._clock)
        await reservation.grow_to(size_bytes)
        return reservation

    async def change_other(self, difference_bytes: int) -> None:
        """Count bytes that are kept beside the objects, such as file records; negative where they go.

        Raises StorageQuotaExceededError.
        """

        def change(ledger: Ledger) -> None:
            if difference_bytes > 0:
                ledger.check("", difference_bytes, replaced_bytes=0)
            ledger.count_other(ledger.other() + difference_bytes)

        if self._file is not None:
            await self.act(change)

    async def count_other(self, size_bytes: int) -> None:
        """Note how many bytes are kept beside the objects in all."""
        if self._file is not None:
            await self.act(lambda ledger: ledger.count_other(size_bytes))

    async def change(self, do: Callable[[Counts], _T]) -> _T:
        """Do something with files that nothing else, in no thread and no process, may change meanwhile.

        `do` runs in a thread; it is given where to note what appeared and disappeared.
        What it notes stands when it ends without an error. Where the disk lets nothing be noted, it is done all the
        same: it may delete, and what is there is measured again. Raises what `do` raises, StorageUnavailableError.
        """
        if self._file is None:
            return await asyncio.to_thread(self._alone, do)
        begun = False

        def counted(counts: Counts) -> _T:
            nonlocal begun
            begun = True
            return do(counts)

        try:
            return await self._run(self._with_ledger, counted)
        except (StorageFullError, StorageReadOnlyError):
            if begun:
                raise
            return await asyncio.to_thread(self._alone, do)

    async def act(self, do: Callable[[Ledger], _T]) -> _T:
        """Do something in one transaction once it is known what is stored; before something is refused that is looked
        at again. Raises StorageError.
        """
        looked = False
        while True:
            try:
                result, measured_s, is_due = await self._run(self._transact, do)
            except UnmeasuredError as error:
                await asyncio.shield(self._measured(error.measured_s))  # others may wait for it too
                continue
            except StorageQuotaExceededError:
                measured_s = await self._run(self._last_measured)
                if looked or self._clock() < measured_s + LOOK_AGAIN_S:
                    raise
                looked = True
                await asyncio.wait([self._measured(measured_s)], timeout=LOOKED_FOR_S)
                continue
            self._is_known = True
            if is_due:
                self._measured(measured_s)
            return result

    async def _run(self, do: Callable[_P, _T], *arguments: _P.args, **options: _P.kwargs) -> _T:
        assert self._executor is not None
        try:
            answer = asyncio.get_running_loop().run_in_executor(self._executor, partial(do, *arguments, **options))
        except RuntimeError as error:  # what a request that ends late still asks for
            raise StorageUnavailableError("The storage is closed.") from error
        return await answer

    def _alone(self, do: Callable[[Counts], _T]) -> _T:
        with self._one_at_a_time:
            return do(Uncounted())

    def _with_ledger(self, do: Callable[[Ledger], _T]) -> _T:
        assert self._file is not None
        with self._file.transaction() as connection:
            return do(Ledger(connection, self._quotas, self._clock()))

    def _transact(self, do: Callable[[Ledger], _T]) -> tuple[_T, float, bool]:
        def measured(ledger: Ledger) -> tuple[_T, float, bool]:
            measured_s = ledger.begin()
            return do(ledger), measured_s, ledger.is_due(measured_s)

        return self._with_ledger(measured)

    def _measured(self, measured_s: float) -> asyncio.Task[None]:
        """Return the measuring that is under way, begun now if there is none: after the one of that time."""
        if self._measuring is None:
            self._measuring = asyncio.create_task(self._measure(measured_s))
            self._measuring.add_done_callback(self._ended)
        return self._measuring

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._measuring = None
        if not task.cancelled():
            task.exception()  # looked at: who waits for it gets it, and beside everything else nobody does

    async def _measure(self, measured_s: float) -> None:
        """Measure what is stored, or wait for the process that does."""
        turn = uuid.uuid4().hex
        while not await self._run(self._begin, turn, measured_s):
            if await self._run(self._last_measured) != measured_s:
                return
            await asyncio.sleep(_WAIT_S)
        begun_s = self._clock()
        try:
            listing = await self._listed(turn)
        except BaseException as error:
            with suppress(StorageError):
                if isinstance(error, Exception):
                    await self._run(self._give_up, turn)
                else:
                    self._give_up(turn)  # cancelled: nothing is waited for any more
            raise
        await self._run(self._end, turn, begun_s, listing)

    async def _listed(self, turn: str) -> MeasuredFiles:
        prefixes = {*self._quotas.by_prefix, *await self._run(self._prefixes)}
        listing, told_s = MeasuredFiles(prefixes), self._clock()
        async for some in self._everything():
            for found in some:
                listing.add(found)
            if self._clock() - told_s >= MEASURING_S / 4:
                told_s = self._clock()
                await self._run(self._go_on, turn)
        return listing

    @contextmanager
    def _taking_turns(self) -> Iterator[Measuring]:
        assert self._file is not None
        with self._file.transaction() as connection:
            yield Measuring(connection, self._clock())

    def _begin(self, turn: str, measured_s: float) -> bool:
        with self._taking_turns() as turns:
            return turns.measured_s() == measured_s and turns.begin(turn)

    def _prefixes(self) -> set[str]:
        with self._taking_turns() as turns:
            return turns.prefixes()

    def _last_measured(self) -> float:
        with self._taking_turns() as turns:
            return turns.measured_s()

    def _go_on(self, turn: str) -> None:
        with self._taking_turns() as turns:
            turns.go_on(turn)

    def _give_up(self, turn: str) -> None:
        with self._taking_turns() as turns:
            turns.give_up(turn)

    def _end(self, turn: str, begun_s: float, listing: MeasuredFiles) -> None:
        with self._taking_turns() as turns:
            turns.end(turn, begun_s, listing)
