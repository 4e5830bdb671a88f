"""The options of `convert`. Knows no job: it only names them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from cli.cluster_options import add_engine
from cli.encode_options import add_encoding, add_tracks
from cli.input_options import add_inputs, add_output
from cli.speech_options import add_speech_options
from cli.transfer_options import add_again, add_record, add_replace, add_transfer_options

MOST_JOBS = 64

SETTLE_S = 10.0
"""How long a file must stay as it is, in seconds: programs that copy pause for less, and network drives tell late."""


def add_convert_options(parser: argparse.ArgumentParser, *, default_language: str) -> None:
    """Add what `convert` takes; `default_language` is the record's where none is given or found out."""
    parser.usage = "%(prog)s INPUT...|--list FILE -o DIR [OPTION...]"
    add_inputs(parser)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would be made, kept, moved and uploaded of every video, and do nothing",
    )
    _add_conversion(parser, default_language)


def add_watch_options(parser: argparse.ArgumentParser, *, default_language: str) -> None:
    """Add what `watch` takes."""
    parser.usage = "%(prog)s DIR -o DIR [OPTION...]"
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder that videos come into, also deeper in it")
    parser.add_argument(
        "--settle",
        type=settle_seconds,
        default=SETTLE_S,
        metavar="SECONDS",
        help="convert a file when its size and time have stayed the same for so long (default: %(default)g)",
    )
    add_output(parser)
    _add_conversion(parser, default_language)


def _add_conversion(parser: argparse.ArgumentParser, default_language: str) -> None:
    """Add how the videos are converted, and what is done with them then."""
    parser.add_argument(
        "--preset-file",
        type=Path,
        metavar="FILE",
        help="take the settings of this preset, a file from the window or `presets export`; options win over it",
    )
    add_tracks(parser)
    add_encoding(parser)
    _add_content(parser)
    _add_beside_stream(parser)
    parser.add_argument(
        "--upload",
        metavar="PREFIX",
        help="upload to this destination, such as videos/course1/; several videos get a folder each below it",
    )
    parser.add_argument(
        "--title",
        default="",
        metavar="TEXT",
        help="what the file record and the manifest call the video (default: the name of its file)",
    )
    add_replace(parser)
    add_record(parser)
    add_transfer_options(parser)
    add_again(parser, fresh="convert and upload everything anew, replacing the folder")
    parser.add_argument(
        "--jobs",
        type=jobs,
        default=0,
        metavar="N",
        help=(
            "how many videos to convert at the same time, or auto: as many as keep this computer busy; with 1 each "
            "begins when the one before has ended (default: auto)"
        ),
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write what came of every video to this file, as JSON"
    )
    queue = "let other computers do it: put the videos into the queue in this PostgreSQL"
    add_engine(parser, f'{queue} (default: ENGINE_URL; "" converts here)')
    parser.add_argument("--detach", action="store_true", help="with a queue: do not wait for them")
    parser.add_argument(
        "--background",
        action="store_true",
        help="let other programs go first: encodes and Whisper take what is left of the computer",
    )
    parser.add_argument("--json", action="store_true", help="print one event per line as JSON")
    parser.set_defaults(default_language=default_language)


def settle_seconds(text: str) -> float:
    """Read how long a file must stay as it is, in seconds. Raises ArgumentTypeError."""
    if re.fullmatch(r"\d{1,5}(\.\d+)?", text, re.ASCII) and float(text) >= 1:
        return float(text)
    raise argparse.ArgumentTypeError(f"takes a number of seconds from 1 on, not {text!r}")


def jobs(text: str) -> int:
    """Read how many videos are converted at the same time, 0 for auto. Raises ArgumentTypeError."""
    if text == "auto":
        return 0
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_JOBS:
        return int(text)
    raise argparse.ArgumentTypeError(f"takes a number from 1 to {MOST_JOBS} or auto, not {text!r}")


def _add_content(parser: argparse.ArgumentParser) -> None:
    """Add the options that change what viewers see of a source."""
    from pipeline.media.source.trimming import EXAMPLES

    parser.add_argument(
        "--black-bars",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="fill a 16:9 frame with black bars instead of keeping the video's shape (default: no)",
    )
    parser.add_argument("--trim", metavar="IN-OUT", help=f"convert only this part, {EXAMPLES}")
    parser.add_argument(
        "--poster",
        metavar="TIME",
        help="take the poster from this time of the video, such as 0:01:30 (default: a frame that stands for all)",
    )
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
