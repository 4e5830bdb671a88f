"""The snapshot of an upload that people and other programs read: `.upload_state.json`. The journal is what counts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from pipeline.files import write_whole
from pipeline.transfer.upload.journal import UploadDestination

STATE_FILE = ".upload_state.json"
VERSION = 1


class FileStatus(str, Enum):
    """How far one file is."""

    PENDING = "pending"
    UPLOADED = "uploaded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileState:
    """How far one file is; `error` is a sentence, empty when there is none."""

    status: FileStatus
    s3_key: str
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class UploadSnapshot:
    """A whole upload at one moment. `files` maps paths inside the folder, with `/`, to their state."""

    started_at: str
    destination: UploadDestination
    files: Mapping[str, FileState]

    def count(self, status: FileStatus) -> int:
        """Return how many files have this status."""
        return sum(file.status is status for file in self.files.values())


def write_state(path: Path, state: UploadSnapshot) -> None:
    """Write a snapshot whole or not at all. Raises OutputError."""
    head = {
        "version": VERSION,
        "started_at": state.started_at,
        "backend_url": state.destination.backend_url,
        "session_id": state.destination.session_id,
        "s3_prefix": state.destination.prefix,
    }
    write_whole(path, _lines(head, state.files))


def _lines(head: Mapping[str, Any], files: Mapping[str, FileState]) -> Iterator[bytes]:
    # a line a file: json's own indentation takes several times the time and the memory
    yield b"{\n"
    for name, value in head.items():
        yield f"{json.dumps(name)}: {json.dumps(value)},\n".encode("ascii")
    yield b'"files": {'
    before = "\n"
    for name, file in files.items():
        yield f"{before} {quoted(name)}: {_entry(file)}".encode("ascii")
        before = ",\n"
    yield b"\n}\n}\n"


def read_state(path: Path) -> UploadSnapshot | None:
    """Read a snapshot; None when there is none or it can't be understood."""
    try:
        stored = json.loads(path.read_bytes(), object_hook=_file_at_once)
        if stored.get("version", VERSION) != VERSION:  # a newer program's
            return None
        session_id = stored["session_id"]
        return UploadSnapshot(
            started_at=str(stored["started_at"]),
            destination=UploadDestination(
                backend_url=str(stored["backend_url"]),
                prefix=str(stored["s3_prefix"]),
                session_id=None if session_id is None else str(session_id),
            ),
            files={str(name): _file_state(entry) for name, entry in stored["files"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _entry(file: FileState) -> str:
    error = f', "error": {quoted(file.error)}' if file.error else ""
    return f'{{"status": {quoted(file.status.value)}, "s3_key": {quoted(file.s3_key)}{error}}}'


def _file_at_once(fields: dict[str, Any]) -> object:
    """Return a file as soon as it is read: what JSON makes has several times the size."""
    return _file_state(fields) if isinstance(fields.get("status"), str) else fields


def _file_state(entry: FileState | Mapping[str, Any]) -> FileState:
    if isinstance(entry, FileState):
        return entry
    return FileState(
        status=FileStatus(entry["status"]), s3_key=str(entry.get("s3_key", "")), error=str(entry.get("error", ""))
    )
