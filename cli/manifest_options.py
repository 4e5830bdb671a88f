"""The options of `manifest` and `verify`. Reads no file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]


def add_manifest(actions: Actions) -> None:
    """Add what can be done with manifests, a parser each."""

    def action(name: str, text: str, named: str = "") -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if named:
            added.add_argument(
                "manifest", metavar=named, help="a folder that was uploaded, a manifest file, or a destination"
            )
        added.add_argument("--json", action="store_true", help="print one event per line as JSON")
        return added

    action("show", "show what was uploaded, without asking the server", "DIR|FILE|PREFIX")
    listing = action("list", "list every destination that this computer uploaded to")
    listing.add_argument(
        "--orphans", action="store_true", help="only streams whose videos were renamed or deleted here"
    )
    restore = action("restore", "bring files back from the server, each checked by its MD5", "DIR|FILE|PREFIX")
    restore.add_argument("files", nargs="*", metavar="FILE", help="a file or folder of the manifest (default: all)")
    restore.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="where to put them; other files of the same names are replaced",
    )
    prune = action("prune", "show what is on the server but no longer in the manifest, and delete it when told to")
    prune.add_argument(
        "manifest",
        nargs="?",
        metavar="PREFIX|DIR",
        help="a folder that was uploaded, a manifest file, or a destination",
    )
    prune.add_argument(
        "--orphans", action="store_true", help="instead, the whole streams whose videos were renamed or deleted here"
    )
    prune.add_argument("--yes", action="store_true", help="delete it without asking")


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Add what is compared, and how."""
    parser.add_argument(
        "manifest", metavar="DIR|MANIFEST|PREFIX", help="a folder that was uploaded, a manifest file, or a destination"
    )
    parser.add_argument("--deep", action="store_true", help="also read every file on the server whole")
    parser.add_argument("--json", action="store_true", help="print one difference per line as JSON")
