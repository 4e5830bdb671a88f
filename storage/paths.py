"""Which paths may name an object. Pure: looks at the text only, never at the disk."""

from __future__ import annotations

import re
import unicodedata

from storage.errors import InvalidPathError

MAX_PATH_BYTES = 1024
"""Longest path in UTF-8, the limit of S3's object keys."""

_DRIVE = re.compile(r"[A-Za-z]:")
_WINDOWS_CHARACTERS = frozenset('<>:"|?*')
_WINDOWS_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?", re.IGNORECASE)


def check_path(path: str) -> tuple[str, ...]:
    """Return the segments of an object's path.

    A first segment that begins with a dot is kept for the storage's own files. Raises InvalidPathError.
    """
    size_bytes = len(utf8_of(path))
    if not 0 < size_bytes <= MAX_PATH_BYTES:
        raise InvalidPathError(f"A path must have 1 to {MAX_PATH_BYTES} bytes in UTF-8, but this one has {size_bytes}.")
    if "\\" in path or any(unicodedata.category(character) == "Cc" for character in path):
        raise InvalidPathError(f"The path {path!r} has a backslash or a control character in it.")
    if path.startswith("/") or _DRIVE.match(path):
        raise InvalidPathError(f"The path {path!r} must be relative: no leading slash, no drive letter.")
    segments = tuple(path.split("/"))
    if any(segment in ("", ".", "..") for segment in segments):
        raise InvalidPathError(f"The path {path!r} has an empty segment, '.' or '..' in it.")
    if segments[0].startswith("."):
        raise InvalidPathError(f"The path {path!r} must not begin with a dot.")
    return segments


def utf8_of(path: str) -> bytes:
    """Return a path, or what stands for a place between two, as UTF-8. Raises InvalidPathError."""
    try:
        return path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidPathError(f"The path {path!r} is not valid text.") from error


def before_control(text: str) -> str:
    """Return a text up to its first control character: all paths that sort behind the whole text sort behind that."""
    return next((text[:at] for at, character in enumerate(text) if unicodedata.category(character) == "Cc"), text)


def check_prefix(prefix: str) -> str:
    """Return the folder that a prefix of paths names, without a slash at its end; empty for the top.

    Raises InvalidPathError.
    """
    folder, _, beginning = prefix.rpartition("/")
    if folder or prefix.startswith("/"):
        check_path(folder)
    if beginning not in ("", ".", ".."):
        check_path(f"{folder}/{beginning}" if folder else beginning)
    return folder


def check_windows_segments(segments: tuple[str, ...]) -> None:
    """Refuse segments that Windows would take for something else: devices, streams, names it shortens.

    Source: Microsoft, "Naming Files, Paths, and Namespaces". Raises InvalidPathError.
    """
    for segment in segments:
        if _WINDOWS_CHARACTERS.intersection(segment) or segment[-1] in ". " or _WINDOWS_DEVICE.fullmatch(segment):
            raise InvalidPathError(f"{segment!r} can't be a file's name on Windows.")
