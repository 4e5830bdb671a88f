"""Lets this computer work for the queue while the window is open: the `worker` command, in a process of its own.

It stops when its standard input ends, which it does however the window ends: what it has then goes back to the queue.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from config import Config, child_environment
from installation import command
from pipeline.events import LogLevel
from ui.messages import LogEntry

COMPLAINT = "hls-converter: "
"""How a command begins what it complains of."""

NAMED = "This computer: "


class OwnWorker:
    """Starts and stops the worker; each call returns at once, and what it says goes through `post`."""

    def __init__(self, post: Callable[[LogEntry], None]) -> None:
        self._post = post
        self._process: subprocess.Popen[str] | None = None
        self._settings: object = None

    @property
    def busy(self) -> bool:
        """Whether it still works, or hands back what it has."""
        return self._process is not None and self._process.poll() is None

    def work(self, url: str, config: Config, *, background: bool) -> None:
        """Let it work for a queue with this login to the backend, unless it does already."""
        settings = (url, config.backend.url, config.backend.token, background)
        if self.busy and settings == self._settings:
            return
        self.stop()
        self._settings = settings
        environment = child_environment() | {
            "ENGINE_URL": url,  # not an argument: other users may see those
            "BACKEND_URL": config.backend.url,
            "AUTH_TOKEN": config.backend.token,
        }
        options = ["--until-input-ends", "--drain", "0", *(["--background"] if background else [])]
        try:
            self._process = subprocess.Popen(
                command("worker", *options),
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                start_new_session=True,  # Ctrl-C in the window's terminal is not meant for it
            )
        except OSError as error:
            text = f"{NAMED}it can't work along ({error.strerror}): start `hls-converter worker` in a terminal."
            self._post(LogEntry(text=text, level=LogLevel.WARNING))
            return
        threading.Thread(target=self._read, args=(self._process,), name="own-worker", daemon=True).start()

    def stop(self) -> None:
        """Let it hand back what it has, and end."""
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Show what it says, in a thread of its own."""
        with process:  # closes its streams, and waits for its end
            for line in process.stdout or ():
                complains = line.startswith(COMPLAINT)
                text = NAMED + line.removeprefix(COMPLAINT).strip()
                self._post(LogEntry(text=text, level=LogLevel.WARNING if complains else LogLevel.INFO))
