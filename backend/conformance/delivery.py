"""What players, browsers and caches get where files are read. Most of it is advice: a stream plays without."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from backend.conformance.check_client import ServerResponse
from backend.conformance.trial import AdviceError, BackendTrial, FaultError, NotOfferedError, SignedUrl, expect

SEGMENT, SEGMENT_TYPE = "v1/720p/seg_001.ts", "video/mp2t"
PLAYLIST, PLAYLIST_TYPE = "master.m3u8", "application/vnd.apple.mpegurl"
PAGE, PAGE_TYPE = "page.html", "text/html"
SEGMENT_CONTENT = bytes(range(188))
PLAYLIST_CONTENT = b"#EXTM3U\n"
PAGE_CONTENT = b"<!DOCTYPE html><script>document.title = 'HLS Converter check'</script>"

SHORT_S = 60
"""A playlist that a cache keeps longer than this leads viewers to an old version, or back from a new one."""

LONG_S = 3600
"""A segment that a cache keeps for less than this is asked for again and again."""

_MAX_AGE = re.compile(r"(?:^|[\s,])(?:s-maxage|max-age)=\"?(\d{1,18})")
_ACTIVE = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")


def parts_are_read(trial: BackendTrial) -> None:
    """Players get the part of a file that they ask for (Range)."""
    url = _stored(trial, SEGMENT, SEGMENT_CONTENT, SEGMENT_TYPE)
    response = trial.client.get(url.download_url, {"Range": "bytes=10-19"})
    expect(response, 206, "a GET with Range: bytes=10-19")
    said = response.headers.get("Content-Range", "")
    if response.body != SEGMENT_CONTENT[10:20] or not said.startswith("bytes 10-19/"):
        raise FaultError("a GET with Range: bytes=10-19 gives other bytes, or says so in no Content-Range")


def types_are_kept(trial: BackendTrial) -> None:
    """Files are served with the type that they were sent with."""
    for name, content, kind in ((SEGMENT, SEGMENT_CONTENT, SEGMENT_TYPE), (PLAYLIST, PLAYLIST_CONTENT, PLAYLIST_TYPE)):
        found = _read(trial, name, content, kind).headers.get("Content-Type", "")
        if found.partition(";")[0].strip().lower() != kind:
            raise AdviceError(f"{name} is served as {found or 'nothing'} in place of {kind}: some players refuse it")


def pages_elsewhere_may_read(trial: BackendTrial) -> None:
    """Players on web pages of other hosts may read files (CORS)."""
    url = _stored(trial, SEGMENT, SEGMENT_CONTENT, SEGMENT_TYPE)
    for origin, asked in (("https://player.example", "an Origin"), ("", "no Origin, whose answer a cache may keep,")):
        response = trial.client.get(url.download_url, {"Origin": origin} if origin else {})
        if response.headers.get("Access-Control-Allow-Origin") not in ("*", origin or "*"):
            raise AdviceError(
                f"a GET with {asked} is answered without Access-Control-Allow-Origin: *, and browsers then let no page "
                "of another host play the stream"
            )


def caches_keep_segments(trial: BackendTrial) -> None:
    """Caches may keep segments, whose addresses are never used again (v1/)."""
    said = _read(trial, SEGMENT, SEGMENT_CONTENT, SEGMENT_TYPE).headers.get("Cache-Control", "")
    for_one_viewer = "private" in said.lower()  # as where not everybody may watch
    if not for_one_viewer and _kept_s(said) < LONG_S:
        raise AdviceError(
            f"a segment has {_told(said)}: with public, max-age=31536000, immutable a CDN or proxy in front would "
            "spare the storage nearly all requests"
        )


def caches_drop_playlists(trial: BackendTrial) -> None:
    """Caches keep playlists for seconds only."""
    said = _read(trial, PLAYLIST, PLAYLIST_CONTENT, PLAYLIST_TYPE).headers.get("Cache-Control", "")
    if _kept_s(said) > SHORT_S:
        raise AdviceError(
            f"a playlist has {_told(said)}: viewers get an old one after a stream was replaced; public, max-age=5 is "
            "enough for a cache"
        )


def uploaded_pages_do_nothing(trial: BackendTrial) -> None:
    """A file that is sent as a web page is not one that runs scripts."""
    asked = trial.presign(PAGE, PAGE_TYPE)
    if 400 <= asked.status < 500:
        return  # what is not stored does nothing
    response = _read(trial, PAGE, PAGE_CONTENT, PAGE_TYPE)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    sniffed = not kind and response.headers.get("X-Content-Type-Options", "").lower() != "nosniff"
    held = response.headers.get("Content-Disposition", "").lower().startswith("attachment") or (
        "sandbox" in response.headers.get("Content-Security-Policy", "").lower()
    )
    if (kind in _ACTIVE or sniffed) and not held:
        raise AdviceError(
            f"it is served as {kind or 'nothing'}, and whoever may upload can run scripts at that address: serve it "
            "with Content-Disposition: attachment or Content-Security-Policy: sandbox"
        )


DELIVERY = (
    parts_are_read,
    types_are_kept,
    pages_elsewhere_may_read,
    caches_keep_segments,
    caches_drop_playlists,
    uploaded_pages_do_nothing,
)
"""What is tried where the backend says at which address files are read."""


def _stored(trial: BackendTrial, name: str, content: bytes, kind: str) -> SignedUrl:
    url = trial.store(name, content, kind)
    if not urlsplit(url.download_url).hostname:
        raise NotOfferedError("The address where players find a file (downloadUrl)")
    return url


def _read(trial: BackendTrial, name: str, content: bytes, kind: str) -> ServerResponse:
    response = trial.client.get(_stored(trial, name, content, kind).download_url)
    expect(response, 200, "the GET of the downloadUrl")
    return response


def _kept_s(said: str) -> int:
    """Return for how long a shared cache keeps an answer without asking, in seconds (RFC 9111, 5.2.2)."""
    said = said.lower()
    if any(word in said for word in ("no-cache", "no-store", "private")):
        return 0
    ages = [int(found) for found in _MAX_AGE.findall(said)]
    return max(ages, default=0)


def _told(said: str) -> str:
    return f"Cache-Control: {said}" if said else "no Cache-Control"
