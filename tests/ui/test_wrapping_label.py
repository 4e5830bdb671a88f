"""Sentences in a column of fixed width."""

from __future__ import annotations

from ui.widgets.wrapping_label import WrappingLabel


def test_a_sentence_wraps_and_widens_nothing(open_driver):
    """The label asks for next to no width and takes the lines it needs at the width it is given."""
    driver = open_driver()
    label = WrappingLabel(
        driver.window, bootstyle="default", text="A sentence that is much longer than the label is wide. " * 3
    )
    assert label.winfo_reqwidth() < 30
    label.place(x=0, y=0, width=600)
    driver.settle()
    two_lines = label.winfo_reqheight()
    label.place_configure(width=200)
    driver.settle()
    assert label.winfo_reqheight() > two_lines
