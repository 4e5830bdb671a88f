"""The published stream in a real browser: every level, at start, middle and end, with captions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hls_player import PROBLEMS, captions_from, play_level, problems_of

from backend.folder_player import FolderPlayer
from pipeline.folder_results import folder_results
from ui.results.embed import embed_code

PLAYER = Path(__file__).resolve().parents[2] / "backend" / "player"
CAPTIONS = """() => Array.from(document.querySelector('video').textTracks).filter(track => track.mode === 'showing')
    .flatMap(track => Array.from(track.cues || []).map(cue => cue.text.trim()))"""
PLAY_FROM = """([level, at]) => {
    const video = document.querySelector('video');
    video.pause();
    if (window.hls) window.hls.currentLevel = level;
    video.muted = true;
    video.currentTime = at;
    return video.play();
}"""


def _open(page, published, player):
    _go(page, published.backend.watch_url(published.prefix) + player)


def _go(page, address):
    page.goto(address)
    page.wait_for_function("document.querySelector('video').readyState >= 2")


@pytest.mark.parametrize("level", [0, 1, 2])
def test_every_level_plays_at_start_middle_and_end_through_hls_js(page, published, level):
    """hls.js is the strict judge: no gap, no stall, no parse error, fatal or not."""
    url = published.backend.watch_url(published.prefix) + "?player=hls"
    problems = problems_of(page, lambda: play_level(page, url, level))
    heights = page.evaluate("window.hls.levels.map(level => level.height)")
    duration = page.evaluate("document.querySelector('video').duration")
    assert ([], [360, 480, 720], pytest.approx(14.0, abs=0.1)) == (problems, sorted(heights), duration)


def test_the_captions_show_what_is_said_when_it_is_said(page, published, words):
    """The third phrase is on the screen in its own second, at the second segment's time."""
    _open(page, published, "?player=hls")
    assert [words[2]] == captions_from(page, 8.0)[0]


def test_all_captions_arrive(page, published, words):
    """Cues that lie in two segments are shown once."""
    _open(page, published, "?player=hls")
    page.evaluate(PLAY_FROM, [0, 0.0])
    page.wait_for_function(f"({CAPTIONS})().length >= 4")
    assert words == page.evaluate(CAPTIONS)


def test_the_browsers_own_player_plays_it_too(page, published, words):
    """Chromium and Safari need no library."""
    _open(page, published, "")
    page.evaluate(PLAY_FROM, [-1, 8.0])
    page.wait_for_function("document.querySelector('video').currentTime > 8.3")
    shown = captions_from(page, 8.3)[0]
    assert (None, [], [words[2]]) == (page.evaluate("window.hls"), page.evaluate(PROBLEMS), shown)


@pytest.mark.parametrize("player", ["", "?player=hls"], ids=["own-player", "hls.js"])
def test_the_folder_itself_plays_with_picture_and_captions(page, published, words, player):
    """Without any upload: what Watch and `play` open shows the video and what is said."""
    served = FolderPlayer()
    try:
        _go(page, served.play(published.report.folder, "Welcome") + player)
        page.evaluate(PLAY_FROM, [0, 8.0])
        page.wait_for_function("document.querySelector('video').currentTime > 8.3")
        heard = captions_from(page, 8.3)[0]
        shown = page.evaluate("[document.querySelector('h1').textContent, document.querySelector('video').videoHeight]")
        assert (["Welcome", 360], [words[2]]) == ([shown[0], min(shown[1], 360)], heard)
        assert [] == page.evaluate(PROBLEMS)
    finally:
        page.goto("about:blank")  # so that it asks for nothing more
        served.close()


def test_the_embed_code_plays_in_any_page(page, published):
    """What Copy embed code gives is all that a page needs; no library is fetched where the browser plays HLS."""
    fetched = []
    page.route("**/hls.min.js", lambda route: (fetched.append(1), route.abort()))
    _embed(page, published)
    assert [] == fetched


def test_the_embed_code_falls_back_on_hls_js(page, published):
    """Where the browser says that it plays HLS, and does not."""
    page.route("**/hls.min.js", lambda route: route.fulfill(path=PLAYER / "hls.min.js"))
    failing = [lambda route: route.abort()]
    page.route("**/master.m3u8", lambda route: failing.pop()(route) if failing else route.continue_())
    _embed(page, published)
    assert [] == failing


@pytest.mark.parametrize("place", ["backend", "folder"])
def test_the_page_falls_back_on_hls_js_too(page, published, place):
    """It has hls.js itself."""
    failing = [lambda route: route.abort()]
    page.route("**/master.m3u8", lambda route: failing.pop()(route) if failing else route.continue_())
    served = FolderPlayer()
    watch = published.backend.watch_url(published.prefix)
    try:
        _go(page, watch if place == "backend" else served.play(published.report.folder))
        page.evaluate(PLAY_FROM, [-1, 2.0])
        page.wait_for_function("document.querySelector('video').currentTime > 2.3 && window.hls !== null")
    finally:
        page.goto("about:blank")
        served.close()


def _embed(page, published):
    results = folder_results(published.report.folder)
    page.set_content(f"<h1>A page</h1>{embed_code(results.addresses, results.title)}")
    page.wait_for_function("document.querySelector('video').readyState >= 1")
    page.evaluate(PLAY_FROM, [-1, 2.0])
    page.wait_for_function("document.querySelector('video').currentTime > 2.3")
    assert 1 < page.evaluate("document.querySelector('video').videoHeight")
