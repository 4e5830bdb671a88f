"""Which processes a test has left behind."""

from __future__ import annotations

import psutil

SERVERS = ("ceph-", "radosgw", "postgres", "Xvfb")
"""What serves the whole run."""


def left_behind() -> list[psutil.Process]:
    """Return this process's children and theirs, without what serves the whole run."""
    return [child for child in psutil.Process().children(recursive=True) if _is_left(child)]


def _is_left(child: psutil.Process) -> bool:
    try:
        return not child.name().startswith(SERVERS)
    except psutil.NoSuchProcess:  # servers end processes of their own whenever they like
        return False
