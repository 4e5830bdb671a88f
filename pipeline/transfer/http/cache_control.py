"""The one table of how long caches may keep a published file: a player's, a CDN's, a proxy's.

A file may be kept for as long as nothing else can take its address. What lies in the folder of a version (`v2/`) is
never replaced, but for captions, which are corrected where they lie. A stream's first version lies at the destination
itself: once it was deleted there, the segments of the next one have the same addresses.
"""

from __future__ import annotations

import posixpath
import re

IMMUTABLE = "public, max-age=31536000, immutable"
"""A year (RFC 9111, 5.2.2.1; RFC 8246): for what is never replaced."""

SEGMENT = "public, max-age=3600"
"""An hour: for segments that only deleting a stream and uploading another one replaces."""

PLAYLIST = "public, max-age=5"
"""Seconds: players are to come to a new version soon; while the server is away a cache may go on with the old one."""

REPLACEABLE = "public, max-age=5, must-revalidate"
"""For what has one address for good, whatever its content is: posters, thumbnails, captions, MP4s."""

UNKNOWN = "no-cache"
"""For manifests, keys and whatever else lies there: asked for each time, answered with 304 where it is the same."""

_SEGMENTS = (".ts", ".m4s")
_INIT = "/init.mp4"
_REPLACED = (".jpg", ".mp4", ".vtt", ".srt", ".txt")
_DOCUMENTS = ("chapters.json", "transcript.json", "transcript.en.json")
_NEVER_REPLACED = re.compile(
    r"(?:.*/)?v[0-9]{1,9}/(?:(?:audio/)?[^/]+/(?:seg_[0-9]+\.(?:ts|m4s)|init\.mp4)|[^/]+\.(?:jpg|mp4))", re.DOTALL
)
"""In the folder of a version: segments in a rendition's or an audio track's folder, pictures and MP4s (which earlier
versions of the program left there). What lies deeper lies below a destination in a folder that is merely called so, as
in `courses/v2/lesson/`.
"""


def cache_control(key: str) -> str:
    """Return the Cache-Control with which a published file is stored and served, by its key."""
    name = key.lower()
    if name.endswith(".m3u8"):
        return PLAYLIST
    if _NEVER_REPLACED.fullmatch(name):
        return IMMUTABLE
    if name.endswith((*_SEGMENTS, _INIT)):
        return SEGMENT
    if name.endswith(_REPLACED) or posixpath.basename(name) in _DOCUMENTS:
        return REPLACEABLE
    return UNKNOWN


def for_one_viewer(control: str) -> str:
    """Return the Cache-Control of a file that not everybody may read: no cache may give it to another viewer."""
    return control.replace("public", "private") if "public" in control else f"private, {control}"
