"""Recognizes files that are not videos by their first bytes, so that a message can say what was chosen. Pure."""

from __future__ import annotations

import re

HEAD_BYTES = 4096

_ITSELF = "choose the video itself."
_PLAYLIST = f"is a playlist, which only names other files: {_ITSELF}"
_PROJECT = "is a project of an editing program: export it as a video."
_ARCHIVE = "is an archive: unpack it and choose the video in it."
_DOCUMENT = "is a document, not a video: choose a video file."
_SUBTITLES = "holds subtitles only: choose the video that they belong to."
_PAGE = "is a web page, not a video: the download went wrong, download it again."

# none of them can begin a video, and ffmpeg would go to other files or to the network for some
_BEGINS: tuple[tuple[bytes, str], ...] = (
    (rb"\s*<!doctype html|\s*<html", _PAGE),
    (rb"#EXTM3U|ffconcat version|\[playlist\]|\[reference\]|\s*<asx", _PLAYLIST),
    (rb"v=0\r?\n", f"describes a live stream and holds nothing of it: {_ITSELF}"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(smil|MPD|playlist|rss)\b", _PLAYLIST),
    (
        rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(fcpxml|xmeml|PremiereData|mlt|kdenlivedoc)\b",
        _PROJECT,
    ),
    (
        rb"PK\x03\x04.{26}"
        rb"(\[Content_Types\]|_rels/|docProps/|word/|xl/|ppt/|Index/|mimetypeapplication/(vnd\.oasis|epub))",
        _DOCUMENT,
    ),
    (rb"PK\x03\x04|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (rb"%PDF-|\{\\rtf|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _DOCUMENT),
    (rb"(\xef\xbb\xbf)?(WEBVTT|\[Script Info\]|\s*\d+\r?\n\d\d:\d\d:\d\d[,.]\d{3} --> )", _SUBTITLES),
)


def mistaken_for(head: bytes) -> str | None:
    """Return the rest of a sentence about a file that begins with these bytes, None where it may be a video."""
    return next((told for pattern, told in _BEGINS if re.match(pattern, head, re.IGNORECASE | re.DOTALL)), None)


def why_unreadable(head: bytes, boxes: tuple[bytes, ...]) -> str:
    """Return the rest of a sentence about a file that could not be opened; `boxes` are an MP4's or MOV's."""
    if head and not head.strip(b"\0"):
        return "holds nothing but zeros: it was not copied or downloaded whole, get it again."
    if b"rmra" in boxes:
        return f"is a reference movie, which only names other files: {_ITSELF}"
    if boxes[:1] in ((b"ftyp",), (b"wide",), (b"mdat",)) and b"moov" not in boxes:
        return (
            "was not finished: its index at the end is missing, without which it can't be read. "
            "Copy, record or export it again."
        )
    if head and all(byte >= 0x20 or byte in b"\t\r\n" for byte in head) and _is_text(head):
        return "is a text, not a video: choose a video file."
    return "can't be read as a video: the file is broken or of a kind that is not supported."


def _is_text(head: bytes) -> bool:
    try:
        head[: HEAD_BYTES - 4].decode("utf-8")  # the last letter may be cut off
    except UnicodeDecodeError:
        return False
    return True
