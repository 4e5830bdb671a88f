"""Devices that play audio as far as a test lets them."""

from __future__ import annotations

import threading
from typing import NoReturn

import numpy as np

from ui.transcripts.audio_output import AudioDeviceLostError, NoAudioDeviceError
from ui.transcripts.player import BLOCK

DEADLINE_S = 60


def no_device() -> NoReturn:
    """Open nothing, as on a computer without audio."""
    raise NoAudioDeviceError("This computer has no device that plays audio.")


class HeldDevice:
    """A device whose clock the test holds: it takes one block more than may be heard, then it has to be waited for.

    Attributes:
        played: what it took, in order.
        opened, closed: how often it was opened and given back.
    """

    def __init__(self, *, lost_after: int | None = None) -> None:
        """`lost_after` is behind how many samples it is unplugged."""
        self.played = np.zeros(0, dtype=np.float32)
        self.opened = self.closed = 0
        self._lost_after = lost_after
        self._heard = 0
        self._released = False
        self._changed = threading.Condition()

    def open(self) -> HeldDevice:
        """Open it. There is but one."""
        with self._changed:
            assert self.opened == self.closed, "the device was opened twice"
            self.opened += 1
        return self

    def hear(self, samples: int) -> None:
        """Let so many more be heard, and wait until they are, or the device is given back."""
        with self._changed:
            wanted = len(self.played) + samples
            while len(self.played) < wanted and not (self.opened and self.opened == self.closed):
                self._heard = len(self.played)
                self._changed.notify_all()
                assert self._changed.wait(DEADLINE_S)
            self._heard = len(self.played)
            self._changed.notify_all()

    def release(self) -> None:
        """Let everything be heard at once from now on."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        return 0 if self._released else len(self.played) - self._heard

    def write(self, samples) -> None:
        with self._changed:
            if self._lost_after is not None and len(self.played) >= self._lost_after:
                raise AudioDeviceLostError("The audio device has stopped.")
            self.played = np.concatenate([self.played, samples])
            self._changed.notify_all()
            room = self._changed.wait_for(lambda: self._released or len(self.played) <= self._heard + BLOCK, DEADLINE_S)
            assert room, "nobody lets the device go on"

    def finish(self) -> None:
        with self._changed:
            self._heard = len(self.played)

    def close(self) -> None:
        with self._changed:
            self.closed += 1
            self._changed.notify_all()
