"""The menu of fields and texts in the real window."""

from __future__ import annotations

import pytest

from ui.messages import LogEntry
from ui.widgets.text_menu import RIGHT_BUTTON


def opened(driver, field, event=RIGHT_BUTTON) -> dict[str, str]:
    """Open the menu of a field and return what can be done, and whether now."""
    field.focus_force()
    driver.settle()
    field.event_generate(event, x=5, y=5)
    driver.settle()
    menu = menu_of(driver)
    return {menu.entrycget(number, "label"): _state(menu, number) for number in range(menu.index("end") + 1)}


def _state(menu, number: int) -> str:
    """Return whether an entry can be chosen; the one beneath the pointer is called active."""
    return "disabled" if menu.entrycget(number, "state") == "disabled" else "normal"


def menu_of(driver):
    """Return the menu."""
    return next(child for child in driver.window.winfo_children() if child.winfo_class() == "Menu")


def choose(driver, label: str) -> None:
    """Choose something in the open menu."""
    menu_of(driver).invoke(label)
    close(driver)


def close(driver) -> None:
    """Close the menu as Tk does when something was chosen."""
    driver.window.tk.call("tk::MenuUnpost", menu_of(driver))
    driver.settle()


@pytest.fixture
def driver(open_driver):
    """A window with something in its clipboard."""
    made = open_driver()
    made.window.clipboard_clear()
    made.window.clipboard_append("/videos/pasted.mp4")
    return made


def test_paste_into_a_field(driver):
    """An address that was copied elsewhere gets into the form without a key."""
    field = driver.window.source_panel.entry
    assert {"Cut": "disabled", "Copy": "disabled", "Paste": "normal", "Select all": "disabled"} == opened(driver, field)
    choose(driver, "Paste")
    assert "/videos/pasted.mp4" == field.get()


@pytest.mark.parametrize("event", [RIGHT_BUTTON, "<Shift-F10>"], ids=["button", "key"])
def test_cut_and_copy(driver, event):
    """What is selected can be taken."""
    field = driver.window.output_panel.entry
    field.insert(0, "/videos/out")
    opened(driver, field, event)
    choose(driver, "Select all")
    assert {"Cut": "normal", "Copy": "normal", "Paste": "normal", "Select all": "normal"} == opened(
        driver, field, event
    )
    choose(driver, "Cut")
    assert ("", "/videos/out") == (field.get(), driver.window.clipboard_get())


def test_the_log_can_be_copied_and_not_changed(driver):
    """It is what somebody sends who needs help."""
    driver.window.log_panel.append([LogEntry(text="Started: lesson01.mp4")])
    text = driver.window.log_panel.text
    opened(driver, text)
    choose(driver, "Select all")
    assert {"Cut": "disabled", "Copy": "normal", "Paste": "disabled", "Select all": "normal"} == opened(driver, text)
    choose(driver, "Copy")
    assert driver.window.clipboard_get().strip().endswith("Started: lesson01.mp4")


def test_a_list_to_choose_from_takes_no_paste(driver):
    """It can't be typed into either."""
    assert "disabled" == opened(driver, driver.window.output_panel.presets.list)["Paste"]


def test_a_token_is_not_copied(driver):
    """Its field shows dots, and whoever looks on must not get more by the menu."""
    field = driver.window.token_panel.entry
    driver.window.token_panel.frame.grid()
    field.insert(0, "secret-secret-secret")
    field.selection_range(0, "end")
    states = opened(driver, field)
    close(driver)
    assert ("disabled", "disabled", "normal") == (states["Cut"], states["Copy"], states["Paste"])


@pytest.mark.parametrize("place", ["field", "log"])
def test_control_a_selects_all(driver, place):
    """As everywhere else."""
    field, text = driver.window.source_panel.entry, driver.window.log_panel.text
    field.insert(0, "All of this")
    driver.window.log_panel.append([LogEntry(text="All of this")])
    widget = field if place == "field" else text
    widget.focus_force()
    driver.settle()
    widget.event_generate("<Control-a>")
    assert driver.window.selection_get().strip().endswith("All of this")
