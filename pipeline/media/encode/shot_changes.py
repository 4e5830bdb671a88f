"""Finds where shots change: in a stream from its smallest rendition, else in the source. Writes nothing beside them.

A long video is looked through in stretches of about a minute's work: a kill costs no more than one of them.
"""

from __future__ import annotations

import math
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.checkpoints import key_of
from pipeline.files import size_of
from pipeline.media.ffmpeg.process import ffmpeg_version, run_ffmpeg
from pipeline.media.hls.measure import read_media_playlist
from pipeline.media.stream_layout import PLAYLIST
from pipeline.media_info import MediaInfo
from pipeline.work_log import WorkLog

THRESHOLD = 0.3
"""How much of a picture is new where a shot changes, from 0 to 1. ffmpeg's documentation of `select` calls 0.3 to 0.5
sane.
"""
FOUND = "shots.txt"
TIME = re.compile(r"pts_time:(-?[\d.]+)")
STRETCH_S = 300
"""How much of 1080p is looked through in one go: measured, up to 11 processor seconds per minute."""
STRETCH_PIXELS = 1920 * 1080
SHORTEST_S, LONGEST_S = 60, 1800
"""How long a stretch is at least and at most, whatever the size of its frames."""
LEAD_S = 2
"""How long before a stretch decoding begins: a change is told from the two frames before it."""


@dataclass(frozen=True, kw_only=True)
class _Video:
    """What ffmpeg reads: a file, a stream of it, how long it is, and how long its stretches are, in seconds."""

    path: Path
    stream: str
    length_s: float
    stretch_s: int


def shot_changes(
    rendition: Path, ffmpeg: Path, cancel: CancelToken, *, pixels: int = STRETCH_PIXELS, log: Path | None = None
) -> list[float]:
    """Return when the first frame of each shot but the first is shown, in seconds from the first frame of the stream.

    Args:
        rendition: the folder of its segments and playlist. Of one that is encrypted or has no playlist none are found.
        ffmpeg: the program.
        cancel: ends it.
        pixels: how many a frame has.
        log: the file that keeps what is found; what an earlier run has found is not looked for again.

    Raises FfmpegError where the segments can't be decoded, ToolError, OutputError, Cancelled.
    """
    playlist = rendition / PLAYLIST
    if not playlist.is_file() or "#EXT-X-KEY" in playlist.read_text(encoding="utf-8"):
        return []
    segments = read_media_playlist(playlist)
    length_s = sum(segment.duration_s for segment in segments)
    sizes = [(segment.uri, size_of(rendition / segment.uri)) for segment in segments]
    video = _Video(path=playlist, stream="0:v:0", length_s=length_s, stretch_s=stretch_s(pixels))
    times = _first_frames(video, ffmpeg, cancel, log, key_of(rendition.name, sizes))
    return [round(time - times[0], 3) for time in times[1:]]


def shot_changes_of_source(
    media: MediaInfo, ffmpeg: Path, cancel: CancelToken, *, log: Path | None = None, key: str = ""
) -> list[float]:
    """Return the same of a source that is not encoded, in seconds from its first moment; none without a picture.

    `key` says which content `log` is for. Raises FfmpegError where it can't be decoded, ToolError, OutputError,
    Cancelled.
    """
    video = media.video
    if video is None:
        return []
    read = _Video(
        path=media.path.absolute(),
        stream=f"0:{video.index}",
        length_s=media.duration_s or 0.0,
        stretch_s=stretch_s(video.width * video.height),
    )
    times = _first_frames(read, ffmpeg, cancel, log, key)
    return [round(video.start_s + time - times[0], 3) for time in times[1:]]


def stretch_s(pixels: int) -> int:
    """Return how much video with so many pixels a frame is looked through in one go, in whole seconds."""
    return max(SHORTEST_S, min(LONGEST_S, STRETCH_S * STRETCH_PIXELS // max(1, pixels)))


def _first_frames(video: _Video, ffmpeg: Path, cancel: CancelToken, log: Path | None, key: str) -> list[float]:
    """Return ffmpeg's times of the first frame of each shot."""
    count = max(1, math.ceil(video.length_s / video.stretch_s))
    made_with = key_of(key, video.stream, video.stretch_s, count, ffmpeg_version(ffmpeg))
    times: list[float] = []
    with WorkLog(log, made_with) as kept:
        for number in range(count):
            part = str(number)
            if part not in kept.done:
                kept.add(part, _stretch(video, number, ffmpeg, cancel, last=number == count - 1))
            times += kept.done[part]
    return times


def _stretch(video: _Video, number: int, ffmpeg: Path, cancel: CancelToken, *, last: bool) -> list[float]:
    """Return the times of the first frames in one stretch, in which the very first frame of the video is one.

    Decoding begins a little before it, at a frame that is not looked for; further before if one frame is shown for
    long.
    """
    begin_s = number * video.stretch_s
    until_s = None if last else begin_s + video.stretch_s
    lead_s = LEAD_S
    while True:
        from_s = max(0, begin_s - lead_s)
        found = _looked_through(video, from_s, until_s, ffmpeg, cancel)
        if not from_s or not found or found[0] < begin_s:
            break
        lead_s *= 4
    return [time for time in (found[1:] if number else found) if time >= begin_s]


def _looked_through(video: _Video, from_s: int, until_s: int | None, ffmpeg: Path, cancel: CancelToken) -> list[float]:
    """Return the times of the first frame between two moments and of each that begins a shot there."""
    entry = ["-ss", str(from_s)] if from_s else []
    entry += [] if until_s is None else ["-t", str(until_s - from_s)]
    with tempfile.TemporaryDirectory() as name:
        chosen = f"select='eq(n,0)+gt(scene,{THRESHOLD})',metadata=print:file={FOUND}"
        arguments = [*entry, "-i", str(video.path), "-map", video.stream, "-vf", chosen, "-f", "null", "-"]
        run_ffmpeg(ffmpeg, arguments, cwd=Path(name), cancel=cancel)
        found = Path(name, FOUND)
        times = TIME.findall(found.read_text("utf-8")) if found.is_file() else []
    return [round(from_s + float(time), 6) for time in times]
