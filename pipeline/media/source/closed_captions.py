"""Finds closed captions in the video (CEA-608 and 708, ATSC A/53), and reads 608 as cues.

What they say is decoded by libavcodec; this module only takes the bytes out of the coded frames, which costs no
decoding.
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
from pipeline.media.source.subtitle_tracks import CHECK_EVERY, cues_of_events, events_in, until_broken
from pipeline.media_info import CaptionForm, MediaInfo
from pipeline.speech.cues import MAX_CUE_S, Cue

CHANNELS = {0: ("CC1", "CC2"), 1: ("CC3", "CC4")}
"""The names of the two channels of each field of a frame, as in a playlist's INSTREAM-ID (CEA-608)."""

_MARK = b"GA94\x03"
"""ATSC A/53 part 4, 6.2.3: user data of ATSC, of the type cc_data."""

_REORDERED = 32
"""How many frames have to be sorted at once: no codec reorders more than 16."""

HEAD_BYTES, KEYFRAME_HEAD_BYTES = 512, 4096
"""Within how many bytes of a coded frame captions begin: before it, and in a keyframe after its headers."""

_CONTROL = range(0x10, 0x20)
"""First bytes of the control codes of CEA-608, without their parity."""

_SECOND_CHANNEL = 0x08
"""The bit of a control code's first byte by which it is for the second channel of its field."""

_OTHER_DATA = range(0x01, 0x10)
"""First bytes that begin, continue or end (the last) a packet of XDS, such as a name (CEA-608, 9)."""

_TEXT_MODE, _CAPTION_MODE = (0x2A, 0x2B), (0x20, 0x25, 0x26, 0x27, 0x29, 0x2F)
"""Commands after which a channel carries pages of text (T1 to T4), and those after which it carries captions again."""

_COMMANDS = (0x14, 0x15)
"""First bytes of commands, but for the bit of the channel."""

_ERASE = b"\x94\x2c"
"""The command of CEA-608 that erases the displayed memory; commands are sent twice."""

_SCC_TICK_MS = 33
"""The step of time in a Scenarist file as libavformat reads it (sccdec.c)."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel of closed captions: its INSTREAM-ID, when it first says anything, and what can be read of it."""

    name: str
    first_s: float
    cues: tuple[Cue, ...] = ()


def caption_data(frame: bytes) -> bytes:
    """Return the caption data of a coded frame (H.264, HEVC, MPEG-2), three bytes each, or nothing."""
    found = b""
    at = frame.find(_MARK)
    while at >= 0:
        # a coded frame has no three such bytes in a row: a 3 stands between them (ITU-T H.264, 7.3.1)
        data = frame[at + len(_MARK) : at + len(_MARK) + 160].replace(b"\x00\x00\x03", b"\x00\x00")
        count = data[0] & 0x1F if len(data) > 1 and data[0] & 0x40 else 0
        if count and len(data) > 2 + 3 * count and data[2 + 3 * count] == 0xFF:  # the marker after the last
            found += data[2 : 2 + 3 * count]
        at = frame.find(_MARK, at + 1)
    return found


def holds_captions(packet: Any) -> bool:  # noqa: ANN401  # PyAV's packet
    """Whether a packet of a frame has caption data, be it nothing but padding.

    Asked of every packet of a source: quick.
    """
    head = bytes(memoryview(packet)[: KEYFRAME_HEAD_BYTES if packet.is_keyframe else HEAD_BYTES])
    return _MARK in head and bool(caption_data(head))


def caption_form(captions: Iterable[bytes]) -> CaptionForm | None:
    """Return what the caption data of some frames are that do not follow one another, None where they have none."""
    forms = {_form(*triplet) for data in captions for triplet in zip(data[0::3], data[1::3], data[2::3], strict=False)}
    return next(
        (form for form in (CaptionForm.CEA_608, CaptionForm.CEA_708, CaptionForm.PADDING) if form in forms), None
    )


def read_closed_captions(media: MediaInfo, cancel: CancelToken) -> tuple[Channel, ...]:
    """Return the channels in which anything is said, times in seconds from the source's first moment.

    Raises SourceError, Cancelled.

    Services of 708 only where there is nothing of 608. Where no coded frame holds data as A/53 has them, as those of
    a DVD, the frames are decoded.
    """
    assert media.video is not None
    import av.error

    said = _Said()
    try:
        for read in (_from_packets, _from_frames):
            said.add(read(media, cancel))
            if said.any:
                break
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{media.path} can't be read: the file is broken or was moved.") from error
    for spoken in (said.words, said.services):
        channels = [_channel(name, words, media.limit_s) for name, words in sorted(spoken.items())]
        if any(channels):
            return tuple(channel for channel in channels if channel is not None)
    return ()


def channels_in(segment: bytes) -> frozenset[str]:
    """Return the channels that say anything in a segment, which must begin with its initialization section."""
    import av

    with av.open(io.BytesIO(segment)) as container:
        packets = until_broken(container.demux(container.streams.video[0]))
        said = _Said()
        said.add((0.0, caption_data(bytes(packet))) for packet in packets if packet.size)
        return frozenset((*said.words, *said.services))


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


