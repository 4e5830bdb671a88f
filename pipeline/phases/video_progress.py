"""How far an encode's chunks are, of several that may run side by side."""

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
        self._counts: dict[int, Mapping[str, int]] = {}

    def expect(self, plan: Plan, cutting: Cutting, keys: Sequence[str]) -> None:
        """Let these be the chunks; those that stay the same are as far as they were."""
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
            self._counts = {n: counts for n, counts in self._counts.items() if n in same}

    def running(self, chunk: Chunk, key: str, progress: EncodeProgress) -> None:
        """Tell how far a chunk is."""
        with self._lock:
            if self._expects(chunk, key):
                self._times[chunk.number] = min(progress.out_time_s * CLOCK_HZ, self._lengths[chunk.number])
                self._counts[chunk.number] = progress.segments
                self._report_progress()

    def finished(self, chunk: Chunk, key: str, starts: Mapping[str, Sequence[int]]) -> None:
        """Tell that a chunk is made, with the segments of each rendition that begin at these times."""
        with self._lock:
            if self._expects(chunk, key):
                self._times[chunk.number] = self._lengths[chunk.number]
                self._counts[chunk.number] = {name: len(begins) for name, begins in starts.items()}
                self._report_progress()

    def _expects(self, chunk: Chunk, key: str) -> bool:
        return chunk.number < len(self._keys) and self._keys[chunk.number] == key

    def _report_progress(self) -> None:
        fraction = min(1.0, sum(self._times.values()) / self._length)
        rows = dict.fromkeys(self._every, 1.0)  # what is not encoded was copied
        for name in self._encoded:
            rows[name] = min(
                1.0, sum(counts.get(name, 0) for counts in self._counts.values()) * self._segment / self._length
            )
        self._report(Progress(fraction=fraction, rows=rows, text="Encoding"))
