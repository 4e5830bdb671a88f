"""Threads that do what is wanted, in its order, while that may change."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError
from pipeline.phases.chunk_pool import ChunkPool, PooledTask

LONG_S = 60


def _task(number: int, key: str, do: Callable[[CancelToken], None]) -> PooledTask:
    return PooledTask(number=number, key=key, do=do)


def _endless(begun: threading.Event) -> Callable[[CancelToken], None]:
    """Work that goes on until it is ended."""

    def do(cancel: CancelToken) -> None:
        begun.set()
        cancel.wait(LONG_S)
        raise AssertionError("nobody ended it")

    return do


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("encode-")]


def test_tasks_are_done_in_their_order():
    """The first ones first, each once."""
    done: list[int] = []
    with ChunkPool(CancelToken()) as pool:
        pool.want([_task(n, "a", lambda _, n=n: done.append(n)) for n in range(5)], 1)
        pool.finish()
    assert ([0, 1, 2, 3, 4], []) == (done, _threads())


def test_what_is_still_wanted_goes_on_and_the_rest_is_ended():
    """A task that runs and is wanted no more gives way; one that is done or runs, and stays the same,
    is not begun again.
    """
    running, dropped, go_on = threading.Event(), threading.Event(), threading.Event()
    done: list[str] = []

    def kept(cancel: CancelToken) -> None:
        running.set()
        assert go_on.wait(LONG_S)
        done.append("kept")

    first = [_task(0, "a", kept), _task(1, "a", _endless(dropped))]
    with ChunkPool(CancelToken()) as pool:
        pool.want(first, 2)
        assert (True, True) == (running.wait(LONG_S), dropped.wait(LONG_S))
        pool.want([_task(0, "a", lambda _: done.append("again")), _task(1, "b", lambda _: done.append("another"))], 2)
        go_on.set()
        pool.finish()
    assert ["another", "kept"] == sorted(done)


def test_two_tasks_of_one_number_never_run_at_once():
    """They would write to the same place: the new one waits until the old one has ended."""
    begun, ended, order = threading.Event(), threading.Event(), []

    def slow(cancel: CancelToken) -> None:
        begun.set()
        with pytest.raises(Cancelled):
            cancel.wait(LONG_S)
        assert ended.wait(LONG_S)
        order.append("old")
        raise Cancelled

    with ChunkPool(CancelToken()) as pool:
        pool.want([_task(0, "a", slow)], 2)
        assert begun.wait(LONG_S)
        pool.want([_task(0, "b", lambda _: order.append("new")), _task(1, "b", lambda _: ended.set())], 2)
        pool.finish()
    assert ["old", "new"] == order


def test_a_failure_ends_all_others_and_is_raised():
    """What they were doing is in vain."""
    begun = threading.Event()

    def fails(cancel: CancelToken) -> None:
        assert begun.wait(LONG_S)
        raise EncodeError("broken")

    with ChunkPool(CancelToken()) as pool, pytest.raises(EncodeError, match="broken"):
        pool.want([_task(0, "a", _endless(begun)), _task(1, "a", fails)], 2)
        pool.finish()
    assert [] == _threads()


def test_a_failure_of_what_is_wanted_no_more_counts_for_nothing():
    """Work begun on a guess may fail where the guess was wrong."""
    failed, done = threading.Event(), []

    def fails(cancel: CancelToken) -> None:
        failed.set()
        raise EncodeError("broken")

    with ChunkPool(CancelToken()) as pool:
        pool.want([_task(0, "guess", fails)], 1)
        assert failed.wait(LONG_S)
        pool.want([_task(0, "known", lambda _: done.append("known"))], 1)
        pool.finish()
    assert ["known"] == done


def test_a_failure_counts_for_nothing_while_it_is_being_ended():
    """It is wanted no more by then, whether it has been told or not."""
    begun, told, done = threading.Event(), threading.Event(), []

    def fails(cancel: CancelToken) -> None:
        def tell_late() -> None:
            told.set()
            with pool._changed:
                assert pool._changed.wait_for(lambda: not pool._running, LONG_S)

        cancel.cancel = tell_late
        begun.set()
        assert told.wait(LONG_S)
        raise EncodeError("broken")

    with ChunkPool(CancelToken()) as pool:
        pool.want([_task(0, "guess", fails)], 1)
        assert begun.wait(LONG_S)
        pool.want([_task(0, "known", lambda _: done.append("known"))], 1)
        pool.finish()
    assert ["known"] == done


def test_cancel_ends_what_runs_and_leaves_no_thread():
    """At any moment."""
    cancel, begun = CancelToken(), threading.Event()
    with ChunkPool(cancel) as pool, pytest.raises(Cancelled):
        pool.want([_task(0, "a", _endless(begun)), _task(1, "a", _endless(threading.Event()))], 1)
        assert begun.wait(LONG_S)
        cancel.cancel()
        pool.finish()
    assert [] == _threads()


def test_what_was_done_in_anothers_place_is_done_again_when_it_is_wanted_again():
    """Chunks of one number share a folder: the files of the first are gone as soon as the second has begun."""
    done: list[str] = []
    with ChunkPool(CancelToken()) as pool:
        for key in ("a", "b", "a"):
            pool.want([_task(0, key, lambda _, key=key: done.append(key))], 1)
            pool.finish()
    assert ["a", "b", "a"] == done
