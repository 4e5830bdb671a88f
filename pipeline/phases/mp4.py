"""Phase 2: the 480p MP4 for offline viewing, from a finished rendition where one has the right size."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.engines.engine import Engine
from pipeline.errors import EncodeError, IncompleteError, SourceError
from pipeline.events import LogLevel
from pipeline.facts import Mp4Facts
from pipeline.media.encode import arguments as encode
from pipeline.media.encode.audio_tracks import STEREO
from pipeline.media.ffmpeg.process import printable, run_ffmpeg
from pipeline.media.hls import encryption, measure
from pipeline.media.source.probe import probe
from pipeline.media.stream_layout import MP4_FILE, PLAYLIST
from pipeline.model import PhaseName, PhaseOutcome, Plan
from pipeline.phases.hls import encode_failure
from pipeline.phases.mp4_encode import encode_video
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress

SCRATCH = ".mp4"
"""What the names of the folders begin with in which it is made, each attempt in its own."""

SHORT_S = 1.0
"""An MP4 that is shorter than the stream by more than this was cut off, in seconds."""


class Mp4Phase:
    """Makes offline_480p.mp4."""

    name = PhaseName.MP4

    def __init__(self, ffmpeg: Path, engine: Engine) -> None:
        self._ffmpeg = ffmpeg
        self._engine = engine

    def check(self, context: PhaseContext) -> None:
        """Nothing can be checked before the renditions are made."""

    def run(self, context: PhaseContext) -> PhaseResult:
        """Remux or encode, or find it done. Raises EncodeError, SourceError, OutputError, Cancelled."""
        folder = context.workspace.folder
        if _is_made(context):
            return PhaseResult(outcome=PhaseOutcome.REUSED, text="Already made")
        for left in folder.glob(f"{SCRATCH}.*"):
            shutil.rmtree(left, ignore_errors=True)
        # what a program of a run that was killed still writes is in the way of nothing
        scratch = folder / f"{SCRATCH}.{secrets.token_hex(4)}"
        try:
            scratch.mkdir()
            self._make(context, scratch)
            made = scratch / MP4_FILE
            size_bytes = made.stat().st_size
            made.replace(folder / MP4_FILE)
        except (EncodeError, OSError) as error:
            raise encode_failure(context, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        context.workspace.mark(Mp4Facts(file=MP4_FILE, size_bytes=size_bytes))
        context.workspace.checkpoints.clear()
        return PhaseResult(text="MP4 ready")

    def _make(self, context: PhaseContext, scratch: Path) -> None:
        folder, plan = context.workspace.folder, context.plan
        wanted = plan.mp4
        assert wanted is not None
        encoded = context.workspace.done.hls
        assert encoded is not None
        audio, target = _audio(plan), f"{scratch.name}/{MP4_FILE}"
        readable = _readable(
            context, scratch, [playlist for playlist in (wanted.remux_of, audio) if playlist is not None]
        )
        audio_playlist = None if audio is None else readable / audio / PLAYLIST
        shown = measure.read_media_playlist(folder / (wanted.remux_of or plan.renditions[0].name) / PLAYLIST)
        end_s = sum(segment.duration_s for segment in shown)
        if wanted.remux_of is not None:
            video = readable / wanted.remux_of / PLAYLIST
        else:
            # what the encode of the renditions ended with: a hardware encoder may have given way to the processor
            encoder = encoded.encoder or plan.encoder
            made = encode_video(context, self._ffmpeg, self._engine, wanted.rendition, encoder, scratch)
            video = made.relative_to(folder)
        arguments = encode.remux_arguments(video, audio_playlist, target, end_s)
        context.log(printable([str(self._ffmpeg), *arguments], cwd=folder), LogLevel.DETAIL)
        length_s = encoded.duration_s

        def report(out_time_s: float) -> None:
            context.report(Progress(fraction=min(1.0, out_time_s / length_s), text="Making the MP4"))

        run_ffmpeg(self._ffmpeg, arguments, cwd=folder, cancel=context.cancel, on_progress=report)
        made_s = _length_s(scratch / MP4_FILE)
        if length_s - made_s > SHORT_S:
            raise IncompleteError(f"the MP4 has {made_s:.1f} s instead of {length_s:.1f} s")


def _length_s(mp4: Path) -> float:
    try:
        return probe(mp4).duration_s or 0.0
    except SourceError as error:
        raise IncompleteError("the MP4 can't be read back") from error


def _is_made(context: PhaseContext) -> bool:
    workspace = context.workspace
    facts = workspace.done.mp4
    if facts is None or workspace.media_deleted:
        return facts is not None
    file = workspace.folder / MP4_FILE
    return file.is_file() and facts.size_bytes in (None, file.stat().st_size)


def _readable(context: PhaseContext, scratch: Path, names: Sequence[str]) -> Path:
    """Return the folder, relative to the job's, in which ffmpeg can read the renditions of these names.

    Of an encrypted stream that is a plain copy: players ask for the key at an address that may not be this computer's
    to ask.
    """
    folder, encrypted = context.workspace.folder, context.plan.job.encryption
    if encrypted is None or not any(encryption.is_touched(folder, name) for name in names):
        return Path()
    key = encryption.read_key(encrypted)
    for name in dict.fromkeys(names):
        encryption.plain_copy(folder, name, scratch, key, context.cancel)
    return Path(scratch.name)


def _audio(plan: Plan) -> str | None:
    """Return the folder of the rendition whose audio the MP4 gets: one of the video's,
    or the default one of its own.
    """
    if plan.muxed_audio:
        assert plan.mp4 is not None
        return plan.mp4.remux_of or plan.renditions[0].name
    stereo = [a for a in plan.audio if a.group == STEREO]
    default = next((a for a in stereo if a.default), None)
    return None if default is None else default.folder
