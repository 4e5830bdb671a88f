"""Threads that do tasks in their order, several side by side, while what is wanted may change.

Knows nothing of what the tasks do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from pipeline.cancel import CancelToken


@dataclass(frozen=True, kw_only=True)
class PooledTask:
    """A piece of work, identified by number and key. Its token cancels it."""

    number: int
    key: str
    do: Callable[[CancelToken], None] = field(compare=False, repr=False)


class ChunkPool:
    """Does the tasks that are wanted, each once, the first of them first.

    A task takes the place of another one of its number, which is done again if it is wanted again; two of them never
    run at the same time. A task that fails ends all others. When the job is cancelled, or the pool is left, no task
    goes on and no thread stays.
    """

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._changed = threading.Condition()
        self._wanted: tuple[PooledTask, ...] = ()
        self._most = 0
        self._running: dict[PooledTask, CancelToken] = {}
        self._done: set[PooledTask] = set()
        self._failures: dict[PooledTask, Exception] = {}
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._listening = ExitStack()

    def __enter__(self) -> ChunkPool:
        self._listening.enter_context(self._cancel.on_cancel(self._close))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def want(self, tasks: Sequence[PooledTask], side_by_side: int) -> None:
        """Set the tasks that are wanted, and how many run at the same time at most.

        Tasks that are done stay done; running tasks that are no longer wanted are cancelled.
        """
        with self._changed:
            self._wanted, self._most = tuple(tasks), side_by_side
            wanted = set(tasks)
            self._failures = {task: error for task, error in self._failures.items() if task in wanted}
            dropped = [token for task, token in self._running.items() if task not in wanted]
            missing = 0 if self._closed else min(side_by_side, len(tasks)) - len(self._threads)
            started = [
                threading.Thread(target=self._work, name=f"encode-{len(self._threads) + i}") for i in range(missing)
            ]
            self._threads += started
            self._changed.notify_all()
        for token in dropped:
            token.cancel()
        for thread in started:
            thread.start()

    def finish(self) -> None:
        """Return when all tasks that are wanted are done.

        Raises Cancelled, or what the first task that failed has raised.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: not self._running and (self._closed or self._failures or self._done.issuperset(self._wanted))
            )
        self._cancel.check()
        for failure in self._failures.values():
            raise failure

    def _close(self) -> None:
        with self._changed:
            self._closed = True
            running = list(self._running.values())
            self._changed.notify_all()
        for token in running:
            token.cancel()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            task, token = taken
            failure = None
            try:
                task.do(token)
            except Exception as error:  # noqa: BLE001  # a thread's outermost frame: raised again in `finish`
                failure = error
            self._end(task, token, failure)

    def _take(self) -> tuple[PooledTask, CancelToken] | None:
        """Return the next task and its token as soon as there is one, None when there will be none any more."""
        with self._changed:
            while not self._closed:
                task = self._next()
                if task is not None:
                    self._running[task] = token = CancelToken(self._cancel.suspension)
                    return task, token
                self._changed.wait()
        return None

    def _next(self) -> PooledTask | None:
        if self._failures or len(self._running) >= self._most:
            return None
        busy = {task.number for task in self._running}
        return next((task for task in self._wanted if task not in self._done and task.number not in busy), None)

    def _end(self, task: PooledTask, token: CancelToken, failure: Exception | None) -> None:
        others: list[CancelToken] = []
        with self._changed:
            del self._running[task]
            # it took the place of another one of its number, whether it came to its end or not
            self._done = {done for done in self._done if done.number != task.number}
            if failure is None:
                self._done.add(task)
            elif task in self._wanted and not token.cancelled:  # what was ended before its time has not failed
                self._failures[task] = failure
                others = list(self._running.values())
            self._changed.notify_all()
        for other in others:
            other.cancel()
