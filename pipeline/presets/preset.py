"""What a preset is: the settings that many videos have in common, under a name, and their form in a file. Pure.

What is of one video alone, of one place or of one computer belongs to none: source, tracks, part, chapters, captions,
script, names, title, output folder and destination. Neither does what must not stick unseen: encryption, deleting
files, accepting damaged videos.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.job import AudioRequest, EncodingRequest, Job, TranscriptionRequest
from pipeline.media.encode import ladder
from pipeline.plan import PRESETS, setting_problems

SCHEMA = 1
"""Of the file. A change to `PresetSettings`, or to what is in it, raises it, as it raises that of a job."""

KIND = "preset"
USUAL = tuple(quality.name for quality in ladder.USUAL)
LONGEST_NAME = 60
"""In characters: what fits into a list."""


@dataclass(frozen=True, kw_only=True)
class PresetSettings:
    """The settings of a job that a preset has, each named as there; `transcription` has neither names nor a track."""

    qualities: tuple[str, ...] | None = None
    audio_only: bool = False
    encoding: EncodingRequest = field(default_factory=EncodingRequest)
    audio: AudioRequest = field(default_factory=AudioRequest)
    black_bars: bool = False
    make_mp4: bool = True
    transcription: TranscriptionRequest | None = None


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Settings and their name."""

    name: str
    settings: PresetSettings


def settings_of(job: Job) -> PresetSettings:
    """Return what a preset would keep of a job."""
    speech = job.transcription
    return PresetSettings(
        qualities=job.qualities,
        audio_only=job.audio_only,
        encoding=job.encoding,
        audio=job.audio,
        black_bars=job.black_bars,
        make_mp4=job.make_mp4,
        transcription=None if speech is None else replace(speech, names=(), track=None),
    )


def with_settings(job: Job, settings: PresetSettings) -> Job:
    """Return a job with a preset's settings; names and track of its transcription stay, if it has one."""
    speech, earlier = settings.transcription, job.transcription
    if speech is not None and earlier is not None:
        speech = replace(speech, names=earlier.names, track=earlier.track)
    changed = {name: getattr(settings, name) for name in PresetSettings.__dataclass_fields__}
    return replace(job, **(changed | {"transcription": speech}))


def do_the_same(one: PresetSettings, other: PresetSettings) -> bool:
    """Whether two settings make the same of every video, however they are told."""
    return _as_made(one) == _as_made(other)


def _as_made(settings: PresetSettings) -> PresetSettings:
    if settings.audio_only:
        return replace(settings, qualities=(), encoding=EncodingRequest(), black_bars=False, make_mp4=False)
    chosen = USUAL if settings.qualities is None else settings.qualities
    return replace(settings, qualities=tuple(name for name in ladder.BY_NAME if name in chosen))


def name_problem(name: str) -> str | None:
    """Return why a preset can't have a name, None if it can."""
    if not name.strip():
        return "A preset needs a name: type one."
    if not name.isprintable() or len(name) > LONGEST_NAME or name != name.strip():
        return f"The name of a preset is one line of at most {LONGEST_NAME} characters: choose another."
    if same_name(name) in PRESETS:
        return f"{name} is the name of a speed of the encoder: choose another name for the preset."
    return None


def same_name(name: str) -> str:
    """Return a name in the form in which it is compared with others."""
    return name.strip().casefold()


def preset_to_text(preset: Preset) -> str:
    """Return a preset's file, defaults too: a later version may have others."""
    data = {"kind": KIND, "schema": SCHEMA, "name": preset.name, "settings": to_json(preset.settings)}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def preset_from_text(text: str | bytes, where: str) -> Preset:
    """Return the preset in a file's text; `where` names the file in messages.

    Raises CodecError with a sentence that says what is wrong, also for settings that no job can have.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"{where} is not a preset: it is not JSON text. Export the preset again.") from error
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise CodecError(f"{where} is not a preset: choose a file that was exported as one.")
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        raise CodecError(f"{where} does not say which schema it has: export the preset again.")
    if schema > SCHEMA:
        raise CodecError(f"{where} is a preset of a newer version of this program: update the program to use it.")
    preset = from_json(Preset, _fields(data), where)
    _check(preset, where)
    return preset


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("kind", "schema")}


def _check(preset: Preset, where: str) -> None:
    settings, speech = preset.settings, preset.settings.transcription
    problem = name_problem(preset.name)
    if problem is not None:
        raise CodecError(f"{where}: {problem}")
    if speech is not None and (speech.names or speech.track is not None):
        raise CodecError(f"{where}: names and track are of single videos: leave them out of settings.transcription.")
    if any(len(parts) not in (1, 2) for parts in settings.audio.audio_map):
        raise CodecError(f"{where}: each item of settings.audio.audio_map must have 1 or 2 items.")
    job = with_settings(Job(source=Path(), output_dir=Path(), slug=KIND), settings)
    problems = setting_problems(job)
    if problems:
        raise CodecError(f"{where}: {problems[0].text}")
