"""What each encoder is told, and that those on the processor do it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import av
import pytest

from pipeline.job import Codec, EncoderFamily, SegmentType
from pipeline.media.encode.colour_conversion import tags
from pipeline.media.encode.encoders import (
    ENCODERS,
    FAMILIES,
    codec_of,
    family_of,
    global_options,
    pixel_format,
    upload_filters,
    video_options,
)
from pipeline.media_info import DynamicRange
from pipeline.model import Rendition
from pipeline.plan import PRESETS

LARGE = Rendition(
    name="large",
    width=192,
    height=108,
    frame_width=192,
    frame_height=108,
    bit_rate=100_000,
    max_bit_rate=110_000,
    buffer_size=150_000,
)
SMALL = replace(LARGE, name="small", width=96, height=54, frame_width=96, frame_height=54)
EVERY = [encoder for names in ENCODERS.values() for encoder in names.values()]
HARDWARE = [encoder for encoder in EVERY if family_of(encoder) is not EncoderFamily.CPU]
PROCESSOR = [names[EncoderFamily.CPU] for names in ENCODERS.values()]
CRF = {"libx264": 28.0, "libx265": 30.0, "libsvtav1": 40.0}
KEYFRAMES = "expr:isnan(prev_forced_t)+gt(floor(t/2),floor(prev_forced_t/2))"
GENERIC = {"c", "flags", "profile", "tag", "g", "b", "maxrate", "bufsize", "compression_level"}


def _words(options: dict[str, object]) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", str(value))]


def _sdr(encoder: str, *renditions: Rendition, **more: object) -> dict[str, object]:
    return video_options(encoder, "ultrafast", renditions, dynamic_range=DynamicRange.SDR, **more)


@pytest.fixture(scope="session")
def cuts(ffmpeg, tmp_path_factory) -> Path:
    """A noisy clip of five seconds whose scene changes at 1.3 s and 3.1 s."""
    target = tmp_path_factory.mktemp("encoders") / "cuts.mp4"
    graph = (
        "testsrc2=s=192x108:r=25:d=1.3[a];mandelbrot=s=192x108:r=25,trim=duration=1.8[b];"
        "smptebars=s=192x108:r=25:d=1.9[c]"
    )
    graph += ";[a][b][c]concat=n=3:v=1,noise=alls=12:allf=t,format=yuv420p"
    subprocess.run(
        [
            str(ffmpeg),
            "-v",
            "error",
            "-y",
            "-filter_complex",
            graph,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-crf",
            "12",
            str(target),
        ],
        check=True,
    )
    return target


def _encode(ffmpeg: Path, source: Path, target: Path, *arguments: str) -> Path:
    command = [str(ffmpeg), "-v", "error", "-y", "-i", str(source), *arguments, str(target)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # SVT-AV1 tells its settings whatever the level
    return target


def _packets(path: Path) -> list[av.Packet]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def _rate(path: Path) -> float:
    """Return the video's bits a second at 25 frames a second."""
    packets = _packets(path)
    return sum(packet.size for packet in packets) * 8 * 25 / len(packets)


