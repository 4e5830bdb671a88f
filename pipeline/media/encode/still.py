"""One picture of a video, small enough for a list, and kept so that it is decoded once.

Knows neither who shows it nor the job that the video belongs to.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import PipelineError
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.media_info import MediaInfo

FOLDER = "stills"
MOST_FILES = 2000
"""So many pictures are kept; then all are forgotten."""

PLACE = 0.1
LATEST_S = 60.0
"""Where the picture is taken: after a tenth of the video, where its title is over, but no later than this."""

LIMIT_S = 30.0
"""How long ffmpeg may take: a list does without the picture rather than wait for a broken drive."""


def still(media: MediaInfo, ffmpeg: Path, size: tuple[int, int], cache_dir: Path | None, cancel: CancelToken) -> bytes:
    """Return a picture of a video as PNG, so wide and high with bars where its shape is another; empty if none can be.

    Args:
        media: the source, a file of this computer.
        ffmpeg: the program.
        size: width and height, in pixels.
        cache_dir: where pictures are kept, None for nowhere.
        cancel: ends ffmpeg.

    Raises Cancelled.
    """
    if media.video is None:
        return b""
    if cache_dir is None:
        with tempfile.TemporaryDirectory() as folder:
            return _taken(media, ffmpeg, size, Path(folder) / "still.png", cancel)
    kept = cache_dir / FOLDER / f"{_name(media, size)}.png"
    with contextlib.suppress(OSError):
        return kept.read_bytes()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        _make_room(kept.parent)
    except OSError:
        return still(media, ffmpeg, size, None, cancel)
    return _taken(media, ffmpeg, size, kept, cancel)


def _taken(media: MediaInfo, ffmpeg: Path, size: tuple[int, int], to: Path, cancel: CancelToken) -> bytes:
    length_s = media.duration_s or media.readable_s or 0.0
    width, height = size
    half_made = to.with_name(f".{to.name}.tmp")
    box = f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
    arguments = [
        *("-ss", f"{min(length_s * PLACE, LATEST_S):.3f}"),
        *("-i", str(media.path.absolute())),
        *("-map", "0:v:0", "-frames:v", "1"),
        *("-vf", f"{box},pad={width}:{height}:-1:-1,setsar=1"),
        *("-pix_fmt", "rgb24", "-c:v", "png", "-f", "image2", "-update", "1"),  # one file, not a series of them
        str(half_made),
    ]
    try:
        run_ffmpeg(ffmpeg, arguments, cwd=to.parent, cancel=cancel, limit_s=LIMIT_S)
        content = half_made.read_bytes()
        half_made.replace(to)
    except (PipelineError, OSError):
        with contextlib.suppress(OSError):
            half_made.unlink()
        return b""
    return content


def _name(media: MediaInfo, size: tuple[int, int]) -> str:
    """Return what a picture is kept by: another file of the same name has another."""
    try:
        changed = media.path.stat().st_mtime_ns
    except OSError:
        changed = 0
    known_by = f"{media.path.absolute()}\0{media.size_bytes}\0{changed}\0{size[0]}x{size[1]}"
    return hashlib.sha256(known_by.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _make_room(folder: Path) -> None:
    kept = list(folder.glob("*.png"))
    if len(kept) >= MOST_FILES:
        for path in kept:
            path.unlink(missing_ok=True)
