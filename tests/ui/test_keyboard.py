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
