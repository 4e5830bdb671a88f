"""The probe on real small files, good and bad."""

from __future__ import annotations

import base64
import os
from fractions import Fraction
from operator import attrgetter
from pathlib import Path

import av
import pytest
from source_clips import KINDS, NAMES

from pipeline.errors import SourceError
from pipeline.media.source.probe import probe
from pipeline.media_info import DynamicRange

VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")
AUDIO = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")


def test_a_plain_clip_is_described_in_full(make_clip):
    """Container, size, duration, video and audio are read."""
    clip = make_clip("plain.mp4", *VIDEO, *AUDIO, "-metadata:s:a:0", "language=spa", "-c:a", "aac")
    media = probe(clip)
    assert (320, 180, Fraction(25), "h264", 0) == (
        media.video.width,
        media.video.height,
        media.video.frame_rate,
        media.video.codec,
        media.video.rotation,
    )
    assert [("aac", 1, "es")] == [(a.codec, a.channels, a.language) for a in media.audio]
    assert clip.stat().st_size == media.size_bytes
    assert 1.0 == pytest.approx(media.duration_s, abs=0.06)


FACTS: dict[str, dict[str, object]] = {
    "plain": {"video.interlaced": False, "video.bit_depth": 8, "video.rotation": 0, "readable_s": 3.0, "start_s": 0.0},
    "rotated": {"video.width": 180, "video.height": 320, "video.coded_width": 320, "video.rotation": 90},
    "rotated a little": {"video.width": 320, "video.height": 180, "video.rotation": 10},
    "portrait": {"video.width": 180, "video.height": 320, "video.rotation": 0},
    "anamorphic": {"video.width": 256, "video.height": 144, "video.sample_aspect_ratio": Fraction(64, 45)},
    "anamorphic narrow": {"video.width": 192, "video.height": 144, "video.sample_aspect_ratio": Fraction(16, 15)},
    "odd size": {"video.width": 853, "video.height": 481},
    "variable rate": {"video.frame_rate": Fraction(50, 13), "duration_s": 13.0},
    "120 fps": {"video.frame_rate": Fraction(120)},
    "slides": {"video.frame_rate": Fraction(1), "duration_s": 8.0},
    "interlaced": {"video.interlaced": True, "video.frame_rate": Fraction(25)},
    "interlaced ts": {
        "video.interlaced": True,
        "video.frame_rate": Fraction(25),
        "video.codec": "mpeg2video",
        "video.width": 256,
    },
    "10 bit": {"video.bit_depth": 10, "video.pixel_format": "yuv420p10le"},
    "4:2:2": {"video.bit_depth": 8, "video.pixel_format": "yuv422p"},
    "prores": {
        "video.codec": "prores",
        "video.bit_depth": 10,
        "video.pixel_format": "yuv422p10le",
        "video.interlaced": False,
    },
    "transparent": {"video.codec": "png", "video.pixel_format": "rgba", "video.bit_depth": 8},
    "hdr10": {"video.dynamic_range": DynamicRange.PQ, "video.bit_depth": 10, "video.colour_primaries": "bt2020"},
    "hlg": {"video.dynamic_range": DynamicRange.HLG, "video.bit_depth": 10, "video.colour_space": "bt2020nc"},
    "audio longer": {"video.duration_s": 3.0, "duration_s": 5.0},
    "video later": {"video.start_s": 1.0, "video.duration_s": 2.0, "duration_s": 3.02},
    "silent": {"audio": ()},
    "audio only": {"video": None, "duration_s": 8.0, "readable_s": 8.0},
    "mp3 with cover": {"video": None, "duration_s": 8.0, "readable_s": 8.0},
    "mp4 with cover": {"video.width": 320, "video.frame_rate": Fraction(25)},
    "half second": {"video.duration_s": 0.52, "readable_s": 0.52},
    "attachments": {"video.width": 320, "duration_s": 3.02},
    "avi mpeg4": {"video.codec": "mpeg4", "video.frame_rate": Fraction(25), "readable_s": 3.08},
    "avi mjpeg": {"video.codec": "mjpeg", "video.frame_rate": Fraction(25), "readable_s": 3.0},
    "windows media": {"video.codec": "wmv2", "video.frame_rate": Fraction(25)},
    "webm": {"video.codec": "vp9", "video.frame_rate": Fraction(25), "duration_s": 3.01},
    "webm recorded": {"duration_s": None, "readable_s": 3.0, "video.frame_rate": Fraction(25)},
    "ts": {"start_s": 1.4, "video.start_s": 0.02, "duration_s": 3.02, "readable_s": 3.03},
    "starts late": {"start_s": 1001.38, "video.start_s": 0.02, "duration_s": 3.02},
    "starts between keyframes": {"video.start_s": 1.02, "video.duration_s": 3.0},
    "truncated mp4": {"duration_s": 8.0, "readable_s": 4.88},
    "truncated mkv": {"duration_s": 8.02, "readable_s": 4.88},
    "truncated ts": {"duration_s": 4.94, "readable_s": 4.94},
    "truncated avi": {"duration_s": 8.04, "readable_s": 4.44},
    "damaged middle": {"duration_s": 8.0, "readable_s": 8.0},
}


