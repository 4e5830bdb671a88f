"""Names codecs as a playlist declares them (RFC 6381), from what a stream's headers say.

Pure; knows no container and no file.

Headers come as demuxers give them: a decoder configuration record from MP4, parameter sets in Annex B form from
MPEG-TS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import EncodeError

SPS_NAL_TYPE = 7
"""ITU-T H.264, table 7-1: sequence parameter set."""

HEVC_SPS_NAL_TYPE = 33
"""ITU-T H.265, table 7-1: sequence parameter set."""

AVCC_SPS = slice(1, 4)
"""ISO/IEC 14496-15, 5.3.3.1.2: profile, constraints and level stand in an avcC after its version."""

PROFILE_TIER_LEVEL_BYTES = 12
"""ITU-T H.265, 7.3.3: general profile, compatibility, constraints and level, before the sub-layers' own."""

AUDIO_NAMES = {"aac": "mp4a.40.2", "ac3": "ac-3", "eac3": "ec-3"}
"""mp4a.40.2: MPEG-4 audio, AAC LC (RFC 6381, 3.3); ac-3 and ec-3: ETSI TS 102 366, annex F."""

AAC_PROFILE = "LC"


@dataclass(frozen=True, kw_only=True)
class Colour:
    """The code points of ITU-T H.273 that a video declares."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


def video_codec(codec: str, extradata: bytes, colour: Colour) -> str:
    """Return the name of a video's codec. Raises EncodeError when the headers do not tell it.

    `codec` is ffmpeg's name: h264, hevc or av1. `extradata` are the stream's headers.
    """
    if codec == "h264":
        return avc_codec(extradata)
    if codec == "hevc":
        return hevc_codec(extradata)
    if codec == "av1":
        return av1_codec(extradata, colour)
    raise EncodeError(f"The encoded video is {codec}, which a stream can't hold: encode the video again.")


def audio_codec(codec: str, profile: str | None) -> str:
    """Return the name of an audio codec from ffmpeg's names for it and its profile. Raises EncodeError for others."""
    if codec not in AUDIO_NAMES or (codec == "aac" and profile != AAC_PROFILE):
        made = f"{codec} {profile}" if profile else codec
        raise EncodeError(f"The encoded audio is {made}, which a stream can't hold: encode the video again.")
    return AUDIO_NAMES[codec]


def avc_codec(extradata: bytes) -> str:
    """Return avc1.PPCCLL, as the first sequence parameter set says (ITU-T H.264, 7.3.2.1.1).

    Raises EncodeError when there is no parameter set.
    """
    if extradata[:1] == b"\x01" and len(extradata) >= AVCC_SPS.stop:
        return f"avc1.{extradata[AVCC_SPS].hex()}"
    for unit in _annex_b_units(extradata):
        if len(unit) >= AVCC_SPS.stop and unit[0] & 0x1F == SPS_NAL_TYPE:
            return f"avc1.{unit[AVCC_SPS].hex()}"
    raise EncodeError("The encoded video declares no H.264 profile: encode the video again.")


def hevc_codec(extradata: bytes) -> str:
    """Return hvc1 with profile, compatibility, tier, level and constraints (ISO/IEC 14496-15, annex E.3).

    Raises EncodeError when there is no parameter set.
    """
    found = _profile_tier_level(extradata)
    if len(found) < PROFILE_TIER_LEVEL_BYTES:
        raise EncodeError("The encoded video declares no H.265 profile: encode the video again.")
    space = ("", "A", "B", "C")[found[0] >> 6]
    tier = "H" if found[0] & 0x20 else "L"
    profile = found[0] & 0x1F
    # the compatibility flags are written with the first flag as the lowest bit
    compatibility = int(f"{int.from_bytes(found[1:5], 'big'):032b}"[::-1], 2)
    constraints = "".join(f".{byte:X}" for byte in found[5:11].rstrip(b"\x00"))
    return f"hvc1.{space}{profile}.{compatibility:X}.{tier}{found[11]}{constraints}"


def av1_codec(extradata: bytes, colour: Colour) -> str:
    """Return av01 with profile, level, tier, depth and colour (AV1 in ISOBMFF, sections 2.3 and 5).

    Raises EncodeError when `extradata` is not an av1C.
    """
    if len(extradata) < 4 or extradata[0] != 0x81:
        raise EncodeError("The encoded video declares no AV1 profile: encode the video again.")
    profile, level = extradata[1] >> 5, extradata[1] & 0x1F
    flags = extradata[2]
    depth = 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    # Whoever leaves the colour out says BT.709 in limited range, so it is always written. Unspecified (2) is BT.709 to
    # players.
    points = (1 if point == 2 else point for point in (colour.primaries, colour.transfer, colour.matrix))
    subsampling = f"{flags >> 3 & 1}{flags >> 2 & 1}{flags & 3}"
    values = ".".join(f"{point:02d}" for point in points)
    return (
        f"av01.{profile}.{level:02d}{'H' if flags & 0x80 else 'M'}.{depth:02d}"
        f".{flags >> 4 & 1}.{subsampling}.{values}.{int(colour.full_range)}"
    )


def _profile_tier_level(extradata: bytes) -> bytes:
    if extradata[:1] == b"\x01":
        # ISO/IEC 14496-15, 8.3.3.1.2: an hvcC has the same bytes in the same order
        return extradata[1 : 1 + PROFILE_TIER_LEVEL_BYTES]
    for unit in _annex_b_units(extradata):
        if unit[0] >> 1 & 0x3F == HEVC_SPS_NAL_TYPE:
            # two bytes of header, one of identifiers; 00 00 03 stands for 00 00 (7.3.1.1)
            return unit[3:].replace(b"\x00\x00\x03", b"\x00\x00")[:PROFILE_TIER_LEVEL_BYTES]
    return b""


def _annex_b_units(extradata: bytes) -> Iterator[bytes]:
    """Cut at start codes; what stands between two of them is a unit (Annex B of H.264 and of H.265)."""
    for unit in extradata.split(b"\x00\x00\x01")[1:]:
        if unit:
            yield unit
