"""Builds the filters between the decoded source and the encoders: cut, filled, scaled for each rendition. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.media.encode.chunks import SHORTEST_PAUSE_S, Chunk, Cutting
from pipeline.media.encode.colour_conversion import conversion, tags
from pipeline.media.encode.encoders import pixel_format, upload_filters
from pipeline.media.source.colours import source_colours
from pipeline.media.source.scan import CLOCK_HZ, EARLY_TICKS
from pipeline.media_info import Crop, VideoStream
from pipeline.model import Plan, Rendition

SAME_SHAPE = 0.03
"""How much the shape of a frame may differ from the planned one without bars:
of analogue video 720 or 704 columns are used.
"""


def video_graph(
    source: Any,  # noqa: ANN401  # ffmpeg-python is untyped
    plan: Plan,
    cutting: Cutting,
    chunk: Chunk,
    renditions: tuple[Rendition, ...] | None = None,
) -> list[Any]:
    """Return a chunk's video once for each rendition (by default the plan's), largest first, ready to encode."""
    assert plan.media.video is not None
    video = _timed(_cropped(source[str(plan.media.video.index)], plan.media.video), plan, cutting, chunk)
    return fitted(video, plan, plan.renditions if renditions is None else renditions)


def _cropped(video: Any, source: VideoStream) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return the video without what its container hides.

    From 7.1 on ffmpeg crops before any filter and then rotates, so nothing is left to crop. Older versions only
    rotate.
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
    offset = {"x": f"(iw-ow)*{left}/{max(1, left + right)}", "y": f"(ih-oh)*{top}/{max(1, top + bottom)}"}
    cropped = video.filter("crop", w=f"min(iw,{width})", h=f"min(ih,{height})", **offset)
    # an older ffmpeg reckons the shape of Matroska's pixels from the whole frame
    return cropped.filter("setsar", f"{aspect.numerator}/{aspect.denominator}")


def fitted(
    video: Any,  # noqa: ANN401  # ffmpeg-python is untyped
    plan: Plan,
    renditions: Sequence[Rendition],
) -> list[Any]:
    """Return a video in each rendition's size and form; each is scaled from the next larger one, which costs less."""
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
            video, output = branches.stream(1), branches.stream(0)
        else:
            output = video
        if (r.frame_width, r.frame_height) != (r.width, r.height):
            output = output.filter("pad", r.frame_width, r.frame_height, "(ow-iw)/2", "(oh-ih)/2")
        # 854x480 of a 16:9 video would declare 1280:1281
        output = output.filter("setsar", 1)
        for name, arguments in upload_filters(plan.encoder):
            output = output.filter(name, **arguments)
        made.append(output)
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
        # a part begins with a frame, which may have come on the screen before
        video = video.filter("trim", start_pts=cutting.entry).filter("setpts", "if(eq(N,0),max(0,PTS),PTS)")
    if chunk.number == 0 and cutting.first_frame != 0:
        # the stream begins with a frame: the muxer counts its segments from there
        video = _filled_before(video, cutting) if cutting.copies_before else video.filter("setpts", "if(eq(N,0),0,PTS)")
    video = _trimmed(video, plan, cutting, chunk)
    if thinning is not None and thinning.least_gap is not None and not cutting.pauses:
        video = video.filter("select", f"isnan(prev_selected_pts)+gte(pts-prev_selected_pts,{thinning.least_gap})")
    return video


def _filled_before(video: Any, cutting: Cutting) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return a video that begins late with copies of its first frame before it."""
    late, copies = cutting.first_frame, cutting.copies_before
    # tpad counts in frames of the rate that the file declares, and moves what follows by as much: all get their times
    # back
    times = f"st(0,if(eq(N,{copies}),PTS,ld(0)));if(lt(N,{copies}),floor(N*{late}/{copies}),PTS-ld(0)+{late})"
    return video.filter("tpad", start=copies, start_mode="clone").filter("setpts", times)


def _trimmed(video: Any, plan: Plan, cutting: Cutting, chunk: Chunk) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    # not a frame before that: which ones are left out counts from there
    start = first_tick(chunk.start) + chunk.first_frame
    if cutting.held and chunk.end is None:
        return video.filter("tpad", stop=-1, stop_mode="clone").filter("trim", start_pts=start, end_pts=cutting.length)
    if chunk.end is not None:
        return video.filter("trim", start_pts=start, end_pts=first_tick(chunk.end))
    edges = {"start_pts": start} if chunk.start else {}
    if plan.media.limit_s is not None:
        edges["end_pts"] = cutting.length - EARLY_TICKS
    return video.filter("trim", **edges) if edges else video


def first_tick(start: int) -> int:
    """Return the first tick of a chunk's frames, a little before its begin: times are rounded."""
    return start - EARLY_TICKS if start else 0
