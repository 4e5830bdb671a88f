"""Builds ffmpeg's argument lists for picture, MP4 and remux. Pure: starts nothing and reads nothing.

Output names are relative to the folder in which ffmpeg runs, so that no path needs ffmpeg's escaping.

All times are the source's own, counted from its first moment and moved on by TIMELINE_S: a chunk from the middle of a
source gets the timestamps it has in the whole stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from pipeline.media.encode.chunks import SHORTEST_PAUSE_S, Chunk, Cutting
from pipeline.media.encode.colour_conversion import conversion, named_by_headers, tags
from pipeline.media.encode.encoders import (
    codec_of,
    family_of,
    global_options,
    pixel_format,
    upload_filters,
    video_options,
)
from pipeline.media.source.colours import source_colours
from pipeline.media.source.scan import CLOCK_HZ, EARLY_TICKS
from pipeline.media.stream_layout import INIT, PLAYLIST
from pipeline.model import (
    Codec,
    Crop,
    DynamicRange,
    EncoderFamily,
    MediaInfo,
    Plan,
    Rendition,
    SegmentType,
    VideoStream,
)

SOURCE = "source"

SAME_SHAPE = 0.03
"""By so much the shape of a frame may differ from the planned one without bars:
of an analogue picture 720 or 704 columns are used.
"""

ANALYSED_US = 60_000_000
"""How far ffmpeg may read a rendition to find its picture, in microseconds; it stops when it has found it."""

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


def segment_pattern(segment_type: SegmentType) -> str:
    """Return the name of a segment with a place for its number, counted from 1."""
    return "seg_%03d.ts" if segment_type is SegmentType.TS else "seg_%03d.m4s"


def chunk_arguments(plan: Plan, cutting: Cutting, chunk: Chunk, sound: str | None) -> list[str]:
    """Return the arguments that make all renditions of a chunk in one run: one decode for all.

    `sound` names a file of the encoded sound of just this stretch, in the stream's own time; it is copied into every
    rendition. The tee muxer hands it to a HLS muxer a rendition; `-var_stream_map` refuses to share.
    """
    pictures = video_graph(_entered(plan.media, chunk), plan, cutting, chunk)
    sounds = [] if sound is None else [ffmpeg.input(sound, itsoffset=-TIMELINE_S)["a:0"]]
    options = _video_options(plan, cutting, plan.renditions, repeatable=cutting.repeatable)
    if sounds:
        options["c:a"] = "copy"
    times = [f"setts=pts=PTS:dts=DTS:{FRAGMENT_DURATION}"] if plan.segment_type is SegmentType.FMP4 else []
    options |= _bitstream(plan, *times)
    slaves = "|".join(_hls_slave(r, i, plan, chunk, has_sound=bool(sounds)) for i, r in enumerate(plan.renditions))
    arguments = _arguments(
        *pictures,
        *sounds,
        name=slaves,
        options=_timeline() | {"format": "tee"} | _video_timing(chunk, len(plan.renditions)) | options,
    )
    # a file of which most can't be decoded is judged by what came of it, not by the share of errors
    return ["-copyts", "-max_error_rate", "1", *global_options(plan.encoder), *arguments]


def copy_arguments(plan: Plan, cutting: Cutting, rendition: Rendition, sound: str | None) -> list[str]:
    """Return the arguments that copy the source's picture into segments, one for each of its keyframes.

    `sound` names a file of the encoded sound of the whole stream, which is copied too.
    """
    assert plan.media.video is not None
    streams = [source_input(plan.media)[str(plan.media.video.index)]]
    if sound is not None:
        streams.append(ffmpeg.input(sound, itsoffset=-TIMELINE_S)["a:0"])
    options = {"c": "copy", "format": "hls"} | _timeline() | hls_options(plan.segment_type, 1, rendition.name)
    # the stream begins with a picture
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


def mp4_arguments(
    plan: Plan, cutting: Cutting, rendition: Rendition, sound: Path | None, target: str, end_s: float
) -> list[str]:
    """Return the arguments that encode the MP4's picture from the source; `sound` is a playlist whose sound is copied.

    The last frame stands until `end_s`, counted from the stream's first moment.
    """
    chunk = Chunk(number=0, start=0, end=None, seek_s=cutting.chunks[0].seek_s, first_frame=0, frames=None)
    pictures = video_graph(_entered(plan.media, chunk), plan, cutting, chunk, (rendition,))
    sounds = [] if sound is None else [_stream(sound)["a:0"]]
    options, mp4 = _video_options(plan, cutting, (rendition,), repeatable=False), _mp4(end_s)
    options |= _bitstream(plan, mp4["bsf:v"])
    if sounds:
        options["c:a"] = "copy"
    return [
        "-copyts",
        *global_options(plan.encoder),
        *_arguments(*pictures, *sounds, name=target, options=_video_timing(chunk, 1) | mp4 | options),
    ]


def remux_arguments(picture: Path, sound: Path | None, target: str, end_s: float) -> list[str]:
    """Return the arguments that make the MP4 from a finished rendition, and a sound of its own, without encoding.

    The last frame stands until `end_s`, counted from the stream's first moment.
    """
    stream = _stream(picture)
    streams = [stream["v:0"]]
    if sound is not None:
        streams.append((stream if sound == picture else _stream(sound))["a:0"])
    return ["-copyts", *_arguments(*streams, name=target, options=_mp4(end_s) | {"c": "copy"})]


def from_source(arguments: Sequence[str], source: Path) -> list[str]:
    """Return the arguments with the source's name put in: only now, since ffmpeg-python takes UTF-8 alone."""
    # file: keeps a name such as "data:x.mp4" or "a|b.mp4" from being read as a protocol
    return [f"file:{source.absolute()}" if argument == SOURCE else argument for argument in arguments]


