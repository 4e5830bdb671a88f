"""The videos that were named, singly or by folder, each with its slug, the path below output folder and destination."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Problem, Setting, SettingsError, SourceError
from pipeline.files import VIDEO_SUFFIXES
from pipeline.published import JOB_FILE
from pipeline.slug import slug_for, unique_slugs


@dataclass(frozen=True, kw_only=True)
class Input:
    """A video.

    `slug` is its folder below the output folder; `alone` says that the destination itself is meant for it.
    """

    source: Path
    slug: str
    alone: bool = False


def inputs_from(
    named: Sequence[Path], *, root: Path | None, output: Path | None, suffixes: Sequence[str] = VIDEO_SUFFIXES
) -> list[Input]:
    """Return the videos that were named, those of folders with all their subfolders, each once.

    The slug of a single file is its name. For several files, and for folders, it is the path below `root`, or below
    the folder that all have in common where that is None. What lies in `output`, hidden folders and finished streams is
    passed over in folders, and so is what ends with none of `suffixes`. Raises SettingsError for a file that is not
    below the root, SourceError for a folder without videos or one that can't be read.
    """
    if root is None and len(named) == 1 and not named[0].is_dir():
        return [Input(source=named[0], slug=slug_for(named[0]), alone=True)]
    found: dict[Path, Path] = {}
    for path in named:
        for video in _videos_in(path, output, suffixes) if path.is_dir() else (path,):
            found.setdefault(_absolute(video), video)
    above = root.resolve() if root is not None else _common_root(named)
    outside = [path for path in found if not path.is_relative_to(above)]
    if outside:
        texts = [f"{found[path]} is not below {root}: name another --root." for path in outside]
        raise SettingsError([Problem(text=text, setting=Setting.SOURCE) for text in texts])
    slugs = unique_slugs([path.relative_to(above) for path in found])
    return [Input(source=source, slug=slug) for source, slug in zip(found.values(), slugs, strict=True)]


def _absolute(file: Path) -> Path:
    """Return where a file lies; one that is a link counts where the link is."""
    return file.parent.resolve() / file.name


def _common_root(named: Sequence[Path]) -> Path:
    folders = [path.resolve() if path.is_dir() else path.parent.resolve() for path in named]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError as error:  # several drives on Windows
        text = "The videos lie on several drives: convert those of each drive on their own."
        raise SettingsError(Problem(text=text, setting=Setting.SOURCE)) from error


def _videos_in(folder: Path, output: Path | None, suffixes: Sequence[str]) -> list[Path]:
    found = sorted(_walk(folder.resolve(), None if output is None else output.resolve(), suffixes))
    if not found:
        what = "video" if suffixes is VIDEO_SUFFIXES else "video or audio file"
        raise SourceError(f"There is no {what} in {folder}: name another folder, or the files.")
    return found


def _walk(top: Path, output: Path | None, suffixes: Sequence[str]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise SourceError(
            f"{error.filename} can't be read ({error.strerror}): check the folder and its permissions."
        ) from error

    for folder, below, names in os.walk(top, onerror=unreadable):
        here = Path(folder)
        # its segments are not videos of their own
        if JOB_FILE in names or any(name.endswith(".m3u8") for name in names):
            below.clear()
            continue
        below[:] = sorted(name for name in below if not name.startswith(".") and here / name != output)
        yield from (here / name for name in names if not name.startswith(".") and Path(name).suffix.lower() in suffixes)
