"""The options of `backend` and `storage`. Knows nothing of what they do."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli.access_options import add_stream_options, add_token_options
from cli.backup_options import add_backup_options, add_restore_options
from cli.gc_options import add_gc_options
from cli.parser import AnyOrderParser


@dataclass(frozen=True, kw_only=True)
class BackendAction:
    """What `backend` does besides serving: the module whose `run(options, config)` does it, what `--help` says of it,
    and what adds its options.

    `options.root` is the folder that `--root` names, None for the usual one. No option of an action may be kept as
    `host`, `port`, `check` or `prefix`: these are the options of serving.
    """

    module: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]


ACTIONS: dict[str, BackendAction] = {
    "token": BackendAction(
        module="cli.backend_token",
        help="make, list, rotate and revoke the tokens of single clients, while the backend runs or not",
        add_options=add_token_options,
    ),
    "stream": BackendAction(
        module="cli.backend_stream",
        help="say who may watch which streams, and print their addresses, while the backend runs or not",
        add_options=add_stream_options,
    ),
    "backup": BackendAction(
        module="cli.backend_backup",
        help="save the backend's own files, and objects that are kept in its folder, while it runs or not",
        add_options=add_backup_options,
    ),
    "restore": BackendAction(
        module="cli.backend_restore",
        help="restore a backup into an empty folder, and check every file",
        add_options=add_restore_options,
    ),
    "gc": BackendAction(
        module="cli.backend_gc",
        help="list what no manifest names, such as versions that were replaced, and delete it when told to",
        add_options=add_gc_options,
    ),
}
"""Every action by its name, in the order of `--help`. A module is imported when its action is called, not before."""


def add_storage(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what `storage` takes."""
    text = "copy all objects to the other storage and check each by its MD5; objects that it already has are skipped"
    copy = actions.add_parser("copy", help=text, description=f"{text[0].upper()}{text[1:]}.")
    copy.add_argument(
        "prefix",
        nargs="?",
        default="",
        metavar="PREFIX",
        help="only keys that begin with this, such as videos/ (default: all)",
    )
    for option, name, words in (
        ("--from", "source", "the storage to copy from"),
        ("--to", "target", "the storage to copy to"),
    ):
        copy.add_argument(option, dest=name, type=str.upper, choices=("LOCAL", "S3"), required=True, help=words)


def add_backend(parser: argparse.ArgumentParser, *, default_root: Path) -> None:
    """Add what `backend` takes; `default_root` is the folder where none is given."""
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port to listen on, 0 for a free one (default: 8000)")
    _add_root(parser, default_root)
    parser.add_argument(
        "--init",
        action="store_true",
        help="start nothing, but make the folder that --root or STORAGE_LOCAL_PATH names a storage: needed once, "
        "because an empty folder may be one whose disk is not mounted",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="how many processes serve (default: BACKEND_WORKERS, 1)"
    )
    parser.add_argument(
        "--check", metavar="URL", help="start nothing, but check the backend at this address, point by point"
    )
    parser.add_argument("--prefix", help="where --check stores a few small files (default: tests/)")
    tokens = parser.add_mutually_exclusive_group()
    tokens.add_argument("--add-token", metavar="NAME", help="the same as `token add NAME`, from earlier versions")
    tokens.add_argument("--remove-token", metavar="NAME", help="the same as `token revoke NAME`, from earlier versions")
    tokens.add_argument("--list-tokens", action="store_true", help="`token list` as in earlier versions: names alone")
    if ACTIONS:
        actions = parser.add_subparsers(
            dest="action", metavar="ACTION", title="actions (without one it serves)", parser_class=AnyOrderParser
        )
        for name, action in ACTIONS.items():
            text = action.help
            added = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
            _add_root(added, default_root, default=argparse.SUPPRESS)  # what stands before the action's name stays
            action.add_options(added)


def _add_root(parser: argparse.ArgumentParser, default_root: Path, *, default: str | None = None) -> None:
    parser.add_argument(
        "--root",
        type=Path,
        default=default,
        metavar="DIR",
        help=f"where its own files are kept, and the objects with STORAGE_TYPE=LOCAL (default: {default_root})",
    )
