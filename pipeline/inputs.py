"""The videos that were named, singly or by folder, each with its slug, the path below output folder and destination."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from config import Config
from pipeline.errors import Problem, Setting, SettingsError, SourceError
from pipeline.files import VIDEO_SUFFIXES, is_folder, natural_order
from pipeline.path_patterns import ALL, PathSelection
from pipeline.published import JOB_FILE
from pipeline.slug import slug_for, unique_slugs
from pipeline.source_address import AddressKind, SourceAddress, path_below_root


@dataclass(frozen=True, kw_only=True)
class Input:
    """A video.

    `slug` is its folder below the output folder; `alone` says that the destination itself is meant for it.
    `address` is where it lies if that was named in place of a path; `source` is its mere name then.
    """

    source: Path
    slug: str
    alone: bool = False
    address: SourceAddress | None = None


Named = Path | SourceAddress
"""A file or a folder, as somebody has named it."""


def inputs_from(
    named: Sequence[Named],
    *,
    root: Path | None,
    output: Path | None,
    suffixes: Sequence[str] = VIDEO_SUFFIXES,
    selection: PathSelection = ALL,
    config: Config = Config(),  # noqa: B008  # frozen
) -> list[Input]:
    """Return the videos that were named, those of folders with all their subfolders, each once.

    The slug of a single file is its name. For several files, and for folders, it is the path below `root`, or below
    the folder that all have in common where that is None. What lies in `output`, hidden folders and finished streams is
    passed over in folders, and so is what ends with none of `suffixes`. Of the videos in folders those of the
    `selection` are returned; the others count for slugs, so that a video's place doesn't depend on it. Raises
    SettingsError for a file that is not below the root, SourceError for a folder without videos or one that can't be
    read.
    """
    if root is None and len(named) == 1 and (alone := _alone(named[0])) is not None:
        return [alone]
    elsewhere: dict[str, _Elsewhere] = {}
    found: dict[Path, Path] = {}
    meant: set[Path] = set()
    order: list[Path | str] = []
    for one in named:
        if isinstance(one, SourceAddress):
            for video in _below(one, config, suffixes, selection) if one.is_folder else (_single(one),):
                elsewhere.setdefault(video.address.key, video)
                order.append(video.address.key)
            continue
        every, taken = _videos_in(one, output, suffixes, selection) if is_folder(one) else ([one], [one])
        for path in every:
            found.setdefault(_absolute(path), path)
            order.append(_absolute(path))
        meant.update(map(_absolute, taken))
    paths = [one for one in named if isinstance(one, Path)]
    above = root.resolve() if root is not None else _common_root(paths) if paths else Path()
    outside = [path for path in found if not path.is_relative_to(above)]
    if outside:
        texts = [f"{found[path]} is not below {root}: name another --root." for path in outside]
        raise SettingsError([Problem(text=text, setting=Setting.SOURCE) for text in texts])
    slugs = unique_slugs([*(path.relative_to(above) for path in found), *_places(elsewhere.values())])
    slug_of: dict[Path | str, str] = dict(zip([*found, *elsewhere], slugs, strict=True))
    return [
        _input(elsewhere[key], slug_of[key]) if isinstance(key, str) else Input(source=found[key], slug=slug_of[key])
        for key in dict.fromkeys(order)
        if (elsewhere[key].is_meant if isinstance(key, str) else key in meant)
    ]


def videos_below(
    folder: Path, output: Path, selection: PathSelection, unreadable: Callable[[OSError], None]
) -> list[Input]:
    """Return the videos in a folder and below, with their places, as `inputs_from` does; none is no fault.

    What can't be read is passed over, and `unreadable` told.
    """
    top, takes = folder.resolve(), selection.takes()
    found = sorted(_walk(top, output.resolve(), VIDEO_SUFFIXES, selection, unreadable), key=natural_order)
    relatives = [path.relative_to(top) for path in found]
    slugs = unique_slugs(relatives)
    return [
        Input(source=source, slug=slug)
        for source, relative, slug in zip(found, relatives, slugs, strict=True)
        if takes(relative)
    ]


@dataclass(frozen=True, kw_only=True)
class _Elsewhere:
    """A video that was named by its address, or lies below a folder that was; `below` is its path there."""

    address: SourceAddress
    below: PurePath
    is_meant: bool = True


def _places(videos: Collection[_Elsewhere]) -> Iterator[PurePath]:
    """Yield the paths of videos elsewhere; two of one name have their servers' names before it, or a mark behind it."""
    times, places = Counter(one.below for one in videos), Counter(one.address.place for one in videos)
    for one in videos:
        place = one.address.place
        if times[one.below] == 1:
            yield one.below
        elif places[place] == 1:
            yield place
        else:
            yield place.with_name(f"{place.stem}-{one.address.key[:8]}{place.suffix}")


