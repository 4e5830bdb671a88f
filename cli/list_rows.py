"""`--list`: each row of a list as the options of the command line for its video, which those of the row override."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cli.preset_arguments import parsed_with_preset
from cli.speech_options import forget_speech
from pipeline.caption_files import known_language
from pipeline.errors import Problem, Setting, SettingsError
from pipeline.files import is_folder, is_there, read_file
from pipeline.input_list import LARGEST_BYTES, SOURCE, ListRow, RowProblem, read_list
from pipeline.inputs import Named
from pipeline.plan import PRESETS
from pipeline.presets.library import SUFFIX, Library, read_library, read_preset
from pipeline.presets.preset import Preset
from pipeline.source_address import SourceAddress, is_address
from pipeline.transfer.http.validation import as_prefix

STANDARD_INPUT = Path("-")

DESTINATION, LANGUAGE, PRESET = "destination", "language", "preset"

OPTIONS = {
    "title": "--title",
    LANGUAGE: "",
    DESTINATION: "--upload",
    PRESET: "--preset",
    "qualities": "--qualities",
    "codec": "--codec",
    "trim": "--trim",
    "poster": "--poster",
    "audio_track": "--audio-track",
    "chapters": "--chapters",
    "captions": "--captions",
    "transcribe": "--transcribe",
    "model": "--model",
    "script": "--align",
    "mp4": "--mp4",
    "session_id": "--session-id",
}
"""The columns beside the source, and the option that each stands for; a language is for the file record, too.

A preset may also be settings with a name, of which each is an option of its own.
"""

COLUMNS = (SOURCE, *OPTIONS)

FILES = ("chapters", "captions", "script")
"""Columns with files, which lie relative to the list's folder."""

SWITCHES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
SEVERAL = "|"
"""Parts several files in one cell."""


@dataclass(frozen=True, kw_only=True)
class ListedVideo:
    """A video of a list with its own options; `has_destination` says that its row names where it goes."""

    line: int
    source: Named
    options: argparse.Namespace
    has_destination: bool


@dataclass(frozen=True, kw_only=True)
class ListedVideos:
    """The videos of a list; `folder` is where it lies, `name` what it is called in a message."""

    name: str
    folder: Path
    videos: tuple[ListedVideo, ...]
    problems: tuple[RowProblem, ...]


AddOptions = Callable[[argparse.ArgumentParser], None]


def listed_videos(options: argparse.Namespace, add_options: AddOptions, data_dir: Path | None = None) -> ListedVideos:
    """Return the videos of `options.list`; `add_options` adds what a command line takes to a parser.

    `data_dir` is the program's folder for the user's data, with the presets that rows can name.

    Raises SettingsError where there is no list that can be read; what is wrong with its rows is returned.
    """
    path: Path = options.list
    folder = Path() if path == STANDARD_INPUT else path.parent
    name = "The list" if path == STANDARD_INPUT else path.name
    found = read_list(_bytes_of(path), name, COLUMNS)
    parser = _RowParser(prog="", add_help=False)
    add_options(parser)
    for action in parser._actions:
        action.required = False
    videos: list[ListedVideo] = []
    problems = list(found.problems)
    library = read_library(data_dir)
    for row in found.rows:
        try:
            videos.append(_video(row, options, parser, folder, library))
        except _RowError as error:
            problems += [RowProblem(line=row.line, text=text) for text in error.texts]
    problems += _doubled(videos)
    ordered = tuple(sorted(problems, key=lambda problem: problem.line))
    return ListedVideos(name=name, folder=folder, videos=tuple(videos), problems=ordered)


def at_lines(name: str, problems: Sequence[RowProblem]) -> list[str]:
    """Return what is wrong with rows as sentences: what is wrong with several in the same way is said once."""
    lines: dict[str, list[int]] = {}
    for problem in problems:
        lines.setdefault(problem.text, []).append(problem.line)
    return [
        f"{name}, line{'s' if len(where) > 1 else ''} {', '.join(map(str, where))}: {text}"
        for text, where in lines.items()
    ]


class _RowError(Exception):
    """What is wrong with a row."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        super().__init__(*texts)


class _RowParser(argparse.ArgumentParser):
    """Reads a row as if it had been typed; what is wrong is the row's."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse says of an argument, without the option, which nobody has typed."""
        text = message.partition(": ")[2] if message.startswith("argument ") else message
        raise _RowError(text)


def _bytes_of(path: Path) -> bytes:
    try:
        if path == STANDARD_INPUT:
            return sys.stdin.buffer.read(LARGEST_BYTES + 1)
        return read_file(path, LARGEST_BYTES + 1)
    except OSError as error:
        text = f"The list {path} can't be read ({error.strerror}): check its name and its permissions."
        raise SettingsError(Problem(text=text, setting=Setting.SOURCE)) from error


