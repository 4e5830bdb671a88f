"""The one table of content types: players and signatures depend on it, so the machine's own table is never asked."""

from __future__ import annotations

import os
from pathlib import PurePath

FALLBACK = "application/octet-stream"
CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt",
    ".srt": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
}


def content_type(path: str | PurePath) -> str:
    """Return the Content-Type with which a file is signed, sent and served."""
    return CONTENT_TYPES.get(os.path.splitext(path)[1].lower(), FALLBACK)  # noqa: PTH122  # twice for each file
