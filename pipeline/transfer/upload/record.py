"""The file record: what the backend is told about a video when its files are up. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.media.stream_layout import MASTER, MP4_FILE, TRANSCRIPT_SRT

# Callers name files by what they are or by their path in the folder; the first name that is there wins.
_KEY_NAMES = {
    "hls": ("hls", MASTER),
    "mp4": ("mp4", MP4_FILE),
    "transcript": ("transcript", "srt", TRANSCRIPT_SRT),
}


def record_fields(
    *,
    name: str,
    language: str,
    prefix: str,
    session_id: str | None,
    keys: Mapping[str, str],
    duration_s: float | None,
    qualities: Sequence[str],
    folder_id: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the record's fields. `keys` maps files to their keys; what was not made is null.

    `folder_id` is the parent folder where that is not told by the prefix; `more` is part of the metadata.
    """
    return {
        "name": name,
        "type": "video",
        "language": language,
        "parentFolder": folder_id or parent_folder(prefix),
        "sessionId": session_id or None,
        "s3Keys": s3_keys(keys),
        "metadata": {"duration": duration_s, "qualities": list(qualities), **(more or {})},
    }


def s3_keys(keys: Mapping[str, str]) -> dict[str, str | None]:
    """Return the three keys of a record: `hls`, `mp4` and `transcript`."""
    return {field: next((keys[name] for name in names if keys.get(name)), None) for field, names in _KEY_NAMES.items()}


def parent_folder(prefix: str) -> str | None:
    """Return the folder above the video's own: `videos/course` for `videos/course/lesson01/`, else None."""
    return prefix.rstrip("/").rpartition("/")[0] or None
