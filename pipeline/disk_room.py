"""Distinguishes a full disk from other failures, and waits until there is room again.

Knows nothing of what is written.
"""

from __future__ import annotations

import errno
import shutil
import time
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import FfmpegError, OutputError

FULL_DISK = "No space left on device"
FULL_DISK_BYTES = 16 << 20
"""With less than this left the disk is full: ffmpeg's HLS muxer does not always say so."""

ROOM_BYTES = 8 * FULL_DISK_BYTES
"""The job goes on when there is this much more room than there was."""

LOOK_S = 1.0
"""How often the free space is looked at, in seconds."""

RETRY_S = 60.0
"""After how many seconds the failed step is tried again with the room that there is."""


class DiskFullError(OutputError):
    """Nothing more can be written; the interrupted step is done again when there is room."""


def disk_full(source: Path) -> DiskFullError:
    """Return the error that says that a source could not be encoded for want of room."""
    return DiskFullError(f"The disk is full: {source.name} could not be encoded. Free some space and start again.")


def is_full(folder: Path) -> bool:
    """Whether the disk that holds a folder is practically full."""
    return shutil.disk_usage(folder).free < FULL_DISK_BYTES


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is that the disk is full."""
    while error is not None:
        words = error.words if isinstance(error, FfmpegError) else str(error)
        if (
            isinstance(error, DiskFullError)
            or FULL_DISK in words
            or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
        ):
            return True
        error = error.__cause__
    return False


def wait_for_room(folder: Path, cancel: CancelToken) -> None:
    """Return when the disk of a folder has room again. Raises Cancelled.

    The unfinished work has just been removed, and the room that it took must not count. Others may have made room in
    the meantime, so if there is enough to begin, the step is tried again after a while.
    """
    enough = shutil.disk_usage(folder).free + ROOM_BYTES
    retry = time.monotonic() + RETRY_S
    while (free := shutil.disk_usage(folder).free) < enough:
        if free >= FULL_DISK_BYTES + ROOM_BYTES and time.monotonic() >= retry:
            return
        cancel.wait(LOOK_S)
