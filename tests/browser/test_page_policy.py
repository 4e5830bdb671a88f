"""The backend's pages under their own Content-Security-Policy, which the other tests of players leave out:
Playwright's waiting evaluates texts as JavaScript, and that is what such a policy is there to refuse.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from backend.folder_player import FolderPlayer
from backend.server import serve_in_thread

UNTIL = """condition => new Promise(resolve => {
    const look = () => condition() ? resolve(true) : setTimeout(look, 50);
    look();
})"""
PLAYED = """() => { const v = document.querySelector('video'); return v.videoHeight > 1 && v.currentTime > 2.3; }"""
CUES = """() => Array.from(document.querySelector('video').textTracks).some(track => (track.cues || []).length > 0)"""
PLAY = """() => { const v = document.querySelector('video'); v.muted = true; v.currentTime = 2; return v.play(); }"""


@contextmanager
def another_site(folder):
    """Serve a folder at an origin of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def guarded(browser):
    """A page that keeps to the policy of what it shows, and what it complains of."""
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    page.set_default_timeout(180_000)
    refused = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    yield page, refused
    page.close()


@pytest.mark.parametrize("player", ["", "?player=hls"], ids=["own-player", "hls.js"])
@pytest.mark.parametrize("place", ["backend", "folder"])
def test_a_stream_plays_under_the_pages_policy(guarded, published, place, player):
    """Picture, captions and the page's own files: nothing that it needs is refused."""
    page, refused = guarded
    served = FolderPlayer()
    try:
        watch = published.backend.watch_url(published.prefix)
        page.goto((watch if place == "backend" else served.play(published.report.folder)) + player)
        page.evaluate(f"({UNTIL})(() => document.querySelector('video').readyState >= 2)")
        page.evaluate(PLAY)
        assert page.evaluate(f"({UNTIL})({PLAYED})")
        assert page.evaluate(f"({UNTIL})({CUES})")
        assert [] == refused
    finally:
        page.goto("about:blank")
        served.close()


def test_the_list_and_the_reference_keep_to_it(guarded, published):
    """Poster and style are there."""
    page, refused = guarded
    page.goto(f"{published.backend.url}/")
    assert page.evaluate("Array.from(document.images).every(image => image.complete && image.naturalWidth > 0)")
    assert "grid" == page.evaluate("getComputedStyle(document.querySelector('.cards')).display")
    page.goto(f"{published.backend.url}/docs")
    assert "grid" == page.evaluate("getComputedStyle(document.querySelector('dl')).display")
    assert [] == refused


@pytest.mark.parametrize(
    ("origins", "shown"),
    [(("'self'",), False), (("'self'", "http://127.0.0.1:*"), True), (("*",), True)],
    ids=["own", "named", "any"],
)
def test_only_named_sites_show_the_player_in_a_frame(guarded, published, tmp_path, origins, shown):
    """A page of another origin can embed a stream where EMBED_ORIGINS names it."""
    page, _ = guarded
    with serve_in_thread(replace(published.backend.settings, embed_origins=origins)) as backend:
        frame = f'<!doctype html><iframe src="{backend.url}/watch/{published.prefix}"></iframe>'
        (tmp_path / "course.html").write_text(frame, encoding="utf-8")
        with another_site(tmp_path) as url:
            page.goto(f"{url}/course.html")
        found = page.frames[1].evaluate("document.querySelector('video') !== null")
        page.goto("about:blank")
    assert shown == found
