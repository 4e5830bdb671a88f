"""Makes a backend's folder of a backup, in an empty place; every file is checked against what the backup says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.access.signing import PRIVATE
from backend.maintenance.backup_files import copy_file, has_size, sync_folders
from backend.maintenance.backup_format import OBJECTS, STATE, BackedUpFile, SavedBackend
from pipeline.errors import OutputError, SettingsError
from pipeline.files import remove, sync_folder, write_whole
from storage.local import ETAGS
from storage.local_digests import Digests, FileDigests

RESTORING = ".restoring"
"""The hidden folder of what is not whole yet. Its file `backup` names the backup that a folder is being made of."""

_NAMES, _CHECKED, _TEMPORARY = "backup", "checked", "copying"
_EMPTY_DISK = ("lost+found",)
"""What an empty disk has."""


@dataclass(frozen=True, kw_only=True)
class BackendRestored:
    """What was done: files and bytes, those that an earlier restore had done already, and what is damaged."""

    files: int
    size_bytes: int
    already: int
    damaged: tuple[str, ...]


def restore(backup: SavedBackend, root: Path, *, on_progress: Callable[[int, int], None]) -> BackendRestored:
    """Restore a backup into an empty folder, or go on with the same restore after it broke off.

    What is the backend's own comes last and at once: before that, no backend starts here. Nothing is restored where a
    file is missing. Objects that turn out to be damaged are left out and named.

    Raises:
        SettingsError: the folder has something else in it.
        OutputError: the backup is not whole, or something can't be read or written.
    """
    _check_whole(backup)
    work = root / RESTORING
    objects = [one for one in backup.files if one.path.startswith(OBJECTS)]
    total_bytes, done_bytes, already, damaged = sum(one.size_bytes for one in objects), 0, 0, list[str]()
    digests = FileDigests(root / ETAGS, root.joinpath)
    with _sentences(), closing(digests):
        if _is_done(backup, root, work):
            remove(work)
            return BackendRestored(files=len(objects), size_bytes=total_bytes, already=len(objects), damaged=())
        _begin(backup, root, work)
        for one in backup.files:
            if one.path.startswith(STATE) and not _is_restored(backup, one, work / one.path, work):
                raise OutputError(f"The backup is damaged: {backup.folder / one.path} has changed. Use another one.")
        for one in objects:
            target = root / one.path.removeprefix(OBJECTS)
            if _is_there(target, one):
                already += 1
            elif not _is_restored(backup, one, target, work, digests):
                damaged.append(one.path.removeprefix(OBJECTS))
            done_bytes += one.size_bytes
            on_progress(done_bytes, total_bytes)
        (work / STATE).chmod(0o700)
        sync_folders(root)
        (work / STATE).rename(root / PRIVATE)
        remove(work)
        sync_folder(root)
    return BackendRestored(
        files=len(objects) - len(damaged), size_bytes=total_bytes, already=already, damaged=tuple(damaged)
    )


def _check_whole(backup: SavedBackend) -> None:
    """See that every file of a backup is there with its size. Raises OutputError."""
    missing = [one.path for one in backup.files if not has_size(backup.folder / one.path, one.size_bytes)]
    if missing:
        count = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
        raise OutputError(
            f"The backup {backup.folder} is not whole: {count} missing or cut off, such as {missing[0]}. "
            "Use another one."
        )


def _is_of(backup: SavedBackend, work: Path) -> bool:
    """Whether a restore of this backup has begun here."""
    note = work / _NAMES
    return note.is_file() and note.read_text(encoding="ascii", errors="replace") == backup.head.list_md5


def _is_done(backup: SavedBackend, root: Path, work: Path) -> bool:
    """Whether a restore of this backup broke off when all was in place."""
    return _is_of(backup, work) and (root / PRIVATE).is_dir()


def _begin(backup: SavedBackend, root: Path, work: Path) -> None:
    """See that this may be done here, and note that it is being done. Raises SettingsError, OSError."""
    root.mkdir(parents=True, exist_ok=True)
    is_ours = _is_of(backup, work)
    if not is_ours and any(entry.name not in _EMPTY_DISK for entry in root.iterdir()):
        raise SettingsError(
            f"{root} is not empty, and a backup is restored into an empty folder only: "
            "name a new one with --root, or move away what is there."
        )
    work.mkdir(exist_ok=True, mode=0o700)
    if not is_ours:
        write_whole(work / _NAMES, backup.head.list_md5)


def _is_restored(
    backup: SavedBackend, one: BackedUpFile, target: Path, work: Path, digests: FileDigests | None = None
) -> bool:
    """Copy a file out of the backup, and note the digests of an object.

    False where it is not what the backup says, and is not here then.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if digests is None else 0o666
    copy = copy_file(one.path, backup.folder / one.path, work / _CHECKED, work / _TEMPORARY, mode=mode)
    if (copy.size_bytes, copy.md5) != (one.size_bytes, one.md5):
        return False
    if digests is not None:
        known = Digests(etag=one.etag or one.md5, md5=one.md5)
        digests.note_if_possible(one.path.removeprefix(OBJECTS), work / _CHECKED, known)
    (work / _CHECKED).replace(target)
    return True


def _is_there(target: Path, one: BackedUpFile) -> bool:
    """Whether an earlier restore has put a file here: it is moved into place only when it is whole and right."""
    return has_size(target, one.size_bytes)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The backup was not restored: {error.filename or 'a file'} can't be read or written "
            f"({error.strerror or error}). The same command goes on from here."
        ) from error
