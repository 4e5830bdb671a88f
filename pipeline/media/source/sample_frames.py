"""Decodes a few frames at places spread over a file, since a recording may change after its beginning."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.media.source.readable_end import BUDGET_BYTES, SourceFile

SHARES = tuple(Fraction(n, 16) for n in (9, 5, 13, 3, 11, 7, 15, 1))
"""Shares of the length, in such an order that the first ones are spread as well, where not all can be reached."""

LASTING = 2
"""A size that was found at this many places is taken seriously."""


@dataclass(frozen=True, kw_only=True)
class FrameSample:
    """Frames that follow one another; `share` of the length lies before them."""

    share: Fraction
    frames: tuple[Any, ...]


def sample_frames(
    container: Any,  # noqa: ANN401
    file: SourceFile,
    stream: Any,  # noqa: ANN401
    first: Sequence[Any],
    count: int,
) -> tuple[FrameSample, ...]:
    """Return frames of an opened source's video in the order of the film. The container's position is lost.

    Args:
        container: PyAV's.
        file: what it reads from: no more than BUDGET_BYTES are read.
        stream: the video.
        first: its first frames.
        count: how many frames are decoded at each other place.
    """
    found = [FrameSample(share=Fraction(0), frames=tuple(first))]
    length = stream.duration or (container.duration and container.duration / 1_000_000 / stream.time_base)
    if length:
        file.allow(BUDGET_BYTES)
        for share in SHARES:
            frames = _frames(container, stream, (stream.start_time or 0) + int(length * share), count)
            found += [FrameSample(share=share, frames=frames)] if frames else []
            if file.spent:
                break
    return tuple(sorted(found, key=lambda sample: sample.share))


def sizes(found: Sequence[FrameSample]) -> tuple[tuple[int, int], ...]:
    """Return the sizes of the video in the order in which they come, each once."""
    return tuple(dict.fromkeys(_size(sample) for sample in found))


def lasting_size(found: Sequence[FrameSample]) -> tuple[int, int]:
    """Return the largest size that lasts; the first, where none does."""
    counts = Counter(_size(sample) for sample in found)
    return max(
        (size for size, times in counts.items() if times >= LASTING),
        key=lambda size: size[0] * size[1],
        default=_size(found[0]),
    )


def _size(sample: FrameSample) -> tuple[int, int]:
    return sample.frames[0].width, sample.frames[0].height


def _frames(container: Any, stream: Any, time: int, count: int) -> tuple[Any, ...]:  # noqa: ANN401
    """Return some frames from about this time on, none where nothing can be decoded."""
    import av.error

    frames: list[Any] = []
    read_bytes = 0
    with contextlib.suppress(av.error.FFmpegError, OSError):
        container.seek(time, stream=stream)
        begun = False
        for packet in container.demux(stream):
            read_bytes += packet.size
            begun = begun or packet.is_keyframe  # what comes before can't be decoded
            if begun:
                with contextlib.suppress(av.error.FFmpegError):
                    frames += packet.decode()
            if len(frames) >= count or read_bytes > BUDGET_BYTES // len(SHARES):
                break
    return tuple(frames[:count])
