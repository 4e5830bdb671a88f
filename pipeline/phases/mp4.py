"""Phase 2: the 480p MP4 for offline viewing, from a finished rendition where one has the right size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.errors import EncodeError
from pipeline.events import LogLevel
from pipeline.media import encode, measure
from pipeline.media.chunks import cut
from pipeline.media.probe import probe
from pipeline.media.process import printable, run_ffmpeg
from pipeline.media.scan import scan
from pipeline.media.soundtracks import STEREO
from pipeline.model import PhaseName, PhaseOutcome, Plan
from pipeline.phases.hls import encode_failure
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress

MP4_FILE = "offline_480p.mp4"
SCRATCH_FILE = ".offline_480p.mp4.tmp"
SHORT_S = 1.0
"""An MP4 that is shorter than the stream by more than this was cut off, in seconds."""


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
        wanted = plan.mp4
        assert wanted is not None
        facts = context.workspace.done[PhaseName.HLS.value]
        sound = _sound(plan)
        if wanted.remux_of is not None:
            arguments = encode.remux_arguments(Path(wanted.remux_of) / measure.PLAYLIST, sound, SCRATCH_FILE)
        else:
            # what the encode of the renditions ended with: a hardware encoder may have given way to the processor
            plan = replace(plan, encoder=facts["encoder"])
            found = scan(plan.media, context.cancel)
            arguments = encode.mp4_arguments(plan, cut(plan, found, cores=1, whole=True), wanted.rendition, sound, SCRATCH_FILE)
            arguments = encode.from_source(arguments, plan.media.path)
        context.log(printable([str(self._ffmpeg), *arguments], cwd=folder), LogLevel.DETAIL)
        length_s = float(facts["duration_s"])

        def report(out_time_s: float) -> None:
            context.report(Progress(fraction=min(1.0, out_time_s / length_s), text="Making the MP4"))

        scratch = folder / SCRATCH_FILE
        try:
            run_ffmpeg(self._ffmpeg, arguments, cwd=folder, cancel=context.cancel, on_progress=report)
            made_s = probe(scratch).duration_s or 0.0
            if length_s - made_s > SHORT_S:
                raise EncodeError(f"the MP4 has {made_s:.1f} s instead of {length_s:.1f} s")
            scratch.replace(folder / MP4_FILE)
        except EncodeError as error:
            raise encode_failure(plan.media.path, folder, error) from error
        finally:
            scratch.unlink(missing_ok=True)
        context.workspace.mark(self.name.value, {"file": MP4_FILE})
        return PhaseResult(text="MP4 ready")


def _sound(plan: Plan) -> Path | None:
    """Return the playlist whose sound the MP4 gets: that of the renditions, or the default one of its own."""
    if plan.muxed_sound:
        return Path(plan.renditions[0].name) / measure.PLAYLIST
    stereo = [a for a in plan.audio if a.group == STEREO]
    default = next((a for a in stereo if a.default), None)
    return None if default is None else Path(default.folder) / measure.PLAYLIST
