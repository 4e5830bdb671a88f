"""What a compressed frame says of itself: profile, level, and whether a frame can be the first one.

Reads bits, no files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.job import Codec

H264_SPS, H264_IDR = 7, 5
HEVC_SPS = 33
HEVC_STARTS = range(16, 22)
"""Broken link, instantaneous refresh and clean random access frames (ITU-T H.265, table 7-1)."""

AV1_SEQUENCE_HEADER = 1


@dataclass(frozen=True, kw_only=True)
class VideoHeader:
    """Profile, level and tier as the stream's own header has them; `name` is how CODECS should give them (RFC 6381)."""

    codec: Codec
    profile: int
    level: int
    tier: int
    name: str


def video_header(name: str, extradata: bytes, bit_depth: int) -> VideoHeader | None:
    """Return what a stream's header says, None where it has none or HLS does not know the codec.

    `name` is libavcodec's; `extradata` is avcC, hvcC, av1C or Annex B.
    """
    if name == "h264":
        sps = (
            extradata[1:4]
            if extradata[:1] == b"\x01"
            else next((u[1:4] for u in _annex_b(extradata) if u[0] & 0x1F == H264_SPS), b"")
        )
        if len(sps) < 3:
            return None
        return VideoHeader(codec=Codec.H264, profile=sps[0], level=sps[2], tier=0, name=f"avc1.{sps.hex()}")
    if name == "hevc":
        return _hevc(extradata)
    if name == "av1" and len(extradata) >= 4 and extradata[0] == 0x81:  # AV1 in ISOBMFF, 2.3.3
        profile, level, tier = extradata[1] >> 5, extradata[1] & 0x1F, extradata[2] >> 7
        text = f"av01.{profile}.{level:02}{'H' if tier else 'M'}.{bit_depth:02}"
        return VideoHeader(codec=Codec.AV1, profile=profile, level=level, tier=tier, name=text)
    return None


def starts_clean(codec: Codec, extradata: bytes, frame: bytes) -> bool:
    """Whether a frame needs none before it: H.264's IDR, H.265's random access frames, AV1's sequence header."""
    if codec is Codec.AV1:
        return AV1_SEQUENCE_HEADER in _obu_types(frame)
    if codec is Codec.H264:
        units = _annex_b(frame) if extradata[:1] != b"\x01" else _counted(frame, (extradata[4] & 3) + 1)
        return any(unit[0] & 0x1F == H264_IDR for unit in units)
    hvcc = extradata[:1] == b"\x01" and len(extradata) > 22
    units = _counted(frame, (extradata[21] & 3) + 1) if hvcc else _annex_b(frame)
    return any(unit[0] >> 1 & 0x3F in HEVC_STARTS for unit in units)


def _hevc(extradata: bytes) -> VideoHeader | None:
    if extradata[:1] == b"\x01" and len(extradata) > 22:
        general = extradata[1:13]  # ISO/IEC 14496-15, 8.3.3.1.2
    else:
        sps = next((u for u in _annex_b(extradata) if u[0] >> 1 & 0x3F == HEVC_SPS), b"")
        general = sps.replace(b"\0\0\3", b"\0\0")[3:15]  # ITU-T H.265, 7.3.2.2.1, without emulation prevention
    if len(general) < 12:
        return None
    profile, tier, level = general[0] & 0x1F, general[0] >> 5 & 1, general[11]
    space = ("", "A", "B", "C")[general[0] >> 6]
    compatible = int(f"{int.from_bytes(general[1:5], 'big'):032b}"[::-1], 2)
    constraints = general[5:11].rstrip(b"\0")
    # ISO/IEC 14496-15, annex E.3
    parts = [
        "hvc1",
        f"{space}{profile}",
        f"{compatible:X}",
        f"{'H' if tier else 'L'}{level}",
        *(f"{byte:X}" for byte in constraints),
    ]
    return VideoHeader(codec=Codec.HEVC, profile=profile, level=level, tier=tier, name=".".join(parts))


def _annex_b(data: bytes) -> Iterator[bytes]:
    """Yield the head of each unit after a start code: enough for its type and a parameter set's first fields."""
    at = -1
    while (at := data.find(b"\0\0\1", at + 1)) >= 0:
        if at + 3 < len(data):
            yield data[at + 3 : at + 40]


def _counted(data: bytes, length_size: int) -> Iterator[bytes]:
    at = 0
    while at + length_size < len(data):
        length = int.from_bytes(data[at : at + length_size], "big")
        yield data[at + length_size : at + length_size + 1]
        at += length_size + length


def _obu_types(data: bytes) -> Iterator[int]:
    """Yield the types of a temporal unit's OBUs (AV1 bitstream specification, 5.3)."""
    at = 0
    while at < len(data):
        header = data[at]
        yield header >> 3 & 0xF
        at += 2 if header & 4 else 1
        if not header & 2:
            return
        size = shift = 0
        while at < len(data):
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        at += size
