"""Which values of the form are remembered, and what the form shows when the window opens. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from config import Config
from pipeline.job import EncodingRequest
from pipeline.plan import PRESETS
from pipeline.transfer.http.control import PARALLEL
from pipeline.transfer.http.validation import backend_url_problems
from ui import advanced, spoken_languages
from ui.engine import engine_from_preferences, engine_to_preferences
from ui.job_form import PARALLEL_CHOICES, QUALITY_NAMES, FormValues, destination, usual_request
from ui.preferences import Preferences
from ui.speech import chosen_speech, from_request
from ui.speed_limit import limit_mb_s

KEPT_BY_RESET = (
    *("source", "title", "part_from", "part_to", "poster", "captions", "output_dir", "destination", "suggested_from"),
    *("backend_url", "token", "backend", "typed_url", "remember_login", "parallel", "session_id", "dataset", "engine"),
)
"""Which video it is, where its files go, the login, the files at once and who converts: what is not a setting of the
job.
"""


def to_preferences(values: FormValues) -> Preferences:
    """Return the preferences that are remembered until the next start: without token, key, and what must not be
    overlooked: deleting the converted copy, encrypting, and accepting damaged videos. The backend's address is among
    them only if the login is to be remembered.
    """
    chosen = values.advanced
    typed_url = values.typed_url if values.backend else values.backend_url
    return Preferences(
        last_destination=destination(values).base,
        last_session_id=values.session_id,
        create_offline_mp4=values.make_mp4,
        upload_enabled=values.upload,
        transcribe=values.transcribe,
        transcription=chosen_speech(values.speech, usual_request(values)),
        names_file=values.speech.names_file,
        dataset=values.dataset,
        language=values.language,
        output_dir=values.output_dir,
        preset=values.preset_name,
        qualities=values.qualities,
        audio_only=values.audio_only,
        captions_open=values.captions_open,
        upload_open=values.upload_open,
        advanced_open=values.advanced_open,
        encoding=advanced.chosen_encoding(chosen, values.preset),
        target_vmaf=advanced.remembered_target(chosen),
        audio=advanced.audio_request(chosen),
        key_file=chosen.key_file,
        key_uri=advanced.remembered_address(chosen.key_uri),
        publish_key=chosen.publish_key,
        background=chosen.background,
        remember_login=values.remember_login,
        backend_address=_without_faults(typed_url) if values.remember_login else "",
        backend=values.backend,
        upload_limit_mb_s=limit_mb_s(values.limit),
        parallel_uploads=values.parallel,
        engine=engine_to_preferences(values.engine),
        window=values.window,
        program=values.program,
    )


def form_from_preferences(preferences: Preferences, config: Config) -> FormValues:
    """Return the values that the form shows when the window opens."""
    languages, program = config.languages, preferences.program
    typed_url = config.backend.url or _without_faults(preferences.backend_address)
    chosen = program.backend(preferences.backend)
    return FormValues(
        output_dir=program.output_dir or preferences.output_dir,
        preset_name=preferences.preset,
        qualities=tuple(name for name in QUALITY_NAMES if name in preferences.qualities),
        audio_only=preferences.audio_only,
        transcribe=preferences.transcribe if program.transcribe is None else program.transcribe,
        model=program.model or preferences.transcription.model,
        spoken_language=spoken_languages.language_text(
            preferences.transcription.language if program.spoken_language is None else program.spoken_language
        ),
        caption_rules=preferences.transcription.profile,
        dataset=preferences.dataset,
        speech=from_request(preferences.transcription, preferences.names_file),
        preset=preferences.encoding.preset if preferences.encoding.preset in PRESETS else EncodingRequest.preset,
        upload=preferences.upload_enabled,
        backend_url=chosen.address if chosen else typed_url,
        backend=chosen.id if chosen else "",
        typed_url=typed_url,
        language=preferences.language if preferences.language in languages.supported else languages.default,
        destination=preferences.last_destination,
        suggested_from=None,
        session_id=preferences.last_session_id,
        make_mp4=preferences.create_offline_mp4,
        remember_login=preferences.remember_login,
        limit=f"{preferences.upload_limit_mb_s:g}" if limit_mb_s(str(preferences.upload_limit_mb_s)) else "",
        parallel=preferences.parallel_uploads if preferences.parallel_uploads in PARALLEL_CHOICES else PARALLEL,
        advanced=advanced.advanced_from_preferences(preferences),
        captions_open=preferences.captions_open,
        upload_open=preferences.upload_open,
        advanced_open=preferences.advanced_open,
        engine=engine_from_preferences(preferences.engine, config),
        window=preferences.window,
        program=program,
    )


def usual_form(values: FormValues, config: Config) -> FormValues:
    """Return the form with every setting as at the first start; video, files, folders, login, queue and open sections
    stay.
    """
    opened = tuple(name for name in vars(values) if name.endswith("_open"))
    kept = {name: getattr(values, name) for name in (*KEPT_BY_RESET, *opened)}
    usual = form_from_preferences(Preferences(program=values.program), config)
    return replace(
        usual,
        **kept,
        model=values.model if Path(values.model).is_absolute() else usual.model,
        speech=replace(usual.speech, names_file=values.speech.names_file),
        advanced=replace(usual.advanced, key_file=values.advanced.key_file, key_uri=values.advanced.key_uri),
    )


def _without_faults(address: str) -> str:
    """Return an address that can be one, and so holds no password; else an empty text."""
    return "" if backend_url_problems(address) else address
