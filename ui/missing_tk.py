"""Why the window can't open, in a sentence that names what to install. Works without Tk."""

from __future__ import annotations

import platform
import sys

APT = "sudo apt install python3-tk"
DNF = "sudo dnf install python3-tkinter"
ALTERNATIVE = "The command line works without it: hls-converter convert --help."


class WindowUnavailableError(Exception):
    """The window can't open on this machine. The text is a sentence for the person who started it."""


def no_tk_sentence(*, system: str | None = None, release: dict[str, str] | None = None) -> str:
    """Say which package brings Tk.

    Args:
        system: `sys.platform` of the machine to speak of; None for this one.
        release: what the machine's os-release file says; None for this machine's.
    """
    system = system or sys.platform
    lead = "The window needs Tk, which this Python does not have"
    if system == "darwin":
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{lead}: install it with 'brew install python-tk@{version}'. {ALTERNATIVE}"
    if system == "win32":
        return f"{lead}: run Python's installer again, choose Modify and tick 'tcl/tk and IDLE'. {ALTERNATIVE}"
    return f"{lead}: install it with {_linux_command(_os_release() if release is None else release)}. {ALTERNATIVE}"


def no_screen_sentence(reason: str) -> str:
    """Say that there is no screen to open the window on; `reason` is Tk's own words."""
    return (
        f"The window can't open because no screen was found ({reason}): start it from a desktop session. {ALTERNATIVE}"
    )


def _linux_command(release: dict[str, str]) -> str:
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if family & {"debian", "ubuntu"}:
        return f"'{APT}'"
    if family & {"fedora", "rhel", "centos"}:
        return f"'{DNF}'"
    return f"'{APT}' (Debian, Ubuntu) or '{DNF}' (Fedora)"


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
