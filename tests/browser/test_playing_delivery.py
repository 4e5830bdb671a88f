"""A stream in a real browser that does not come through the backend: from the bucket, and from a CDN.

With hls.js: Chromium's own player takes no segment from another origin than its playlist's, and the page then goes on
with hls.js by itself.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from hls_player import PROBLEMS, captions_from

from backend.routes.delivery import Delivery, Playback
from backend.server import serve_in_thread
from backend.state.storage_root import init_root
from pipeline.transfer.http.content_types import content_type

CORS = Path(__file__).parents[2] / "packaging" / "backend" / "bucket-cors.json"


def play(page, address, words):
    """Play a stream; return the addresses that were asked for, without the page's own files."""
    asked = []
    page.on("response", lambda response: asked.append((response.status, response.url)))
    page.goto(f"{address}?player=hls")
    page.wait_for_function("document.querySelector('video').readyState >= 2")

    assert ([], [words[2]]) == (page.evaluate(PROBLEMS), captions_from(page, 8.0)[0])
    own = ("blob:", f"{address.partition('/watch/')[0]}/player/", address)
    return [(status, url) for status, url in asked if not url.startswith(own)]


@pytest.fixture
def in_a_bucket(published, s3_bucket):
    """Where the published stream lies in a bucket that other pages may read from, as the guide sets it up."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_bucket.endpoint_url,
        region_name=s3_bucket.region,
        aws_access_key_id=s3_bucket.access_key_id,
        aws_secret_access_key=s3_bucket.secret_access_key,
    )
    rules = json.loads(CORS.read_text(encoding="utf-8"))
    client.put_bucket_cors(Bucket=s3_bucket.bucket, CORSConfiguration=rules)
    folder = published.report.folder
    for file in (path for path in folder.rglob("*") if path.is_file()):
        key = f"delivery/{published.prefix}{file.relative_to(folder).as_posix()}"
        client.upload_file(str(file), s3_bucket.bucket, key, ExtraArgs={"ContentType": content_type(key)})
    client.close()
    return replace(s3_bucket, prefix="delivery")


def test_segments_come_from_the_bucket(page, published, in_a_bucket, words, tmp_path):
    """Playlists and captions are the backend's; segments are asked for here and come from there."""
    init_root(tmp_path)
    settings = replace(
        published.backend.settings,
        root=tmp_path,
        storage=in_a_bucket,
        delivery=Delivery(playback=Playback.REDIRECT),
    )
    with serve_in_thread(settings) as backend:
        asked = play(page, backend.watch_url(published.prefix), words)

    media = [(status, url) for status, url in asked if url.partition("?")[0].endswith((".ts", ".m4s", ".mp4", ".jpg"))]
    from_here = {status for status, url in media if url.startswith(f"{backend.url}/objects/")}
    from_there = {status for status, url in media if url.startswith(f"{in_a_bucket.endpoint_url}/")}
    others = [url for status, url in asked if (status, url) not in media]
    assert ({307}, True) == (from_here, bool(from_there) and from_there <= {200, 206})
    assert [] == [url for url in others if not url.startswith(f"{backend.url}/objects/")]


def test_everything_comes_from_the_cdn(page, published, words):
    """The page alone is the backend's: here the CDN is another backend, at another origin."""
    delivery = Delivery(playback=Playback.CDN, cdn_base_url=f"{published.backend.url}/objects")
    with serve_in_thread(replace(published.backend.settings, delivery=delivery)) as backend:
        asked = play(page, backend.watch_url(published.prefix), words)

    assert [] == [url for _, url in asked if not url.startswith(f"{published.backend.url}/objects/")]
