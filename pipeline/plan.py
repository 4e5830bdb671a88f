"""Turns what the editor asked for and what the source is into what will be done. Pure: reads and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from pipeline.errors import HOW_TO_ACCEPT, DamageError, Problem, Setting, SettingsError, SourceError
from pipeline.job import Codec, EncoderFamily, EncodingRequest, Job, RateControl, SegmentType
from pipeline.media.encode import ladder
from pipeline.media.encode.audio_tracks import audio_renditions
from pipeline.media.encode.encoder_check import CODEC_NAMES
from pipeline.media.encode.encoders import software_encoder, usual_segment_type
from pipeline.media.source.frame_rates import frame_rate_limit
from pipeline.media.source.scan import Scan
from pipeline.media.source.source_notes import source_notes
from pipeline.media.source.trimming import poster_in_part, trim_text, trimmed, trimmed_chapters
from pipeline.media_info import Chapter, DynamicRange, MediaInfo
from pipeline.model import CaptionText, Mp4Plan, Plan, Rendition
from pipeline.phase_table import Requested, phases_of
from pipeline.speech.model_folder import may_translate

SEGMENT_S = 6
"""Target duration of a segment, as Apple's HLS authoring specification (7.5) asks for."""

LOUDNESS_LUFS = (-36.0, -5.0)
"""What ffmpeg's loudnorm can aim at, in LUFS."""

TARGET_VMAF = (60.0, 99.0)

BIT_RATE = (50_000, 100_000_000)
"""In bits a second: less is no picture, and more is what studios keep, not what is streamed."""

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


def make_plan(
    job: Job,
    media: MediaInfo,
    encoder: str | None = None,
    chapters: Sequence[Chapter] | None = None,
    captions: Sequence[CaptionText] = (),
    script: str | None = None,
) -> Plan:
    """Decide renditions, audio, MP4 and phases.

    `encoder` is the ffmpeg encoder that was found to work, None for the one on the processor; `chapters` are those of
    the job's own file, None for the source's; `captions` are those of the job's own files, `script` the text of
    its own. Raises SettingsError naming every setting that can't be.
    """
    problems = setting_problems(job)
    if problems:
        raise SettingsError(problems)
    _check_audio(job, media)
    if job.audio_only:
        media = _audio_of(media)
    _check_caption_track(job, media)
    if job.trim is not None:
        media = trimmed(media, job.trim)
        chapters = None if chapters is None else trimmed_chapters(tuple(chapters), job.trim)
    poster_in_part(job.poster_s, job.trim, media)
    video = media.video
    renditions: tuple[Rendition, ...] = ()
    if video is not None:
        renditions = _renditions(ladder.choose(video.width, video.height, job.qualities), job, media)
    segment_type = _segment_type(job.encoding)
    audio = audio_renditions(
        media.audio, surround=job.audio.surround, container=media.container, audio_map=job.audio.audio_map
    )
    return Plan(
        job=job,
        media=media,
        renditions=renditions,
        audio=audio,
        muxed_audio=segment_type is SegmentType.TS and len(audio) == 1 and video is not None,
        encoder=encoder or software_encoder(job.encoding.codec),
        segment_type=segment_type,
        frame_rate_limit=None if video is None else frame_rate_limit(video.frame_rate),
        deinterlace=video is not None and video.interlaced,
        dynamic_range=video.dynamic_range if video is not None and job.encoding.keep_hdr else DynamicRange.SDR,
        segment_s=SEGMENT_S,
        mp4=_mp4(job, media, renditions) if job.make_mp4 and renditions else None,
        phases=phases_of(_requested(job, has_video=bool(renditions))),
        notes=_notes(job, media, renditions) + tuple(one.note for one in captions if one.note),
        chapters=media.chapters if chapters is None else tuple(chapters),
        captions=tuple(captions),
        script=script,
    )


def plan_within_source(plan: Plan, scan: Scan) -> Plan:
    """Return a plan whose renditions have no more bits than a source can use, as it was found when it was read."""
    return replace(plan, renditions=ladder.within_source(plan.renditions, scan.peak_bit_rate))


def plan_as_made(plan: Plan, made: Sequence[str]) -> Plan:
    """Return a plan for what comes after the encode: `made` are the renditions that were worth making, by name."""
    renditions = tuple(r for r in plan.renditions if r.name in made)
    if not plan.job.encoding.fit_ladder or renditions == plan.renditions:
        return plan
    mp4 = plan.mp4
    if mp4 is not None and mp4.remux_of not in made:
        mp4 = replace(mp4, remux_of=None)
    return replace(plan, renditions=renditions, mp4=mp4)


