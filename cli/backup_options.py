"""The options of `backend backup` and `backend restore`. Copies nothing."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_backup_options(parser: argparse.ArgumentParser) -> None:
    """Add where to, and what."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where backups are kept, each in a folder of its own")
    parser.add_argument(
        "--without-objects",
        action="store_true",
        help="only the backend's own files: the objects are saved in another way (as they are always with S3)",
    )
    parser.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help="when the backup is made, remove older ones: the N newest stay (default: all stay)",
    )


def add_restore_options(parser: argparse.ArgumentParser) -> None:
    """Add where from."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="a backup, or the folder with backups, of which the newest is taken"
    )
