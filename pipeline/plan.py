"""Turns what the editor asked for and what the source is into what will be done. Pure: reads and writes nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from pipeline.errors import SettingsError
from pipeline.media import ladder
from pipeline.model import Job, MediaInfo, Mp4Plan, PhaseName, Plan, Rendition

SEGMENT_S = 6
"""Target duration of a segment, as Apple's HLS authoring specification (7.5) asks for."""

AUDIO_BIT_RATE = 128_000
MAX_FRAME_RATE = 60
"""Apple's HLS authoring specification 1.19: frame rates above 60 fps shall not be used."""

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


def make_plan(job: Job, media: MediaInfo) -> Plan:
    """Decide renditions, MP4 and phases. Raises SettingsError naming every setting that can't be."""
    _check_settings(job)
    video = media.video
    qualities = ladder.choose(video.width, video.height, job.qualities)
    renditions = _renditions(qualities, job, media)
    return Plan(
        job=job,
        media=media,
        renditions=renditions,
        frame_rate_limit=_frame_rate_limit(video.frame_rate),
        hold_last_frame_s=_hold_last_frame_s(media),
        segment_s=SEGMENT_S,
        audio_bit_rate=AUDIO_BIT_RATE,
        mp4=_mp4(job, media, renditions) if job.make_mp4 else None,
        phases=_phases(job),
        notes=_notes(job, media, renditions),
    )


def output_settings(job: Job) -> dict[str, object]:
    """Return the settings that shape the files: work done with others can't be used again."""
    speech = job.transcription
    return {
        "qualities": None if job.qualities is None else sorted(job.qualities),
        "preset": job.preset,
        "black_bars": job.black_bars,
        "mp4": job.make_mp4,
        "transcription": None if speech is None else {"model": speech.model, "language": speech.language},
    }


def _check_settings(job: Job) -> None:
    problems = []
    unknown = [name for name in job.qualities or () if name not in ladder.BY_NAME]
    if unknown:
        problems.append(f"There is no quality {', '.join(unknown)}: choose from {', '.join(ladder.BY_NAME)}.")
    if job.qualities is not None and not job.qualities:
        problems.append("No quality is chosen: choose at least one.")
    if job.preset not in PRESETS:
        problems.append(f"There is no preset {job.preset}: choose from {', '.join(PRESETS)}.")
    if problems:
        raise SettingsError(problems)


def _renditions(qualities: Sequence[ladder.Quality], job: Job, media: MediaInfo) -> tuple[Rendition, ...]:
    video = media.video
    return ladder.renditions(qualities, video.width, video.height, black_bars=job.black_bars, source_bit_rate=video.bit_rate)


def _frame_rate_limit(frame_rate: Fraction) -> Fraction | None:
    """Return the whole fraction of the source's frame rate that stays within 60 fps, None where it already does."""
    if frame_rate <= MAX_FRAME_RATE:
        return None
    return frame_rate / math.ceil(frame_rate / MAX_FRAME_RATE)


def _hold_last_frame_s(media: MediaInfo) -> float:
    """Return for how long the last frame stands: until the sound ends, where both durations are known."""
    if not media.audio:
        return 0.0
    sound, picture = media.audio[0], media.video
    if sound.duration_s is None or picture.duration_s is None:
        return 0.0
    missing = sound.start_s + sound.duration_s - picture.start_s - picture.duration_s
    return missing if missing > float(1 / picture.frame_rate) else 0.0


def _mp4(job: Job, media: MediaInfo, renditions: tuple[Rendition, ...]) -> Mp4Plan:
    video = media.video
    quality = ladder.MP4_QUALITY if ladder.MP4_QUALITY in ladder.offered(video.width, video.height) else None
    (wanted,) = _renditions((quality or ladder.choose(video.width, video.height, None)[0],), job, media)
    same = next((r for r in renditions if (r.frame_width, r.frame_height) == (wanted.frame_width, wanted.frame_height)), None)
    return Mp4Plan(rendition=same or wanted, remux_of=same.name if same else None)


def _phases(job: Job) -> tuple[PhaseName, ...]:
    phases = [PhaseName.HLS]
    if job.make_mp4:
        phases.append(PhaseName.MP4)
    if job.transcription is not None:
        phases.append(PhaseName.TRANSCRIPT)
    if job.upload is not None:
        phases += [PhaseName.UPLOAD, PhaseName.RECORD]
        if job.upload.delete_local:
            phases.append(PhaseName.CLEANUP)
    return tuple(phases)


def _notes(job: Job, media: MediaInfo, renditions: tuple[Rendition, ...]) -> tuple[str, ...]:
    made = {r.name for r in renditions}
    left_out = [name for name in job.qualities or () if name not in made]
    if not left_out:
        return ()
    size = f"{media.video.width}×{media.video.height}"
    return (f"{', '.join(left_out)} left out: the source is {size}. Made: {', '.join(r.name for r in renditions)}.",)
