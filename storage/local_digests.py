"""Entity tags and MD5s of the stored files.

Remembered while the program runs, and noted on disk for objects that were made of parts, since their entity tags can't
be found out from the files themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path

from storage.backend import StoredObject
from storage.errors import ObjectChangedError
from storage.files import BLOCK_BYTES, translated_for_saving

_Identity = tuple[int, int, int]


class FileDigests:
    """Entity tags and MD5s of the files of one storage; its notes are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, tuple[_Identity, str, str]] = {}

    def remember(self, path: str, status: os.stat_result, etag: str, md5: str) -> None:
        """Remember what a file has, for as long as it stays the same one."""
        self._found[path] = (_identity(status), etag, md5)

    def forget(self, path: str) -> None:
        """Forget what was known of a path. Raises OSError."""
        self._found.pop(path, None)
        self._note(path).unlink(missing_ok=True)

    def describe(self, path: str, descriptor: int, unwanted: threading.Event) -> StoredObject:
        """Say what an open file holds, unless nobody wants to know any more.

        The MD5 is remembered for as long as the file stays the same one.
        """
        status = os.fstat(descriptor)
        known = self.known(path, status) or self._noted(path, _identity(status))
        if known is None:
            with open(descriptor, "rb", closefd=False, buffering=0) as file:
                digest = hashlib.md5(usedforsecurity=False)
                while block := file.read(BLOCK_BYTES):
                    digest.update(block)
                    if unwanted.is_set():
                        raise ObjectChangedError(f"{path} was closed while it was read.")
                file.seek(0)
            known = digest.hexdigest(), digest.hexdigest()
        self.remember(path, status, *known)
        return StoredObject(
            path=path, size_bytes=status.st_size, modified_s=status.st_mtime, etag=known[0], md5=known[1]
        )

    def known(self, path: str, status: os.stat_result) -> tuple[str, str] | None:
        """Return entity tag and MD5 if they were found out for this very file."""
        identity, etag, md5 = self._found.get(path, (None, "", ""))
        return (etag, md5) if identity == _identity(status) else None

    def note(self, path: str, status: os.stat_result, etag: str, md5: str) -> None:
        """Note on disk what an object made of parts has. Raises StorageError."""
        note = self._note(path)
        with translated_for_saving(path):
            note.parent.mkdir(exist_ok=True)
            note.write_text(json.dumps({"identity": _identity(status), "etag": etag, "md5": md5}), encoding="ascii")

    def _noted(self, path: str, identity: _Identity) -> tuple[str, str] | None:
        try:
            note = json.loads(self._note(path).read_text(encoding="ascii"))
            return (str(note["etag"]), str(note["md5"])) if note["identity"] == list(identity) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # none there, or broken off while it was written: the MD5 is found out as for any other file

    def _note(self, path: str) -> Path:
        return self._folder / f"{hashlib.sha256(path.encode()).hexdigest()}.json"


def _identity(status: os.stat_result) -> _Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns
