"""The files of a folder in the order in which S3 lists objects: by the UTF-8 bytes of their whole paths."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from heapq import heappop, heappush
from pathlib import Path

from storage.paths import utf8_of


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
        utf8_of(text)
    yield from _walk(folder, base, prefix, after)


def _walk(folder: Path, base: str, prefix: str, after: str) -> Iterator[tuple[str, os.stat_result]]:
    # Names are sorted as they are, and looked at when their turn comes. A folder's turn is that of its path with a
    # slash, behind `a-b` and `a.ts` where it is called `a`: it waits until then.
    waiting: list[str] = []
    for name in _sorted_names(folder, base, prefix, after):
        while waiting and waiting[0] < name:
            below = heappop(waiting)
            yield from _walk(folder / below, base + below, prefix, after)
        path = base + name
        try:
            path.encode()
            status = os.lstat(f"{folder}/{name}")
        except (OSError, UnicodeEncodeError):  # a name that is not text can't be an object's
            continue
        if stat.S_ISDIR(status.st_mode) and _may_hold(f"{path}/", prefix, after):
            heappush(waiting, f"{name}/")
        elif stat.S_ISREG(status.st_mode) and path > after and path.startswith(prefix):
            yield path, status
    for below in sorted(waiting):
        yield from _walk(folder / below, base + below, prefix, after)


def _sorted_names(folder: Path, base: str, prefix: str, after: str) -> list[str]:
    """Return what a listing may name of a folder: there may be 30,000 files, and a page begins behind most of them.

    Texts sort by their code points, which is the order of their UTF-8 bytes (RFC 3629, 1).
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names alone, of which there may be many
    except OSError:
        return []
    if not base:
        names = [name for name in names if not name.startswith(".")]
    behind = after[len(base) :] if after.startswith(base) else ""
    if behind:
        names = [name for name in names if name > behind or behind.startswith(name)]
    begins = prefix[len(base) :] if prefix.startswith(base) else ""
    if begins:
        names = [name for name in names if name.startswith(begins) or begins.startswith(name)]
    return sorted(names)


def _may_hold(path: str, prefix: str, after: str) -> bool:
    """Whether a folder may hold what a listing names: every path in there begins with its own, so all of them come
    behind `after`, or none, unless `after` is in there too.
    """
    return (path.startswith(prefix) or prefix.startswith(path)) and (path > after or after.startswith(path))
