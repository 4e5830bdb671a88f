"""PLAYBACK=redirect over a real S3 server."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from backend.access.stream_rules import StreamRules, Visibility
from backend.routes.delivery import Delivery, Playback
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import Config

TOKEN = "a-token-that-only-tests-know"


@pytest.fixture(scope="module")
def redirecting(s3_bucket, client_of, tmp_path_factory):
    """A client of a backend that leads players to the bucket; what lies in hidden/ is private."""
    plain = BackendSettings.from_config(Config(), root=tmp_path_factory.mktemp("redirects") / "root", token=TOKEN)
    settings = replace(
        plain, storage=replace(s3_bucket, prefix="redirects"), delivery=Delivery(playback=Playback.REDIRECT)
    )
    rules = StreamRules(settings.root, Visibility.PUBLIC)
    rules.prepare()
    rules.set("hidden/", Visibility.PRIVATE)
    with serve_in_thread(settings) as backend:
        client = client_of(backend)
        for key in ("open/1080p/seg_001.ts", "hidden/1080p/seg_001.ts"):
            assert 200 == client.put(key, b"0123456789").status_code
        yield client


def test_a_segment_is_given_by_the_bucket(redirecting, s3_bucket):
    """Whole, or the range that was asked for; caches may keep the answer for less time than the address is good."""
    sent_on = redirecting.get("/objects/open/1080p/seg_001.ts", allow_redirects=False)
    part = redirecting.get("/objects/open/1080p/seg_001.ts", headers={"Range": "bytes=2-4"})

    assert (307, "public, max-age=300") == (sent_on.status_code, sent_on.headers["Cache-Control"])
    assert urlsplit(s3_bucket.endpoint_url).netloc == urlsplit(sent_on.headers["Location"]).netloc
    assert "X-Amz-Expires=900" in sent_on.headers["Location"]
    assert b"0123456789" == requests.get(sent_on.headers["Location"], timeout=60).content
    assert (206, b"234") == (part.status_code, part.content)


def test_the_bucket_shows_nobody_a_page(redirecting):
    """Whatever type an uploader has stored it with, the name says what it is."""
    stored = redirecting.put("open/poster.jpg", b"<script>", "text/html")
    assert 200 == stored.status_code, stored.text

    assert "image/jpeg" == redirecting.get("/objects/open/poster.jpg").headers["Content-Type"]


@pytest.mark.parametrize("name", ["master.m3u8", "subtitles.vtt", "manifest.json"])
def test_what_is_small_comes_from_here(redirecting, name):
    """Addresses in a playlist count from where it came from."""
    assert 200 == redirecting.put(f"open/{name}", b"text", "text/plain").status_code

    assert 200 == redirecting.get(f"/objects/open/{name}", allow_redirects=False).status_code


def test_a_question_is_answered_here(redirecting):
    """An address that is signed for a GET is good for nothing else."""
    answer = requests.head(f"{redirecting.url}/objects/open/1080p/seg_001.ts", timeout=60)

    assert (200, "10") == (answer.status_code, answer.headers["Content-Length"])


def test_what_is_private_is_sent_on_at_its_address_alone(redirecting):
    """And no cache keeps where to."""
    playlist = redirecting.ask("POST", "/api/s3/viewer-url", {"prefix": "hidden/"}).json()["playlistUrl"]
    segment = playlist.replace("master.m3u8", "1080p/seg_001.ts")
    sent_on = requests.get(segment, timeout=60, allow_redirects=False)

    assert 404 == redirecting.get("/objects/hidden/1080p/seg_001.ts", allow_redirects=False).status_code
    assert (307, "private, no-store") == (sent_on.status_code, sent_on.headers["Cache-Control"])
    assert b"0123456789" == requests.get(segment, timeout=60).content


def test_the_buckets_address_ends_no_later(redirecting):
    """Who may watch for another minute gets no address that is good for fifteen."""
    asked = {"prefix": "hidden/", "expiresSeconds": 60}
    playlist = redirecting.ask("POST", "/api/s3/viewer-url", asked).json()["playlistUrl"]
    segment = playlist.replace("master.m3u8", "1080p/seg_001.ts")
    sent_on = requests.get(segment, timeout=60, allow_redirects=False).headers["Location"]

    assert 0 < int(parse_qs(urlsplit(sent_on).query)["X-Amz-Expires"][0]) <= 60


def test_what_is_not_there_is_404(redirecting):
    """The bucket says so."""
    assert 404 == redirecting.get("/objects/open/1080p/seg_404.ts").status_code