def _alone(named: Named) -> Input | None:
    """Return the only video of a run; None for a folder."""
    if isinstance(named, Path):
        return None if is_folder(named) else Input(source=named, slug=slug_for(named), alone=True)
    if named.is_folder:
        return None
    name = Path(named.file_name)
    return Input(source=name, slug=slug_for(name), alone=True, address=named)


def _input(video: _Elsewhere, slug: str) -> Input:
    return Input(source=Path(video.address.file_name), slug=slug, address=video.address)


def _single(address: SourceAddress) -> _Elsewhere:
    return _Elsewhere(address=address, below=PurePosixPath(address.file_name))


def _below(
    folder: SourceAddress, config: Config, suffixes: Sequence[str], selection: PathSelection
) -> Iterator[_Elsewhere]:
    """Yield the videos below a folder on S3, or below that of a root."""
    if folder.kind is AddressKind.ROOT:
        top = path_below_root(folder, config.sources.roots).resolve()
        every, taken = _videos_in(top, None, suffixes, selection)
        for path in every:
            below = path.relative_to(top)
            address = SourceAddress(text=f"{folder.text}{below.as_posix()}")
            yield _Elsewhere(address=address, below=below, is_meant=path in taken)
        return
    from pipeline.sources.folders import videos_in_bucket  # it loads what speaks to S3

    found, meant = videos_in_bucket(folder, config.aws, suffixes, selection)
    for key, address in found:
        yield _Elsewhere(address=address, below=key, is_meant=key in meant)


def _absolute(file: Path) -> Path:
    """Return where a file lies; one that is a link counts where the link is."""
    return file.parent.resolve() / file.name


def _common_root(named: Sequence[Path]) -> Path:
    folders = [path.resolve() if is_folder(path) else path.parent.resolve() for path in named]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError as error:  # several drives on Windows
        text = "The videos lie on several drives: convert those of each drive on their own."
        raise SettingsError(Problem(text=text, setting=Setting.SOURCE)) from error


def _videos_in(
    folder: Path, output: Path | None, suffixes: Sequence[str], selection: PathSelection
) -> tuple[list[Path], list[Path]]:
    """Return the videos in a folder, and those of them that are meant."""
    top, output = folder.resolve(), None if output is None else output.resolve()
    found = sorted(_walk(top, output, suffixes, selection), key=natural_order)
    is_meant = selection.takes()
    meant = [path for path in found if is_meant(path.relative_to(top))]
    if not meant:
        what = "video" if suffixes is VIDEO_SUFFIXES else "video or audio file"
        if selection == ALL:
            raise SourceError(f"There is no {what} in {folder}: name another folder, or the files.")
        raise SourceError(f"No {what} in {folder} is left by --include and --exclude: change their patterns.")
    return found, meant


def _refuse(error: OSError) -> None:
    raise SourceError(
        f"{error.filename} can't be read ({error.strerror}): check the folder and its permissions."
    ) from error


def _walk(
    top: Path,
    output: Path | None,
    suffixes: Sequence[str],
    selection: PathSelection,
    unreadable: Callable[[OSError], None] = _refuse,
) -> Iterator[Path]:
    is_passed_over = selection.passes_over()
    for folder, below, names in os.walk(top, onerror=unreadable):
        here = Path(folder)
        # its segments are not videos of their own
        if JOB_FILE in names or any(name.endswith(".m3u8") for name in names):
            below.clear()
            continue
        below[:] = sorted(
            name
            for name in below
            if not name.startswith(".") and here / name != output and not is_passed_over((here / name).relative_to(top))
        )
        yield from (here / name for name in names if not name.startswith(".") and Path(name).suffix.lower() in suffixes)
