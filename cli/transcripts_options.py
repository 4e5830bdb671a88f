"""The options of `transcripts`. Opens no dataset."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]

FORMATS = ("vtt", "lhotse", "whisperx", "txt")
EDIT = "edit"
ACTIONS = (EDIT, "info", "add", "export", "merge", "save", "publish")
KEEP, DISCARD = "keep", "discard"
OURS, THEIRS = "ours", "theirs"


def with_action(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments with the action that may be left out: the window opens for a URI alone, or for nothing."""
    if not arguments or (arguments[0] not in ACTIONS and not arguments[0].startswith("-")):
        return [EDIT, *arguments]
    return arguments


def add_transcripts(actions: Actions) -> None:
    """Add every action."""
    edit = actions.add_parser(
        EDIT, help="open the window in which transcripts are corrected; the word may be left out before a URI"
    )
    edit.add_argument("dataset", metavar="URI", nargs="?", default="", help="a file, or s3://bucket/key")
    edit.add_argument(
        "--model",
        default="",
        metavar="NAME|DIR",
        help="the Whisper model that words are aligned with (default: the one that transcribed them, if named)",
    )
    _action(actions, "info", "show what is in a dataset, where it is from and what is not saved")
    add = _action(actions, "add", "put the transcripts of converted videos into a dataset, which is begun if need be")
    add.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="the folder of a converted video with its transcript.json, or one with such folders in it",
    )
    add.add_argument(
        "--replace-edited", action="store_true", help="also replace transcripts in which somebody has edited a segment"
    )
    _add_recovered(add)
    _add_export(actions)
    publish = _action(actions, "publish", "replace the captions of uploaded videos by what a dataset says now")
    which = publish.add_mutually_exclusive_group()
    which.add_argument(
        "--media", action="append", default=[], metavar="ID", help="a video by its id or title, again for others"
    )
    which.add_argument("--changed", action="store_true", help="only videos whose text differs from what is published")
    merge = _action(actions, "merge", "take the rows of another dataset into a dataset")
    merge.add_argument("other", metavar="OTHER", help="the other dataset, which stays as it is")
    _add_sides(merge, ours="what the first dataset has", theirs="what the other one has")
    _add_recovered(merge)
    save = _action(actions, "save", "save a dataset from S3 there, and merge what others have saved meanwhile")
    save.add_argument("--yes", action="store_true", help="save without asking")
    save.add_argument("--create-again", action="store_true", help="save it although somebody has deleted it on S3")
    _add_sides(save, ours="your own change", theirs="what is on S3")
    _add_recovered(save)


def _action(actions: Actions, name: str, text: str) -> argparse.ArgumentParser:
    added = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    added.add_argument("dataset", metavar="URI", help="a file, or s3://bucket/key")
    added.add_argument("--json", action="store_true", help="print one event per line as JSON")
    return added


def _add_export(actions: Actions) -> None:
    text = "write the videos of a dataset for players and for other programs"
    export = actions.add_parser("export", help=text, description=f"{text[0].upper()}{text[1:]}.")
    export.add_argument("dataset", metavar="URI", help="a file, or s3://bucket/key")
    export.add_argument(
        "--format",
        choices=FORMATS,
        required=True,
        help="WebVTT with the speakers' names, Lhotse's supervisions (JSONL), WhisperX's JSON, or plain text",
    )
    export.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR|FILE",
        help="a folder, which gets a file for each video, or one file (default: standard output)",
    )
    export.add_argument(
        "--media", action="append", default=[], metavar="ID", help="a video by its id or title, again for others"
    )
    export.add_argument("--overwrite", action="store_true", help="replace files that are there")


def _add_sides(parser: argparse.ArgumentParser, *, ours: str, theirs: str) -> None:
    sides = parser.add_mutually_exclusive_group()
    sides.add_argument(
        "--ours", dest="side", action="store_const", const=OURS, help=f"where both differ, {ours} counts"
    )
    sides.add_argument(
        "--theirs", dest="side", action="store_const", const=THEIRS, help=f"where both differ, {theirs} counts"
    )


def _add_recovered(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recovered",
        choices=(KEEP, DISCARD),
        help="what to do with changes left by a session that ended unexpectedly",
    )
