"""`check`: is the backend there, and does it take the token."""

from __future__ import annotations

import argparse
import sys

from config import Config
from pipeline.printable import printable
from pipeline.wiring import check_connection


def run(options: argparse.Namespace, config: Config) -> int:
    """Print one sentence; what is wrong is raised."""
    sys.stdout.write(printable(check_connection(config).text) + "\n")
    return 0
