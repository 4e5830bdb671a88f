"""Which files go up, under which keys, and in which order: nothing is named in the store before it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import TransferError
from pipeline.workspace import MASTER, published_files

LARGE_BYTES = 10 << 20
"""Files above this are begun first, so that none is left over at the end, and show their bytes while they are sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingFile:
    """A file that is to be stored. `name` is its path inside the folder, with `/`."""

    path: Path
    name: str
    key: str
    size_bytes: int
    mtime_ns: int


def collect(folder: Path, prefix: str, place: str = "") -> list[OutgoingFile]:
    """Return the published files of a folder with their keys. Raises TransferError when there are none.

    All but the master go to `place`, a folder below the prefix such as `v2/`, or to the prefix itself where that is empty.
    """
    files = []
    try:
        if not folder.is_dir():
            raise TransferError(f"The folder {folder} does not exist: choose the folder of a finished job.")
        for path in published_files(folder):
            name = path.relative_to(folder).as_posix()
            status, key = path.stat(), prefix + ("" if name == MASTER else place) + name
            files.append(OutgoingFile(path=path, name=name, key=key, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns))
        _check_references(files)
    except OSError as error:
        raise TransferError(f"The folder {folder} can't be read ({error.strerror}): check its permissions.") from error
    if not files:
        raise TransferError(f"There is nothing to upload in {folder}: choose the folder of a finished job.")
    return files


def _check_references(files: Sequence[OutgoingFile]) -> None:
    """Raise TransferError when a playlist names a file that is not there: published, it would be a broken video."""
    present = {file.path for file in files}
    for file in files:
        if not file.name.endswith(".m3u8"):
            continue
        for line in file.path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line and not line.startswith("#") and "://" not in line and file.path.parent / line not in present:
                raise TransferError(f"{file.path} names {line}, which is missing: convert the video again (--fresh).")


def stages(files: Sequence[OutgoingFile]) -> list[list[OutgoingFile]]:
    """Return the files in three steps, each to be begun only when the one before is stored whole.

    Segments and everything else, then the playlists that name them, then the master playlist.
    """
    master = [file for file in files if file.name == MASTER]
    playlists = [file for file in files if file.name.endswith(".m3u8") and file.name != MASTER]
    others = [file for file in files if not file.name.endswith(".m3u8")]
    large = sorted((file for file in others if file.size_bytes > LARGE_BYTES), key=lambda file: -file.size_bytes)
    small = [file for file in others if file.size_bytes <= LARGE_BYTES]
    return [step for step in ([*large, *small], playlists, master) if step]
