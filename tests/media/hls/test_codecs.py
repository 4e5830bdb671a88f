"""Codec names are read from headers, never guessed."""

from __future__ import annotations

import av
import pytest
from small_streams import X264, X265, make_video_rendition, pattern, run_ffmpeg

from pipeline.errors import EncodeError
from pipeline.media.hls.codecs import Colour, audio_codec, av1_codec, avc_codec, hevc_codec, video_codec
from pipeline.media.hls.measure import measure

BT2100 = Colour(primaries=9, transfer=16, matrix=9, full_range=False)
UNKNOWN = Colour(primaries=2, transfer=2, matrix=2, full_range=True)
BT709 = Colour(primaries=1, transfer=1, matrix=1, full_range=False)


@pytest.mark.parametrize(
    "extradata",
    [
        pytest.param("00000001 09f0 000001 6764001f acd9 00000001 68efbcb0", id="Annex B, another unit first"),
        pytest.param("0164001f ffe1 0004 6764001f 01 00 04 68efbcb0", id="avcC"),
    ],
)
def test_the_codec_of_h264(extradata):
    """Profile, constraints and level of the parameter set, in either form of headers."""
    assert "avc1.64001f" == avc_codec(bytes.fromhex(extradata))


@pytest.mark.parametrize(
    ("extradata", "name"),
    [
        pytest.param("01 01 60000000 900000000000 5d f000 fc fd", "hvc1.1.6.L93.90", id="hvcC, Main"),
        pytest.param("01 22 20000000 b00000000000 7b f000 fc fd", "hvc1.2.4.H123.B0", id="hvcC, Main 10, high tier"),
        pytest.param("01 01 60000000 000000000000 5d f000 fc fd", "hvc1.1.6.L93", id="no constraints"),
        pytest.param(
            "01 41 60000000 900100000000 5d f000 fc fd", "hvc1.A1.6.L93.90.1", id="profile space, two constraint bytes"
        ),
        pytest.param(
            "00000001 40010c01 00000001 4201 01 01 60000003 00900000 03000003 005d a0",
            "hvc1.1.6.L93.90",
            id="Annex B, escaped",
        ),
    ],
)
def test_the_codec_of_h265(extradata, name):
    """ISO/IEC 14496-15, E.3: compatibility flags turned round, trailing zero constraints left out."""
    assert name == hevc_codec(bytes.fromhex(extradata))


@pytest.mark.parametrize(
    ("extradata", "colour", "name"),
    [
        pytest.param("81 04 4e 00", BT2100, "av01.0.04M.10.0.112.09.16.09.0", id="PQ"),
        pytest.param("81 08 0c 00", BT709, "av01.0.08M.08.0.110.01.01.01.0", id="8 bits"),
        pytest.param("81 0d cc 00", BT709, "av01.0.13H.10.0.110.01.01.01.0", id="high tier"),
        pytest.param("81 08 0c 00", UNKNOWN, "av01.0.08M.08.0.110.01.01.01.1", id="no colour"),
    ],
)
def test_the_codec_of_av1(extradata, colour, name):
    """AV1's binding to MP4, section 5; its example for BT.2100 is the first here."""
    assert name == av1_codec(bytes.fromhex(extradata), colour)


@pytest.mark.parametrize(
    ("codec", "extradata", "words"),
    [
        pytest.param("h264", "0000000109f0", "declares no H.264 profile", id="H.264"),
        pytest.param("hevc", "0000000140010c", "declares no H.265 profile", id="H.265"),
        pytest.param("hevc", "0101", "declares no H.265 profile", id="cut off"),
        pytest.param("av1", "", "declares no AV1 profile", id="AV1"),
        pytest.param("vp9", "", "is vp9, which a stream can't hold", id="another codec"),
    ],
)
def test_headers_without_a_profile_are_refused(codec, extradata, words):
    """No guess is written into the master."""
    with pytest.raises(EncodeError, match=words):
        video_codec(codec, bytes.fromhex(extradata), BT709)


def test_the_codec_of_an_audio_track():
    """AAC-LC, AC-3 and enhanced AC-3; any other kind of audio is an error."""
    assert ["mp4a.40.2", "ac-3", "ec-3"] == [
        audio_codec("aac", "LC"),
        audio_codec("ac3", None),
        audio_codec("eac3", None),
    ]
    with pytest.raises(EncodeError, match="is aac HE-AAC, which a stream can't hold"):
        audio_codec("aac", "HE-AAC")
    with pytest.raises(EncodeError, match="is opus, which"):
        audio_codec("opus", None)


def test_a_real_encoder_s_profile_and_level(tmp_path):
    """What x264 was told is what the name says."""
    codec = [*X264, "-preset", "veryfast", "-profile:v", "high", "-level", "3.1"]
    make_video_rendition(tmp_path, "90p", *pattern(length_s=1), codec=codec)
    assert "avc1.64001f" == measure(tmp_path, "90p").video.codec


def test_h265_has_one_name_in_both_containers(tmp_path):
    """The same stream in MPEG-TS and in MP4 is the same codec."""
    run_ffmpeg(tmp_path, *pattern(length_s=0.2), *X265[:-2], "-pix_fmt", "yuv420p10le", "clip.ts")
    run_ffmpeg(tmp_path, "-i", "clip.ts", "-c", "copy", "-tag:v", "hvc1", "clip.mp4")
    names = []
    for file in ("clip.ts", "clip.mp4"):
        with av.open(str(tmp_path / file)) as container:
            names.append(hevc_codec(container.streams.video[0].codec_context.extradata))
    assert names[0] == names[1]
    assert names[0].startswith("hvc1.2.4.L")
