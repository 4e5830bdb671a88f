"""Which files go up, under which keys, and in which order: nothing is named in the store before it is there."""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import TransferError
from pipeline.media.stream_layout import MASTER
from pipeline.published import published_names
from pipeline.transfer.http.disk_file import retry_once
from pipeline.transfer.http.validation import key_problem
from pipeline.transfer.manifests.placement import Placement, is_playlist, names_of, standing_alone

LARGE_BYTES = 10 << 20
"""Files above this are begun first, so that none is left over at the end, and show their bytes while they are sent."""

_URI = re.compile(r'URI="([^"]*)"')
_BESIDE_THE_STREAM = "#EXT-X-SESSION-DATA"
"""The one tag of a master that names a file which no player needs to play: chapters (RFC 8216, 4.3.4.4)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingFile:
    """A file that is to be stored. `name` is its path inside `folder`, with `/`.

    `alone` tells a file that is found by its own address (MP4, poster, captions) from one that a player comes to by the
    master.
    """

    folder: Path
    name: str
    key: str
    size_bytes: int
    mtime_ns: int
    alone: bool = False

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self.folder / self.name

    @property
    def as_found(self) -> tuple[int, int] | None:
        """Size and time of a playlist, to be sent as it was when its files were looked for; None for all else."""
        return (self.size_bytes, self.mtime_ns) if is_playlist(self.name) else None


def collect(folder: Path, prefix: str) -> list[OutgoingFile]:
    """Return the published files of a folder, with their keys at the prefix itself.

    Raises TransferError when there are none.
    """
    try:
        if not folder.is_dir():
            raise TransferError(f"The folder {folder} does not exist: choose the folder of a finished job.")
        found = retry_once(lambda: {name: _size_and_time(f"{folder}/{name}") for name in published_names(folder)})
        alone = standing_alone(found, retry_once(lambda: _named(folder, found)))
    except OSError as error:
        raise TransferError(f"The folder {folder} can't be read ({error.strerror}): check its permissions.") from error
    if not found:
        raise TransferError(f"There is nothing to upload in {folder}: choose the folder of a finished job.")
    check_names(folder, found, prefix)
    return [
        OutgoingFile(
            folder=folder,
            name=sys.intern(name),  # kept once for all that tells of a file: there may be 100,000
            key=sys.intern(prefix + name),
            size_bytes=size_bytes,
            mtime_ns=mtime_ns,
            alone=name in alone,
        )
        for name, (size_bytes, mtime_ns) in found.items()
    ]


def single(path: Path, prefix: str) -> OutgoingFile:
    """Return a file that goes to its name under a prefix. Raises TransferError where it can't be sent."""
    folder, name = path.absolute().parent, path.name
    check_names(folder, [name], prefix)
    try:
        size_bytes, mtime_ns = _size_and_time(str(path))
    except OSError as error:
        raise TransferError(f"{path} can't be read ({error.strerror}): check the file and its permissions.") from error
    return OutgoingFile(folder=folder, name=name, key=prefix + name, size_bytes=size_bytes, mtime_ns=mtime_ns)


def _size_and_time(path: str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116  # 30,000 times
    return status.st_size, status.st_mtime_ns


def in_version_folder(files: Sequence[OutgoingFile], prefix: str, version_folder: str) -> Sequence[OutgoingFile]:
    """Return the files of a folder with the keys that they have if their stream goes to a version folder.

    What a player finds by the master goes to `version_folder`, such as `v2/`, or to the prefix itself where that is
    empty; the master and what stands alone always go to the prefix. Raises TransferError.
    """
    if not version_folder:
        return files
    check_names(files[0].folder, (file.name for file in files), prefix + version_folder)
    where = placement(files, version_folder)
    return [replace(file, key=prefix + where.path(file.name)) for file in files]


def check_names(folder: Path, names: Iterable[str], prefix: str) -> None:
    """See that a store takes files of these names under a prefix.

    Raises TransferError naming the first that none does.
    """
    for name in names:
        problem = key_problem(prefix + name)
        if problem:
            shown = str(folder / name).encode(errors="backslashreplace").decode()
            raise TransferError(f"{shown} can't be stored: {problem}. Rename it, or choose a shorter destination.")


def placement(files: Sequence[OutgoingFile], version_folder: str) -> Placement:
    """Return where these files lie when their stream goes to a version folder."""
    return Placement(version_folder=version_folder, alone=frozenset(file.name for file in files if file.alone))


def _named(folder: Path, names: Collection[str]) -> set[str]:
    """Return the names of the files that a player comes to by the playlists.

    Raises TransferError when a playlist names a segment or playlist that is not there: published, it would be a broken
    video.
    """
    named = set[str]()
    for playlist in filter(is_playlist, names):
        path, below = folder / playlist, posixpath.dirname(playlist)
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            for address in _addresses(line):
                meant = _meant(below, address, names)
                if not line.startswith("#") and "://" not in line and not any(name in names for name in meant):
                    raise TransferError(f"{path} names {line}, which is missing: convert the video again.")
                named |= meant
    return named


def _meant(below: str, address: str, names: Collection[str]) -> set[str]:
    """Return which files an address in a playlist may mean.

    Nearly all are plain names, of which there may be 30,000.
    """
    plain = posixpath.join(below, address)
    return (
        {plain} if plain in names else {posixpath.normpath(posixpath.join(below, name)) for name in names_of(address)}
    )


def _addresses(line: str) -> Iterator[str]:
    if line and not line.startswith("#"):
        yield line
    elif 'URI="' in line and not line.startswith(_BESIDE_THE_STREAM):
        yield from _URI.findall(line)


def stages(files: Sequence[OutgoingFile], version_folder: str = "") -> list[list[OutgoingFile]]:
    """Return the files in steps, each to be begun only when the one before is stored whole.

    Segments and everything else, then the playlists that name them, then the master playlist. Where the stream goes to
    a version folder, another one is being watched: what stands alone is replaced last, when players get the new
    stream.
    """
    late = [file for file in files if file.alone and version_folder]
    master = [file for file in files if file.name == MASTER]
    playlists = [file for file in files if is_playlist(file.name) and file.name != MASTER]
    others = [file for file in files if not is_playlist(file.name) and not (file.alone and version_folder)]
    return [step for step in (_large_first(others), playlists, master, _large_first(late)) if step]


def _large_first(files: Sequence[OutgoingFile]) -> list[OutgoingFile]:
    large = sorted((file for file in files if file.size_bytes > LARGE_BYTES), key=lambda file: -file.size_bytes)
    return [*large, *(file for file in files if file.size_bytes <= LARGE_BYTES)]
