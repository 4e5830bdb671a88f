"""The first frames of a video or audio, decoded: what cannot be decoded is found there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FRAMES = 3
"""How many frames are looked at: one that is marked wrong must not decide."""

LOOK_BYTES = 32 << 20
"""How much of a video or audio is read in search of something that can be decoded."""


@dataclass(frozen=True, kw_only=True)
class FirstFrames:
    """The first frames of a stream; where in the file its first packet lies, whether decoding can begin with that one,
    and whether the stream has no more frames than these.
    """

    frames: tuple[Any, ...]
    position: int | None
    starts_whole: bool
    whole: bool


def first_frames(container: Any, stream: Any) -> FirstFrames:  # noqa: ANN401  # PyAV's container and stream
    """Read and decode the beginning of a stream; damage in it is passed over."""
    import av.error

    frames: list[Any] = []
    first: Any = None
    read_bytes = 0
    whole = True
    for packet in _until_broken(container.demux(stream)):
        first = first or packet
        read_bytes += packet.size
        with contextlib.suppress(av.error.FFmpegError):  # damaged at the beginning: what comes later may be whole
            frames += packet.decode()
        if len(frames) >= FRAMES or (read_bytes > LOOK_BYTES and packet.size):
            whole = False
            break
    starts_whole = first is None or bool(first.is_keyframe)
    return FirstFrames(
        frames=tuple(frames[:FRAMES]),
        position=None if first is None else first.pos,
        starts_whole=starts_whole,
        whole=whole,
    )


def _until_broken(packets: Iterator[Any]) -> Iterator[Any]:
    import av.error

    with contextlib.suppress(av.error.FFmpegError):
        yield from packets
