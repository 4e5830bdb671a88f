"""Playing a passage, on a device whose clock the test holds."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from audio_devices import DEADLINE_S, HeldDevice, no_device

from pipeline.errors import PipelineError
from storage import StorageError
from ui.transcripts.audio_output import RATE_HZ, AudioDeviceLostError, NoAudioDeviceError
from ui.transcripts.player import BLOCK, Passage, Player

LENGTH_S = 0.5
RAMP = np.linspace(-1, 1, round(LENGTH_S * RATE_HZ), dtype=np.float32)


class Playing:
    """A player, and what came of it."""

    def __init__(self, blocks, device, *, looping=False, before=None, open_output=None):
        self.ended = threading.Event()
        self.failure = None
        self.player = Player(
            Passage(start_s=10.0, end_s=10.0 + LENGTH_S, blocks=blocks), self._took_end, looping=looping
        )
        self.player.start(open_output or device.open, before)

    def _took_end(self, failure):
        self.failure = failure
        self.ended.set()

    def wait(self):
        assert self.ended.wait(DEADLINE_S)
        self.player.join()
        return self.failure


@pytest.fixture(autouse=True)
def _no_thread_left():
    """A player that went on would keep a core busy until the last test has ended."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(DEADLINE_S)
        assert not thread.is_alive(), thread.name


@pytest.fixture
def device():
    """A device that a test lets go on."""
    made = HeldDevice()
    yield made
    made.release()


def ramp():
    """Yield the audio of the passage in blocks of odd lengths."""
    yield from np.array_split(RAMP, 7)


def failing(error):
    """Return what yields the beginning of the passage, and then can't go on."""

    def blocks():
        yield RAMP[:100]
        raise error

    return blocks


def test_once(device):
    """All of it is played in order, and then the device is given back."""
    playing = Playing(ramp, device)
    device.hear(len(RAMP))
    assert (None, 1, 1) == (playing.wait(), device.opened, device.closed)
    assert RAMP.tolist() == device.played.tolist()


def test_again_and_again(device):
    """A loop has no gap, is decoded once, and ends with the pass in which it is turned off."""
    decoded = []

    def blocks():
        decoded.append(1)
        yield from ramp()

    playing = Playing(blocks, device, looping=True)
    device.hear(2 * len(RAMP) + BLOCK)
    assert not playing.ended.is_set()
    playing.player.looping = False
    device.release()
    assert playing.wait() is None
    assert (np.tile(RAMP, 3).tolist(), [1]) == (device.played.tolist(), decoded)


def test_stopped(device):
    """The device is given back before the next block is played."""
    playing = Playing(ramp, device, looping=True)
    device.hear(2 * BLOCK)
    playing.player.stop()
    device.release()
    assert playing.wait() is None
    assert (1, True) == (device.closed, len(device.played) < len(RAMP))


def test_one_after_the_other(device):
    """The next passage waits until the one before it has given the device back."""
    first = Playing(ramp, device, looping=True)
    device.hear(BLOCK)
    first.player.stop()
    second = Playing(ramp, device, before=first.player)
    device.release()
    assert (None, None, 2, 2) == (first.wait(), second.wait(), device.opened, device.closed)
    assert RAMP.tolist() == device.played[-len(RAMP) :].tolist()


def test_the_time_that_is_heard(device):
    """It is that of the samples that the device has played, and begins again with the passage."""
    playing = Playing(ramp, device, looping=True)
    assert 10.0 == pytest.approx(playing.player.time_s, abs=0.1)
    device.hear(len(RAMP) // 2)
    assert 10.0 + LENGTH_S / 2 == pytest.approx(playing.player.time_s, abs=0.1)
    device.hear(len(RAMP) // 2 + 3 * BLOCK)
    assert 10.12 == pytest.approx(playing.player.time_s, abs=0.1)
    playing.player.stop()
    device.release()
    assert playing.wait() is None


@pytest.mark.parametrize("error", [StorageError("The store is away."), PipelineError("The video has no audio.")])
def test_audio_that_can_not_be_read(device, error):
    """The reason is told, and the device is given back."""
    playing = Playing(failing(error), device)
    device.release()
    assert error is playing.wait()
    assert 1 == device.closed


def test_a_device_that_is_unplugged():
    """That is told."""
    device = HeldDevice(lost_after=2 * BLOCK)
    device.release()
    playing = Playing(ramp, device, looping=True)
    assert isinstance(playing.wait(), AudioDeviceLostError)
    assert 1 == device.closed


def test_no_device():
    """That is told, and nothing is decoded."""
    playing = Playing(failing(AssertionError("decoded")), None, open_output=no_device)
    assert isinstance(playing.wait(), NoAudioDeviceError)
