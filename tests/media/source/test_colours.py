"""What a source's colours are taken for, and what is done about them."""

from __future__ import annotations

import subprocess

import av
import pytest

from pipeline.job import Codec
from pipeline.media.encode.colour_conversion import NAMES, conversion, named_by_headers, tags
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.hls.codecs import Colour
from pipeline.media.source.colours import Colours, is_ordinary, source_colours
from pipeline.media_info import DynamicRange

UNTAGGED = dict.fromkeys(("colour_primaries", "colour_transfer", "colour_space", "colour_range"), "unknown")
SDR, PQ = DynamicRange.SDR, DynamicRange.PQ


def _size(width: int, height: int) -> dict[str, int]:
    return {"coded_width": width, "coded_height": height}


@pytest.mark.parametrize(
    ("found", "primaries", "transfer", "matrix", "full_range"),
    [
        pytest.param(_size(720, 576), "bt470bg", "bt709", "bt470bg", False, id="pal"),
        pytest.param(_size(720, 480), "smpte170m", "bt709", "smpte170m", False, id="ntsc"),
        pytest.param(_size(720, 608), "bt470bg", "bt709", "bt470bg", False, id="imx with its blanking lines"),
        pytest.param(_size(1024, 608), "bt709", "bt709", "bt709", False, id="larger than sd"),
        pytest.param(_size(640, 360), "smpte170m", "bt709", "smpte170m", False, id="small"),
        pytest.param(_size(1280, 544), "bt709", "bt709", "bt709", False, id="widescreen_of_720p"),
        pytest.param(_size(960, 720), "bt709", "bt709", "bt709", False, id="dvcpro_hd"),
        pytest.param(_size(608, 1080), "bt709", "bt709", "bt709", False, id="upright"),
        pytest.param(
            {"codec": "mjpeg", "pixel_format": "yuvj422p"}, "bt470bg", "bt709", "bt470bg", True, id="jpeg_of_hd"
        ),
        pytest.param({"pixel_format": "bgr0"}, "bt709", "iec61966-2-1", "gbr", True, id="screen_recording"),
        pytest.param(
            {"pixel_format": "gbrp", "colour_space": "bt709"}, "bt709", "iec61966-2-1", "gbr", True, id="rgb_called_yuv"
        ),
        pytest.param({"colour_space": "gbr"}, "bt709", "bt709", "bt709", False, id="yuv_called_rgb"),
        pytest.param({"colour_space": "smpte170m"}, "smpte170m", "bt709", "smpte170m", False, id="matrix_alone"),
        pytest.param(
            {"colour_primaries": "bt470bg"} | _size(720, 480),
            "bt470bg",
            "bt709",
            "bt470bg",
            False,
            id="primaries_alone",
        ),
        pytest.param(
            {"colour_transfer": "smpte170m"}, "smpte170m", "smpte170m", "smpte170m", False, id="transfer_alone"
        ),
        pytest.param({"colour_transfer": "smpte2084"}, "bt2020", "smpte2084", "bt2020nc", False, id="pq_alone"),
        pytest.param(
            {"colour_transfer": "smpte2084", "colour_primaries": "smpte432"},
            "smpte432",
            "smpte2084",
            "bt2020nc",
            False,
            id="p3_in_pq",
        ),
        pytest.param({"colour_primaries": "smpte432"}, "smpte432", "bt709", "bt709", False, id="display_p3"),
        pytest.param({"colour_space": "bt2020nc"}, "bt2020", "bt709", "bt2020nc", False, id="bt2020_matrix"),
        pytest.param({"colour_range": "pc"}, "bt709", "bt709", "bt709", True, id="full_range"),
        pytest.param({"pixel_format": "gray", "codec": "ffv1"}, "bt709", "bt709", "bt709", True, id="grey_like_rgb"),
        pytest.param({"pixel_format": "gray"}, "bt709", "bt709", "bt709", False, id="grey_in_h264"),
        pytest.param(
            {"colour_primaries": "3", "colour_transfer": "99", "colour_space": "13"},
            "bt709",
            "bt709",
            "bt709",
            False,
            id="numbers",
        ),
        pytest.param(
            {"colour_transfer": "gamma28"} | _size(720, 576),
            "bt470bg",
            "bt470bg",
            "bt470bg",
            False,
            id="gamma_by_filters_names",
        ),
    ],
)
def test_what_is_not_said_follows_from_what_is(media_info, found, primaries, transfer, matrix, full_range):
    """A missing tag is that of the same standard as those that are there; without any, codec,
    pixels and size decide.
    """
    video = media_info(**UNTAGGED | found).video
    assert Colours(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full_range) == source_colours(
        video
    )


