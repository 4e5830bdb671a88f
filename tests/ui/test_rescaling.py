"""The real window is drawn for another density while it is open."""

from __future__ import annotations

import pytest
from cut_off import faults
from displays import needs_xvfb
from tab_order import controls
from ui_fakes import FakeServices, Upload

from ui.density import follow_screens


def geometry(window) -> dict[str, tuple[int, ...]]:
    """Return where every control of a window is, and how large."""
    found = controls(window)
    return {str(one): (one.winfo_x(), one.winfo_y(), one.winfo_width(), one.winfo_height()) for one in found}


def drawn(window) -> tuple[float, ...]:
    """Return how high a line of text is and a box to tick, and how far a panel is from the edge."""
    box = window.output_panel.qualities["720p"]
    card = window.source_panel.card
    text = window.tk.call("font", "metrics", "TkDefaultFont", "-linespace")
    return int(text), box.winfo_reqheight(), card.winfo_rootx() - window.winfo_rootx()


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "3840x2160")], ids=["large"], indirect=True)
def test_a_window_follows(dense_screen, open_driver):
    """At each density it looks as one that was opened so, nothing is cut off, and it comes back to what it was."""
    driver = open_driver(FakeServices(run=Upload()))
    window = driver.window
    driver.list_videos(3)
    driver.unfold()
    window.history.open()
    window.settings_window.open()
    driver.settle()
    first, looks = geometry(window), drawn(window)
    scaling = window.rescaling.scaling
    for factor in (1.5, 2.0):
        window.rescaling.use(scaling * factor)
        driver.settle()
        driver.settle()
        assert [round(one * factor) for one in looks] == pytest.approx(drawn(window), abs=2)
        beside = (window, window.history.window.window, window.settings_window.opened.window)
        assert [[], [], []] == [faults(one) for one in beside]
        assert (round(1100 * factor), round(840 * factor)) == (window.winfo_width(), window.winfo_height())
    window.rescaling.use(scaling)
    driver.settle()
    driver.settle()
    assert first == geometry(window)


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "3840x2160")], ids=["large"], indirect=True)
def test_the_size_of_texts_is_used_at_once(dense_screen, open_driver):
    """That of the settings: their own window follows, too, and stays open."""
    driver = open_driver()
    window = driver.window
    before = drawn(window)
    window.settings_window.open()
    settings = window.settings_window.opened
    settings.general.text_size.set("150 %")
    driver.until(lambda: window.rescaling.percent == 150)
    driver.settle()
    assert [round(one * 1.5) for one in before] == pytest.approx(drawn(window), abs=2)
    assert settings.window.winfo_viewable()
    assert [] == faults(settings.window)


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "3840x2160")], ids=["large"], indirect=True)
def test_a_window_that_comes_to_another_screen(dense_screen, open_driver):
    """It is drawn for the density that the system tells of there, and again for that of the first when it is back."""
    driver = open_driver()
    window = driver.window
    dots = {"now": 96}
    follow_screens(window, window.rescaling, density=lambda _: dots["now"])
    before = drawn(window)
    for density, place in ((192, "+900+40"), (96, "+10+40")):
        dots["now"] = density
        window.geometry(place)
        driver.until(lambda density=density: window.rescaling.scaling == pytest.approx(density / 72))
        driver.settle()
        assert [round(one * density / 96) for one in before] == pytest.approx(drawn(window), abs=2)
