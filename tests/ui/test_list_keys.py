"""What the keys do in the list of videos and in the other lists."""

from __future__ import annotations

import pytest
from contrast import OTHERS, TEXT, contrast

from ui.theme import change_theme
from ui.widgets.list_keys import MARKED

CASES = {
    "the first key begins at the first": (["<Down>"], [0]),
    "down": (["<Down>", "<Down>"], [1]),
    "end and up": (["<End>", "<Up>"], [3]),
    "home": (["<End>", "<Home>"], [0]),
    "pages end at the last": (["<Next>"] * 4, [4]),
    "up ends at the first": (["<Down>", "<Up>", "<Up>"], [0]),
    "shift selects more": (["<Down>", "<Shift-Down>", "<Shift-Down>"], [0, 1, 2]),
    "shift begins at the first": (["<Shift-Down>", "<Shift-Down>"], [0, 1]),
    "shift selects fewer again": (["<End>", "<Shift-Up>", "<Shift-Up>", "<Shift-Down>"], [3, 4]),
    "not beside each other": (["<Down>", "<Control-Down>", "<Control-Down>", "<Control-space>"], [0, 2]),
    "all": (["<Control-a>"], [0, 1, 2, 3, 4]),
}


@pytest.fixture
def listed(open_driver):
    """A window with five videos in the list, and a function that presses keys there and returns what is selected."""
    driver = open_driver()
    driver.list_videos(5)
    tree = driver.window.queue_panel.tree
    tree.focus_force()
    driver.settle()

    def press(*keys: str) -> list[int]:
        for key in keys:
            tree.event_generate(key)
            driver.settle()
        return [tree.index(row) for row in tree.selection()]

    return driver, tree, press


def test_rows_are_chosen_by_keys(listed):
    """Without a click before, and with no mouse at all."""
    driver, tree, press = listed
    found = {}
    for name, (keys, expected) in CASES.items():
        tree.selection_set(())
        tree.focus("")
        driver.settle()
        driver.window.source_panel.entry.focus_force()
        driver.settle()
        tree.focus_force()
        driver.settle()
        found[name] = press(*keys)
        driver.until(lambda expected=expected: len(driver.window.controller.state.videos.selected) == len(expected))
    assert {name: expected for name, (_, expected) in CASES.items()} == found


def test_keys_that_follow_each_other_at_once(listed):
    """Each counts: what the first has chosen is not chosen again when it is shown after the second was pressed."""
    driver, tree, _ = listed
    rows = tree.get_children()
    driver.window.controller.videos.select(())
    driver.settle()
    for row in rows[:2]:
        tree.event_generate("<Down>")
        driver.window.queue_panel._select()  # what Tk's event does, before the window has shown anything
        assert (row,) == driver.window.controller.state.videos.selected
    tree.event_generate("<Down>")
    driver.window._render()
    driver.settle()
    assert [2] == [tree.index(row) for row in tree.selection()]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_row_that_the_keys_begin_at_is_seen(listed, theme):
    """Where Ctrl has moved the mark alone, until a row is chosen: it stands out, and can be read."""
    driver, tree, press = listed
    change_theme(driver.window.style, theme)
    press("<Down>", "<Control-Down>")
    marked = tree.tag_has(MARKED)
    ground, text = (str(tree.tag_configure(MARKED, option)) for option in ("background", "foreground"))
    others = str(driver.window.style.lookup("Treeview", "fieldbackground"))
    assert (1, True, True) == (len(marked), contrast(ground, others) >= OTHERS, contrast(ground, text) >= TEXT)
    press("<Control-space>")
    assert () == tree.tag_has(MARKED)


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
