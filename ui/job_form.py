"""The values of the form, converted to a job, its configuration, preferences, or problems. Pure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config import Config
from pipeline.caption_files import language_in_name
from pipeline.errors import Problem, Setting
from pipeline.inputs import Input
from pipeline.job import (
    CaptionFile,
    CaptionRules,
    DatasetRequest,
    EncodingRequest,
    Job,
    TrackChoice,
    TranscriptionRequest,
    Trim,
    UploadRequest,
)
from pipeline.media.encode import ladder
from pipeline.media.source.trimming import trim_between, typed_seconds
from pipeline.media_info import MediaInfo
from pipeline.plan import TARGET_VMAF
from pipeline.presets.preset import PresetSettings
from pipeline.transfer.http.control import PARALLEL, TransferControl
from pipeline.transfer.http.validation import as_prefix
from ui import advanced, spoken_languages
from ui.advanced import AdvancedValues, Aim
from ui.destination import TypedDestination
from ui.engine import EngineValues, engine_problems
from ui.preferences import ProgramSettings, WindowPreferences
from ui.services import Services
from ui.speech import SpeechValues, speech_problems, speech_request
from ui.speed_limit import limit_bytes_s, limit_problems, timetable

QUALITY_NAMES = tuple(quality.name for quality in ladder.QUALITIES)
USUAL_QUALITIES = tuple(quality.name for quality in ladder.USUAL)

SPEED_LABELS = {"veryfast": "Fast (larger files)", "medium": "Balanced", "slow": "Slow (smaller files)"}
"""x264's presets that the editor may choose, and their labels; a preset of settings may have another."""

SEPARATOR = ";"
"""Separates the paths of several files."""

PARALLEL_CHOICES = (1, 2, PARALLEL, 8, 16)


@dataclass(frozen=True, kw_only=True)
class FormValues:
    """Every value of the form, texts stripped. Unchecked texts, which may be empty, are `part_from`, `part_to`,
    `poster` (a time), `captions` (the paths of subtitle files, separated by semicolons), `dataset` (a path or an
    `s3://` address), `backend_url`, `token`, and `limit`, in MB/s. `suggested_from` is that of `TypedDestination`.
    `preset_name` is the preset that was chosen last, empty for none, and `base` its settings: what the form has no
    field for is as there. `preset` is x264's.
    `backend` is the id of the named backend that is chosen, whose login stands in the form then; `typed_url` is the
    address that was typed, whatever is chosen.
    """

    source: str = ""
    title: str = ""
    part_from: str = ""
    part_to: str = ""
    poster: str = ""
    output_dir: str = ""
    preset_name: str = ""
    base: PresetSettings = field(default_factory=PresetSettings)
    qualities: tuple[str, ...] = ()
    audio_only: bool = False
    preset: str = EncodingRequest.preset
    transcribe: bool = True
    model: str = "base"
    spoken_language: str = spoken_languages.AUTOMATIC
    caption_rules: CaptionRules = TranscriptionRequest.profile
    speech: SpeechValues = field(default_factory=SpeechValues)
    captions: str = ""
    dataset: str = ""
    upload: bool = False
    backend_url: str = ""
    token: str = field(default="", repr=False)
    backend: str = ""
    typed_url: str = ""
    language: str = "en"
    destination: str = ""
    suggested_from: str | None = ""
    session_id: str = ""
    make_mp4: bool = True
    delete_local: bool = False
    remember_login: bool = False
    limit: str = ""
    parallel: int = PARALLEL
    advanced: AdvancedValues = field(default_factory=AdvancedValues)
    captions_open: bool = False
    upload_open: bool = False
    advanced_open: bool = False
    engine: EngineValues = field(default_factory=EngineValues)
    window: WindowPreferences = field(default_factory=WindowPreferences)
    program: ProgramSettings = field(default_factory=ProgramSettings)


def speed_label(preset: str) -> str:
    """Return what one of x264's presets is called in the list."""
    return SPEED_LABELS.get(preset, preset)


def speed_of(label: str) -> str:
    """Return the preset of x264's that a label stands for."""
    return next((preset for preset, text in SPEED_LABELS.items() if text == label), label)


