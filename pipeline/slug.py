"""A file's name and place made safe for folders and object keys. Pure."""

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


def place_for(relative: PurePath) -> str:
    """Return a file's path below a root, each of its folders and its stem made safe, with `/`."""
    return "/".join([*(_safe(part, "folder") for part in relative.parts[:-1]), slug_for(relative)])


def places_for(relatives: Sequence[PurePath]) -> list[str]:
    """Return a place for each of several files below a root, whatever their order.

    Where two would have the same, or one would lie inside another's, both have their ending appended (`lecture-mp4`),
    and where that does not help, a hash of their path.
    """
    places = [place_for(path) for path in relatives]
    for mark in (_ending, _hash):
        clashing = _clashing(places)
        places = [
            f"{place}-{mark(path)}" if place in clashing else place
            for path, place in zip(relatives, places, strict=True)
        ]
    return places


def is_earlier_place(earlier: str, place: str) -> bool:
    """Whether an earlier version may have given this place to what has the other now;
    both are paths that may end with `/`.

    It knew the last name alone, and numbered those of one name: `videos/lecture-2/` is `videos/week1/lecture/` now.
    """
    earlier, place = earlier.rstrip("/"), place.rstrip("/")
    above, slash, name = earlier.rpartition("/")
    numbered = re.compile(rf"{re.escape(place.rpartition('/')[2])}(-\d+)?")
    return earlier != place and place.startswith(above + slash) and numbered.fullmatch(name) is not None


def _safe(text: str, otherwise: str) -> str:
    slug = slugify(text, max_length=MAX_LENGTH) or otherwise
    return f"{slug}-video" if slug in WINDOWS_DEVICES else slug


def _clashing(places: Sequence[str]) -> set[str]:
    """Return the places that several have, and those inside which others lie."""
    above = {place[:at] for place in places for at, sign in enumerate(place) if sign == "/"}
    return {place for place, times in Counter(places).items() if times > 1 or place in above}


def _ending(path: PurePath) -> str:
    return slugify(path.suffix) or "video"


def _hash(path: PurePath) -> str:
    return hashlib.sha256(path.as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:HASH_LENGTH]
