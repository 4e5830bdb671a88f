"""The real window on screens of every density and size."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cut_off import faults
from displays import needs_xvfb
from every_state import JOBS, LISTS, STATES, give_size

from ui.preferences import Preferences, WindowPreferences


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(192, "2560x1600")], ids=["scale-2"], indirect=True)
def test_distances_grow_with_the_density(dense_screen, open_driver):
    """What lies between panels, and the room of a field's label, is twice as many pixels at twice the density."""
    window = open_driver().window
    source, output = window.source_panel.card, window.output_panel.card
    below = output.winfo_rooty() - source.winfo_rooty() - source.winfo_height()
    entry = window.source_panel.entry
    assert (2 * 10, 2 * (14 + 104)) <= (below, entry.winfo_rootx() - source.winfo_rootx())


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "3840x2160")], ids=["large"], indirect=True)
def test_a_wide_window_gives_both_sides_more_room(dense_screen, open_driver):
    """The settings grow with the window, and so does the rest."""
    driver = open_driver()
    window = driver.window
    before = window.settings.container.winfo_width(), window.log_panel.card.winfo_width()
    window.geometry("3840x2160")
    driver.until(lambda: window.winfo_width() == 3840)
    driver.settle()
    after = window.settings.container.winfo_width(), window.log_panel.card.winfo_width()
    assert [3, 3] == [wide // small for wide, small in zip(after, before, strict=True)]


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(192, "2560x1600")], ids=["scale-2"], indirect=True)
def test_size_and_place_are_remembered(dense_screen, open_driver):
    """The window opens again as large as it was, where it was; what is kept does not depend on the screen's density."""
    driver = open_driver()
    driver.window.geometry("2000x1440+300+60")
    driver.until(lambda: driver.window.winfo_width() == 2000)
    driver.window.close()
    kept = json.loads(driver.preferences_path.read_text(encoding="utf-8"))["window"]
    assert {"width": 1000, "height": 720, "x": 150, "y": 30, "maximised": False} == kept
    assert "2000x1440+300+60" == open_driver().window.geometry()


@pytest.mark.parametrize(
    ("kept", "geometry"),
    [
        pytest.param(WindowPreferences(width=1000, height=700, x=5000, y=-200), "1000x700+280+0", id="beside"),
        pytest.param(WindowPreferences(width=5000, height=4000, x=40, y=40), "1280x828+0+40", id="too large"),
        pytest.param(WindowPreferences(width=10, height=10, x=40, y=40), "900x640+40+40", id="too small"),
        pytest.param(WindowPreferences(), "1100x828+0+0", id="never kept"),
    ],
)
def test_the_window_stays_on_the_screen(open_driver, tmp_path, kept, geometry):
    """A place on a screen that is gone gives way to one on the screen that there is, and so does a size."""
    path = tmp_path / "s3_config.json"
    Preferences(window=kept).save(path)
    window = open_driver(preferences_path=path).window
    window.update()
    assert geometry == window.geometry()


MAIN = ("damaged", "replace stream?", "list runs")
"""States that are looked at on every screen; the others on the sparsest and, where they bring widgets of their own, on
the densest.
"""

ONLY_TEXTS = {*JOBS, *LISTS} - {*MAIN}
"""States that differ from others in nothing but texts and colours."""

SCREENS = {1: (96, "1280x900"), 1.5: (144, "1920x1300"), 2: (192, "3840x2160"), 2.5: (240, "3840x2160")}


def cases():
    """Return every case: a screen, the sizes of the window, a theme, and a state."""
    for number, name in enumerate(STATES):
        theme = ("dark", "light")[number % 2]
        yield pytest.param(SCREENS[1], ("default", "smallest"), theme, name, id=f"1-{name}")
        if name in MAIN:
            yield pytest.param(SCREENS[1.5], ("smallest",), theme, name, id=f"1.5-{name}")
            yield pytest.param(SCREENS[2], ("default", "largest"), theme, name, id=f"2-{name}")
            yield pytest.param(SCREENS[2.5], ("smallest", "largest"), theme, name, id=f"2.5-{name}")
        elif name not in ONLY_TEXTS:
            yield pytest.param(SCREENS[2.5], ("smallest",), theme, name, id=f"2.5-{name}")


@needs_xvfb
@pytest.mark.parametrize(("dense_screen", "sizes", "theme", "state"), [*cases()], indirect=["dense_screen"])
def test_everything_is_whole(dense_screen, open_driver, sizes, theme, state):
    """In every state nothing is cut off, outside of what holds it, or overlapping, and what is always there stays where
    it is.
    """
    shown = STATES[state]
    driver = open_driver(shown.services(), config=replace(shown.config, window_theme=theme))
    before = places(driver)
    window = shown.window(driver)
    if sizes[0] == "default":
        assert before == places(driver)
    found = {}
    for size in sizes:
        give_size(driver, window, size)
        found[size] = faults(window)
    assert {size: [] for size in sizes} == found


def places(driver) -> dict[str, tuple[int, ...]]:
    """Return where the things are that must not move when another state is shown."""
    window = driver.window
    column = window.settings
    asking = window.token_panel.frame if window.token_panel.frame.winfo_viewable() else window.banner_panel.frame
    fixed = {
        "start": window.actions.start,
        "reset": window.actions.reset,
        "banner": asking,
        "overall": window.progress_panel.rows[0].progress,
        "progress": window.progress_panel.card,
        "list or log": window.list_or_log.place,
    }
    in_column = {
        "video": window.source_panel.entry,
        "part": window.source_panel.part_from,
        "folder": window.output_panel.entry,
        "qualities": window.output_panel.qualities["2160p"],
        "captions": window.transcription_panel.card.toggle,
    }
    return {
        **{name: (one.winfo_rootx(), one.winfo_rooty(), one.winfo_width()) for name, one in fixed.items()},
        **{name: (one.winfo_rootx(), one.winfo_rooty() - column.winfo_rooty()) for name, one in in_column.items()},
    }
