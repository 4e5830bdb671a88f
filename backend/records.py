"""The file records: one JSON line each, only ever appended to, so that a crash can't take older ones along."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

RECORDS_FILE = "records.jsonl"


class FileRecords:
    """The records in one file. Thread-safe."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def add(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a record, on the disk when this returns; return it with its id and its time. Raises OSError."""
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        record = {"id": uuid.uuid4().hex, "createdAt": created, **fields}
        line = json.dumps(record, ensure_ascii=False) + "\n"
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a+b") as handle:
                end = handle.seek(0, os.SEEK_END)
                if end:
                    handle.seek(end - 1)
                    if handle.read(1) != b"\n":  # a crash left half a line: it must not swallow this one
                        handle.write(b"\n")
                handle.write(line.encode("utf-8"))
                handle.flush()
                os.fsync(handle.fileno())
        return record

    def all(self) -> list[dict[str, Any]]:
        """Return all records, oldest first, without lines that a crash left half-written. Raises OSError."""
        with self._lock:
            lines = self._file.read_bytes().splitlines() if self._file.exists() else []
        return [record for line in lines if (record := _parse(line)) is not None]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
