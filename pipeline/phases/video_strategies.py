"""The ways in which the video becomes renditions: its top copied, in chunks, in one piece, with its holes filled.

Each takes a plan and returns what was made, with the plan that it was made by. Which of them comes when is decided
elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.engines.audio_maker import AudioMaker
from pipeline.engines.encode import NotSeekableError
from pipeline.errors import EncodeError, OutputError
from pipeline.events import LogLevel
from pipeline.media.encode import arguments as encode
from pipeline.media.encode import copying, ladder, per_title
from pipeline.media.encode.audio_coding import length_of
from pipeline.media.encode.audio_tracks import STEREO
from pipeline.media.encode.chunks import Cutting, cut, cut_at
from pipeline.media.encode.copying import NotCopyableError
from pipeline.media.encode.encoders import software_encoder
from pipeline.media.encode.per_title import ChosenFactor
from pipeline.media.source.scan import Scan
from pipeline.model import Plan, Rendition
from pipeline.phases.decisions import DECISIONS, Decisions, HolesFilled, InOnePiece, NotKept, OnProcessor
from pipeline.phases.encode_work import EncodeWork
from pipeline.phases.hls_copy import COPY, copy_video, same_times
from pipeline.phases.join import RenditionPart
from pipeline.phases.own_audio import PIECES, SEGMENTS
from pipeline.phases.phase import log_words
from pipeline.phases.video_encode import ChunkFacts, VideoEncode, chunk_piece_name

PER_TITLE = "per_title"
PER_TITLE_LOG = "per_title.jsonl"
"""What was measured so far, until that piece is made."""


@dataclass(frozen=True, kw_only=True)
class MeasuredFactors:
    """The factor that was chosen for each rendition, by its name."""

    factors: Mapping[str, ChosenFactor]


@dataclass(frozen=True, kw_only=True)
class EncodedVideo:
    """What was made of the video.

    `plan` says how, `cutting` where it was cut. `made` are the pieces of each rendition, `chunks` what came of each
    chunk that was encoded. `missing_frames` and `errors` are the damage that was found.
    """

    plan: Plan
    cutting: Cutting
    made: Mapping[str, Sequence[RenditionPart]]
    chunks: Sequence[ChunkFacts]
    missing_frames: int
    errors: int


class VideoTools:
    """What the strategies share: chunks encoded by the encoder that works, and factors that are measured."""

    def __init__(
        self, work: EncodeWork, audio: AudioMaker, video: VideoEncode, decisions: Decisions, *, cores: int
    ) -> None:
        self.work = work
        self.audio = audio
        self.decisions = decisions
        self.cores = cores
        self._video = video
        self._gave_way = False

    def with_factors(self, plan: Plan, cutting: Cutting, above: tuple[Rendition, float] | None = None) -> Plan:
        """Return a plan whose renditions have the CRF that meets the target, where there is one.

        Where the ladder is to fit the video, those that save hardly anything are left out; `above` is a larger one that
        is made otherwise, and its bits a second.
        """
        if plan.job.encoding.target_vmaf is None:
            return plan
        first = encode.chunk_arguments(plan, cutting, cutting.chunks[0], None)

        def make(folder: Path) -> MeasuredFactors:
            report = self.work.reporter("Measuring the quality", 1)
            chosen = per_title.choose_factors(
                self.work.ffmpeg,
                plan,
                cutting,
                scratch=folder,
                cancel=self.work.context.cancel,
                on_progress=report,
                log=self.work.checkpoints.root / PER_TITLE_LOG,
                key=key,
            )
            return MeasuredFactors(factors=chosen)

        key = self.work.key(first, plan.job.encoding.target_vmaf)
        factors = self.work.piece(PER_TITLE, key, MeasuredFactors, make).factors
        renditions = tuple(replace(r, crf=factors[r.name].crf) for r in plan.renditions)
        chosen = ", ".join(f"{r.name} CRF {r.crf:.1f}" for r in renditions)
        self.work.context.log(f"Quality chosen by measurement: {chosen}.", LogLevel.INFO)
        plan = replace(plan, renditions=renditions)
        rates = {name: factor.bit_rate for name, factor in factors.items()}
        return self._fitted(plan, rates, above) if plan.job.encoding.fit_ladder else plan

    def _fitted(self, plan: Plan, rates: Mapping[str, float], above: tuple[Rendition, float] | None) -> Plan:
        """Return a plan without the renditions that are not worth making, and say which those are."""
        audio = max((a.bit_rate for a in plan.audio if a.group == STEREO), default=0)
        larger = () if above is None else (above[0],)
        measured = {r.name: bit_rate for r, bit_rate in (() if above is None else (above,))} | dict(rates)
        kept = {r.name for r in ladder.worth_making((*larger, *plan.renditions), measured, audio)}
        left_out = [r.name for r in plan.renditions if r.name not in kept]
        if left_out:
            found = ", ".join(f"{r.name} {measured[r.name] / 1000:.0f} kb/s" for r in (*larger, *plan.renditions))
            which = f"{' and '.join(left_out)} {'is' if len(left_out) == 1 else 'are'}"
            text = f"{which} left out: the next larger quality takes hardly more ({found})."
            self.work.context.log(text, LogLevel.INFO)
            self._video.leave_out(left_out)
        return replace(plan, renditions=tuple(r for r in plan.renditions if r.name in kept))

    def chunks(self, plan: Plan, cutting: Cutting) -> tuple[Plan, list[ChunkFacts]]:
        """Encode every chunk; return the plan that was used, and the results.

        A hardware encoder that fails is replaced by the processor once. Raises NotSeekableError too.
        """
        fallback = software_encoder(plan.job.encoding.codec)
        if plan.encoder == fallback:
            return plan, self._chunks(plan, cutting)
        failed = self.decisions.find(OnProcessor)
        if failed is None:
            try:
                return plan, self._chunks(plan, cutting)
            except (NotSeekableError, OutputError):
                raise
            except EncodeError as error:
                log_words(self.work.context, error)
                failed = OnProcessor(encoder=plan.encoder)
                self.decisions.keep(failed)
        if not self._gave_way:
            note = f"The hardware encoder {failed.encoder} failed: the video is encoded on the processor instead."
            self.work.context.log(note, LogLevel.WARNING)
            self._gave_way = True
        plan = replace(plan, encoder=fallback)
        return plan, self._chunks(plan, cutting)

    def _chunks(self, plan: Plan, cutting: Cutting) -> list[ChunkFacts]:
        pieces = (chunk_piece_name(chunk.number) for chunk in cutting.chunks)
        decisions = (decision.name for decision in DECISIONS)
        self.work.checkpoints.keep_only({PIECES, SEGMENTS, PER_TITLE, COPY, *decisions, *pieces})
        return self._video.encode(plan, cutting)


@dataclass(frozen=True, kw_only=True)
class CopiedTop:
    """The source's own video is the largest rendition, the others are encoded with segments that begin alike.

    It raises NotCopyableError too.
    """

    tools: VideoTools

    def encode(self, plan: Plan, scan: Scan) -> EncodedVideo:
        """Copy the video, encode what is smaller."""
        tools, top = self.tools, plan.renditions[0]
        decided = tools.decisions.find(NotKept)
        if decided is not None:
            raise NotCopyableError(decided.reason)
        cutting = cut(plan, scan, cores=tools.cores, whole=True)
        boundaries = copying.boundaries(plan, scan, cutting)
        tools.audio.tell_length(length_of(cutting, plan.segment_s))
        copied = copy_video(tools.work, tools.audio, plan, scan, cutting, boundaries)
        plan = replace(plan, renditions=copying.below(plan.renditions, scan.peak_bit_rate))
        cutting = cut_at(plan, cutting, scan, boundaries, cores=tools.cores)
        chunks: list[ChunkFacts] = []
        if plan.renditions:
            plan = tools.with_factors(plan, cutting, above=(top, scan.bit_rate))
        if plan.renditions:
            try:
                plan, chunks = tools.chunks(plan, cutting)
            except NotSeekableError as error:
                raise self._not_kept("decoding can't start in the middle of the file") from error
        for r in plan.renditions:
            if not same_times([start for chunk in chunks for start in chunk.starts[r.name]], boundaries):
                raise self._not_kept("the other qualities can't be cut at its keyframes")
        tools.work.context.log(f"{top.name} is the original video as it is.", LogLevel.INFO)
        return _encoded(plan, cutting, chunks, {top.name: [copied]})

    def _not_kept(self, reason: str) -> NotCopyableError:
        self.tools.decisions.keep(NotKept(reason=reason))
        return NotCopyableError(reason)


@dataclass(frozen=True, kw_only=True)
class InChunks:
    """Every rendition is encoded in chunks, several side by side. It raises NotSeekableError too."""

    tools: VideoTools

    def encode(self, plan: Plan, scan: Scan) -> EncodedVideo:
        """Encode the chunks."""
        if self.tools.decisions.find(InOnePiece) is not None:
            raise NotSeekableError("the chunks could not be joined in an earlier run")
        cutting = cut(plan, scan, cores=self.tools.cores)
        try:
            plan, chunks = self.tools.chunks(plan, cutting)
        except NotSeekableError:
            self.tools.decisions.keep(InOnePiece())
            raise
        return _encoded(plan, cutting, chunks)


@dataclass(frozen=True, kw_only=True)
class OnePiece:
    """Every rendition is encoded from beginning to end: decoding can't start in the middle of the source."""

    tools: VideoTools

    def encode(self, plan: Plan, scan: Scan) -> EncodedVideo:
        """Encode the only chunk."""
        note = "Seeking does not work in this file, so it is encoded in one piece: a stopped encode begins again."
        self.tools.work.context.log(note, LogLevel.INFO)
        cutting = cut(plan, scan, cores=self.tools.cores, whole=True)
        plan, chunks = self.tools.chunks(plan, cutting)
        return _encoded(plan, cutting, chunks)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Every rendition is encoded in one piece, with frames repeated where some are missing.

    `damage` is what an encode without that has found.
    """

    tools: VideoTools
    damage: HolesFilled

    def encode(self, plan: Plan, scan: Scan) -> EncodedVideo:
        """Encode the only chunk."""
        note = "Frames are missing: the video is encoded again with the gaps filled."
        self.tools.work.context.log(note, LogLevel.INFO)
        cutting = replace(cut(plan, scan, cores=self.tools.cores, whole=True), pauses=True, held=True)
        plan, chunks = self.tools.chunks(plan, cutting)
        encoded = _encoded(plan, cutting, chunks)
        return replace(encoded, missing_frames=self.damage.missing, errors=self.damage.errors)


def _encoded(
    plan: Plan,
    cutting: Cutting,
    chunks: Sequence[ChunkFacts],
    copied: Mapping[str, Sequence[RenditionPart]] | None = None,
) -> EncodedVideo:
    made: dict[str, Sequence[RenditionPart]] = dict(copied or {})
    for r in plan.renditions:
        made[r.name] = [
            RenditionPart(name=chunk_piece_name(number), starts=chunk.starts[r.name], last=chunk.last)
            for number, chunk in enumerate(chunks)
        ]
    expected = [chunk.frames for chunk in cutting.chunks] if chunks else []
    missing = sum(max(0, e - chunk.frames) for e, chunk in zip(expected, chunks, strict=True) if e is not None)
    return EncodedVideo(
        plan=plan,
        cutting=cutting,
        made=made,
        chunks=chunks,
        missing_frames=missing,
        errors=sum(chunk.errors for chunk in chunks),
    )
