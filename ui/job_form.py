"""The values of the form, and what is made of them: a job, its configuration, preferences, or problems. Pure."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config import Config
from pipeline.caption_files import language_in_name
from pipeline.errors import Problem, Setting
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
from pipeline.media.source.trimming import trim_between
from pipeline.media_info import MediaInfo
from pipeline.plan import TARGET_VMAF
from pipeline.transfer.http.control import PARALLEL, TransferControl
from pipeline.transfer.http.validation import as_prefix
from ui import advanced, spoken_languages
from ui.advanced import AdvancedValues, Aim
from ui.destination import TypedDestination
from ui.preferences import Preferences
from ui.services import Services
from ui.speech import SpeechValues, chosen_speech, from_request, speech_problems, speech_request
from ui.speed_limit import limit_bytes_s, limit_mb_s, limit_problems

QUALITY_NAMES = tuple(quality.name for quality in ladder.QUALITIES)
USUAL_QUALITIES = tuple(quality.name for quality in ladder.USUAL)

SPEED_LABELS = {"veryfast": "Fast (larger files)", "medium": "Balanced", "slow": "Slow (smaller files)"}
"""The presets that the editor may choose, and how they are called."""

SEPARATOR = ";"
"""Stands between the paths of several files."""

PARALLEL_CHOICES = (1, 2, PARALLEL, 8, 16)


@dataclass(frozen=True, kw_only=True)
class FormValues:
    """Every value of the form as it stands, texts stripped. What was typed are `part_from`, `part_to` and `captions`
    (the paths of subtitle files, parted by semicolons), which may be empty, `dataset` (a path or an `s3://` address),
    `backend_url`, `token`, and `limit`, in MB/s. `suggested_from` is that of `TypedDestination`.
    """

    source: str = ""
    part_from: str = ""
    part_to: str = ""
    output_dir: str = ""
    qualities: tuple[str, ...] = ()
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
    advanced_open: bool = False


def typed_path(text: str) -> str:
    """Return a path as it was meant: without the quotes and the file:// that copying puts around it,
    `~` spelled out.
    """
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
    """Return everything that is wrong with the form itself, without looking at the disk or the network.

    `has_video` is False where the source is known to have audio alone: qualities then mean nothing.
    """
    problems = []
    if not values.source:
        problems.append(Problem(text="No video is chosen: press Browse beside Video.", setting=Setting.SOURCE))
    try:
        trim(values)
    except ValueError as error:
        problems.append(Problem(text=str(error), setting=Setting.TRIM))
    if not values.output_dir:
        problems.append(Problem(text="No output folder is chosen: press Browse beside Folder.", setting=Setting.OUTPUT))
    if not values.qualities and has_video:
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


def trim(values: FormValues) -> Trim | None:
    """Return the part of the video that is wanted, None for the whole. Raises ValueError with a sentence."""
    return trim_between(values.part_from, values.part_to) if values.part_from or values.part_to else None


def transfer_control(values: FormValues) -> TransferControl:
    """Return what holds the upload of one job, as the form stands."""
    return TransferControl(parallel=values.parallel, limit_bytes_s=limit_bytes_s(values.limit))


def upload_problems(values: FormValues, config: Config, services: Services) -> tuple[Problem, ...]:
    """Return everything that is wrong with the upload's settings."""
    if not values.upload:
        return ()
    typed = bool(values.token) or not config.backend.token
    request = _upload_request(values, as_prefix(values.destination))
    return tuple(services.upload_problems(job_config(values, config), request, token_typed=typed))


def encryption_problems(values: FormValues, services: Services) -> tuple[Problem, ...]:
    """Return what is wrong with the key's file and its address; what is empty the form itself tells."""
    wanted = advanced.encryption(values.advanced)
    if wanted is None or not values.advanced.key_file or not values.advanced.key_uri:
        return ()
    return services.encryption_problems(wanted)


def job_config(values: FormValues, config: Config) -> Config:
    """Return the configuration with what was typed in place of what `.env` leaves open."""
    if config.backend.configured:
        return config
    backend = replace(
        config.backend, url=values.backend_url or config.backend.url, token=values.token or config.backend.token
    )
    return replace(config, backend=backend)


def destination(values: FormValues) -> TypedDestination:
    """Return what stands in the field of the destination."""
    return TypedDestination(typed=values.destination, suggested_from=values.suggested_from)


