"""Finds where shots change: in a stream from its smallest rendition, else in the source. Writes nothing beside them."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.media.stream_layout import PLAYLIST
from pipeline.media_info import MediaInfo

THRESHOLD = 0.3
"""How much of a picture is new where a shot changes, from 0 to 1. ffmpeg's documentation of `select` calls 0.3 to 0.5
sane.
"""
FOUND = "shots.txt"
TIME = re.compile(r"pts_time:(-?[\d.]+)")


def shot_changes(rendition: Path, ffmpeg: Path, cancel: CancelToken) -> list[float]:
    """Return when the first frame of each shot but the first is shown, in seconds from the first frame of the stream.

    Args:
        rendition: the folder of its segments and playlist. Of one that is encrypted or has no playlist none are found.
        ffmpeg: the program.
        cancel: ends it.

    Raises FfmpegError where the segments can't be decoded, ToolError, Cancelled.
    """
    playlist = rendition / PLAYLIST
    if not playlist.is_file() or "#EXT-X-KEY" in playlist.read_text(encoding="utf-8"):
        return []
    times = _first_frames(playlist, "0:v:0", ffmpeg, cancel)
    return [round(time - times[0], 3) for time in times[1:]]


def shot_changes_of_source(media: MediaInfo, ffmpeg: Path, cancel: CancelToken) -> list[float]:
    """Return the same of a source that is not encoded, in seconds from its first moment; none without a picture.

    Raises FfmpegError where it can't be decoded, ToolError, Cancelled.
    """
    video = media.video
    if video is None:
        return []
    times = _first_frames(media.path, f"0:{video.index}", ffmpeg, cancel)
    return [round(video.start_s + time - times[0], 3) for time in times[1:]]


def _first_frames(source: Path, stream: str, ffmpeg: Path, cancel: CancelToken) -> list[float]:
    """Return ffmpeg's times of the first frame of each shot."""
    with tempfile.TemporaryDirectory() as name:
        chosen = f"select='eq(n,0)+gt(scene,{THRESHOLD})',metadata=print:file={FOUND}"
        arguments = ["-i", str(source.absolute()), "-map", stream, "-vf", chosen, "-f", "null", "-"]
        run_ffmpeg(ffmpeg, arguments, cwd=Path(name), cancel=cancel)
        found = Path(name, FOUND)
        return [float(time) for time in TIME.findall(found.read_text("utf-8"))] if found.is_file() else []
