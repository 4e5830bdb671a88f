"""The log of one upload, for whoever has to find out what went wrong. Holds no token and no signed URL."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from pipeline.transfer.redaction import redact


class UploadLog:
    """`upload_log_<date>_<time>.txt`, made with its first line; a log that can't be written stops no upload.

    `secrets` are taken out of every line; `path` goes on with an earlier log.
    """

    def __init__(self, folder: Path, *, secrets: Sequence[str] = (), path: Path | None = None) -> None:
        self.path = path or folder / datetime.now().strftime("upload_log_%Y-%m-%d_%H%M%S.txt")
        self._secrets = tuple(secrets)
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._usable = True

    def __enter__(self) -> UploadLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._usable = False
            if self._file is not None:
                self._file.close()
                self._file = None

    def write(self, text: str) -> None:
        """Add a line with its time; safe from every thread."""
        stamp = datetime.now().isoformat(sep=" ", timespec="milliseconds")
        line = redact(" ".join(text.splitlines()), self._secrets)
        with self._lock:
            if not self._usable:
                return
            try:
                if self._file is None:
                    self._file = self.path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n")
                self._file.write(f"{stamp}  {line}\n")
                self._file.flush()
            except OSError:
                self._usable = False
