"""How much people and other programs use this computer, as far as its system tells. Knows nothing of who asks."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline.worker_policy import MachineUse

WINDOW_S = 60.0
"""Over so long the share of other programs is measured, in seconds: a browser that opens a page is no use of it."""

_HID_STATE, _ANY_INPUT = 1, 0xFFFFFFFF
"""kCGEventSourceStateHIDSystemState, kCGAnyInputEventType (macOS, CGEventSource.h)."""


@dataclass(frozen=True, kw_only=True)
class CpuSeconds:
    """Seconds of all cores since the computer began: by everyone, and by this program and what it has started."""

    at_s: float
    everyone_s: float
    own_s: float


class MachineUseMeter:
    """Measures how much this computer is used, as often as it is asked; `spent` and `untouched` look at the system.

    `spent` asks every process that this program has started, so it is called once a window; `clock` returns the time in
    seconds that `CpuSeconds.at_s` has.
    """

    def __init__(
        self,
        spent: Callable[[], CpuSeconds] | None = None,
        untouched: Callable[[], float | None] | None = None,
        *,
        cores: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spent = spent or cpu_seconds_now
        self._untouched = untouched or untouched_s
        self._cores = cores or os.cpu_count() or 1
        self._clock = clock
        self._last = self._spent()
        self._others: float | None = None

    def look(self) -> MachineUse:
        """Return how much it is used; by other programs, over the last whole window."""
        if self._clock() - self._last.at_s >= WINDOW_S:
            now = self._spent()
            passed_s = now.at_s - self._last.at_s
            others_s = (now.everyone_s - self._last.everyone_s) - (now.own_s - self._last.own_s)
            self._others = min(1.0, max(0.0, others_s / (passed_s * self._cores)))
            self._last = now
        return MachineUse(untouched_s=self._untouched(), others=self._others)


def cpu_seconds_now() -> CpuSeconds:
    """Return what was spent until now. On Windows what ended children spent counts as others'."""
    times = psutil.cpu_times()
    idle_s = times.idle + getattr(times, "iowait", 0.0)
    guests_s = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # in user and nice already (proc(5))
    own_s = 0.0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile: its parent has its seconds
            own_s += sum(process.cpu_times()[:4])
    return CpuSeconds(at_s=time.monotonic(), everyone_s=sum(times) - idle_s - guests_s, own_s=own_s)


def untouched_s() -> float | None:
    """Return since when no key or mouse was used, in seconds, None where the system does not tell.

    Windows and macOS tell it of keyboard and mouse, others of the terminals that somebody is logged in to.
    """
    if sys.platform == "win32":
        return _untouched_on_windows()
    if sys.platform == "darwin":
        return _untouched_on_macos()
    return _untouched_terminals(time.time())


def _untouched_terminals(now_s: float) -> float | None:
    """Return since when nothing was typed into a terminal, as `w` tells it; graphical sessions have none."""
    typed_s = []
    for user in psutil.users():
        with contextlib.suppress(OSError):
            typed_s.append(Path("/dev", user.terminal or "none").stat().st_atime)
    return max(0.0, now_s - max(typed_s)) if typed_s else None


if sys.platform == "win32":

    class _LastInput(ctypes.Structure):
        """LASTINPUTINFO (winuser.h): `at_ms` counts from the system's start, and begins anew after 49.7 days."""

        _fields_ = (("size_bytes", ctypes.c_uint), ("at_ms", ctypes.c_uint))

    def _untouched_on_windows() -> float | None:
        last = _LastInput(size_bytes=ctypes.sizeof(_LastInput))
        if not ctypes.windll.user32.GetLastInputInfo(ctypes.byref(last)):
            return None
        return ((ctypes.windll.kernel32.GetTickCount() - last.at_ms) & 0xFFFFFFFF) / 1000


if sys.platform == "darwin":

    def _untouched_on_macos() -> float | None:
        library = ctypes.util.find_library("CoreGraphics")
        if library is None:
            return None
        ask = ctypes.CDLL(library).CGEventSourceSecondsSinceLastEventType
        ask.restype, ask.argtypes = ctypes.c_double, (ctypes.c_int32, ctypes.c_uint32)
        return float(ask(_HID_STATE, _ANY_INPUT))
