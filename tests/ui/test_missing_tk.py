"""What is said where the window can't open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ui.missing_tk import no_screen_sentence, no_tk_sentence

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize(
    ("system", "release", "needed"),
    [
        ("linux", {"ID": "debian"}, "'sudo apt install python3-tk'."),
        ("linux", {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "'sudo apt install python3-tk'."),
        ("linux", {"ID": "fedora"}, "'sudo dnf install python3-tkinter'."),
        ("linux", {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "'sudo dnf install python3-tkinter'."),
        ("linux", {}, "'sudo apt install python3-tk' (Debian, Ubuntu) or 'sudo dnf install python3-tkinter' (Fedora)."),
        ("darwin", None, f"'brew install python-tk@{VERSION}'."),
        ("win32", None, "tick 'tcl/tk and IDLE'."),
    ],
    ids=["Debian", "Mint", "Fedora", "Rocky", "unknown", "macOS", "Windows"],
)
def test_the_package_is_named(system, release, needed):
    """The sentence names what to install on this kind of machine, and the way without a window."""
    sentence = no_tk_sentence(system=system, release=release)
    assert needed in sentence
    assert sentence.endswith("hls-converter convert --help.")


def test_no_screen():
    """The sentence carries Tk's own reason."""
    assert "no display name and no $DISPLAY" in no_screen_sentence(
        "no display name and no $DISPLAY environment variable"
    )


@pytest.mark.parametrize(
    ("preparation", "sentence"),
    [
        ("sys.modules['_tkinter'] = None", "needs Tk"),
        ("import os; os.environ.pop('DISPLAY', None)", "no screen was found"),
    ],
    ids=["no Tk", "no screen"],
)
def test_open_window_says_why_it_can_not(preparation, sentence):
    """Without Tk or without a screen the program can still import and call open_window, and gets a sentence."""
    program = f"""
import sys
{preparation}
from ui.app import open_window
from ui.missing_tk import WindowUnavailableError
from config import Config
try:
    open_window(Config())
except WindowUnavailableError as error:
    sys.stdout.write(str(error))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert sentence in done.stdout
