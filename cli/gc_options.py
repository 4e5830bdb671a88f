"""The options of `backend gc`. Looks at no storage."""

from __future__ import annotations

import argparse


def add_gc_options(parser: argparse.ArgumentParser) -> None:
    """Add what is deleted, and whether."""
    parser.add_argument("--delete", action="store_true", help="delete it (default: only list it)")
    parser.add_argument(
        "--older-than",
        default="7d",
        metavar="TIME",
        help="only where nothing has changed for so long, as in 12h or 7d (default: %(default)s)",
    )
    parser.add_argument(
        "--unmanaged",
        action="store_true",
        help="also what has no manifest of a finished upload: streams of other programs, uploads that broke off",
    )
