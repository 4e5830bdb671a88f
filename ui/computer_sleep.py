"""Lets the computer go to sleep."""

from __future__ import annotations

import shutil
import subprocess
import sys

from config import child_environment
from pipeline.errors import ToolError

SUSPEND = (
    "Add-Type -Assembly System.Windows.Forms; [System.Windows.Forms.Application]::SetSuspendState(0, $false, $false)"
)
"""0 is PowerState.Suspend (.NET, System.Windows.Forms.PowerState): sleep, and not hibernation."""

COMMANDS = {
    "win32": ("powershell", "-NoProfile", "-Command", SUSPEND),
    "darwin": ("pmset", "sleepnow"),
}
ELSEWHERE = ("systemctl", "suspend")
LIMIT_S = 60.0


def sleep_command(platform: str = sys.platform) -> tuple[str, ...]:
    """Return the command that lets a computer of this system sleep."""
    return COMMANDS.get(platform, ELSEWHERE)


def let_sleep() -> None:
    """Let the computer sleep; returns when it has begun to, or is awake again. Raises ToolError."""
    program, *arguments = sleep_command()
    found = shutil.which(program)
    if found is None:
        raise ToolError(f"The computer can't be put to sleep: {program} was not found.")
    try:
        subprocess.run(
            [found, *arguments],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=LIMIT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError("The computer can't be put to sleep: the system has refused it.") from error
