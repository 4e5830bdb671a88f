"""backend.routes.delivery: through the backend, straight from the bucket, or from a CDN."""

import asyncio
from dataclasses import replace

import pytest
import requests

from backend.access.stream_rules import StreamRules, Visibility
from backend.routes.delivery import KEPT_S, REUSED_S, SIGNED_S, Delivery, Playback, Redirects
from backend.server import serve_in_thread
from config import Config

CDN = "https://cdn.example.com/objects"


@pytest.fixture
def with_a_cdn(settings, client_of):
    """A client of a backend whose public objects a CDN gives."""
    delivery = Delivery(playback=Playback.CDN, cdn_base_url=CDN)
    rules = StreamRules(settings.root, Visibility.PUBLIC)
    rules.prepare()
    rules.set("hidden/", Visibility.UNLISTED)
    with serve_in_thread(replace(settings, delivery=delivery)) as backend:
        yield client_of(backend)


def test_players_are_told_of_the_cdn(with_a_cdn):
    """In the answer to the uploader, to who asks for a viewer's address, and in the page; this backend goes on giving
    objects, for the CDN asks it.
    """
    put = with_a_cdn.put("open/é/master.m3u8", b"#EXTM3U\n", "application/vnd.apple.mpegurl")
    told = with_a_cdn.ask("POST", "/api/s3/viewer-url", {"prefix": "open/é/"}).json()

    assert 200 == put.status_code
    assert f"{CDN}/open/%C3%A9/a.ts" == with_a_cdn.presign("open/é/a.ts")["downloadUrl"]
    assert f"{CDN}/open/%C3%A9/master.m3u8" == told["playlistUrl"]
    assert f'data-source="{CDN}/open/%C3%A9/master.m3u8"' in with_a_cdn.get("/watch/open/é/").text
    assert b"#EXTM3U\n" == with_a_cdn.get("/objects/open/é/master.m3u8").content


def test_what_is_not_public_stays_here(with_a_cdn):
    """A CDN gives what it has to everybody who asks."""
    with_a_cdn.put("hidden/master.m3u8", b"#EXTM3U\n", "application/vnd.apple.mpegurl")
    told = with_a_cdn.ask("POST", "/api/s3/viewer-url", {"prefix": "hidden/"}).json()

    assert told["playlistUrl"].startswith(f"{with_a_cdn.url}/s/")
    assert with_a_cdn.presign("hidden/a.ts")["downloadUrl"].startswith(f"{with_a_cdn.url}/s/")
    assert CDN not in requests.get(told["pageUrl"], timeout=60).text


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"PLAYBACK": "redirect"}, "PLAYBACK=redirect needs STORAGE_TYPE=S3: a folder has no addresses of its own."),
        ({"CDN_BASE_URL": CDN}, "CDN_BASE_URL is used with PLAYBACK=cdn alone, but PLAYBACK is proxy."),
        ({"PLAYBACK": "cdn"}, "PLAYBACK=cdn needs CDN_BASE_URL: the address below which the CDN has the objects, such"),
        ({"PLAYBACK": "cdn", "CDN_BASE_URL": "cdn.example.com"}, "PLAYBACK=cdn needs CDN_BASE_URL: the address below"),
        (
            {"PLAYBACK": "cdn", "CDN_BASE_URL": CDN, "STREAMS": "private"},
            "PLAYBACK=cdn and STREAMS=private exclude each other: a CDN gives what it has to everybody.",
        ),
    ],
)
def test_what_does_not_go_together_is_named(tmp_path, environ, problem):
    """One sentence for each."""
    problems = Config.load(env_file=tmp_path / ".env", environ=environ).problems

    assert [True] == [text.startswith(problem) for text in problems]


class CountingSigner:
    """A storage that signs, and numbers what it has signed."""

    def __init__(self):
        self.lifetimes = []

    async def get_presigned_url(self, path, access, *, expires_s, content_type):
        """Return another URL each time."""
        self.lifetimes.append(expires_s)
        return f"https://bucket.example.com/{path}?{len(self.lifetimes)}"


def location(redirects, key, **asked):
    """Return where a player is led to."""
    return asyncio.run(redirects.headers(key, **asked))["Location"]


def test_a_class_shares_the_urls_of_public_objects():
    """For a minute, as long as they are good for much longer than caches keep them; each object has its own."""
    now_s = [1000.0]
    redirects = Redirects(CountingSigner(), lambda: now_s[0])
    first = location(redirects, "a.ts", shared=True)
    now_s[0] += REUSED_S - 1
    same, other = location(redirects, "a.ts", shared=True), location(redirects, "b.ts", shared=True)
    now_s[0] += 2
    later = location(redirects, "a.ts", shared=True)
    now_s[0] -= 3600
    set_back = location(redirects, "a.ts", shared=True)

    assert [f"https://bucket.example.com/{end}" for end in ("a.ts?1", "a.ts?1", "b.ts?2", "a.ts?3", "a.ts?4")] == [
        first,
        same,
        other,
        later,
        set_back,
    ]
    assert SIGNED_S - REUSED_S - KEPT_S > SIGNED_S / 2


def test_what_is_not_public_is_signed_for_each():
    """For as long as who asks may read it, and at most as long as any."""
    signer = CountingSigner()
    redirects = Redirects(signer, lambda: 1000.0)
    location(redirects, "a.ts", shared=True)
    given = [location(redirects, "a.ts", shared=False, for_s=for_s)[-1] for for_s in (30, 30, None, 7200, 0)]

    assert ["2", "3", "4", "5", "6"] == given
    assert [SIGNED_S, 30, 30, SIGNED_S, SIGNED_S, 1] == signer.lifetimes


def test_only_so_many_urls_are_kept(monkeypatch):
    """The oldest goes first."""
    monkeypatch.setattr("backend.routes.delivery.REUSED", 2)
    redirects = Redirects(CountingSigner(), lambda: 1000.0)
    given = [location(redirects, key, shared=True)[-1] for key in ("a", "b", "c", "c", "b", "a")]

    assert ["1", "2", "3", "3", "2", "4"] == given
