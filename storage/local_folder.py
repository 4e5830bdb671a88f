"""The folder of a local storage: which file belongs to a path, and where files are that are not whole yet."""

from __future__ import annotations

import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

from storage.errors import (
    InvalidPathError,
    ObjectNotFoundError,
    StorageFullError,
    StorageSettingsError,
    StorageUnavailableError,
)
from storage.files import FULL, translated
from storage.folder_page import FolderPage, nameable
from storage.paths import check_path, check_prefix, check_windows_segments
from storage.root_marker import RootMarker
from storage.tree import walk

INCOMING = ".incoming"
"""The hidden folder of files that are not whole yet. In the root, so that moving one into place stays on one disk."""

USUAL_NAME_BYTES = 255
PROBE_BYTES = 4096
"""How much is written to see that the disk has room."""

LEFT_AFTER_S = 3600
"""A file to which nothing was written for so long belongs to nobody any more."""


class LocalFolder:
    """A folder that holds objects as files; nothing outside of it is reached, and nothing where `marker` is missing."""

    def __init__(self, root: Path, marker: Path | None = None) -> None:
        self.root = root.absolute()
        self._marker = RootMarker(marker) if marker is not None else None
        self._incoming = self.root / INCOMING
        self._name_bytes = _longest_name(self.root)

    def prepare(self) -> None:
        """Make the folder, and remove what a server that was killed left half-written.

        What was touched a short while ago may be another process's, which is busy with it.
        Raises StorageSettingsError, StorageGoneError.
        """
        self.check()
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            for leftover in self._incoming.iterdir():
                with suppress(OSError):  # removed by another process, or the disk is read-only: viewers are served
                    if time.time() - leftover.stat().st_mtime > LEFT_AFTER_S:
                        leftover.unlink()
        except OSError as error:
            raise StorageSettingsError(
                f"The storage folder {self.root} can't be used ({error.strerror}): "
                "check its permissions or choose another one."
            ) from error

    def check(self) -> None:
        """See that the folder is there, and not an empty one in its place. Raises StorageGoneError."""
        if self._marker is not None:
            self._marker.check()

    def check_storable(self) -> None:
        """See that a file can be written through to the disk, and remove it. Raises StorageError."""
        self.check()
        file = self.temporary()
        try:
            try:
                with file.open("xb") as probe:
                    probe.write(bytes(PROBE_BYTES))
                    probe.flush()
                    os.fsync(probe.fileno())
            finally:
                file.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in FULL:
                raise StorageFullError(f"The disk of {self.root} is full: free some space.") from error
            raise StorageUnavailableError(
                f"{self.root} can't be written ({error.strerror}): check its permissions and its disk."
            ) from error

    def temporary(self) -> Path:
        """Return a path for a file that is not whole yet."""
        return self._incoming / f"{uuid.uuid4().hex}.part"

    def locate(self, path: str) -> Path:
        """Return the file for a path. Follows links to see where it really is.

        Raises InvalidPathError, StorageGoneError.
        """
        segments = check_path(path)
        self.check()
        self._check_names(path, segments)
        if os.name == "nt":
            check_windows_segments(segments)
        target = self.root.joinpath(*segments)
        root, real = os.path.realpath(self.root), os.path.realpath(target)
        inside = Path(real).relative_to(root).parts if Path(real).is_relative_to(root) else ()
        if not inside or inside[0].startswith("."):
            raise InvalidPathError(f"The path {path!r} leads out of the storage.")
        return target

    def _check_names(self, path: str, segments: tuple[str, ...]) -> None:
        """Refuse what the disk would refuse only once everything has been sent. Raises InvalidPathError."""
        longest = max(len(os.fsencode(segment)) for segment in segments)
        if longest > self._name_bytes:
            raise InvalidPathError(
                f"A part of the path {path!r} has {longest} bytes, and names on this disk {self._name_bytes} at most."
            )

    def status(self, path: str, target: Path) -> os.stat_result:
        """Return the status of a path's file. Raises ObjectNotFoundError, StorageError."""
        with translated(path):
            found = target.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ObjectNotFoundError(f"Nothing is stored under {path}.")
        return found

    def find(self, path: str) -> os.stat_result:
        """Return the status of a path's file. Raises ObjectNotFoundError and what `locate` raises."""
        return self.status(path, self.locate(path))

    def size_of(self, path: str) -> int:
        """Return the size of a path's file, 0 where none is. Raises what `locate` raises."""
        try:
            return self.locate(path).stat().st_size
        except OSError:
            return 0

    def open(self, path: str) -> tuple[BufferedReader, os.stat_result]:
        """Open a path's file for reading; return it and its status. Raises ObjectNotFoundError."""
        target = self.locate(path)
        self.status(path, target)
        with translated(path):
            file = target.open("rb")
        return file, os.fstat(file.fileno())

    def walk(self, prefix: str, after: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield path and status of the files whose paths begin with `prefix` and sort behind `after`."""
        folder = check_prefix(prefix)
        yield from walk(
            self.locate(folder) if folder else self.root, f"{folder}/" if folder else "", prefix=prefix, after=after
        )
        self.check()  # where the folder went meanwhile, there was no end

    def list_folder(self, folder: str, after: str) -> FolderPage:
        """Return what lies directly in a folder behind `after`; links, and hidden files at the top, are left out.

        What can't be read is empty. Raises InvalidPathError.
        """
        where = self.locate(check_prefix(folder)) if folder else self.root
        folders, objects = [], []
        with suppress(OSError), os.scandir(where) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    objects.append(entry.name)
        self.check()
        return FolderPage(
            folders=tuple(
                nameable(folder, (name[:-1] for name in sorted(folders) if name > after or after.startswith(name)))
            ),
            objects=tuple(nameable(folder, (name for name in sorted(objects) if name > after))),
        )

    def total_bytes(self) -> int:
        """Return how many bytes all files have."""
        return sum(status.st_size for _, status in self.walk("", ""))

    def tidy_above(self, target: Path) -> None:
        """Remove the folders that a file which was removed has left empty."""
        with suppress(OSError):  # the first folder with something else in it ends the tidying
            for folder in target.parents:
                if folder == self.root:
                    break
                folder.rmdir()


def _longest_name(root: Path) -> int:
    """Return how many bytes a file's name may have on a folder's disk, or on that where it will be made."""
    if os.name == "nt":  # 255 UTF-16 units (Microsoft, "Naming Files, Paths, and Namespaces"), 3 bytes each at most
        return 3 * USUAL_NAME_BYTES
    for folder in (root, *root.parents):
        with suppress(OSError, ValueError):
            return os.pathconf(folder, "PC_NAME_MAX")
    return USUAL_NAME_BYTES
