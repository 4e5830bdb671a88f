"""The log of one upload, for whoever has to find out what went wrong. Holds no token and no signed URL."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from pipeline.printable import printable
from pipeline.published import LOG_PATTERN
from pipeline.transfer.http.redaction import redact

KEEP_LOGS = 10
"""How many logs of earlier uploads a folder keeps."""

MAX_BYTES = 16 << 20
"""A log goes on in a second file from here on, then in a third: an editor must be able to open and send it."""


class UploadLog:
    """`upload_log_<date>_<time>.txt`, made with its first line; a log that can't be written stops no upload.

    `secrets` are taken out of every line, also those that are added to the sequence later; `path` goes on with an
    earlier log.
    """

    def __init__(self, folder: Path, *, secrets: Sequence[str] = (), path: Path | None = None) -> None:
        self.path = path or folder / datetime.now().strftime("upload_log_%Y-%m-%d_%H%M%S.txt")
        self._begins = path is None
        self._secrets = secrets
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._volume = 1
        self._usable = True

    def __enter__(self) -> UploadLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._usable = False
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
                self._file = None

    def write(self, text: str) -> None:
        """Add a line with its time; safe from every thread."""
        stamp = datetime.now().isoformat(sep=" ", timespec="milliseconds")
        line = printable(redact(" ".join(text.splitlines()), tuple(self._secrets)))
        with self._lock:
            if not self._usable:
                return
            try:
                file = self._file = self._file or self._open()
                file.write(f"{stamp}  {line}\n".encode("utf-8", "backslashreplace"))
                if file.tell() >= MAX_BYTES:
                    file.close()
                    self._file = None
                    self._volume += 1
            except OSError:
                self._usable = False

    def _open(self) -> BinaryIO:
        if self._begins and self._volume == 1:
            _remove_oldest(self.path.parent, but=KEEP_LOGS)
        path = self.path if self._volume == 1 else self.path.with_stem(f"{self.path.stem}_{self._volume}")
        return path.open("ab", buffering=0)


def _remove_oldest(folder: Path, *, but: int) -> None:
    """Keep the newest logs of a folder; their names sort by time."""
    for path in sorted(folder.glob(LOG_PATTERN))[: -but or None]:
        with suppress(OSError):  # somebody may be reading it
            path.unlink()
