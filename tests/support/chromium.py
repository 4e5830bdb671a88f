"""The system's Chromium, and how tests start it."""

from __future__ import annotations

import shutil

# Quiet: no look-ups of a maker's hosts. The sandbox needs rights that a container's root does not have.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def chromium() -> str:
    """Return the path of the system's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("These tests need Chromium: ./run-tests installs it on Debian as root.")
