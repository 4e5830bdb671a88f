"""Decodes a whole source to find what of it can't be read. Makes nothing of it; knows no phase."""

from __future__ import annotations

import bisect
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError
from pipeline.media.encode.source_input import SOURCE, from_source
from pipeline.media.ffmpeg.process import FfmpegRun, run_ffmpeg
from pipeline.media.source.damage import MISSING_S, Damage, Hole, Medium
from pipeline.media.source.interruptions import Interruption, early_end, interruption
from pipeline.media.source.packet_scan import scan
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.media.source.source_notes import DAMAGED_S, missing_s
from pipeline.media_info import MediaInfo

FRAMES = "frames.txt"

LEAST_TICKS = CLOCK_HZ // 10
"""A shorter gap in the audio is how inexactly containers round its times."""

NEAR = 0.6
"""A frame stands for a time that is this near to its own, in usual gaps from frame to frame."""

Times = dict[int, list[tuple[int, int]]]
"""Begin and end of every decoded frame by the number of its stream in the output, in ticks of 90 kHz."""


def count_errors(media: MediaInfo, decode: Callable[[Sequence[str]], FfmpegRun]) -> int:
    """Decode the whole source without output, to count the errors; `decode` runs ffmpeg with these arguments."""
    try:
        return decode(_whole(media, "-f", "null", "-")).error_lines
    except EncodeError:
        return 1  # nothing at all could be decoded


def find_damage(media: MediaInfo, ffmpeg: Path, cancel: CancelToken) -> Damage:
    """Decode the whole source and return what of it can't be read, or why a job does not convert it.

    The packets say which frames there should be; ffmpeg writes a line for each that it has decoded. Where it has
    complained of nothing, whatever is not there was never there. Packets that are no film are not decoded.

    Raises SourceError where the source can't be opened any more, ToolError, Cancelled.
    """
    found = scan(media, cancel)
    in_the_way = interruption(found, has_video=media.video is not None)
    if in_the_way is not None:
        return Damage(orderly=found.orderly, interruption=in_the_way)
    early = early_end(media, found)
    with tempfile.TemporaryDirectory(prefix="hls-converter-") as name:
        # passthrough keeps each frame and its own time; framecrc writes a line a frame
        times = ("-fps_mode", "passthrough", "-enc_time_base:v", f"1:{CLOCK_HZ}", "-f", "framecrc", FRAMES)
        arguments = ["-copyts", *_whole(media, *times)]
        try:
            errors = run_ffmpeg(ffmpeg, arguments, cwd=Path(name), cancel=cancel).error_lines
        except EncodeError:
            errors = 1  # nothing at all could be decoded
        if not errors and missing_s(media) < DAMAGED_S and early is None:
            return Damage()
        decoded = _decoded(Path(name) / FRAMES, round(media.start_s * CLOCK_HZ))
    holes = _holes(media, found, decoded) if errors else ()
    if early is not None and early.audio and early.missing_s > MISSING_S and (errors or not found.orderly):
        text = f"has audio that ends at {early.there_s:.1f} s, though it declares {early.declared_s:.1f} s"
        in_the_way = Interruption(text=text, way_out="copy or export the file again", acceptable=True)
    return Damage(holes=holes, errors=errors, orderly=found.orderly, interruption=in_the_way)


def _whole(media: MediaInfo, *output: str) -> list[str]:
    """Return arguments that decode what is converted of a source, and nothing else of it."""
    used = [*([media.video.index] if media.video is not None else []), *(track.index for track in media.audio)]
    maps = [word for index in used for word in ("-map", f"0:{index}")]
    return from_source(["-i", SOURCE, *maps, *output], media.path)


def _decoded(path: Path, origin: int) -> Times:
    """Read the lines that ffmpeg has written: `#tb STREAM: BASE`, and `STREAM, DTS, PTS, DURATION, …`."""
    scales: dict[int, Fraction] = {}
    times: Times = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("#tb "):
                    stream, _, base = line.removeprefix("#tb ").partition(": ")
                    scales[int(stream)] = Fraction(base.strip()) * CLOCK_HZ
                elif not line.startswith("#"):
                    stream, _, begin, length, *_ = line.split(",")
                    scale, first = scales[int(stream)], int(begin)
                    ends = (round(at * scale) - origin for at in (first, first + int(length)))
                    times.setdefault(int(stream), []).append((next(ends), next(ends)))
    except FileNotFoundError:  # nothing was decoded
        return {}
    return times


def _holes(media: MediaInfo, found: Scan, decoded: Times) -> tuple[Hole, ...]:
    holes: list[Hole] = []
    first_audio = 0
    if media.video is not None:
        first_audio = 1
        holes += _video_holes(found, sorted(begin for begin, _ in decoded.get(0, ())))
    worst: list[Hole] = []
    for number, track in enumerate(media.audio, first_audio):
        begin = round(track.start_s * CLOCK_HZ)
        missing = [*_audio_holes(begin, found.audio_ends[track.index], sorted(decoded.get(number, ())))]
        worst = max(worst, missing, key=lambda these: sum(hole.length_s for hole in these))
    return tuple(sorted((*holes, *worst), key=lambda hole: hole.begin_s))


def _video_holes(found: Scan, decoded: Sequence[int]) -> Iterator[Hole]:
    """Yield the stretches whose frames have packets and were not decoded."""
    near = found.usual_gap * NEAR
    frames, begin = found.frames, None
    for time in frames:
        at = bisect.bisect_left(decoded, time - near)
        is_there = at < len(decoded) and decoded[at] <= time + near
        if is_there and begin is not None:
            yield _hole(Medium.VIDEO, begin, time)
            begin = None
        elif not is_there and begin is None:
            begin = time
    if begin is not None:
        yield _hole(Medium.VIDEO, begin, found.video_end)


def _audio_holes(begin: int, end: int, decoded: Sequence[tuple[int, int]]) -> Iterator[Hole]:
    """Yield the stretches of a track from which nothing was decoded."""
    reached = begin
    for first, last in (*decoded, (end, end)):
        if first - reached > LEAST_TICKS:
            yield _hole(Medium.AUDIO, reached, first)
        reached = max(reached, last)


def _hole(medium: Medium, begin: int, end: int) -> Hole:
    return Hole(medium=medium, begin_s=begin / CLOCK_HZ, end_s=end / CLOCK_HZ)
