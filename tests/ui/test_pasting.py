"""Long texts that are pasted by mistake: the window answers, and shows of them what it has room for."""

from __future__ import annotations

import time

import pytest

from pipeline.errors import Problem, SourceError
from pipeline.preflight_answers import Refused
from ui.banners import MOST_PASTED
from ui.messages import LogEntry
from ui.view_state import WindowStage
from ui.widgets.elided import MOST_SHOWN, elided

LONG = {"one word": "x" * 1_000_000, "words": "word " * 200_000, "lines": "line\n" * 200_000}
MOST_S = 2.0
"""Of the processor: much more than what is right needs on any machine, much less than a megabyte in a field takes."""
REFUSED = "Not pasted: the text is too long."


def fields(driver):
    """Return every field that can be typed into, with its panel open."""
    for name, variable in vars(driver.window.variables).items():
        if name.endswith("_open"):
            variable.set(True)
    driver.settle()
    found = [one for one in driver.tree(driver.window) if one.winfo_class() in ("TEntry", "TCombobox")]
    return [one for one in found if not one.instate(["disabled"]) and not one.instate(["readonly"])]


def paste(driver, field, text: str, event: str = "<<Paste>>") -> float:
    """Paste a text and return how long the window was busy with it, in seconds of the processor."""
    driver.window.clipboard_clear()
    driver.window.clipboard_append(text)
    field.focus_force()
    driver.settle()
    begun = time.thread_time()
    field.event_generate(event)
    driver.settle()
    return time.thread_time() - begun


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_megabyte_is_pasted_into_no_field(open_driver, text):
    """Each field keeps what it had, the window answers at once, and banner and log say why."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.window.variables.advanced.encrypt.set(True)
    found = fields(driver)
    assert len(found) > 10
    for field in found:
        before = field.get()
        assert paste(driver, field, text) < MOST_S, field
        assert before == field.get()
    driver.until(lambda: driver.banner == REFUSED)
    assert "It has 1,000,000 characters, and a field takes 8,000. Nothing was changed." == driver.sentences
    assert all(line.startswith(REFUSED) for line in driver.log)


def test_what_was_selected_stays(open_driver):
    """A text that is refused takes nothing away."""
    driver = open_driver()
    driver.fill()
    entry = driver.window.source_panel.entry
    entry.selection_range(0, "end")
    paste(driver, entry, LONG["words"])
    assert "/videos/lesson01.mp4" == entry.get()


def test_the_middle_button_pastes_as_little(open_driver):
    """What is selected in another window can be as long."""
    driver = open_driver()
    entry = driver.window.source_panel.entry
    selected = [""]
    driver.window.selection_handle(lambda first, most: selected[0][int(first) : int(first) + int(most)])
    driver.window.selection_own()
    for text, pasted in ((LONG["words"], ""), ("/videos/a.mp4", "/videos/a.mp4")):
        selected[0] = text
        entry.event_generate("<<PasteSelection>>", x=4, y=4)
        driver.settle()
        assert pasted == entry.get()


def test_what_fits_is_pasted_everywhere(open_driver):
    """The longest text that a field takes holds up nothing, and replaces what is selected."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.window.variables.advanced.encrypt.set(True)
    text = "/" + "x" * (MOST_PASTED - 1)
    for field in fields(driver):
        field.selection_range(0, "end")
        assert paste(driver, field, text) < MOST_S, field
        assert text == field.get()


def test_a_running_job_is_told_as_before(open_driver):
    """What is refused meanwhile stands in the log alone."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.services.run = lambda plan, sink, cancel: cancel.wait(60)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.RUNNING)
    before = driver.banner
    paste(driver, driver.window.upload_panel.limit, LONG["words"])
    driver.until(lambda: driver.log[-1].startswith(REFUSED))
    assert before == driver.banner
    driver.window.controller.cancel()


def test_a_long_message_does_not_lock_the_window(open_driver):
    """Beneath a field, in banner and log it is elided, and the banner keeps its height."""
    driver = open_driver()
    driver.fill()
    window = driver.window
    height = window.banner_panel.frame.winfo_height()
    text = f"{LONG['one word']} is not there: choose another file."
    begun = time.thread_time()
    window.controller.receive(Refused(problems=(Problem(text=text),)))
    window.log_panel.append([LogEntry(text=text)])
    driver.settle()
    assert time.thread_time() - begun < MOST_S
    assert height == window.banner_panel.frame.winfo_height()
    assert (MOST_SHOWN, True) == (len(driver.sentences), driver.sentences.endswith("choose another file."))
    assert len(driver.log[-1]) < 2100


def test_the_banner_scrolls(open_driver):
    """More than it has room for can be read, from the top."""
    driver = open_driver()
    problems = tuple(Problem(text=f"Problem {number} is to be put right.") for number in range(3))
    driver.window.controller.receive(Refused(problems=problems))
    driver.settle()
    news = driver.window.banner_panel.news
    assert (0.0, 1.0) == news.yview()
    long = tuple(Problem(text=f"Problem {number} " + "is to be put right. " * 20) for number in range(3))
    driver.window.controller.receive(Refused(problems=long))
    driver.settle()
    first, last = news.yview()
    assert (0.0, True) == (first, last < 1.0)
    news.yview_moveto(1.0)
    assert 1.0 == news.yview()[1]


def test_a_source_with_a_long_reason(open_driver):
    """A path of thousands of characters is refused beneath its field, which stays in view."""
    driver = open_driver()
    driver.services.media = SourceError(f"/{'x' * 7000} can't be read (File name too long): choose another file.")
    driver.window.variables.source.set("/" + "x" * 7000)
    driver.window.controller.look_at_source("/" + "x" * 7000)
    driver.until(lambda: driver.window.controller.state.source.problem)
    driver.settle()
    assert driver.in_view(driver.window.output_panel.entry)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("1234567890", "1234567890"), ("1234567890a", "12345…890a"), ("a" * 100, "aaaaa…aaaa")],
    ids=["nothing", "fits", "one too many", "long"],
)
def test_elided(text, shown):
    """Beginning and end stay."""
    assert shown == elided(text, 10)
