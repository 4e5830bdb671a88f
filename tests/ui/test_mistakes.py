"""Mistakes of the program while its window is open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 120
BREAKING = """
import sys, threading
from pathlib import Path
import hls_converter
import installation
from ui.window import MainWindow

opened = MainWindow.mainloop

def fail(text):
    raise ValueError(text)

def mainloop(window):
    window.after(1, fail, "in a callback")
    threading.Thread(target=fail, args=("in a thread",)).start()
    window.after(50, look, window)
    opened(window)

def look(window):
    log = window.log_panel.text.get("1.0", "end")
    if "in a callback" in log and "in a thread" in log:
        print(window.controller.state.shown_banner.title)
        window.close()
    else:
        window.after(50, look, window)

MainWindow.mainloop = mainloop
installation.ROOT = Path(sys.argv[1])  # a checkout would keep the window's settings beside itself
sys.exit(hls_converter.window())
"""


def test_a_mistake_in_a_callback_or_a_thread(screen, tmp_path):
    """Banner and log of the window tell it, the log file has the traceback, and the window works on."""
    beside = ROOT / "s3_config.json"
    before = beside.stat().st_mtime_ns if beside.exists() else None
    done = subprocess.run(
        [sys.executable, "-c", BREAKING, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    log = (tmp_path / "hls-converter/log/hls-converter.log").read_text(encoding="utf-8")
    assert (0, "", "Something unexpected went wrong.\n") == (done.returncode, done.stderr, done.stdout)
    assert (2, True, True) == (
        log.count("Traceback"),
        "ValueError: in a callback" in log,
        "ValueError: in a thread" in log,
    )
    assert before == (beside.stat().st_mtime_ns if beside.exists() else None)
