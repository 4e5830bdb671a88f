"""The folder that an action of `backend` works in: one that is a storage already, unless it is the usual one."""

from __future__ import annotations

import argparse
from pathlib import Path

from backend.state.storage_root import prepare_root
from config import Config


def is_usual(root: Path) -> bool:
    """Whether a folder is the one that nobody chose: it is made when it is not there."""
    return root.expanduser().absolute() == Config().server.local_path.expanduser().absolute()


def root_of(options: argparse.Namespace, config: Config) -> Path:
    """Return the backend's folder that `--root` or the settings name.

    Raises SettingsError where it is none: what is kept there would be hidden once its disk is mounted.
    """
    root: Path = (options.root or config.server.local_path).expanduser().absolute()
    prepare_root(root, may_begin=is_usual(root))
    return root
