"""The options of `captions`. Reads no file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.job import CaptionRules

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]

RATES = (1.0, 1000.0)


def add_captions(actions: Actions) -> None:
    """Add `check` and `shape`."""
    text = "list every rule that captions break, with time and reason"
    check = actions.add_parser("check", help=text, description=f"{text[0].upper()}{text[1:]}.")
    check.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE|DIR",
        help="SRT, WebVTT or transcript.json, or a folder: all SRT and WebVTT files in it and below",
    )
    text = "make the captions of a file anew by the rules, without listening again"
    shape = actions.add_parser("shape", help=text, description=f"{text[0].upper()}{text[1:]}.")
    shape.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="a transcript.json, whose words have times, or SRT or WebVTT, whose captions have",
    )
    shape.add_argument(
        "-o",
        "--output",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="where to write them, .srt, .vtt or .json; again for another form (default: standard output)",
    )
    shape.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help="the video of these captions: they begin and end at its changes of shot, and have its frame rate",
    )
    shape.add_argument("--overwrite", action="store_true", help="replace files that are there")
    for action in (check, shape):
        action.add_argument(
            "--profile",
            choices=[rules.value for rules in CaptionRules],
            default=CaptionRules.NETFLIX.value,
            help="the publisher whose rules apply, and the audience (default: %(default)s)",
        )
        action.add_argument(
            "--language",
            type=_language,
            metavar="xx",
            help="the language of the captions (default: the one that the file or its name says)",
        )
        action.add_argument(
            "--frame-rate",
            type=_frame_rate,
            metavar="N",
            help="frames a second of the video, for the gaps (default: any usual rate; shape: that of --video or 25)",
        )
        action.add_argument("--json", action="store_true", help="print one event per line as JSON")


def _language(text: str) -> str:
    """Read a code such as en or pt-BR."""
    from pipeline.caption_files import known_language

    language = known_language(text)
    if language is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a known language: give a code such as en or pt-BR")
    return language


def _frame_rate(text: str) -> float:
    """Read a rate such as 25 or 29.97."""
    try:
        rate = float(text.replace(",", "."))
    except ValueError:
        rate = 0.0
    if not RATES[0] <= rate <= RATES[1]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a frame rate: give frames a second, such as 25 or 29.97")
    return rate