def typed_path(text: str) -> str:
    """Return a typed path without the quotes and the file:// that copying may add, with `~` expanded."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
        if sys.platform == "win32":
            text = text.removeprefix("/")  # file:///C:/videos/a.mp4
    try:
        return str(Path(text).expanduser()) if text.startswith("~") else text
    except RuntimeError:  # no such user
        return text


def form_problems(values: FormValues, *, has_video: bool = True) -> tuple[Problem, ...]:
    """Return everything that is wrong with the form itself, without access to the disk or the network.

    `has_video` is False if the source is known to have only audio: qualities are not checked then.
    """
    problems = []
    if not values.source:
        problems.append(Problem(text="No video is chosen: press Browse beside Video.", setting=Setting.SOURCE))
    try:
        trim(values)
    except ValueError as error:
        problems.append(Problem(text=str(error), setting=Setting.TRIM))
    try:
        typed_seconds(values.poster or "0")
    except ValueError as error:
        problems.append(Problem(text=f"The poster: {error}", setting=Setting.POSTER))
    if not values.output_dir:
        problems.append(Problem(text="No output folder is chosen: press Browse beside Folder.", setting=Setting.OUTPUT))
    if not values.qualities and has_video and not values.audio_only:
        problems.append(Problem(text="No quality is chosen: tick at least one.", setting=Setting.QUALITIES))
    if values.transcribe and not values.model:
        problems.append(
            Problem(
                text="No transcription model is chosen: choose one from the list or a folder.", setting=Setting.MODEL
            )
        )
    if values.transcribe and not _known_language(values.spoken_language):
        text = f"The spoken language {values.spoken_language} is not known: choose one from the list."
        problems.append(Problem(text=text, setting=Setting.SPOKEN_LANGUAGE))
    if values.transcribe:
        problems += speech_problems(values.speech)
    if values.upload:
        problems += [Problem(text=text, setting=Setting.SPEED_LIMIT) for text in limit_problems(values.limit)]
    return (*problems, *_advanced_problems(values.advanced))


def queue_problems(values: FormValues, config: Config) -> tuple[Problem, ...]:
    """Return why the video can't be added to a queue, if it is to be; an empty folder is reported with the form."""
    problems = engine_problems(values.engine, dataset=dataset_request(values) is not None)
    if not (values.engine.in_queue and values.output_dir):
        return problems
    from pipeline.engines.procrastinate.rows import MUST_ARRIVE, files_arrive  # only where there is a queue

    if files_arrive(Path(values.output_dir), config.sources.roots, upload=values.upload):
        return problems
    text = f"{MUST_ARRIVE}: tick Enable S3 Upload, or choose an output folder below one of SOURCE_ROOTS."
    return (*problems, Problem(text=text, setting=Setting.OUTPUT))


def trim(values: FormValues) -> Trim | None:
    """Return the part of the video to convert, None for the whole. Raises ValueError with a sentence."""
    return trim_between(values.part_from, values.part_to) if values.part_from or values.part_to else None


def transfer_control(values: FormValues) -> TransferControl:
    """Return the control that pauses and limits the upload of one job, set as the form says."""
    return TransferControl(
        parallel=values.parallel,
        limit_bytes_s=limit_bytes_s(values.limit),
        timetable=timetable(values.program.upload_limits),
    )


def upload_problems(values: FormValues, config: Config, services: Services) -> tuple[Problem, ...]:
    """Return everything that is wrong with the upload's settings."""
    if not values.upload:
        return ()
    request = _upload_request(values, as_prefix(values.destination))
    return tuple(services.upload_problems(job_config(values, config), request))


def encryption_problems(values: FormValues, services: Services) -> tuple[Problem, ...]:
    """Return what is wrong with the key's file and its address; empty fields are reported with the form."""
    wanted = advanced.encryption(values.advanced)
    if wanted is None or not values.advanced.key_file or not values.advanced.key_uri:
        return ()
    return services.encryption_problems(wanted)


def job_config(values: FormValues, config: Config) -> Config:
    """Return the configuration with the login to the backend that is chosen, or else of `.env`, or else as typed."""
    if values.backend:  # nothing of another backend's login goes there
        named = replace(config.backend, url=values.backend_url, token=values.token)
        return replace(config, backend=named)
    if config.backend.configured:
        return config
    backend = replace(
        config.backend, url=values.backend_url or config.backend.url, token=values.token or config.backend.token
    )
    return replace(config, backend=backend)


def destination(values: FormValues) -> TypedDestination:
    """Return the content of the destination field."""
    return TypedDestination(typed=values.destination, suggested_from=values.suggested_from)


