"""The editor's own captions: which file is in which language, and what the files hold.

Knows no encode and no stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import Problem, Setting, SettingsError, SubtitleFileError
from pipeline.files import is_there, read_file
from pipeline.job import CaptionFile, Trim
from pipeline.media.source.language_tags import language_tag
from pipeline.model import CaptionText
from pipeline.speech.cues import Cue
from pipeline.speech.languages import LANGUAGE_NAMES
from pipeline.speech.names import name_list
from pipeline.speech.subtitle_files import decode_subtitles, parse_subtitles, read_subtitles
from pipeline.speech.subtitles import to_vtt

SUFFIXES = (".srt", ".vtt")
"""The endings of the files that are offered; a file that is named may have any."""


def caption_file(typed: str, *, spoken: str | None, default: str) -> CaptionFile:
    """Return the file that `FILE` or `FILE:LANG` stands for.

    Its language is LANG, else the one in its name (`talk.de.srt`), else `spoken`, else `default`. A colon that belongs
    to the path, as in `C:\\\\talk.srt`, does not begin a language. Raises SettingsError where LANG is not a language.
    """
    whole = Path(typed)
    name, colon, tail = typed.rpartition(":")
    if not colon or not name or is_there(whole) or any(mark in tail for mark in "/\\."):
        return CaptionFile(path=whole, language=language_in_name(whole) or spoken or default)
    language = known_language(tail)
    if language is None:
        text = f"{tail or 'What follows the colon'} is not a language: use a code such as de, as in {name}:de."
        raise SettingsError(Problem(text=text, setting=Setting.CAPTIONS))
    return CaptionFile(path=Path(name), language=language)


def known_language(code: str) -> str | None:
    """Return a code as a language tag, None where it stands for no language that has a name here."""
    tag = language_tag(code)
    return tag if tag is not None and tag.partition("-")[0] in LANGUAGE_NAMES else None


def language_in_name(path: Path) -> str | None:
    """Return the language that a file's name ends with before its suffix, None where it ends with none."""
    stem, dot, last = path.stem.rpartition(".")
    return known_language(last) if dot and stem else None


def read_captions(files: Sequence[CaptionFile]) -> tuple[CaptionText, ...]:
    """Return what the files hold, in WebVTT. Raises SettingsError with what is wrong with each."""
    read, problems = [], []
    for number, file in enumerate(files):
        if file in files[:number]:
            text = f"The captions {file.path} are given twice in one language: give each file once."
            problems.append(Problem(text=text, setting=Setting.CAPTIONS))
            continue
        try:
            found = read_subtitles(file.path, language=file.language)
        except SubtitleFileError as error:
            problems.append(Problem(text=str(error), setting=Setting.CAPTIONS))
        else:
            note = found.note(file.path.name)
            read.append(CaptionText(language=file.language, text=to_vtt(found.cues), note=note))
    if problems:
        raise SettingsError(problems)
    return tuple(read)


def read_script(path: Path, *, language: str | None = None) -> str:
    """Return the text of a script. Raises SettingsError where there is none that can be read."""
    try:
        text, _ = decode_subtitles(read_file(path), language)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"The script {path} can't be read ({reason}): check the file."
        raise SettingsError(Problem(text=text, setting=Setting.CAPTIONS)) from error
    if "-->" in text:
        text = f"{path} has times already: take it with --captions instead of --align."
        raise SettingsError(Problem(text=text, setting=Setting.CAPTIONS))
    if not any(character.isalnum() for character in text):
        raise SettingsError(Problem(text=f"The script {path} has no words in it.", setting=Setting.CAPTIONS))
    return text


def read_names(path: Path) -> tuple[str, ...]:
    """Return the names of a list, one a line. Raises SettingsError where there is none that can be read."""
    try:
        text, _ = decode_subtitles(read_file(path), None)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"The list of names {path} can't be read ({reason}): check the file."
        raise SettingsError(Problem(text=text, setting=Setting.NAMES)) from error
    names = name_list(text)
    if not names:
        text = f"The list of names {path} has no name in it: write one per line."
        raise SettingsError(Problem(text=text, setting=Setting.NAMES))
    return names


def cues_of(captions: CaptionText, trim: Trim | None) -> list[Cue]:
    """Return the cues of captions on the clock of the stream, of which the part `trim` is made."""
    cues = parse_subtitles(captions.text).cues
    if trim is None:
        return list(cues)
    shifted = [
        replace(cue, start_s=max(0.0, cue.start_s - trim.start_s), end_s=cue.end_s - trim.start_s) for cue in cues
    ]
    length_s = float("inf") if trim.end_s is None else trim.end_s - trim.start_s
    return [cue for cue in shifted if cue.end_s > 0 and cue.start_s < length_s]