def _form(marker: int, first: int, second: int) -> CaptionForm:
    """Return what three bytes of caption data are by themselves:
    of letters in field 2 nobody could say whether they are XDS.
    """
    kind = marker & 3 if marker & 4 else None
    if kind == 3 and _service(second):
        return CaptionForm.CEA_708
    first, second = first & 0x7F, second & 0x7F
    said = (first in _CONTROL) or (kind == 0 and bool(first or second) and first not in _OTHER_DATA)
    return CaptionForm.CEA_608 if kind in CHANNELS and said else CaptionForm.PADDING


def _service(head: int) -> int:
    """Return the number of a service of 708 by the head of its block, 0 where that is empty (CEA-708, 6.2)."""
    return head >> 5 if head & 0x1F else 0


class _Said:
    """What is said in caption data, by the names of the channels of 608 and the services of 708, with its times.

    `any` tells whether there were data, if only padding. A/53 part 4, table 6.7: three bytes are a marker with valid
    and type, and two of data. Types 0 and 1 are the fields of 608; 3 begins a packet of 708, whose second byte heads
    its first service.
    """

    def __init__(self) -> None:
        self.any = False
        self.words: dict[str, list[tuple[float, bytes]]] = defaultdict(list)
        self.services: dict[str, list[tuple[float, bytes]]] = defaultdict(list)
        self._fields = {kind: _Field(names) for kind, names in CHANNELS.items()}

    def add(self, captions: Iterable[tuple[float, bytes]]) -> None:
        """Note what is more than padding; times must come in their order."""
        for time_s, data in captions:
            self.any = self.any or bool(data)
            for marker, first, second in zip(data[0::3], data[1::3], data[2::3], strict=False):
                kind = marker & 3
                if not marker & 4:
                    continue
                if kind == 3 and _service(second):
                    self.services[f"SERVICE{_service(second)}"].append((time_s, b""))
                if kind in CHANNELS:
                    self._take_pair(kind, time_s, first & 0x7F, second & 0x7F)

    def _take_pair(self, kind: int, time_s: float, first: int, second: int) -> None:
        if not (first or second):
            return
        channel = self._fields[kind].channel(first, second)
        if channel is not None:
            # the decoder knows first channels alone
            first = first & ~_SECOND_CHANNEL if first in _CONTROL else first
            self.words[channel].append((time_s, bytes((_odd_parity(first), _odd_parity(second)))))


class _Field:
    """A field of the frame: two channels in turn, pages of text, in field 2 also XDS packets (CEA-608)."""

    def __init__(self, names: tuple[str, str]) -> None:
        self._names = names
        self._channel: str | None = None
        self._in_other_data = False
        self._in_text = False

    def channel(self, first: int, second: int) -> str | None:
        """Return the channel for which two bytes without parity are, None where they are not a caption."""
        if first in _OTHER_DATA:
            self._in_other_data = first != _OTHER_DATA[-1]
            return None
        if first in _CONTROL:
            self._in_other_data = False
            self._channel = self._names[bool(first & _SECOND_CHANNEL)]
            if first & ~_SECOND_CHANNEL in _COMMANDS and second in (*_TEXT_MODE, *_CAPTION_MODE):
                self._in_text = second in _TEXT_MODE
        return None if self._in_other_data or self._in_text else self._channel


def _odd_parity(value: int) -> int:
    """Return a byte of 608 with its parity put right, as decoders in players do not mind it either."""
    seven = value & 0x7F
    return seven if seven.bit_count() % 2 else seven | 0x80


def _channel(name: str, words: list[tuple[float, bytes]], limit_s: float | None) -> Channel | None:
    """Return what a channel says, None where it says nothing in the part of the source that is wanted."""
    is_608 = bool(words[0][1])
    # letters alone tell nobody for whom they are
    first_s = next(
        (time_s for time_s, pair in words if time_s >= 0 and not (is_608 and pair[0] & 0x7F not in _CONTROL)), None
    )
    if not is_608:  # libavcodec has no decoder for 708
        said = first_s is not None and (limit_s is None or first_s < limit_s)
        return Channel(name=name, first_s=first_s or 0.0) if said else None
    cues = tuple(cue for cue in _decoded(words) if limit_s is None or cue.start_s < limit_s)
    return Channel(name=name, first_s=first_s or 0.0, cues=cues) if cues else None


def _decoded(words: list[tuple[float, bytes]]) -> list[Cue]:
    """Decode one channel: libavformat gets it as field 1 of a Scenarist file, which every version reads."""
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
                end = (
                    None
                    if duration_s is None
                    else exact.get(round((start_s + duration_s) * 1000), origin_s + start_s + duration_s)
                )
                events.append((start, None if end is None else end - start, text))
    return cues_of_events(events)
