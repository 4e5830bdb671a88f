"""Slugs: a file's name, or its path below a root, made safe for folders and object keys. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from slugify import slugify

MAX_LENGTH = 80
WINDOWS_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
HASH_LENGTH = 8


def slug_for(path: PurePath) -> str:
    """Return a file's stem, transliterated to `a-z`, `0-9` and `-`; `video` where nothing is left."""
    return _safe(path.stem, "video")


def nested_slug(relative: PurePath) -> str:
    """Return a file's path below a root, each of its folders and its stem made safe, with `/`."""
    return "/".join([*(_safe(part, "folder") for part in relative.parts[:-1]), slug_for(relative)])


def unique_slugs(relatives: Sequence[PurePath]) -> list[str]:
    """Return a slug for each of several files below a root, whatever their order.

    Where two would have the same, or one would lie inside another's, both have their ending appended (`lecture-mp4`),
    and where that does not help, a hash of their path.
    """
    slugs = [nested_slug(path) for path in relatives]
    for mark in (_ending, _hash):
        clashing = _clashing(slugs)
        slugs = [
            f"{slug}-{mark(path)}" if slug in clashing else slug for path, slug in zip(relatives, slugs, strict=True)
        ]
    return slugs


def is_earlier_slug(earlier: str, slug: str) -> bool:
    """Whether an earlier version may have used `earlier` for what has `slug` now; both may end with `/`.

    It used the last name alone, and numbered those of one name: `videos/lecture-2/` is `videos/week1/lecture/` now.
    """
    earlier, slug = earlier.rstrip("/"), slug.rstrip("/")
    above, slash, name = earlier.rpartition("/")
    numbered = re.compile(rf"{re.escape(slug.rpartition('/')[2])}(-\d+)?")
    return earlier != slug and slug.startswith(above + slash) and numbered.fullmatch(name) is not None


def _safe(text: str, otherwise: str) -> str:
    slug = slugify(text, max_length=MAX_LENGTH) or otherwise
    return f"{slug}-video" if slug in WINDOWS_DEVICES else slug


def _clashing(slugs: Sequence[str]) -> set[str]:
    """Return the slugs that several have, and those inside which others lie."""
    above = {slug[:at] for slug in slugs for at, sign in enumerate(slug) if sign == "/"}
    return {slug for slug, times in Counter(slugs).items() if times > 1 or slug in above}


def _ending(path: PurePath) -> str:
    return slugify(path.suffix) or "video"


def _hash(path: PurePath) -> str:
    return hashlib.sha256(path.as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:HASH_LENGTH]
