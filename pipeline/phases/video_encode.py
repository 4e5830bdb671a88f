"""Encodes the picture in chunks, several side by side, each a checkpoint that counts on from the last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, IncompleteError
from pipeline.job import SegmentType
from pipeline.media.encode import arguments as encode
from pipeline.media.encode.audio_coding import AUDIO_FILE
from pipeline.media.encode.chunks import Chunk, Cutting, side_by_side
from pipeline.media.encode.continuity import continue_fragments, continue_packets
from pipeline.media.encode.encoders import software_encoder
from pipeline.media.hls import measure
from pipeline.media.hls.fragments import separate_init
from pipeline.media.hls.iframes import first_time
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.media.stream_layout import INIT, PLAYLIST, segment_pattern
from pipeline.model import Plan
from pipeline.phases.audio_encode import AudioEncode
from pipeline.phases.chunk_pool import ChunkPool, Task
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.phase import Progress


class NotSeekableError(IncompleteError):
    """A chunk did not begin or end where it should: the source must be encoded in one piece."""


def piece_name(number: int) -> str:
    """Return the name of the piece that holds a chunk."""
    return f"{number:04d}"


class VideoEncode:
    """Encodes chunks in the threads of a pool.

    What is wanted may change while they run: a chunk is known by its key.
    """

    def __init__(self, work: EncodeWork, audio_encode: AudioEncode, pool: ChunkPool, *, cores: int) -> None:
        self._work = work
        self._audio = audio_encode
        self._pool = pool
        self._cores = cores
        self._in_order = _InOrder()
        self._progress = _VideoProgress(work)

    def begin(self, plan: Plan, cutting: Cutting) -> None:
        """Start on the chunks of a cutting. Chunks of another one end, unless they are the same."""
        tasks = [self._task(plan, cutting, chunk) for chunk in cutting.chunks]
        self._in_order.expect([task.key for task in tasks])
        self._progress.expect(plan, cutting, [task.key for task in tasks])
        self._pool.want(tasks, self._side_by_side(plan, len(tasks)))

    def drop(self) -> None:
        """End every chunk that is under way, and wait until it has ended."""
        self._pool.want((), 1)
        self._pool.finish()

    def encode(self, plan: Plan, cutting: Cutting) -> list[dict[str, Any]]:
        """Encode all chunks of a cutting that are not finished; return their facts in their order.

        Raises NotSeekableError, EncodeError, OutputError, Cancelled.
        """
        self.begin(plan, cutting)
        self._pool.finish()
        if plan.segment_type is SegmentType.FMP4:
            for r in plan.renditions:
                self._check_same_start(r.name, [piece_name(chunk.number) for chunk in cutting.chunks])
        return self._in_order.settled

    def _task(self, plan: Plan, cutting: Cutting, chunk: Chunk) -> Task:
        arguments = encode.chunk_arguments(plan, cutting, chunk, AUDIO_FILE if plan.muxed_sound else None)
        key = self._work.key(arguments, self._audio.key)

        def do(cancel: CancelToken) -> None:
            self._in_order.begin(chunk.number, key)

            def make(folder: Path) -> dict[str, Any]:
                return self._chunk(plan, chunk, key, arguments, folder, cancel)

            made = self._work.made(piece_name(chunk.number), key, make)
            self._progress.finished(chunk, key, made)
            self._in_order.put(chunk.number, key, lambda before: self._settle(plan, chunk.number, key, made, before))

        return Task(number=chunk.number, key=key, do=do)

    def _side_by_side(self, plan: Plan, count: int) -> int:
        if plan.encoder != software_encoder(plan.job.encoding.codec):
            return 1  # graphics cards take a few encodes at once, and each rendition is one already
        return min(count, side_by_side(self._cores))

    def _chunk(
        self, plan: Plan, chunk: Chunk, key: str, arguments: Sequence[str], folder: Path, cancel: CancelToken
    ) -> dict[str, Any]:
        for r in plan.renditions:
            (folder / r.name).mkdir()
        stretch = folder / AUDIO_FILE
        if plan.muxed_sound:
            self._audio.stretch(chunk.start, chunk.end, stretch, cancel)
        run = self._work.run(
            arguments, folder, lambda out_time_s: self._progress.running(chunk, key, out_time_s, folder), cancel
        )
        stretch.unlink(missing_ok=True)
        if plan.segment_type is SegmentType.FMP4:
            for r in plan.renditions:
                separate_init(folder / r.name / INIT, folder / r.name / (segment_pattern(SegmentType.FMP4) % 1))
        if chunk.frames is not None and chunk.frames != run.frames and (chunk.number or chunk.end is not None):
            raise NotSeekableError(f"{chunk.frames} frames were expected and {run.frames} made")
        # a full disk leaves empty segments while ffmpeg ends with status 0
        segments = {
            r.name: [folder / r.name / s.uri for s in measure.check_segments(folder, r.name)] for r in plan.renditions
        }
        starts = {name: [first_time(path, plan.segment_type) for path in paths] for name, paths in segments.items()}
        last = None
        if chunk.end is None:
            name, paths = next(iter(segments.items()))
            last = measure.last_frame_after(folder / name / PLAYLIST, paths[-1].name)
        return {"frames": run.frames, "errors": run.error_lines, "starts": starts, "last": last}

    def _settle(
        self, plan: Plan, number: int, key: str, made: dict[str, Any], before: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Let a chunk's segments count on from those of the chunk before it, and mark it as finished."""
        if "counters" in made:
            return made
        folder, pattern = self._work.checkpoints.root / piece_name(number), segment_pattern(plan.segment_type)
        go_on = continue_packets if plan.segment_type is SegmentType.TS else continue_fragments
        counters = {}
        for name, starts in made["starts"].items():
            segments = [folder / name / (pattern % i) for i in range(1, len(starts) + 1)]
            counters[name] = go_on(segments, {} if before is None else before["counters"][name])
        facts = {**made, "counters": counters}
        self._work.checkpoints.finish(piece_name(number), key, facts)
        return facts

    def _check_same_start(self, name: str, pieces: Sequence[str]) -> None:
        """See that the pieces' initialisation sections are the same, so that one serves all.

        Raises NotSeekableError.
        """
        first, *others = ((self._work.checkpoints.root / piece / name / INIT).read_bytes() for piece in pieces)
        for other in others:
            if other != first:
                raise NotSeekableError(f"the chunks of {name} can't be joined")


