"""What an encode's steps share: checkpoints, ffmpeg runs that watch the disk, progress and keys."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pipeline.checkpoints import Move, key_of
from pipeline.codec import from_json, to_json
from pipeline.disk_room import disk_full, is_disk_full, is_full
from pipeline.engines.source_run import run_on_source
from pipeline.engines.tasks import source_reference
from pipeline.errors import CodecError, EncodeError
from pipeline.events import LogLevel
from pipeline.media.ffmpeg.process import FfmpegRun, ffmpeg_version
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.phases.phase import PhaseContext, Progress

T = TypeVar("T")


class EncodeWork:
    """Does pieces of one encode in its workspace and tells how far they are. Several threads may use it at once."""

    def __init__(self, context: PhaseContext, ffmpeg: Path) -> None:
        self.context = context
        self.ffmpeg = ffmpeg
        self.source = context.plan.media
        self.checkpoints = context.workspace.checkpoints
        content = context.workspace.source_of_checkpoints
        self.ffmpeg_version = ffmpeg_version(ffmpeg)
        self.made_with = [self.ffmpeg_version, content.fields]
        self.reference = source_reference(self.source.path, content)
        self._lock = threading.Lock()

    def key(self, arguments: Sequence[str], *more: object) -> str:
        """Return the key of what is made with these arguments, this ffmpeg and this source."""
        return key_of(self.made_with, list(arguments), *more)

    def piece(self, name: str, key: str, kind: type[T], make: Callable[[Path], T]) -> T:
        """Return a finished piece's facts, or make it and mark it as finished."""
        facts = self._found(name, key, kind)
        if facts is None:
            facts = self.made(name, key, kind, make)
            self.finish(name, key, facts)
        return facts

    def finish(self, name: str, key: str, facts: object) -> None:
        """Mark a piece that was made as finished, with its facts: a dataclass or a dictionary."""
        stored = facts if isinstance(facts, dict) else to_json(facts, without_defaults=True)
        self.checkpoints.finish(name, key, stored)

    def made(self, name: str, key: str, kind: type[T], make: Callable[[Path], T]) -> T:
        """Return a finished piece's facts, or make it without marking it.

        Raises DiskFullError, whatever that looked like.
        """
        facts = self._found(name, key, kind)
        if facts is not None:
            return facts
        folder = self.checkpoints.begin(name)
        try:
            facts = make(folder)
        except (EncodeError, OSError) as error:
            full = is_disk_full(error) or is_full(folder)  # before the piece is removed, which makes room
            shutil.rmtree(folder, ignore_errors=True)
            if full:
                raise disk_full(self.source.path) from error
            raise
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.checkpoints.keep(name, folder)
        return facts

    def _found(self, name: str, key: str, kind: type[T]) -> T | None:
        facts = self.checkpoints.find(name, key)
        try:
            return None if facts is None else from_json(kind, facts, name)
        except CodecError:  # of a version that noted other things: it is made again
            return None

    def run(self, arguments: Sequence[str], folder: Path, report: Callable[[float], None]) -> FfmpegRun:
        """Run ffmpeg on the source in `folder`. Raises as `run_on_source` does."""
        return run_on_source(
            self.ffmpeg,
            arguments,
            self.source,
            folder,
            cancel=self.context.cancel,
            on_command=self.log_command,
            on_progress=report,
        )

    def log_command(self, command: str) -> None:
        """Log a command, for troubleshooting."""
        with self._lock:
            self.context.log(command, LogLevel.DETAIL)

    def reporter(self, text: str, length: int) -> Callable[[float], None]:
        """Return what reports the progress of a step before the video; the bar only moves if there is no video."""
        renditions = self.context.plan.renditions

        def report(done_s: float) -> None:
            fraction = 0.0 if renditions else min(1.0, done_s * CLOCK_HZ / max(1, length))
            self.context.report(Progress(fraction=fraction, rows={r.name: 0.0 for r in renditions}, text=text))

        return report

    def move(self, source: str, target: str) -> Move:
        """Return the move of a piece's file to its place."""
        return Move(source=source, target=target, size_bytes=(self.checkpoints.root / source).stat().st_size)
