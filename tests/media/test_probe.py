"""The probe on real small files, good and bad."""

from __future__ import annotations

import base64
import os
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.media.probe import probe

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")


def test_a_plain_clip_is_described_in_full(make_clip):
    """Container, size, duration, picture and sound are read."""
    clip = make_clip("plain.mp4", *PICTURE, *SOUND, "-metadata:s:a:0", "language=spa", "-c:a", "aac")
    media = probe(clip)
    assert (320, 180, Fraction(25), "h264", 0) == (
        media.video.width,
        media.video.height,
        media.video.frame_rate,
        media.video.codec,
        media.video.rotation,
    )
    assert [("aac", 1, "spa")] == [(a.codec, a.channels, a.language) for a in media.audio]
    assert clip.stat().st_size == media.size_bytes
    assert 1.0 == pytest.approx(media.duration_s, abs=0.06)


def test_a_turned_picture_is_described_as_it_is_shown(make_clip):
    """A phone's portrait video is stored landscape with a rotation."""
    upright = make_clip("upright.mp4", *PICTURE)
    turned = make_clip("turned.mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy")
    video = probe(turned).video
    assert (180, 320, 90) == (video.width, video.height, video.rotation)


def test_an_anamorphic_picture_is_described_in_square_pixels(make_clip):
    """A 4:3 frame that is shown 16:9 counts as 16:9."""
    clip = make_clip("wide.mp4", "-f", "lavfi", "-i", "testsrc2=size=240x180:rate=25:duration=0.2", "-vf", "setsar=4/3")
    video = probe(clip).video
    assert (320, 180, Fraction(4, 3)) == (video.width, video.height, video.sample_aspect_ratio)


def test_cover_art_is_not_the_picture(make_clip):
    """The moving picture is found beside a cover image."""
    cover = make_clip("cover.jpg", *PICTURE, "-frames:v", "1", "-vf", "scale=64:64")
    movie = make_clip("movie.mp4", *PICTURE)
    clip = make_clip(
        "both.mp4", "-i", str(cover), "-i", str(movie), "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic"
    )
    assert 320 == probe(clip).video.width


def test_sound_that_starts_late_is_seen(make_clip):
    """Start times count from the first moment of the file."""
    clip = make_clip("late.mkv", *PICTURE, "-itsoffset", "0.5", *SOUND, "-c:a", "aac", "-copyts")
    assert 0.5 == pytest.approx(probe(clip).audio[0].start_s, abs=0.05)


def _missing(folder: Path) -> Path:
    return folder / "missing.mp4"


def _empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.write_bytes(b"")
    return path


def _text(folder: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("this is no video\n" * 50)
    return path


def _folder(folder: Path) -> Path:
    path = folder / "folder.mp4"
    path.mkdir()
    return path


def _pipe(folder: Path) -> Path:
    path = folder / "pipe.mp4"
    os.mkfifo(path)
    return path


def _picture(folder: Path) -> Path:
    path = folder / "picture.png"
    path.write_bytes(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
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
        pytest.param(_text, "can't be read as a video", id="text named mp4"),
        pytest.param(_folder, "is a folder", id="folder"),
        pytest.param(_pipe, "is not a file", id="pipe"),
        pytest.param(_picture, "is a picture", id="picture"),
        pytest.param(_noise, "can't be read as a video", id="noise"),
    ],
)
def test_what_is_no_video_gets_one_sentence_that_names_it(tmp_path, make, words):
    """The sentence says what is wrong with which file."""
    path = make(tmp_path)
    with pytest.raises(SourceError) as caught:
        probe(path)
    assert (True, True, 1) == (str(path) in str(caught.value), words in str(caught.value), len(str(caught.value).splitlines()))


def test_sound_alone_is_no_video(make_clip):
    """An audio file is refused with a sentence."""
    with pytest.raises(SourceError, match="has no picture"):
        probe(make_clip("sound.m4a", *SOUND))


@pytest.mark.parametrize(
    "name", ["spaces in name.mp4", 'it\'s 100% "q".mp4', "%03d.mp4", "#1?.mp4", "-dash.mp4", "emoji 🎬.mp4", "a:b.mp4"]
)
def test_odd_names_are_no_trouble(make_clip, name):
    """Names are taken as they are, never as patterns, options or addresses."""
    assert 320 == probe(make_clip(name, *PICTURE)).video.width
