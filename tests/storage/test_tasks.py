"""storage.tasks: several coroutines at once, and none left behind."""

import asyncio

import pytest

from storage.tasks import bounded


def test_no_more_than_so_many_run():
    """The next coroutine begins when there is room, and every result comes."""
    running, most = [0], [0]

    async def job(number):
        running[0] += 1
        most[0] = max(most[0], running[0])
        for _ in range(number):
            await asyncio.sleep(0)
        running[0] -= 1
        return number

    async def jobs():
        for number in range(10):
            yield job(number)

    async def results():
        return [result async for result in bounded(3, jobs())]

    assert list(range(10)) == sorted(asyncio.run(results()))
    assert 3 == most[0]


@pytest.mark.parametrize("end", ["fails", "cancelled"])
def test_all_end_together(end):
    """An error, or being cancelled, ends the others in order before it is passed on."""
    ended = []

    async def waits(number):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(number)

    async def fails():
        raise ValueError

    async def jobs():
        yield waits(1)
        yield waits(2)
        if end == "fails":
            yield fails()
        else:
            asyncio.get_running_loop().call_soon(task.cancel)
            yield waits(3)

    async def use():
        nonlocal task
        task = asyncio.current_task()
        async for _ in bounded(3, jobs()):
            raise AssertionError("nothing comes of these")

    task = None
    with pytest.raises(ValueError if end == "fails" else asyncio.CancelledError):
        asyncio.run(use())
    assert {1, 2} <= set(ended)
