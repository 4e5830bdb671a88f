"""The options of `backend token` and `backend stream`. Knows nothing of what they do."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.parser import AnyOrderParser

RIGHTS = "upload,read,delete"
GRACE = "24h"
VISIBILITIES = ("public", "unlisted", "private")


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


def add_stream_options(parser: argparse.ArgumentParser) -> None:
    """Add what `backend stream` takes."""
    actions = parser.add_subparsers(
        dest="stream_action", required=True, metavar="ACTION", parser_class=AnyOrderParser, title="actions"
    )
    text = "let everybody watch what is below a prefix (public), those who have its address (unlisted), or those whose"
    rule = _action(actions, "set", f"{text} address has not expired (private)")
    _stream(rule)
    rule.add_argument("visibility", choices=VISIBILITIES, metavar="VISIBILITY", help="public, unlisted or private")
    rule.add_argument(
        "--new-address", action="store_true", help="end the addresses that were given out; there are others then"
    )
    _stream(_action(actions, "unset", "let STREAMS of .env, or the rule of a folder around it, count again"))
    _action(actions, "list", "print which rules there are")
    url = _action(actions, "url", "print where a stream is watched, and the HTML to show it in a page")
    _stream(url)
    url.add_argument(
        "--expires", metavar="WHEN", help="when the address ends: in 8h, 30d …, or at the end of a day (private: 8h)"
    )


def _stream(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stream", metavar="PREFIX", help="the folder on the server, such as courses/math/lesson1/")


def _action(actions: argparse._SubParsersAction[AnyOrderParser], name: str, text: str) -> argparse.ArgumentParser:
    added = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    added.add_argument("--root", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="the backend's folder")
    return added


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the client's name: letters, digits, dots, hyphens, underscores")
