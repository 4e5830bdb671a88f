"""What is shown, and what hls.js complains of, while a stream plays in the browser."""

from __future__ import annotations

from collections.abc import Callable, Collection

from playwright.sync_api import Page

PROBLEMS = "window.problems.filter(problem => problem !== 'aborted')"
"""Without what hls.js says when a jump or a change of level makes it drop a request of its own."""

OF_A_BUSY_MACHINE = {"bufferStalledError", "bufferAppendNoProgress"}
"""A machine with too much to do stalls a player, or makes it load a segment twice, now and then; a faulty stream does
each time.
"""

TRIES = 3

CAPTIONS = """() => Array.from(document.querySelector('video').textTracks).filter(track => track.mode === 'showing')
    .flatMap(track => Array.from(track.activeCues || []).map(cue => cue.text.trim()))"""
PLAY_FROM = (
    "at => { const video = document.querySelector('video'); video.muted = true; "
    "video.currentTime = at; return video.play(); }"
)


def problems_of(page: Page, play: Callable[[], None], spurious: Collection[str] = ()) -> list[str]:
    """Play, opening the page anew, and again where that may have been the machine's fault;
    return what hls.js complained of the last time, without the `spurious`.
    """
    problems: list[str] = []
    for _ in range(TRIES):
        play()
        problems = [each for each in page.evaluate(PROBLEMS) if each not in spurious]
        if not OF_A_BUSY_MACHINE.intersection(problems):
            break
    return problems


def captions_at(page: Page, at_s: float, awaited: str) -> list[str]:
    """Play from a time until a caption is shown, and return all that are shown then."""
    page.evaluate(PLAY_FROM, at_s)
    page.wait_for_function(f"({CAPTIONS})().includes({awaited!r})")
    shown: list[str] = page.evaluate(CAPTIONS)
    return shown