def _video(row: ListRow, common: argparse.Namespace, parser: _RowParser, folder: Path, library: Library) -> ListedVideo:
    """Return a row's video. Raises _RowError."""
    arguments: list[str] = []
    problems: list[str] = []
    preset, unknown = _preset(row, library, folder)
    problems += unknown
    for column, texts in row.values.items():
        if column not in OPTIONS or column == LANGUAGE or (column == PRESET and texts[0] not in PRESETS):
            continue
        try:
            given = _arguments(column, texts, folder)
            parser.parse_args(given, copy.copy(common))
        except _RowError as error:
            problems += [f"{column}: {text}." for text in error.texts]
        else:
            arguments += given
    source = row.values[SOURCE][0]
    named = source if is_address(source) else str(folder / source)

    heard = SWITCHES.get(row.values.get("transcribe", ("",))[0].casefold())
    silent = heard is False or (heard is None and preset is not None and preset.settings.transcription is None)

    def parsed(before: Sequence[str]) -> argparse.Namespace:
        options = copy.copy(common)
        options.list = None
        if "captions" in row.values:
            options.captions = []
        if silent:
            forget_speech(options)
        return parser.parse_args([*before, *arguments, "--", named], options)

    options = parsed(()) if preset is None else parsed_with_preset(parsed, preset.settings)
    (path,) = options.inputs
    if isinstance(path, SourceAddress):
        if path.is_folder:
            problems.append(f"{path} is a folder: name a video in each row.")
    elif is_folder(path):
        problems.append(f"{source} is a folder: name a video in each row.")
    elif not is_there(path):
        problems.append(f"{source} is not there: paths are relative to the list's folder.")
    problems += _set_language(options, row)
    if problems:
        raise _RowError(*problems)
    if DESTINATION in row.values:
        options.upload = as_prefix(options.upload)
    return ListedVideo(line=row.line, source=path, options=options, has_destination=DESTINATION in row.values)


def _preset(row: ListRow, library: Library, folder: Path) -> tuple[Preset | None, list[str]]:
    """Return the preset that a row names, None for none and for a speed of the encoder; and what is wrong with it."""
    (name,) = row.values.get(PRESET, (PRESETS[0],))[:1]
    if name in PRESETS:
        return None, []
    preset = library.find(name)
    if preset is not None:
        return preset, []
    if name.endswith(SUFFIX):
        try:
            return read_preset(folder / name), []
        except SettingsError as error:
            return None, [f"{PRESET}: {error}"]
    known = ", ".join([*library.names, *PRESETS])
    return None, [f"{PRESET}: there is no {name!r}: choose from {known}, or name a preset's {SUFFIX} file."]


def _arguments(column: str, texts: tuple[str, ...], folder: Path) -> list[str]:
    """Return a cell as arguments. Raises _RowError."""
    option = OPTIONS[column]
    if column in ("transcribe", "mp4"):
        wanted = SWITCHES.get(texts[0].casefold())
        if wanted is None:
            raise _RowError(f"{texts[0]!r} is neither yes nor no")
        return [option if wanted else option.replace("--", "--no-", 1)]
    if column in FILES:
        names = [name.strip() for text in texts for name in text.split(SEVERAL)]
        return [f"{option}={folder / name}" for name in names if name]
    return [f"{option}={','.join(texts)}"]


def _set_language(options: argparse.Namespace, row: ListRow) -> list[str]:
    """Let a row's language count for the file record, and for what listens or has captions; return what is wrong."""
    (code,) = row.values.get(LANGUAGE, ("auto",))[:1]
    if code == "auto":
        return []
    language = known_language(code)
    if language is None:
        return [f"{LANGUAGE}: {code} is not a language: use a code such as de."]
    options.default_language = language
    if options.transcribe or options.align is not None or options.captions:
        options.language = language
    return []


def _doubled(videos: Sequence[ListedVideo]) -> list[RowProblem]:
    """Return what two rows can't both have: a video, a destination."""
    problems = []
    seen: dict[object, int] = {}
    for video in videos:
        source = video.source
        if isinstance(source, SourceAddress):
            place, name = source.key, source.file_name
        else:
            place, name = str(source.parent.resolve() / source.name), source.name
        for key, text in (
            (place, f"{name} is in line {{}} already: remove one of the rows."),
            (video.options.upload if video.has_destination else None, "The destination is that of line {} already."),
        ):
            if key is not None and seen.setdefault(key, video.line) != video.line:
                problems.append(RowProblem(line=video.line, text=text.format(seen[key])))
    return problems
