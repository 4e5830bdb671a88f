"""The options of `backend token`. Knows nothing of what it does."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.parser import AnyOrderParser

RIGHTS = "upload,read,delete"
GRACE = "24h"


def add_token_options(parser: argparse.ArgumentParser) -> None:
    """Add what `backend token` takes."""
    actions = parser.add_subparsers(
        dest="token_action", required=True, metavar="ACTION", parser_class=AnyOrderParser, title="actions"
    )
    add = _action(actions, "add", "make a token for one client and print it: it is kept nowhere")
    _name(add)
    add.add_argument(
        "--prefix",
        dest="prefixes",
        action="append",
        default=[],
        metavar="PREFIX",
        help="only for keys below this, such as courses/math/; may be given several times (default: all keys)",
    )
    add.add_argument("--rights", default=RIGHTS, help=f"what it allows, with commas between (default: {RIGHTS})")
    add.add_argument(
        "--expires", metavar="WHEN", help="when it ends: in 90d, 12h …, or at the end of a day such as 2027-01-31"
    )
    _action(actions, "list", "print whose tokens there are, what they allow, and when each was last used")
    rotate = _action(actions, "rotate", "make another token of the same name and print it; the one before ends later")
    _name(rotate)
    rotate.add_argument(
        "--grace",
        default=GRACE,
        metavar="TIME",
        help=f"how long the one before stays good, 0 for no longer (default: {GRACE})",
    )
    _name(_action(actions, "revoke", "shut the client of this name out at once"))


def _action(actions: argparse._SubParsersAction[AnyOrderParser], name: str, text: str) -> argparse.ArgumentParser:
    added = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    added.add_argument("--root", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="the backend's folder")
    return added


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the client's name: letters, digits, dots, hyphens, underscores")
