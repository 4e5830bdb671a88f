"""What an editor is told of a source."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.media.source.probe import probe
from pipeline.media.source.source_notes import missing_s, source_notes
from pipeline.media_info import AudioStream

AUDIO = AudioStream(
    codec="aac", channels=2, sample_rate_hz=48_000, language=None, bit_rate=None, start_s=0.0, duration_s=60.0
)
PQ, HLG = {"colour_transfer": "smpte2084"}, {"colour_transfer": "arib-std-b67"}
TEN_BIT = {"pixel_format": "yuv420p10le", "bit_depth": 10}


def test_a_plain_source_needs_no_words(media_info):
    """Nothing is said of what is as usual."""
    assert () == source_notes(media_info(), keep_hdr=False)


@pytest.mark.parametrize(
    ("video", "keep_hdr", "phrases"),
    [
        (PQ | TEN_BIT, False, ("HDR10, converted to SDR",)),
        (PQ | TEN_BIT, True, ("HDR10, kept",)),
        (HLG | TEN_BIT, False, ("HLG, converted to SDR",)),
        (
            HLG | {"pixel_format": "yuv422p12le", "bit_depth": 12},
            True,
            ("HLG, kept", "12-bit 4:2:2 colour, made 10-bit 4:2:0"),
        ),
        ({"colour_primaries": "smpte432"}, False, ("Display P3 colours, converted to BT.709",)),
        (
            {"colour_primaries": "bt2020"} | TEN_BIT,
            False,
            ("BT.2020 colours, converted to BT.709", "10-bit, made 8-bit"),
        ),
        ({"colour_primaries": "bt470bg", "colour_space": "bt470bg"}, False, ()),
        (TEN_BIT, True, ("10-bit, made 8-bit",)),
        ({"pixel_format": "yuv422p10le", "bit_depth": 10}, False, ("10-bit 4:2:2 colour, made 8-bit 4:2:0",)),
        ({"pixel_format": "yuvj444p"}, False, ("4:4:4 colour, made 4:2:0",)),
        ({"pixel_format": "p010le", "bit_depth": 10}, False, ("10-bit, made 8-bit",)),
        ({"pixel_format": "gbrp"}, False, ("RGB colour, made 4:2:0",)),
        ({"pixel_format": "yuva420p"}, False, ("transparent parts, made opaque",)),
        ({"pixel_format": "bgra", "codec": "gif"}, False, ("RGB colour, made 4:2:0",)),
        ({"pixel_format": "gray"}, False, ()),
        ({"interlaced": True}, False, ("interlaced, made progressive",)),
        ({"interlaced": True, "interlaced_in_part": True}, False, ("interlaced in part, made progressive",)),
        ({"frame_rate": Fraction(120)}, False, ("120 fps, reduced to 60",)),
        ({"frame_rate": Fraction(120_000, 1001)}, False, ("119.88 fps, reduced to 59.94",)),
        ({"rotation": 90}, False, ("rotated, made upright",)),
        ({"sample_aspect_ratio": Fraction(64, 45)}, False, ("anamorphic, made square pixels",)),
    ],
)
def test_what_is_unusual_in_the_video_is_said(media_info, video, keep_hdr, phrases):
    """What it is and what is made of it."""
    assert phrases == source_notes(media_info(**video), keep_hdr=keep_hdr)


@pytest.mark.parametrize(
    ("readable_s", "phrases"),
    [
        (None, ()),
        (60.2, ()),
        (59.1, ()),
        (57.0, ("ends 3 s before the length that it declares",)),
    ],
)
def test_what_is_missing_at_the_end_is_said(media_info, readable_s, phrases):
    """From a second on, where the end could be found."""
    assert phrases == source_notes(replace(media_info(), readable_s=readable_s), keep_hdr=False)


@pytest.mark.parametrize(("missing", "text"), [(60.0, "1 min"), (754.4, "12 min 34 s")], ids=["a minute", "minutes"])
def test_much_that_is_missing_is_said_in_minutes(media_info, missing, text):
    """Seconds are for what is less than a minute."""
    audio = replace(AUDIO, duration_s=3600.0)
    media = replace(media_info(audio=(audio,), duration_s=3600.0), readable_s=3600.0 - missing)
    assert (f"ends {text} before the length that it declares",) == source_notes(media, keep_hdr=False)


def test_nothing_is_missing_where_a_duration_is_not_known(media_info):
    """A recording without a declared duration can't be short of it."""
    media = media_info(audio=(), duration_s=None)
    video = replace(media.video, duration_s=None)
    assert 0.0 == missing_s(replace(media, video=video, readable_s=10.0))


@pytest.mark.parametrize(
    ("tracks", "surround", "phrases"),
    [
        ([], False, ("no audio",)),
        ([{"channels": 1}], False, ()),
        ([{"channels": 6}], False, ("5.1 audio, mixed to stereo",)),
        ([{"channels": 6}], True, ("5.1 audio, 5.1 and stereo made",)),
        ([{"channels": 4}], True, ("4-channel audio, mixed to stereo",)),
        ([{"language": "en"}, {"language": "de", "default": True}], False,
         ("2 audio tracks: English, German (default)",)),
        ([{"language": "en", "title": "Main"}, {"language": "en", "title": "Commentary"}], False,
         ("2 audio tracks: English (Main) (default), English (Commentary)",)),
        ([{}, {"title": "Music"}], False, ("2 audio tracks: unknown language (default), Music",)),
    ],
)  # fmt: skip
def test_what_is_unusual_in_the_audio_is_said(media_info, tracks, surround, phrases):
    """No audio, more than one track, more than two channels."""
    media = media_info(audio=tuple(replace(AUDIO, **track) for track in tracks))
    assert phrases == source_notes(media, keep_hdr=False, surround=surround)


def test_the_most_important_comes_first(media_info):
    """Damage, then the video from what is seen most, then the audio."""
    media = media_info(audio=(), interlaced=True, rotation=90, **PQ, **TEN_BIT)
    assert (
        "ends 5 s before the length that it declares",
        "HDR10, converted to SDR",
        "interlaced, made progressive",
        "rotated, made upright",
        "no audio",
    ) == source_notes(replace(media, readable_s=55.0), keep_hdr=False)


@pytest.mark.parametrize(
    ("kind", "phrases"),
    [
        ("audio only", ("audio only: an audio stream",)),
        ("truncated mkv", ("ends 3 s before the length that it declares",)),
        ("prores", ("10-bit 4:2:2 colour, made 8-bit 4:2:0",)),
        ("audio tracks", ("3 audio tracks: English, German (default), Commentary",)),
    ],
)
def test_real_sources_are_described(source_clip, kind, phrases):
    """What the probe finds is what the phrases need."""
    assert phrases == source_notes(probe(source_clip(kind)), keep_hdr=False)
