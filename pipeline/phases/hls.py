"""Phase 1: makes the renditions and their sound, and says what was wrong with the source."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipeline.errors import EncodeError, OutputError, SourceError
from pipeline.events import LogLevel
from pipeline.media import encode, measure, playlists
from pipeline.media.process import printable, run_ffmpeg
from pipeline.media.scan import CLOCK_HZ, Scan, scan
from pipeline.media.sound import SILENCE_LUFS
from pipeline.media.treatment import declared_end_s
from pipeline.model import PhaseName, PhaseOutcome, Plan, SegmentType
from pipeline.phases.hls_encode import FULL_DISK, HlsEncode, is_full
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress

MISSING_S = 1.0
"""A source of which more than this is missing is not converted unless the editor accepts that, in seconds."""

NOTABLE_S = 0.1
"""Less than this is how inexactly containers declare their durations, in seconds."""

DISK_MARGIN = 1.1
WAYS_OUT = "Copy or export the file again, or accept damaged videos (under Advanced, or with --accept-damaged)."


class HlsPhase:
    """Makes every rendition's segments and media playlist."""

    name = PhaseName.HLS

    def __init__(self, ffmpeg: Path) -> None:
        self._ffmpeg = ffmpeg

    def check(self, context: PhaseContext) -> None:
        """See whether work can be used again, and else that the disk has room for it. Raises SettingsError, OutputError."""
        if context.plan.job.upload is None:
            context.workspace.require_media()
        if is_whole(context):
            return
        if context.workspace.published:
            context.log("Files of the earlier run are missing: the video is made again.", LogLevel.WARNING)
            context.workspace.begin_anew()
        needed = estimated_size_bytes(context.plan) - context.workspace.checkpoints.size_bytes
        place = context.workspace.final.parent
        free = shutil.disk_usage(place).free
        if free < needed:
            missing = f"{place} has {free >> 20} MB free, {(needed - free >> 20) + 1} MB less than this video needs"
            raise OutputError(f"{missing}: free some space or choose another output folder.")

    def run(self, context: PhaseContext) -> PhaseResult:
        """Encode, or find it done. Raises EncodeError, SourceError, OutputError, Cancelled."""
        if is_whole(context):
            self._check_damage(context)
            return PhaseResult(outcome=PhaseOutcome.REUSED, text="Already encoded")
        plan, folder = context.plan, context.workspace.folder
        found = scan(plan.media, context.cancel, lambda _: context.report(Progress(fraction=0.0, text="Reading the video")))
        if plan.renditions and not found.frames:
            raise SourceError(f"{plan.media.path} holds no picture that can be read: the file is broken or not finished.")
        if found.jumps:
            raise SourceError(
                f"{plan.media.path} was put together from recordings whose times begin anew: export it as one file, or convert its parts."
            )
        self._check_end(context, found)
        work = HlsEncode(context, self._ffmpeg, found)
        try:
            facts = work.run()
            for name, durations in facts.pop("durations_s").items():
                (folder / name / measure.PLAYLIST).write_text(_playlist(plan, name, durations), encoding="utf-8", newline="\n")
        except BaseException as error:
            work.forget_trifles()
            if isinstance(error, (EncodeError, OSError)):
                raise encode_failure(plan.media.path, folder, error) from error
            raise
        context.workspace.mark(self.name.value, facts)
        context.workspace.checkpoints.clear()
        self._check_damage(context)
        context.report(Progress(fraction=1.0, rows={r.name: 1.0 for r in plan.renditions}, text="Encoded"))
        return PhaseResult(text=_summary(plan, facts))

    def _check_end(self, context: PhaseContext, found: Scan) -> None:
        """Compare what the source declares with what is there. Raises SourceError naming both durations."""
        media = context.plan.media
        declared_s, there_s = declared_end_s(media), found.end / CLOCK_HZ
        if declared_s is None or declared_s - there_s <= NOTABLE_S:
            return
        sentence = f"{media.path} ends early: it declares {declared_s:.1f} s, but only {there_s:.1f} s can be read"
        if declared_s - there_s > MISSING_S and not context.plan.job.accept_damaged:
            errors = self._count_errors(context, there_s)
            raise SourceError(f"{sentence}, with {_count(errors)}. {WAYS_OUT}")
        context.log(f"{sentence}.", LogLevel.WARNING)

    def _check_damage(self, context: PhaseContext) -> None:
        """Report frames that could not be decoded. Raises SourceError when too much is missing."""
        facts = context.workspace.done[self.name.value]
        errors = int(facts["decode_errors"])
        if not errors:
            return
        media = context.plan.media
        missing_s = facts["missing_frames"] * facts["frame_s"]
        declared_s, decoded = declared_end_s(media), f"{facts['duration_s'] - missing_s:.1f} s"
        lengths = f"of {declared_s:.1f} s {decoded}" if declared_s else decoded
        sentence = f"{media.path} is damaged: {lengths} could be decoded, with {_count(errors)}"
        if missing_s > MISSING_S and not context.plan.job.accept_damaged:
            raise SourceError(f"{sentence}. {WAYS_OUT}")
        context.log(f"{sentence}; the picture or the sound may show them.", LogLevel.WARNING)

    def _count_errors(self, context: PhaseContext, length_s: float) -> int:
        """Decode the whole file to nowhere, so that the editor knows how bad it is."""

        def report(out_time_s: float) -> None:
            context.report(Progress(fraction=0.0, text=f"Checking the damaged file, {min(1.0, out_time_s / max(length_s, 0.1)):.0%}"))

        arguments = encode.from_source(["-i", encode.SOURCE, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-"], context.plan.media.path)
        context.log(printable([str(self._ffmpeg), *arguments]), LogLevel.DETAIL)
        folder = context.workspace.folder
        try:
            return run_ffmpeg(self._ffmpeg, arguments, cwd=folder, cancel=context.cancel, on_progress=report).error_lines
        except EncodeError:
            return 1  # nothing at all could be decoded


def estimated_size_bytes(plan: Plan) -> int:
    """Return about how much disk the stream and the MP4 take at most: their rates times the declared duration."""
    sound = sum(a.bit_rate for a in plan.audio)
    sizes = [r.bit_rate + sound for r in plan.renditions] or [sound]
    if plan.mp4 is not None:
        sizes.append(2 * (plan.mp4.rendition.bit_rate + sound))  # faststart writes the file twice
    return int(sum(sizes) / 8 * (plan.media.duration_s or 0.0) * DISK_MARGIN)


def is_whole(context: PhaseContext) -> bool:
    """Say whether the renditions were made and every segment is still there; deleted after an upload counts as there."""
    workspace = context.workspace
    if PhaseName.HLS.value not in workspace.done:
        return False
    try:
        for name in (*(r.name for r in context.plan.renditions), *workspace.done[PhaseName.HLS.value]["audio"]):
            if not workspace.media_deleted:
                measure.check_segments(workspace.folder, name)
    except EncodeError:
        return False
    return True


def encode_failure(source: Path, folder: Path, error: EncodeError | OSError) -> EncodeError | OutputError:
    """Turn what ffmpeg said, or what it silently left out, into a sentence for the editor."""
    if FULL_DISK in str(error) or is_full(folder):
        return OutputError(f"The disk is full: {source.name} could not be encoded. Free some space and start again.")
    return EncodeError(f"{source} could not be encoded ({error}): check the file, or export it again.")


def _playlist(plan: Plan, name: str, durations: list[float]) -> str:
    pattern = encode.segment_pattern(plan.segment_type)
    names = [pattern % number for number in range(1, len(durations) + 1)]
    fmp4 = plan.segment_type is SegmentType.FMP4
    return playlists.media_playlist(durations, names, version=7 if fmp4 else 6, map_uri=encode.INIT if fmp4 else None)


def _count(errors: int) -> str:
    return f"{errors} decode error{'' if errors == 1 else 's'}"


def _summary(plan: Plan, facts: dict[str, Any]) -> str:
    if not facts["loudness"]:
        return "Encoded"
    measured, target = facts["loudness"][0]["integrated_lufs"], plan.job.sound.loudness_lufs
    if target is None or measured <= SILENCE_LUFS:
        return f"Encoded, loudness {measured:.1f} LUFS"
    return f"Encoded, loudness brought from {measured:.1f} to {target:g} LUFS"
