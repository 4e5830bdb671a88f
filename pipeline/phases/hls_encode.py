"""How a source becomes renditions: read through, sound, then chunk by chunk, joined at the end. Each step is a checkpoint.

A run that is cut short goes on from what is finished, as long as source, settings and ffmpeg are the same.
"""

from __future__ import annotations

import itertools
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.checkpoints import Move, key_of
from pipeline.errors import Cancelled, EncodeError, OutputError
from pipeline.events import LogLevel
from pipeline.media import copying, encode, measure, per_title, sound
from pipeline.media.chunks import Chunk, Cutting, cut, cut_at, side_by_side
from pipeline.media.continuity import continue_fragments, continue_packets
from pipeline.media.copying import NotCopyableError
from pipeline.media.encoders import on_processor
from pipeline.media.fragments import separate_init
from pipeline.media.iframes import TIMESTAMP_WRAP, first_time
from pipeline.media.scan import CLOCK_HZ, Scan
from pipeline.model import Plan, Rendition, SegmentType
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.hls_copy import check_copied, join_copied, same_times
from pipeline.phases.phase import PhaseContext, Progress
from pipeline.phases.sound_encode import SoundEncode
from pipeline.plan import output_settings

PER_TITLE = "per_title"
COPY = "copy"

DECISIONS = NOT_KEPT, ONE_PIECE, FILLED, PROCESSOR = "not_kept", "one_piece", "filled", "processor"
"""Pieces without files, each a decision that stands when the job is started again: what was done another way is not tried again."""


class NotSeekableError(EncodeError):
    """A chunk did not begin or end where it should: the source must be encoded in one piece."""


