"""HLS Converter: without arguments, or with files alone, the window opens, otherwise the command line."""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Open the window, with the files that a file manager names, or run a command; return the exit status."""
    # no command has a dot in its name; pathlib is not loaded yet, and until a handler stands Ctrl-C is a traceback
    if all("." in argument and os.path.isfile(argument) for argument in arguments):  # noqa: PTH113
        return open_window(arguments)
    from cli.interrupts import end_at_once_on_ctrl_c

    end_at_once_on_ctrl_c()
    from diagnostics.crash_log import begin
    from installation import log_folder

    begin(log_folder())
    from cli.main import run

    return run(arguments)


def open_window(files: list[str]) -> int:
    """Open the window with these files, perhaps none; return the exit status when it is closed."""
    from pathlib import Path

    from config import Config
    from diagnostics.crash_log import begin
    from installation import log_folder
    from ui import app
    from ui.missing_tk import WindowUnavailableError

    begin(log_folder())
    try:
        return app.open_window(Config.load(), files=[Path(file) for file in files])
    except WindowUnavailableError as error:
        sys.stderr.write(f"hls-converter: {error}\n")
        return 1


def command_line() -> int:
    """Do what the command line asks for: the entry point `hls-converter` of an installed program."""
    return main(sys.argv[1:])


def window() -> int:
    """Open the window: the entry point `hls-converter-gui` of an installed program."""
    return open_window(sys.argv[1:])


if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        # a worker of the backend is this program once more
        from multiprocessing import freeze_support

        freeze_support()
    # PYTHONSAFEPATH and python -I leave it out
    sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    # a package has the window under a name of its own
    sys.exit(window() if sys.argv[0].removesuffix(".exe").endswith("-gui") else command_line())