def setting_problems(job: Job) -> list[Problem]:
    """Return what is wrong with a job's settings whatever the source is."""
    problems = [
        *_wrong_qualities(job),
        *_wrong_bit_rates(job),
        *_wrong_encoding(job.encoding),
        *_wrong_target_vmaf(job.encoding),
    ]
    loudness = job.audio.loudness_lufs
    if loudness is not None and not LOUDNESS_LUFS[0] <= loudness <= LOUDNESS_LUFS[1]:
        text = (
            f"A loudness target lies between {LOUDNESS_LUFS[0]:.0f} and {LOUDNESS_LUFS[1]:.0f} LUFS, "
            f"not at {loudness:g}."
        )
        problems.append(Problem(text=text, setting=Setting.LOUDNESS))
    if job.script is not None and job.transcription is None:
        text = "A script needs a transcription, which finds its times: ask for one, too."
        problems.append(Problem(text=text, setting=Setting.CAPTIONS))
    speech = job.transcription
    if speech is not None and speech.translate and not may_translate(speech.model):
        text = (
            f"The Whisper model '{speech.model}' can't translate: choose one for all languages, such as 'base', "
            "or leave the translation out."
        )
        problems.append(Problem(text=text, setting=Setting.MODEL))
    return problems


def _wrong_qualities(job: Job) -> Iterator[Problem]:
    unknown = [name for name in job.qualities or () if name not in ladder.BY_NAME]
    if unknown:
        text = f"There is no quality {', '.join(unknown)}: choose from {', '.join(ladder.BY_NAME)}."
        yield Problem(text=text, setting=Setting.QUALITIES)
    if job.qualities is not None and not job.qualities and not job.audio_only:
        yield Problem(text="No quality is chosen: choose at least one.", setting=Setting.QUALITIES)


def _wrong_bit_rates(job: Job) -> Iterator[Problem]:
    unusable = False
    for rate in job.bit_rates:
        text = ""
        if rate.name not in ladder.BY_NAME:
            text = f"There is no quality {rate.name} to give a bit rate: choose from {', '.join(ladder.BY_NAME)}."
        elif not BIT_RATE[0] <= rate.bit_rate <= BIT_RATE[1]:
            text = f"The bit rate of {rate.name} lies between {kbits(BIT_RATE[0])} and {kbits(BIT_RATE[1])}."
        if text:
            unusable = True
            yield Problem(text=text, setting=Setting.BIT_RATES)
    if unusable or not job.bit_rates or job.audio_only:
        return
    names = [quality.name for quality in ladder.USUAL] if job.qualities is None else job.qualities
    made = [one for one in ladder.with_rates(ladder.QUALITIES, job.bit_rates) if one.name in names]
    for larger, smaller in pairwise(made):
        if larger.bit_rate <= smaller.bit_rate:
            yield Problem(text=too_close(larger, smaller), setting=Setting.BIT_RATES)


def too_close(larger: ladder.Quality, smaller: ladder.Quality) -> str:
    """Return what is wrong with the rates of two qualities that are next to each other."""
    return (
        f"{larger.name} must get more bits than {smaller.name}, since players choose by the rate: "
        f"it has {kbits(larger.bit_rate)}, and {smaller.name} {kbits(smaller.bit_rate)}."
    )


def kbits(bit_rate: int) -> str:
    """Return a rate as people read it."""
    return f"{bit_rate / 1000:,.0f} kb/s"


def _wrong_encoding(encoding: EncodingRequest) -> Iterator[Problem]:
    if encoding.preset not in PRESETS:
        text = f"There is no preset {encoding.preset}: choose from {', '.join(PRESETS)}."
        yield Problem(text=text, setting=Setting.PRESET)
    if encoding.codec is not Codec.H264 and encoding.segment_type is SegmentType.TS:
        text = f"{CODEC_NAMES[encoding.codec]} needs fMP4 segments: choose fmp4, or H.264."
        yield Problem(text=text, setting=Setting.SEGMENT_TYPE)
    if encoding.codec is Codec.H264 and encoding.keep_hdr:
        text = "HDR can't be kept in H.264: choose HEVC or AV1, or let it be converted to SDR."
        yield Problem(text=text, setting=Setting.KEEP_HDR)


