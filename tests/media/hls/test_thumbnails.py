"""Thumbnails: every moment has its picture, the poster shows something, and HDR looks like SDR."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from small_streams import PQ, X264, X265, make_video_rendition, pattern, pixels, run_ffmpeg

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError
from pipeline.media.encode.colour_conversion import NAMES
from pipeline.media.hls.measure import MeasuredVideo, measure
from pipeline.media.hls.thumbnails import plan_sheet, representative, sprite_map, to_sdr, write_thumbnails
from pipeline.media_info import DynamicRange

COLOURS = ("black", "red", "blue", "blue")
RGB = {"black": (0, 0, 0), "red": (255, 0, 0), "blue": (0, 0, 255)}


@pytest.fixture(scope="module")
def colours(tmp_path_factory) -> Path:
    """Two renditions of a film that shows one colour every two seconds, beginning in black;
    over each a white bar at the left.
    """
    folder = tmp_path_factory.mktemp("colours")
    inputs = [
        argument for colour in COLOURS for argument in ("-f", "lavfi", "-i", f"color={colour}:s=320x180:r=25:d=2")
    ]
    bars = "".join(
        f"[{i}]drawbox=w=80:h=180:c={'white' if c != 'black' else c}:t=fill[c{i}];" for i, c in enumerate(COLOURS)
    )
    joined = "".join(f"[c{i}]" for i in range(len(COLOURS)))
    run_ffmpeg(
        folder, *inputs, "-filter_complex", f"{bars}{joined}concat=n={len(COLOURS)}", *X264, "-qp", "0", "film.mkv"
    )
    for name, fmp4 in (("180p", False), ("90p", True)):
        make_video_rendition(folder, name, "-i", str(folder / "film.mkv"), fmp4=fmp4)
    return folder


def _thumbnails(folder: Path, *names: str) -> Path:
    write_thumbnails(folder, [measure(folder, name) for name in names], CancelToken())
    return folder


def _colour(path: Path, x: int, y: int) -> tuple[int, ...]:
    width, _, rgb = pixels(path)
    return tuple(rgb[(y * width + x) * 3 :][:3])


def _cues(folder: Path) -> list[tuple[str, ...]]:
    pattern = r"(\S+) --> (\S+)\nsprite\.jpg#xywh=(\d+),(\d+),(\d+),(\d+)"
    return re.findall(pattern, (folder / "thumbnails.vtt").read_text())


def test_each_tile_shows_its_time(colours):
    """The map's cues cover the whole film, and where each points there is the picture of that time."""
    folder = _thumbnails(colours, "180p", "90p")
    assert [
        ("00:00:00.000", "00:00:02.000", "0", "0", "160", "90"),
        ("00:00:02.000", "00:00:04.000", "160", "0", "160", "90"),
        ("00:00:04.000", "00:00:06.000", "320", "0", "160", "90"),
        ("00:00:06.000", "00:00:08.000", "480", "0", "160", "90"),
    ] == _cues(folder)
    for (_, _, x, y, width, height), colour in zip(_cues(folder), COLOURS, strict=True):
        seen = _colour(folder / "sprite.jpg", int(x) + int(width) * 3 // 4, int(y) + int(height) // 2)
        assert RGB[colour] == pytest.approx(seen, abs=12)


def test_the_poster_shows_what_is_usual(colours):
    """The size of the largest rendition, and not the black of the beginning but the colour that is seen most."""
    folder = _thumbnails(colours, "90p", "180p")
    assert (320, 180) == pixels(folder / "poster.jpg")[:2]
    assert RGB["blue"] == pytest.approx(_colour(folder / "poster.jpg", 240, 90), abs=12)


def test_half_a_second(tmp_path):
    """The shortest clip has both: one tile, and one cue that ends with it."""
    make_video_rendition(tmp_path, "90p", *pattern(length_s=0.5, rate="30"))
    folder = _thumbnails(tmp_path, "90p")
    assert ([("00:00:00.000", "00:00:00.500", "0", "0", "160", "90")], (160, 90)) == (
        _cues(folder),
        pixels(folder / "poster.jpg")[:2],
    )


def test_an_upright_film(tmp_path):
    """A tile's longer side is its height."""
    make_video_rendition(tmp_path, "180p", *pattern(length_s=2.5), scale="180:320")
    folder = _thumbnails(tmp_path, "180p")
    assert ((180, 160), (180, 320)) == (pixels(folder / "sprite.jpg")[:2], pixels(folder / "poster.jpg")[:2])


def test_hdr_is_not_washed_out(tmp_path):
    """A PQ frame of a red field at the brightness of paper is a strong red in the JPEG, in a wide poster as well."""
    # ST 2084 of a BT.709 red at 203 nits, in BT.2020: 127, 14 and 3 nits
    make_video_rendition(
        tmp_path,
        "1080p",
        *("-f", "lavfi", "-i", "nullsrc=s=320x180:r=5:d=0.6,format=gbrp10le,lutrgb=r=545:g=294:b=191"),
        codec=X265,
        filters=f"scale=out_color_matrix=bt2020nc,{PQ}",
        scale="1920:1080",
        fmp4=True,
    )
    folder = _thumbnails(tmp_path, "1080p")
    assert (1280, 720) == pixels(folder / "poster.jpg")[:2]
    red, green, blue = _colour(folder / "poster.jpg", 640, 360)
    assert red > 210
    assert max(green, blue) < 60


@pytest.mark.parametrize(
    ("dynamic_range", "signal"),
    [pytest.param(DynamicRange.PQ, 0.5806, id="PQ"), pytest.param(DynamicRange.HLG, 0.75, id="HLG")],
)
def test_hdr_keeps_its_order(dynamic_range, signal):
    """ITU-R BT.2408: the white of paper becomes a light grey, what is brighter lies between that and white,
    black stays black.
    """
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None, :, None].repeat(3, axis=2)
    shown = to_sdr(ramp, dynamic_range)[0, :, 0]
    white = to_sdr(np.full((1, 1, 3), signal, np.float32), dynamic_range)[0, 0]
    assert (True, True) == (bool((np.diff(shown) >= 0).all()), bool(shown[-1] <= 1))
    assert 0.0 == pytest.approx(shown[0], abs=0.01)
    assert [0.9, 0.9, 0.9] == pytest.approx(white.tolist(), abs=0.02)
    assert shown[-1] > 0.95


