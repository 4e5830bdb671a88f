"""The log in the real window, by keyboard."""

from __future__ import annotations

import pytest

from ui.messages import LogEntry


@pytest.fixture
def driver(open_driver):
    """A window with more lines than its log shows."""
    made = open_driver()
    made.window.log_panel.append([LogEntry(text=f"Line {number}") for number in range(200)])
    made.settle()
    return made


def test_tab_leads_to_the_log(driver):
    """After the form, and on from there."""
    window = driver.window
    stops, widget = [], window.source_panel.entry
    for _ in range(60):
        stops.append(widget)
        widget = widget.tk_focusNext()
    log = stops.index(window.log_panel.text)
    assert stops.index(window.output_panel.entry) < log < stops.index(window.actions.start)
    window.log_panel.text.focus_force()
    driver.settle()
    window.log_panel.text.event_generate("<Tab>")
    driver.settle()
    assert window.focus_get() is not window.log_panel.text


def test_the_focus_is_seen(driver):
    """The frame around the log has the colour of the focus."""
    text = driver.window.log_panel.text
    frame = driver.window.nametowidget(text.winfo_parent())
    shown = [str(driver.window.style.lookup(frame.cget("style"), "bordercolor", frame.state()))]
    text.focus_force()
    driver.settle()
    shown.append(str(driver.window.style.lookup(frame.cget("style"), "bordercolor", frame.state())))
    assert shown[0] != shown[1]


@pytest.mark.parametrize(
    ("keys", "first"),
    [(("<Home>",), True), (("<Home>", "<Down>"), False), (("<Home>", "<Next>", "<Prior>"), True)],
    ids=["home", "down", "page down and up"],
)
def test_keys_scroll(driver, keys, first):
    """Where there is no cursor, the keys move what is seen."""
    text = driver.window.log_panel.text
    text.focus_force()
    driver.settle()
    assert text.yview()[1] == 1.0
    for key in keys:
        text.event_generate(key)
        driver.settle()
    assert first == (text.yview()[0] == 0.0)
    text.event_generate("<End>")
    driver.settle()
    assert text.yview()[1] == 1.0
