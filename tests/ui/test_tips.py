"""Tips beside controls, by the pointer and by the keyboard."""

from __future__ import annotations

from ui.screen_reader import note_of


def test_a_tip_comes_with_the_keyboard(open_driver):
    """It is shown beneath a button that Tab has come to, goes with Escape, and a screen reader can say it."""
    driver = open_driver()
    actions = driver.window.actions
    driver.window.source_panel.entry.focus_force()
    driver.settle()
    actions.reset.focus_force()
    driver.until(lambda: actions.tip.shown.toplevel)
    tip = actions.tip.shown.toplevel
    driver.until(tip.winfo_viewable)
    said = str(tip.winfo_children()[0].cget("text"))
    actions.reset.event_generate("<Escape>")
    driver.until(lambda: actions.tip.shown.toplevel is None)
    assert note_of(actions.reset) == said
    assert said.startswith("Puts every setting back")


def test_a_tip_goes_with_the_keyboard(open_driver):
    """The next control has its own."""
    driver = open_driver()
    actions = driver.window.actions
    actions.reset.focus_force()
    driver.until(lambda: actions.tip.shown.toplevel)
    actions.transcripts.focus_force()
    driver.until(lambda: actions.tip.shown.toplevel is None)
