"""What a key looks like, for the OpenAPI document. The storage judges keys and says what is wrong with one."""

from __future__ import annotations

from typing import Any

from storage import LocalSettings, S3Settings, StorageSettings

MAX_KEY_BYTES = 1024
"""The longest key that S3 takes, its own prefix included (Amazon S3, "Creating object key names")."""

MAX_NAME_BYTES = 255
"""The longest part between two slashes where each is a file's or a folder's name, as most systems have it."""

# What storage.check_path allows: no empty segment, no "." or "..", no backslash, no control character, no drive letter,
# no dot at the beginning.
_SIGN = r"[^/\\\x00-\x1f\x7f-\x9f]"
_SIGN_NO_DOT = r"[^./\\\x00-\x1f\x7f-\x9f]"
_FIRST_NO_LETTER = r"[^A-Za-z./\\\x00-\x1f\x7f-\x9f]"
_SIGN_NO_COLON = r"[^:/\\\x00-\x1f\x7f-\x9f]"


def key_schema(storage: StorageSettings | None = None) -> dict[str, Any]:
    """Return the JSON schema of the keys that a storage takes; None: that any may take."""
    example = "videos/lesson/master.m3u8"
    limits = {"minLength": 1, "maxLength": _longest(storage), "pattern": f"^{_pattern(storage)}$"}
    return {"type": "string", **limits, "example": example}


def prefix_schema() -> dict[str, Any]:
    """Return the JSON schema of what keys begin with, up to a slash or not, or of nothing at all."""
    limits = {"maxLength": MAX_KEY_BYTES + 1, "pattern": f"^({_pattern(None)}/?)?$"}
    return {"type": "string", **limits, "example": "videos/lesson/"}


def _longest(storage: StorageSettings | None) -> int:
    in_front = f"{storage.prefix}/" if isinstance(storage, S3Settings) and storage.prefix else ""
    return MAX_KEY_BYTES - len(in_front.encode())


def _pattern(storage: StorageSettings | None) -> str:
    names = MAX_NAME_BYTES if isinstance(storage, LocalSettings) else None

    def more(least: int, there: int) -> str:
        return f"{_SIGN}{{{least},{'' if names is None else names - there}}}"

    first = rf"({_FIRST_NO_LETTER}{more(0, 1)}|[A-Za-z]({_SIGN_NO_COLON}{more(0, 2)})?)"
    later = rf"({_SIGN_NO_DOT}{more(0, 1)}|\.{_SIGN_NO_DOT}{more(0, 2)}|\.\.{more(1, 2)})"
    return f"{first}(/{later})*"
