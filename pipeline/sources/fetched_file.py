"""A source on its way to this machine: one file with holes, and beside it a note of which bytes it has.

The file lies where the whole one will, and its time of change is the server's: whoever has looked at it before it was
whole finds it unchanged afterwards. Knows no server.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, SourceError
from pipeline.files import write_whole
from pipeline.sources.checksums import Checksum
from pipeline.sources.remote_file import RemoteState
from pipeline.sources.spans import Span, merged_spans, missing, total

NOTE = "fetch.json"
SCHEMA = 1
UNKNOWN_TIME_S = 946_684_800
"""The time of change of a file whose server tells none: 2000-01-01, which every file system can write."""


@dataclass(frozen=True, kw_only=True)
class FetchNote:
    """What is known of a fetched file: the server's words as in `RemoteState`, and the spans that are there."""

    schema: int
    address: str
    size_bytes: int
    etag: str = ""
    modified: str = ""
    checksum: Checksum | None = None
    done: tuple[tuple[int, int], ...] = ()
    whole: bool = False


class FetchedFile:
    """The file of one source, opened by whoever holds its lock. Raises SourceError where nothing can be written."""

    def __init__(self, path: Path, address: str, state: RemoteState) -> None:
        self.path = path
        self.known = state
        self._address = address
        self._note = _read(path.parent / NOTE)
        left = None if self._note is None else _state_of(self._note)
        if left is None or not path.is_file() or not left.is_same(state):
            self._note = None
        self._done: list[Span] = [] if self._note is None else list(self._note.done)
        self._was_whole = self._note is not None and self._note.whole
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self._note is None:
                path.unlink(missing_ok=True)
            self._file = path.open("r+b" if self._note is not None else "w+b", buffering=0)
            _allow_holes(self._file.fileno())
            if state.size_bytes is not None:
                self._file.truncate(state.size_bytes)
            self.settle()
        except OSError as error:
            raise self._unwritable(error) from error

    @property
    def whole(self) -> bool:
        """Whether all of it is there and was checked."""
        return self._was_whole

    @property
    def done_bytes(self) -> int:
        """How many bytes are there."""
        return total(self._done)

    def missing(self, wanted: Span | None = None) -> list[Span]:
        """Return what is not there of a span, or of the whole file."""
        return list(missing(self._done, wanted or (0, self.known.size_bytes or 0)))

    def write(self, at: int, data: bytes) -> None:
        """Put bytes into their place. Raises SourceError."""
        try:
            self._file.seek(at)
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise self._unwritable(error) from error
        self._done = list(merged_spans([*self._done, (at, at + len(data))]))

    def settle(self) -> None:
        """Give the file the server's time again, after something was written. Raises OSError."""
        moment = _time_s(self.known.modified)
        os.utime(self.path, (moment, moment))

    def keep(self) -> None:
        """Write down what is there, so that a process that is killed leaves it to the next. Raises SourceError."""
        try:
            os.fsync(self._file.fileno())
            self.settle()
        except OSError as error:
            raise self._unwritable(error) from error
        size = self.known.size_bytes
        if size is None:
            return
        self._note = FetchNote(
            schema=SCHEMA,
            address=self._address,
            size_bytes=size,
            etag=self.known.etag,
            modified=self.known.modified,
            checksum=self.known.checksum,
            done=tuple(self._done),
            whole=self._was_whole,
        )
        write_whole(self.path.parent / NOTE, json.dumps(to_json(self._note)))

    def finish(self, size_bytes: int) -> None:
        """Note that all of it is there and was checked. Raises SourceError."""
        self.known = replace(self.known, size_bytes=size_bytes)
        self._file.truncate(size_bytes)
        self._done, self._was_whole = [(0, size_bytes)], True
        self.keep()

    def forget(self) -> None:
        """Let nothing count that is there: it is not what the server has. Raises SourceError."""
        self._done, self._was_whole = [], False
        self.keep()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> FetchedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _unwritable(self, error: OSError) -> SourceError:
        return SourceError(
            f"{self._address} can't be fetched into {self.path.parent} ({error.strerror}): "
            "free some space or check the folder's permissions, then start again; what has been fetched is kept."
        )


def read_fetch_note(folder: Path) -> FetchNote | None:
    """Return what is known of the file in a folder, None where nothing is."""
    return _read(folder / NOTE)


def _read(path: Path) -> FetchNote | None:
    try:
        note = from_json(FetchNote, json.loads(path.read_bytes()), NOTE)
    except (OSError, ValueError, RecursionError, CodecError):
        return None
    return note if note.schema == SCHEMA else None


def _state_of(note: FetchNote) -> RemoteState:
    return RemoteState(size_bytes=note.size_bytes, etag=note.etag, modified=note.modified)


def _time_s(modified: str) -> float:
    try:
        return max(parsedate_to_datetime(modified).timestamp(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return UNKNOWN_TIME_S


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _SET_SPARSE = 0x900C4
    """FSCTL_SET_SPARSE (winioctl.h): without it NTFS writes zeros into every hole."""

    def _allow_holes(descriptor: int) -> None:
        """Let holes take no room, where the file system can do that."""
        handle, told = msvcrt.get_osfhandle(descriptor), wintypes.DWORD()
        ctypes.windll.kernel32.DeviceIoControl(
            wintypes.HANDLE(handle), _SET_SPARSE, None, 0, None, 0, ctypes.byref(told), None
        )
else:

    def _allow_holes(descriptor: int) -> None:
        """Holes take no room here, as far as the file system can do that."""
