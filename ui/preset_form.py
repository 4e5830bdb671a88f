"""Presets in the form: what choosing one puts there, and whether the form still says what it has. Pure."""

from __future__ import annotations

from dataclasses import replace

from pipeline.presets.library import Library
from pipeline.presets.preset import USUAL, Preset, PresetSettings, do_the_same
from pipeline.presets.summary import coding_summary
from ui.advanced import with_requests
from ui.job_form import FormValues, form_settings
from ui.speech import from_request
from ui.spoken_languages import language_text

NO_PRESET = "Your own settings"
CHANGED_WORD = "changed"
CHANGED = f" ({CHANGED_WORD})"


def with_settings(values: FormValues, settings: PresetSettings) -> FormValues:
    """Return the form with settings; what belongs to one video, to the computer and to the upload stays."""
    speech = settings.transcription
    filled = replace(
        values,
        base=settings,
        qualities=USUAL if settings.qualities is None else settings.qualities,
        audio_only=settings.audio_only,
        preset=settings.encoding.preset,
        make_mp4=settings.make_mp4,
        transcribe=speech is not None,
        advanced=with_requests(values.advanced, settings.encoding, settings.audio),
    )
    if speech is None:
        return filled
    chosen = from_request(speech, values.speech.names_file)
    return replace(
        filled,
        model=speech.model,
        spoken_language=language_text(speech.language),
        caption_rules=speech.profile,
        speech=replace(chosen, track=values.speech.track),
    )


def with_preset(values: FormValues, preset: Preset) -> FormValues:
    """Return the form with a preset."""
    return replace(with_settings(values, preset.settings), preset_name=preset.name)


def based_on(values: FormValues, library: Library) -> FormValues:
    """Return the form as it was remembered, with what it has no field for as the preset has it that is remembered."""
    found = library.find(values.preset_name) if values.preset_name else None
    return values if found is None else replace(values, base=found.settings)


def chosen_preset(values: FormValues, library: Library) -> Preset | None:
    """Return the preset that was chosen last, or one that the form happens to be; None if it is none's."""
    if values.preset_name:
        return library.find(values.preset_name)
    return library.find(library.name_of(form_settings(values)))


def is_changed(values: FormValues, preset: Preset) -> bool:
    """Whether the form says something else by now than a preset."""
    return not do_the_same(preset.settings, form_settings(values))


def preset_label(values: FormValues, library: Library) -> str:
    """Return what stands in the list of presets."""
    preset = chosen_preset(values, library)
    if preset is None:
        return NO_PRESET
    return f"{preset.name}{CHANGED}" if is_changed(values, preset) else preset.name


def row_label(values: FormValues, library: Library) -> str:
    """Return what the list of videos says of one with the form's settings, empty for no preset."""
    label = preset_label(values, library)
    return "" if label == NO_PRESET else label


def preset_in(label: str) -> str:
    """Return the name of the preset that a row's label names."""
    return label.removesuffix(CHANGED)


def preset_hint(values: FormValues) -> str:
    """Return in a line how the form lets be encoded, which stands in no other line of its card."""
    text = coding_summary(form_settings(values))
    return text[:1].upper() + text[1:]
