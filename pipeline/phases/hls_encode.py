"""How a source becomes renditions: read through, sound, then chunk by chunk, joined at the end.

Each step is a checkpoint.

A run that is cut short goes on from what is finished, as long as source, settings and ffmpeg are the same.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.checkpoints import key_of
from pipeline.errors import EncodeError, OutputError
from pipeline.events import LogLevel
from pipeline.job import SegmentType
from pipeline.media.encode import arguments as encode
from pipeline.media.encode import copying, per_title
from pipeline.media.encode.audio_coding import AUDIO_FILE, Length
from pipeline.media.encode.chunks import Cutting, cut, cut_at, first_chunks
from pipeline.media.encode.copying import NotCopyableError
from pipeline.media.encode.encoders import software_encoder
from pipeline.media.hls.fragments import separate_init
from pipeline.media.source.running_scan import RunningScan
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.media.stream_layout import INIT, segment_pattern
from pipeline.model import Plan, Rendition
from pipeline.output_settings import HLS, output_settings
from pipeline.phases.audio_encode import AudioEncode
from pipeline.phases.chunk_pool import ChunkPool
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.hls_copy import check_copied, join_copied, same_times
from pipeline.phases.join import Pieces, join, segment_durations_s
from pipeline.phases.phase import PhaseContext, Progress, log_words
from pipeline.phases.video_encode import NotSeekableError, VideoEncode, piece_name
from pipeline.plan import within_source

PER_TITLE = "per_title"
COPY = "copy"

SHORT_S = 0.1
"""A sound that ended by more than this before its last packet was not read to its end, in seconds."""

DECISIONS = NOT_KEPT, ONE_PIECE, FILLED, PROCESSOR = "not_kept", "one_piece", "filled", "processor"
"""Pieces without files, each a decision that stands when the job is started again:
what was done another way is not tried again.
"""

LATEST_COPY = CLOCK_HZ // 4
"""By so many ticks the first copy of a frame can miss the beginning of its segment, at most: copies come more often."""


class HlsEncode:
    """One encode of a plan's renditions and sounds into the workspace. Leaving it ends all that is under way.

    `plan` has the renditions that are encoded; where the source's own picture is kept, that is not one of them.
    """

    def __init__(self, context: PhaseContext, ffmpeg: Path) -> None:
        self.plan = context.plan
        self._context = context
        self._work = EncodeWork(context, ffmpeg)
        self._audio = AudioEncode(context.plan, self._work)
        self._checkpoints = context.workspace.checkpoints
        # the sound's key too: what an earlier version made of the same source and settings is another stream
        self._whole_key = key_of(self._work.made_with, output_settings(context.plan).steps[HLS], self._audio.key)
        self._cores = os.cpu_count() or 1
        self._begun = False
        self._goes_on = self._checkpoints.moving or bool(self._checkpoints.pieces)
        self._pool = ChunkPool(context.cancel)
        self._video = VideoEncode(self._work, self._audio, self._pool, cores=self._cores)

    def __enter__(self) -> HlsEncode:
        self._pool.__enter__()
        if not self._checkpoints.moving:
            self._audio.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, traceback)
        self._audio.stop()

    def scan(self) -> Scan:
        """Read the source through, and begin with its first chunks meanwhile where that can be.

        What was begun is found again by `run`, as far as the whole source is cut alike. Raises SourceError, Cancelled.
        """

        def report(fraction: float) -> None:
            if not self._begun:
                self._context.report(Progress(fraction=0.0, text="Reading the video"))

        early = self._can_begin_early()
        with RunningScan(self.plan.media, self._context.cancel, report) as running:
            while early and (part := running.part()) is not None:
                if within_source(self.plan, part) != self.plan:
                    continue  # what comes later may allow more bits, up to the table's
                cutting = first_chunks(self.plan, part, cores=self._cores)
                if cutting is not None:
                    self._begun = True
                    self._video.begin(self.plan, cutting)
            return running.result()

    def _can_begin_early(self) -> bool:
        """Whether nothing has to be known of the whole source before its first chunk is encoded."""
        encoding = self.plan.job.encoding
        measured = encoding.copy_top or encoding.target_vmaf is not None
        decided = self._checkpoints.moving or any(self._decided(name) is not None for name in DECISIONS)
        return bool(self.plan.renditions) and not measured and not decided

    def run(self, scan: Scan, plan: Plan) -> dict[str, Any]:
        """Do what is missing, of a source that was read through; return the facts that later phases need.

        `plan` is what is to be made of it, now that it is known whole.
        Raises EncodeError, OutputError, SourceError, Cancelled.
        """
        begun = self._checkpoints.finish_moves(self._whole_key, self._context.workspace.folder)
        if begun is not None:
            return begun
        self._audio.start()  # the moves that were begun were those of other work
        self._context.workspace.sweep()
        self._scan, self._context, self.plan = scan, replace(self._context, plan=plan), plan
        if self.plan.job.encoding.copy_top and self.plan.renditions:
            try:
                return self._with_kept_top()
            except NotCopyableError as error:
                self._context.log(
                    f"The original picture can't be kept as it is: {error}. Every quality is encoded.", LogLevel.INFO
                )
                self.plan = self._context.plan
        return self._all_encoded()

    def refuse(self) -> None:
        """End what was begun while the source was read, and remove it: the source is no good.

        What an earlier run has finished stays: a drive may have failed for a moment, or damage is accepted the next
        time.
        """
        if self._begun:
            self._video.drop()
        self._audio.stop()
        if not self._goes_on:
            self._checkpoints.clear()

    def _with_kept_top(self) -> dict[str, Any]:
        """Copy the source's own picture as the largest rendition, encode the others alike.

        Raises NotCopyableError too.
        """
        top = self.plan.renditions[0]
        decided = self._decided(NOT_KEPT)
        if decided is not None:
            raise NotCopyableError(decided["reason"])
        cutting = cut(self.plan, self._scan, cores=self._cores, whole=True)
        boundaries = copying.boundaries(self.plan, self._scan, cutting)
        self._audio.tell_length(_audio_length(cutting, self.plan.segment_s))
        copied = self._copied(top, cutting, boundaries)
        self.plan = replace(self.plan, renditions=copying.below(self.plan.renditions, self._scan.peak_bit_rate))
        cutting = cut_at(self.plan, cutting, self._scan, boundaries, cores=self._cores)
        chunks: list[dict[str, Any]] = []
        if self.plan.renditions:
            if self.plan.job.encoding.target_vmaf is not None:
                self._per_title(cutting)
            try:
                chunks = self._encoded(cutting)
            except NotSeekableError as error:
                raise self._not_kept("the file can't be entered in the middle") from error
        for r in self.plan.renditions:
            if not same_times([start for chunk in chunks for start in chunk["starts"][r.name]], boundaries):
                raise self._not_kept("the other qualities can't be cut at its keyframes")
        self._context.log(f"{top.name} is the original picture as it is.", LogLevel.INFO)
        made: dict[str, Pieces] = {top.name: [(COPY, copied)], **self._by_rendition(chunks)}
        return self._joined(made, self._facts(cutting.length, cutting, chunks), cutting.last_frame)

    def _not_kept(self, reason: str) -> NotCopyableError:
        self._decide(NOT_KEPT, {"reason": reason})
        return NotCopyableError(reason)

    def _all_encoded(self) -> dict[str, Any]:
        cutting = cut(self.plan, self._scan, cores=self._cores) if self.plan.renditions else None
        length = cutting.length if cutting else self._scan.end
        self._audio.tell_length(
            Length(ticks=length) if cutting is None else _audio_length(cutting, self.plan.segment_s)
        )
        if self.plan.job.encoding.target_vmaf is not None and cutting is not None:
            self._per_title(cutting)
        if cutting is None:
            return self._joined({}, self._facts(length, None, []), 0)
        filled = self._decided(FILLED) if self.plan.job.accept_damaged else None
        if filled is None:
            cutting, chunks = self._in_chunks(cutting)
            missing = self._missing_frames(cutting, chunks)
            if not (self.plan.job.accept_damaged and missing):
                return self._joined(
                    self._by_rendition(chunks), self._facts(length, cutting, chunks), cutting.last_frame
                )
            filled = {"missing": missing, "errors": chunks[0]["errors"]}
            self._decide(FILLED, filled)
        self._context.log("Frames are missing: the picture is encoded again with the holes filled.", LogLevel.INFO)
        cutting = replace(cut(self.plan, self._scan, cores=self._cores, whole=True), pauses=True, held=True)
        chunks = [{**self._encoded(cutting)[0], "errors": filled["errors"]}]
        facts = self._facts(length, cutting, chunks) | {"missing_frames": filled["missing"]}
        return self._joined(self._by_rendition(chunks), facts, cutting.last_frame)

    def _in_chunks(self, cutting: Cutting) -> tuple[Cutting, list[dict[str, Any]]]:
        """Encode the picture; in one piece where its chunks can't be joined.

        Return how it was cut, and the chunks' facts.
        """
        if self._decided(ONE_PIECE) is None:
            try:
                return cutting, self._encoded(cutting)
            except NotSeekableError:
                self._decide(ONE_PIECE, {})
        self._context.log("This file can't be entered in the middle: it is encoded in one piece.", LogLevel.INFO)
        cutting = cut(self.plan, self._scan, cores=self._cores, whole=True)
        return cutting, self._encoded(cutting)

    def _by_rendition(self, chunks: Sequence[Mapping[str, Any]]) -> dict[str, Pieces]:
        """Return for each encoded rendition the pieces that hold it, in their order, and their facts."""
        return {
            r.name: [(piece_name(number), chunk) for number, chunk in enumerate(chunks)] for r in self.plan.renditions
        }

    def _facts(self, length: int, cutting: Cutting | None, chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self._audio.finish()
        return {
            "duration_s": length / CLOCK_HZ,
            "frame_s": self._scan.usual_gap / CLOCK_HZ if self._context.plan.renditions else encode.AAC_FRAME_S,
            "frame_rate": None if cutting is None else cutting.frame_rate,
            "renditions": [r.name for r in self._context.plan.renditions],
            "audio": [] if self.plan.muxed_sound else [a.folder for a in self.plan.audio],
            "loudness": self._audio.loudness,
            "encoder": self.plan.encoder,
            "closed_captions": self._scan.captions,
            "chunks": len(chunks),
            "decode_errors": max(self._audio.error_lines, self._lost_audio()) + sum(c["errors"] for c in chunks),
            "sound_ends": {str(index): end_s for index, end_s in self._audio.ends.items()},
            "missing_frames": self._missing_frames(cutting, chunks),
        }

    def _lost_audio(self) -> int:
        """Return how many sounds ended before what was found of them when the source was read through."""
        return sum(
            self._scan.sound_ends[index] / CLOCK_HZ - end_s > SHORT_S for index, end_s in self._audio.ends.items()
        )

    def _joined(self, made: Mapping[str, Pieces], facts: Mapping[str, Any], last_frame: int) -> dict[str, Any]:
        return join(
            self._work, self._audio, self.plan.segment_type, made, facts, last_frame=last_frame, key=self._whole_key
        )

    def discard_partial_work(self) -> None:
        """Remove what was done when it is less than a chunk: not worth a folder that waits for the next start."""
        if self._goes_on:
            return
        pieces = (path.name for path in self._checkpoints.pieces)
        if self.plan.renditions and not any(name.isdigit() or name in DECISIONS for name in pieces):
            self._checkpoints.clear()

    def _missing_frames(self, cutting: Cutting | None, chunks: Sequence[Mapping[str, Any]]) -> int:
        expected = [] if cutting is None or not chunks else [chunk.frames for chunk in cutting.chunks]
        return sum(max(0, e - made["frames"]) for e, made in zip(expected, chunks, strict=True) if e is not None)

    # picture

    def _copied(self, top: Rendition, cutting: Cutting, boundaries: Sequence[int]) -> dict[str, Any]:
        """Copy the source's picture into segments; return what a chunk's facts are. Raises NotCopyableError."""
        file = AUDIO_FILE if self.plan.muxed_sound else None
        arguments = encode.copy_arguments(self.plan, cutting, top, file)
        kind = self.plan.segment_type
        last = cutting.length - boundaries[-1] - cutting.last_frame

        def make(folder: Path) -> dict[str, Any]:
            (folder / top.name).mkdir()
            if file is not None:
                self._audio.stretch(0, None, folder / file, self._context.cancel)
            run = self._work.run(arguments, folder, self._work.reporter("Copying the picture", cutting.length))
            (folder / AUDIO_FILE).unlink(missing_ok=True)
            try:
                if run.error_lines or run.frames != len(self._scan.frames):
                    raise NotCopyableError("not all of its frames can be copied")
                if kind is SegmentType.FMP4:
                    separate_init(folder / top.name / INIT, folder / top.name / (segment_pattern(kind) % 1))
                starts = join_copied(folder, top.name, kind, boundaries)
                durations_s = segment_durations_s(starts, last + cutting.last_frame)
                check_copied(folder, top, kind, durations_s, self._context.cancel)
            except NotCopyableError as error:
                shutil.rmtree(folder / top.name)
                return {"reason": str(error)}
            return {"starts": {top.name: starts}, "last": last}

        facts = self._work.piece(COPY, self._work.key(arguments, self._audio.key, boundaries), make)
        if "reason" in facts:
            raise NotCopyableError(facts["reason"])
        return facts

    def _per_title(self, cutting: Cutting) -> None:
        """Give each rendition the CRF that meets the target."""
        key = self._work.key(
            encode.chunk_arguments(self.plan, cutting, cutting.chunks[0], None), self.plan.job.encoding.target_vmaf
        )

        def make(folder: Path) -> dict[str, Any]:
            report = self._work.reporter("Measuring the quality", 1)
            return per_title.choose_crfs(
                self._work.ffmpeg, self.plan, cutting, scratch=folder, cancel=self._context.cancel, on_progress=report
            )

        crfs = self._work.piece(PER_TITLE, key, make)
        self.plan = replace(self.plan, renditions=tuple(replace(r, crf=crfs[r.name]) for r in self.plan.renditions))
        chosen = ", ".join(f"{r.name} CRF {r.crf:.1f}" for r in self.plan.renditions)
        self._context.log(f"Quality chosen by measurement: {chosen}.", LogLevel.INFO)

    def _encoded(self, cutting: Cutting) -> list[dict[str, Any]]:
        """Encode every chunk; a hardware encoder that fails gives way to the processor once."""
        fallback = software_encoder(self.plan.job.encoding.codec)
        if self.plan.encoder == fallback:
            return self._chunks(cutting)
        failed = self._decided(PROCESSOR)
        if failed is None:
            try:
                return self._chunks(cutting)
            except (NotSeekableError, OutputError):
                raise
            except EncodeError as error:
                log_words(self._context, error)
                failed = {"encoder": self.plan.encoder}
                self._decide(PROCESSOR, failed)
        note = f"The hardware encoder {failed['encoder']} failed: the video is encoded on the processor instead."
        self._context.log(note, LogLevel.WARNING)
        self.plan = replace(self.plan, encoder=fallback)
        return self._chunks(cutting)

    def _chunks(self, cutting: Cutting) -> list[dict[str, Any]]:
        pieces = (piece_name(chunk.number) for chunk in cutting.chunks)
        self._checkpoints.keep_only({*self._audio.names, PER_TITLE, COPY, *DECISIONS, *pieces})
        return self._video.encode(self.plan, cutting)

    # pieces

    def _decided(self, name: str) -> dict[str, Any] | None:
        """Return what was decided in this run or one before it of the same job, None where nothing was."""
        return self._checkpoints.find(name, self._whole_key)

    def _decide(self, name: str, facts: Mapping[str, Any]) -> None:
        self._checkpoints.keep(name, self._checkpoints.begin(name))
        self._checkpoints.finish(name, self._whole_key, facts)


def _audio_length(cutting: Cutting, segment_s: int) -> Length:
    """Return how long the sound must be: where the last frame is held, or pauses are filled,
    the copies' times are not known before.
    """
    if not (cutting.held or cutting.pauses):
        return Length(ticks=cutting.length, shortest_segment=cutting.frame_ticks)
    rest = cutting.length % (segment_s * CLOCK_HZ) or segment_s * CLOCK_HZ
    return Length(ticks=cutting.length, shortest_segment=max(0, rest - LATEST_COPY))
