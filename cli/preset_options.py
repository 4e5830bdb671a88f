"""The options of `presets`. Opens no file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]


def add_presets(actions: Actions) -> None:
    """Add every action."""
    listing = _action(actions, "list", "list the presets, with what they set and where those of your own lie")
    listing.add_argument("--json", action="store_true", help="print one preset per line as JSON")
    _add_name(_action(actions, "show", "print a preset as it is in its file"))
    export = _action(actions, "export", "write a preset to a file, for --preset-file or another computer")
    _add_name(export)
    export.add_argument("file", type=Path, metavar="FILE", help="the file to write, such as course.json")
    export.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    bringing = _action(actions, "import", "take a preset from a file into the list")
    bringing.add_argument("file", type=Path, metavar="FILE", help="a file that was exported")
    bringing.add_argument("--name", default="", metavar="NAME", help="what to call it (default: as in the file)")
    bringing.add_argument("--replace", action="store_true", help="replace a preset of your own that has this name")
    _add_name(_action(actions, "delete", "delete a preset of your own"))


def _action(actions: Actions, name: str, text: str) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the preset's name, such as Course")