def _fmp4(ffmpeg: Path, source: Path, folder: Path, encoder: str, *, begin_s: float, end_s: float) -> dict[str, Path]:
    """Encode a part of a clip in two sizes as a job does, by tee and HLS muxer, and return each size's whole file."""
    for rendition in (LARGE, SMALL):
        (folder / rendition.name).mkdir(parents=True)
    slave = (
        "[select=\\'v:{0}\\':f=hls:hls_time=2:hls_playlist_type=vod:hls_list_size=0:hls_segment_type=fmp4:"
        "hls_fmp4_init_filename=init.mp4:hls_segment_options=movflags=+frag_discont:start_number=1:"
        "hls_segment_filename={1}/seg_%03d.m4s]{1}/index.m3u8"
    )
    graph = f"[0:0]trim={begin_s}:{end_s},settb=1/90000,split[a][b];[a]scale=192:108[x];[b]scale=96:54[y]"
    graph = graph.replace("[x]", ",format=yuv420p[x]").replace("[y]", ",format=yuv420p[y]")
    renditions = [replace(r, crf=CRF[encoder]) for r in (LARGE, SMALL)]
    # x264's quickest preset has no eye for scene changes, which are to be overlooked here
    options = _words(
        video_options(encoder, "veryfast", renditions, dynamic_range=DynamicRange.SDR, segment_type=SegmentType.FMP4)
    )
    command = [
        str(ffmpeg),
        "-v",
        "error",
        "-y",
        "-copyts",
        "-i",
        str(source),
        "-filter_complex",
        graph,
        "-map",
        "[x]",
        "-map",
        "[y]",
    ]
    command += [
        *options,
        "-force_key_frames",
        KEYFRAMES,
        "-fps_mode",
        "vfr",
        "-enc_time_base",
        "1:90000",
        "-output_ts_offset",
        "10",
    ]
    command += ["-f", "tee", "|".join(slave.format(i, r.name) for i, r in enumerate(renditions))]
    subprocess.run(command, check=True, cwd=folder, stderr=subprocess.DEVNULL)
    made = {}
    for rendition in renditions:
        parts = [folder / rendition.name / "init.mp4", *sorted((folder / rendition.name).glob("seg_*.m4s"))]
        made[rendition.name] = folder / rendition.name / "whole.mp4"
        made[rendition.name].write_bytes(b"".join(part.read_bytes() for part in parts))
    return made


@pytest.fixture(scope="session")
def in_two_parts(ffmpeg, cuts, tmp_path_factory) -> dict[str, list[dict[str, Path]]]:
    """The clip by each encoder on the processor, cut at four seconds into two separate encodes."""
    spans = ((0.0, 4.0), (4.0, 5.0))
    folders = {encoder: tmp_path_factory.mktemp(encoder) for encoder in PROCESSOR}
    return {
        encoder: [_fmp4(ffmpeg, cuts, folder / str(begin), encoder, begin_s=begin, end_s=end) for begin, end in spans]
        for encoder, folder in folders.items()
    }


@pytest.mark.parametrize("encoder", PROCESSOR)
def test_keyframes_are_where_they_are_forced_and_nowhere_else(in_two_parts, encoder):
    """Every two seconds in both sizes, whatever the scene does."""
    times = {
        name: [
            float(p.pts * p.time_base) for part in in_two_parts[encoder] for p in _packets(part[name]) if p.is_keyframe
        ]
        for name in ("large", "small")
    }
    assert {"large": [10.0, 12.0, 14.0], "small": [10.0, 12.0, 14.0]} == times


@pytest.mark.parametrize(
    ("encoder", "access"),
    [
        pytest.param("libx264", {5}, id="h264 IDR"),
        pytest.param("libx265", {19, 20}, id="hevc IDR"),
        pytest.param("libsvtav1", {0}, id="av1 key"),
    ],
)
def test_a_keyframe_can_be_begun_with(in_two_parts, encoder, access):
    """An IDR picture (ITU-T H.264 table 7-1, H.265 table 7-1), in AV1 a shown key frame:
    nothing after it looks before it.
    """
    packets = [p for part in in_two_parts[encoder] for p in _packets(part["large"]) if p.is_keyframe]
    assert (3, True) == (len(packets), {_picture_type(bytes(packet), encoder) for packet in packets} <= access)


def _picture_type(data: bytes, encoder: str) -> int:
    """Return the type of the first coded picture in a sample: the NAL unit's, or AV1's frame type."""
    position = 0
    while encoder != "libsvtav1":
        size, head = int.from_bytes(data[position : position + 4], "big"), data[position + 4]
        kind = head & 31 if encoder == "libx264" else head >> 1 & 63
        if kind in ((1, 5) if encoder == "libx264" else range(32)):
            return kind
        position += 4 + size
    while True:  # AV1 5.3.2: type, then a size of seven bits a byte; 5.9.2: show_existing_frame, then frame_type
        kind, position = data[position] >> 3 & 15, position + 1
        size, shift = 0, 0
        while True:
            byte, position = data[position], position + 1
            size, shift = size | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        if kind in (3, 6):
            return data[position] >> 5
        position += size


