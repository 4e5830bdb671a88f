"""Phase 1: makes the renditions and their audio, and says what was wrong with the source."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.disk_room import disk_full, is_disk_full, is_full
from pipeline.engines.engine import Engine
from pipeline.errors import (
    HOW_TO_ACCEPT,
    DamageError,
    EncodeError,
    FfmpegError,
    IncompleteError,
    OutputError,
    PipelineError,
    SourceError,
)
from pipeline.events import LogLevel
from pipeline.facts import DecodedAudio, HlsFacts
from pipeline.job import SegmentType
from pipeline.media.encode import ladder
from pipeline.media.encode.audio_format import RATE_HZ
from pipeline.media.encode.damage_search import count_errors
from pipeline.media.encode.loudness import SILENCE_LUFS
from pipeline.media.encode.source_input import SOURCE, from_source
from pipeline.media.ffmpeg.ffmpeg_messages import meaning
from pipeline.media.ffmpeg.process import FfmpegRun, printable, run_ffmpeg
from pipeline.media.hls import playlists
from pipeline.media.source import interruptions
from pipeline.media.source.damage import MISSING_S, length_text
from pipeline.media.source.interruptions import NOTABLE_S
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.media.source.source_notes import declared_end_s
from pipeline.media.stream_layout import INIT, PLAYLIST, segment_pattern
from pipeline.media_info import MediaInfo
from pipeline.model import PhaseName, PhaseOutcome, Plan, Rendition
from pipeline.phases import rerun
from pipeline.phases.hls_encode import HlsEncode
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress, log_words
from pipeline.plan import plan_within_source

DISK_MARGIN = 1.1

WAYS_OUT = f"Copy or export the file again, or accept damaged videos{HOW_TO_ACCEPT}."


class HlsPhase:
    """Makes every rendition's segments and media playlist."""

    name = PhaseName.HLS

    def __init__(self, ffmpeg: Path, engine: Engine) -> None:
        self._ffmpeg = ffmpeg
        self._engine = engine

    def check(self, context: PhaseContext) -> None:
        """See whether work can be used again, and else that the disk has room for it.

        Raises SettingsError, OutputError.
        """
        if not rerun.decide(context):
            return
        plan = replace(context.plan, renditions=rerun.to_encode(context) or ())
        needed = estimated_size_bytes(plan) - context.workspace.checkpoints.size_bytes
        parent = context.workspace.final.parent
        free = shutil.disk_usage(parent).free
        if free < needed:
            missing = f"{parent} has {free >> 20} MB free, {(needed - free >> 20) + 1} MB less than this video needs"
            raise OutputError(f"{missing}: free some space or choose another output folder.")

    def run(self, context: PhaseContext) -> PhaseResult:
        """Encode, or find it done. Raises EncodeError, SourceError, OutputError, Cancelled."""
        missing = rerun.to_encode(context)
        if missing is None:
            self._check_damage(context)
            return PhaseResult(outcome=PhaseOutcome.REUSED, text="Already encoded")
        plan, folder = context.plan, context.workspace.folder
        work = HlsEncode(_of_missing(context, missing), self._ffmpeg, self._engine)
        try:
            with work:
                found, planned = self._scan(context, work)
                planned = rerun.beside_what_is_there(context, planned, found)
                joined = work.run(found, planned)
            for name, durations in joined.durations_s.items():
                (folder / name / PLAYLIST).write_text(_playlist(plan, durations), encoding="utf-8", newline="\n")
        except BaseException as error:
            if not is_disk_full(error):  # else it goes on as soon as there is room
                work.discard_partial_work()
            if isinstance(error, (EncodeError, OSError)):
                raise encode_failure(context, error) from error
            raise
        if missing and not rerun.fits(context, planned.renditions, joined.durations_s[missing[0].name]):
            context.log("The existing segments begin at other times: every quality is encoded again.", LogLevel.INFO)
            context.workspace.checkpoints.clear()
            context.workspace.forget(self.name.value)
            return self.run(context)
        left_out = {r.name for r in planned.renditions} - set(joined.encoded.renditions)
        names = tuple(r.name for r in plan.renditions if r.name not in left_out)
        encoded = replace(joined.encoded, accepted=plan.job.accept_damaged, renditions=names)
        if encoded.decode_errors and plan.audio:
            encoded = replace(encoded, decoded_audio=self._decoded_audio(context, found, encoded.audio_ends))
        context.workspace.mark(encoded)
        context.workspace.checkpoints.clear()
        self._check_damage(context)
        context.report(Progress(fraction=1.0, rows=dict.fromkeys(names, 1.0), text="Encoded"))
        return PhaseResult(text=_summary(plan, encoded))

    def _scan(self, context: PhaseContext, work: HlsEncode) -> tuple[Scan, Plan]:
        """Return what the source holds, and the plan for it.

        Raises SourceError when that can't be made into a stream.
        """
        try:
            found = work.scan()
            self._check_interruptions(context, found)
            wrong_header = self._check_end(context, found)
        except SourceError:
            work.refuse()
            raise
        plan = replace(context.plan, media=_ending(context.plan.media, found)) if wrong_header else context.plan
        return found, plan_within_source(plan, found)

    def _check_interruptions(self, context: PhaseContext, found: Scan) -> None:
        """Check that all of the video is in one track, and that its timestamps continue. Raises SourceError."""
        path, accepted = context.plan.media.path, context.plan.job.accept_damaged
        in_the_way = interruptions.interruption(found, has_video=bool(context.plan.renditions))
        if in_the_way is not None and not (accepted and in_the_way.acceptable):
            refused = DamageError if in_the_way.acceptable else SourceError
            raise refused(f"{path} {in_the_way.text}: {in_the_way.way_out}.")
        elsewhere, nothing = interruptions.other_track(found), interruptions.nothing_at_all(found)
        if elsewhere is not None:
            context.log(f"{path} {elsewhere}.", LogLevel.WARNING)
        if nothing is not None:
            context.log(f"{path} {nothing}: the last frame is held until it goes on.", LogLevel.WARNING)

    def _check_end(self, context: PhaseContext, found: Scan) -> bool:
        """Compare what the source declares with what is there, of all and of each audio track.

        Raises SourceError naming both durations.

        Return whether the declaration is wrong and the source whole: all of it can be decoded, which can't be said of a
        file that broke off in the middle of a packet.
        """
        media = context.plan.media
        early = interruptions.early_end(media, found)
        if early is None:
            return False
        what, declared, there = "The audio of " if early.audio else "", f"{early.declared_s:.1f} s", early.there_s
        sentence = f"{what}{media.path} ends early: it declares {declared}, but only {there:.1f} s can be read"
        if early.missing_s > MISSING_S and not context.plan.job.accept_damaged:
            errors = count_errors(media, partial(self._decode, context, length_s=there))
            if errors or not found.orderly:
                raise DamageError(f"{sentence}, with {_count(errors)}. {WAYS_OUT}")
            sentence = f"{what}{media.path} declares {declared}, but ends after {there:.1f} s"
            context.log(
                f"{sentence}. All of it can be read, so the declared length is assumed to be wrong.",
                LogLevel.WARNING,
            )
            return True
        context.log(f"{sentence}.", LogLevel.WARNING)
        return False

    def _check_damage(self, context: PhaseContext) -> None:
        """Report video and audio that could not be decoded. Raises SourceError when too much is missing."""
        encoded = context.workspace.done.hls
        if encoded is None or not encoded.decode_errors:
            return
        media = context.plan.media
        missing_s = encoded.missing_frames * (encoded.frame_s or 0.0)
        audio = encoded.decoded_audio
        lengths = []
        if audio is None or missing_s > NOTABLE_S:
            lengths.append(_lost(declared_end_s(media), encoded.duration_s - missing_s, "video"))
        if audio is not None:
            missing_s = max(missing_s, audio.declared_s - audio.decoded_s)
            lengths.append(_lost(audio.declared_s, audio.decoded_s, "audio"))
        sentence = f"{media.path} is damaged: {' and '.join(lengths)}, with {_count(encoded.decode_errors)}"
        if missing_s > MISSING_S and not context.plan.job.accept_damaged:
            raise DamageError(f"{sentence}. {WAYS_OUT}")
        context.log(f"{sentence}; there may be visible or audible faults.", LogLevel.WARNING)

    def _decoded_audio(self, context: PhaseContext, found: Scan, ends_s: Mapping[str, float]) -> DecodedAudio | None:
        """Return, for the track that misses most, how long it should be and how much of it can be decoded;
        None if all can.

        What could not be decoded was replaced by silence in the encode, so the audio is decoded once more by itself.
        `ends_s` are where the tracks ended in the encode, by their indexes: nothing after that can be heard, whatever
        can be decoded now.
        """
        media = context.plan.media
        arguments = ["-loglevel", "level+verbose", "-max_error_rate", "1", "-i", SOURCE]
        for track in media.audio:
            arguments += ["-map", f"0:{track.index}"]
        arguments = from_source([*arguments, "-ar", str(RATE_HZ), "-f", "null", "-"], media.path)
        try:
            log = self._decode(context, arguments, found.end / CLOCK_HZ).log
        except EncodeError:
            log = ()  # nothing at all could be decoded
        worst = None
        for number, track in enumerate(media.audio):
            declared_s = track.duration_s or found.audio_ends[track.index] / CLOCK_HZ - track.start_s
            decoded_s = _decoded_samples(log, number) / RATE_HZ
            if str(track.index) in ends_s:
                decoded_s = min(decoded_s, max(0.0, ends_s[str(track.index)] - track.start_s))
            missing_s = declared_s - decoded_s
            if missing_s > max(NOTABLE_S, 0.0 if worst is None else worst.declared_s - worst.decoded_s):
                worst = DecodedAudio(declared_s=declared_s, decoded_s=decoded_s)
        return worst

    def _decode(self, context: PhaseContext, arguments: Sequence[str], length_s: float) -> FfmpegRun:
        def report(out_time_s: float) -> None:
            context.report(
                Progress(
                    fraction=0.0, text=f"Checking the damaged file, {min(1.0, out_time_s / max(length_s, 0.1)):.0%}"
                )
            )

        context.log(printable([str(self._ffmpeg), *arguments]), LogLevel.DETAIL)
        return run_ffmpeg(
            self._ffmpeg, arguments, cwd=context.workspace.folder, cancel=context.cancel, on_progress=report
        )


