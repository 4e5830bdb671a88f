"""Makes a job's folder whole: measures the renditions, writes master and subtitle playlists, moves the folder into place."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import EncodeError, OutputError
from pipeline.media import playlists
from pipeline.media.encode import PLAYLIST
from pipeline.media.playlists import MPEGTS_CLOCK_HZ, Measured, SubtitleTrack
from pipeline.model import PhaseName, Plan
from pipeline.phases.phase import PhaseContext
from pipeline.phases.transcribe import load_cues
from pipeline.speech.cues import Cue
from pipeline.speech.languages import language_name
from pipeline.speech.subtitles import vtt_segments
from pipeline.workspace import MASTER, write_whole

SUBTITLES = "subtitles"
BOUNDARY_TOLERANCE_S = 0.001


def package(context: PhaseContext) -> None:
    """Write the playlists from what was measured and publish the folder. Raises EncodeError, OutputError, Cancelled."""
    context.cancel.check()
    folder, plan = context.workspace.folder, context.plan
    try:
        measured = [playlists.measure(folder, r.name) for r in plan.renditions]
        _check_aligned(measured)
    except EncodeError:
        context.workspace.forget(PhaseName.HLS.value, PhaseName.MP4.value)  # so that starting again makes them again
        raise
    track = _write_captions(folder, plan, measured[0])
    write_whole(folder / MASTER, playlists.master_playlist(measured, track))
    context.cancel.check()
    context.workspace.publish({"renditions": [m.name for m in measured], "captions": track.language if track else None})


def _check_aligned(measured: Sequence[Measured]) -> None:
    """Players switch between renditions at segment boundaries, so these must be the same everywhere."""
    first = measured[0]
    for other in measured[1:]:
        same = len(first.durations_s) == len(other.durations_s) and all(
            abs(a - b) < BOUNDARY_TOLERANCE_S for a, b in zip(first.durations_s, other.durations_s, strict=True)
        )
        if not same:
            raise EncodeError(f"The segments of {first.name} and {other.name} do not begin at the same times: encode the video again.")


def _write_captions(folder: Path, plan: Plan, picture: Measured) -> SubtitleTrack | None:
    shutil.rmtree(folder / SUBTITLES, ignore_errors=True)
    language, cues = load_cues(folder) if plan.job.transcription is not None else ("", [])
    if not cues:
        return None
    place = folder / SUBTITLES / language
    try:
        place.mkdir(parents=True)
        names = _write_segments(place, cues, plan, picture)
        (place / PLAYLIST).write_text(playlists.subtitle_playlist(picture.durations_s, names), encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"The captions can't be written to {place} ({error.strerror}): free some space and start again.") from error
    return SubtitleTrack(language=language, name=language_name(language), uri=f"{SUBTITLES}/{language}/{PLAYLIST}")


def _write_segments(place: Path, cues: Sequence[Cue], plan: Plan, picture: Measured) -> list[str]:
    boundaries = [0.0, *itertools.accumulate(picture.durations_s)]
    # Cue times count from the first moment of the source; the picture's first frame may come later than that moment.
    origin = picture.first_pts - round(plan.media.video.start_s * MPEGTS_CLOCK_HZ)
    names = []
    for number, text in enumerate(vtt_segments(cues, boundaries, origin), start=1):
        names.append(f"seg_{number:03d}.vtt")
        (place / names[-1]).write_text(text, encoding="utf-8", newline="\n")
    return names