def source_input(media: MediaInfo, **options: Any) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return the source as an input whose times count from its first moment (with -copyts)."""
    if media.start_s:
        options["itsoffset"] = f"{-media.start_s:.6f}"
    if media.video is not None and not media.video.rotation and media.video.crop == Crop():
        # A frame of another size or form goes through the filters that are there: new ones would count from zero, and
        # what the old ones hold back would be lost. But what turns a picture or cuts it can't take another size.
        options["reinit_filter"] = 0
    return ffmpeg.input(SOURCE, **options)


def video_graph(
    source: Any,  # noqa: ANN401  # ffmpeg-python is untyped
    plan: Plan,
    cutting: Cutting,
    chunk: Chunk,
    renditions: tuple[Rendition, ...] | None = None,
) -> list[Any]:
    """Return a chunk's pictures, one a rendition (by default the plan's), largest first, ready to encode."""
    assert plan.media.video is not None
    video = _timed(_cropped(source[str(plan.media.video.index)], plan.media.video), plan, cutting, chunk)
    return fitted(video, plan, plan.renditions if renditions is None else renditions)


def _cropped(video: Any, source: VideoStream) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return the picture without what its container hides.

    From 7.1 on ffmpeg has taken it away before any filter, and turned what is left: then nothing is left to take. An
    older one has only turned it.
    """
    if source.crop == Crop():
        return video
    sides = (source.crop.left, source.crop.top, source.crop.right, source.crop.bottom)
    quarters = source.rotation // 90 if source.rotation % 90 == 0 else 0
    # turned counterclockwise by a quarter, what was at the top is at the left
    left, top, right, bottom = sides[quarters:] + sides[:quarters]
    width, height, aspect = source.coded_width, source.coded_height, source.sample_aspect_ratio
    if quarters % 2:
        width, height, aspect = height, width, 1 / aspect
    place = {"x": f"(iw-ow)*{left}/{max(1, left + right)}", "y": f"(ih-oh)*{top}/{max(1, top + bottom)}"}
    cropped = video.filter("crop", w=f"min(iw,{width})", h=f"min(ih,{height})", **place)
    # an older ffmpeg reckons the shape of Matroska's pixels from the whole picture
    return cropped.filter("setsar", f"{aspect.numerator}/{aspect.denominator}")


