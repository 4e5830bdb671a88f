"""Runs a command that is a coroutine: Ctrl-C cancels it as any task is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from cli.interrupts import PATIENCE_S, on_interrupt

Result = TypeVar("Result")


def run_to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Run this to its end. Raises KeyboardInterrupt where Ctrl-C ended it.

    What is running is cancelled as any task is: a KeyboardInterrupt in the middle of the loop may be lost in one of its
    callbacks.
    """
    asked: list[bool] = []
    running: list[asyncio.Task[Result]] = []

    def cancel() -> None:
        asked.append(True)
        for task in running:
            if not task.get_loop().is_closed():
                task.get_loop().call_soon_threadsafe(task.cancel)  # which wakes the loop up

    async def main() -> Result:
        running.append(asyncio.ensure_future(work))
        if asked:
            running[0].cancel()
        return await running[0]

    with on_interrupt(cancel, patience_s=PATIENCE_S):
        try:
            return asyncio.run(main())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
