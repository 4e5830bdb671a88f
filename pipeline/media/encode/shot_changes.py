"""Finds where shots change in a stream that is encoded, from its smallest rendition. Writes nothing into its folder."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.media.stream_layout import PLAYLIST

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
    with tempfile.TemporaryDirectory() as name:
        chosen = f"select='eq(n,0)+gt(scene,{THRESHOLD})',metadata=print:file={FOUND}"
        arguments = ["-i", str(playlist.absolute()), "-map", "0:v:0", "-vf", chosen, "-f", "null", "-"]
        run_ffmpeg(ffmpeg, arguments, cwd=Path(name), cancel=cancel)
        found = Path(name, FOUND)
        times = [float(time) for time in TIME.findall(found.read_text("utf-8"))] if found.is_file() else []
    return [round(time - times[0], 3) for time in times[1:]]