def to_job(values: FormValues, slug: str, media: MediaInfo | None = None, names: tuple[str, ...] = ()) -> Job:
    """Return the job that the form asks for; `values` have no problems, and `names` are those in the file of names.

    The qualities are those that are ticked, whether or not the source was already known when they were: the plan makes
    those of them that it fills. A source that fills none has nothing to tick.
    """
    offers_none = media is not None and not offered_qualities(media)
    return Job(
        source=Path(values.source),
        output_dir=Path(values.output_dir),
        slug=slug,
        qualities=None if offers_none else values.qualities,
        tracks=TrackChoice(audio=advanced.audio_tracks(values.advanced) or ()),
        trim=trim(values),
        encoding=advanced.encoding_request(values.advanced, values.preset),
        sound=advanced.audio_request(values.advanced),
        encryption=advanced.encryption(values.advanced),
        accept_damaged=values.advanced.accept_damaged,
        make_mp4=values.make_mp4,
        transcription=speech_request(values.speech, _usual_request(values), names) if values.transcribe else None,
        captions=_captions(values),
        dataset=dataset_request(values),
        upload=_upload_request(values, destination(values).of(slug)) if values.upload else None,
    )


def dataset_request(values: FormValues) -> DatasetRequest | None:
    """Return the dataset that gets the transcript, None where there is to be no transcript."""
    return DatasetRequest(uri=values.dataset) if values.dataset and (values.transcribe or values.captions) else None


def offered_qualities(media: MediaInfo) -> tuple[str, ...]:
    """Return the names of the qualities that a source fills."""
    return () if media.video is None else tuple(q.name for q in ladder.offered(media.video.width, media.video.height))


def to_preferences(values: FormValues) -> Preferences:
    """Return what is remembered until the next start: no backend's address, no token, no key,
    and not that damage is accepted.
    """
    chosen = values.advanced
    return Preferences(
        last_destination=destination(values).base,
        last_session_id=values.session_id,
        create_offline_mp4=values.make_mp4,
        delete_local_after_upload=values.delete_local,
        upload_enabled=values.upload,
        transcribe=values.transcribe,
        transcription=chosen_speech(values.speech, _usual_request(values)),
        names_file=values.speech.names_file,
        dataset=values.dataset,
        language=values.language,
        output_dir=values.output_dir,
        qualities=values.qualities,
        advanced_open=values.advanced_open,
        encoding=advanced.chosen_encoding(chosen, values.preset),
        target_vmaf=advanced.remembered_target(chosen),
        sound=advanced.audio_request(chosen),
        encrypt=chosen.encrypt,
        key_file=chosen.key_file,
        key_uri=advanced.remembered_address(chosen.key_uri),
        publish_key=chosen.publish_key,
        remember_login=values.remember_login,
        upload_limit_mb_s=limit_mb_s(values.limit),
        parallel_uploads=values.parallel,
    )


def from_preferences(preferences: Preferences, config: Config) -> FormValues:
    """Return what the form shows when the window opens."""
    languages = config.languages
    return FormValues(
        output_dir=preferences.output_dir,
        qualities=tuple(name for name in QUALITY_NAMES if name in preferences.qualities),
        transcribe=preferences.transcribe,
        model=preferences.transcription.model,
        spoken_language=spoken_languages.text_of(preferences.transcription.language),
        caption_rules=preferences.transcription.profile,
        dataset=preferences.dataset,
        speech=from_request(preferences.transcription, preferences.names_file),
        preset=preferences.encoding.preset if preferences.encoding.preset in SPEED_LABELS else EncodingRequest.preset,
        upload=preferences.upload_enabled,
        backend_url=config.backend.url,
        language=preferences.language if preferences.language in languages.supported else languages.default,
        destination=preferences.last_destination,
        suggested_from=None,
        session_id=preferences.last_session_id,
        make_mp4=preferences.create_offline_mp4,
        delete_local=preferences.delete_local_after_upload,
        remember_login=preferences.remember_login,
        limit=f"{preferences.upload_limit_mb_s:g}" if limit_mb_s(str(preferences.upload_limit_mb_s)) else "",
        parallel=preferences.parallel_uploads if preferences.parallel_uploads in PARALLEL_CHOICES else PARALLEL,
        advanced=advanced.from_preferences(preferences),
        advanced_open=preferences.advanced_open,
    )


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
    usual = _usual_request(values).language or values.language
    return tuple(CaptionFile(path=path, language=language_in_name(path) or usual) for path in paths)


def _usual_request(values: FormValues) -> TranscriptionRequest:
    """Return model, language and rules as they are chosen; a language that is not known counts as none."""
    known = _known_language(values.spoken_language)
    language = spoken_languages.code_of(values.spoken_language) if known else None
    return TranscriptionRequest(model=values.model, language=language, profile=values.caption_rules)


def _upload_request(values: FormValues, prefix: str) -> UploadRequest:
    return UploadRequest(
        prefix=prefix,
        language=values.language,
        session_id=values.session_id or None,
        delete_local=values.delete_local,
    )
