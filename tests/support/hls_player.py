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

HOLE_S = 0.1
"""What hls.js counts as a hole (its `maxBufferHole`). Less than that may lie before the first picture of what it loads:
it counts from the first decoding time, two frames before that picture.
"""

LOAD = """([level, at]) => {
    const video = document.querySelector('video');
    window.hls.destroy();
    const hls = window.hls = new Hls({ autoStartLoad: false });
    hls.on(Hls.Events.ERROR, (_, { details }) => window.problems.push(details));
    hls.once(Hls.Events.MANIFEST_PARSED, () => {
        hls.loadLevel = level;
        hls.startLoad(at);
    });
    hls.loadSource(video.dataset.source);
    hls.attachMedia(video);
}"""
LOADED = """([level, from, to]) => {
    const { buffered } = document.querySelector('video');
    const ranges = Array.from({ length: buffered.length }, (_, n) => [buffered.start(n), buffered.end(n)]);
    const range = ranges.find(([start, end]) => start <= from && end >= to);
    return window.hls.currentLevel === level && range;
}"""
MOVED = """([height, at]) => {
    const video = document.querySelector('video');
    return video.videoHeight === height && !video.seeking && (video.ended || video.currentTime > at + 0.3);
}"""

CAPTIONS = """awaited => {
    const video = document.querySelector('video');
    const texts = Array.from(video.textTracks).filter(track => track.mode === 'showing')
        .flatMap(track => Array.from(track.activeCues || []).map(cue => cue.getCueAsHTML().textContent.trim()));
    if (awaited === null ? texts.length === 0 : !texts.includes(awaited)) return null;
    video.pause();
    return [texts, video.currentTime];
}"""
SLOWLY = 0.25
"""How fast captions are played: a browser that was not heard for a second has not gone past one."""

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


def play_level(page: Page, url: str, level: int) -> None:
    """Open a stream and play a level at its start, its middle and its end: each in a new player, as one that changes
    levels while it loads may lose a segment, and when all from there on is loaded without a hole. A player that is sent
    into a gap waits for the browser to jump over it, and complains of a hole where a machine is slow to do so: it
    begins where the picture does.
    """
    page.goto(url)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    duration = page.evaluate("document.querySelector('video').duration")
    height = page.evaluate("level => window.hls.levels[level].height || 0", level)
    for at in (0.0, duration / 2, duration - 1.0):
        page.evaluate(LOAD, [level, at])
        loaded = page.wait_for_function(LOADED, arg=[level, at + HOLE_S, duration - 0.2])
        begin = max(at, loaded.json_value()[0])
        page.evaluate(PLAY_FROM, begin)
        page.wait_for_function(MOVED, arg=[height, begin])
    page.wait_for_function("document.querySelector('video').ended")


def captions_from(page: Page, at_s: float, awaited: str | None = None) -> tuple[list[str], float]:
    """Play from a time until a caption is shown, any or that one; return all that are shown then, and when that is."""
    page.evaluate(f"document.querySelector('video').playbackRate = {SLOWLY}")
    page.evaluate(PLAY_FROM, at_s)
    texts, time_s = page.wait_for_function(CAPTIONS, arg=awaited).json_value()
    return texts, time_s
