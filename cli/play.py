"""`play`: a converted video in the browser, from a server on this computer that others can't reach, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import threading
import webbrowser
from pathlib import Path

from backend.folder_player import FolderPlayer
from cli.main import EXIT_DONE, complain
from config import Config
from pipeline.errors import NewerVersionError
from pipeline.folder_notes import FolderNotes

WAKE_S = 0.5
"""Windows tells of Ctrl-C only between two waits (https://bugs.python.org/issue35935)."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Play a folder's stream until Ctrl-C; say where, and open the page unless that is not wanted."""
    player, stopped = FolderPlayer(options.port), threading.Event()
    try:
        address = player.play(options.folder, _title(options.folder))
        sys.stdout.write(f"Playing:  {address}\nStop with Ctrl-C.\n")
        sys.stdout.flush()
        if options.browser and not webbrowser.open(address):
            complain("No browser was found: open the address in one yourself.")
        while not stopped.wait(WAKE_S):
            continue
    except KeyboardInterrupt:
        return EXIT_DONE
    finally:
        player.close()
    return EXIT_DONE


def _title(folder: Path) -> str:
    try:
        return FolderNotes(folder).title
    except NewerVersionError:  # it can be played all the same
        return ""
