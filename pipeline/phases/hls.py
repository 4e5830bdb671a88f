"""Phase 1: encodes all renditions in one run. Work goes on in a scratch folder, so half an encode is never taken for whole."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from pipeline.errors import EncodeError, OutputError, SourceError
from pipeline.events import LogLevel
from pipeline.media import encode, playlists
from pipeline.media.process import FfmpegRun, printable, run_ffmpeg
from pipeline.model import AudioStream, MediaInfo, PhaseName, PhaseOutcome, Plan, VideoStream
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress

SCRATCH_PREFIX = ".encode-"
MISSING_S = 1.0
"""A source that ends more than this before its declared duration is damaged, in seconds."""

DISK_MARGIN = 1.1
FULL_DISK = "No space left on device"
FULL_DISK_BYTES = 16 << 20
"""With less than this left after a failure the disk is the reason: ffmpeg's HLS muxer does not always say so."""


class HlsPhase:
    """Makes every rendition's segments and media playlist."""

    name = PhaseName.HLS

    def __init__(self, ffmpeg: Path) -> None:
        self._ffmpeg = ffmpeg

    def check(self, context: PhaseContext) -> None:
        """See whether work can be used again, and else that the disk has room for it. Raises SettingsError, OutputError."""
        if context.plan.job.upload is None:
            context.workspace.require_media()
        if self._is_done(context):
            return
        if context.workspace.published:
            context.log("Files of the earlier run are missing: the video is made again.", LogLevel.WARNING)
            context.workspace.begin_anew()
        needed = estimated_size_bytes(context.plan)
        place = context.workspace.final.parent
        free = shutil.disk_usage(place).free
        if free < needed:
            figures = f"{place} has {free >> 20} MB free and this video needs about {(needed >> 20) + 1} MB"
            raise OutputError(f"{figures}: free some space or choose another output folder.")

    def run(self, context: PhaseContext) -> PhaseResult:
        """Encode, or find it done. Raises EncodeError, SourceError, OutputError, Cancelled."""
        if self._is_done(context):
            return PhaseResult(outcome=PhaseOutcome.REUSED, text="Already encoded")
        plan, folder = context.plan, context.workspace.folder
        for stale in folder.glob(f"{SCRATCH_PREFIX}*"):
            shutil.rmtree(stale, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=folder))
        try:
            run = self._encode(context, scratch)
            duration_s = max(run.out_time_s, *(_duration_s(scratch, r.name) for r in plan.renditions))
            check_whole(plan.media, duration_s)
            if run.error_lines:
                reported = f"{plan.media.path.name}: ffmpeg reported {run.error_lines} errors; the picture may show them."
                context.log(reported, LogLevel.WARNING)
            for r in plan.renditions:
                shutil.rmtree(folder / r.name, ignore_errors=True)
                (scratch / r.name).replace(folder / r.name)
        except EncodeError as error:
            raise encode_failure(plan.media.path, folder, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        context.workspace.mark(self.name.value, {"duration_s": duration_s, "renditions": [r.name for r in plan.renditions]})
        return PhaseResult(text="Encoded")

    def _is_done(self, context: PhaseContext) -> bool:
        return is_whole(context)

    def _encode(self, context: PhaseContext, scratch: Path) -> FfmpegRun:
        plan = context.plan
        for r in plan.renditions:
            (scratch / r.name).mkdir()
        arguments = encode.hls_arguments(plan)
        context.log(printable([str(self._ffmpeg), *arguments], cwd=scratch), LogLevel.DETAIL)
        length_s = plan.media.duration_s
        finished = dict.fromkeys((r.name for r in plan.renditions), 0)

        def report(out_time_s: float) -> None:
            for name in finished:
                while (scratch / name / encode.segment_name(finished[name] + 1)).exists():
                    finished[name] += 1
            if length_s:
                rows = {name: min(1.0, count * plan.segment_s / length_s) for name, count in finished.items()}
                context.report(Progress(fraction=min(1.0, out_time_s / length_s), rows=rows, text="Encoding"))
            else:
                context.report(Progress(fraction=0.0, rows=dict.fromkeys(finished, 0.0), text=f"Encoding, {out_time_s:.0f} s done"))

        run = run_ffmpeg(self._ffmpeg, arguments, cwd=scratch, cancel=context.cancel, on_progress=report)
        context.report(Progress(fraction=1.0, rows=dict.fromkeys(finished, 1.0), text="Encoded"))
        return run


def estimated_size_bytes(plan: Plan) -> int:
    """Return about how much disk the stream and the MP4 take: their rates times the declared duration."""
    sizes = [r.bit_rate + plan.audio_bit_rate for r in plan.renditions]
    if plan.mp4 is not None:
        sizes.append(2 * (plan.mp4.rendition.bit_rate + plan.audio_bit_rate))  # faststart writes the file twice
    return int(sum(sizes) / 8 * (plan.media.duration_s or 0.0) * DISK_MARGIN)


def check_whole(media: MediaInfo, made_s: float) -> None:
    """Compare what was made with what the source declares. Raises SourceError naming both durations."""
    declared_s = _declared_s(media)
    if declared_s is not None and declared_s - made_s > MISSING_S:
        raise SourceError(
            f"{media.path} ends early: it declares {declared_s:.1f} s, but only {made_s:.1f} s can be read. Copy or export the file again."
        )


def is_whole(context: PhaseContext) -> bool:
    """Say whether the renditions were made and every segment is still there; deleted after an upload counts as there."""
    workspace = context.workspace
    if PhaseName.HLS.value not in workspace.done:
        return False
    try:
        for r in context.plan.renditions:
            if not workspace.media_deleted:
                playlists.check_segments(workspace.folder, r.name)
    except EncodeError:
        return False
    return True


def encode_failure(source: Path, folder: Path, error: EncodeError) -> EncodeError | OutputError:
    """Turn what ffmpeg said, or what it silently left out, into a sentence for the editor."""
    if FULL_DISK in str(error) or shutil.disk_usage(folder).free < FULL_DISK_BYTES:
        return OutputError(f"The disk is full: {source.name} could not be encoded. Free some space and start again.")
    return EncodeError(f"{source} could not be encoded ({error}): check the file, or export it again.")


def _declared_s(media: MediaInfo) -> float | None:
    """Return when the streams that are used end, as declared; the container's word where a stream has none."""
    used: tuple[VideoStream | AudioStream, ...] = (media.video, *media.audio[:1])
    ends = [None if s.duration_s is None else s.start_s + s.duration_s for s in used]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else media.duration_s


def _duration_s(folder: Path, name: str) -> float:
    # a full disk leaves empty segments while ffmpeg ends with status 0
    return sum(s.duration_s for s in playlists.check_segments(folder, name))
