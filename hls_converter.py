"""HLS Converter: without arguments the window opens, otherwise the command line."""

from __future__ import annotations

import sys


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
