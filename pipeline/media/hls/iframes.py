"""Finds the keyframes of a finished rendition as byte ranges, for I-frame playlists.

Knows how segments are built, writes nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import EncodeError
from pipeline.job import SegmentType
from pipeline.media.hls import fragments
from pipeline.media.hls.measure import MPEGTS_CLOCK_HZ, peak_bit_rate, read_map_uri, read_media_playlist
from pipeline.media.stream_layout import PLAYLIST

TS_PACKET_BYTES = 188
SYNC_BYTE = 0x47
"""ISO/IEC 13818-1, 2.4.3.2: what each packet of a transport stream begins with."""

HEAD_PACKETS = 1000
"""Within how many packets a segment's first keyframe begins; audio and tables may come before it."""

PAT_PID = 0
VIDEO_STREAM_TYPES = (0x1B, 0x24)
"""ISO/IEC 13818-1, table 2-34: H.264 and H.265."""

TIMESTAMP_WRAP = 1 << 33

# without the bits for error and priority: what is left says payload start and the upper half of the packet identifier
_START_AND_PID = bytes(byte & 0x5F for byte in range(256))
_PAYLOAD_START = 0x40


@dataclass(frozen=True, kw_only=True)
class ByteRange:
    """A part of a file."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class IFrame:
    """One keyframe: where it lies, and how long until the next one."""

    uri: str
    byte_range: ByteRange
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class IFrames:
    """The keyframes of a rendition.

    `map_range` is the part of `map_uri` that players need first, None for all of it.
    """

    map_uri: str
    map_range: ByteRange | None
    frames: tuple[IFrame, ...]

    @property
    def peak_bit_rate(self) -> int:
        """The peak rate of the I-frame playlist with its durations as written, in bits a second (RFC 8216, 4.1)."""
        return peak_bit_rate(
            [f.byte_range.size_bytes * 8 for f in self.frames], [round(f.duration_s, 6) for f in self.frames]
        )

    @property
    def average_bit_rate(self) -> int:
        """The average rate of the I-frame playlist, in bits a second."""
        return math.ceil(sum(f.byte_range.size_bytes * 8 for f in self.frames) / sum(f.duration_s for f in self.frames))


def find_iframes(folder: Path, name: str) -> IFrames:
    """Return the keyframes of the rendition `name` in a job's folder; it must not be encrypted.

    Of transport streams each keyframe is one, of fragmented MP4 each that begins a fragment. Raises EncodeError.
    """
    playlist = folder / name / PLAYLIST
    segments = read_media_playlist(playlist)
    map_uri = read_map_uri(playlist)
    map_range = None
    find: Callable[[bytes], list[_Found]]
    try:
        if map_uri is None:
            map_uri = segments[0].uri
            header_end, pid = _stream_header((playlist.parent / map_uri).read_bytes())
            map_range, wrap, clock_hz = ByteRange(offset=0, size_bytes=header_end), TIMESTAMP_WRAP, MPEGTS_CLOCK_HZ

            def find(data: bytes) -> list[_Found]:
                return _in_transport_stream(data, pid)
        else:
            wrap, clock_hz = 1 << 64, fragments.read_timescale((playlist.parent / map_uri).read_bytes())
            find = _in_fragments
        found = [
            (segment.uri, frame) for segment in segments for frame in find((playlist.parent / segment.uri).read_bytes())
        ]
    except (OSError, ValueError) as error:
        raise EncodeError(f"The keyframes of {playlist.parent} can't be found: encode the video again.") from error
    if not found:
        raise EncodeError(f"{playlist.parent} has no keyframe: encode the video again.")
    origin = found[0][1].time
    starts_s = [(frame.time - origin) % wrap / clock_hz for _, frame in found]
    durations_s = _durations(starts_s, sum(segment.duration_s for segment in segments))
    frames = tuple(
        IFrame(uri=uri, byte_range=frame.byte_range, duration_s=duration_s)
        for (uri, frame), duration_s in zip(found, durations_s, strict=True)
    )
    return IFrames(map_uri=map_uri, map_range=map_range, frames=frames)


def first_time(segment: Path, segment_type: SegmentType) -> int:
    """Return when a segment's first keyframe is shown, in ticks of its stream's clock; reads no more than is needed.

    Raises EncodeError when it has none.
    """
    try:
        with segment.open("rb") as file:
            if segment_type is SegmentType.FMP4:
                return fragments.read_fragments(file.read())[0].time
            data = file.read(HEAD_PACKETS * TS_PACKET_BYTES)
        _, pid = _stream_header(data)
        times = (
            _keyframe_time(data, packet)
            for packet in range(0, len(data), TS_PACKET_BYTES)
            if int.from_bytes(data[packet + 1 : packet + 3], "big") & 0x1FFF == pid
        )
        return next(time for time in times if time is not None)
    except (OSError, ValueError, IndexError, StopIteration) as error:
        raise EncodeError(f"{segment} has no keyframe that can be found: encode the video again.") from error


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A keyframe in one segment, its time in ticks of the stream's clock."""

    byte_range: ByteRange
    time: int


