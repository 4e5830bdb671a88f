"""Keys and the mouse wheel in the real window."""

from __future__ import annotations

import pytest
from ui_fakes import FakeServices, Upload

from ui.view_state import WindowStage


@pytest.mark.parametrize("key", ["<Return>", "<KP_Enter>"])
def test_enter_in_a_field_goes_on_to_the_next_one(open_driver, key):
    """In every field, with the upload on: nothing is started and nothing is published by a slip of the finger."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.window.variables.advanced_open.set(True)
    driver.settle()
    fields = [one for one in driver.tree(driver.window) if one.winfo_class() in ("TEntry", "TCombobox")]
    shown = [one for one in fields if one.winfo_viewable() and not one.instate(["disabled"])]
    went_on = []
    for field in shown:
        field.focus_force()
        driver.settle()
        expected = field.tk_focusNext()
        field.event_generate(key)
        driver.settle()
        went_on.append(driver.window.focus_get() is expected)
    assert (len(shown) > 10, {True}) == (True, set(went_on))
    assert ([], WindowStage.READY) == (driver.services.plans, driver.window.controller.state.stage)


@pytest.mark.parametrize("key", ["<Control-Return>", "<Control-KP_Enter>"])
@pytest.mark.parametrize("place", ["field", "button"])
def test_control_enter_starts_the_job(open_driver, key, place):
    """Everything can be done from the keyboard; a button that has the keyboard is not pressed by it."""
    driver = open_driver()
    driver.fill()
    widget = driver.window.source_panel.entry if place == "field" else driver.window.actions.transcripts
    widget.focus_force()
    driver.settle()
    widget.event_generate(key)
    driver.until(lambda: driver.services.plans)
    driver.until_stage(WindowStage.READY)
    assert ("Done: lesson01.mp4", 1) == (driver.banner, len(driver.services.plans))
    assert driver.window._editors is None


@pytest.mark.parametrize("key", ["<Return>", "<space>"])
def test_a_button_with_the_keyboard_is_pressed_once(open_driver, key):
    """Enter and the space bar press the button that has the keyboard, and nothing else."""
    driver = open_driver()
    driver.fill()
    start = driver.window.actions.start
    start.focus_force()
    driver.settle()
    start.event_generate(key)
    driver.until(lambda: driver.services.plans)
    driver.until_stage(WindowStage.READY)
    assert 1 == len(driver.services.plans)


def test_enter_on_another_button_does_not_start(open_driver):
    """The button that has the keyboard is pressed, not Start."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.unfold()
    test = driver.window.upload_panel.test
    test.focus_force()
    driver.settle()
    test.event_generate("<Return>")
    driver.until(lambda: driver.log)
    assert (["Connected to https://api.example.com. The token is valid."], []) == (driver.log, driver.services.plans)


def test_escape_stops_nothing(open_driver):
    """A slip of the finger does not end hours of work."""
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    run.encoding.wait_until_reached()
    driver.window.focus_force()
    driver.window.event_generate("<Escape>")
    driver.settle()
    assert not driver.window.closed
    assert "Cancel was pressed" not in driver.log


@pytest.mark.parametrize("wheel", ["<Button-4>", "<Button-5>"])
def test_the_wheel_scrolls_and_chooses_nothing(open_driver, wheel):
    """A list that passes beneath the pointer keeps what was chosen."""
    driver = open_driver()
    before = driver.window.variables.read()
    for widget in driver.tree(driver.window):
        if widget.winfo_class() == "TCombobox":
            widget.event_generate(wheel)
    driver.settle()
    assert before == driver.window.variables.read()