@pytest.mark.parametrize("encoder", PROCESSOR)
def test_parts_can_be_joined(in_two_parts, encoder):
    """Separate encodes of different parts have the same initialisation section, byte by byte."""
    first, second = in_two_parts[encoder]
    same = {name: len({(part[name].parent / "init.mp4").read_bytes() for part in (first, second)}) for name in first}
    assert {"large": 1, "small": 1} == same


@pytest.mark.parametrize(("encoder", "tag"), [("libx264", "avc1"), ("libx265", "hvc1"), ("libsvtav1", "av01")])
def test_the_sample_entry_is_the_one_that_players_want(in_two_parts, encoder, tag):
    """Apple's players take hvc1, not hev1."""
    with av.open(str(in_two_parts[encoder][0]["large"])) as container:
        assert tag == container.streams.video[0].codec_context.codec_tag


@pytest.mark.parametrize("encoder", PROCESSOR)
def test_quality_stays_below_its_ceiling(ffmpeg, cuts, tmp_path, encoder):
    """The best quality of a noisy video takes about as much as the ceiling, and without one at least twice that."""
    best = replace(LARGE, crf=10.0)
    held = _encode(ffmpeg, cuts, tmp_path / "held.mp4", *_words(_sdr(encoder, best)))
    free = _encode(
        ffmpeg,
        cuts,
        tmp_path / "free.mp4",
        *_words(_sdr(encoder, replace(best, bit_rate=50_000_000, buffer_size=75_000_000))),
    )
    assert (True, True) == (_rate(held) < 1.4 * LARGE.bit_rate, _rate(free) > 2 * LARGE.bit_rate)


@pytest.mark.parametrize("encoder", PROCESSOR)
def test_a_rate_is_kept(ffmpeg, cuts, tmp_path, encoder):
    """Within a fifth over twenty seconds, with a keyframe forced every two."""
    options = _words(_sdr(encoder, LARGE, frame_rate=25.0))
    four_times = ("-filter_complex", "[0:0]loop=3:size=125")
    made = _encode(ffmpeg, cuts, tmp_path / "made.mp4", *four_times, *options, "-force_key_frames", KEYFRAMES)
    assert 0.8 < _rate(made) / LARGE.bit_rate < 1.2


@pytest.mark.parametrize(("frame_rate", "frames"), [(25.0, 51), (30000 / 1001, 61), (0.5, 2)])
def test_av1_knows_its_groups_where_a_rate_is_to_be_kept(frame_rate, frames):
    """One frame more than two seconds hold: the keyframe that is forced comes first."""
    kept = [_sdr("libsvtav1", r, frame_rate=frame_rate).get("g:v") for r in (LARGE, replace(LARGE, crf=30.0))]
    assert [frames, None] == kept


@pytest.mark.parametrize("encoder", PROCESSOR)
def test_an_encode_can_be_repeated(ffmpeg, encoder):
    """With a ceiling that is reached all the time, the same bytes each time."""
    options = _words(_sdr(encoder, replace(LARGE, crf=10.0, bit_rate=500_000), repeatable=True))
    noise = "testsrc2=size=640x360:rate=25:duration=2,noise=alls=12:allf=t,format=yuv420p"
    command = [str(ffmpeg), "-v", "error", "-f", "lavfi", "-i", noise, *options, "-f", "md5", "-"]
    assert 1 == len({subprocess.run(command, capture_output=True, check=True).stdout for _ in range(3)})


@pytest.mark.parametrize(
    ("dynamic_range", "transfer"), [(DynamicRange.PQ, 16), (DynamicRange.HLG, 18)], ids=["pq", "hlg"]
)
@pytest.mark.parametrize(("encoder", "profile"), [("libx265", "Main 10"), ("libsvtav1", "Main")])
def test_hdr_keeps_its_colours(ffmpeg, cuts, tmp_path, encoder, profile, dynamic_range, transfer):
    """Ten bits, and the names of BT.2020 and of the transfer characteristics (ITU-T H.273) in the stream."""
    rendition = replace(LARGE, crf=CRF[encoder])
    options = video_options(
        encoder, "ultrafast", (rendition,), dynamic_range=dynamic_range, segment_type=SegmentType.FMP4
    )
    name, more = tags(dynamic_range)
    named = f"{name}={':'.join(f'{key}={value}' for key, value in more.items())}"
    graph = f"{named},format={pixel_format(encoder, dynamic_range)}"
    made = _encode(ffmpeg, cuts, tmp_path / "hdr.mp4", "-frames:v", "5", "-vf", graph, *_words(options))
    with av.open(str(made)) as container:
        context = container.streams.video[0].codec_context
        found = (context.profile, context.format.name, context.color_primaries, context.color_trc, context.colorspace)
    assert (profile, "yuv420p10le", 9, transfer, 9) == found


