"""Where audio is played: the computer's own device, through PortAudio. Knows samples; nothing of videos, and no Tk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import PipelineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE_HZ = 48_000
CHANNELS = 2
"""Both sides of a stereo device: some systems play a single channel on the left alone."""
AHEAD_S = 0.2
"""How much the device takes before it is heard: Python may be held up for as long without a gap."""


class NoAudioDeviceError(PipelineError):
    """This computer has nothing that plays audio, or not the library for it."""


class AudioDeviceLostError(PipelineError):
    """The device has stopped playing."""


class AudioOutput(Protocol):
    """A device that plays. Used by one thread."""

    @property
    def waiting(self) -> int:
        """How many of the samples that it has taken are not heard yet."""

    def write(self, samples: NDArray[np.float32]) -> None:
        """Play samples, float32 mono (n,), 48 kHz, after those before; waits until there is room for them.

        Raises AudioDeviceLostError.
        """

    def finish(self) -> None:
        """Wait until all is heard. Raises AudioDeviceLostError."""

    def close(self) -> None:
        """Give the device back; what is not heard yet is not played."""


OpenOutput = Callable[[], AudioOutput]
"""Opens the device. Raises NoAudioDeviceError."""


def open_device() -> AudioOutput:
    """Open the device that the system plays audio on. Raises NoAudioDeviceError."""
    try:
        import sounddevice  # looks for the system's library and its devices
    except (ImportError, OSError) as error:
        raise NoAudioDeviceError("This computer lacks PortAudio, which plays audio.") from error
    try:
        stream = sounddevice.OutputStream(samplerate=RATE_HZ, channels=CHANNELS, dtype="float32", latency=AHEAD_S)
        stream.start()
    except sounddevice.PortAudioError as error:
        raise NoAudioDeviceError("This computer has no device that plays audio.") from error
    return _Device(stream, sounddevice.PortAudioError)


class _Stream(Protocol):
    """What is used of a stream of PortAudio."""

    @property
    def write_available(self) -> int: ...
    def write(self, data: NDArray[np.float32], /) -> object: ...
    def stop(self, ignore_errors: bool) -> None: ...
    def abort(self, ignore_errors: bool) -> None: ...
    def close(self, ignore_errors: bool) -> None: ...


class _Device:
    """A stream of PortAudio as an AudioOutput; `failure` is what it raises."""

    def __init__(self, stream: _Stream, failure: type[Exception]) -> None:
        self._stream = stream
        self._failure = failure
        self._room = stream.write_available

    @property
    def waiting(self) -> int:
        try:
            return max(0, self._room - self._stream.write_available)
        except self._failure:  # a device that is gone keeps nothing waiting; the next write says so
            return 0

    def write(self, samples: NDArray[np.float32]) -> None:
        try:
            self._stream.write(samples.repeat(CHANNELS).reshape(-1, CHANNELS))
        except self._failure as error:
            raise _lost() from error

    def finish(self) -> None:
        try:
            self._stream.stop(ignore_errors=False)
        except self._failure as error:
            raise _lost() from error

    def close(self) -> None:
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


def _lost() -> AudioDeviceLostError:
    return AudioDeviceLostError(
        "The audio device has stopped: check that it is plugged in, and play the passage again."
    )
