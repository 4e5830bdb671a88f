"""Which level of a codec holds a picture of some size and rate. Pure; knows no encoder and no file."""

from __future__ import annotations

import math
from typing import NamedTuple

from pipeline.job import Codec


class CodecLevel(NamedTuple):
    """A level: the number that a stream carries, its name, and the most it holds of a picture and of a second of it.

    H.264 counts macroblocks, the others luma samples. `longest` is the longest side of a picture in the same unit.
    """

    number: int
    name: str
    picture: int
    second: int
    longest: float


def _h264(number: int, second: int, picture: int) -> CodecLevel:
    # ITU-T H.264, A.3.1: neither side is longer than the square root of eight times the largest picture
    return CodecLevel(number, f"{number // 10}.{number % 10}", picture, second, math.sqrt(8 * picture))


def _hevc(number: int, picture: int, second: int) -> CodecLevel:
    # ITU-T H.265, A.4.1
    return CodecLevel(number, f"{number // 30}.{number % 30 // 3}", picture, second, math.sqrt(8 * picture))


def _av1(number: int, picture: int, longest: int, second: int) -> CodecLevel:
    return CodecLevel(number, f"{2 + number // 4}.{number % 4}", picture, second, longest)


# ITU-T H.264, table A-1; level 1b, which no encoder here makes, is left out
H264_LEVELS = (
    _h264(10, 1_485, 99),
    _h264(11, 3_000, 396),
    _h264(12, 6_000, 396),
    _h264(13, 11_880, 396),
    _h264(20, 11_880, 396),
    _h264(21, 19_800, 792),
    _h264(22, 20_250, 1_620),
    _h264(30, 40_500, 1_620),
    _h264(31, 108_000, 3_600),
    _h264(32, 216_000, 5_120),
    _h264(40, 245_760, 8_192),
    _h264(41, 245_760, 8_192),
    _h264(42, 522_240, 8_704),
    _h264(50, 589_824, 22_080),
    _h264(51, 983_040, 36_864),
    _h264(52, 2_073_600, 36_864),
    _h264(60, 4_177_920, 139_264),
    _h264(61, 8_355_840, 139_264),
    _h264(62, 16_711_680, 139_264),
)

# ITU-T H.265, tables A.8 and A.9; the stream carries thirty times the level
HEVC_LEVELS = (
    _hevc(30, 36_864, 552_960),
    _hevc(60, 122_880, 3_686_400),
    _hevc(63, 245_760, 7_372_800),
    _hevc(90, 552_960, 16_588_800),
    _hevc(93, 983_040, 33_177_600),
    _hevc(120, 2_228_224, 66_846_720),
    _hevc(123, 2_228_224, 133_693_440),
    _hevc(150, 8_912_896, 267_386_880),
    _hevc(153, 8_912_896, 534_773_760),
    _hevc(156, 8_912_896, 1_069_547_520),
    _hevc(180, 35_651_584, 1_069_547_520),
    _hevc(183, 35_651_584, 2_139_095_040),
    _hevc(186, 35_651_584, 4_278_190_080),
)

# AV1 bitstream specification, annex A.3; the stream carries seq_level_idx
AV1_LEVELS = (
    _av1(0, 147_456, 2_048, 4_423_680),
    _av1(1, 278_784, 2_816, 8_363_520),
    _av1(4, 665_856, 4_352, 19_975_680),
    _av1(5, 1_065_024, 5_504, 31_950_720),
    _av1(8, 2_359_296, 6_144, 70_778_880),
    _av1(9, 2_359_296, 6_144, 141_557_760),
    _av1(12, 8_912_896, 8_192, 267_386_880),
    _av1(13, 8_912_896, 8_192, 534_773_760),
    _av1(14, 8_912_896, 8_192, 1_069_547_520),
    _av1(16, 35_651_584, 16_384, 1_069_547_520),
    _av1(17, 35_651_584, 16_384, 2_139_095_040),
    _av1(18, 35_651_584, 16_384, 4_278_190_080),
)

LEVELS = {Codec.H264: H264_LEVELS, Codec.HEVC: HEVC_LEVELS, Codec.AV1: AV1_LEVELS}

LEAST_LEVEL = {Codec.H264: 30, Codec.HEVC: 90, Codec.AV1: 4}
"""Level 3.0: below, levels differ by bits rather than by pictures, and every device plays them."""

ROUNDING = 1.001
"""A rate of 30 frames a second measured as 30.0003 is still held by the level for 30."""


def lowest_level(codec: Codec, width: int, height: int, frame_rate: float) -> CodecLevel | None:
    """Return the lowest level for a picture's size and rate, as Apple's 1.11 asks for; None where no level holds it."""
    across, down = (math.ceil(width / 16), math.ceil(height / 16)) if codec is Codec.H264 else (width, height)
    second = across * down * frame_rate / ROUNDING
    for level in LEVELS[codec]:
        if across * down <= level.picture and second <= level.second and max(across, down) <= level.longest:
            return level
    return None


def level_to_tell(codec: Codec, width: int, height: int, frame_rate: float) -> CodecLevel | None:
    """Return the level that an encoder is told: the lowest that holds the picture, at least 3.0; None for none."""
    lowest = lowest_level(codec, width, height, frame_rate)
    return (
        None
        if lowest is None
        else next(level for level in LEVELS[codec] if level.number >= max(lowest.number, LEAST_LEVEL[codec]))
    )


def level_name(codec: Codec, number: int) -> str:
    """Return the name that people use for the level that a stream carries."""
    return next((level.name for level in LEVELS[codec] if level.number == number), str(number))
