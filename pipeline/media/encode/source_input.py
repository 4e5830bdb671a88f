"""The source as an input of ffmpeg, with its times counted from its first moment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from pipeline.media.encode.chunks import Chunk
from pipeline.media_info import Crop, MediaInfo

SOURCE = "source"
"""What stands for the source's name in arguments until ffmpeg is started."""


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
        # what the old ones hold back would be lost. But what turns a video or cuts it can't take another size.
        options["reinit_filter"] = 0
    return ffmpeg.input(SOURCE, **options)


def chunk_input(media: MediaInfo, chunk: Chunk) -> Any:  # noqa: ANN401  # ffmpeg-python is untyped
    """Return the source as the input of a chunk, from where its decoding begins."""
    if chunk.seek_s is None:
        return source_input(media)
    # the exact cut is made by the trim filter, to the tick; seeking only has to land before it
    return source_input(media, noaccurate_seek=None, ss=f"{max(0.0, media.left_out_s + chunk.seek_s):.6f}")
