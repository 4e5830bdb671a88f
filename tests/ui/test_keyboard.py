"""A question gives itself the keyboard only where nobody types in another window."""

from __future__ import annotations

import tkinter

import pytest
from ui_fakes import FakeServices

from ui.view_state import TokenView, WindowStage


@pytest.mark.parametrize("elsewhere", [True, False], ids=["in another window", "in this one"])
def test_the_keyboard_of_a_question(open_driver, elsewhere):
    """A space in the transcript that is being corrected answers no question, and a token's field swallows nothing."""
    driver = open_driver(FakeServices(conflict="The output folder holds another video."))
    window = driver.window
    driver.fill()
    text = tkinter.Text(tkinter.Toplevel(window))
    text.pack()
    driver.settle()
    typed_in = text if elsewhere else window.source_panel.entry
    typed_in.focus_force()
    driver.until(lambda: window.focus_get() is typed_in)
    window.start()
    driver.until_stage(WindowStage.ASKING)
    assert window.focus_get() is (text if elsewhere else window.banner_panel.buttons[-1])
    window.token_panel.show(TokenView())
    driver.settle()
    assert window.focus_get() is (text if elsewhere else window.token_panel.entry)


@pytest.mark.parametrize("answer", [0, 1], ids=["goes on", "is left"])
def test_the_keyboard_comes_back_from_a_question(open_driver, answer):
    """What had it before a question has it again, as soon as the question is answered."""
    driver = open_driver(FakeServices(conflict="The output folder holds another video."))
    window = driver.window
    driver.fill()
    window.output_panel.entry.focus_force()
    driver.settle()
    window.start()
    driver.until_stage(WindowStage.ASKING)
    driver.until(lambda: window.focus_get() in window.banner_panel.buttons)
    window.banner_panel.buttons[answer].invoke()
    driver.until_stage(WindowStage.READY)
    driver.until(lambda: window.focus_get() is window.output_panel.entry)


def test_the_keyboard_comes_back_from_the_question_for_a_token(open_driver):
    """Nothing is typed into a field that is hidden."""
    driver = open_driver()
    window = driver.window
    window.source_panel.entry.focus_force()
    driver.settle()
    window.token_panel.show(TokenView())
    driver.settle()
    asked = window.focus_get() is window.token_panel.entry
    window.token_panel.show(None)
    driver.settle()
    assert (True, window.source_panel.entry) == (asked, window.focus_get())


def test_a_long_text_is_scrolled_by_keys(open_driver):
    """Tab stops at what has more text than room, and only there."""
    driver = open_driver()
    news = driver.window.banner_panel.news
    canvas = news._canvas
    before = str(canvas.cget("takefocus"))
    driver.window.banner_panel.lines.configure(text="\n".join(f"Line {number}." for number in range(20)))
    driver.until(lambda: str(canvas.cget("takefocus")) == "1")
    canvas.focus_force()
    driver.settle()
    canvas.event_generate("<Next>")
    driver.settle()
    seen = news.yview()[0]
    canvas.event_generate("<End>")
    driver.settle()
    assert ("0", True, 1.0) == (before, 0.0 < seen, news.yview()[1])
