"""Closed captions that lie in the picture (CEA-608 and 708, carried as ATSC A/53 says): finding them, and reading 608 as cues.

What they say is decoded by libavcodec; this module only takes the bytes out of the coded pictures, which costs no decoding.
"""

from __future__ import annotations

import heapq
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.media.subtitle_tracks import CHECK_EVERY, cues_of, events_in, until_broken
from pipeline.model import MediaInfo
from pipeline.speech.cues import MAX_CUE_S, Cue

CHANNELS = {0: "CC1", 1: "CC3"}
"""By the field of a frame in which it is sent, the channel's name as a playlist's INSTREAM-ID has it (CEA-608)."""

_MARK = b"GA94\x03"
"""ATSC A/53 part 4, 6.2.3: user data of ATSC, of the type cc_data."""

_REORDERED = 32
"""Of so many pictures in a row each comes in its turn: no codec reorders more than 16."""

_PADDING = (0x80, 0x00)
_ERASE = b"\x94\x2c"
"""The command of CEA-608 that erases the displayed memory; commands are sent twice."""

_SCC_TICK_MS = 33
"""The step of time in a Scenarist file as libavformat reads it (sccdec.c)."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One channel of closed captions: its INSTREAM-ID, when it first says anything, and what, as far as it can be read."""

    name: str
    first_s: float
    cues: tuple[Cue, ...] = ()


def caption_data(picture: bytes) -> bytes:
    """Return the caption data of a coded picture of H.264, HEVC or MPEG-2, three bytes each; empty where there is none."""
    found = b""
    at = picture.find(_MARK)
    while at >= 0:
        # a coded picture has no three such bytes in a row: a 3 stands between them (ITU-T H.264, 7.3.1)
        data = picture[at + len(_MARK) : at + len(_MARK) + 160].replace(b"\x00\x00\x03", b"\x00\x00")
        count = data[0] & 0x1F if len(data) > 1 and data[0] & 0x40 else 0
        if count and len(data) > 2 + 3 * count and data[2 + 3 * count] == 0xFF:  # the marker after the last
            found += data[2 : 2 + 3 * count]
        at = picture.find(_MARK, at + 1)
    return found


def read_closed_captions(media: MediaInfo, cancel: CancelToken) -> tuple[Channel, ...]:
    """Return the channels in which anything is said, times in seconds from the source's first moment. Raises SourceError, Cancelled.

    Where the coded pictures hold the data in another form than A/53, as those of a DVD, they are decoded.
    """
    assert media.video is not None
    import av.error

    try:
        for read in (_from_packets, _from_frames):
            spoken = _spoken(read(media, cancel))
            if spoken:
                channels = (_channel(name, words, media.limit_s) for name, words in sorted(spoken.items()))
                return tuple(channel for channel in channels if channel is not None)
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{media.path} can't be read: the file is broken or was moved.") from error
    return ()


def channels_in(segment: bytes) -> frozenset[str]:
    """Return the names of the channels that say anything in a segment, which must have its initialization section before it."""
    import av

    with av.open(io.BytesIO(segment)) as container:
        packets = until_broken(container.demux(container.streams.video[0]))
        return frozenset(_spoken((0.0, caption_data(bytes(packet))) for packet in packets if packet.size))


def _from_packets(media: MediaInfo, cancel: CancelToken) -> Iterator[tuple[float, bytes]]:
    import av
    from av.stream import Discard

    assert media.video is not None
    waiting: list[tuple[float, int, bytes]] = []
    with av.open(str(media.path.absolute()), metadata_errors="replace") as container:
        for stream in container.streams:
            if stream.index != media.video.index:
                stream.discard = Discard.all
        for number, packet in enumerate(until_broken(container.demux(container.streams[media.video.index]))):
            if number % CHECK_EVERY == 0:
                cancel.check()
            if packet.size and packet.pts is not None and (data := caption_data(bytes(packet))):
                heapq.heappush(waiting, (float(packet.pts * packet.time_base) - media.start_s, number, data))
            if len(waiting) > _REORDERED:
                time_s, _, data = heapq.heappop(waiting)
                yield time_s, data
    yield from ((time_s, data) for time_s, _, data in sorted(waiting))


