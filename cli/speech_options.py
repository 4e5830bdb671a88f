"""The options of transcription, the same for `convert` and `transcribe`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.input_options import add_selection, named_input
from pipeline.caption_files import read_names
from pipeline.errors import Problem, Setting, SettingsError
from pipeline.job import CaptionRules, TranscriptForm, TranscriptionRequest

FORMS = tuple(form.value for form in TranscriptForm)


def add_speech_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--model", metavar="NAME|DIR", help="a Whisper model's name or its folder (default: base)")
    parser.add_argument("--language", metavar="auto|xx", help="the language spoken (default: auto)")
    parser.add_argument(
        "--fast",
        action=argparse.BooleanOptionalAction,
        default=False,
        help=(
            "transcribe several windows at once: about a quarter less work, but whole sentences may get lost "
            "(default: no)"
        ),
    )
    parser.add_argument(
        "--captions-profile",
        choices=[rules.value for rules in CaptionRules],
        help="the publisher whose rules the captions follow, and the audience (default: netflix)",
    )
    parser.add_argument(
        "--caption-track",
        type=int,
        metavar="N",
        help=(
            "the audio track that is transcribed, from 1 among those of --audio-track if it is given "
            "(default: the one that plays by default, or the first with speech)"
        ),
    )
    parser.add_argument(
        "--multilingual",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="transcribe each half minute in its own language, for videos in several (default: no)",
    )
    parser.add_argument(
        "--translate",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="listen once more and make captions in English, too, where another language is spoken (default: no)",
    )
    parser.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="correct these names of people, courses and terms after listening, one per line",
    )
    _add_script(parser)


def _add_script(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--align",
        type=Path,
        metavar="SCRIPT",
        help="make the captions from this plain text, which is read aloud in the video, and find its times",
    )


def add_transcribe_options(parser: argparse.ArgumentParser) -> None:
    """Add what `transcribe` takes."""
    parser.usage = "%(prog)s INPUT... [-o DIR] [OPTION...]"
    parser.add_argument(
        "inputs",
        type=named_input,
        nargs="+",
        metavar="INPUT",
        help="a video or audio file, or a folder: all of them in it and below; or an address: s3://bucket/key, "
        "s3://bucket/folder/, https://server/video.mp4, root:NAME/path (SOURCE_ROOTS in .env)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where to put the files (default: beside each)"
    )
    add_selection(parser)
    parser.add_argument(
        "--format",
        default=",".join(FORMS),
        metavar="LIST",
        help=f"which files to make, of {','.join(FORMS)} (default: all)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="make everything anew, and replace files that are there already, also corrected ones",
    )
    add_speech_options(parser)
    parser.add_argument("--json", action="store_true", help="print one event per line as JSON")


def forget_speech(options: argparse.Namespace) -> None:
    """Take back what was said of a transcription, as none is wanted any more; a script and captions keep theirs."""
    if options.align is not None:
        return
    options.model = options.captions_profile = options.caption_track = options.names = None
    options.language = options.language if options.captions else None
    options.fast = options.multilingual = options.translate = False


def speech_request(options: argparse.Namespace) -> TranscriptionRequest:
    """Return what they ask for. Raises SettingsError where the list of names can't be read."""
    if options.multilingual and (options.language not in (None, "auto") or options.fast or options.align is not None):
        text = "--multilingual detects the language of each half minute: leave out --language, --fast and --align."
        raise SettingsError(Problem(text=text, setting=Setting.CAPTIONS))
    return TranscriptionRequest(
        model=TranscriptionRequest.model if options.model is None else options.model,
        language=None if options.language in (None, "auto") else options.language,
        fast=options.fast,
        multilingual=options.multilingual,
        translate=options.translate,
        track=options.caption_track,
        profile=CaptionRules(options.captions_profile or TranscriptionRequest.profile),
        names=() if options.names is None else read_names(options.names),
    )
