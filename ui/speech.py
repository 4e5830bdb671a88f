"""What an editor may choose of the transcription beside model, language and rules, and what that asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.errors import Problem, Setting
from pipeline.job import TranscriptionRequest


@dataclass(frozen=True, kw_only=True)
class SpeechValues:
    """Every value as it stands; typed were `names_file`, a path, and `track`, the number of an audio track."""

    several_languages: bool = False
    translate: bool = False
    fast: bool = False
    names_file: str = ""
    track: str = ""


def speech_problems(values: SpeechValues) -> Iterator[Problem]:
    """Yield what is wrong with what was typed, without looking at the disk."""
    if values.track and _number(values.track) is None:
        text = f"An audio track is chosen by its number, such as 2, not {values.track!r}."
        yield Problem(text=text, setting=Setting.CAPTION_TRACK)


def chosen_speech(values: SpeechValues, usual: TranscriptionRequest) -> TranscriptionRequest:
    """Return a request with what was chosen and can be remembered, also where another choice rules it out."""
    return replace(usual, fast=values.fast, multilingual=values.several_languages, translate=values.translate)


def speech_request(values: SpeechValues, usual: TranscriptionRequest, names: tuple[str, ...]) -> TranscriptionRequest:
    """Return what is asked of Whisper; `values` have no problems, `names` are those of the file.

    Each half minute is transcribed by itself, and no language is given, where several are spoken.
    """
    several = values.several_languages
    return replace(
        chosen_speech(values, usual),
        language=None if several else usual.language,
        fast=values.fast and not several,
        names=names,
        track=_number(values.track),
    )


def from_request(request: TranscriptionRequest, names_file: str) -> SpeechValues:
    """Return what was remembered; a track is one of a video, and not remembered."""
    return SpeechValues(
        several_languages=request.multilingual, translate=request.translate, fast=request.fast, names_file=names_file
    )


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() else None
