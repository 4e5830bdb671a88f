"""Clips with closed captions in the video, as broadcasters have them: real H.264 or HEVC,
into which the captions are put.

No ffmpeg puts captions into a video, so the messages that hold them (ITU-T T.35 user data, ATSC A/53) are made here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import av

PADDING = b"\x80\x80"
HEADS = {"h264": b"\x06", "hevc": b"\x4e\x01"}
"""The head of a NAL unit with supplemental enhancement information."""


def pop_on(text: str, start: int, end: int, *, field: int = 0, channel: int = 0) -> dict[int, bytes]:
    """Return a caption of CEA-608 by the number of the frame that carries each two bytes: shown at `start`,
    erased at `end`.

    The text is sent before, two letters a frame; commands are sent twice. `channel` 1 is the second of the field's two.
    """
    letters = [text[at : at + 2].encode("ascii").ljust(2) for at in range(0, len(text), 2)]
    control = bytes(((0x15 if field else 0x14) | channel << 3,))
    load, memory, row = ([control + command] * 2 for command in (b"\x20", b"\x2e", b"\x70"))
    before = [*load, *memory, *row, *letters]
    pairs = before + [control + b"\x2f"] * 2
    first = start - len(before)
    placed = {first + number: pair for number, pair in enumerate(pairs)} | {
        end: control + b"\x2c",
        end + 1: control + b"\x2c",
    }
    return with_parity(placed)


def with_parity(pairs: Mapping[int, bytes]) -> dict[int, bytes]:
    """Return pairs of bytes by the number of their frame as they are sent."""
    return {frame: bytes(_odd_parity(value) for value in pair) for frame, pair in pairs.items()}


def captioned(
    source: Path,
    target: Path,
    *fields: Mapping[int, bytes],
    rate: int = 25,
    more: Sequence[bytes] = (),
    codec: str = "h264",
    first: int = 0,
    sparse: bool = False,
) -> Path:
    """Copy a file whose video is H.264 or HEVC, and put captions into each frame from number `first` on.

    `fields` is one mapping a field, `more` comes in every frame. With `sparse` only frames that carry text get any,
    as OBS does it.
    """
    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        streams = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        for stream in read.streams:
            streams[stream.index].metadata.update(stream.metadata)
        for packet in read.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                frame = round(float(packet.pts * packet.time_base) * rate)
                triplets = [bytes((0xFC | number,)) + field.get(frame, PADDING) for number, field in enumerate(fields)]
                if frame >= first and not (sparse and all(frame not in field for field in fields)):
                    packet = _with_message(packet, _message(b"".join([*triplets, *more]), codec))
            packet.stream = streams[packet.stream.index]
            write.mux(packet)
    return target


def _with_message(packet: av.Packet, message: bytes) -> av.Packet:
    made = av.Packet(len(message).to_bytes(4, "big") + message + bytes(packet))
    made.pts, made.dts, made.duration, made.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    made.is_keyframe, made.stream = packet.is_keyframe, packet.stream
    return made


def _message(triplets: bytes, codec: str) -> bytes:
    user_data = b"\xb5\x00\x31GA94\x03" + bytes((0xC0 | len(triplets) // 3, 0xFF)) + triplets + b"\xff"
    return HEADS[codec] + b"\x04" + bytes((len(user_data),)) + user_data + b"\x80"


def _odd_parity(value: int) -> int:
    return value if value.bit_count() % 2 else value | 0x80