def _wrong_target_vmaf(encoding: EncodingRequest) -> Iterator[Problem]:
    target, (lowest, highest) = encoding.target_vmaf, TARGET_VMAF
    if target is None:
        if encoding.fit_ladder:
            text = "Which qualities save hardly anything is found by measuring: set a VMAF target, or make all of them."
            yield Problem(text=text, setting=Setting.TARGET_VMAF)
        return
    if not lowest <= target <= highest:
        text = f"A VMAF target lies between {lowest:.0f} and {highest:.0f}, not at {target:g}."
        yield Problem(text=text, setting=Setting.TARGET_VMAF)
    if encoding.encoder not in (EncoderFamily.AUTO, EncoderFamily.CPU):
        text = "A VMAF target needs an encoder that keeps a quality: choose the one on the processor (cpu)."
        yield Problem(text=text, setting=Setting.ENCODER)
    if encoding.rate_control is RateControl.ABR:
        yield Problem(text="A VMAF target and an average bit rate exclude each other: choose one of them.")


def _check_audio(job: Job, media: MediaInfo) -> None:
    """Never publish a silent video whose source has audio, unless the editor accepts that."""
    if media.undecodable_audio and not media.audio and not job.accept_damaged:
        kinds = ", ".join(dict.fromkeys(media.undecodable_audio))
        raise DamageError(
            f"The audio of {media.path} ({kinds}) can't be decoded: export it with AAC audio, "
            f"or accept damaged videos{HOW_TO_ACCEPT} to convert it without audio."
        )


def _audio_of(media: MediaInfo) -> MediaInfo:
    """Return a source without its video, as if it were an audio file. Raises SourceError where nothing is left."""
    if not media.audio:
        raise SourceError(f"{media.path} has no audio that can be decoded: choose qualities, not the audio alone.")
    return replace(media, video=None)


def _check_caption_track(job: Job, media: MediaInfo) -> None:
    track, count = None if job.transcription is None else job.transcription.track, len(media.audio)
    if track is not None and count and not 1 <= track <= count:
        there = f"choose from 1 to {count}" if count > 1 else "it has one only"
        text = f"{media.path} has no audio track {track} to caption: {there}."
        raise SettingsError(Problem(text=text, setting=Setting.CAPTION_TRACK))


def _segment_type(encoding: EncodingRequest) -> SegmentType:
    return encoding.segment_type or usual_segment_type(encoding.codec)


def _renditions(qualities: Sequence[ladder.Quality], job: Job, media: MediaInfo) -> tuple[Rendition, ...]:
    video = media.video
    assert video is not None
    return ladder.renditions(
        ladder.with_rates(qualities, job.bit_rates),
        video.width,
        video.height,
        black_bars=job.black_bars,
        crf=ladder.CRF[job.encoding.codec] if job.encoding.rate_control is RateControl.CRF else None,
    )


def _mp4(job: Job, media: MediaInfo, renditions: tuple[Rendition, ...]) -> Mp4Plan:
    video = media.video
    assert video is not None
    quality = ladder.MP4_QUALITY if ladder.MP4_QUALITY in ladder.offered(video.width, video.height) else None
    (wanted,) = _renditions((quality or ladder.choose(video.width, video.height, None)[0],), job, media)
    same = next(
        (r for r in renditions if (r.frame_width, r.frame_height) == (wanted.frame_width, wanted.frame_height)), None
    )
    return Mp4Plan(rendition=same or wanted, remux_of=same.name if same else None)


def _requested(job: Job, *, has_video: bool) -> Requested:
    return Requested(
        fetch=job.address is not None and job.address.is_elsewhere,
        stream=True,
        mp4=job.make_mp4 and has_video,
        transcript=job.transcription is not None or bool(job.captions),
        translation=job.transcription is not None and job.transcription.translate,
        upload=job.upload,
    )


def _notes(job: Job, media: MediaInfo, renditions: tuple[Rendition, ...]) -> tuple[str, ...]:
    part = [] if job.trim is None else [f"{media.path.name}: only the part {trim_text(job.trim)}."]
    part += [f"{media.path.name}: only its audio."] if job.audio_only else []
    audio = job.audio
    treated = source_notes(media, keep_hdr=job.encoding.keep_hdr, surround=audio.surround, mapped=bool(audio.audio_map))
    notes = part + [f"{media.path.name}: {text}." for text in treated]
    above = (
        []
        if media.video is None
        else [q.name for q in ladder.offered(media.video.width, media.video.height) if q not in ladder.USUAL]
    )
    if above and job.qualities is None:
        notes.append(
            f"{media.path.name} is large enough for {' and '.join(above)}, "
            f"which {'are' if len(above) > 1 else 'is'} made only when chosen."
        )
    made = {r.name for r in renditions}
    left_out = [name for name in job.qualities or () if name not in made]
    if left_out and media.video is not None:
        size = f"{media.video.width}×{media.video.height}"
        notes.append(
            f"{', '.join(left_out)} left out: the source is {size}. Made: {', '.join(r.name for r in renditions)}."
        )
    return tuple(notes)