def fitted(video: Any, plan: Plan, renditions: Sequence[Rendition]) -> list[Any]:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return a picture in each rendition's size and form; each is scaled from the next larger one, which costs less."""
    assert plan.media.video is not None
    pixels = pixel_format(plan.encoder, plan.dynamic_range)
    converted = conversion(source_colours(plan.media.video), plan.media.video.dynamic_range, plan.dynamic_range)
    for name, arguments in converted.before:
        video = video.filter(name, **arguments)
    made = []
    for number, r in enumerate(renditions):
        size = _within(plan, r) if number == 0 else {"w": r.width, "h": r.height}
        video = video.filter("scale", **size, **(converted.scaling if number == 0 else {"flags": "bicubic"}))
        if number == 0:
            # what is not of the planned shape is centred
            video = video.filter("pad", r.width, r.height, -1, -1, eval="frame")
            for name, arguments in (*converted.behind, ("format", {"pix_fmts": pixels}), tags(plan.dynamic_range)):
                video = video.filter(name, **arguments)
        if number + 1 < len(renditions):
            branches = video.filter_multi_output("split", 2)
            video, picture = branches.stream(1), branches.stream(0)
        else:
            picture = video
        if (r.frame_width, r.frame_height) != (r.width, r.height):
            picture = picture.filter("pad", r.frame_width, r.frame_height, "(ow-iw)/2", "(oh-ih)/2")
        # 854x480 of a 16:9 picture would declare 1280:1281
        picture = picture.filter("setsar", 1)
        for name, arguments in upload_filters(plan.encoder):
            picture = picture.filter(name, **arguments)
        made.append(picture)
    return made


def _within(plan: Plan, r: Rendition) -> dict[str, str]:
    """Return the size that scaling gives a frame: the rendition's, or what fits into it for another shape.

    A recording may change its size in the middle, and a broadcast its shape.
    """
    assert plan.media.video is not None
    planned = f"lt(abs(dar*{plan.media.video.height}/{plan.media.video.width}-1),{SAME_SHAPE})"
    return {
        "w": f"if({planned},{r.width},min({r.width},max(1,round({r.height}*dar/2))*2))",
        "h": f"if({planned},{r.height},min({r.height},max(1,round({r.width}/dar/2))*2))",
        "eval": "frame",
    }


def _entered(media: MediaInfo, chunk: Chunk) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    if chunk.seek_s is None:
        return source_input(media)
    # the exact cut is made by the trim filter, to the tick; seeking only has to land before it
    return source_input(media, noaccurate_seek=None, ss=f"{max(0.0, media.left_out_s + chunk.seek_s):.6f}")


def _timed(video: Any, plan: Plan, cutting: Cutting, chunk: Chunk) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return the frames of a chunk with the times they have in the stream."""
    source = plan.media.video
    assert source is not None
    if cutting.thinning is not None or cutting.pauses:
        # each frame may have its share of closed captions: with some left out or shown twice they would be garbled
        video = video.filter("sidedata", mode="delete", type="A53_CC")
    if (plan.deinterlace or cutting.pauses) and not source.rotation:
        # these compare frames, which must all have one size; by fields, where it is to be another and they are
        # interlaced
        video = video.filter("scale", source.coded_width, source.coded_height, interl=-1)
    if plan.deinterlace:
        # one frame out for each frame in; frames that are whole already go through untouched
        video = video.filter("bwdif", mode="send_frame", parity="auto", deint="interlaced")
    thinning = cutting.thinning
    if thinning is not None and thinning.least_gap is None:
        video = video.filter("fps", str(thinning.rate))
    elif cutting.pauses:
        # A pause is filled with copies of its frame: fps repeats the frame before, and mpdecimate takes out again what
        # is the same as before, all but every so many.
        rate = cutting.filled_rate
        video = video.filter("fps", rate)
        video = video.filter("mpdecimate", max=int(rate * SHORTEST_PAUSE_S) - 1, hi=1, lo=1, frac=0)
    video = video.filter("settb", f"1/{CLOCK_HZ}")
    if chunk.start == 0 and cutting.entry is not None:
        # a part begins with a picture, which may have come on the screen before
        video = video.filter("trim", start_pts=cutting.entry).filter("setpts", "if(eq(N,0),max(0,PTS),PTS)")
    if chunk.number == 0 and cutting.first_frame != 0:
        # the stream begins with a picture: the muxer counts its segments from there
        video = _filled_before(video, cutting) if cutting.copies_before else video.filter("setpts", "if(eq(N,0),0,PTS)")
    video = _trimmed(video, plan, cutting, chunk)
    if thinning is not None and thinning.least_gap is not None and not cutting.pauses:
        video = video.filter("select", f"isnan(prev_selected_pts)+gte(pts-prev_selected_pts,{thinning.least_gap})")
    return video


def _filled_before(video: Any, cutting: Cutting) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return a picture that begins late with copies of its first frame before it."""
    late, copies = cutting.first_frame, cutting.copies_before
    # tpad counts in frames of the rate that the file declares, and moves what follows by as much: all get their times
    # back
    times = f"st(0,if(eq(N,{copies}),PTS,ld(0)));if(lt(N,{copies}),floor(N*{late}/{copies}),PTS-ld(0)+{late})"
    return video.filter("tpad", start=copies, start_mode="clone").filter("setpts", times)


