"""Screens that nobody sees, for windows, and the window manager on them."""

from __future__ import annotations

import os
import secrets
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
needs_window_manager = pytest.mark.skipif(
    None in (shutil.which("Xvfb"), shutil.which("openbox"), shutil.which("xdotool")),
    reason="Xvfb, openbox or xdotool is not installed",
)

MANAGER_DEADLINE_S = 60.0


@contextmanager
def virtual_screen(size: str = "1280x900", *, dots_an_inch: int = 96, authority: Path | None = None) -> Iterator[str]:
    """Run a screen of so many pixels and give the name of its display.

    With `authority`, a new file that clients find by XAUTHORITY, only they may open windows.
    """
    more: list[str] = []
    if authority is not None:
        authority.write_bytes(_cookie())
        more = ["-auth", str(authority)]
    with _one_at_a_time():
        server, number = _started(size, dots_an_inch, more)
    try:
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def _started(size: str, dots_an_inch: int, more: list[str]) -> tuple[subprocess.Popen[bytes], str]:
    """Return a server, and the number of its display when it serves that."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        [
            *("Xvfb", "-displayfd", str(writer), "-nolisten", "tcp"),
            *("-screen", "0", f"{size}x24", "-dpi", str(dots_an_inch)),
            *more,
        ],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        return server, answer.readline().strip()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let no other process of these tests start a server meanwhile: two that look for a free number at the same moment
    may find the same one, and windows would open on the other's screen.
    """
    import fcntl  # POSIX alone has it, as Xvfb

    with (Path(tempfile.gettempdir()) / f"displays-of-tests-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cookie() -> bytes:
    """Return an authority file of one cookie, for every display of every host (libXau, Xauth.h)."""
    every_host, any_display = struct.pack(">HH", 0xFFFF, 0), struct.pack(">H", 0)
    texts = (b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16))
    return every_host + any_display + b"".join(struct.pack(">H", len(text)) + text for text in texts)


@contextmanager
def window_manager(display: str, authority: Path | None = None) -> Iterator[None]:
    """Run a window manager on a screen: it gives windows their frames and the keyboard, and Alt-F4 closes the one that
    has it.
    """
    environment = {**os.environ, "DISPLAY": display}
    if authority is not None:
        environment["XAUTHORITY"] = str(authority)
    manager = subprocess.Popen(
        ["openbox", "--sm-disable", "--config-file", "/etc/xdg/openbox/rc.xml"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + MANAGER_DEADLINE_S
        # which only a window manager can answer (Extended Window Manager Hints, _NET_NUMBER_OF_DESKTOPS)
        while _is_unanswered(["xdotool", "get_num_desktops"], environment):
            assert manager.poll() is None, "openbox did not start"
            assert time.monotonic() < deadline, "openbox does not answer"
            time.sleep(0.05)
        yield
    finally:
        manager.terminate()
        manager.wait(timeout=10)


def _is_unanswered(question: list[str], environment: dict[str, str]) -> bool:
    done = subprocess.run(question, env=environment, capture_output=True, check=False, timeout=MANAGER_DEADLINE_S)
    return done.returncode != 0
