"""What has to come from the system's package manager.

Knows Debian and its children only; elsewhere it can but name what is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LINES_SHOWN = 12


class SetUpError(Exception):
    """The set-up can't go on. The text is one sentence for the person who started it."""


def say(text: str) -> None:
    """Write one line on standard error: standard output belongs to the program."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def has_apt() -> bool:
    """Whether this is Debian or one of its children."""
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def from_system() -> bool:
    """Whether this Python came as a package of the system, so that the system's packages can add to it."""
    return sys.base_prefix == "/usr"


def is_root() -> bool:
    """Whether packages may be installed without asking for a password."""
    return sys.platform != "win32" and os.geteuid() == 0


def install(packages: Sequence[str], *, purpose: str) -> None:
    """Install Debian packages, saying so. `purpose` says what can't be done without them: "HLS Converter needs".

    Raises SetUpError, naming the packages, where this is not Debian, not root, or apt-get fails.
    """
    names = " ".join(packages)
    if not has_apt():
        raise SetUpError(
            f"{purpose} what Debian calls {names}: install it with your system's package manager and start again."
        )
    if not is_root():
        raise SetUpError(f"{purpose} {names}: run `sudo apt install {names}` and start again.")
    say(f"Installing {names} from the system's packages...")
    apt_get("update")  # a list that can't be renewed may still do: the installation decides
    if lines := apt_get("install", "--yes", "--no-install-recommends", *packages):
        say("\n".join(lines[-LINES_SHOWN:]))
        raise SetUpError(
            f"{purpose} {names}, which could not be installed: see the lines above, then run `apt install {names}`."
        )


def apt_get(*arguments: str, folder: Path | None = None) -> list[str]:
    """Run apt-get, in `folder` if given; return nothing when it did what it should, else the lines it wrote."""
    done = subprocess.run(
        ["apt-get", "--quiet", *arguments],
        cwd=folder,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return (done.stdout.splitlines() or ["apt-get failed."]) if done.returncode else []
