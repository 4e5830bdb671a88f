"""Encodes the picture in chunks, several side by side, each a checkpoint that counts on from the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import IncompleteError
from pipeline.job import SegmentType
from pipeline.media.encode import arguments as encode
from pipeline.media.encode.audio_coding import AUDIO_FILE
from pipeline.media.encode.chunks import Chunk, Cutting, side_by_side
from pipeline.media.encode.continuity import continue_fragments, continue_packets
from pipeline.media.encode.encoders import software_encoder
from pipeline.media.hls import measure
from pipeline.media.hls.fragments import separate_init
from pipeline.media.hls.iframes import first_time
from pipeline.media.stream_layout import INIT, PLAYLIST, segment_pattern
from pipeline.model import Plan
from pipeline.phases.audio_encode import AudioEncode
from pipeline.phases.chunk_order import ChunkOrder
from pipeline.phases.chunk_pool import ChunkPool, Task
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.video_progress import VideoProgress


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
        self._in_order = ChunkOrder()
        self._progress = VideoProgress(work)

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
