"""HLS Converter: without arguments the window opens, otherwise the command line."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH and python -I leave it out


def main(arguments: list[str]) -> int:
    """Open the window or run a command; return the exit status."""
    from config import Config

    if arguments:
        from cli.main import run_command

        return run_command(arguments, Config.load())
    from ui.app import open_window
    from ui.missing_tk import WindowUnavailableError

    try:
        return open_window(Config.load())
    except WindowUnavailableError as error:
        sys.stderr.write(f"hls-converter: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
