"""How far an encode's chunks are, of several that may run side by side.

A rendition has its finished segments, and of the one that is open what its frames fill: a bar grows with every frame.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from pipeline.engines.engine import EncodeProgress
from pipeline.media.encode.chunks import Chunk, Cutting
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.model import Plan
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.phase import Progress


class VideoProgress:
    """Combines the progress of each chunk into that of the whole video."""

    def __init__(self, work: EncodeWork) -> None:
        self._report = work.context.report
        self._every = [r.name for r in work.context.plan.renditions]
        self._lock = threading.Lock()
        self._keys: list[str] = []
        self._lengths: list[int] = []
        self._times: dict[int, float] = {}
        self._filled: dict[int, Mapping[str, float]] = {}
        self._kept: set[int] = set()

    def leave_out(self, names: Sequence[str]) -> None:
        """Tell of no progress of these any more."""
        with self._lock:
            self._every = [name for name in self._every if name not in names]

    def expect(self, plan: Plan, cutting: Cutting, keys: Sequence[str]) -> None:
        """Set the chunks; those that are the same as before keep their progress."""
        with self._lock:
            same = {n for n, pair in enumerate(zip(self._keys, keys, strict=False)) if pair[0] == pair[1]}
            self._keys = list(keys)
            self._length = max(1, cutting.length)
            self._lengths = [
                (cutting.length if chunk.end is None else chunk.end) - chunk.start for chunk in cutting.chunks
            ]
            self._segment = cutting.chunks[0].segment or plan.segment_s * CLOCK_HZ
            self._encoded = [r.name for r in plan.renditions]
            self._times = {n: time for n, time in self._times.items() if n in same}
            self._filled = {n: filled for n, filled in self._filled.items() if n in same}
            self._kept &= same

    def running(self, chunk: Chunk, key: str, progress: EncodeProgress) -> None:
        """Tell how far a chunk is."""
        with self._lock:
            if self._expects(chunk, key):
                time = min(progress.out_time_s * CLOCK_HZ, self._lengths[chunk.number])
                self._times[chunk.number] = time
                self._filled[chunk.number] = {
                    name: self._filled_by(time, count, self._lengths[chunk.number])
                    for name, count in progress.segments.items()
                }
                self._report_progress()

    def finished(self, chunk: Chunk, key: str) -> None:
        """Tell that a chunk is made."""
        with self._lock:
            if self._expects(chunk, key):
                self._times[chunk.number] = self._lengths[chunk.number]
                self._filled[chunk.number] = dict.fromkeys(self._encoded, self._lengths[chunk.number])
                self._report_progress()

    def kept(self, chunk: Chunk, key: str) -> None:
        """Tell that a chunk is finished for good: a later run finds it."""
        with self._lock:
            if self._expects(chunk, key):
                self._kept.add(chunk.number)
                self._report_progress()

    def _expects(self, chunk: Chunk, key: str) -> bool:
        return chunk.number < len(self._keys) and self._keys[chunk.number] == key

    def _filled_by(self, time: float, count: int, length: int) -> float:
        """Return how much of a chunk's length so many finished segments and the frames up to a time fill.

        Less than one segment more, and less than all of it: nothing counts as written that is not.
        """
        written = count * self._segment
        open_segment = min(max(0.0, time - written), self._segment - 1)
        return max(0.0, min(written + open_segment, length - 1))

    def _report_progress(self) -> None:
        fraction = min(1.0, sum(self._times.values()) / self._length)
        rows = dict.fromkeys(self._every, 1.0)  # what is not encoded was copied
        for name in self._encoded:
            rows[name] = min(1.0, sum(filled.get(name, 0.0) for filled in self._filled.values()) / self._length)
        kept = min(1.0, sum(self._lengths[number] for number in self._kept) / self._length)
        self._report(Progress(fraction=fraction, rows=rows, text="Encoding", kept=kept))
