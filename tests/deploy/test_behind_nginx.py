"""The reference backend behind nginx, under a path, as docs/deploy.md has it."""

import ssl
import time
from contextlib import closing
from http.client import HTTPSConnection
from urllib.parse import urlsplit

import pytest

IMMUTABLE = "public, max-age=31536000, immutable"
PLAYLIST_TYPE = "application/vnd.apple.mpegurl"


def test_an_upload_goes_through(deployment):
    """A signed address leads through nginx, with the prefix; so does the one for players."""
    body = b"x" * (3 << 20)  # more than nginx takes by itself
    answer, signed = deployment.put("through/1080p/seg_001.ts", body)

    assert 200 == answer.status_code, answer.text
    assert signed["signedUrl"].startswith(f"{deployment.url}/objects/through/")
    assert f"{deployment.url}/objects/through/1080p/seg_001.ts" == signed["downloadUrl"]
    assert body == deployment.session.get(signed["downloadUrl"], timeout=60).content


@pytest.mark.parametrize("key", ["odd/a b+c.ts", "odd/ä%2F100%.ts", "odd/?#&;=.ts", "odd/日本.ts", "odd/~'()*!.ts"])
def test_odd_keys_go_through(deployment, key):
    """nginx passes an address on as it came."""
    answer, signed = deployment.put(key, b"odd")

    assert 200 == answer.status_code, answer.text
    assert b"odd" == deployment.session.get(signed["downloadUrl"], timeout=60).content


def test_segments_are_kept_by_nginx(deployment):
    """The second player gets a segment from nginx, and a range of it, with what pages of other sites need."""
    path = "/objects/kept/v2/1080p/seg_001.ts"
    deployment.put("kept/v2/1080p/seg_001.ts", b"0123456789")
    assert "MISS" == deployment.get(path).headers["X-Cache-Status"]
    # the first one has its answer a moment before nginx has kept it
    assert any("HIT" == deployment.get(path).headers["X-Cache-Status"] for _ in range(1000))
    whole = deployment.get(path, headers={"Origin": "https://elsewhere.example"})
    part = deployment.get(path, headers={"Range": "bytes=2-4"})

    assert ["HIT", "HIT"] == [one.headers["X-Cache-Status"] for one in (whole, part)]
    assert (IMMUTABLE, "*") == (whole.headers["Cache-Control"], whole.headers["Access-Control-Allow-Origin"])
    assert (206, b"234") == (part.status_code, part.content)


def test_what_is_replaced_comes_new(deployment):
    """A file that keeps its address is the new one after the seconds for which it may be kept."""
    deployment.put("replaced/master.m3u8", b"first", PLAYLIST_TYPE)
    assert b"first" == deployment.get("/objects/replaced/master.m3u8").content
    deployment.put("replaced/master.m3u8", b"second", PLAYLIST_TYPE)
    deadline = time.monotonic() + 120
    while b"second" != deployment.get("/objects/replaced/master.m3u8").content:
        assert time.monotonic() < deadline
        time.sleep(0.5)  # `max-age`


def test_what_is_deleted_goes(deployment):
    """A playlist that was kept is gone after the seconds for which it may be kept, however often it is asked for."""
    deployment.put("deleted/master.m3u8", b"#EXTM3U\n", PLAYLIST_TYPE)
    assert 200 == deployment.get("/objects/deleted/master.m3u8").status_code
    assert 204 == deployment.ask("DELETE", "/api/s3/object?key=deleted/master.m3u8").status_code

    deadline = time.monotonic() + 120
    while 404 != deployment.get("/objects/deleted/master.m3u8").status_code:
        assert time.monotonic() < deadline
        time.sleep(0.5)  # `max-age`
    assert 404 == deployment.get("/objects/deleted/master.m3u8").status_code


def test_a_byte_of_a_video_is_not_the_whole(deployment):
    """nginx fetches no more of an MP4 than is asked for, and keeps nothing of it; the start of a segment it keeps."""
    deployment.put("whole/video.mp4", bytes(1000), "video/mp4")
    deployment.put("whole/1080p/init.mp4", b"init", "video/mp4")

    answer = deployment.get("/objects/whole/video.mp4", headers={"Range": "bytes=0-0"})

    assert (206, 1, None) == (answer.status_code, len(answer.content), answer.headers.get("X-Cache-Status"))
    assert "MISS" == deployment.get("/objects/whole/1080p/init.mp4").headers["X-Cache-Status"]


def test_an_object_is_kept_once(deployment):
    """Strangers can't have nginx keep it again by a query, or by another spelling of its address."""
    deployment.put("once/v2/1080p/seg_001.ts", b"0123456789")
    path = "/objects/once/v2/1080p/seg_001.ts"
    deployment.get(path)
    assert any("HIT" == deployment.get(path).headers["X-Cache-Status"] for _ in range(1000))

    assert ["BYPASS"] * 2 == [deployment.get(f"{path}?n=1").headers["X-Cache-Status"] for _ in range(2)]
    assert (200, "HIT") == _as_written(deployment, path.replace("once", "%6fnce"))
    assert 400 == _as_written(deployment, f"{path}#other")[0]


def _as_written(deployment, path):
    """Ask for a path that clients would write in another way; return status and what the cache had to do with it."""
    url, trusted = urlsplit(deployment.url), ssl.create_default_context(cafile=deployment.proxy.authority)
    with closing(HTTPSConnection(url.hostname, url.port, context=trusted, timeout=60)) as connection:
        connection.request("GET", url.path + path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("X-Cache-Status")


def test_pages_lead_through_the_prefix(deployment):
    """The list and a player's page have links that lead back through nginx."""
    deployment.put("pages/master.m3u8", b"#EXTM3U\n", PLAYLIST_TYPE)

    assert '"/video/watch/pages/' in deployment.get("/").text
    assert "/video/objects/pages/master.m3u8" in deployment.get("/watch/pages/").text


def test_the_log_has_no_signature(deployment):
    """Whoever reads nginx's log can store nothing."""
    _, signed = deployment.put("logged/seg_001.ts", b"x")

    log = deployment.proxy.logged("/video/objects/logged/seg_001.ts")
    assert signed["signedUrl"].rpartition("signature=")[2] not in log


def test_plain_http_is_sent_on(deployment):
    """Who forgets the s of https is led there."""
    answer = deployment.session.get(f"{deployment.proxy.plain_url}/", timeout=60, allow_redirects=False)

    assert (301, True) == (answer.status_code, answer.headers["Location"].startswith("https://"))


def test_metrics_are_not_for_outside(deployment):
    """Not even for who has the token."""
    assert 404 == deployment.ask("GET", "/metrics").status_code
