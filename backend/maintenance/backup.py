"""Copies what a backend has into a folder while it serves: its own files, and the objects of a local storage.

Every backup is a folder of its own with everything in it; what has not changed since the one before is the same file
on disk (a hard link), where the disk can do that. What one that broke off has copied is used by the next.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from backend.access.signing import PRIVATE
from backend.maintenance.backup_files import copy_file, copy_sqlite, has_size, is_sqlite, sync_folders
from backend.maintenance.backup_format import (
    HEAD_FILE,
    LIST_FILE,
    OBJECTS,
    PARTIAL,
    STATE,
    BackedUpFile,
    BackupHead,
    backups_in,
    line_of,
    read_backup,
    read_journal,
    unfinished_removals,
    write_head,
    write_list,
)
from backend.state.storage_root import marker_of
from config import VERSION
from pipeline.errors import FolderInUseError, OutputError, PipelineError, SettingsError
from pipeline.files import remove, sync_folder
from pipeline.folder_lock import locked
from pipeline.timestamps import utc_now
from storage.local import ETAGS
from storage.local_digests import FileDigests

_LOCK, _JOURNAL, _TEMPORARY = ".lock", "journal.jsonl", ".copying"

_PASSES = 5
"""How often to look again for what was published meanwhile."""

_NOT_KEPT = ("-wal", "-shm", "-journal", ".tmp", ".lock", ".part")
"""What belongs to files that are open now; a SQLite file is copied with what its -wal has."""

_COUNTED = "usage.sqlite3"
"""What is counted of the storage, and counted anew where it is missing."""

Progress = Callable[[int, int], None]
"""Told the bytes that are done and those that there are."""


@dataclass(frozen=True, kw_only=True)
class BackupMade:
    """A new backup: its folder, how many files and bytes it has, and how many of them were copied.

    `linked` is False where what is the same as before had to be copied, too, as the disk has no hard links.
    """

    folder: Path
    files: int
    size_bytes: int
    copied: int
    copied_bytes: int
    linked: bool


def back_up(root: Path, place: Path, *, storage: str, with_objects: bool, on_progress: Progress) -> BackupMade:
    """Make a backup of the backend in `root` in a new folder in `place`.

    Args:
        root: the backend's folder.
        place: where backups are kept.
        storage: what the storage is called in the backup.
        with_objects: also copy the objects that are in `root`.
        on_progress: called often.

    Raises:
        SettingsError: one of the folders is in the other, or there is no backend in `root`.
        OutputError: something can't be read or written; there is no new backup, and the next one goes on from here.
    """
    if not (root / PRIVATE).is_dir():
        raise SettingsError(f"There is no backend in {root}: name its folder with --root.")
    real_root, real_place = Path(os.path.realpath(root)), Path(os.path.realpath(place))
    if real_place.is_relative_to(real_root) or real_root.is_relative_to(real_place):
        raise SettingsError(f"{place} and the backend's folder {root} must not lie in each other: name another folder.")
    with _sentences():
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with locked(place / _LOCK, place), _sentences():
            return _BackupRun(root, place, on_progress).make(storage, with_objects=with_objects)
    except FolderInUseError as error:
        raise OutputError(f"Another backup into {place} is under way: wait for it.") from error


def remove_backups(place: Path, *, keep: int) -> int:
    """Remove all backups but the newest whole ones, and what is left of others that were being removed.

    Returns how many went. Before its first file goes, one that is removed is no whole backup any more. Raises
    OutputError.
    """
    try:
        with locked(place / _LOCK, place), _sentences():
            earlier = backups_in(place)[:-keep]
            for folder in earlier:
                (folder / HEAD_FILE).unlink()
                sync_folder(folder)
            for folder in (*earlier, *unfinished_removals(place)):
                with suppress(FileNotFoundError):
                    remove(folder)
    except FolderInUseError as error:
        raise OutputError(f"Another backup into {place} is under way: wait for it.") from error
    return len(earlier)


class _BackupRun:
    """One backup under way."""

    def __init__(self, root: Path, place: Path, on_progress: Progress) -> None:
        self._root, self._place, self._partial = root, place, place / PARTIAL
        self._on_progress = on_progress
        self._digests = FileDigests(root / ETAGS, root.joinpath)
        self._before: dict[str, tuple[Path, BackedUpFile]] = {}
        self._done: dict[str, BackedUpFile] = {}
        self._copied: set[str] = set()
        self._linked = True
        self._bytes_done = self._bytes_total = 0

    def make(self, storage: str, *, with_objects: bool) -> BackupMade:
        """Copy everything, and make a backup of it."""
        made, mark = utc_now(), _mark(self._root)
        self._partial.mkdir(exist_ok=True, mode=0o700)
        (self._partial / HEAD_FILE).unlink(missing_ok=True)  # of one that broke off at its last step
        self._find_earlier()
        with (self._partial / _JOURNAL).open("ab") as journal:
            # records name what was stored before them, and playlists what was stored before these
            self._copy_state(journal)
            if with_objects:
                self._copy_objects(journal)
        if _mark(self._root) != mark:
            raise OutputError(f"The backup was not made: the disk with {self._root} went away meanwhile.")
        return self._finish(made, storage, with_objects=with_objects)

    def _find_earlier(self) -> None:
        """Find what need not be copied: it is in the newest backup, or was copied by one that broke off."""
        earlier = backups_in(self._place)
        if earlier:
            with suppress(PipelineError):  # a damaged one only means more to copy
                backup = read_backup(earlier[-1])
                self._before = {one.path: (backup.folder / one.path, one) for one in backup.files}
        for path, one in read_journal(self._partial / _JOURNAL).items():
            if path.startswith(OBJECTS) and has_size(self._partial / path, one.size_bytes):
                self._before[path] = (self._partial / path, one)
        with suppress(FileNotFoundError):
            remove(self._partial / STATE)  # which is copied anew

    def _copy_state(self, journal: IO[bytes]) -> None:
        folder = self._root / PRIVATE
        for directory, _, names in os.walk(folder, onerror=_raise):
            for name in sorted(names):
                file = Path(directory) / name
                path = STATE + file.relative_to(folder).as_posix()
                if name.endswith(_NOT_KEPT) or name == _COUNTED:
                    continue
                with suppress(FileNotFoundError):  # it was a temporary one
                    if stat.S_ISREG(file.lstat().st_mode):
                        copy = copy_sqlite if is_sqlite(file) else copy_file
                        self._note(copy(path, file, self._target(path), self._temporary), journal)

    def _copy_objects(self, journal: IO[bytes]) -> None:
        """Copy playlists and manifests, then what they name, until no more of them has changed meanwhile."""
        for number in range(_PASSES):
            present = _objects_in(self._root)
            self._bytes_total = sum(status.st_size for status in present.values())
            wanted = [path for path, status in present.items() if not _is_same(self._done.get(path), status)]
            first = [path for path in wanted if _names_others(path)]
            if number and not first:
                break
            for path in [*first, *(path for path in wanted if not _names_others(path))]:
                self._keep(path, present[path], journal)
        there = _objects_in(self._root)
        self._done = {path: one for path, one in self._done.items() if path in there or path.startswith(STATE)}

    def _keep(self, path: str, status: os.stat_result, journal: IO[bytes]) -> None:
        """Have an object in this backup: as the file of an earlier one where it is unchanged, else as a copy."""
        file, one = self._before.get(path, (None, None))
        target = self._target(path)
        if file is not None and one is not None and _is_same(one, status) and self._link(file, target):
            self._note(one, journal, copied=False)
            return
        key = path.removeprefix(OBJECTS)
        with suppress(FileNotFoundError):  # deleted since it was listed
            copy = copy_file(path, self._root / key, target, self._temporary)
            known = self._digests.noted(key, status)
            etag = known.etag if known is not None and known.etag != copy.md5 and _is_same(copy, status) else ""
            self._note(replace(copy, etag=etag), journal)

    def _link(self, file: Path, target: Path) -> bool:
        """Make an earlier file one of this backup; False where it has to be copied."""
        if file == target:
            return True
        try:
            target.unlink(missing_ok=True)
            os.link(file, target)
        except FileNotFoundError:
            return False
        except OSError:  # too many links to it, or a disk without links
            self._linked = False
            return False
        return True

    def _note(self, one: BackedUpFile, journal: IO[bytes], *, copied: bool = True) -> None:
        before = self._done.get(one.path)
        self._done[one.path] = one
        if copied:
            self._copied.add(one.path)
        journal.write(line_of(one))
        journal.flush()
        if one.path.startswith(OBJECTS):
            self._bytes_done += one.size_bytes - (before.size_bytes if before is not None else 0)
            self._on_progress(min(self._bytes_done, self._bytes_total), self._bytes_total)

    def _finish(self, made: str, storage: str, *, with_objects: bool) -> BackupMade:
        files = sorted(self._done.values(), key=lambda one: one.path)
        self._remove_others()
        head = BackupHead(
            made=made,
            program=VERSION,
            storage=storage,
            has_objects=with_objects,
            files=len(files),
            size_bytes=_sum(files),
            list_md5=write_list(self._partial, files),
        )
        sync_folders(self._partial)
        write_head(self._partial, head)
        sync_folder(self._partial)
        folder = _free(self._place, made.replace(":", ""))
        self._partial.rename(folder)
        (folder / _JOURNAL).unlink()
        sync_folder(self._place)
        copied = [one for one in files if one.path in self._copied]
        return BackupMade(
            folder=folder,
            files=len(files),
            size_bytes=head.size_bytes,
            copied=len(copied),
            copied_bytes=_sum(copied),
            linked=self._linked,
        )

    def _remove_others(self) -> None:
        """Remove what an earlier run or an object that is gone has left here."""
        kept = {*self._done, LIST_FILE, _JOURNAL}
        for directory, folders, names in os.walk(self._partial, topdown=False, onerror=_raise):
            inside = Path(directory).relative_to(self._partial)
            for name in names:
                if (inside / name).as_posix() not in kept:
                    (Path(directory) / name).unlink()
            for name in folders:
                with suppress(OSError):  # it has something in it
                    (Path(directory) / name).rmdir()

    @property
    def _temporary(self) -> Path:
        return self._partial / _TEMPORARY

    def _target(self, path: str) -> Path:
        target = self._partial / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return target


def _objects_in(root: Path) -> dict[str, os.stat_result]:
    """Return the status of each object's file by its path in a backup, as a listing of the storage has them.

    But for that, what can't be read is an error: it would be missing. Raises OSError.
    """
    found = {}
    for directory, folders, names in os.walk(root, onerror=partial(_raise_unless_gone, root)):
        if directory == str(root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            names = [name for name in names if not name.startswith(".")]
        for name in names:
            file = Path(directory) / name
            path = OBJECTS + file.relative_to(root).as_posix()
            with suppress(FileNotFoundError, UnicodeEncodeError):  # a name that is not text can't be an object's
                path.encode()
                status = file.lstat()
                if stat.S_ISREG(status.st_mode):
                    found[path] = status
    return dict(sorted(found.items()))


def _mark(root: Path) -> bytes | None:
    """Return what tells a backend's folder from that of a disk that is not mounted; None where it has nothing yet."""
    marker = marker_of(root)
    return marker.read_bytes() if marker.is_file() else None


def _names_others(path: str) -> bool:
    return path.endswith((".m3u8", "/manifest.json"))


def _is_same(one: BackedUpFile | None, status: os.stat_result) -> bool:
    return one is not None and (one.size_bytes, one.modified_ns) == (status.st_size, status.st_mtime_ns)


def _sum(files: Iterable[BackedUpFile]) -> int:
    return sum(one.size_bytes for one in files)


def _free(place: Path, name: str) -> Path:
    """Return a folder that is not there yet: two backups may be made in one second."""
    folder, number = place / name, 1
    while folder.exists():
        number += 1
        folder = place / f"{name}-{number}"
    return folder


def _raise(error: OSError) -> None:
    raise error


def _raise_unless_gone(root: Path, error: OSError) -> None:
    """Pass over a folder that was emptied and removed since it was found."""
    if not isinstance(error, FileNotFoundError) or error.filename == str(root):
        raise error


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The backup was not made: {error.filename or 'a file'} can't be read or written "
            f"({error.strerror or error}). What was copied is used by the next one."
        ) from error
