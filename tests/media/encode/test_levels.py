"""The lowest level for a video."""

from __future__ import annotations

import pytest

from pipeline.job import Codec
from pipeline.media.encode.levels import level_name, lowest_level


@pytest.mark.parametrize(
    ("codec", "width", "height", "rate", "name"),
    [
        (Codec.H264, 1920, 1080, 30, "4.0"),
        (Codec.H264, 1920, 1080, 60, "4.2"),
        (Codec.H264, 1080, 1920, 25, "4.0"),
        (Codec.H264, 1280, 720, 30, "3.1"),
        (Codec.H264, 1280, 720, 60, "3.2"),
        (Codec.H264, 854, 480, 25, "3.0"),
        (Codec.H264, 854, 480, 30, "3.1"),
        (Codec.H264, 640, 360, 30, "3.0"),
        (Codec.H264, 320, 180, 25, "1.2"),
        (Codec.H264, 3840, 2160, 30, "5.1"),
        (Codec.HEVC, 1920, 1080, 30, "4.0"),
        (Codec.HEVC, 1920, 1080, 60, "4.1"),
        (Codec.HEVC, 1280, 720, 30, "3.1"),
        (Codec.HEVC, 640, 360, 30, "2.1"),
        (Codec.AV1, 1920, 1080, 30, "4.0"),
        (Codec.AV1, 1280, 720, 30, "3.1"),
        (Codec.AV1, 640, 360, 30, "2.1"),
    ],
)
def test_the_lowest_level_holds_size_and_rate(codec, width, height, rate, name):
    """Known answers of H.264's table A-1, H.265's A.8 and A.9, and AV1's annex A.3."""
    level = lowest_level(codec, width, height, rate)
    assert level is not None
    assert (name, name) == (level.name, level_name(codec, level.number))


def test_a_measured_rate_needs_no_higher_level():
    """30.0003 frames a second is 30 and a clock's rounding."""
    assert lowest_level(Codec.H264, 1280, 720, 30) == lowest_level(Codec.H264, 1280, 720, 30.0003)


def test_a_long_strip_needs_a_higher_level():
    """A side may not be longer than the level's largest video allows, however few pixels there are."""
    strip, square = lowest_level(Codec.H264, 4096, 64, 1), lowest_level(Codec.H264, 512, 512, 1)
    assert strip is not None
    assert square is not None
    assert strip.number > square.number


def test_no_level_holds_everything():
    """What is larger than the highest level has none."""
    assert lowest_level(Codec.HEVC, 20_000, 20_000, 25) is None
