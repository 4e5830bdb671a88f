"""The options of `open-with`."""

from __future__ import annotations

import argparse

SHOW, ON, OFF = "show", "on", "off"


def add_open_with(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, text in (
        (SHOW, "say whether it is offered"),
        (ON, "offer it, for you alone; what a double-click opens stays as it is"),
        (OFF, "offer it no more"),
    ):
        actions.add_parser(action, help=text, description=f"{text[0].upper()}{text[1:]}.")
