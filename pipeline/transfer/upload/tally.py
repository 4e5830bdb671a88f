"""How far an upload is: one place that every thread reports to and the caller reads from. Knows no HTTP and no disk."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.events import NOTHING_SENT, TransferFigures
from pipeline.transfer.upload.journal import Confirmed
from pipeline.transfer.upload.publish_order import LARGE_BYTES, OutgoingFile
from pipeline.transfer.upload.speed import Speedometer, seconds_left
from pipeline.transfer.upload.state_file import FileState, FileStatus


@dataclass(frozen=True, kw_only=True)
class TransferProgress:
    """Where an upload stands, and the file that is shown: absolute values."""

    figures: TransferFigures = NOTHING_SENT
    file: str = ""
    file_bytes_done: int = 0
    file_bytes_total: int = 0

    @property
    def text(self) -> str:
        """What stands beside the bar."""
        name = self.file.rpartition("/")[2]
        if self.file_bytes_total > LARGE_BYTES:
            return f"Uploading {name} ({self.file_bytes_done >> 20} MB / {self.file_bytes_total >> 20} MB)"
        return f"Uploading {self.figures.files_done}/{self.figures.files_total} files ({name})"


class Tally:
    """Counts files and bytes; safe from every thread. A file that is tried again gives its bytes back."""

    def __init__(
        self, files: Sequence[OutgoingFile], confirmed: Mapping[str, Confirmed], speedometer: Speedometer | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._files = {file.name: file for file in files}
        self._states = {file.name: FileState(status=FileStatus.PENDING, s3_key=file.key) for file in files}
        self._sent: dict[str, int] = {}
        self._stored: dict[str, int] = {}
        self._shown = ""
        self._bytes_done = 0
        self._bytes_moved = 0
        self._speedometer = speedometer or Speedometer()
        self._files_done = 0
        self._bytes_total = sum(file.size_bytes for file in files)
        self._confirmed: dict[str, Confirmed] = {}
        for name, which in confirmed.items():
            self._count(name, which)

    def begun(self, name: str) -> None:
        """A try begins; what an earlier try of the same file has sent does not count any more."""
        with self._lock:
            self._sent[name] = 0
            self._stored.pop(name, None)
            self._shown = name

    def moved(self, name: str, size_bytes: int) -> None:
        """So many more bytes of a file went out."""
        with self._lock:
            self._bytes_moved += size_bytes
            if name in self._sent:  # a part may still be on its way when its file was given up
                self._sent[name] += size_bytes
                self._shown = name

    def stored_before(self, name: str, size_bytes: int) -> None:
        """The store has so many bytes of a file from an earlier run."""
        with self._lock:
            self._sent[name] = self._sent.get(name, 0) + size_bytes
            self._stored[name] = size_bytes

    def part_stored(self, name: str, size_bytes: int) -> None:
        """The store has a part of so many bytes."""
        with self._lock:
            if name in self._sent:
                self._stored[name] = self._stored.get(name, 0) + size_bytes

    def taken_back(self, name: str, size_bytes: int) -> None:
        """A part of a file has to be sent again: its bytes do not count any more."""
        with self._lock:
            if name in self._sent:
                self._sent[name] -= size_bytes

    def confirmed(self, name: str, which: Confirmed) -> None:
        """The store has a file."""
        with self._lock:
            self._shown = name
            self._count(name, which)

    def put_off(self, name: str) -> None:
        """A file is sent later; what was sent of it does not count any more."""
        with self._lock:
            self._forget(name)

    def failed(self, name: str, sentence: str) -> None:
        """A file could not be sent."""
        with self._lock:
            self._forget(name)
            self._states[name] = FileState(status=FileStatus.FAILED, s3_key=self._files[name].key, error=sentence)

    def states(self) -> dict[str, FileState]:
        """Return how far each file is."""
        with self._lock:
            return dict(self._states)

    def where(self) -> dict[str, Confirmed]:
        """Return what the store has."""
        with self._lock:
            return dict(self._confirmed)

    def progress(self) -> TransferProgress:
        """Return where the upload stands. A large file is shown while nothing but large files is under way."""
        with self._lock:
            shown = self._shown
            small = [name for name in self._sent if self._files[name].size_bytes <= LARGE_BYTES]
            if small and shown in self._sent and shown not in small:
                shown = small[-1]
            elif shown not in self._sent and not small and self._sent:
                shown = next(iter(self._sent))
            file = self._files.get(shown)
            size = file.size_bytes if file else 0
            bytes_done = self._bytes_done + sum(self._sent.values())
            bytes_per_s = self._speedometer.bytes_per_s(self._bytes_moved)
            return TransferProgress(
                figures=TransferFigures(
                    files_done=self._files_done,
                    files_total=len(self._files),
                    bytes_done=bytes_done,
                    bytes_total=self._bytes_total,
                    bytes_per_s=bytes_per_s,
                    seconds_left=seconds_left(self._bytes_total - bytes_done, bytes_per_s),
                    bytes_confirmed=self._bytes_done + sum(self._stored.values()),
                ),
                file=shown,
                file_bytes_done=min(size, self._sent.get(shown, size)),
                file_bytes_total=size,
            )

    def _forget(self, name: str) -> None:
        self._sent.pop(name, None)
        self._stored.pop(name, None)

    def _count(self, name: str, which: Confirmed) -> None:
        self._forget(name)
        self._confirmed[name] = which
        self._states[name] = FileState(status=FileStatus.UPLOADED, s3_key=which.key)
        self._files_done += 1
        self._bytes_done += self._files[name].size_bytes
