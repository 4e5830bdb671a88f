"""A file's name made safe for folders and object keys. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slugify import slugify

MAX_LENGTH = 80
WINDOWS_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def slug_for(path: Path) -> str:
    """Return a file's stem, transliterated to `a-z`, `0-9` and `-`; `video` where nothing is left."""
    slug = slugify(path.stem, max_length=MAX_LENGTH) or "video"
    return f"{slug}-video" if slug in WINDOWS_DEVICES else slug


def slugs_for(paths: Sequence[Path]) -> list[str]:
    """Return a slug for each file of one run, `-2` and so on appended where a name comes again."""
    taken: set[str] = set()
    slugs = []
    for path in paths:
        base = slug_for(path)
        slug, n = base, 1
        while slug in taken:
            n += 1
            slug = f"{base}-{n}"
        taken.add(slug)
        slugs.append(slug)
    return slugs
