"""Encodes the video in chunks, several side by side, each a checkpoint that counts on from the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.engines.audio_maker import AudioMaker
from pipeline.engines.encode import NotSeekableError
from pipeline.engines.engine import CommandStarted, EncodeProgress, Engine, TaskEvent
from pipeline.engines.tasks import AudioStretch, EncodeTask, SourceReference, audio_plan
from pipeline.job import SegmentType
from pipeline.media.encode import arguments as encode
from pipeline.media.encode.audio_coding import AUDIO_FILE, Length
from pipeline.media.encode.chunks import Chunk, Cutting
from pipeline.media.encode.continuity import continue_fragments, continue_packets
from pipeline.media.source.source_checks import ProbedFile
from pipeline.media.stream_layout import INIT, segment_pattern
from pipeline.model import Plan
from pipeline.phases.chunk_order import ChunkOrder
from pipeline.phases.chunk_pool import ChunkPool, PooledTask
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.video_progress import VideoProgress


@dataclass(frozen=True, kw_only=True)
class ChunkFacts:
    """The result of a chunk, as in `EncodeResult`.

    `counters` are the last ones of each rendition's segments: the next chunk goes on from them. None while this one
    does not count on from the one before.
    """

    frames: int
    errors: int
    starts: Mapping[str, tuple[int, ...]]
    last: int | None
    counters: Mapping[str, Mapping[str, int]] | None = None


def chunk_piece_name(number: int) -> str:
    """Return the name of the piece that holds a chunk."""
    return f"{number:04d}"


class VideoEncode:
    """Encodes chunks by an engine, as many side by side as it takes.

    What is wanted may change while they run: a chunk is known by its key.
    """

    def __init__(self, work: EncodeWork, audio: AudioMaker, pool: ChunkPool, engine: Engine) -> None:
        self._work = work
        self._audio = audio
        self._pool = pool
        self._engine = engine
        self._inputs = _JobInputs(work.source, audio)
        self._order = ChunkOrder[ChunkFacts]()
        self._progress = VideoProgress(work)

    def begin(self, plan: Plan, cutting: Cutting) -> None:
        """Start on the chunks of a cutting. Chunks of another one end, unless they are the same."""
        tasks = [self._pooled(plan, cutting, chunk) for chunk in cutting.chunks]
        self._order.expect([task.key for task in tasks])
        self._progress.expect(plan, cutting, [task.key for task in tasks])
        self._pool.want(tasks, min(len(tasks), self._engine.slots(plan.encoder)))

    def leave_out(self, names: Sequence[str]) -> None:
        """Tell of no progress of renditions that are not made after all."""
        self._progress.leave_out(names)

    def drop(self) -> None:
        """End every chunk that is under way, and wait until it has ended."""
        self._pool.want((), 1)
        self._pool.finish()

    def encode(self, plan: Plan, cutting: Cutting) -> list[ChunkFacts]:
        """Encode all chunks of a cutting that are not finished; return the results in their order.

        Raises NotSeekableError, EncodeError, OutputError, Cancelled.
        """
        self.begin(plan, cutting)
        self._pool.finish()
        if plan.segment_type is SegmentType.FMP4:
            for r in plan.renditions:
                self._check_same_start(r.name, [chunk_piece_name(chunk.number) for chunk in cutting.chunks])
        return list(self._order.settled)

    def _pooled(self, plan: Plan, cutting: Cutting, chunk: Chunk) -> PooledTask:
        task = self._task(plan, cutting, chunk)
        key = self._work.key(task.arguments, self._audio.key)

        def listen(event: TaskEvent) -> None:
            if isinstance(event, CommandStarted):
                self._work.log_command(event.command)
            elif isinstance(event, EncodeProgress):
                self._progress.running(chunk, key, event)

        def do(cancel: CancelToken) -> None:
            self._order.begin(chunk.number, key)

            def make(folder: Path) -> ChunkFacts:
                running = self._engine.submit_encode(task, folder, self._inputs, listen)
                with cancel.on_cancel(running.cancel):
                    result = running.result()
                return ChunkFacts(frames=result.frames, errors=result.errors, starts=result.starts, last=result.last)

            made = self._work.made(task.name, key, ChunkFacts, make)
            self._progress.finished(chunk, key)

            def settle(before: ChunkFacts | None) -> ChunkFacts:
                facts = self._settle(task, key, made, before)
                self._progress.kept(chunk, key)
                return facts

            self._order.put(chunk.number, key, settle)

        return PooledTask(number=chunk.number, key=key, do=do)

    def _task(self, plan: Plan, cutting: Cutting, chunk: Chunk) -> EncodeTask:
        return EncodeTask(
            name=chunk_piece_name(chunk.number),
            source=self._work.reference,
            ffmpeg=self._work.ffmpeg_version,
            arguments=tuple(encode.chunk_arguments(plan, cutting, chunk, AUDIO_FILE if plan.muxed_audio else None)),
            renditions=tuple(r.name for r in plan.renditions),
            segment_type=plan.segment_type,
            # where decoding can't start in the middle, the frames of a chunk show it; a single chunk needs no check
            frames=chunk.frames if chunk.number or chunk.end is not None else None,
            ends=chunk.end is None,
            audio=self._stretch(plan, chunk) if plan.muxed_audio else None,
        )

    def _stretch(self, plan: Plan, chunk: Chunk) -> AudioStretch:
        length = self._audio.length if chunk.end is None else Length(ticks=chunk.end)
        return AudioStretch(audio=audio_plan(plan), start=chunk.start, end=chunk.end, length=length)

    def _settle(self, task: EncodeTask, key: str, made: ChunkFacts, before: ChunkFacts | None) -> ChunkFacts:
        """Let a chunk's segments count on from those of the chunk before it, and mark it as finished."""
        if made.counters is not None:
            return made
        folder, pattern = self._work.checkpoints.root / task.name, segment_pattern(task.segment_type)
        counted = {} if before is None or before.counters is None else before.counters
        go_on = continue_packets if task.segment_type is SegmentType.TS else continue_fragments
        counters = {
            name: go_on(
                [folder / name / (pattern % i) for i in range(1, len(starts) + 1)],
                counted.get(name, {}),
            )
            for name, starts in made.starts.items()
        }
        facts = replace(made, counters=counters)
        self._work.finish(task.name, key, facts)
        return facts

    def _check_same_start(self, name: str, pieces: Sequence[str]) -> None:
        """See that the pieces' initialisation sections are the same, so that one serves all.

        Raises NotSeekableError.
        """
        first, *others = ((self._work.checkpoints.root / piece / name / INIT).read_bytes() for piece in pieces)
        for other in others:
            if other != first:
                raise NotSeekableError(f"the chunks of {name} can't be joined")


class _JobInputs:
    """What a job's tasks name, for an engine that asks for it: the source as it was probed, the audio as it is made."""

    def __init__(self, source: ProbedFile, audio: AudioMaker) -> None:
        self._source = source
        self._audio = audio

    def source(self, reference: SourceReference) -> ProbedFile:
        return self._source

    def audio(self, stretch: AudioStretch, target: Path, cancel: CancelToken) -> None:
        self._audio.stretch(stretch.start, stretch.end, target, cancel)