def to_job(values: FormValues, video: Input, media: MediaInfo | None = None, names: tuple[str, ...] = ()) -> Job:
    """Return the job that the form describes; `values` have no problems, and `names` are those in the names file.

    The qualities are all that are ticked, even if they were ticked before the source was probed: the plan keeps those
    that the source fills. For a source that fills none, no quality can be ticked.
    """
    offers_none = media is not None and not offered_qualities(media)
    settings = form_settings(values)
    return Job(
        source=video.source,
        output_dir=Path(values.output_dir),
        slug=video.slug,
        address=video.address,
        title=values.title,
        qualities=None if offers_none else settings.qualities,
        audio_only=settings.audio_only,
        tracks=TrackChoice(audio=advanced.audio_tracks(values.advanced) or ()),
        trim=trim(values),
        poster_s=typed_seconds(values.poster) if values.poster else None,
        encoding=settings.encoding,
        bit_rates=values.program.bit_rates,
        audio=settings.audio,
        encryption=advanced.encryption(values.advanced),
        accept_damaged=values.advanced.accept_damaged,
        black_bars=settings.black_bars,
        make_mp4=settings.make_mp4,
        transcription=speech_request(values.speech, usual_request(values), names) if values.transcribe else None,
        captions=_captions(values),
        dataset=dataset_request(values),
        upload=_upload_request(values, destination(values).of(video.slug)) if values.upload else None,
    )


def form_settings(values: FormValues) -> PresetSettings:
    """Return what the form says of what a preset has; `values` have no problems."""
    base, encoding = values.base, advanced.encoding_request(values.advanced, values.preset)
    if encoding.codec is base.encoding.codec:
        encoding = replace(encoding, segment_type=base.encoding.segment_type)
    speech = speech_request(values.speech, usual_request(values), ()) if values.transcribe else None
    return PresetSettings(
        qualities=values.qualities,
        audio_only=values.audio_only,
        encoding=encoding,
        audio=replace(advanced.audio_request(values.advanced), audio_map=base.audio.audio_map),
        black_bars=base.black_bars,
        make_mp4=values.make_mp4,
        transcription=None if speech is None else replace(speech, track=None),
    )


def dataset_request(values: FormValues) -> DatasetRequest | None:
    """Return the dataset that the transcript is added to, None if no transcript is made."""
    return DatasetRequest(uri=values.dataset) if values.dataset and (values.transcribe or values.captions) else None


def usual_request(values: FormValues) -> TranscriptionRequest:
    """Return the chosen model, language and caption rules; an unknown language counts as none."""
    known = _known_language(values.spoken_language)
    language = spoken_languages.code_of(values.spoken_language) if known else None
    return TranscriptionRequest(model=values.model, language=language, profile=values.caption_rules)


def offered_qualities(media: MediaInfo) -> tuple[str, ...]:
    """Return the names of the qualities that a source fills."""
    return () if media.video is None else tuple(q.name for q in ladder.offered(media.video.width, media.video.height))


def made_qualities(chosen: Sequence[str], media: MediaInfo | None) -> tuple[str, ...]:
    """Return what is made of a source where these qualities are ticked: none where none is, all of a source that is not
    known, the one of its own size of a source that fills none.
    """
    if media is None or not chosen:
        return tuple(chosen)
    if media.video is None:
        return ()
    return tuple(quality.name for quality in ladder.choose(media.video.width, media.video.height, chosen))


def _advanced_problems(values: AdvancedValues) -> list[Problem]:
    problems = []
    if values.aim is Aim.MEASURED and values.target_vmaf is None:
        lowest, highest = TARGET_VMAF
        text = (
            f"The target must be a number from {lowest:.0f} to {highest:.0f}: "
            f"{advanced.DEFAULT_TARGET:.0f} suits most videos."
        )
        problems.append(Problem(text=text, setting=Setting.TARGET_VMAF))
    if advanced.audio_tracks(values) is None:
        text = f"Audio tracks are chosen by their numbers, such as 2 or 1,3, not {values.audio_tracks!r}."
        problems.append(Problem(text=text, setting=Setting.TRACKS))
    if values.encrypt and not values.key_file:
        problems.append(Problem(text="No key file is chosen: press Browse beside Key file.", setting=Setting.KEY_FILE))
    if values.encrypt and not values.key_uri:
        text = "No key address is given: type the address at which players ask for the key."
        problems.append(Problem(text=text, setting=Setting.KEY_URI))
    return problems


def _known_language(text: str) -> bool:
    try:
        spoken_languages.code_of(text)
    except ValueError:
        return False
    return True


def _captions(values: FormValues) -> tuple[CaptionFile, ...]:
    """Return the chosen files in the languages of their names, else in the one spoken, else in that of the record."""
    paths = [Path(typed_path(part)) for part in values.captions.split(SEPARATOR) if part.strip()]
    usual = usual_request(values).language or values.language
    return tuple(CaptionFile(path=path, language=language_in_name(path) or usual) for path in paths)


def _upload_request(values: FormValues, prefix: str) -> UploadRequest:
    return UploadRequest(
        prefix=prefix,
        language=values.language,
        session_id=values.session_id or None,
        delete_local=values.delete_local,
    )