@pytest.mark.parametrize(
    ("duration_s", "count", "columns", "rows", "interval_s"),
    [
        pytest.param(0.04, 1, 1, 1, 0.04, id="one frame"),
        pytest.param(200.0, 100, 10, 10, 2, id="just full"),
        pytest.param(200.5, 51, 10, 6, 4, id="a little more"),
        pytest.param(36_000.0, 100, 10, 10, 360, id="ten hours"),
    ],
)
def test_the_sheet_covers_any_length(duration_s, count, columns, rows, interval_s):
    """At most ten by ten tiles, never closer than keyframes, and the last one lasts until the end."""
    found = plan_sheet(
        MeasuredVideo(
            width=640,
            height=360,
            frame_rate=25.0,
            codec="avc1",
            dynamic_range=DynamicRange.SDR,
            colour=NAMES[DynamicRange.SDR],
        ),
        duration_s,
    )
    assert (count, columns, rows) == (len(found.times_s), found.columns, found.rows)
    assert interval_s == pytest.approx([*found.times_s, duration_s][1])
    hours, minutes, seconds = sprite_map(found).rsplit("--> ", 1)[1].split("\n")[0].split(":")
    assert duration_s == pytest.approx(int(hours) * 3600 + int(minutes) * 60 + float(seconds))


def test_the_poster_of_a_film_in_the_dark():
    """Where every picture is black or empty the liveliest is taken."""
    black, star = np.zeros((90, 160, 3), np.uint8), np.zeros((90, 160, 3), np.uint8)
    star[40:50, 70:80] = 255
    assert 1 == representative([black, star, black])


def test_the_poster_is_not_dim():
    """A picture that is nearly black is none, however much there is of it and whatever can be guessed in it."""
    dim = np.tile(np.array([0, 40], np.uint8), (90, 80))[..., None].repeat(3, axis=2)
    assert 2 == representative([dim, dim, dim * 6])


def test_cancel(colours):
    """It ends between two tiles."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        write_thumbnails(colours, [measure(colours, "90p")], cancel)


def test_a_segment_that_can_t_be_decoded(tmp_path):
    """A broken segment is an error with its name, not a grey tile."""
    make_video_rendition(tmp_path, "90p", *pattern(length_s=7))
    found = measure(tmp_path, "90p")
    (tmp_path / "90p" / "seg_002.ts").write_bytes(b"\x47" * 188)
    with pytest.raises(EncodeError, match=r"seg_002.ts can't be decoded"):
        write_thumbnails(tmp_path, [found], CancelToken())


@pytest.mark.parametrize("fmp4", [False, True], ids=["ts", "fmp4"])
def test_the_poster_is_the_frame_of_the_time_that_is_wanted(tmp_path, fmp4):
    """To the frame, between keyframes too; a time after the last frame has that."""
    sources = [f"color={colour}:s=320x180:r=25:d=1" for colour in ("red", "blue")]
    inputs = [argument for source in sources for argument in ("-f", "lavfi", "-i", source)]
    run_ffmpeg(tmp_path, *inputs, "-filter_complex", "concat=n=2", *X264, "-qp", "0", "film.mkv")
    make_video_rendition(tmp_path, "180p", "-i", str(tmp_path / "film.mkv"), fmp4=fmp4)
    found = measure(tmp_path, "180p")
    seen = []
    for time_s in (0.0, 0.97, 1.0, 1.5, 9.0):
        write_thumbnails(tmp_path, [found], CancelToken(), poster_s=time_s)
        seen.append(_colour(tmp_path / "poster.jpg", 10, 10))
    expected = [RGB[colour] for colour in ("red", "red", "blue", "blue", "blue")]
    assert [pytest.approx(colour, abs=12) for colour in expected] == seen
