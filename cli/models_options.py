"""The options of `models`."""

from __future__ import annotations

import argparse


def add_models(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "list the models on this computer, with size and folder"
    listing = actions.add_parser("list", help=text, description=f"{text[0].upper()}{text[1:]}.")
    listing.add_argument("--json", action="store_true", help="print one model per line as JSON")
    for action, text in (
        ("get", "fetch a model; of one that is here, check every file and fetch what is missing or damaged"),
        ("delete", "delete a model from this computer"),
    ):
        added = actions.add_parser(action, help=text, description=f"{text[0].upper()}{text[1:]}.")
        added.add_argument("name", metavar="NAME", help="the model's name, such as base")
