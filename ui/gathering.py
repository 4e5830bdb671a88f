"""The videos among files and folders that an editor dropped, chosen or pasted. Reads folders, never files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from pipeline.errors import PipelineError
from pipeline.files import AUDIO_SUFFIXES, VIDEO_SUFFIXES, is_folder, is_there
from pipeline.inputs import Input, inputs_from
from pipeline.slug import slug_for
from pipeline.source_address import is_address
from ui.chosen_video import chosen_video
from ui.job_form import typed_path

MOST_NAMED = 3
"""How many files a sentence names."""

CONVERTED = (*VIDEO_SUFFIXES, *AUDIO_SUFFIXES)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The videos that were found, and what was left out, in sentences."""

    videos: tuple[Input, ...]
    left_out: tuple[str, ...] = ()


def pasted_paths(text: str) -> tuple[str, ...]:
    """Return the paths and addresses in a text, one a line, each as `typed_path` reads it."""
    lines = (typed_path(line) for line in re.split(r"[\r\n]+", text))
    return tuple(dict.fromkeys(line for line in lines if line))


def gather(named: Sequence[str], *, output: Path | None) -> Gathered:
    """Return the videos that these paths and addresses name, each once and in their order; those of folders with all
    their subfolders.

    What is in `output` is passed over in folders, as finished streams are. A file with an ending that no video has,
    a folder without one, and what is not there are left out; a video that can't be read is not looked into here.
    """
    left_out: list[str] = []
    unsupported: list[str] = []
    missing: list[str] = []
    found: dict[str, Input] = {}
    for text in dict.fromkeys(named):
        path = Path(text)
        if is_address(text):
            _take(found, text, left_out)
        elif is_folder(path):
            _take_folder(found, path, output, left_out)
        elif not is_there(path):
            missing.append(path.name or text)
        elif path.suffix.lower() not in CONVERTED:
            unsupported.append(path.name)
        else:  # by its own name: where it lies is not what its folder is called after
            found.setdefault(str(path.absolute()), Input(source=path, slug=slug_for(PurePath(path.name))))
    if unsupported:
        left_out.append(
            f"{_named(unsupported)} {'are' if len(unsupported) > 1 else 'is'} not added: the name does not end as a "
            "video's does."
        )
    if missing:
        left_out.append(
            f"{_named(missing)} {'are' if len(missing) > 1 else 'is'} not there any more: choose the file again."
        )
    return Gathered(videos=tuple(found.values()), left_out=tuple(left_out))


def _take(found: dict[str, Input], text: str, left_out: list[str]) -> None:
    try:
        found.setdefault(text, chosen_video(text))
    except PipelineError as error:
        left_out.append(str(error))


def _take_folder(found: dict[str, Input], folder: Path, output: Path | None, left_out: list[str]) -> None:
    try:
        for video in inputs_from([folder], root=None, output=output, suffixes=CONVERTED):
            found.setdefault(str(video.source.absolute()), video)
    except PipelineError as error:
        left_out.append(str(error))


def _named(names: Sequence[str]) -> str:
    listed = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{listed} and {more} more" if more > 0 else listed
