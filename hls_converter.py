"""HLS Converter: without arguments the window opens, otherwise the command line."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Open the window or run a command; return the exit status."""
    if arguments:
        from cli.interrupts import end_at_once_on_ctrl_c

        end_at_once_on_ctrl_c()
    from diagnostics import crash_log
    from installation import log_folder

    crash_log.begin(log_folder())
    if arguments:
        from cli.main import run

        return run(arguments)
    from config import Config
    from ui.app import open_window
    from ui.missing_tk import WindowUnavailableError

    try:
        return open_window(Config.load())
    except WindowUnavailableError as error:
        sys.stderr.write(f"hls-converter: {error}\n")
        return 1


def command_line() -> int:
    """Do what the command line asks for: the entry point `hls-converter` of an installed program."""
    return main(sys.argv[1:])


def window() -> int:
    """Open the window: the entry point `hls-converter-gui` of an installed program."""
    return main([])


if __name__ == "__main__":
    import os

    # PYTHONSAFEPATH and python -I leave it out; pathlib is not loaded yet, and until a handler stands Ctrl-C is a
    # traceback
    sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    sys.exit(main(sys.argv[1:]))
