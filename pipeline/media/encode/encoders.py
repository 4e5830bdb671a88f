"""The table of ffmpeg's encoders and how each is told what is wanted.

Pure: starts nothing, knows nothing of this machine.

Every encoder must give a closed group of pictures that begins with a true random access picture (IDR, in AV1 a key
frame) exactly where a keyframe is forced, and nowhere else: the boundaries of segments are the same in every rendition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline.job import Codec, EncoderFamily, SegmentType
from pipeline.media.encode.levels import CodecLevel, level_to_tell
from pipeline.media_info import DynamicRange
from pipeline.model import Rendition

FAMILIES = (
    EncoderFamily.NVIDIA,
    EncoderFamily.INTEL,
    EncoderFamily.AMD,
    EncoderFamily.APPLE,
    EncoderFamily.VAAPI,
    EncoderFamily.CPU,
)
"""The order in which `auto` tries them.

VA-API comes after the makers' own interfaces, which reach the same hardware.
"""

ENCODERS: dict[Codec, dict[EncoderFamily, str]] = {
    Codec.H264: {
        EncoderFamily.NVIDIA: "h264_nvenc",
        EncoderFamily.INTEL: "h264_qsv",
        EncoderFamily.AMD: "h264_amf",
        EncoderFamily.APPLE: "h264_videotoolbox",
        EncoderFamily.VAAPI: "h264_vaapi",
        EncoderFamily.CPU: "libx264",
    },
    Codec.HEVC: {
        EncoderFamily.NVIDIA: "hevc_nvenc",
        EncoderFamily.INTEL: "hevc_qsv",
        EncoderFamily.AMD: "hevc_amf",
        EncoderFamily.APPLE: "hevc_videotoolbox",
        EncoderFamily.VAAPI: "hevc_vaapi",
        EncoderFamily.CPU: "libx265",
    },
    # ffmpeg has no AV1 encoder over VideoToolbox
    Codec.AV1: {
        EncoderFamily.NVIDIA: "av1_nvenc",
        EncoderFamily.INTEL: "av1_qsv",
        EncoderFamily.AMD: "av1_amf",
        EncoderFamily.VAAPI: "av1_vaapi",
        EncoderFamily.CPU: "libsvtav1",
    },
}
"""ffmpeg's names, by what is encoded and which hardware does it."""

_KNOWN = {name: (codec, family) for codec, names in ENCODERS.items() for family, name in names.items()}

# Within two seconds there are at most 120 frames: no encoder makes a keyframe of its own accord before the forced one.
# It is x264's own default; VideoToolbox would begin a group every 12 frames, VA-API every 120.
_GROUP_FRAMES = 250

# x264's names, as each encoder knows them
_NVENC_PRESETS = {
    "ultrafast": "p1",
    "superfast": "p1",
    "veryfast": "p2",
    "faster": "p3",
    "fast": "p4",
    "medium": "p5",
    "slow": "p6",
}
_NVENC_SLOWEST = "p7"
_QSV_PRESETS = {"ultrafast": "veryfast", "superfast": "veryfast"}
# SVT-AV1 itself says that 10 and above may show artefacts
_SVT_PRESETS = {
    "ultrafast": 9,
    "superfast": 9,
    "veryfast": 8,
    "faster": 8,
    "fast": 7,
    "medium": 6,
    "slow": 5,
    "slower": 4,
    "veryslow": 2,
}
# x264's own reference frames (x264 --fullhelp); the presets that are not here have one
_REFERENCE_FRAMES = {"faster": 2, "fast": 2, "medium": 3, "slow": 5, "slower": 8, "veryslow": 16}
# ITU-T H.264, table A-1, MaxDpbMbs: more reference frames than fit would take a higher level, for which Apple's HLS
# authoring specification (1.11) sees no reason
_BUFFERED_MACROBLOCKS = {
    30: 8_100,
    31: 18_000,
    32: 20_480,
    40: 32_768,
    41: 32_768,
    42: 34_816,
    50: 110_400,
    51: 184_320,
    52: 184_320,
}
_BUFFERED_MACROBLOCKS |= dict.fromkeys((60, 61, 62), 696_320)
# SVT-AV1 refuses a buffer of more than ten seconds
_SVT_BUFFER_S = 10
_HURRIED = ("ultrafast", "superfast", "veryfast")
_SLOW = ("slow", "slower", "veryslow")
# 1 is best and 7 fastest in Intel's driver; other drivers know fewer steps, and ffmpeg takes the nearest
_VAAPI_LEVELS = {
    "ultrafast": 7,
    "superfast": 7,
    "veryfast": 6,
    "faster": 5,
    "fast": 5,
    "medium": 4,
    "slow": 3,
    "slower": 2,
    "veryslow": 1,
}


def codec_of(encoder: str) -> Codec:
    """Return what an encoder makes."""
    return _KNOWN[encoder][0]


