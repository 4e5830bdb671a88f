"""Long work on many rows, in turns with other threads: an edit that is made meanwhile waits for milliseconds.

Python lets one thread run at a time, and a thread that works without a pause keeps others waiting for 5 ms, several
times in one edit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

ROWS_A_TURN = 1024
"""About a millisecond's work at the most."""

PAUSE_S = 1e-5
"""Long enough for another thread to begin."""


def let_other_threads_run() -> None:
    """Let another thread go on, if one is waiting."""
    time.sleep(PAUSE_S)


def in_turns(items: Iterable[Item], a_turn: int = ROWS_A_TURN) -> Iterator[Item]:
    """Yield what is given, and give way after so many."""
    for number, item in enumerate(items, 1):
        yield item
        if not number % a_turn:
            let_other_threads_run()


def empty(items: list[Item]) -> None:
    """Free a list that nobody needs any more; all of it at once would take longer than a turn."""
    while items:
        del items[-ROWS_A_TURN:]
        let_other_threads_run()
