"""Phase 2: the 480p MP4 for offline viewing, from a finished rendition where one has the right size."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import EncodeError
from pipeline.events import LogLevel
from pipeline.media import encode
from pipeline.media.process import printable, run_ffmpeg
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.hls import check_whole, encode_failure
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress

MP4_FILE = "offline_480p.mp4"
SCRATCH_FILE = ".offline_480p.mp4.tmp"


class Mp4Phase:
    """Makes offline_480p.mp4."""

    name = PhaseName.MP4

    def __init__(self, ffmpeg: Path) -> None:
        self._ffmpeg = ffmpeg

    def check(self, context: PhaseContext) -> None:
        """Nothing can be said before the renditions are there."""

    def run(self, context: PhaseContext) -> PhaseResult:
        """Remux or encode, or find it done. Raises EncodeError, SourceError, OutputError, Cancelled."""
        folder, plan = context.workspace.folder, context.plan
        if self.name.value in context.workspace.done and (context.workspace.media_deleted or (folder / MP4_FILE).is_file()):
            return PhaseResult(outcome=PhaseOutcome.REUSED, text="Already made")
        assert plan.mp4 is not None
        if plan.mp4.remux_of is not None:
            arguments = encode.remux_arguments(Path(plan.mp4.remux_of) / encode.PLAYLIST, SCRATCH_FILE)
        else:
            arguments = encode.mp4_arguments(plan, plan.mp4.rendition, SCRATCH_FILE)
        context.log(printable([str(self._ffmpeg), *arguments], cwd=folder), LogLevel.DETAIL)
        length_s = float(context.workspace.done[PhaseName.HLS.value]["duration_s"])

        def report(out_time_s: float) -> None:
            context.report(Progress(fraction=min(1.0, out_time_s / length_s), text="Making the MP4"))

        scratch = folder / SCRATCH_FILE
        try:
            run = run_ffmpeg(self._ffmpeg, arguments, cwd=folder, cancel=context.cancel, on_progress=report)
            check_whole(plan.media, run.out_time_s)
            scratch.replace(folder / MP4_FILE)
        except EncodeError as error:
            raise encode_failure(plan.media.path, folder, error) from error
        finally:
            scratch.unlink(missing_ok=True)
        context.workspace.mark(self.name.value, {"file": MP4_FILE})
        return PhaseResult(text="MP4 ready")
