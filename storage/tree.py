"""The files of a folder in the order in which S3 lists objects: by the UTF-8 bytes of their whole paths."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

from storage.paths import encoded


def walk(folder: Path, base: str, *, prefix: str = "", after: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Yield path and status of every file that a listing names;
    links and what begins with a dot at the top are left out.

    Holds one folder of each level at a time. What can't be read, or has gone since its folder was read, is left out.

    Args:
        folder: where to begin.
        base: the folder's path as objects have it, with a slash at its end; empty at the top.
        prefix: with what paths begin.
        after: the path behind which to begin.

    Raises:
        InvalidPathError: `prefix` or `after` is not text.
    """
    for text in (prefix, after):
        encoded(text)
    yield from _walk(folder, base, prefix, after)


def _walk(folder: Path, base: str, prefix: str, after: str) -> Iterator[tuple[str, os.stat_result]]:
    for path, entry in _sorted_entries(folder, base, prefix, after):
        if path.endswith("/"):
            yield from _walk(Path(entry.path), path, prefix, after)
        else:
            with suppress(OSError):
                yield path, os.lstat(entry)  # not the entry's own: on Windows that one has no file number


def _sorted_entries(folder: Path, base: str, prefix: str, after: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Return what a listing may name of a folder. There may be 30,000 files, and a page begins behind most of them.

    Texts sort by their code points, which is the order of their UTF-8 bytes (RFC 3629, 1).
    """
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            path = base + entry.name
            if path <= after and not after.startswith(path):  # neither it nor what it may hold comes behind that
                continue
            below = f"{path}/"
            try:
                if path > after and path.startswith(prefix) and entry.is_file(follow_symlinks=False):
                    named = path
                elif _may_hold(below, prefix, after) and entry.is_dir(follow_symlinks=False):
                    named = below
                else:
                    continue
                named.encode()
            except (OSError, UnicodeEncodeError):  # a name that is not text can't be an object's
                continue
            if base or not path.startswith("."):
                found.append((named, entry))
    return sorted(found, key=itemgetter(0))


def _may_hold(path: str, prefix: str, after: str) -> bool:
    """Whether a folder may hold what a listing names: every path in there begins with its own, so all of them come
    behind `after`, or none, unless `after` is in there too.
    """
    return (path.startswith(prefix) or prefix.startswith(path)) and (path > after or after.startswith(path))