def software_encoder(codec: Codec) -> str:
    """Return the encoder that every machine can run."""
    return ENCODERS[codec][EncoderFamily.CPU]


def usual_segment_type(codec: Codec) -> SegmentType:
    """Return the container of segments that suits a codec where none is chosen."""
    return SegmentType.TS if codec is Codec.H264 else SegmentType.FMP4


def family_of(encoder: str) -> EncoderFamily:
    """Return which hardware an encoder runs on."""
    return _KNOWN[encoder][1]


def video_options(
    encoder: str,
    preset: str,
    renditions: Sequence[Rendition],
    *,
    dynamic_range: DynamicRange,
    segment_type: SegmentType = SegmentType.TS,
    frame_rate: float | None = None,
    repeatable: bool = False,
) -> dict[str, Any]:
    """Return the output options for the video of these renditions, in their order.

    Where to force keyframes is the caller's to say.

    Args:
        encoder: ffmpeg's name of it, one of `ENCODERS`.
        preset: x264's name for a trade of speed for size.
        renditions: a `crf` means quality below the ceiling `bit_rate`, none means the rate itself. Encoders in hardware
            always keep the rate: what their constant quality modes give differs from driver to driver.
        dynamic_range: of what is encoded; PQ and HLG take 10 bits.
        segment_type: fMP4 keeps the parameter sets in the initialisation section alone (ISO/IEC 14496-15, avc1 and
            hvc1).
        frame_rate: frames a second that come, where known. It decides the level, which encoders otherwise take from a
            rate that ffmpeg guesses; SVT-AV1 needs it to keep a rate.
        repeatable: the same frames give the same bytes each time, at the price of one thread an encoder. With a ceiling
            or a rate, the threads of x264, x265 and SVT-AV1 look at each other's progress, and no two runs are alike.
    """
    codec, family = _KNOWN[encoder]
    header = "+global_header" if segment_type is SegmentType.FMP4 or codec is not Codec.H264 else ""
    options: dict[str, Any] = {"c:v": encoder, "flags:v": f"+cgop{header}"}
    profile = _profile(codec, dynamic_range)
    if encoder != "av1_nvenc":  # which has Main alone and no option for it
        options["profile:v"] = profile
    if codec is Codec.HEVC:
        options["tag:v"] = "hvc1"  # Apple's HLS authoring specification asks for hvc1, not hev1
    if family is EncoderFamily.CPU:
        options |= _processor(codec, preset, renditions, frame_rate=frame_rate, repeatable=repeatable)
    else:
        options |= {"g:v": _GROUP_FRAMES} | _hardware(family, preset)
    for number, rendition in enumerate(renditions):
        options |= _rate(encoder, number, rendition)
        level = (
            None
            if frame_rate is None
            else level_to_tell(codec, rendition.frame_width, rendition.frame_height, frame_rate)
        )
        if level is not None and encoder != "libx265":
            options |= _level(encoder, number, level)
    return options


def pixel_format(encoder: str, dynamic_range: DynamicRange) -> str:
    """Return the pixel format in which an encoder wants its frames."""
    family = family_of(encoder)
    if dynamic_range is not DynamicRange.SDR:
        return "yuv420p10le" if family is EncoderFamily.CPU else "p010le"
    semi_planar = (EncoderFamily.INTEL, EncoderFamily.AMD, EncoderFamily.VAAPI)
    return "nv12" if family in semi_planar else "yuv420p"


