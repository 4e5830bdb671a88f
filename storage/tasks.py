"""Several things at once, but not too many, and all of them ended when the last is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def bounded(count: int, jobs: AsyncIterator[Coroutine[Any, Any, Result]]) -> AsyncIterator[Result]:
    """Run coroutines as they are given, so many at once; yield what they return, in the order in which they end.

    The next is asked for when there is room for it. What one of them raises, or being cancelled, cancels the others.
    """
    under_way: set[asyncio.Task[Result]] = set()
    try:
        async for job in jobs:
            under_way.add(asyncio.create_task(job))
            if len(under_way) >= count:
                ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for result in await asyncio.gather(*ended):
                    yield result
        for result in await asyncio.gather(*under_way):
            yield result
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
