"""Which processes a test has left behind."""

from __future__ import annotations

import psutil

S3_SERVER = ("ceph-", "radosgw")
"""What serves the whole run."""


def left_behind() -> list[psutil.Process]:
    """Return this process's children and theirs, without the S3 server of the tests."""
    return [child for child in psutil.Process().children(recursive=True) if not child.name().startswith(S3_SERVER)]
