"""Builds ffmpeg's argument lists for video, MP4 and remux. Pure: starts nothing and reads nothing.

Output names are relative to the folder in which ffmpeg runs, so that no path needs ffmpeg's escaping.

All times are the source's own, counted from its first moment and moved on by TIMELINE_S: a chunk from the middle of a
source gets the timestamps it has in the whole stream.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

from pipeline.job import Codec, EncoderFamily, SegmentType
from pipeline.media.encode.chunks import Chunk, Cutting
from pipeline.media.encode.colour_conversion import named_by_headers
from pipeline.media.encode.encoders import codec_of, family_of, global_options, video_options
from pipeline.media.encode.source_input import chunk_input, source_input
from pipeline.media.encode.video_graph import first_tick, video_graph
from pipeline.media.source.scan import CLOCK_HZ, EARLY_TICKS
from pipeline.media.stream_layout import INIT, PLAYLIST, segment_pattern
from pipeline.media_info import DynamicRange
from pipeline.model import Plan, Rendition

ANALYSED_US = 60_000_000
"""How far ffmpeg may read a rendition to find its video, in microseconds; it stops when it has found it."""

AAC_FRAME_S = 1024 / 48_000
"""How long a frame of AAC-LC lasts at 48 kHz, in seconds."""

TIMELINE_S = 10
"""Media time of the stream's first moment, as in Apple's own streams: B-frames are decoded before it,
never below zero.
"""

# One keyframe at the first frame of every two-second slot: the same frames in every rendition, whatever the frame rate,
# and no run of catch-up keyframes after a gap. Apple's HLS authoring specification 1.10 asks for one every two seconds.
# Half a tick above EARLY_TICKS: what belongs to a slot is the same for the keyframes and for the cuts between chunks.
_EARLY_S = (EARLY_TICKS + 0.5) / CLOCK_HZ
KEYFRAMES = f"expr:isnan(prev_forced_t)+gt(floor((t+{_EARLY_S:.9f})/2),floor((prev_forced_t+{_EARLY_S:.9f})/2))"

# A fragment begins where the one before ends, and the muxer guesses the last frame's duration where the source gives
# none: of a variable frame rate, guessed wrong.
FRAGMENT_DURATION = "duration=if(eq(NEXT_DTS\\,NOPTS)\\,DURATION\\,NEXT_DTS-DTS)"


def chunk_arguments(plan: Plan, cutting: Cutting, chunk: Chunk, audio: str | None) -> list[str]:
    """Return the arguments that make all renditions of a chunk in one run: one decode for all.

    `audio` names a file of the encoded audio of just this stretch, in the stream's own time; it is copied into every
    rendition. The tee muxer hands it to a HLS muxer a rendition; `-var_stream_map` refuses to share.
    """
    video_streams = video_graph(chunk_input(plan.media, chunk), plan, cutting, chunk)
    audio_streams = [] if audio is None else [ffmpeg.input(audio, itsoffset=-TIMELINE_S)["a:0"]]
    options = _video_options(plan, cutting, plan.renditions, repeatable=cutting.repeatable)
    if audio_streams:
        options["c:a"] = "copy"
    times = [f"setts=pts=PTS:dts=DTS:{FRAGMENT_DURATION}"] if plan.segment_type is SegmentType.FMP4 else []
    options |= _bitstream(plan, *times)
    slaves = "|".join(
        _hls_slave(r, i, plan, chunk, has_audio=bool(audio_streams)) for i, r in enumerate(plan.renditions)
    )
    arguments = _arguments(
        *video_streams,
        *audio_streams,
        name=slaves,
        options=_timeline() | {"format": "tee"} | _video_timing(chunk, len(plan.renditions)) | options,
    )
    # a file that is mostly undecodable is judged by its result, not by the share of errors
    return ["-copyts", "-max_error_rate", "1", *global_options(plan.encoder), *arguments]


def copy_arguments(plan: Plan, cutting: Cutting, rendition: Rendition, audio: str | None) -> list[str]:
    """Return the arguments that copy the source's video into segments, one for each of its keyframes.

    `audio` names a file of the encoded audio of the whole stream, which is copied too.
    """
    assert plan.media.video is not None
    streams = [source_input(plan.media)[str(plan.media.video.index)]]
    if audio is not None:
        streams.append(ffmpeg.input(audio, itsoffset=-TIMELINE_S)["a:0"])
    options = {"c": "copy", "format": "hls"} | _timeline() | hls_options(plan.segment_type, 1, rendition.name)
    # the stream begins with a frame
    moved = "pts=if(N\\,PTS\\,0):dts=if(N\\,DTS\\,min(DTS\\,0))" if cutting.first_frame else "pts=PTS:dts=DTS"
    bitstream = [named_by_headers(Codec.H264, DynamicRange.SDR)]
    if plan.segment_type is SegmentType.FMP4:
        bitstream.append(f"setts={moved}:{FRAGMENT_DURATION}")
        options["hls_segment_options"] += f":video_track_timescale={CLOCK_HZ}"
    elif cutting.first_frame:
        bitstream.append(f"setts={moved}")
    options["bsf:v"] = ",".join(bitstream)
    # without a lead: the muxer's own would be added to the time line's
    options |= {"muxdelay": 0, "muxpreload": 0}
    return ["-copyts", *_arguments(*streams, name=f"{rendition.name}/{PLAYLIST}", options=options)]


def remux_arguments(video: Path, audio: Path | None, target: str, end_s: float) -> list[str]:
    """Return the arguments that make the MP4 from a finished rendition, and audio of its own, without encoding.

    The last frame stands until `end_s`, counted from the stream's first moment.
    """
    stream = _stream(video)
    streams = [stream["v:0"]]
    if audio is not None:
        streams.append((stream if audio == video else _stream(audio))["a:0"])
    return ["-copyts", *_arguments(*streams, name=target, options=_mp4(end_s) | {"c": "copy"})]


def _video_options(
    plan: Plan, cutting: Cutting, renditions: tuple[Rendition, ...], *, repeatable: bool
) -> dict[str, Any]:
    assert plan.media.video is not None
    options = video_options(
        plan.encoder,
        plan.job.encoding.preset,
        renditions,
        dynamic_range=plan.dynamic_range,
        segment_type=plan.segment_type,
        frame_rate=cutting.frame_rate,
        repeatable=repeatable,
    )
    # players count from the first frame's decoding, which goes before by two frames where they are reordered
    return options | {"bf:v": 0} if cutting.slow or cutting.pauses else options


def _bitstream(plan: Plan, *more: str) -> dict[str, str]:
    """Return the option with the filters that the encoded video passes.

    Not every driver hands on the colours' names, and without them HDR would be shown as SDR.
    """
    named = (
        ()
        if family_of(plan.encoder) is EncoderFamily.CPU
        else (named_by_headers(codec_of(plan.encoder), plan.dynamic_range),)
    )
    return {"bsf:v": ",".join((*named, *more))} if named or more else {}


def _video_timing(chunk: Chunk, count: int) -> dict[str, Any]:
    times = ",".join(f"{first_tick(keyframe) / CLOCK_HZ:.6f}" for keyframe in chunk.keyframes)
    # one list per rendition: ffmpeg cuts a list up where it stands, and a second encoder would see the first time alone
    keyframes = {f"force_key_frames:v:{i}": times for i in range(count)} if times else {"force_key_frames": KEYFRAMES}
    return keyframes | {
        "fps_mode": "vfr",  # keep a variable frame rate: a constant one doubles frames
        "enc_time_base": f"1:{CLOCK_HZ}",  # the frame rate's own would move the frames of a variable one
    }


def _timeline() -> dict[str, Any]:
    return {"output_ts_offset": TIMELINE_S}


def _stream(playlist: Path) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    # Video and audio in files of their own begin at different times: both are moved by the same, not each to its own
    # zero. Of a frame every few seconds, a transport stream shows nothing within the usual five seconds of audio: look
    # further.
    return ffmpeg.input(playlist.as_posix(), itsoffset=-TIMELINE_S, analyzeduration=ANALYSED_US)


def _mp4(end_s: float) -> dict[str, Any]:
    # A transport stream says nothing of durations, and an encoder not always: the last frame's would be guessed, or
    # none at all, and a video of a single frame would be left out by players.
    last = f"max(1\\,round({end_s:.6f}/TB)-PTS)"
    return {
        "format": "mp4",
        "movflags": "+faststart",  # the index in front, so that playing starts while downloading
        "bsf:v": f"setts=pts=PTS:dts=DTS:duration=if(eq(NEXT_DTS\\,NOPTS)\\,{last}\\,NEXT_DTS-DTS)",
    }


def _arguments(
    *streams: Any,  # noqa: ANN401  # ffmpeg-python is untyped
    name: str,
    options: dict[str, Any],
) -> list[str]:
    return list(ffmpeg.output(*streams, name, **options).get_args())


def _hls_slave(r: Rendition, index: int, plan: Plan, chunk: Chunk, *, has_audio: bool) -> str:
    streams = f"v:{index},a:0" if has_audio else f"v:{index}"
    # The muxer cuts at the first keyframe so long after the chunk's first frame, which may come late in its slot.
    segment = plan.segment_s * CLOCK_HZ if chunk.segment is None else chunk.segment
    hls_time_us = (segment - chunk.first_frame - EARLY_TICKS - 1) * 1_000_000 // CLOCK_HZ
    return _slave(
        {"select": rf"\'{streams}\'", "f": "hls"} | hls_options(plan.segment_type, hls_time_us, r.name), r.name
    )


def hls_options(segment_type: SegmentType, hls_time_us: int, folder: str) -> dict[str, Any]:
    """Return the options of ffmpeg's HLS muxer for a rendition in `folder`."""
    options: dict[str, Any] = {
        "hls_time": f"{hls_time_us}us",
        "hls_playlist_type": "vod",  # written once at the end: rewriting it for each segment is quadratic
        "hls_list_size": 0,
        # temp_file: a segment has its name only when it is finished, which is what the progress bars count
        "hls_flags": "independent_segments+temp_file",
        "start_number": 1,
        "hls_segment_filename": f"{folder}/{segment_pattern(segment_type)}",
    }
    if segment_type is SegmentType.FMP4:
        options["hls_segment_type"] = "fmp4"
        options["hls_fmp4_init_filename"] = INIT
        # frag_discont: times as they are in the whole stream, which is what chunks need to be joined; skip_sidx: for
        # the index the muxer moves a fragment's first frame to where it thinks that the one before it ends;
        # frag_keyframe: a fragment a keyframe, so that each can be fetched by itself
        options["hls_segment_options"] = "movflags=+frag_discont+skip_sidx+frag_keyframe"
    return options


def _slave(options: dict[str, Any], folder: str) -> str:
    return "[" + ":".join(f"{key}={value}" for key, value in options.items()) + f"]{folder}/{PLAYLIST}"
