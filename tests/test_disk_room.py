"""A full disk: told from other failures, and waited for."""

from __future__ import annotations

import errno
import shutil

import pytest

from pipeline import disk_room
from pipeline.cancel import CancelToken
from pipeline.disk_room import ROOM_BYTES, DiskFullError, is_disk_full, wait_for_room
from pipeline.errors import Cancelled, EncodeError, OutputError


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(OSError(errno.ENOSPC, "Es ist nicht genug Speicherplatz"), True, id="by its number"),
        pytest.param(EncodeError("[out#0] No space left on device"), True, id="by ffmpeg's words"),
        pytest.param(_caused(OutputError("It can't be written."), OSError(errno.ENOSPC, "")), True, id="by its cause"),
        pytest.param(DiskFullError("Full."), True, id="found out"),
        pytest.param(OSError(errno.EACCES, "Permission denied"), False, id="another"),
        pytest.param(EncodeError("Invalid data found"), False, id="ffmpeg's affair"),
    ],
)
def test_a_full_disk_is_told_from_other_failures(error, expected):
    """Whatever says so, in whatever language the system speaks."""
    assert expected is is_disk_full(error)


def _disk(monkeypatch: pytest.MonkeyPatch, free: list[int]) -> list[int]:
    real = shutil.disk_usage
    monkeypatch.setattr(disk_room, "LOOK_S", 0.0)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: real(path)._replace(free=free.pop(0) if len(free) > 1 else free[0])
    )
    return free


def test_what_was_not_enough_is_not_room(tmp_path, monkeypatch):
    """What the work in hand took itself is free again: with only that it would end as it did before."""
    had = 3 * ROOM_BYTES
    free = _disk(monkeypatch, [had, had, had + ROOM_BYTES - 1, had + ROOM_BYTES])
    wait_for_room(tmp_path, CancelToken())
    assert [had + ROOM_BYTES] == free


def test_waiting_can_be_cancelled(tmp_path, monkeypatch):
    """Nobody has to free anything."""
    _disk(monkeypatch, [0])
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        wait_for_room(tmp_path, cancel)
