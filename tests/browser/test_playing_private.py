"""A private stream in a real browser: through its address, and not otherwise."""

from __future__ import annotations

import time

import pytest
from hls_player import PROBLEMS, captions_from

from backend.stream_rules import StreamRules, Visibility
from backend.viewer_addresses import ViewerAddresses


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