@pytest.mark.parametrize("transfer", ["unknown", "smpte428", "bt709"])
def test_digital_cinema_is_the_rgb_that_is_made_of_it(media_info, transfer):
    """X'Y'Z' has neither matrix nor range, whatever the file says of it."""
    video = media_info(**UNTAGGED | {"pixel_format": "xyz12le", "colour_transfer": transfer}).video
    assert Colours(
        primaries="bt709", transfer="iec61966-2-1", matrix="gbr", full_range=True, cinema=True
    ) == source_colours(video)


@pytest.mark.parametrize(
    "found", [{}, UNTAGGED, {"colour_transfer": "iec61966-2-1"}], ids=["tagged", "untagged", "srgb"]
)
def test_what_is_bt709_costs_nothing(media_info, found):
    """Nothing touches a pixel but the scaling that there always was."""
    video = media_info(**found).video
    made = conversion(source_colours(video), SDR, SDR)
    assert ({"flags": "bicubic", "in_range": "tv", "out_range": "tv"}, ()) == (made.scaling, made.behind)
    assert ["setparams"] == [name for name, _ in made.before]


@pytest.mark.parametrize(
    ("found", "filters"),
    [
        (_size(720, 576), ["colorspace"]),
        ({"colour_range": "pc"}, ["colorspace"]),
        ({"pixel_format": "rgb24"}, []),
        ({"colour_primaries": "smpte432"}, ["zscale"]),
        ({"colour_transfer": "linear"}, ["zscale"]),
        ({"colour_primaries": "smpte432", "pixel_format": "rgb24"}, ["format", "zscale"]),
    ],
    ids=["pal", "full_range", "rgb", "display_p3", "linear", "display_p3_in_rgb"],
)
def test_what_is_not_is_converted(media_info, found, filters):
    """Matrix and range by their numbers, what needs light in light; RGB by the scaling itself."""
    colours = source_colours(media_info(**UNTAGGED | found).video)
    assert filters == [name for name, _ in conversion(colours, SDR, SDR).behind]
    assert not is_ordinary(colours)


@pytest.mark.parametrize("matrix", ["ycgco", "bt2020c", "fcc", "smpte240m"])
def test_rare_matrices_pass_the_real_filters(media_info, matrix):
    """What scale does not know is not told to it: it would refuse the whole graph."""
    made = conversion(source_colours(media_info(**UNTAGGED | {"colour_space": matrix}).video), SDR, SDR)
    chain = [
        *made.before,
        ("scale", {"w": "64", "h": "32"} | made.scaling),
        *made.behind,
        ("format", {"pix_fmts": "yuv420p"}),
        tags(SDR),
    ]
    graph = ",".join(
        f"{name}={':'.join(f'{key}={value}' for key, value in options.items())}" for name, options in chain
    )
    source = f"testsrc2=s=128x64:d=0.1,format=yuv420p,setparams=colorspace={matrix}"
    command = [str(find_ffmpeg("")), "-v", "error", "-f", "lavfi", "-i", source, "-vf", graph, "-f", "null", "-"]
    assert (0, b"") == ((ran := subprocess.run(command, capture_output=True, check=False)).returncode, ran.stderr)


def test_hdr_that_is_kept_is_not_touched_where_it_is_the_usual_one(media_info):
    """BT.2020 in limited range; any other form is brought to it."""
    usual = {"colour_primaries": "bt2020", "colour_transfer": "smpte2084", "colour_space": "bt2020nc"}
    filters = [
        conversion(source_colours(media_info(**usual | o).video), PQ, PQ).behind for o in ({}, {"colour_range": "pc"})
    ]
    assert ([], ["zscale"]) == tuple([name for name, _ in found] for found in filters)


@pytest.mark.parametrize("made", DynamicRange, ids=lambda made: made.value)
@pytest.mark.parametrize(
    ("codec", "encoder"), [(Codec.H264, "libx264"), (Codec.HEVC, "libx265"), (Codec.AV1, "libsvtav1")]
)
def test_headers_are_named_afterwards(tmp_path, codec, encoder, made):
    """Where an encoder leaves the colours' names out: in every codec that is made."""
    source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=128x64:d=0.2,format=yuv420p,setparams=color_primaries=unknown:color_trc=unknown:colorspace=unknown",
    ]
    words = [*source, "-c:v", encoder, "-bsf:v", named_by_headers(codec, made), str(tmp_path / "a.mkv")]
    subprocess.run([str(find_ffmpeg("")), "-v", "error", *words], check=True, capture_output=True)
    with av.open(str(tmp_path / "a.mkv")) as container:
        frame = next(container.decode(video=0))
    named = Colour(
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        matrix=frame.colorspace,
        full_range=int(frame.color_range) != 1,
    )
    assert NAMES[made] == named
