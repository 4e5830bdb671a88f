"""The file record: what the backend is told about a video when its files are up. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import SettingsError
from pipeline.media.stream_layout import MASTER, MP4_FILE, TRANSCRIPT_SRT

RECORDED_FILES = (MASTER, MP4_FILE, TRANSCRIPT_SRT)
"""The files of a folder that a record may name."""

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


def fields_of_metadata(
    metadata: Mapping[str, Any], *, keys: Mapping[str, str], prefix: str, session_id: str | None, language: str
) -> dict[str, Any]:
    """Return the fields of a record of which a script has told `metadata`; `language` is for where that names none.

    Raises SettingsError for metadata that has no JSON form.
    """
    more = dict(metadata)
    for name, value in more.items():
        try:
            json.dumps({name: value}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise SettingsError(
                f"The record's {name} can't be sent ({error}): give it as text, a number or a list of these."
            ) from error
    qualities = more.pop("qualities", None) or ()
    return record_fields(
        name=str(more.pop("name", None) or "video"),
        language=str(more.pop("language", None) or language),
        prefix=prefix,
        session_id=session_id,
        keys=keys,
        duration_s=more.pop("duration", None),
        qualities=[str(quality) for quality in ([qualities] if isinstance(qualities, str) else qualities)],
        folder_id=more.pop("folder_id", None),
        more=more,
    )


def s3_keys(keys: Mapping[str, str]) -> dict[str, str | None]:
    """Return the three keys of a record: `hls`, `mp4` and `transcript`."""
    return {field: next((keys[name] for name in names if keys.get(name)), None) for field, names in _KEY_NAMES.items()}


def parent_folder(prefix: str) -> str | None:
    """Return the folder above the video's own: `videos/course` for `videos/course/lesson01/`, else None."""
    return prefix.rstrip("/").rpartition("/")[0] or None


def folder_of(keys: Mapping[str, str]) -> str:
    """Return the prefix of the first of a record's keys, empty where it has none."""
    key = next((key for key in s3_keys(keys).values() if key), "")
    return key.rpartition("/")[0] + "/" if "/" in key else ""
