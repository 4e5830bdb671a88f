"""Builds ffmpeg's argument lists for HLS, MP4 and remux. Pure: starts nothing and reads nothing.

Output names are relative to the folder in which ffmpeg runs, so that no path needs ffmpeg's escaping.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

from pipeline.model import Plan, Rendition

PLAYLIST = "index.m3u8"
SEGMENT_PATTERN = "seg_%03d.ts"
SOURCE = "source"

# One keyframe at the first frame of every two-second slot: the same frames in every rendition, whatever the frame rate,
# and no run of catch-up keyframes after a gap. Apple's HLS authoring specification 1.10 asks for one every two seconds.
KEYFRAMES = "expr:isnan(prev_forced_t)+gt(floor(t/2),floor(prev_forced_t/2))"


def segment_name(number: int) -> str:
    """Return the file name of a segment, counted from 1."""
    return SEGMENT_PATTERN % number


def hls_arguments(plan: Plan) -> list[str]:
    """Return the arguments that make all renditions in one run: one decode, the sound encoded once.

    The tee muxer hands the one encoded sound to a HLS muxer a rendition; `-var_stream_map` refuses to share a stream.
    """
    source = _input(plan)
    pictures = _scaled(source[str(plan.media.video.index)], plan, plan.renditions)
    sound = _sound(source, plan)
    options = _video_options(plan, plan.renditions) | (_audio_options(plan) if sound else {})
    slaves = "|".join(_hls_slave(r, i, has_sound=bool(sound), segment_s=plan.segment_s) for i, r in enumerate(plan.renditions))
    return _from(plan, _arguments(*pictures, *sound, name=slaves, options={"format": "tee"} | options))


def mp4_arguments(plan: Plan, rendition: Rendition, target: str) -> list[str]:
    """Return the arguments that encode the MP4 from the source."""
    source = _input(plan)
    pictures = _scaled(source[str(plan.media.video.index)], plan, (rendition,))
    sound = _sound(source, plan)
    options = _video_options(plan, (rendition,)) | (_audio_options(plan) if sound else {})
    return _from(plan, _arguments(*pictures, *sound, name=target, options=_mp4_options() | options))


def remux_arguments(playlist: Path, target: str) -> list[str]:
    """Return the arguments that make the MP4 from a finished rendition without encoding."""
    return _arguments(ffmpeg.input(str(playlist)), name=target, options=_mp4_options() | {"c": "copy"})


def _input(plan: Plan) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    # the name is put in at the end: ffmpeg-python can't take one that is not UTF-8
    return ffmpeg.input(SOURCE)


def _sound(source: Any, plan: Plan) -> list[Any]:  # noqa: ANN401  # ffmpeg-python is untyped
    return [source[str(plan.media.audio[0].index)]] if plan.media.audio else []


def _from(plan: Plan, arguments: list[str]) -> list[str]:
    # file: keeps a name such as "data:x.mp4" or "a|b.mp4" from being read as a protocol
    return [f"file:{plan.media.path.absolute()}" if argument == SOURCE else argument for argument in arguments]


def _arguments(*streams: Any, name: str, options: dict[str, Any]) -> list[str]:  # noqa: ANN401  # ffmpeg-python is untyped
    return list(ffmpeg.output(*streams, name, **options).get_args())


def _scaled(video: Any, plan: Plan, renditions: tuple[Rendition, ...]) -> list[Any]:  # noqa: ANN401  # ffmpeg-python is untyped
    if plan.frame_rate_limit is not None:
        video = video.filter("fps", str(plan.frame_rate_limit))
    if plan.hold_last_frame_s:
        # Without end, and ended by the sound (-shortest): a sound that breaks off early must not be hidden by a long picture.
        video = video.filter("tpad", stop=-1, stop_mode="clone")
    if len(renditions) == 1:
        return [_fitted(video, renditions[0])]
    branches = video.filter_multi_output("split", len(renditions))
    return [_fitted(branches.stream(i), r) for i, r in enumerate(renditions)]


def _fitted(picture: Any, r: Rendition) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    picture = picture.filter("scale", r.width, r.height, flags="bicubic")
    if (r.frame_width, r.frame_height) != (r.width, r.height):
        picture = picture.filter("pad", r.frame_width, r.frame_height, "(ow-iw)/2", "(oh-ih)/2")
    # 854x480 of a 16:9 picture would declare 1280:1281 without setsar; 4:2:2 and 10-bit would go through without format
    return picture.filter("setsar", 1).filter("format", "yuv420p")


def _video_options(plan: Plan, renditions: tuple[Rendition, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "c:v": "libx264",
        "preset": plan.job.preset,
        "profile:v": "high",
        "force_key_frames": KEYFRAMES,
        "sc_threshold": 0,  # keyframes at scene cuts would differ from one rendition to the next
        "fps_mode": "vfr",  # keep a variable frame rate: a constant one doubles frames
    }
    for i, r in enumerate(renditions):
        options |= {f"b:v:{i}": r.bit_rate, f"maxrate:v:{i}": r.max_bit_rate, f"bufsize:v:{i}": r.buffer_size}
    return options


def _audio_options(plan: Plan) -> dict[str, Any]:
    options: dict[str, Any] = {"c:a": "aac", "b:a": plan.audio_bit_rate, "ac": 2, "ar": 48_000}
    return options | {"shortest": None} if plan.hold_last_frame_s else options


def _mp4_options() -> dict[str, Any]:
    return {"format": "mp4", "movflags": "+faststart"}  # the index in front, so that playing starts while downloading


def _hls_slave(r: Rendition, index: int, *, has_sound: bool, segment_s: int) -> str:
    streams = f"v:{index},a:0" if has_sound else f"v:{index}"
    options = {
        "select": rf"\'{streams}\'",
        "f": "hls",
        "hls_time": segment_s,
        "hls_playlist_type": "vod",  # written once at the end: rewriting it for each segment is quadratic
        "hls_list_size": 0,
        # temp_file: a segment has its name only when it is finished, which is what the progress bars count
        "hls_flags": "independent_segments+temp_file",
        "start_number": 1,
        "hls_segment_filename": f"{r.name}/{SEGMENT_PATTERN}",
    }
    return "[" + ":".join(f"{key}={value}" for key, value in options.items()) + f"]{r.name}/{PLAYLIST}"
