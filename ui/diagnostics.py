"""Saves the diagnostics from the window: the `doctor` command in a process of its own, which works however the window
is. Knows no Tk.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

from config import Config, child_environment
from installation import command
from pipeline.errors import ToolError
from ui.messages import DiagnosticsSaved, Message
from ui.worker import ask

COMPLAINT = "hls-converter: "
"""How a command begins what it complains of."""


def suggested_name(today: date) -> str:
    """Return the name that the file gets unless the editor wants another."""
    return f"hls-converter-diagnostics-{today.isoformat()}.zip"


def begin(path: Path, config: Config, post: Callable[[Message], None]) -> None:
    """Save the diagnostics in a thread, and post what becomes of that."""
    ask("diagnostics", lambda: save(path, config), lambda reason: DiagnosticsSaved(text=reason, ok=False), post)


def save(path: Path, config: Config) -> DiagnosticsSaved:
    """Save the diagnostics with the login of `config`, which is tried and kept out of them. Raises PipelineError."""
    from diagnostics.bundle import refuse_existing  # when first wanted: with the queue's file

    refuse_existing(path)
    login = {"BACKEND_URL": config.backend.url, "AUTH_TOKEN": config.backend.token}
    environment = child_environment(with_secrets=True) | {name: value for name, value in login.items() if value}
    try:
        done = subprocess.run(
            command("doctor", "--save", str(path)),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise ToolError(
            f"The diagnostics can't be saved because the program does not start once more ({error.strerror}): "
            "install it again."
        ) from error
    if not path.is_file():
        last = (done.stderr.strip().splitlines() or ["it ended without a reason"])[-1].removeprefix(COMPLAINT)
        raise ToolError(f"The diagnostics were not saved: {last}")
    return DiagnosticsSaved(text=f"{path} has no token and no key. It names files and servers: look into it first.")
