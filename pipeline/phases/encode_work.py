"""What an encode's steps share: checkpoints, ffmpeg runs that watch the disk, progress and keys."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.checkpoints import Move, key_of
from pipeline.disk_room import LOOK_S, DiskFullError, is_disk_full, is_full
from pipeline.errors import EncodeError
from pipeline.events import LogLevel
from pipeline.media.encode.source_input import from_source
from pipeline.media.ffmpeg.process import FfmpegRun, ffmpeg_version, printable, run_ffmpeg
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.media.source.source_checks import check_unchanged
from pipeline.phases.phase import PhaseContext, Progress


class EncodeWork:
    """Does pieces of one encode in its workspace and tells how far they are. Several threads may use it at once."""

    def __init__(self, context: PhaseContext, ffmpeg: Path) -> None:
        self.context = context
        self.ffmpeg = ffmpeg
        self.checkpoints = context.workspace.checkpoints
        self.made_with = [ffmpeg_version(ffmpeg), context.workspace.source_of_checkpoints.fields]
        self._media = context.plan.media
        self._source = self._media.path
        self._lock = threading.Lock()

    def key(self, arguments: Sequence[str], *more: object) -> str:
        """Return the key of what is made with these arguments, this ffmpeg and this source."""
        return key_of(self.made_with, list(arguments), *more)

    def piece(self, name: str, key: str, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        """Return a finished piece's facts, or make it and mark it as finished."""
        facts = self.checkpoints.find(name, key)
        if facts is None:
            facts = self.made(name, key, make)
            self.checkpoints.finish(name, key, facts)
        return facts

    def made(self, name: str, key: str, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        """Return a finished piece's facts, or make it without marking it.

        Raises DiskFullError, whatever that looked like.
        """
        facts = self.checkpoints.find(name, key)
        if facts is not None:
            return facts
        folder = self.checkpoints.begin(name)
        try:
            facts = make(folder)
        except (EncodeError, OSError) as error:
            full = is_disk_full(error) or is_full(folder)  # before the piece is removed, which makes room
            shutil.rmtree(folder, ignore_errors=True)
            if full:
                raise self.disk_full() from error
            raise
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.checkpoints.keep(name, folder)
        return facts

    def run(
        self, arguments: Sequence[str], folder: Path, report: Callable[[float], None], cancel: CancelToken | None = None
    ) -> FfmpegRun:
        """Run ffmpeg on the source in `folder`.

        Raises DiskFullError as soon as the disk is full, SourceChangedError as soon as the source is another, and what
        ffmpeg raises.
        """
        argv = from_source(arguments, self._source)
        with self._lock:
            self.context.log(printable([str(self.ffmpeg), *argv], cwd=folder), LogLevel.DETAIL)
        looked = time.monotonic()

        def watch(out_time_s: float) -> None:
            nonlocal looked
            report(out_time_s)
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                check_unchanged(self._media)
                if is_full(folder):
                    raise self.disk_full()

        try:
            run = run_ffmpeg(self.ffmpeg, argv, cwd=folder, cancel=cancel or self.context.cancel, on_progress=watch)
        except EncodeError:
            # what ffmpeg says of a file that was cut off or replaced is no more than a consequence
            check_unchanged(self._media)
            raise
        check_unchanged(self._media)
        if is_full(folder):  # a file that could not be ended is no error to the HLS muxer
            raise self.disk_full()
        return run

    def disk_full(self) -> DiskFullError:
        """Return the error that says so."""
        return DiskFullError(
            f"The disk is full: {self._source.name} could not be encoded. Free some space and start again."
        )

    def reporter(self, text: str, length: int) -> Callable[[float], None]:
        """Return what shows how far a step before the picture is; the bar only moves if it is all there is."""
        renditions = self.context.plan.renditions

        def report(done_s: float) -> None:
            fraction = 0.0 if renditions else min(1.0, done_s * CLOCK_HZ / max(1, length))
            self.context.report(Progress(fraction=fraction, rows={r.name: 0.0 for r in renditions}, text=text))

        return report

    def move(self, source: str, target: str) -> Move:
        """Return the move of a piece's file to its place."""
        return Move(source=source, target=target, size_bytes=(self.checkpoints.root / source).stat().st_size)
