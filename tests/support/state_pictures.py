"""Makes a picture of every state of the windows at every scale, in both themes, and tells what is cut off.

`python tests/support/state_pictures.py FOLDER` makes all of them; `--state`, `--scale`, `--theme` and `--size` some.
The pictures are FOLDER/SCALE-SIZE-THEME/STATE.png. Needs Xvfb and the packages of requirements-dev.txt.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import tkinter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from cut_off import faults  # the paths above must be set first
from displays import virtual_screen
from every_state import STATES, ShownState, give_size
from PIL import ImageGrab
from window_driver import Driver, close_windows, open_window

from ui.collecting import collected_here

SCALES = (1.0, 1.5, 2.0, 2.5)
THEMES = ("dark", "light")
SCREENS = {1.0: "1920x1080", 1.5: "2560x1600", 2.0: "3840x2160", 2.5: "3840x2160"}
"""By the scale: what such screens have."""

SIZES = ("default", "smallest", "largest")
"""Of the main window, or of the one beside it; the largest is all of the screen."""


def main() -> None:
    """Make the pictures, and end with 1 if something is cut off."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", action="append", choices=[*STATES], metavar="STATE")
    parser.add_argument("--scale", action="append", type=float, choices=SCALES)
    parser.add_argument("--theme", action="append", choices=THEMES)
    parser.add_argument("--size", action="append", choices=SIZES)
    options = parser.parse_args()
    found = 0
    chosen = (options.scale or SCALES, options.theme or THEMES, options.state or STATES)
    with ExitStack() as screens, collected_here():
        displays = {
            scale: screens.enter_context(virtual_screen(SCREENS[scale], dots_an_inch=round(96 * scale)))
            for scale in chosen[0]
        }
        for scale, theme, name in itertools.product(*chosen):
            os.environ["DISPLAY"] = displays[scale]
            for size, sentences in pictured(name, options.folder, scale, theme, options.size or SIZES).items():
                found += len(sentences)
                for sentence in sentences:
                    sys.stdout.write(f"{scale:g} {size} {theme} {name}: {sentence}\n")
                    sys.stdout.flush()
    sys.exit(1 if found else 0)


def pictured(name: str, folder: Path, scale: float, theme: str, sizes: tuple[str, ...]) -> dict[str, list[str]]:
    """Take the pictures of a state, and return what is cut off at each size."""
    state, found = STATES[name], {}
    with tempfile.TemporaryDirectory() as home:
        driver = opened(state, Path(home), theme)
        try:
            shown = state.window(driver)
            for size in sizes:
                give_size(driver, shown, size)
                found[size] = faults(shown)
                place = folder / f"{scale:g}-{size}-{theme}"
                place.mkdir(parents=True, exist_ok=True)
                take(shown, place / f"{name.replace('?', '').replace(', ', '-').replace(' ', '-')}.png")
        finally:
            close_windows(driver)
    return found


def opened(state: ShownState, home: Path, theme: str) -> Driver:
    """Open a window that a state begins with."""
    config = replace(state.config, window_theme=theme)
    return open_window(home / "s3_config.json", state.services(), config)


def take(window: tkinter.Misc, path: Path) -> None:
    """Take the picture of a window; a tip in front of the main one is in the main one's picture."""
    top = window.winfo_toplevel()
    if top.overrideredirect():
        top = window.nametowidget(".")
    else:
        top.lift()
        top.update()
    left, upper = top.winfo_rootx(), top.winfo_rooty()
    box = (left, upper, left + top.winfo_width(), upper + top.winfo_height())
    ImageGrab.grab(box, xdisplay=os.environ["DISPLAY"]).save(path)


if __name__ == "__main__":
    main()