def _of_missing(context: PhaseContext, missing: Sequence[Rendition]) -> PhaseContext:
    """Return what an encode of the renditions that are missing works on; it tells that the others are done."""
    there = {r.name: 1.0 for r in context.plan.renditions if r not in missing}

    def report(progress: Progress) -> None:
        context.report(replace(progress, rows=there | progress.rows) if progress.rows else progress)

    return replace(context, plan=replace(context.plan, renditions=tuple(missing)), report=report)


def estimated_size_bytes(plan: Plan) -> int:
    """Return about the most disk that stream and MP4 take: their rates, and about the source's, by duration."""
    audio, most = sum(a.bit_rate for a in plan.audio), _mean_bit_rate(plan.media) * ladder.SOURCE_HEADROOM
    sizes = [min(r.bit_rate, most) + audio for r in plan.renditions] or [audio]
    if plan.mp4 is not None:
        copies = 2 if plan.mp4.remux_of else 3  # faststart writes the file twice; one that is encoded has segments, too
        sizes.append(copies * (min(plan.mp4.rendition.bit_rate, most) + audio))
    return int(sum(sizes) / 8 * (plan.media.duration_s or 0.0) * DISK_MARGIN)


def _mean_bit_rate(media: MediaInfo) -> float:
    """Return the rate of the whole file, or of its video where that is more: the audio may go on for longer."""
    video = media.video.bit_rate if media.video is not None else None
    whole = media.size_bytes * 8 / media.duration_s if media.duration_s else None
    return max((rate for rate in (video, whole) if rate is not None), default=math.inf)


