"""What is odd about `.env` and the environment, though it can be read: misspelt names, secrets that others can read.

Knows no setting's name.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

OURS = ("STORAGE_", "BACKEND_")
"""Names that begin like this are meant for this program."""

ALIKE = 0.8
"""From which likeness on (difflib's) a name is taken for a misspelt setting."""

_OF_CONTAINERS = re.compile(r"_(SERVICE_(HOST|PORT)(_.*)?|PORT(_[0-9]+_(TCP|UDP)(_.*)?)?|NAME|ENV_.*)$")
"""Names that Kubernetes and Docker give to what they know of a service which is called backend or storage."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def name_warnings(file: Path, read: Collection[str], environ: Collection[str], known: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each name that is no setting, but is meant to be one, as far as can be told.

    Args:
        file: the settings file.
        read: the names in it.
        environ: the names in the environment.
        known: the names of all settings.
    """
    for name in sorted({*read, *environ} - {*known}):
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=ALIKE)
        is_ours = name.startswith(OURS) and not _OF_CONTAINERS.search(name)
        if not is_ours and not (near and name in read):
            continue
        where = str(file) if name in read else "the environment"
        meant = f"did you mean {near[0]}?" if near else "it is left out."
        yield f"{name} in {where} is no setting of this program: {meant}"


def open_file_warnings(file: Path, read: Mapping[str, str], secrets: Collection[str]) -> Iterator[str]:
    """Yield a sentence where others on this computer can read, or change, a settings file with secrets in it."""
    if os.name != "posix" or not any(read.get(name) for name in secrets):
        return
    try:
        mode = file.stat().st_mode
    except OSError:  # it was read, and is gone
        return
    if mode & _OTHERS:
        yield f"{file} has secrets in it, and others on this computer may read it: chmod 600 {shlex.quote(str(file))}"
