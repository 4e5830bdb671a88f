"""How a source becomes renditions: read through, audio, then chunk by chunk, joined at the end.

Each step is a checkpoint.

A run that is cut short goes on from what is finished, as long as source, settings and ffmpeg are the same.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from pipeline.checkpoints import key_of
from pipeline.engines.encode import NotSeekableError
from pipeline.engines.engine import Engine
from pipeline.events import LogLevel
from pipeline.facts import HlsFacts, MeasuredLoudness
from pipeline.media.encode.arguments import AAC_FRAME_S
from pipeline.media.encode.audio_coding import Length, length_of
from pipeline.media.encode.chunks import cut, first_chunks
from pipeline.media.encode.copying import NotCopyableError
from pipeline.media.source.running_scan import RunningScan
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.model import Plan
from pipeline.output_settings import HLS, output_settings
from pipeline.phases.chunk_pool import ChunkPool
from pipeline.phases.decisions import DECISIONS, Decisions, HolesFilled
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.hls_copy import COPY
from pipeline.phases.join import Joined, join_pieces, read_joined
from pipeline.phases.own_audio import audio_maker
from pipeline.phases.phase import PhaseContext, Progress
from pipeline.phases.video_encode import VideoEncode
from pipeline.phases.video_strategies import CopiedTop, EncodedVideo, Filled, InChunks, OnePiece, VideoTools
from pipeline.plan import plan_within_source

SHORT_S = 0.1
"""An audio track that ended by more than this before its last packet was not read to its end, in seconds."""


class HlsEncode:
    """One encode of a plan's renditions and audio into the workspace. Leaving it ends all that is under way."""

    def __init__(self, context: PhaseContext, ffmpeg: Path, engine: Engine) -> None:
        self._plan = context.plan
        self._context = context
        self._work = EncodeWork(context, ffmpeg)
        self._audio = audio_maker(context.plan, self._work)
        self._checkpoints = context.workspace.checkpoints
        # the audio's key too: what an earlier version made of the same source and settings is another stream
        self._whole_key = key_of(self._work.made_with, output_settings(context.plan).steps[HLS], self._audio.key)
        self._cores = os.cpu_count() or 1
        self._begun = False
        self._goes_on = self._checkpoints.moving or bool(self._checkpoints.pieces)
        self._pool = ChunkPool(context.cancel)
        self._video = VideoEncode(self._work, self._audio, self._pool, engine)
        self._decisions = Decisions(self._checkpoints, self._whole_key)
        self._tools = VideoTools(self._work, self._audio, self._video, self._decisions, cores=self._cores)

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
        with RunningScan(self._plan.media, self._context.cancel, report) as running:
            while early and (part := running.part()) is not None:
                if plan_within_source(self._plan, part) != self._plan:
                    continue  # what comes later may allow more bits, up to the table's
                cutting = first_chunks(self._plan, part, cores=self._cores)
                if cutting is not None:
                    self._begun = True
                    self._video.begin(self._plan, cutting)
            return running.result()

    def _can_begin_early(self) -> bool:
        """Whether nothing has to be known of the whole source before its first chunk is encoded."""
        encoding = self._plan.job.encoding
        measured = encoding.copy_top or encoding.target_vmaf is not None
        decided = self._checkpoints.moving or self._decisions.any
        return bool(self._plan.renditions) and not measured and not decided

    def run(self, scan: Scan, plan: Plan) -> Joined:
        """Do what is missing, of a source that was read through; return the facts that later phases need.

        `plan` is what is to be made of it, now that it is known whole.
        Raises EncodeError, OutputError, SourceError, Cancelled.
        """
        begun = self._checkpoints.finish_moves(self._whole_key, self._context.workspace.folder)
        joined = None if begun is None else read_joined(begun)
        if joined is not None:
            return joined
        self._audio.start()  # the moves that were begun were those of other work
        self._context.workspace.sweep()
        encoded = self._encoded_video(scan, plan) if plan.renditions else None
        if encoded is None:
            self._audio.tell_length(Length(ticks=scan.end))
        report = self._work.reporter("Encoding the audio", self._audio.length.ticks)
        self._audio.finish(report if encoded is None else lambda done_s: None)  # else the video has told how far it is
        return join_pieces(
            self._work,
            plan,
            self._audio,
            {} if encoded is None else encoded.made,
            self._facts(scan, plan, encoded),
            last_frame=0 if encoded is None else encoded.cutting.last_frame,
            key=self._whole_key,
        )

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

    def _encoded_video(self, scan: Scan, plan: Plan) -> EncodedVideo:
        """Encode the video in the first way that serves."""
        tools = self._tools
        if plan.job.encoding.copy_top:
            try:
                return CopiedTop(tools=tools).encode(plan, scan)
            except NotCopyableError as error:
                self._context.log(
                    f"The original video can't be kept as it is: {error}. Every quality is encoded.", LogLevel.INFO
                )
        cutting = cut(plan, scan, cores=self._cores)
        self._audio.tell_length(length_of(cutting, plan.segment_s))
        plan = tools.with_factors(plan, cutting)
        damage = self._decisions.find(HolesFilled) if plan.job.accept_damaged else None
        if damage is None:
            try:
                encoded = InChunks(tools=tools).encode(plan, scan)
            except NotSeekableError:
                encoded = OnePiece(tools=tools).encode(plan, scan)
            if not (plan.job.accept_damaged and encoded.missing_frames):
                return encoded
            damage = HolesFilled(missing=encoded.missing_frames, errors=encoded.chunks[0].errors)
            self._decisions.keep(damage)
        return Filled(tools=tools, damage=damage).encode(plan, scan)

    def _facts(self, scan: Scan, plan: Plan, encoded: EncodedVideo | None) -> HlsFacts:
        errors = max(self._audio.error_lines, self._lost_audio(scan)) + (0 if encoded is None else encoded.errors)
        return HlsFacts(
            duration_s=(scan.end if encoded is None else encoded.cutting.length) / CLOCK_HZ,
            renditions=() if encoded is None else tuple(r.name for r in plan.renditions if r.name in encoded.made),
            frame_s=AAC_FRAME_S if encoded is None else scan.usual_gap / CLOCK_HZ,
            frame_rate=None if encoded is None else encoded.cutting.frame_rate,
            audio=() if plan.muxed_audio else tuple(a.folder for a in plan.audio),
            loudness=tuple(
                MeasuredLoudness(integrated_lufs=one.integrated_lufs, range_lu=one.range_lu)
                for one in self._audio.loudness
            ),
            encoder=plan.encoder if encoded is None else encoded.plan.encoder,
            closed_captions=scan.captions,
            chunks=0 if encoded is None else len(encoded.chunks),
            decode_errors=errors,
            audio_ends={str(index): end_s for index, end_s in self._audio.ends.items()},
            missing_frames=0 if encoded is None else encoded.missing_frames,
        )

    def _lost_audio(self, scan: Scan) -> int:
        """Return how many audio tracks ended before what was found of them when the source was read through."""
        return sum(scan.audio_ends[index] / CLOCK_HZ - end_s > SHORT_S for index, end_s in self._audio.ends.items())

    def discard_partial_work(self) -> None:
        """Remove what was done when it is less than a chunk: not worth a folder that waits for the next start."""
        if self._goes_on:
            return
        pieces = (path.name for path in self._checkpoints.pieces)
        worth = {COPY, *(decision.name for decision in DECISIONS)}
        if self._plan.renditions and not any(name.isdigit() or name in worth for name in pieces):
            self._checkpoints.clear()
