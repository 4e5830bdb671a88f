"""The options that say which videos are meant."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.path_patterns import PathSelection
from pipeline.source_address import SourceAddress, is_address, parse_address


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add what is converted, and where to."""
    parser.add_argument(
        "inputs",
        type=named_input,
        nargs="*",
        metavar="INPUT",
        help="a video, or a folder: all the videos in it and below; or an address: s3://bucket/key, "
        "s3://bucket/folder/, https://server/video.mp4, root:NAME/path (SOURCE_ROOTS in .env)",
    )
    parser.add_argument(
        "--list",
        type=Path,
        metavar="FILE",
        help="take the videos from this CSV or JSON Lines file, - for standard input: source, title, language, "
        "destination, preset and more, a row a video; what a row says wins over the command line",
    )
    add_output(parser)
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help=(
            "keep each video's path below this folder in -o and the destination "
            "(default: below the folder that all have in common)"
        ),
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add where to, in which qualities, and the patterns."""
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="a folder for each video is made in this one"
    )
    add_selection(parser)
    parser.add_argument(
        "--qualities",
        default="auto",
        metavar="LIST",
        help="2160p,1440p,1080p,720p,480p,360p or auto: all up to 1080p that the source fills (default: auto)",
    )
    parser.add_argument(
        "--audio-only",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="make a stream of the audio tracks alone (default: no)",
    )


def named_input(text: str) -> Path | SourceAddress:
    """Read a path or an address. Raises ArgumentTypeError."""
    if not is_address(text):
        return Path(text)
    try:
        return parse_address(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the patterns that choose among the files of folders."""
    parser.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help="of folders take only what this names below them, such as '*.mov' or 'week1/**'; repeat it for more",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="of folders leave out what this names below them, such as 'drafts/'; repeat it for more",
    )


def selection_from(options: argparse.Namespace) -> PathSelection:
    """Return what the patterns choose. Raises SettingsError."""
    return PathSelection(include=tuple(options.include), exclude=tuple(options.exclude))
