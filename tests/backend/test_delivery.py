"""backend.delivery: through the backend, straight from the bucket, or from a CDN."""

from dataclasses import replace

import pytest
import requests

from backend.delivery import Delivery, Playback
from backend.server import serve_in_thread
from backend.stream_rules import StreamRules, Visibility
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