def _from_frames(media: MediaInfo, cancel: CancelToken) -> Iterator[tuple[float, bytes]]:
    import av

    assert media.video is not None
    with av.open(str(media.path.absolute()), metadata_errors="replace") as container:
        stream: Any = container.streams[media.video.index]
        stream.thread_type = "AUTO"
        for number, frame in enumerate(until_broken(container.decode(stream))):
            if number % CHECK_EVERY == 0:
                cancel.check()
            if frame.pts is not None:
                yield float(frame.pts * frame.time_base) - media.start_s, frame_captions(frame)


def frame_captions(frame: Any) -> bytes:  # noqa: ANN401  # PyAV's frame
    """Return the caption data of a decoded frame, three bytes each; empty where there is none."""
    return b"".join(bytes(data) for data in frame.side_data if data.type.name == "A53_CC")


def _spoken(captions: Iterable[tuple[float, bytes]]) -> dict[str, list[tuple[float, bytes]]]:
    """Return by channel what is more than padding, with its time; services of 708 only where there is nothing of 608.

    A/53 part 4, table 6.7: three bytes are a marker with valid and type, and two of data. Types 0 and 1 are the fields of
    608; 3 begins a packet of 708, whose second byte heads its first service (CEA-708, 6.2).
    """
    found: dict[str, list[tuple[float, bytes]]] = defaultdict(list)
    services: dict[str, list[tuple[float, bytes]]] = defaultdict(list)
    for time_s, data in captions:
        for marker, first, second in zip(data[0::3], data[1::3], data[2::3], strict=False):
            if not marker & 4:
                continue
            kind = marker & 3
            if kind in CHANNELS and not (first in _PADDING and second in _PADDING):
                found[CHANNELS[kind]].append((time_s, bytes((_odd_parity(first), _odd_parity(second)))))
            elif kind == 3 and second >> 5 and second & 0x1F:
                services[f"SERVICE{second >> 5}"].append((time_s, b""))
    return found or services


def _odd_parity(value: int) -> int:
    """Return a byte of 608 with its parity put right, as decoders in players do not mind it either."""
    seven = value & 0x7F
    return seven if seven.bit_count() % 2 else seven | 0x80


def _channel(name: str, words: list[tuple[float, bytes]], limit_s: float | None) -> Channel | None:
    """Return what a channel says, None where it says nothing in the part of the source that is wanted."""
    first_s = next((time_s for time_s, _ in words if time_s >= 0), None)
    if first_s is None or (limit_s is not None and first_s >= limit_s):
        return None
    if not words[0][1]:
        return Channel(name=name, first_s=first_s)  # libavcodec has no decoder for 708
    return Channel(name=name, first_s=first_s, cues=tuple(_decoded(words)))


def _decoded(words: list[tuple[float, bytes]]) -> list[Cue]:
    """Decode one channel: handed to libavformat as the first field of a Scenarist file, a form that every version reads."""
    import av

    lines = ["Scenarist_SCC V1.0", ""]
    exact: dict[int, float] = {}
    # the last caption stays until it is erased, which not every recording comes to
    origin_s = words[0][0]
    for time_s, pair in [*words, *[(words[-1][0] + MAX_CUE_S, _ERASE)] * 2]:
        ticks = int((time_s - origin_s) * 1000) // _SCC_TICK_MS
        seconds, rest = divmod(ticks * _SCC_TICK_MS, 1000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest // _SCC_TICK_MS:02}"
        exact.setdefault(seconds * 1000 + rest // _SCC_TICK_MS * _SCC_TICK_MS, time_s)
        lines += [f"{clock}\t{pair.hex()}", ""]
    events = []
    with av.open(io.BytesIO("\n".join(lines).encode("ascii")), format="scc") as container:
        for packet in container.demux(container.streams[0]):
            for start_s, duration_s, text in events_in(packet, 0.0):
                start = exact.get(round(start_s * 1000), origin_s + start_s)
                end = None if duration_s is None else exact.get(round((start_s + duration_s) * 1000), origin_s + start_s + duration_s)
                events.append((start, None if end is None else end - start, text))
    return cues_of(events)