def upload_filters(encoder: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """Return the filters that bring a frame in `pixel_format` to where the encoder takes it: last in the graph."""
    return (("hwupload", {}),) if family_of(encoder) is EncoderFamily.VAAPI else ()


def global_options(encoder: str) -> list[str]:
    """Return what the command says before its inputs: VA-API's device, the first that there is."""
    if family_of(encoder) is EncoderFamily.VAAPI:
        return ["-init_hw_device", "vaapi=gpu", "-filter_hw_device", "gpu"]
    return []


def _profile(codec: Codec, dynamic_range: DynamicRange) -> str:
    if codec is Codec.HEVC:
        return "main" if dynamic_range is DynamicRange.SDR else "main10"
    return "high" if codec is Codec.H264 else "main"


def _processor(
    codec: Codec, preset: str, renditions: Sequence[Rendition], *, frame_rate: float | None, repeatable: bool
) -> dict[str, Any]:
    if codec is Codec.H264:
        # keyframes at scene cuts would differ from one rendition to the next
        options: dict[str, Any] = {"preset:v": preset, "sc_threshold:v": 0, "forced-idr:v": 1}
        if preset in _REFERENCE_FRAMES:
            options |= {f"refs:v:{i}": _reference_frames(preset, r, frame_rate) for i, r in enumerate(renditions)}
        return options | {"threads:v": 1} if repeatable else options
    if codec is Codec.HEVC:
        # info: without x265's own settings in its header, which is a part of the initialisation section
        parameters = ["scenecut=0", "open-gop=0", "info=0", "log-level=error"]
        if repeatable:
            parameters += ["frame-threads=1", "pools=none"]
        own = {
            f"x265-params:v:{i}": ":".join([*parameters, *_x265_level(r, frame_rate)]) for i, r in enumerate(renditions)
        }
        return {"preset:v": preset, "forced-idr:v": 1} | own
    options = {"preset:v": _SVT_PRESETS[preset], "svtav1-params": "scd=0:lp=1" if repeatable else "scd=0"}
    if frame_rate is not None and any(r.crf is None for r in renditions):
        # SVT-AV1 spreads a rate over the group it expects and does not see forced keyframes coming: with its own idea
        # of a group it used half as much again. One more frame than two seconds hold, so that the forced one comes
        # first.
        options["g:v"] = math.ceil(2 * frame_rate) + 1
    return options


def _reference_frames(preset: str, r: Rendition, frame_rate: float | None) -> int:
    """Return how many frames x264 may refer to: what the preset says, within the level that holds the video."""
    level = level_to_tell(Codec.H264, r.frame_width, r.frame_height, frame_rate or 60)
    macroblocks = math.ceil(r.frame_width / 16) * math.ceil(r.frame_height / 16)
    buffered = max(_BUFFERED_MACROBLOCKS.values()) if level is None else _BUFFERED_MACROBLOCKS[level.number]
    return max(1, min(_REFERENCE_FRAMES[preset], buffered // macroblocks))


def _x265_level(r: Rendition, frame_rate: float | None) -> list[str]:
    """Return how x265 is told the level, and the rate by which it sees whether the video fits:
    it refuses one that does not.
    """
    level = None if frame_rate is None else level_to_tell(Codec.HEVC, r.frame_width, r.frame_height, frame_rate)
    if frame_rate is None or level is None:
        return []
    most = level.second / (r.frame_width * r.frame_height)
    return [f"level-idc={level.name}", f"fps={max(1, math.floor(min(round(frame_rate, 3), most) * 1000))}/1000"]


def _level(encoder: str, number: int, level: CodecLevel) -> dict[str, Any]:
    """Return how an encoder is told the level of one of its outputs."""
    if encoder == "hevc_videotoolbox":
        return {}  # it has no such option (libavcodec/videotoolboxenc.c)
    # SVT-AV1 and Intel's encoders count every codec's levels as H.264 does: 31 is 3.1 (EbSvtAv1Enc.h, MFX_LEVEL_AV1_31)
    tens = encoder == "libsvtav1" or family_of(encoder) is EncoderFamily.INTEL
    return {f"level:v:{number}": int(level.name.replace(".", "")) if tens else level.number}


def _hardware(family: EncoderFamily, preset: str) -> dict[str, Any]:
    if family is EncoderFamily.NVIDIA:
        return {
            "preset:v": _NVENC_PRESETS.get(preset, _NVENC_SLOWEST),
            "tune:v": "hq",
            "rc:v": "vbr",
            "forced-idr:v": 1,  # a forced keyframe is otherwise an I picture over which prediction may reach
            "no-scenecut:v": 1,
        }
    if family is EncoderFamily.INTEL:
        return {"preset:v": _QSV_PRESETS.get(preset, preset), "forced_idr:v": 1, "adaptive_i:v": 0}
    if family is EncoderFamily.AMD:
        quality = "speed" if preset in _HURRIED else "quality" if preset in _SLOW else "balanced"
        return {"usage:v": "transcoding", "quality:v": quality, "rc:v": "vbr_peak", "forced_idr:v": 1}
    if family is EncoderFamily.APPLE:
        return {"realtime:v": 1} if preset in _HURRIED else {}
    return {"compression_level:v": _VAAPI_LEVELS[preset], "rc_mode:v": "VBR"}


def _rate(encoder: str, number: int, r: Rendition) -> dict[str, Any]:
    if family_of(encoder) is EncoderFamily.CPU and r.crf is not None:
        # SVT-AV1 takes whole numbers alone
        crf, buffer_size = (
            (round(r.crf), min(r.buffer_size, r.bit_rate * _SVT_BUFFER_S))
            if encoder == "libsvtav1"
            else (r.crf, r.buffer_size)
        )
        return {f"crf:v:{number}": crf, f"maxrate:v:{number}": r.bit_rate, f"bufsize:v:{number}": buffer_size}
    if encoder == "libsvtav1":
        return {f"b:v:{number}": r.bit_rate}  # "Max Bitrate only supported with CRF mode"
    return {f"b:v:{number}": r.bit_rate, f"maxrate:v:{number}": r.max_bit_rate, f"bufsize:v:{number}": r.buffer_size}
