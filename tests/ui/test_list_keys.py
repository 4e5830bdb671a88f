"""What the keys do in the list of videos and in the other lists."""

from __future__ import annotations

import pytest


@pytest.fixture
def listed(open_driver):
    """A window with five videos in the list, which has the keyboard; and a function that presses keys."""
    driver = open_driver()
    driver.list_videos(5)
    tree = driver.window.queue_panel.tree
    tree.selection_set(())
    driver.until(lambda: not driver.window.controller.state.videos.selected)
    tree.focus_force()
    driver.settle()

    def press(*keys: str) -> list[int]:
        for key in keys:
            tree.event_generate(key)
            driver.settle()
        return [tree.index(row) for row in tree.selection()]

    return driver, tree, press


@pytest.mark.parametrize(
    ("keys", "selected"),
    [
        pytest.param(["<Down>"], [0], id="the first key begins at the first"),
        pytest.param(["<Down>", "<Down>"], [1], id="down"),
        pytest.param(["<End>", "<Up>"], [3], id="end and up"),
        pytest.param(["<End>", "<Home>"], [0], id="home"),
        pytest.param(["<Next>", "<Next>", "<Next>", "<Next>"], [4], id="pages end at the last"),
        pytest.param(["<Down>", "<Up>", "<Up>"], [0], id="up ends at the first"),
        pytest.param(["<Down>", "<Shift-Down>", "<Shift-Down>"], [0, 1, 2], id="shift selects more"),
        pytest.param(["<Shift-Down>", "<Shift-Down>"], [0, 1], id="shift begins at the first"),
        pytest.param(["<End>", "<Shift-Up>", "<Shift-Up>", "<Shift-Down>"], [3, 4], id="and fewer again"),
        pytest.param(["<Down>", "<Control-Down>", "<Control-Down>", "<Control-space>"], [0, 2], id="not beside"),
        pytest.param(["<Control-a>"], [0, 1, 2, 3, 4], id="all"),
    ],
)
def test_rows_are_chosen_by_keys(listed, keys, selected):
    """Without a click before, and with no mouse at all."""
    driver, _, press = listed
    assert selected == press(*keys)
    driver.until(lambda: len(driver.window.controller.state.videos.selected) == len(selected))


def test_rows_are_moved_by_keys(listed):
    """Alt and an arrow moves what is selected; the selection goes with it."""
    driver, tree, press = listed
    press("<Down>")
    row = tree.selection()[0]
    press("<Alt-Down>")
    driver.until(lambda: tree.index(row) == 1)
    assert (row,) == tree.selection()


def test_one_row_where_one_can_be_chosen(open_driver):
    """In a list of one choice, Shift chooses the next row, as no key does."""
    driver = open_driver()
    driver.window.settings_window.open()
    section = driver.window.settings_window.opened.backends
    section.frame.master.select(section.frame)
    for _ in range(3):
        section.add.invoke()
    section.tree.focus_force()
    driver.settle()
    chosen = []
    for key in ("<Home>", "<Shift-Down>", "<Control-Down>", "<Control-a>"):
        section.tree.event_generate(key)
        driver.settle()
        chosen.append([section.tree.index(row) for row in section.tree.selection()])
    assert [[0], [1], [2], [2]] == chosen
