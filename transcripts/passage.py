"""The audio of a passage of a video, decoded from a file or from S3 in ranges: never more than is asked for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from storage import StorageError
from transcripts.errors import DocumentError
from transcripts.media import Media

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_HZ = 16_000
READ_BYTES = 1 << 18
LONGEST_S = 120.0


class PassageError(DocumentError):
    """The audio of a video can't be read."""


class _MediaFile(io.RawIOBase):
    """A media file as a file that can be sought."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self._at = 0
        self.failure: StorageError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._media.size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # any writable buffer
        stop = min(self._media.size_bytes, self._at + len(buffer))
        if stop <= self._at:
            return 0
        try:
            data = b"".join(self._media.chunks(self._at, stop))
        except StorageError as error:
            self.failure = error
            raise OSError(str(error)) from error
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def read_passage(media: Media, start_s: float, end_s: float) -> NDArray[np.float32]:
    """Return the audio from one time to another: float32 mono (n,), 16 kHz, from -1 to 1; silence where there is none.

    Times are those of the audio track from its own beginning. Raises PassageError, StorageError.
    """
    start_s = max(0.0, start_s)
    samples = np.zeros(round(max(0.0, min(end_s - start_s, LONGEST_S)) * RATE_HZ), dtype=np.float32)
    for at, piece in _decoded(media, start_s, end_s, RATE_HZ):
        _put(samples, piece, at)
    return samples


def audio_blocks(media: Media, start_s: float, end_s: float, rate_hz: int) -> Iterator[NDArray[np.float32]]:
    """Yield the audio from one time to another as it is decoded: float32 mono (n,), from -1 to 1, without gaps.

    It is as long as was asked for: what the file does not have is silence. Times are those of the audio track from its
    own beginning. Raises PassageError, StorageError.
    """
    start_s = max(0.0, start_s)
    length, done = round(max(0.0, end_s - start_s) * rate_hz), 0
    for at, piece in _decoded(media, start_s, end_s, rate_hz):
        for block in (*_silence(min(at, length) - done, rate_hz), piece[max(0, done - at) : max(0, length - at)]):
            if len(block):
                done += len(block)
                yield block
    yield from _silence(length - done, rate_hz)


def _silence(count: int, rate_hz: int) -> Iterator[NDArray[np.float32]]:
    """Yield so many samples of silence, a second at a time."""
    for first in range(0, count, rate_hz):
        yield np.zeros(min(rate_hz, count - first), dtype=np.float32)


def _decoded(media: Media, start_s: float, end_s: float, rate_hz: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield pieces of audio, and behind how many samples from `start_s` each begins; the first may begin before it."""
    import av  # takes a fifth of a second

    file = _MediaFile(media)
    try:
        with av.open(io.BufferedReader(file, READ_BYTES), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise PassageError("The video has no audio.")
            stream = container.streams.audio[0]
            origin_s = float((stream.start_time or 0) * (stream.time_base or 0))
            container.seek(int((start_s + origin_s) * av.time_base))
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
            for frame in container.decode(stream):
                time_s = (frame.time if frame.time is not None else origin_s) - origin_s
                if time_s >= end_s:
                    break
                at = round((time_s - start_s) * rate_hz)
                for piece in resampler.resample(frame):
                    samples = piece.to_ndarray()[0]
                    yield at, samples
                    at += len(samples)
    except (av.FFmpegError, OSError) as error:
        if file.failure is not None:
            raise file.failure from error
        raise PassageError("The audio of the video can't be decoded: check that the file plays.") from error


def _put(samples: NDArray[np.float32], piece: NDArray[np.float32], at: int) -> None:
    """Put a piece into its place, as far as it belongs there."""
    first, end = max(0, at), min(len(samples), at + len(piece))
    if first < end:
        samples[first:end] = piece[first - at : end - at]


def peaks(samples: NDArray[np.float32], columns: int) -> list[tuple[float, float]]:
    """Return the lowest and the highest sample in each of so many equal parts."""
    if not len(samples) or columns < 1:
        return []
    parts = np.array_split(samples, min(columns, len(samples)))
    return [(float(part.min()), float(part.max())) for part in parts]
