"""Everything in every window can be come to with the Tab key, in the order in which it is read."""

from __future__ import annotations

import pytest
from tab_order import missed
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeServices, Upload

from ui.view_state import WindowStage


def bring_to(driver, state: str) -> None:
    """Bring a new window to a state."""
    window = driver.window
    if state == "list":
        driver.list_videos(3)
        return
    driver.fill(upload=True)
    if state == "unfolded":
        driver.unfold()
        return
    driver.press(window.actions.start)
    if state == "question":
        driver.until_stage(WindowStage.ASKING)
        return
    driver.until(lambda: driver.rows["720p"][0] == "40%")
    if state == "closing":
        window.close()
        driver.settle()
    if state == "uploading":
        driver.services.run.encoding.release()
        driver.until(lambda: driver.rows["Upload"][0] == "35%")
        driver.settle()


@pytest.mark.parametrize("state", ["unfolded", "list", "question", "uploading", "closing"])
def test_tab_comes_to_everything(open_driver, state):
    """Each control of the main window, whatever it shows."""
    conflict = "The output folder holds another video." if state == "question" else None
    driver = open_driver(
        FakeServices(run=Upload(), conflict=conflict), config=NOT_CONFIGURED if state == "unfolded" else CONFIGURED
    )
    bring_to(driver, state)
    assert [] == missed(driver.window, driver.settle)


def test_tab_comes_to_everything_beside(open_driver):
    """Each control of the windows beside the main one."""
    driver = open_driver(FakeServices(run=Upload()))
    window = driver.window
    driver.fill()
    window.machine_check.open(first_time=True)
    window.history.open()
    window.frames.open()
    window.settings_window.open()
    window.results.open(driver.preferences_path.parent)
    settings = window.settings_window.opened
    others = (window.machine_check.opened, window.history.window, window.frames.window, window.results)
    found = [missed(one.window, driver.settle) for one in others]
    for tab in settings.sections.tabs():
        settings.sections.select(tab)
        driver.settle()
        found.append(missed(settings.window, driver.settle))
    assert [[]] * len(found) == found


def test_the_keyboard_stays_with_what_is_shown(open_driver):
    """A button that puts another card in the place of its own gives the keyboard to the one that leads back."""
    driver = open_driver()
    switch = driver.window.list_or_log
    focused = []
    for name in ("Videos", "Log"):
        switch.buttons[name].focus_force()
        driver.settle()
        switch.buttons[name].event_generate("<Key-space>")
        driver.until(lambda name=name: switch.shown == name)
        driver.settle()
        focused.append(str(driver.window.focus_get().cget("text")))
    assert ["Log", "Videos"] == focused