@pytest.mark.parametrize("kind", FACTS)
def test_each_kind_of_source_is_described_as_it_is(source_clip, kind):
    """Size as shown, rate, fields, depth, colours, times and the readable end are those that the clip was made with."""
    media = probe(source_clip(kind))
    found = {name: attrgetter(name)(media) for name in FACTS[kind]}
    assert FACTS[kind] == {
        name: pytest.approx(value, abs=0.03) if isinstance(value, float) else value for name, value in found.items()
    }


AUDIO_S: dict[str, list[tuple[str, int, str | None, str, bool, float]]] = {
    "surround": [("aac", 6, None, "", True, 0.0)],
    "audio tracks": [
        ("aac", 1, "en", "", False, 0.0),
        ("aac", 1, "de", "", True, 0.0),
        ("aac", 1, None, "Commentary", False, 0.0),
    ],
    "audio later": [("aac", 1, None, "", False, 1.5)],
    "mp3 with cover": [("mp3", 1, None, "", False, 0.0)],
    "webm": [("opus", 1, None, "", False, 0.0)],
    "avi mjpeg": [("pcm_s16le", 1, None, "", False, 0.0)],
}


@pytest.mark.parametrize("kind", AUDIO_S)
def test_each_audio_track_is_described_as_it_is(source_clip, kind):
    """Codec, channels, language, title, whether it is marked as the one to play, and its start."""
    tracks = probe(source_clip(kind)).audio
    assert AUDIO_S[kind] == [
        (t.codec, t.channels, t.language, t.title, t.default, pytest.approx(t.start_s, abs=0.03)) for t in tracks
    ]


@pytest.mark.parametrize(("kind", "audio_s"), [("audio shorter", 1.5), ("audio later", 1.5), ("audio longer", 5.0)])
def test_a_track_is_as_long_as_it_sounds(source_clip, kind, audio_s):
    """A late start does not count as audio, though ffmpeg writes a Matroska track's end as its duration."""
    assert audio_s == pytest.approx(probe(source_clip(kind)).audio[0].duration_s, abs=0.03)


def test_the_video_marked_as_default_is_chosen(make_clip):
    """Of two pictures the file's own choice counts, before their size."""
    two = ("-map", "0", "-map", "1", "-c:v", "mpeg4", "-disposition:v", "0", "-disposition:v:1", "default")
    small = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=0.2")
    assert (1, 160) == (lambda v: (v.index, v.width))(probe(make_clip("two.mkv", *VIDEO, *small, *two)).video)


def test_the_largest_video_is_chosen_where_none_is_marked(make_clip):
    """A transport stream marks nothing."""
    two = ("-map", "0", "-map", "1", "-c:v", "mpeg2video")
    small = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=0.2")
    assert 320 == probe(make_clip("two.ts", *small, *VIDEO, *two)).video.width


def test_a_video_without_duration_and_with_gaps_has_a_believable_rate(make_clip):
    """A clock's rate, such as the 90,000 of a transport stream or the 1,000 of a recorder, is not a frame rate."""
    gaps = ("-vf", "select=not(mod(n\\,7))+not(mod(n\\,3))", "-fps_mode", "vfr", "-c:v", "mpeg4")
    assert 10 <= probe(make_clip("gaps.mkv", *VIDEO, *gaps, "-f", "matroska", "-live", "1")).video.frame_rate <= 25


def test_subtitles_that_go_on_are_not_missing_video(make_clip, tmp_path):
    """A Matroska file's duration may be that of its subtitles; video and audio count."""
    media = probe(make_clip("lines.mkv", *VIDEO, "-i", _long_line(tmp_path), "-c:v", "mpeg4"))
    assert (1.0, 1.0) == (pytest.approx(media.duration_s, abs=0.05), pytest.approx(media.readable_s, abs=0.05))


def test_a_long_subtitle_hides_no_damage(make_clip, tmp_path):
    """One packet near the beginning that lasts to the declared end proves nothing of the video."""
    film = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=8", "-i", _long_line(tmp_path))
    clip = make_clip("film.mp4", *film, "-c:v", "mpeg4", "-c:s", "mov_text", "-movflags", "+faststart")
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    media = probe(clip)
    assert (8.0, True) == (pytest.approx(media.duration_s, abs=0.05), media.readable_s < 5)