def _trimmed(video: Any, plan: Plan, cutting: Cutting, chunk: Chunk) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    # not a frame before that: which ones are left out counts from there
    start = _first_tick(chunk.start) + chunk.first_frame
    if cutting.held and chunk.end is None:
        return video.filter("tpad", stop=-1, stop_mode="clone").filter("trim", start_pts=start, end_pts=cutting.length)
    if chunk.end is not None:
        return video.filter("trim", start_pts=start, end_pts=_first_tick(chunk.end))
    edges = {"start_pts": start} if chunk.start else {}
    if plan.media.limit_s is not None:
        edges["end_pts"] = cutting.length - EARLY_TICKS
    return video.filter("trim", **edges) if edges else video


def _first_tick(start: int) -> int:
    return start - EARLY_TICKS if start else 0


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
    """Return the option with the filters that the encoded picture passes.

    Not every driver hands on the colours' names, and without them HDR would be shown as SDR.
    """
    named = (
        ()
        if family_of(plan.encoder) is EncoderFamily.CPU
        else (named_by_headers(codec_of(plan.encoder), plan.dynamic_range),)
    )
    return {"bsf:v": ",".join((*named, *more))} if named or more else {}


def _video_timing(chunk: Chunk, pictures: int) -> dict[str, Any]:
    times = ",".join(f"{_first_tick(keyframe) / CLOCK_HZ:.6f}" for keyframe in chunk.keyframes)
    # one list a picture: ffmpeg cuts a list up where it stands, and a second encoder would see the first time alone
    keyframes = (
        {f"force_key_frames:v:{i}": times for i in range(pictures)} if times else {"force_key_frames": KEYFRAMES}
    )
    return keyframes | {
        "fps_mode": "vfr",  # keep a variable frame rate: a constant one doubles frames
        "enc_time_base": f"1:{CLOCK_HZ}",  # the frame rate's own would move the frames of a variable one
    }


def _timeline() -> dict[str, Any]:
    return {"output_ts_offset": TIMELINE_S}


def _stream(playlist: Path) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    # picture and sound of their own begin at different times: both are moved by the same, not each to its own zero of a
    # frame every few seconds, a transport stream shows nothing within the usual five seconds of sound: look further
    return ffmpeg.input(playlist.as_posix(), itsoffset=-TIMELINE_S, analyzeduration=ANALYSED_US)


def _mp4(end_s: float) -> dict[str, Any]:
    # A transport stream says nothing of durations, and an encoder not always: the last frame's would be guessed, or
    # none at all, and a picture of a single frame would be left out by players.
    last = f"max(1\\,round({end_s:.6f}/TB)-PTS)"
    return {
        "format": "mp4",
        "movflags": "+faststart",  # the index in front, so that playing starts while downloading
        "bsf:v": f"setts=pts=PTS:dts=DTS:duration=if(eq(NEXT_DTS\\,NOPTS)\\,{last}\\,NEXT_DTS-DTS)",
    }


def _arguments(*streams: Any, name: str, options: dict[str, Any]) -> list[str]:  # noqa: ANN401  # ffmpeg-python is untyped
    return list(ffmpeg.output(*streams, name, **options).get_args())


def _hls_slave(r: Rendition, index: int, plan: Plan, chunk: Chunk, *, has_sound: bool) -> str:
    streams = f"v:{index},a:0" if has_sound else f"v:{index}"
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
