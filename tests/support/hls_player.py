"""What hls.js complains of while a stream plays in the browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

PROBLEMS = "window.problems.filter(problem => problem !== 'aborted')"
"""Without what hls.js says when a jump or a change of level makes it drop a request of its own."""

STALL = "bufferStalledError"
TRIES = 3
"""A machine with too much to do stalls a player now and then; a gap in the stream does each time."""


def problems_of(page: Page, play: Callable[[], None]) -> list[str]:
    """Play, opening the page anew, and again where the player stalled;
    return what hls.js complained of the last time.
    """
    problems: list[str] = []
    for _ in range(TRIES):
        play()
        problems = page.evaluate(PROBLEMS)
        if STALL not in problems:
            break
    return problems
