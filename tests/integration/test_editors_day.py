"""An editor's day with the real program: by mouse and keyboard, under a window manager."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from displays import needs_window_manager
from editors_day import ROOT, desk, spend_the_day

PACKAGES = ("backend", "cli", "diagnostics", "pipeline", "samples", "storage", "transcripts", "ui")


@pytest.mark.browser
@needs_window_manager
def test_an_editors_day(tmp_path):
    """Five files are dropped, one of them broken and one for a place that is taken; the rest of the day as it goes: two
    presets, one added, one cancelled, a pause, an expired token, an end in the middle, and a stream to watch.
    """
    program = tmp_path / "program"
    program.mkdir()
    # not the checkout itself, where an editor's settings may lie
    for module in ROOT.glob("*.py"):
        shutil.copy2(module, program)
    for package in PACKAGES:
        (program / package).symlink_to(ROOT / package)
    start = [sys.executable, str(program / "hls_converter.py")]
    with desk(tmp_path, start, path=os.environ["PATH"]) as prepared:
        spend_the_day(prepared)
