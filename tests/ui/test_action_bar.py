"""The window's main buttons on screens of every density."""

from __future__ import annotations

from itertools import combinations

import pytest
from displays import needs_xvfb

from ui.widgets.wrapping_row import GAP, lines_of


def _fits(button, row) -> bool:
    """Whether a button has all the room that it asks for, within its row."""
    return (
        button.winfo_width() >= button.winfo_reqwidth()
        and button.winfo_height() >= button.winfo_reqheight()
        and button.winfo_x() >= 0
        and button.winfo_y() >= 0
        and button.winfo_x() + button.winfo_width() <= row.winfo_width()
        and button.winfo_y() + button.winfo_height() <= row.winfo_height()
    )


def _overlap(one, other) -> bool:
    """Whether two buttons share a pixel."""
    across = one.winfo_x() < other.winfo_x() + other.winfo_width()
    back = other.winfo_x() < one.winfo_x() + one.winfo_width()
    down = one.winfo_y() < other.winfo_y() + other.winfo_height()
    up = other.winfo_y() < one.winfo_y() + one.winfo_height()
    return across and back and down and up


@needs_xvfb
@pytest.mark.parametrize("smallest", [False, True], ids=["as-opened", "smallest"])
@pytest.mark.parametrize(
    "dense_screen",
    [(96, "1280x900"), (144, "2560x1600"), (192, "2560x1600"), (144, "1280x900"), (192, "1280x900")],
    ids=["scale-1", "scale-1.5", "scale-2", "scale-1.5-small-screen", "scale-2-small-screen"],
    indirect=True,
)
def test_every_button_is_whole_at_every_scale(dense_screen, open_driver, smallest):
    """No button of the row is cut off or overlaps another, and the row is whole in the window."""
    driver = open_driver()
    window = driver.window
    if smallest:
        window.geometry("{}x{}".format(*window.minsize()))
        driver.until(lambda: (window.winfo_width(), window.winfo_height()) == window.minsize())
        driver.settle()
    bar = window.actions
    row = bar.row
    buttons = (bar.open_folder, bar.transcripts, bar.pause, bar.resume, bar.cancel, bar.start)
    assert [] == [button.cget("text") for button in buttons if not _fits(button, row)]
    pairs = combinations(buttons, 2)
    assert [] == [(one.cget("text"), other.cget("text")) for one, other in pairs if _overlap(one, other)]
    above = (bar.dangers, bar.summary, bar.reset)
    assert [] == [str(one) for one in above if not one.winfo_viewable() or one.winfo_height() < one.winfo_reqheight()]
    frame = bar.frame
    assert row.winfo_y() + row.winfo_height() <= frame.winfo_height()
    right, bottom = frame.winfo_x() + frame.winfo_width(), frame.winfo_y() + frame.winfo_height()
    assert (True, True) == (right <= window.winfo_width(), bottom <= window.winfo_height())


@needs_xvfb
@pytest.mark.parametrize(
    ("dense_screen", "width"),
    [((96, "2560x1600"), 1100), ((144, "2560x1600"), 1650), ((192, "2560x1600"), 2200), ((192, "1280x900"), 1280)],
    ids=["scale-1", "scale-1.5", "scale-2", "scale-2-small-screen"],
    indirect=["dense_screen"],
)
def test_the_window_grows_with_the_density_of_the_screen(dense_screen, open_driver, width):
    """It opens as large as on a screen of 96 dots an inch, as far as the screen has room."""
    assert width == open_driver().window.winfo_width()


@pytest.mark.parametrize(
    ("room", "lines"),
    [
        (60 - GAP, [((0, 1), (0, 1, 2, 3))]),
        (59 - GAP, [((0, 1), ()), ((), (0, 1, 2, 3))]),
        (39 - GAP, [((0, 1), ()), ((), (0,)), ((), (1, 2, 3))]),
        (15 - GAP, [((0,), ()), ((1,), ()), ((), (0,)), ((), (1,)), ((), (2,)), ((), (3,))]),
        (1, [((0,), ()), ((1,), ()), ((), (0,)), ((), (1,)), ((), (2,)), ((), (3,))]),
    ],
    ids=["all-in-one", "left-ones-above", "right-ones-in-two", "one-a-line", "no-room"],
)
def test_the_row_takes_more_lines_where_it_is_narrow(room, lines):
    """Those at the left move above those at the right, whose last line is filled first."""
    assert lines == list(lines_of((10, 10), (10, 10, 10, 10), room, GAP))


def test_the_summary_tells_nothing_of_the_video_before(open_driver):
    """Until another video was looked at, neither what Start does nor the folder is told of the one that was shown."""
    driver = open_driver()
    driver.fill()
    summary, folder = driver.window.actions.summary, driver.window.output_panel.folder_text

    def told() -> list[bool]:
        return ["lesson01" in summary.full_text, "lesson01" in str(folder.cget("text"))]

    assert [True, True] == told()
    driver.window.variables.source.set("/videos/another.mp4")
    driver.settle()
    assert [False, False] == told()
