"""Waits for what a disk may never answer, without keeping a thread from others or the program from ending."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


async def in_own_thread(do: Callable[[], _T]) -> _T:
    """Run something in a thread of its own; who is cancelled meanwhile leaves it to itself. Raises what `do` raises."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]  # there is a result where there is no error
        else:
            done.set_exception(error)

    def run() -> None:
        result, failed = None, None
        try:
            result = do()
        except BaseException as error:  # noqa: BLE001  # told to who waits
            failed = error
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name="storage-own", daemon=True).start()
    return await done
