"""Where a stream's files lie below its prefix: in a folder of their own (`v2/`), or at the prefix itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote

from pipeline.media.stream_layout import MASTER

_VERSION = re.compile(r"v(\d{1,9})/")
_URI = re.compile(r'(?<=URI=")([^"]*)(?=")')
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/")
_SEGMENT_SUFFIXES = (".ts", ".m4s")


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a stream's files lie below its prefix: in `version_folder` (`v2/`, empty for the prefix itself).

    The master and the files named in `alone` lie at the prefix itself, whatever the version folder is.
    """

    version_folder: str = ""
    alone: frozenset[str] = frozenset()

    def path(self, name: str) -> str:
        """Return where a file lies below the prefix."""
        return name if name == MASTER or name in self.alone else self.version_folder + name

    def master(self, content: bytes) -> bytes:
        """Return a job's master playlist as players get it: with addresses that lead to where the files lie."""
        return pointing_into(self.version_folder, content, self.alone)


AT_THE_PREFIX = Placement()


def version(number: int) -> str:
    """Return the folder of a version below the prefix."""
    return f"v{number}/"


def stream_above(prefix: str) -> str:
    """Return the destination whose version would lie at this one (`videos/a/` for `videos/a/v2/`),
    empty where it is called otherwise.
    """
    above, slash, last = prefix.rstrip("/").rpartition("/")
    return f"{above}/" if slash and _VERSION.fullmatch(f"{last}/") else ""


def versions_in(text: str) -> list[int]:
    """Return the numbers of all versions that a key below the prefix, or a playlist, names."""
    return [int(number) for number in _VERSION.findall(text)]


def version_folder_in(master: bytes) -> str:
    """Return the folder of its version that a master playlist leads into, such as `v2/`; empty where it has none."""
    addresses = (line for line in master.decode("utf-8", "replace").splitlines() if line and not line.startswith("#"))
    found = _VERSION.match(next(addresses, ""))
    return found.group() if found else ""


def pointing_into(version_folder: str, master: bytes, alone: Collection[str] = ()) -> bytes:
    """Return a master playlist whose relative addresses lead into a folder below it (RFC 8216, 4.1 and 4.2:
    lines and URI).

    Those of the files in `alone`, by name, stay as they are.
    """
    if not version_folder:
        return master

    def lead(address: str) -> str:
        stays = not address or _ABSOLUTE.match(address) or names_of(address) & frozenset(alone)
        return address if stays else version_folder + address

    lines = []
    for line in master.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith("#"):
            lines.append(_URI.sub(lambda found: lead(found.group()), line))
        else:
            lines.append(lead(line) if line.strip() else line)
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def names_of(address: str) -> frozenset[str]:
    """Return which file a playlist's relative address may mean: as it is written, and as a player reads it."""
    return frozenset((address, unquote(re.split("[?#]", address, maxsplit=1)[0])))


def standing_alone(names: Collection[str], named: Collection[str] = ()) -> frozenset[str]:
    """Return the names of the files that stand alone; `named` are those that playlists lead to.

    What lies in a folder that has a playlist somewhere belongs to the stream: taking a segment for something else would
    overwrite one that is being played.
    """
    folders = {_top(name) for name in names if is_playlist(name)} - {""}
    return frozenset(
        name
        for name in names
        if not is_playlist(name)
        and not name.endswith(_SEGMENT_SUFFIXES)
        and name not in named
        and _top(name) not in folders
    )


def is_playlist(name: str) -> bool:
    """Whether a file is a playlist, by its name."""
    return name.endswith(".m3u8")


def _top(name: str) -> str:
    """Return the first folder of a path, empty where it lies in none."""
    return name.partition("/")[0] if "/" in name else ""
