"""How long caches may keep what the backend serves: every file of a real job, published and published again."""

import re
from dataclasses import replace

import pytest
import requests
import source_clips
from converting import ULTRAFAST, convert

from backend.server import serve_in_thread
from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.job import CaptionFile, SegmentType
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.http.cache_control import IMMUTABLE, PLAYLIST, REPLACEABLE, SEGMENT, UNKNOWN, cache_control
from pipeline.transfer.manifests.placement import version
from pipeline.transfer.upload.uploader import Uploader

CAPTIONS = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"
EXPECTED = {
    r"master\.m3u8": PLAYLIST,
    r"(v\d+/)?(180p|audio/und)/(index|iframes)\.m3u8": PLAYLIST,
    r"(v\d+/)?subtitles/en/index\.m3u8": PLAYLIST,
    r"(180p|audio/und)/(init\.mp4|seg_\d+\.m4s)": SEGMENT,
    r"v\d+/(180p|audio/und)/(init\.mp4|seg_\d+\.m4s)": IMMUTABLE,
    r"(v\d+/)?subtitles/en/seg_\d+\.vtt": REPLACEABLE,
    r"(poster|sprite)\.jpg|thumbnails\.vtt|offline_480p\.mp4": REPLACEABLE,
    r"(transcript\.(srt|txt|json)|subtitles\.vtt|chapters\.(json|vtt))": REPLACEABLE,
}


def listed(backend, prefix):
    """Return the keys that are stored below a prefix, without it."""
    headers = {"Authorization": f"Bearer {backend.settings.token}"}
    answer = requests.get(f"{backend.url}/api/s3/objects", params={"prefix": prefix}, headers=headers, timeout=60)
    return [found["key"].removeprefix(prefix) for found in answer.json()["objects"]]


def upload(backend, folder, prefix):
    """Upload a folder as the program does."""
    api = BackendApi(url=backend.url, token=backend.settings.token)
    result = Uploader(api, session_id=None, delays=()).upload(folder, prefix, resume=False, cancel=CancelToken())
    assert {} == result.failed


def test_every_published_file_says_how_long_it_keeps(settings, tmp_path):
    """Segments keep, those of a later version for good; what is replaced where it lies is asked for again soon."""
    captions = tmp_path / "captions.srt"
    captions.write_text(CAPTIONS, encoding="utf-8")
    source = source_clips.plain(tmp_path)
    done = convert(
        source,
        tmp_path / "out",
        encoding=replace(ULTRAFAST, segment_type=SegmentType.FMP4),
        make_mp4=True,
        captions=(CaptionFile(path=captions, language="en"),),
    )
    assert "" == done.report.error
    with serve_in_thread(settings) as backend:
        upload(backend, done.folder, "courses/v2/lesson/")
        master = done.folder / MASTER
        master.write_bytes(master.read_bytes() + b"# another\n")
        upload(backend, done.folder, "courses/v2/lesson/")
        found, seen = {}, set()
        for name in listed(backend, "courses/v2/lesson/"):
            kind = next((kind for kind in EXPECTED if re.fullmatch(kind, name)), f"{name} is of no kind")
            answer = requests.head(f"{backend.url}/objects/courses/v2/lesson/{name}", timeout=60)
            found[name] = (kind, answer.headers["Cache-Control"])
            seen.add(kind)

    assert {name: (kind, EXPECTED.get(kind)) for name, (kind, _) in found.items()} == found
    assert set(EXPECTED) == seen


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/v2/720p/seg_001.ts", IMMUTABLE),
        ("v100000/720p/seg_001.m4s", IMMUTABLE),
        ("a/v2/audio/de/init.mp4", IMMUTABLE),
        ("a/v2/poster.jpg", IMMUTABLE),  # where earlier versions of the program left it
        ("a/v2/offline_480p.mp4", IMMUTABLE),
        ("a/v2/subtitles/en/seg_001.vtt", REPLACEABLE),
        ("courses/v2/lesson/720p/seg_001.ts", SEGMENT),
        ("courses/v2/lesson/poster.jpg", REPLACEABLE),
        ("courses/v2/lesson/offline_480p.mp4", REPLACEABLE),
        ("courses/v2/lesson/audio/de/seg_001.m4s", SEGMENT),
        ("a/v2b/720p/seg_001.ts", SEGMENT),
        ("a/2/seg_001.ts", SEGMENT),
        ("a/MASTER.M3U8", PLAYLIST),
        ("a/manifest.json", UNKNOWN),
        ("a/key.bin", UNKNOWN),
        ("a/v2/key.bin", UNKNOWN),
        ("a/page.html", UNKNOWN),
        ("a/settings.json", UNKNOWN),
        ("a/v2/x\n/seg_001.ts", IMMUTABLE),
    ],
)
def test_what_may_be_replaced_is_never_kept_for_good(key, expected):
    """Only segments, pictures and MP4s in a version's own folder keep for ever."""
    assert expected == cache_control(key)


def test_the_folders_of_versions_are_known():
    """What the uploader calls a version's folder, the table takes for one."""
    assert IMMUTABLE == cache_control(f"videos/a/{version(17)}720p/seg_001.ts")


def test_refusals_are_not_kept(shared):
    """A segment that is not there yet is asked for again."""
    answer = requests.get(f"{shared.url}/objects/caching/none.ts", timeout=60)

    assert (404, "no-store") == (answer.status_code, answer.headers["Cache-Control"])


def test_an_unchanged_file_keeps_its_header(shared):
    """304 renews what a cache knows: it says the same as 200, and a part says it, too."""
    shared.put("caching/a/720p/seg_001.ts", b"0123456789")
    url = f"{shared.url}/objects/caching/a/720p/seg_001.ts"
    etag = requests.get(url, timeout=60).headers["ETag"]
    same = requests.get(url, headers={"If-None-Match": etag}, timeout=60)
    part = requests.get(url, headers={"Range": "bytes=2-4"}, timeout=60)

    assert [(304, SEGMENT), (206, SEGMENT)] == [(a.status_code, a.headers["Cache-Control"]) for a in (same, part)]