@pytest.mark.parametrize("encoder", HARDWARE)
def test_hardware_is_told_only_what_it_knows(ffmpeg, encoder):
    """Each option of an encoder's own, and each value with a name, is in its list; what this ffmpeg lacks has none."""
    told = subprocess.run(
        [str(ffmpeg), "-hide_banner", "-h", f"encoder={encoder}"], capture_output=True, text=True, check=True
    ).stdout
    known = {line.split()[0].lstrip("-") for line in told.splitlines() if line.startswith((" ", "\t")) and line.split()}
    unknown = set()
    for preset in PRESETS:
        options = video_options(encoder, preset, (LARGE,), dynamic_range=DynamicRange.SDR, frame_rate=25.0)
        # Quick Sync takes libavcodec's own -level
        generic = GENERIC | ({"level"} if family_of(encoder) is EncoderFamily.INTEL else set())
        own = {name.split(":")[0]: value for name, value in options.items() if name.split(":")[0] not in generic}
        profile = {"profile": options["profile:v"]} if "profile:v" in options else {}
        unknown |= {name for name in own if name not in known}
        unknown |= {value for value in (own | profile).values() if isinstance(value, str) and value not in known}
    assert not unknown or family_of(encoder) is EncoderFamily.APPLE, unknown


HD = replace(LARGE, width=1280, height=720, frame_width=1280, frame_height=720)
LEVELS = {  # of 1280x720 and 192x108 at 60 frames a second, as each encoder counts them
    "libx264": (32, 30), "h264_nvenc": (32, 30), "h264_qsv": (32, 30), "h264_amf": (32, 30),
    "h264_videotoolbox": (32, 30), "h264_vaapi": (32, 30), "hevc_nvenc": (120, 90), "hevc_qsv": (40, 30),
    "hevc_amf": (120, 90), "hevc_vaapi": (120, 90), "hevc_videotoolbox": (None, None), "libx265": (None, None),
    "libsvtav1": (40, 30), "av1_nvenc": (8, 4), "av1_qsv": (40, 30), "av1_amf": (8, 4), "av1_vaapi": (8, 4),
}  # fmt: skip


@pytest.mark.parametrize("encoder", EVERY)
def test_every_encoder_is_told_the_level_of_each_video(encoder):
    """Left to itself it takes one from a rate that ffmpeg guesses; without a rate nothing is told."""
    told = _sdr(encoder, HD, SMALL, frame_rate=60.0)
    assert LEVELS[encoder] == (told.get("level:v:0"), told.get("level:v:1"))
    assert not any(name.startswith("level:") or "level-idc" in str(value) for name, value in _sdr(encoder, HD).items())


@pytest.mark.parametrize(("frame_rate", "level"), [(30.0, 3.1), (30.02, 3.1), (60.0, 4.0)])
def test_x265_is_told_the_level_with_a_rate_that_it_holds(ffmpeg, tmp_path, frame_rate, level):
    """It refuses a video whose rate is above the level, and knows no rate but what ffmpeg guesses: here 120."""
    options = _sdr("libx265", replace(HD, crf=40.0), frame_rate=frame_rate)
    source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=120:duration=0.1"]
    command = [str(ffmpeg), "-v", "error", *source, *_words(options), "-pix_fmt", "yuv420p", str(tmp_path / "made.mp4")]
    subprocess.run(command, check=True)
    with av.open(str(tmp_path / "made.mp4")) as container:
        assert level == container.streams.video[0].codec_context.extradata[12] / 30


