"""The sections of the form that fold, in the real window."""

from __future__ import annotations

import pytest
from ui_fakes import NOT_CONFIGURED, FakeServices

from pipeline.errors import Problem, Setting


def text_of(widget) -> str:
    """Return what a label or button says."""
    return str(widget.cget("text"))


def test_every_part_is_in_view_at_first(open_driver):
    """Source, output, captions, upload and advanced are whole at the size that the window opens with, and nothing
    scrolls.
    """
    driver = open_driver()
    driver.fill(upload=True)
    window = driver.window
    cards = (window.source_panel, window.output_panel, window.transcription_panel, window.upload_panel)
    assert [True] * 5 == [driver.in_view(panel.card) for panel in (*cards, window.advanced_panel)]
    assert (0.0, 1.0) == window.settings.yview()


def test_what_matters_most_is_changed_without_unfolding(open_driver):
    """Captions and upload are ticked beside their titles, and what will happen stands beneath."""
    driver = open_driver()
    driver.fill()
    panels = (driver.window.transcription_panel, driver.window.upload_panel)
    for panel in panels:
        driver.press(panel.enable)
    assert ["Without captions", "To videos/lesson01/ · with a 480p MP4"] == [
        text_of(panel.card.summary) for panel in panels
    ]


def test_turning_the_upload_on_shows_where_the_files_go(open_driver):
    """Whoever ticks the box by hand has its settings in front of them; turning it off folds nothing."""
    driver = open_driver()
    panel = driver.window.upload_panel
    assert not panel.card.body.winfo_viewable()
    driver.press(panel.enable)
    driver.until(panel.card.body.winfo_viewable)
    driver.press(panel.enable)
    assert panel.card.body.winfo_viewable()


@pytest.mark.parametrize("name", ["transcription_panel", "upload_panel", "advanced_panel"])
def test_a_section_that_was_open_is_open_again(open_driver, name):
    """The others are folded."""
    driver = open_driver()
    driver.press(getattr(driver.window, name).card.toggle)
    driver.window.close()
    again = open_driver()
    names = ("transcription_panel", "upload_panel", "advanced_panel")
    assert [name] == [one for one in names if getattr(again.window, one).card.body.winfo_viewable()]


def test_a_problem_opens_its_section(open_driver):
    """What must be put right for the upload is in view when Start was refused."""
    problem = Problem(text="No backend address is given.", setting=Setting.BACKEND_URL)
    driver = open_driver(FakeServices(problems=(problem,)), config=NOT_CONFIGURED)
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    note = driver.window.upload_panel.notes[Setting.BACKEND_URL]
    driver.until(lambda: note.text)
    driver.until(lambda: driver.in_view(note.label))
    assert problem.text in note.text
