"""Runs ffmpeg on a source and watches meanwhile that the source stays what it is and the disk has room."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.disk_room import LOOK_S, disk_full, is_full
from pipeline.errors import EncodeError
from pipeline.media.encode.source_input import from_source
from pipeline.media.ffmpeg.process import FfmpegRun, printable, run_ffmpeg
from pipeline.media.source.source_checks import ProbedFile, check_unchanged


def run_on_source(
    ffmpeg: Path,
    arguments: Sequence[str],
    source: ProbedFile,
    folder: Path,
    *,
    cancel: CancelToken,
    on_command: Callable[[str], None],
    on_progress: Callable[[float], None],
) -> FfmpegRun:
    """Run ffmpeg on a source in a folder.

    Args:
        ffmpeg: the program.
        arguments: with the source's name left open.
        source: what is read.
        folder: where relative output names lie.
        cancel: ends it.
        on_command: told the command before it is run.
        on_progress: told the output time, in seconds.

    Raises DiskFullError as soon as the disk is full, SourceChangedError as soon as the source is another, and what
    ffmpeg raises.
    """
    argv = from_source(arguments, source.path)
    on_command(printable([str(ffmpeg), *argv], cwd=folder))
    looked = time.monotonic()

    def watch(out_time_s: float) -> None:
        nonlocal looked
        on_progress(out_time_s)
        if time.monotonic() - looked > LOOK_S:
            looked = time.monotonic()
            check_unchanged(source)
            if is_full(folder):
                raise disk_full(source.path)

    try:
        run = run_ffmpeg(ffmpeg, argv, cwd=folder, cancel=cancel, on_progress=watch)
    except EncodeError:
        # what ffmpeg says of a file that was cut off or replaced is only a consequence
        check_unchanged(source)
        raise
    check_unchanged(source)
    if is_full(folder):  # the HLS muxer does not count a file that it could not end as an error
        raise disk_full(source.path)
    return run
