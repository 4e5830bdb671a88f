"""Colours of every kind of source come out as they are, in the stream and in the MP4, and are called what they are.

Pixels are reckoned here from the numbers that are decoded, by the tags that come with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from colour_clips import CLIPS, HDR_CLIPS, PATCHES, ColourClips, shown, to_rgb

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import Codec, EncoderFamily, EncodingRequest, Job, SegmentType
from pipeline.model import Outcome

BT709, LIMITED = (1, 1, 1), 1
"""ITU-T H.273: primaries, transfer, matrix; AVColorRange."""

APART = 3
"""By how much of 255 a patch may be off."""

ROUGH = {"digital cinema": 6}
"""And of X'Y'Z', which swscale makes RGB in 12 bits of light: the darkest of them is worth so much."""

ULTRAFAST = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ColourClips:
    """What makes the clips of patches."""
    return ColourClips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def convert(clips: ColourClips, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return what converts a kind of source and returns the job's folder; the same job is done once for all tests."""
    out, made = tmp_path_factory.mktemp("streams"), {}

    def run(kind: str, **asked: Any) -> Path:
        name = f"{kind} {sorted(asked.items(), key=lambda item: item[0])}"
        if name not in made:
            job = Job(
                **{"source": clips(kind), "output_dir": out, "slug": f"job-{len(made)}", "encoding": ULTRAFAST} | asked
            )
            report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())
            assert (Outcome.DONE, "") == (report.outcome, report.error)
            made[name] = report.folder
        return made[name]

    return run


def _patches(path: Path) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the tags of a video's middle frame (primaries, transfer, matrix, range),
    and its patches in 8 bits of BT.709.
    """
    with av.open(str(path)) as container:
        frames = [*container.decode(container.streams.video[0])]
    frame = frames[len(frames) // 2]
    tags = frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range
    return tuple(int(tag) for tag in tags), to_rgb(_numbers(frame), "bt709")


def _numbers(frame: av.VideoFrame) -> np.ndarray:
    """Return Y'CbCr of the middle of each patch of a frame in 8 bits."""
    planes = [
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]
    middles = [(2 * i + 1) / (2 * len(PATCHES)) for i in range(len(PATCHES))]
    return np.array([[int(p[p.shape[0] // 2, int(m * p.shape[1])]) for p in planes] for m in middles], np.float64)


def _off(patches: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(patches - expected).max())


@pytest.mark.parametrize("kind", CLIPS)
def test_every_patch_is_what_it_was_in_stream_and_mp4(convert, kind):
    """Whatever the source's matrix, range and primaries are: all come out as BT.709 in limited range, and say so."""
    folder, expected = convert(kind, qualities=("360p",)), shown(CLIPS[kind])
    (stream, streamed), (mp4, offline) = _patches(folder / "360p/index.m3u8"), _patches(folder / "offline_480p.mp4")
    assert ((*BT709, LIMITED), (*BT709, LIMITED)) == (stream, mp4)
    apart = ROUGH.get(kind, APART)
    assert (pytest.approx(0, abs=apart), pytest.approx(0, abs=apart)) == (
        _off(streamed, expected),
        _off(offline, expected),
    )


@pytest.mark.parametrize("kind", ["untagged pal", "full range", "display p3"])
def test_the_poster_has_the_colours_of_the_stream(convert, kind):
    """A JPEG is BT.601 in full range (JFIF); its quantizer is worth some numbers more."""
    with av.open(str(convert(kind, qualities=("360p",)) / "poster.jpg")) as container:
        frame = next(container.decode(video=0))
    assert pytest.approx(0, abs=2 * APART) == _off(to_rgb(_numbers(frame), "bt601", full=True), shown(CLIPS[kind]))


@pytest.mark.parametrize("kind", [kind for kind in HDR_CLIPS if kind != "hdr10"])
def test_hdr_in_another_form_is_the_same_light(convert, kind):
    """Full range and Display P3 are read as such: what is made of them is what is made of BT.2020 in limited range."""
    usual, other = (
        _patches(convert(k, qualities=("360p",), make_mp4=False) / "360p/index.m3u8") for k in ("hdr10", kind)
    )
    assert ((*BT709, LIMITED), (*BT709, LIMITED)) == (usual[0], other[0])
    unsaturated = slice(3, None)  # where PQ has a dark tone for none, its rounding is worth more than that
    assert pytest.approx(0, abs=APART) == _off(usual[1][unsaturated], other[1][unsaturated])


@pytest.mark.parametrize("kind", HDR_CLIPS)
def test_kept_hdr_is_bt2020_in_limited_range(convert, kind):
    """The numbers are those of the usual form, and are called so."""
    encoding = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU, codec=Codec.HEVC, keep_hdr=True)
    with av.open(
        str(convert(kind, encoding=encoding, qualities=("360p",), make_mp4=False) / "360p/index.m3u8")
    ) as container:
        frame = next(container.decode(video=0))
    luma = np.frombuffer(frame.planes[0], np.uint16).reshape(frame.height, -1)[frame.height // 2]
    white, grey = (int(luma[int((2 * i + 1) / 16 * frame.width)]) for i in (3, 4))
    assert (9, 16, 9, LIMITED) == (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
    assert (pytest.approx(573, abs=5), pytest.approx(64 + 876 * 0.4301, abs=8)) == (white, grey)


@pytest.mark.parametrize(
    ("codec", "segment_type"),
    [
        (Codec.H264, SegmentType.TS),
        (Codec.H264, SegmentType.FMP4),
        (Codec.HEVC, SegmentType.FMP4),
        (Codec.AV1, SegmentType.FMP4),
    ],
    ids=lambda value: value.value,
)
@pytest.mark.parametrize("kind", ["untagged pal", "untagged hd"])
def test_colours_are_named_in_every_codec_and_container(convert, kind, codec, segment_type):
    """In the pictures' own headers, and in the boxes of fragmented MP4 and of the MP4,
    which here is a remux of the 480p stream.
    """
    encoding = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU, codec=codec, segment_type=segment_type)
    folder = convert(kind, encoding=encoding, qualities=("480p", "360p"))
    assert [(*BT709, LIMITED)] * 2 == [_patches(folder / name / "index.m3u8")[0] for name in ("480p", "360p")]
    boxes = [(folder / "offline_480p.mp4").read_bytes()]
    if segment_type is SegmentType.FMP4:
        boxes += [(folder / name / "init.mp4").read_bytes() for name in ("480p", "360p")]
    named = [re.findall(rb"colr(nclx.{7}|nclc.{6})", data, re.DOTALL) for data in boxes]
    assert [[b"nclx\x00\x01\x00\x01\x00\x01\x00"]] * len(boxes) == named
    assert pytest.approx(0, abs=APART) == _off(_patches(folder / "offline_480p.mp4")[1], shown(CLIPS[kind]))


@pytest.mark.parametrize("keep_hdr", [True, False], ids=["kept", "converted"])
def test_the_screen_of_the_mastering_is_told_of_hdr_alone(convert, keep_hdr):
    """Where HDR is kept, players know what its screen could show; of SDR they are told nothing of the kind."""
    encoding = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU, codec=Codec.HEVC, keep_hdr=keep_hdr)
    with av.open(
        str(convert("hdr10", encoding=encoding, qualities=("360p",), make_mp4=False) / "360p/index.m3u8")
    ) as container:
        told = {data.type.name for data in next(container.decode(video=0)).side_data}
    screen = {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"}
    assert (screen if keep_hdr else set()) == told & screen