def test_x264_refers_to_no_more_frames_than_its_level_holds():
    """Whatever the preset: 854x480 at 60 frames a second is of level 3.1, which has room for 11 of them."""
    sized = replace(HD, frame_width=854, frame_height=480)
    presets = ("veryfast", "medium", "veryslow")
    options = [
        video_options("libx264", preset, (sized,), dynamic_range=DynamicRange.SDR, frame_rate=60.0)
        for preset in presets
    ]
    assert [None, 3, 11] == [told.get("refs:v:0") for told in options]


@pytest.mark.parametrize("encoder", HARDWARE)
def test_hardware_keeps_the_tables_rate(encoder):
    """Even where a quality is asked for: its own idea of quality differs from driver to driver."""
    options = _sdr(encoder, replace(LARGE, crf=22.0), SMALL)
    rates = [options[f"{name}:v:{number}"] for number in (0, 1) for name in ("b", "maxrate", "bufsize")]
    assert ([100_000, 110_000, 150_000] * 2, False) == (rates, any(name.startswith("crf") for name in options))


@pytest.mark.parametrize("encoder", EVERY)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_means_something_to_every_encoder(encoder, preset):
    """x264's names are the editor's; a group of pictures is closed always."""
    options = video_options(encoder, preset, (LARGE,), dynamic_range=DynamicRange.SDR)
    assert (encoder, True) == (options["c:v"], "+cgop" in str(options["flags:v"]))


@pytest.mark.parametrize("encoder", EVERY)
def test_slower_is_never_quicker(encoder):
    """The steps of a preset follow x264's from quick to slow."""
    names = [video_options(encoder, preset, (LARGE,), dynamic_range=DynamicRange.SDR) for preset in PRESETS]
    steps = [
        options.get("preset:v", options.get("quality:v", options.get("compression_level:v", options.get("realtime:v"))))
        for options in names
    ]
    kept = [step for number, step in enumerate(steps) if step not in steps[:number]]
    groups = [step for number, step in enumerate(steps) if number == 0 or step != steps[number - 1]]
    assert kept == groups


def test_parameter_sets_of_transport_streams_stay_in_the_segments():
    """Each segment must be playable by itself; in fMP4 they belong into the initialisation section alone."""
    flags = [_sdr("libx264", LARGE, segment_type=kind)["flags:v"] for kind in (SegmentType.TS, SegmentType.FMP4)]
    assert ["+cgop", "+cgop+global_header"] == flags


def test_quality_is_told_a_rendition():
    """Each has its own factor, ceiling and buffer."""
    options = _sdr("libx264", replace(LARGE, crf=22.0), replace(SMALL, crf=24.5))
    assert (22.0, 100_000, 150_000, 24.5) == tuple(
        options[name] for name in ("crf:v:0", "maxrate:v:0", "bufsize:v:0", "crf:v:1")
    )


@pytest.mark.parametrize("encoder", EVERY)
def test_frames_are_in_a_form_that_the_encoder_takes(encoder):
    """Eight bits for SDR, ten for HDR; VA-API's are brought to the card."""
    vaapi = family_of(encoder) is EncoderFamily.VAAPI
    deep = "p010le" if encoder in HARDWARE else "yuv420p10le"
    found = (pixel_format(encoder, DynamicRange.SDR) in ("yuv420p", "nv12"), pixel_format(encoder, DynamicRange.PQ))
    assert (True, deep, vaapi, vaapi) == (*found, bool(upload_filters(encoder)), bool(global_options(encoder)))


def test_the_processor_comes_last():
    """For every codec there is one, and the order is that of the table."""
    assert ([EncoderFamily.CPU] * 3, [*Codec]) == ([FAMILIES[-1]] * 3, [codec_of(encoder) for encoder in PROCESSOR])


@pytest.mark.parametrize("encoder", PROCESSOR)
def test_a_poor_source_has_a_small_ceiling_and_the_tables_buffer(ffmpeg, cuts, tmp_path, encoder):
    """SVT-AV1 takes no buffer of more than ten seconds, and the table knows no poor source."""
    poor = replace(LARGE, crf=30.0, bit_rate=20_000, buffer_size=1_200_000)
    assert 0 < _rate(_encode(ffmpeg, cuts, tmp_path / "poor.mp4", *_words(_sdr(encoder, poor))))
