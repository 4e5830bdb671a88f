"""cli.interrupts: Ctrl-C ends the program, whatever it was doing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.interrupts import EXIT_CANCELLED

ROOT = Path(__file__).resolve().parents[2]
CANCELLED = "hls-converter: Cancelled.\n"

BEGIN = """
import signal, sys, threading, weakref
from cli import interrupts
"""

LOST = """
class Thing: pass
thing = Thing()
reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
interrupts.PATIENCE_S = 0.1
with interrupts.raised():
    del thing  # what is raised in its callback is ignored
    threading.Event().wait()
"""

TWICE = """
with interrupts.on_interrupt(lambda: None, patience_s=1e6):
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    threading.Event().wait()
"""

DEAF = """
with interrupts.on_interrupt(lambda: None, patience_s=0.1):
    signal.raise_signal(signal.SIGINT)
    threading.Event().wait()
"""

LOADING = """
interrupts.end_at_once_on_ctrl_c()
signal.raise_signal(signal.SIGINT)
threading.Event().wait()
"""

IN_TIME = """
asked = []
with interrupts.on_interrupt(lambda: asked.append(True), patience_s=1e6):
    signal.raise_signal(signal.SIGINT)
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
sys.stderr.write(f"{asked} {signal.getsignal(signal.SIGINT) is signal.default_int_handler}")
"""

WINDOW = """
from cli.main import run_command
from config import Config
from ui import app

def window(config, address, *, model):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        threading.Event().wait(1)  # somebody thinks about a question
    sys.stderr.write("answered")
    return 0

interrupts.PATIENCE_S = 0.05
app.open_editor = window
sys.exit(run_command(["transcripts", "course.json"], Config()))
"""

IGNORED = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
interrupts.end_at_once_on_ctrl_c()
with interrupts.raised():
    signal.raise_signal(signal.SIGINT)
sys.stderr.write("went on")
"""


def _python(code: str, *arguments: str) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    return run.returncode, run.stderr


@pytest.mark.parametrize("code", [TWICE, DEAF, LOADING], ids=["twice", "deaf", "loading"])
def test_the_program_ends_whatever_it_waits_for(code):
    """At a second Ctrl-C, when it does not end by itself, and before it has begun: always in a sentence."""
    assert (EXIT_CANCELLED, CANCELLED) == _python(BEGIN + code)


def test_a_window_may_ask_before_it_closes():
    """It is not ended meanwhile, which would leave what is unsaved to the next session as that of a crash."""
    assert (0, "answered") == _python(BEGIN + WINDOW)


def test_an_interrupt_that_is_lost_in_a_callback_ends_the_program_too():
    """Python says that it has ignored it, and goes on; the watch does not."""
    status, said = _python(BEGIN + LOST)
    assert (EXIT_CANCELLED, True) == (status, said.endswith(CANCELLED))


def test_what_ends_in_time_is_left_alone():
    """Nothing watches any more, and Ctrl-C means again what it meant before."""
    assert (0, "[True] True") == _python(BEGIN + IN_TIME)


def test_a_background_job_hears_no_ctrl_c():
    """A shell starts it with Ctrl-C ignored, and means it."""
    assert (0, "went on") == _python(BEGIN + IGNORED)


@pytest.mark.parametrize(
    "module", ["cli.main", "config", "pipeline.errors", "cli.storage", "storage.factory", "aiofiles"]
)
def test_ctrl_c_while_the_program_is_loaded_is_no_traceback(module):
    """A sentence and status 130 at any import."""
    code = f"""
import runpy, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["hls_converter.py", "storage", "copy", "--from", "LOCAL", "--to", "LOCAL"]
runpy.run_path("hls_converter.py", run_name="__main__")
"""
    assert (EXIT_CANCELLED, CANCELLED) == _python(code)
