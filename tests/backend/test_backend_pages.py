"""backend.routes.pages: the list of streams and the player page."""

import hashlib
import json
import re
from dataclasses import replace
from html import unescape

import pytest
import requests

from backend.server import serve_in_thread

MASTER = b"#EXTM3U\n"
WORDS = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"


def attribute(page, name):
    """Return an attribute's value from a page."""
    return unescape(re.search(rf'{name}="([^"]*)"', page).group(1))


def test_every_stream_is_listed(fresh):
    """The first page links to the player of each stored master playlist, and to nothing else."""
    for key in ("master.m3u8", "videos/a & b/master.m3u8", "videos/c/480p/index.m3u8", "videos/notmaster.m3u8"):
        fresh.put(key, MASTER, "application/vnd.apple.mpegurl")
    page = fresh.get("/").text

    assert ["/watch/", "/watch/videos/a%20%26%20b/"] == re.findall(r'class="card" href="([^"]*)"', page)
    assert "a &amp; b" in page


def test_no_stream_is_said(fresh):
    """An empty backend has a first page too."""
    assert "Nothing here yet" in fresh.get("/").text


def test_the_player_page_plays_the_master(shared):
    """The page names the master playlist, the poster, the chapters, and captions that have something in them."""
    prefix = "watch/a b+&#%?<script>/"
    shared.put(f"{prefix}master.m3u8", MASTER, "application/vnd.apple.mpegurl")
    shared.put(f"{prefix}poster.jpg", b"x", "image/jpeg")
    shared.put(f"{prefix}subtitles.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "text/vtt")
    shared.put(f"{prefix}chapters.json", b"[]", "application/json")
    answer = requests.get(shared.backend.watch_url(prefix), timeout=60)

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
    assert "<title>a b+&amp;#%?&lt;script&gt;</title>" in answer.text
    for name, content in (
        ("data-source", MASTER),
        ("poster", b"x"),
        ("data-captions", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"),
        ("data-chapters", b"[]"),
    ):
        assert content == shared.get(attribute(answer.text, name)).content


def test_captions_without_words_are_left_out(shared):
    """A subtitle file without cues gives no track; a page without a poster has none."""
    shared.put("silent/master.m3u8", MASTER, "application/vnd.apple.mpegurl")
    shared.put("silent/subtitles.vtt", b"WEBVTT\n", "text/vtt")
    page = shared.get("/watch/silent").text

    assert ["", ""] == [attribute(page, name) for name in ("data-captions", "data-chapters")]
    assert "poster=" not in page


def _publish_again(fresh, manifest_names=None):
    """Leave a lesson that was published twice: its master leads into v2/, the stream before has left what it had."""
    master = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv2/480p/index.m3u8\n"
    for key, content in (("480p/index.m3u8", MASTER), ("v2/480p/index.m3u8", MASTER), ("master.m3u8", master)):
        fresh.put(f"lesson/{key}", content, "application/vnd.apple.mpegurl")
    if manifest_names is not None:
        md5 = hashlib.md5(master).hexdigest()
        entry = {"s3_url": "", "size_bytes": 1, "content_type": "", "uploaded_at": "", "last_modified": ""}
        names = {"master.m3u8": "lesson/master.m3u8", **manifest_names}
        files = [{"filename": name, "s3_key": key, "md5_hash": md5, **entry} for name, key in names.items()]
        head = {"title": "Lesson", "prefix": "lesson/", "created_at": "", "last_synced": ""}
        fresh.put("lesson/manifest.json", json.dumps({**head, "files": files}).encode(), "application/json")


def test_what_stands_alone_is_found_at_its_address(fresh):
    """A stream that was published again has its poster and captions where the first one had them."""
    _publish_again(fresh)
    fresh.put("lesson/poster.jpg", b"poster", "image/jpeg")
    fresh.put("lesson/subtitles.vtt", WORDS, "text/vtt")
    page = fresh.get("/watch/lesson/").text

    assert (b"poster", WORDS) == tuple(fresh.get(attribute(page, name)).content for name in ("poster", "data-captions"))
    assert b"poster" == fresh.get(attribute(fresh.get("/").text, "img src")).content


def test_captions_of_the_stream_before_are_not_shown(fresh):
    """The manifest tells what belongs to the stream: what is not in it was left by another one."""
    _publish_again(fresh, {"poster.jpg": "lesson/poster.jpg"})
    for name, content, kind in (
        ("poster.jpg", b"now", "image/jpeg"),
        ("v2/poster.jpg", b"before", "image/jpeg"),
        ("subtitles.vtt", WORDS, "text/vtt"),
    ):
        fresh.put(f"lesson/{name}", content, kind)
    page = fresh.get("/watch/lesson/").text

    assert ("", b"now") == (attribute(page, "data-captions"), fresh.get(attribute(page, "poster")).content)


def test_a_manifest_of_another_stream_tells_nothing(fresh):
    """It is written last: until then the master is newer."""
    _publish_again(fresh, {"poster.jpg": "lesson/poster.jpg"})
    fresh.put("lesson/master.m3u8", b"#EXTM3U\n# newer\nv2/480p/index.m3u8\n", "application/vnd.apple.mpegurl")
    fresh.put("lesson/subtitles.vtt", WORDS, "text/vtt")

    assert WORDS == fresh.get(attribute(fresh.get("/watch/lesson/").text, "data-captions")).content


def test_what_an_earlier_version_left_beside_its_stream_is_found(fresh):
    """It had poster and captions in the folder that the master leads into;
    those of the stream before may still be there.
    """
    words = {"": b"WEBVTT\n\n00:01.000 --> 00:02.000\nBefore\n", "v2/": b"WEBVTT\n\n00:01.000 --> 00:02.000\nNow\n"}
    for place, text in words.items():
        fresh.put(f"lesson/{place}poster.jpg", f"poster of {place}".encode(), "image/jpeg")
        fresh.put(f"lesson/{place}subtitles.vtt", text, "text/vtt")
    fresh.put(
        "lesson/master.m3u8",
        b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv2/480p/index.m3u8\n",
        "application/vnd.apple.mpegurl",
    )
    page = fresh.get("/watch/lesson/").text

    assert (b"poster of v2/", words["v2/"]) == tuple(
        fresh.get(attribute(page, name)).content for name in ("poster", "data-captions")
    )
    assert b"poster of v2/" == fresh.get(attribute(fresh.get("/").text, "img src")).content


@pytest.mark.parametrize("target", ["/watch/nothing/", "/watch/%2e%2e/", "/watch/.backend/", "/watch/"])
def test_a_missing_stream_is_said(fresh, target):
    """The player page of nothing is a page that says so."""
    status, body = fresh.raw("GET", target)

    assert 404 == status
    assert b"No stream named" in body


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("hls.min.js", "text/javascript"), ("watch.js", "text/javascript"), ("style.css", "text/css")],
)
def test_the_pages_files_are_served(shared, name, content_type):
    """The player comes from this backend, from nowhere else, and asks for no source map."""
    answer = shared.get(f"/player/{name}")

    assert (200, f"{content_type}; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
    assert "sourceMappingURL" not in answer.text


@pytest.mark.parametrize("name", ["watch.html", "..%2fapp.py", "%2e%2e/app.py", "nothing.js"])
def test_no_other_file_is_served(shared, name):
    """Only the page's own files come out of the program's folder."""
    assert 404 == shared.raw("GET", f"/player/{name}")[0]


@pytest.mark.parametrize(
    ("path", "frames"), [("/", "'none'"), ("/docs", "'none'"), ("/watch/none/", "'none'"), ("/watch/", "'self'")]
)
def test_only_our_own_scripts_run_in_a_page(fresh, path, frames):
    """A page says so itself, whatever the names in it are, and who may show it in a frame: a player's own pages."""
    fresh.put("master.m3u8", MASTER, "application/vnd.apple.mpegurl")
    policy = fresh.get(path).headers["Content-Security-Policy"]
    said = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))

    assert ("'none'", "'self'", "'self'", frames) == (
        said["default-src"],
        said["script-src"],
        said["style-src"],
        said["frame-ancestors"],
    )


def test_links_stay_below_a_public_path(settings):
    """Behind a proxy that serves the backend below a path, the pages' links begin with it."""
    with serve_in_thread(replace(settings, public_base_url="https://example.com/media")) as backend:
        page = requests.get(f"{backend.url}/", timeout=60).text

    assert "/media/player/style.css" in page
