"""Copies single files into a backup or out of it: whole, through to the disk, and with their MD5s."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from backend.maintenance.backup_format import BackedUpFile
from pipeline.errors import OutputError
from pipeline.files import sync_folder

_BLOCK_BYTES = 1 << 20
_SQLITE = b"SQLite format 3\x00"
_BUSY_S = 60.0
"""How long to wait for another process that keeps a SQLite file for itself, in seconds."""


def copy_file(path: str, file: Path, target: Path, temporary: Path, *, mode: int = 0o600) -> BackedUpFile:
    """Copy a file, in place of an older one, and say what it has; `path` is what it is called in the backup.

    `mode` are its permissions but for the umask. Never writes into a file that is there: that may be one of another
    backup. Raises OSError.
    """
    digest, size_bytes = hashlib.md5(usedforsecurity=False), 0
    temporary.unlink(missing_ok=True)
    with file.open("rb", buffering=0) as source, open(_new(temporary, mode), "wb", buffering=0) as copy:
        status = os.fstat(source.fileno())
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            size_bytes += len(block)
            written = 0
            while written < len(block):
                written += copy.write(block[written:])
        os.fsync(copy.fileno())
    os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
    temporary.replace(target)
    return BackedUpFile(path=path, size_bytes=size_bytes, modified_ns=status.st_mtime_ns, md5=digest.hexdigest())


def copy_sqlite(path: str, file: Path, target: Path, temporary: Path) -> BackedUpFile:
    """Copy a SQLite file as it is at one moment, also while others write; otherwise as `copy_file`.

    Raises OSError, OutputError.
    """
    temporary.unlink(missing_ok=True)
    os.close(_new(temporary, 0o600))
    until_s = time.monotonic() + _BUSY_S

    def give_up(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > until_s:  # SQLite itself would go on trying for ever
            raise OutputError(f"{file} is in use by another process: make the backup again later.")

    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as source,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            source.backup(copy, progress=give_up)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no others beside it
            found = [row[0] for row in copy.execute("PRAGMA integrity_check(1)")]
    except sqlite3.Error as error:
        raise OutputError(f"{file} can't be copied ({error}): mend it before you make a backup.") from error
    if found != ["ok"]:
        raise OutputError(f"{file} is damaged ({found[0]}): mend it before you make a backup.")
    modified_ns = file.stat().st_mtime_ns
    with temporary.open("rb") as made:
        os.fsync(made.fileno())
        digest = hashlib.md5(made.read(), usedforsecurity=False).hexdigest()
    temporary.replace(target)
    return BackedUpFile(path=path, size_bytes=target.stat().st_size, modified_ns=modified_ns, md5=digest)


def is_sqlite(file: Path) -> bool:
    """Whether a file is one of SQLite's. Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(len(_SQLITE)) == _SQLITE


def has_size(file: Path, size_bytes: int) -> bool:
    """Whether there is a file of so many bytes."""
    try:
        return file.stat().st_size == size_bytes
    except OSError:
        return False


def sync_folders(folder: Path) -> None:
    """Have the disk note which files are in a folder and in those below it. Raises OSError."""
    for directory, _, _ in os.walk(folder):
        sync_folder(Path(directory))


def _new(file: Path, mode: int) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
