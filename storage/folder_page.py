"""What lies directly in one folder of a storage, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.errors import InvalidPathError
from storage.paths import check_path

LAST = "\U0010ffff"
"""Sorts behind whatever a folder's objects are called."""


@dataclass(frozen=True, kw_only=True)
class FolderPage:
    """The names of folders (without a slash) and objects, each sorted by the UTF-8 bytes of their paths.

    `next` is behind what the following page begins, None on the last one.
    """

    folders: tuple[str, ...]
    objects: tuple[str, ...]
    next: str | None = None


def nameable(folder: str, names: Iterable[str]) -> Iterable[str]:
    """Return those of the names in a folder under which an object could be reached."""
    for name in names:
        try:
            check_path(folder + name)
        except InvalidPathError:
            continue
        yield name