class HlsEncode:
    """One encode of a plan's renditions and sounds into the workspace.

    `plan` has the renditions that are encoded; where the source's own picture is kept, that is not one of them.
    """

    def __init__(self, context: PhaseContext, ffmpeg: Path, scan: Scan) -> None:
        self.plan = context.plan
        self._context = context
        self._work = EncodeWork(context, ffmpeg)
        self._sound = SoundEncode(context.plan, self._work)
        self._scan = scan
        self._checkpoints = context.workspace.checkpoints
        self._whole_key = key_of(self._work.made_with, output_settings(context.plan.job))
        self._cores = os.cpu_count() or 1

    def run(self) -> dict[str, Any]:
        """Do what is missing; return the facts that later phases need. Raises EncodeError, OutputError, Cancelled."""
        begun = self._checkpoints.finish_moves(self._whole_key, self._context.workspace.folder)
        if begun is not None:
            return begun
        self._context.workspace.sweep()
        if self.plan.job.encoding.copy_top and self.plan.renditions:
            try:
                return self._with_kept_top()
            except NotCopyableError as error:
                self._context.log(f"The original picture can't be kept as it is: {error}. Every quality is encoded.", LogLevel.INFO)
                self.plan = self._context.plan
        return self._all_encoded()

    def _with_kept_top(self) -> dict[str, Any]:
        """Copy the source's own picture as the largest rendition, encode the others alike. Raises NotCopyableError too."""
        top, media = self.plan.renditions[0], self.plan.media
        decided = self._decided(NOT_KEPT)
        if decided is not None:
            raise NotCopyableError(decided["reason"])
        cutting = cut(self.plan, self._scan, cores=self._cores, whole=True)
        boundaries = copying.boundaries(self.plan, self._scan, cutting)
        self._sound.make(cutting.length, self._scan.end, copying.even_segment_s(boundaries))
        copied = self._copied(top, cutting, boundaries)
        assert media.video is not None
        assert media.video.bit_rate is not None
        self.plan = replace(self.plan, renditions=copying.below(self.plan.renditions, media.video.bit_rate))
        cutting = cut_at(cutting, self._scan, boundaries, cores=self._cores)
        chunks: list[dict[str, Any]] = []
        if self.plan.renditions:
            if self.plan.job.encoding.target_vmaf is not None:
                self._per_title(cutting)
            try:
                chunks = self._picture(cutting)
            except NotSeekableError as error:
                raise self._not_kept("the file can't be entered in the middle") from error
        for r in self.plan.renditions:
            if not same_times([start for chunk in chunks for start in chunk["starts"][r.name]], boundaries):
                raise self._not_kept("the other qualities can't be cut at its keyframes")
        self._context.log(f"{top.name} is the original picture as it is.", LogLevel.INFO)
        made = {top.name: [(COPY, copied)]} | self._by_rendition(chunks)
        return self._join(made, self._facts(cutting.length, cutting if chunks else None, chunks), cutting.last_frame)

    def _not_kept(self, reason: str) -> NotCopyableError:
        self._decide(NOT_KEPT, {"reason": reason})
        return NotCopyableError(reason)

    def _all_encoded(self) -> dict[str, Any]:
        cutting = cut(self.plan, self._scan, cores=self._cores) if self.plan.renditions else None
        length = cutting.length if cutting else self._scan.end
        self._sound.make(length, self._scan.end, self.plan.segment_s)
        if self.plan.job.encoding.target_vmaf is not None and cutting is not None:
            self._per_title(cutting)
        if cutting is None:
            return self._join({}, self._facts(length, None, []), 0)
        filled = self._decided(FILLED) if self.plan.job.accept_damaged else None
        if filled is None:
            cutting, chunks = self._in_chunks(cutting)
            missing = self._missing_frames(cutting, chunks)
            if not (self.plan.job.accept_damaged and missing):
                return self._join(self._by_rendition(chunks), self._facts(length, cutting, chunks), cutting.last_frame)
            filled = {"missing": missing, "errors": chunks[0]["errors"]}
            self._decide(FILLED, filled)
        self._context.log("Frames are missing: the picture is encoded again with the holes filled.", LogLevel.INFO)
        cutting = replace(cut(self.plan, self._scan, cores=self._cores, whole=True), pauses=True, held=True)
        chunks = [{**self._picture(cutting)[0], "errors": filled["errors"]}]
        facts = self._facts(length, cutting, chunks) | {"missing_frames": filled["missing"]}
        return self._join(self._by_rendition(chunks), facts, cutting.last_frame)

    def _in_chunks(self, cutting: Cutting) -> tuple[Cutting, list[dict[str, Any]]]:
        """Encode the picture; in one piece where its chunks can't be joined. Return how it was cut, and the chunks' facts."""
        if self._decided(ONE_PIECE) is None:
            try:
                return cutting, self._picture(cutting)
            except NotSeekableError:
                self._decide(ONE_PIECE, {})
        self._context.log("This file can't be entered in the middle: it is encoded in one piece.", LogLevel.INFO)
        cutting = cut(self.plan, self._scan, cores=self._cores, whole=True)
        return cutting, self._picture(cutting)

    def _by_rendition(self, chunks: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
        """Return for each encoded rendition the pieces that hold it, in their order, and their facts."""
        return {r.name: [(f"{number:04d}", chunk) for number, chunk in enumerate(chunks)] for r in self.plan.renditions}

    def _facts(self, length: int, cutting: Cutting | None, chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "duration_s": length / CLOCK_HZ,
            "frame_s": self._scan.usual_gap / CLOCK_HZ if self._context.plan.renditions else encode.AAC_FRAME_S,
            "renditions": [r.name for r in self._context.plan.renditions],
            "audio": [] if self.plan.muxed_sound else [a.folder for a in self.plan.audio],
            "loudness": self._sound.loudness,
            "encoder": self.plan.encoder,
            "chunks": len(chunks),
            "decode_errors": self._sound.error_lines + sum(c["errors"] for c in chunks),
            "missing_frames": self._missing_frames(cutting, chunks),
        }

    def forget_trifles(self) -> None:
        """Remove what was done when it is less than a chunk: not worth a folder that waits for the next start."""
        pieces = (path.name for path in self._checkpoints.pieces)
        if self.plan.renditions and not any(name.isdigit() or name in DECISIONS for name in pieces):
            self._checkpoints.clear()

    def _missing_frames(self, cutting: Cutting | None, chunks: Sequence[Mapping[str, Any]]) -> int:
        expected = [] if cutting is None else [chunk.frames for chunk in cutting.chunks]
        return sum(max(0, e - made["frames"]) for e, made in zip(expected, chunks, strict=True) if e is not None)

    # picture

    def _copied(self, top: Rendition, cutting: Cutting, boundaries: Sequence[int]) -> dict[str, Any]:
        """Copy the source's picture into segments; return what a chunk's facts are. Raises NotCopyableError."""
        file = sound.SOUND_FILE if self.plan.muxed_sound else None
        arguments = encode.copy_arguments(self.plan, cutting, top, file)
        kind = self.plan.segment_type
        last = cutting.length - boundaries[-1] - cutting.last_frame

        def make(folder: Path) -> dict[str, Any]:
            (folder / top.name).mkdir()
            if file is not None:
                self._sound.stretch(0, None, folder / file)
            run = self._work.run(arguments, folder, self._work.reporter("Copying the picture", cutting.length))
            (folder / sound.SOUND_FILE).unlink(missing_ok=True)
            try:
                if run.error_lines or run.frames != len(self._scan.frames):
                    raise NotCopyableError("not all of its frames can be copied")
                if kind is SegmentType.FMP4:
                    separate_init(folder / top.name / encode.INIT, folder / top.name / (encode.segment_pattern(kind) % 1))
                starts = join_copied(folder, top.name, kind, boundaries)
                durations_s = _durations_s(starts, last + cutting.last_frame)
                check_copied(folder, top, kind, durations_s, self._context.cancel)
            except NotCopyableError as error:
                shutil.rmtree(folder / top.name)
                return {"reason": str(error)}
            return {"starts": {top.name: starts}, "last": last}

        facts = self._work.piece(COPY, self._work.key(arguments, self._sound.key, boundaries), make)
        if "reason" in facts:
            raise NotCopyableError(facts["reason"])
        return facts

    def _per_title(self, cutting: Cutting) -> None:
        """Give each rendition the CRF that meets the target."""
        key = self._work.key(encode.chunk_arguments(self.plan, cutting, cutting.chunks[0], None), self.plan.job.encoding.target_vmaf)

        def make(folder: Path) -> dict[str, Any]:
            report = self._work.reporter("Measuring the quality", 1)
            return per_title.choose_crfs(
                self._work.ffmpeg, self.plan, cutting, scratch=folder, cancel=self._context.cancel, on_progress=report
            )

        crfs = self._work.piece(PER_TITLE, key, make)
        self.plan = replace(self.plan, renditions=tuple(replace(r, crf=crfs[r.name]) for r in self.plan.renditions))
        chosen = ", ".join(f"{r.name} CRF {r.crf:.1f}" for r in self.plan.renditions)
        self._context.log(f"Quality chosen by measurement: {chosen}.", LogLevel.INFO)

    def _picture(self, cutting: Cutting) -> list[dict[str, Any]]:
        """Encode every chunk; a hardware encoder that fails gives way to the processor once."""
        fallback = on_processor(self.plan.job.encoding.codec)
        if self.plan.encoder == fallback:
            return self._chunks(cutting)
        failed = self._decided(PROCESSOR)
        if failed is None:
            try:
                return self._chunks(cutting)
            except (NotSeekableError, OutputError):
                raise
            except EncodeError as error:
                failed = {"encoder": self.plan.encoder, "reason": str(error)}
                self._decide(PROCESSOR, failed)
        note = f"The hardware encoder {failed['encoder']} failed ({failed['reason']}): the video is encoded on the processor instead."
        self._context.log(note, LogLevel.WARNING)
        self.plan = replace(self.plan, encoder=fallback)
        return self._chunks(cutting)

    def _chunks(self, cutting: Cutting) -> list[dict[str, Any]]:
        every = [(chunk, self._chunk_arguments(cutting, chunk)) for chunk in cutting.chunks]
        keys = [self._work.key(arguments, self._sound.key) for _, arguments in every]
        self._checkpoints.keep_only({*self._sound.names, PER_TITLE, COPY, *DECISIONS, *(_name(chunk) for chunk in cutting.chunks)})
        work: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(len(every)):
            work.put(number)
        failures: list[Exception] = []
        stop = CancelToken()
        copied = {r.name for r in self._context.plan.renditions} - {r.name for r in self.plan.renditions}
        progress = _PictureProgress(self.plan, cutting, copied, self._context.report)
        line = _Line(lambda number, made, before: self._settle(number, keys[number], made, before))

        def take() -> None:
            while not stop.cancelled:
                try:
                    number = work.get_nowait()
                    chunk, arguments = every[number]

                    def make(folder: Path, chunk: Chunk = chunk, arguments: list[str] = arguments) -> dict[str, Any]:
                        return self._chunk(chunk, arguments, folder, stop, progress)

                    made = self._work.made(_name(chunk), keys[number], make)
                    progress.finished(chunk, made)
                    line.put(number, made)
                except queue.Empty:
                    return
                except Exception as error:  # noqa: BLE001  # a thread's outermost frame: raised again below
                    failures.append(error)
                    stop.cancel()

        with self._context.cancel.on_cancel(stop.cancel):
            threads = [threading.Thread(target=take, name=f"encode-{i}") for i in range(self._side_by_side(len(every)))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self._context.cancel.check()
        for failure in failures:
            raise next((f for f in failures if not isinstance(f, Cancelled)), failure)
        if self.plan.segment_type is SegmentType.FMP4:
            for r in self.plan.renditions:
                self._check_same_start(r.name, [_name(chunk) for chunk in cutting.chunks])
        return line.settled

    def _side_by_side(self, count: int) -> int:
        if self.plan.encoder != on_processor(self.plan.job.encoding.codec):
            return 1  # graphics cards take a few encodes at once, and each rendition is one already
        return min(count, side_by_side(self._cores))

    def _chunk_arguments(self, cutting: Cutting, chunk: Chunk) -> list[str]:
        return encode.chunk_arguments(self.plan, cutting, chunk, sound.SOUND_FILE if self.plan.muxed_sound else None)

    def _chunk(self, chunk: Chunk, arguments: list[str], folder: Path, stop: CancelToken, progress: _PictureProgress) -> dict[str, Any]:
        for r in self.plan.renditions:
            (folder / r.name).mkdir()
        stretch = folder / sound.SOUND_FILE
        if self.plan.muxed_sound:
            self._sound.stretch(chunk.start, chunk.end, stretch)
        run = self._work.run(arguments, folder, lambda out_time_s: progress.running(chunk, out_time_s, folder), stop)
        stretch.unlink(missing_ok=True)
        if self.plan.segment_type is SegmentType.FMP4:
            for r in self.plan.renditions:
                separate_init(folder / r.name / encode.INIT, folder / r.name / (encode.segment_pattern(SegmentType.FMP4) % 1))
        if chunk.frames is not None and chunk.frames != run.frames and (chunk.number or chunk.end is not None):
            raise NotSeekableError(f"{chunk.frames} frames were expected and {run.frames} made")
        # a full disk leaves empty segments while ffmpeg ends with status 0
        segments = {r.name: [folder / r.name / s.uri for s in measure.check_segments(folder, r.name)] for r in self.plan.renditions}
        starts = {name: [first_time(path, self.plan.segment_type) for path in paths] for name, paths in segments.items()}
        last = None
        if chunk.end is None:
            name, paths = next(iter(segments.items()))
            last = measure.last_frame_after(folder / name / measure.PLAYLIST, paths[-1].name)
        return {"frames": run.frames, "errors": run.error_lines, "starts": starts, "last": last}

    def _settle(self, number: int, key: str, made: dict[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
        """Let a chunk's segments count on from those of the chunk before it, and mark it as finished."""
        if "counters" in made:
            return made
        folder, pattern = self._checkpoints.root / f"{number:04d}", encode.segment_pattern(self.plan.segment_type)
        go_on = continue_packets if self.plan.segment_type is SegmentType.TS else continue_fragments
        counters = {}
        for name, starts in made["starts"].items():
            segments = [folder / name / (pattern % i) for i in range(1, len(starts) + 1)]
            counters[name] = go_on(segments, {} if before is None else before["counters"][name])
        facts = {**made, "counters": counters}
        self._checkpoints.finish(f"{number:04d}", key, facts)
        return facts

    # joining

    def _join(
        self, made: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]], facts: Mapping[str, Any], last_frame: int
    ) -> dict[str, Any]:
        """Move the segments of all pieces into a folder a rendition, numbered through; tell their durations."""
        folder, plan = self._context.workspace.folder, self.plan
        moves: list[Move] = []
        durations: dict[str, list[float]] = {}
        pattern = encode.segment_pattern(plan.segment_type)
        for name, pieces in made.items():
            shutil.rmtree(folder / name, ignore_errors=True)
            starts: list[int] = []
            for piece, chunk in pieces:
                for i, start in enumerate(chunk["starts"][name], start=1):
                    starts.append(start)
                    moves.append(self._work.move(f"{piece}/{name}/{pattern % i}", f"{name}/{pattern % len(starts)}"))
            # a last frame that is held until the sound ends is one in what is copied and many in what is encoded
            last = max(parts[-1][1]["last"] for parts in made.values())
            # where pauses are filled the last frame was repeated up to the end already
            rest = round(facts["duration_s"] * CLOCK_HZ) - (starts[-1] - starts[0]) % TIMESTAMP_WRAP
            durations[name] = _durations_s(starts, min(last + last_frame, max(1, rest)))
            if plan.segment_type is SegmentType.FMP4:
                moves.append(self._work.move(f"{pieces[0][0]}/{name}/{encode.INIT}", f"{name}/{encode.INIT}"))
        count = len(next(iter(durations.values()), ()))
        for own in self._sound.own_segments(count):
            shutil.rmtree(folder / own.folder, ignore_errors=True)
            moves += own.moves
            durations[own.folder] = list(own.durations_s)
        return self._checkpoints.move(self._whole_key, moves, folder, {**facts, "durations_s": durations})

    def _check_same_start(self, name: str, pieces: Sequence[str]) -> None:
        """See that the pieces' initialisation sections are the same, so that one serves all. Raises NotSeekableError."""
        first, *others = ((self._checkpoints.root / piece / name / encode.INIT).read_bytes() for piece in pieces)
        for other in others:
            if other != first:
                raise NotSeekableError(f"the chunks of {name} can't be joined")

    # pieces

    def _decided(self, name: str) -> dict[str, Any] | None:
        """Return what was decided in this run or one before it of the same job, None where nothing was."""
        return self._checkpoints.find(name, self._whole_key)

    def _decide(self, name: str, facts: Mapping[str, Any]) -> None:
        self._checkpoints.keep(name, self._checkpoints.begin(name))
        self._checkpoints.finish(name, self._whole_key, facts)


class _Line:
    """Chunks in their order, whatever the order in which they are made: each is settled after the one before it."""

    def __init__(self, settle: Callable[[int, dict[str, Any], Mapping[str, Any] | None], dict[str, Any]]) -> None:
        self.settled: list[dict[str, Any]] = []
        self._settle = settle
        self._waiting: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def put(self, number: int, made: dict[str, Any]) -> None:
        """Settle a chunk, and those that waited for it; or let it wait for its turn."""
        with self._lock:
            self._waiting[number] = made
            while (turn := len(self.settled)) in self._waiting:
                before = self.settled[-1] if self.settled else None
                self.settled.append(self._settle(turn, self._waiting.pop(turn), before))


class _PictureProgress:
    """How far the chunks are, of several that may run side by side."""

    def __init__(self, plan: Plan, cutting: Cutting, copied: Iterable[str], report: Callable[[Progress], None]) -> None:
        self._report = report
        self._cutting = cutting
        self._copied = dict.fromkeys(copied, 1.0)
        self._segment = cutting.chunks[0].segment or plan.segment_s * CLOCK_HZ
        self._pattern = encode.segment_pattern(plan.segment_type)
        self._lock = threading.Lock()
        self._done = 0.0
        self._times: dict[int, float] = {}
        self._segments: dict[str, dict[int, int]] = {r.name: {} for r in plan.renditions}

    def running(self, chunk: Chunk, out_time_s: float, folder: Path) -> None:
        with self._lock:
            self._times[chunk.number] = min(out_time_s * CLOCK_HZ, self._length(chunk))
            for name, counts in self._segments.items():
                while (folder / name / (self._pattern % (counts.get(chunk.number, 0) + 1))).exists():
                    counts[chunk.number] = counts.get(chunk.number, 0) + 1
            self._tell()

    def finished(self, chunk: Chunk, facts: Mapping[str, Any]) -> None:
        with self._lock:
            self._times[chunk.number] = self._length(chunk)
            for name, counts in self._segments.items():
                counts[chunk.number] = len(facts["starts"][name])
            self._tell()

    def _length(self, chunk: Chunk) -> int:
        return (self._cutting.length if chunk.end is None else chunk.end) - chunk.start

    def _tell(self) -> None:
        length = max(1, self._cutting.length)
        fraction = min(1.0, sum(self._times.values()) / length)
        rows = self._copied | {name: min(1.0, sum(counts.values()) * self._segment / length) for name, counts in self._segments.items()}
        self._report(Progress(fraction=fraction, rows=rows, text="Encoding"))


def _durations_s(starts: Sequence[int], last: int) -> list[float]:
    """Return how long segments last that begin at these times, the last one for `last` ticks.

    ffmpeg adds up what it takes for the frames' durations; a player goes by their times.
    """
    return [(b - a) % TIMESTAMP_WRAP / CLOCK_HZ for a, b in itertools.pairwise([*starts, starts[-1] + last])]


def _name(chunk: Chunk) -> str:
    return f"{chunk.number:04d}"