class _InOrder:
    """Chunks in their order, whatever the order in which they are made: each is settled after the one before it."""

    def __init__(self) -> None:
        self.settled: list[dict[str, Any]] = []
        self._keys: list[str] = []
        self._made: dict[tuple[int, str], Callable[[Mapping[str, Any] | None], dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def expect(self, keys: Sequence[str]) -> None:
        """Let these be the chunks. What is settled stays so, up to the first that is another one."""
        with self._lock:
            same = next(
                (n for n, pair in enumerate(zip(self._keys, keys, strict=False)) if pair[0] != pair[1]), len(keys)
            )
            del self.settled[same:]
            self._keys = list(keys)
            self._go_on()

    def begin(self, number: int, key: str) -> None:
        """Forget other chunks that were made in this one's place: their files go.

        Raises Cancelled if it is expected no more.
        """
        with self._lock:
            if self._keys[number : number + 1] != [key]:
                raise Cancelled
            self._made = {made: settle for made, settle in self._made.items() if made[0] != number or made[1] == key}

    def put(self, number: int, key: str, settle: Callable[[Mapping[str, Any] | None], dict[str, Any]]) -> None:
        """Settle a chunk, and those that waited for it; or let it wait for its turn.

        `settle` is told the facts of the one before.
        """
        with self._lock:
            self._made[number, key] = settle
            self._go_on()

    def _go_on(self) -> None:
        while (turn := len(self.settled)) < len(self._keys) and (turn, self._keys[turn]) in self._made:
            settle = self._made[turn, self._keys[turn]]
            self.settled.append(settle(self.settled[-1] if self.settled else None))


class _VideoProgress:
    """How far the chunks are, of several that may run side by side."""

    def __init__(self, work: EncodeWork) -> None:
        self._report = work.context.report
        self._every = [r.name for r in work.context.plan.renditions]
        self._lock = threading.Lock()
        self._keys: list[str] = []
        self._lengths: list[int] = []
        self._times: dict[int, float] = {}
        self._counts: dict[int, dict[str, int]] = {}

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
            self._pattern = segment_pattern(plan.segment_type)
            self._encoded = [r.name for r in plan.renditions]
            self._times = {n: time for n, time in self._times.items() if n in same}
            self._counts = {n: counts for n, counts in self._counts.items() if n in same}

    def running(self, chunk: Chunk, key: str, out_time_s: float, folder: Path) -> None:
        """Tell how far a chunk is, whose segments appear in this folder."""
        with self._lock:
            if not self._expects(chunk, key):
                return
            self._times[chunk.number] = min(out_time_s * CLOCK_HZ, self._lengths[chunk.number])
            counts = self._counts.setdefault(chunk.number, {})
            for name in self._encoded:
                while (folder / name / (self._pattern % (counts.get(name, 0) + 1))).exists():
                    counts[name] = counts.get(name, 0) + 1
            self._tell()

    def finished(self, chunk: Chunk, key: str, facts: Mapping[str, Any]) -> None:
        """Tell that a chunk is made."""
        with self._lock:
            if not self._expects(chunk, key):
                return
            self._times[chunk.number] = self._lengths[chunk.number]
            self._counts[chunk.number] = {name: len(starts) for name, starts in facts["starts"].items()}
            self._tell()

    def _expects(self, chunk: Chunk, key: str) -> bool:
        return chunk.number < len(self._keys) and self._keys[chunk.number] == key

    def _tell(self) -> None:
        fraction = min(1.0, sum(self._times.values()) / self._length)
        rows = dict.fromkeys(self._every, 1.0)  # what is not encoded was copied
        for name in self._encoded:
            rows[name] = min(
                1.0, sum(counts.get(name, 0) for counts in self._counts.values()) * self._segment / self._length
            )
        self._report(Progress(fraction=fraction, rows=rows, text="Encoding"))