def _durations(starts_s: Sequence[float], end_s: float) -> list[float]:
    return [
        after - start
        for start, after in itertools.pairwise([*starts_s, max(end_s, starts_s[-1] + 1 / MPEGTS_CLOCK_HZ)])
    ]


def _in_fragments(data: bytes) -> list[_Found]:
    return [
        _Found(
            byte_range=ByteRange(offset=fragment.start, size_bytes=fragment.end - fragment.start), time=fragment.time
        )
        for fragment in fragments.read_fragments(data)
        if fragment.sync
    ]


def _in_transport_stream(data: bytes, pid: int) -> list[_Found]:
    """Return each keyframe from its first packet to its last; packets of the audio may lie between.

    Only the two bytes of each packet that name its stream are looked at, all at once: a loop over packets takes minutes
    for a long stream.
    """
    _check_packets(data)
    upper = data[1::TS_PACKET_BYTES].translate(_START_AND_PID)
    lower = data[2::TS_PACKET_BYTES]
    start_byte, low_byte = _PAYLOAD_START | pid >> 8, pid & 0xFF
    starts = []
    at = upper.find(start_byte)
    while at >= 0:
        if lower[at] == low_byte:
            starts.append(at)
        at = upper.find(start_byte, at + 1)
    found = []
    for start, after in itertools.pairwise([*starts, len(upper)]):
        time = _keyframe_time(data, start * TS_PACKET_BYTES)
        if time is None:
            continue
        last = after - 1
        while lower[last] != low_byte or upper[last] & ~_PAYLOAD_START != pid >> 8:
            last -= 1
        size_bytes = (last + 1 - start) * TS_PACKET_BYTES
        found.append(_Found(byte_range=ByteRange(offset=start * TS_PACKET_BYTES, size_bytes=size_bytes), time=time))
    return found


def _keyframe_time(data: bytes, packet: int) -> int | None:
    """Return the presentation time of the keyframe that begins in a packet, None where another frame begins."""
    has_adaptation = data[packet + 3] & 0x20 and data[packet + 4]
    if not has_adaptation or not data[packet + 5] & 0x40:  # random_access_indicator (ISO/IEC 13818-1, 2.4.3.5)
        return None
    pes = packet + 5 + data[packet + 4]
    if data[pes : pes + 3] != b"\x00\x00\x01" or not data[pes + 7] & 0x80:
        raise ValueError("a keyframe has no time")
    high, middle, low = (
        data[pes + 9],
        int.from_bytes(data[pes + 10 : pes + 12], "big"),
        int.from_bytes(data[pes + 12 : pes + 14], "big"),
    )
    # 2.4.3.6: 33 bits in three parts, each ended by a marker
    return (high >> 1 & 7) << 30 | middle >> 1 << 15 | low >> 1


def _stream_header(data: bytes) -> tuple[int, int]:
    """Return where the tables at a segment's head end, and the packet identifier of its video.

    RFC 8216, 4.3.2.5: the initialization section of a transport stream is its program association and program map
    table.
    """
    _check_packets(data)
    map_pid = None
    for packet in range(0, len(data), TS_PACKET_BYTES):
        pid = int.from_bytes(data[packet + 1 : packet + 3], "big") & 0x1FFF
        if pid == PAT_PID:
            section = _section(data, packet)
            map_pid = int.from_bytes(section[10:12], "big") & 0x1FFF  # the only program
        elif pid == map_pid:
            section = _section(data, packet)
            at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
            end = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - 4  # a checksum follows
            while at < end:
                if section[at] in VIDEO_STREAM_TYPES:
                    return packet + TS_PACKET_BYTES, int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF
                at += 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF)
            break
    raise ValueError("no video is declared")


def _section(data: bytes, packet: int) -> bytes:
    """Return the table that begins in a packet: after the header, an adaptation field if any, and the pointer."""
    at = packet + 4 + (1 + data[packet + 4] if data[packet + 3] & 0x20 else 0)
    return data[at + 1 + data[at] : packet + TS_PACKET_BYTES]


def _check_packets(data: bytes) -> None:
    if (
        not data
        or len(data) % TS_PACKET_BYTES
        or data[::TS_PACKET_BYTES].count(SYNC_BYTE) != len(data) // TS_PACKET_BYTES
    ):
        raise ValueError("a segment is not a transport stream")
