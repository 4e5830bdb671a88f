"""Works on several things at a time, each thread with its own tools; the caller also waits for a Ctrl-C."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import TypeVar

from pipeline.cancel import CancelToken

PARALLEL = 4
LOOK_S = 0.2
"""How often the waiting thread wakes to take a Ctrl-C; Windows delivers none to a thread that waits for ever."""

Item = TypeVar("Item")
Tools = TypeVar("Tools")
Made = TypeVar("Made")


def each(
    items: Iterable[Item],
    open_tools: Callable[[], AbstractContextManager[Tools]],
    work: Callable[[Tools, Item], Made],
    stop: CancelToken,
) -> Iterator[Made]:
    """Yield what `work` returns for each item, in the order of their ends; several are worked on at a time.

    What `work` raises ends it all and is raised here; `stop` is cancelled then.
    """
    queue, results = deque(items), SimpleQueue[Made | BaseException]()
    left, lock = len(queue), threading.Lock()

    def worker() -> None:
        try:
            with open_tools() as tools:
                while True:
                    with lock:
                        if not queue:
                            return
                        item = queue.popleft()
                    results.put(work(tools, item))
        except BaseException as error:  # noqa: BLE001  # a thread's outermost frame: it is raised again below
            results.put(error)

    with ThreadPoolExecutor(max_workers=PARALLEL, thread_name_prefix="parallel") as pool:
        try:
            for _ in range(min(PARALLEL, left)):
                pool.submit(worker)
            while left:
                try:
                    result = results.get(timeout=LOOK_S)
                except Empty:
                    continue
                if isinstance(result, BaseException):
                    raise result
                left -= 1
                yield result
        except BaseException:  # whatever ends the waiting, Ctrl-C too, must end the workers, or the pool waits for them
            stop.cancel()
            raise