def encode_failure(context: PhaseContext, error: PipelineError | OSError) -> PipelineError:
    """Turn what ffmpeg said, or silently left out, into a sentence for the editor; the log has its own words."""
    source = context.plan.media.path
    log_words(context, error)
    if is_disk_full(error) or is_full(context.workspace.folder):
        return disk_full(source)
    if isinstance(error, (FfmpegError, OSError)):
        return EncodeError(
            f"{source} could not be encoded: {error if isinstance(error, FfmpegError) else meaning(str(error))}."
        )
    if isinstance(error, IncompleteError):
        return EncodeError(
            f"{source} could not be encoded completely: check that it plays to its end, or export it again."
        )
    return EncodeError(str(error))


def _ending(media: MediaInfo, found: Scan) -> MediaInfo:
    """Return a source that declares what it holds."""

    def until(end: int, start_s: float) -> float:
        return max(0.0, end / CLOCK_HZ - start_s)

    video = media.video
    return replace(
        media,
        duration_s=found.end / CLOCK_HZ,
        video=None if video is None else replace(video, duration_s=until(found.video_end, video.start_s)),
        audio=tuple(
            replace(track, duration_s=until(found.audio_ends[track.index], track.start_s)) for track in media.audio
        ),
    )


def _playlist(plan: Plan, durations: Sequence[float]) -> str:
    pattern = segment_pattern(plan.segment_type)
    names = [pattern % number for number in range(1, len(durations) + 1)]
    fmp4 = plan.segment_type is SegmentType.FMP4
    return playlists.media_playlist(
        durations, names, version=playlists.version_of(plan.segment_type), map_uri=INIT if fmp4 else None
    )


def _decoded_samples(log: Sequence[str], number: int) -> int:
    """Return how much ffmpeg said at its end that it had made of a track of its only output, in samples."""
    pattern = re.compile(rf"Output stream #0:{number} \(audio\): \d+ frames encoded \((\d+) samples\)")
    return next((int(found[1]) for line in log if (found := pattern.search(line))), 0)


def _lost(declared_s: float | None, decoded_s: float, what: str) -> str:
    if not declared_s:
        return f"only {decoded_s:.1f} s of {what} can be decoded"
    return f"{length_text(declared_s - decoded_s)} of {declared_s:.1f} s of {what} can't be decoded"


def _count(errors: int) -> str:
    return f"{errors} decode error{'' if errors == 1 else 's'}"


def _summary(plan: Plan, encoded: HlsFacts) -> str:
    if not encoded.loudness:
        return "Encoded"
    measured, target = encoded.loudness[0].integrated_lufs, plan.job.audio.loudness_lufs
    if target is None or measured <= SILENCE_LUFS:
        return f"Encoded, loudness {measured:.1f} LUFS"
    return f"Encoded, loudness brought from {measured:.1f} to {target:g} LUFS"
