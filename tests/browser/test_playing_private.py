"""A private stream in a real browser: at its address, in the frame of another site's page, and not otherwise."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hls_player import PROBLEMS, captions_from
from program import command
from threaded_servers import serving

from backend.access.stream_rules import StreamRules, Visibility
from backend.access.viewer_addresses import ViewerAddresses
from backend.server import serve_in_thread

ROOM = """() => {
    const { left, top, width, height } = document.querySelector('video').getBoundingClientRect();
    return [left, top, width, height];
}"""
PLAY = "() => { const video = document.querySelector('video'); video.muted = true; return video.play(); }"


@pytest.fixture
def addresses(published):
    """What makes addresses of the published stream, which is private meanwhile."""
    settings = published.backend.settings
    rules = StreamRules(settings.root, Visibility.PUBLIC)
    rules.set(published.prefix, Visibility.PRIVATE)
    yield ViewerAddresses(settings.signing_secret, rules, time.time)
    rules.unset(published.prefix)


@pytest.mark.parametrize("player", ["", "?player=hls"], ids=["own-player", "hls.js"])
def test_a_private_stream_plays_at_its_address(page, published, addresses, words, player):
    """All that playlists refer to is found below the address: video, audio, captions."""
    found = addresses.stream(published.prefix)
    asked = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(published.backend.url)))
    page.goto(published.backend.url + found.page + player)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    shown = captions_from(page, 8.0)[0]
    files = [path for path in asked if path.startswith(("/s/", "/objects/"))]

    assert ([], [words[2]]) == (page.evaluate(PROBLEMS), shown)
    assert [] == [path for path in files if not path.startswith(found.page)]
    assert any(path.endswith((".ts", ".m4s")) for path in files)


@pytest.mark.parametrize("expired", [False, True], ids=["without an address", "after its end"])
def test_it_does_not_play_otherwise(page, published, addresses, expired):
    """The page says that there is no such stream, or that the address has expired; there is no player on it."""
    path, status, text = f"/watch/{published.prefix}", 404, "No stream named"
    if expired:
        path, status, text = addresses.stream(published.prefix, expires_s=int(time.time()) - 1).page, 403, "has expired"
    response = page.goto(published.backend.url + path)

    assert (status, True) == (response.status, text in page.inner_text("h1"))
    assert 0 == page.locator("video").count()


@contextmanager
def page_of_another_site():
    """Serve a page that may be given another content; yields its server, whose `frame` is the HTML in it."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"<!doctype html><title>Course</title>{self.server.frame}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.frame = ""
    with serving(server):
        yield server


def printed_frame(settings, base, prefix):
    """Return the HTML that `backend stream url` prints for a page."""
    asked = command("backend", "--root", settings.root, "stream", "url", prefix)
    told = subprocess.run(
        asked, env={**os.environ, "PUBLIC_BASE_URL": base}, capture_output=True, text=True, check=True
    ).stdout
    (line,) = [line for line in told.splitlines() if "<iframe" in line]
    return line[line.index("<iframe") :]


def test_the_printed_frame_plays_in_a_page_of_a_site_that_is_named(page, published, addresses):
    """It plays there and has the frame to itself; where EMBED_ORIGINS does not name the site, nothing is shown."""
    settings = published.backend.settings
    with page_of_another_site() as site:
        origin = f"http://localhost:{site.server_port}"
        with serve_in_thread(replace(settings, embed_origins=(origin,))) as backend:
            site.frame = printed_frame(settings, backend.url, published.prefix)
            page.goto(origin)
            frame = page.wait_for_selector("iframe").content_frame()
            frame.wait_for_function("document.querySelector('video')?.readyState >= 2")
            frame.evaluate(PLAY)
            frame.wait_for_function("document.querySelector('video').currentTime > 0.3")
            problems = frame.evaluate(PROBLEMS)
            room = frame.evaluate(ROOM)
        site.frame = printed_frame(settings, published.backend.url, published.prefix)
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            page.goto(origin)

    assert ([], [0, 0, 960, 540]) == (problems, room)
