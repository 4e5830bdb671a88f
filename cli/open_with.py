"""`open-with`: has file managers offer the program for videos, or offer it no more."""

from __future__ import annotations

import argparse
import sys

from cli.main import EXIT_DONE
from cli.open_with_options import OFF, ON
from config import Config
from ui.open_with.offered import SENTENCES, Offered
from ui.open_with.offering import this_desktop


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked for, and say how it stands now. Raises PipelineError."""
    desktop = this_desktop()
    if options.action == ON and desktop.offered() is not Offered.BY_PACKAGE:
        desktop.offer()
    if options.action == OFF:
        desktop.withdraw()
    sys.stdout.write(f"{SENTENCES[desktop.offered()]}\n")
    return EXIT_DONE
