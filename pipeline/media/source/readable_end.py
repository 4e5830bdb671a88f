"""Finds where a source really ends, by reading near its end only. Knows nothing of what is done about it.

A download or a recording that broke off still declares its whole length. Whatever a container needs to find its way
(an index that is lost makes ffmpeg's demuxers read on from the beginning), no more than BUDGET_BYTES are read.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUDGET_BYTES = 64 << 20
"""What may be read in search of the end: some tenths of a second on a slow disk."""

LAST_S = (0.2, 2.0)
"""How far before the declared end reading begins, at least and at most.

The search in a broken file ends when it is this near.
"""

LAST_BYTES = 16 << 20
"""How much should lie in it: two seconds of an editing codec in 4K are 200 MB."""

TAIL_BYTES = (4 << 20, 16 << 20, 64 << 20)
"""How much of a Matroska file's end is looked at, in turn. mkvmerge's clusters hold 5 s: up to 60 MB at 100 Mbit/s."""

MATROSKA = "matroska,webm"
"""ffmpeg's name of the container."""

CLUSTER = b"\x1f\x43\xb6\x75"
"""The EBML ID that every cluster of a Matroska file begins with (RFC 9559, 5.1.3)."""


class SourceFile(io.RawIOBase):
    """A file for PyAV that can end early: after a given number of further bytes it reads as if there were no more."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._left: int | None = None
        self.name = str(path.absolute())

    def allow(self, size_bytes: int) -> None:
        """Allow this many more bytes to be read."""
        self._left = size_bytes

    @property
    def size_bytes(self) -> int:
        """The size of the whole file.

        The position is the container's, so the size is not found by seeking to the end.
        """
        return os.fstat(self._file.fileno()).st_size

    @property
    def spent(self) -> bool:
        """Whether everything that was allowed has been read."""
        return self._left is not None and self._left <= 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be sought in: pipes are refused before."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, none where nothing more is allowed."""
        if self.spent:
            return b""
        data = self._file.read(size) or b""
        if self._left is not None:
            self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


@dataclass(frozen=True, kw_only=True)
class ReadableEnd:
    """Ends of the last packets that can be read, in the container's time: of video and audio, and of anything."""

    video_and_audio_s: float
    anything_s: float


def readable_end(
    container: Any,  # noqa: ANN401  # PyAV's container
    file: SourceFile,
    streams: Sequence[Any],
    *,
    start_s: float,
    declared_end_s: float | None,
    first_position: int | None,
) -> ReadableEnd | None:
    """Return where an opened source really ends, None where that can't be found out quickly.

    Args:
        container: the opened source; its position is lost.
        file: what the container reads from.
        streams: video and audio.
        start_s: the container's time of the first moment.
        declared_end_s: the container's time of the end that it declares.
        first_position: the position in the file of the first packet of the video, or of the audio where there is none.
    """
    import av.error

    file.allow(BUDGET_BYTES)
    try:
        if container.format.name == MATROSKA:
            return _end_of_matroska(file, [s.index for s in streams], first_position)
        if declared_end_s is None:
            return None
        return _end_by_seeking(container, file, streams, start_s, declared_end_s)
    except (av.error.FFmpegError, OSError, ValueError):
        return None


def _end_by_seeking(
    container: Any,  # noqa: ANN401
    file: SourceFile,
    streams: Sequence[Any],
    start_s: float,
    declared_end_s: float,
) -> ReadableEnd | None:
    indices = [s.index for s in streams]
    near_s = min(LAST_S[1], max(LAST_S[0], LAST_BYTES * (declared_end_s - start_s) / file.size_bytes))
    end = _end_from(container, max(start_s, declared_end_s - near_s), indices)
    if end is None and not file.spent:
        end = _end_from(container, _last_readable_s(container, streams, start_s, declared_end_s, near_s), indices)
    return None if file.spent else end


def _last_readable_s(
    container: Any,  # noqa: ANN401
    streams: Sequence[Any],
    start_s: float,
    end_s: float,
    near_s: float,
) -> float:
    """Halve the time between what can be read and what can't until the two are near: 12 steps for two hours."""
    low, high = start_s, end_s
    while high - low > near_s:
        middle = (low + high) / 2
        _seek(container, middle)
        if next(_packets(container.demux(*streams)), None) is None:
            high = middle
        else:
            low = middle
    return low


def _end_from(container: Any, time_s: float, indices: Sequence[int]) -> ReadableEnd | None:  # noqa: ANN401
    _seek(container, time_s)
    return _last_end(container, indices)


def _seek(container: Any, time_s: float) -> None:  # noqa: ANN401
    # any frame: nothing is decoded, and the keyframe before may be minutes away
    container.seek(round(time_s * 1_000_000), any_frame=True)


def _end_of_matroska(file: SourceFile, indices: Sequence[int], first_position: int | None) -> ReadableEnd | None:
    """Read the header and the last clusters as if they were a file of their own: clusters hold absolute times.

    Seeking would need the index, which stands at the end and is what a broken file has lost; without it ffmpeg reads
    the whole file (matroska_read_seek in libavformat/matroskadec.c). Nor do live recordings have one, or a duration.
    """
    import av

    if first_position is None or first_position > BUDGET_BYTES:
        return None
    file.seek(0)
    head = _exactly(file, first_position)
    first_cluster = head.rfind(CLUSTER)
    if first_cluster < 0:
        return None
    for tail_bytes in TAIL_BYTES:
        start = max(first_cluster, file.size_bytes - tail_bytes)
        file.allow(tail_bytes)
        file.seek(start)
        tail = _exactly(file, tail_bytes)
        cluster = tail.find(CLUSTER)
        if cluster >= 0:
            with av.open(_Spliced(head[:first_cluster] + tail[cluster:])) as container:
                end = _last_end(container, indices)
            if end is not None:
                return end
        if start == first_cluster:
            return None
    return None


class _Spliced:
    """Bytes for PyAV that can't be sought in: the places that the header names are not where it says."""

    def __init__(self, data: bytes) -> None:
        self._bytes = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._bytes.read(size)


def _exactly(file: SourceFile, size_bytes: int) -> bytes:
    parts = []
    while size_bytes > 0 and (part := file.read(size_bytes)):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)


def _last_end(container: Any, indices: Sequence[int]) -> ReadableEnd | None:  # noqa: ANN401
    import av.error

    wanted: list[float] = []
    every: list[float] = []
    try:
        for packet in _packets(container.demux()):
            moment = packet.pts if packet.pts is not None else packet.dts
            if moment is None:
                continue
            end_s = float((moment + (packet.duration or 0)) * packet.time_base)
            every.append(end_s)
            if packet.stream.index in indices:
                wanted.append(end_s)
    except av.error.FFmpegError:
        pass  # a packet cut short: what was read before counts
    return ReadableEnd(video_and_audio_s=max(wanted), anything_s=max(every)) if wanted else None


def _packets(demuxed: Iterator[Any]) -> Iterator[Any]:
    """Leave out the empty packets with which PyAV ends each stream."""
    return (packet for packet in demuxed if packet.size)
