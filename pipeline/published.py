"""Which files of a job's folder are for players and viewers, and the names of those that are not.

Knows nothing of how they are made.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote

from pipeline.files import UNFINISHED

JOB_FILE = "job.json"
LOG_PATTERN = "upload_log_*.txt"
MANIFEST_FILE = "manifest.json"
"""What was uploaded from the folder. The server's copy is another one, without what concerns this computer alone."""

KEY_SUFFIXES = (".key", ".keyinfo", ".pem", ".p12", ".pfx")
"""Endings of keys, and `.keyinfo` of ffmpeg's file that names them: published, they decrypt the stream."""

_OF_THE_SYSTEM = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"})
"""What Windows, macOS and network drives put into folders, in lower case."""

_KEY_ADDRESS = re.compile(r'^#EXT-X-(?:SESSION-)?KEY:.*?URI="([^"?#]*)', re.MULTILINE)


def published_files(folder: Path) -> list[Path]:
    """Return the files of a job's folder that players and viewers need, sorted by their path. Raises OSError.

    Not published: job.json, upload logs, manifest.json, whatever begins with a dot, what systems put into folders,
    unfinished downloads, keys that no playlist names, and links that lead out of the folder.
    """
    return [folder / name for name in published_names(folder)]


def published_names(folder: Path) -> list[str]:
    """Return the paths of those files inside the folder, with `/`, in the same order. Raises OSError."""
    home = folder.resolve()
    found = []
    waiting = [""]
    while waiting:  # by strings alone: there may be 30,000 files, and a Path costs more than the look at one
        below = waiting.pop()
        with os.scandir(f"{folder}/{below}") as entries:
            for entry in entries:
                if _hidden(entry.name) or (not below and _private(entry.name)):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{below}{entry.name}/")
                elif entry.is_file() and (not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(home)):
                    found.append(below + entry.name)
    keys = [name for name in found if name.lower().endswith(KEY_SUFFIXES)]
    if keys:
        unasked = set(keys) - _keys_named(folder, found)
        found = [name for name in found if name not in unasked]
    return sorted(found, key=lambda name: name.split("/"))


def _keys_named(folder: Path, names: Iterable[str]) -> set[str]:
    """Return the paths inside the folder at which its playlists tell players to ask for a key (RFC 8216, 4.3.2.4)."""
    return {
        posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(address)))
        for name in names
        if name.endswith(".m3u8")
        for address in _KEY_ADDRESS.findall((folder / name).read_text(encoding="utf-8", errors="replace"))
    }


def may_be_published(name: str) -> bool:
    """Say whether a path inside a job's folder, with `/`, can be one of its published files, by its name alone."""
    return not any(map(_hidden, name.split("/"))) and ("/" in name or not _private(name))


def _hidden(name: str) -> bool:
    name = name.lower()
    return name.startswith(".") or name in _OF_THE_SYSTEM or name.endswith(UNFINISHED)


def _private(name: str) -> bool:
    return name in (JOB_FILE, MANIFEST_FILE) or fnmatch(name, LOG_PATTERN)
