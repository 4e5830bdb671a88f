"""Closed captions in the picture: found without decoding, and read as they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from caption_clips import captioned, pop_on
from source_clips import AAC, H264, TEN_BIT_HEVC, picture, run, sound

from pipeline.cancel import CancelToken
from pipeline.media.closed_captions import Channel, caption_data, read_closed_captions
from pipeline.media.probe import probe
from pipeline.speech.cues import Cue

SAID = b"GA94\x03\xc2\xff\xfc\x94\x20\xfd\x80\x80\xff"
B_FRAMES = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p")
FIRST = pop_on("Hello, world", 25, 40) | pop_on("Bye", 60, 70)
SECOND = pop_on("Hola", 30, 50, field=1)


@pytest.mark.parametrize(
    ("picture_bytes", "data"),
    [
        pytest.param(b"\x06\x04\x0e\xb5\x00\x31" + SAID + b"\x80", b"\xfc\x94\x20\xfd\x80\x80", id="H.264"),
        pytest.param(b"\x00\x00\x01\xb2" + SAID + b"\x00\x00\x01\x01", b"\xfc\x94\x20\xfd\x80\x80", id="MPEG-2"),
        pytest.param(SAID.replace(b"\xfd\x80\x80", b"\xf8\x00\x00\x03"), b"\xfc\x94\x20\xf8\x00\x00", id="emulation prevention"),
        pytest.param(SAID + SAID, b"\xfc\x94\x20\xfd\x80\x80" * 2, id="twice"),
        pytest.param(SAID[:-1] + b"\x00", b"", id="no marker at the end: other bytes that look like it"),
        pytest.param(SAID[:7], b"", id="cut off"),
        pytest.param(SAID.replace(b"\xc2", b"\x82"), b"", id="not to be processed"),
        pytest.param(b"\x65" * 50, b"", id="none"),
    ],
)
def test_caption_data_of_a_coded_picture(picture_bytes, data):
    """Three bytes a pair, whatever the codec packs them in."""
    assert data == caption_data(picture_bytes)


def _clip(folder: Path, name: str, *codec: str, rate: str = "25") -> Path:
    return run(folder, name, *picture(rate=rate), *sound(), *codec, *AAC)


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        pytest.param("a.mp4", H264, "h264", id="MP4"),
        pytest.param("a.mkv", B_FRAMES, "h264", id="Matroska, B-frames"),
        pytest.param("a.mp4", TEN_BIT_HEVC, "hevc", id="HEVC"),
    ],
)
def test_captions_are_read_at_the_times_at_which_they_show(tmp_path, name, codec, kind):
    """Two channels, from the coded pictures in the order in which these are shown."""
    clip = captioned(_clip(tmp_path, "plain.mp4", *codec), tmp_path / name, FIRST, SECOND, codec=kind)
    media = probe(clip)
    assert media.video.closed_captions

    def at(seconds):
        return pytest.approx(seconds + media.video.start_s, abs=0.002)

    assert (
        Channel(
            name="CC1",
            first_s=at(0.52),
            cues=(
                Cue(start_s=at(1.0), end_s=at(1.6), text="Hello, world"),
                Cue(start_s=at(2.4), end_s=at(2.8), text="Bye"),
            ),
        ),
        Channel(
            name="CC3",
            first_s=at(0.88),
            cues=(Cue(start_s=at(1.2), end_s=at(2.0), text="Hola"),),
        ),
    ) == read_closed_captions(media, CancelToken())


def test_a_caption_that_is_never_erased_has_an_end(tmp_path):
    """The longest time of a cue."""
    said = {frame: pair for frame, pair in pop_on("Stay", 25, 70).items() if frame < 70}
    media = probe(captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", said))
    (channel,) = read_closed_captions(media, CancelToken())
    assert [("Stay", 1.0, pytest.approx(8.04, abs=0.002))] == [(cue.text, cue.start_s, cue.end_s) for cue in channel.cues]


def test_only_708(tmp_path):
    """Its services are named; nothing here can read them."""
    service = [b"\xff\x02\x22", b"\xfeHi"]  # a packet of four bytes, a block of two for service 1
    media = probe(captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", {}, more=service))
    assert (Channel(name="SERVICE1", first_s=0.0),) == read_closed_captions(media, CancelToken())


def test_padding_is_no_caption(tmp_path):
    """A broadcaster's stream always has the bytes, whether or not anything is said."""
    media = probe(captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", {}))
    assert (True, ()) == (media.video.closed_captions, read_closed_captions(media, CancelToken()))


def test_captions_that_begin_late_are_found(tmp_path):
    """A recording has none before the programme begins."""
    clip = captioned(_clip(tmp_path, "plain.mp4", *H264, "-g", "25"), tmp_path / "a.mp4", pop_on("Bye", 60, 70), first=30)
    media = probe(clip)
    assert media.video.closed_captions
    (channel,) = read_closed_captions(media, CancelToken())
    assert ["Bye"] == [cue.text for cue in channel.cues]


def test_a_plain_picture_has_none(tmp_path):
    """Nothing is looked for where no frame that is looked at has any."""
    assert not probe(_clip(tmp_path, "plain.mp4", *H264)).video.closed_captions