def _long_line(folder: Path) -> str:
    lines = folder / "lines.srt"
    lines.write_text("1\n00:00:00,000 --> 00:00:09,000\nHello\n")
    return str(lines)


def test_a_bare_stream_of_audio_is_as_long_as_it_is(make_clip):
    """Its duration is nowhere declared, and what ffmpeg reckons from the first bit rate is far off."""
    source = ("-f", "lavfi", "-i", "aevalsrc='if(gt(t,2),random(0)-0.5,0)':s=48000:d=8")
    clip = make_clip("bare.mp3", *source, "-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", "-id3v2_version", "0")
    assert (8.0, 8.0) == (
        pytest.approx(probe(clip).duration_s, abs=0.1),
        pytest.approx(probe(clip).readable_s, abs=0.1),
    )


def test_a_broken_source_s_rate_is_that_of_what_is_there(source_clip):
    """Spread over the declared duration it would be too low, and so would the stream's."""
    clip = source_clip("truncated mkv")
    assert clip.stat().st_size * 8 / 4.88 == pytest.approx(probe(clip).video.bit_rate, rel=0.01)


def test_damage_at_the_beginning_is_passed_over(make_clip):
    """The first frame that can be decoded describes the video."""
    clip = make_clip("broken.mp4", *VIDEO, "-c:v", "libx264", "-preset", "ultrafast", "-g", "5")
    with av.open(str(clip)) as container:
        first = next(container.demux(video=0))
    data = bytearray(clip.read_bytes())
    data[first.pos : first.pos + first.size] = b"\xff" * first.size
    clip.write_bytes(data)
    assert (320, 180) == (lambda v: (v.width, v.height))(probe(clip).video)


def _missing(folder: Path) -> Path:
    return folder / "missing.mp4"


def _empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.write_bytes(b"")
    return path


def _text(folder: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("this is not a video\n" * 50)
    return path


def _folder(folder: Path) -> Path:
    path = folder / "folder.mp4"
    path.mkdir()
    return path


def _pipe(folder: Path) -> Path:
    path = folder / "pipe.mp4"
    os.mkfifo(path)
    return path


def _video(folder: Path) -> Path:
    path = folder / "picture.png"
    path.write_bytes(
        base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        )
    )
    return path


def _one_frame_gif(folder: Path) -> Path:
    path = folder / "picture.gif"
    path.write_bytes(base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="))
    return path


def _subtitles(folder: Path) -> Path:
    path = folder / "lines.srt"
    path.write_text("1\n00:00:00,500 --> 00:00:02,000\nHello\n")
    return path


def _noise(folder: Path) -> Path:
    path = folder / "noise.mkv"
    path.write_bytes(bytes(range(256)) * 400)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(_missing, "was not found", id="missing"),
        pytest.param(_empty, "is empty", id="empty"),
        pytest.param(_text, "is a text, not a video", id="text named mp4"),
        pytest.param(_folder, "is a folder", id="folder"),
        pytest.param(_pipe, "is a pipe, not a file", id="pipe"),
        pytest.param(_video, "is a picture", id="picture"),
        pytest.param(_one_frame_gif, "is a picture", id="gif of one frame"),
        pytest.param(_subtitles, "holds subtitles only", id="subtitles"),
        pytest.param(_noise, "can't be read as a video", id="noise"),
    ],
)
def test_what_is_no_video_gets_one_sentence_that_names_it(tmp_path, make, words):
    """The sentence says what is wrong with which file."""
    path = make(tmp_path)
    with pytest.raises(SourceError) as caught:
        probe(path)
    assert (True, True, 1) == (
        str(path) in str(caught.value),
        words in str(caught.value),
        len(str(caught.value).splitlines()),
    )


@pytest.mark.parametrize("brand", [b"avif", b"heic"], ids=["avif", "heic"])
def test_a_still_image_in_a_film_s_container_is_a_picture(make_clip, brand):
    """Phones keep still images in the container of MP4; its brand tells."""
    clip = make_clip("still.mp4", *VIDEO, "-frames:v", "1", "-c:v", "mpeg4")
    clip.write_bytes(clip.read_bytes().replace(b"ftypisom", b"ftyp" + brand, 1))
    with pytest.raises(SourceError, match="is a picture"):
        probe(clip)


@pytest.mark.parametrize("what", NAMES)
def test_odd_names_are_no_trouble(source_clip, what):
    """Names are taken as they are, never as patterns, options or addresses."""
    clip = source_clip(f"named with {what}")
    assert (NAMES[what], 320) == (clip.name, probe(clip).video.width)


def test_every_kind_of_source_has_its_expectation():
    """A kind that is added is probed too."""
    assert set() == set(KINDS) - set(FACTS) - set(AUDIO_S) - {"audio shorter"} - {
        f"named with {what}" for what in NAMES
    }
