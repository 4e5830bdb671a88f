"""`backend`: the reference backend on this computer, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys

from backend.server import RunningBackend, serve
from backend.settings import BackendSettings
from config import Config
from pipeline.errors import SettingsError


def run(options: argparse.Namespace, config: Config) -> int:
    """Serve; print where and, when it had to be made, the token."""
    if config.problems:
        raise SettingsError(config.problems)
    serve(BackendSettings.from_config(config, root=options.root), host=options.host, port=options.port, announce=announce)
    return 0


def announce(running: RunningBackend) -> None:
    """Say what an engineer needs to connect."""
    settings = running.settings
    lines = [f"Backend:  {running.url}", f"Storage:  {settings.root}"]
    if settings.token_made:
        lines += [
            f"Token:    {settings.token}",
            "",
            "The token is new at every start. To keep one, set AUTH_TOKEN in .env. To upload to this backend, set in .env:",
            f"  BACKEND_URL={running.url}",
            f"  AUTH_TOKEN={settings.token}",
        ]
    lines += ["", f"Streams:  {running.url}/", "Stop with Ctrl-C."]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
