"""The options of `convert`. Knows no job: it only names them."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.encode_options import add_encoding, add_tracks
from cli.speech_options import add_speech_options
from cli.transfer_options import add_again, add_record, add_replace, add_transfer_options


def add_convert_options(parser: argparse.ArgumentParser, *, default_language: str) -> None:
    """Add what `convert` takes; `default_language` is the record's where none is given or found out."""
    parser.usage = "%(prog)s INPUT... -o DIR [OPTION...]"
    _add_inputs(parser)
    add_tracks(parser)
    add_encoding(parser)
    _add_content(parser)
    _add_beside_stream(parser)
    parser.add_argument(
        "--upload",
        metavar="PREFIX",
        help="upload to this destination, such as videos/course1/; several videos get a folder each below it",
    )
    add_replace(parser)
    add_record(parser)
    add_transfer_options(parser)
    add_again(parser, fresh="convert and upload everything anew, replacing the folder")
    parser.add_argument("--json", action="store_true", help="print one event per line as JSON")
    parser.set_defaults(default_language=default_language)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add what is converted, where to, and in which qualities."""
    parser.add_argument(
        "inputs", type=Path, nargs="+", metavar="INPUT", help="a video, or a folder: all the videos in it and below"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="a folder for each video is made in this one"
    )
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help=(
            "keep each video's path below this folder in -o and the destination "
            "(default: below the folder that all have in common)"
        ),
    )
    parser.add_argument(
        "--qualities",
        default="auto",
        metavar="LIST",
        help="2160p,1440p,1080p,720p,480p,360p or auto: all up to 1080p that the source fills (default: auto)",
    )


def _add_content(parser: argparse.ArgumentParser) -> None:
    """Add the options that change what viewers see of a source."""
    from pipeline.media.source.trimming import EXAMPLES

    parser.add_argument(
        "--black-bars",
        action="store_true",
        help="fill a 16:9 frame with black bars instead of keeping the video's shape",
    )
    parser.add_argument("--trim", metavar="IN-OUT", help=f"convert only this part, {EXAMPLES}")
    parser.add_argument(
        "--chapters",
        type=Path,
        metavar="FILE",
        help=(
            "take the chapters from this file, not from the video: lines such as 0:01:30 Title, WebVTT, JSON and others"
        ),
    )


def _add_beside_stream(parser: argparse.ArgumentParser) -> None:
    """Add the options of what is made beside the stream."""
    parser.add_argument(
        "--mp4",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="make a 480p MP4 for offline viewing (default: yes)",
    )
    parser.add_argument(
        "--transcribe",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="make captions and a transcript with Whisper (default: no)",
    )
    add_speech_options(parser)
    parser.add_argument(
        "--dataset",
        metavar="URI",
        help="put the transcript into this dataset, a file or s3://bucket/key, in place of what is there of the video",
    )
    parser.add_argument(
        "--replace-edited", action="store_true", help="with --dataset: also where somebody has edited a segment"
    )
    parser.add_argument(
        "--captions",
        action="append",
        default=[],
        metavar="FILE[:LANG]",
        help=(
            "take this SubRip or WebVTT file as captions, in place of Whisper's or with --transcribe beside them; "
            "repeat it for more languages (LANG default: that in the name, as in talk.de.srt, else --language, else "
            "DEFAULT_LANGUAGE)"
        ),
    )
