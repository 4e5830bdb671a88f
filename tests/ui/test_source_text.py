"""A source in words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from ui_fakes import media_info

from ui.source_text import audio_text, describe, duration, frame_rate


def test_an_ordinary_video():
    """Duration, size, frame rate and audio stand in one line."""
    assert "0:14 · 1280×720 · 25 fps · Stereo AAC" == describe(media_info())


def test_audio_alone():
    """A source without a video has neither size nor frame rate."""
    assert "0:14 · No video · Stereo AAC" == describe(replace(media_info(), video=None))


def test_a_recording_without_a_declared_duration():
    """It is as long as it can be read."""
    media = replace(media_info(), duration_s=None)
    assert ("0:09", "Length unknown") == tuple(
        describe(m).split(" · ")[0] for m in (replace(media, readable_s=9.2), media)
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0:00"), (59.6, "1:00"), (754, "12:34"), (3600, "1:00:00"), (36061, "10:01:01"), (None, "Length unknown")],
    ids=["less than a second", "rounded up", "minutes", "an hour", "hours", "unknown"],
)
def test_duration(seconds, text):
    """Durations read like a player's clock."""
    assert text == duration(seconds)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (Fraction(25), "25 fps"),
        (Fraction(30000, 1001), "29.97 fps"),
        (Fraction(24000, 1001), "23.98 fps"),
        (Fraction(120), "120 fps"),
    ],
    ids=str,
)
def test_frame_rate(rate, text):
    """Whole rates have no decimals, others at most two."""
    assert text == frame_rate(rate)


@pytest.mark.parametrize(
    ("channels", "codec", "text"),
    [
        (1, "mp3", "Mono MP3"),
        (6, "ac3", "5.1 AC-3"),
        (8, "truehd", "7.1 TrueHD"),
        (3, "pcm_s16le", "3 channels PCM"),
        (2, "wmav2", "Stereo wmav2"),
    ],
    ids=["mono", "5.1", "7.1", "odd", "unknown codec"],
)
def test_audio(channels, codec, text):
    """Channels and codecs have the names that editors use."""
    stream = replace(media_info().audio[0], channels=channels, codec=codec)
    assert text == audio_text((stream,))


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "No audio"), (2, "Stereo AAC, 1 more audio track"), (3, "Stereo AAC, 2 more audio tracks")],
    ids=["none", "two", "three"],
)
def test_number_of_audio_tracks(count, text):
    """No audio and more than one track are said."""
    assert text == audio_text(media_info().audio * count)
