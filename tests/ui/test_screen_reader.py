"""What a screen reader is told of the window: by a stand-in for the `tk accessible` of Tk 9.1."""

from __future__ import annotations

import pytest
from tab_order import controls, told
from ui_fakes import NOT_CONFIGURED, FakeServices, Upload

from ui import screen_reader
from ui.screen_reader import name_of


def unnamed(*tops) -> list[str]:
    """Return the controls of windows of which nobody could say what they are."""
    return [told(one) for top in tops for one in controls(top) if not name_of(one).strip()]


def test_everything_has_a_name(open_driver):
    """Each control of the main window, unfolded and with videos in the list, and of the windows beside it."""
    driver = open_driver(FakeServices(run=Upload()), config=NOT_CONFIGURED)
    window = driver.window
    driver.list_videos(2)
    found = unnamed(window)
    window.list_or_log.show("Log")
    window.queue_panel.tree.selection_set(())
    driver.fill(upload=True)
    driver.unfold()
    window.machine_check.open(first_time=True)
    window.history.open()
    window.frames.open()
    window.settings_window.open()
    window.results.open(driver.preferences_path.parent)
    driver.settle()
    found += unnamed(window, window.machine_check.opened.window, window.history.window.window, window.results.window)
    found += unnamed(window.frames.window.window)
    settings = window.settings_window.opened
    settings.backends.add.invoke()
    settings.upload.add.invoke()
    for tab in settings.sections.tabs():
        settings.sections.select(tab)
        driver.settle()
        found += unnamed(settings.window)
    assert "" == "\n".join(found)


STAND_IN = """
set ::told {}
proc ::accessible_stand_in {command args} {
    if {$command eq "check_screenreader"} {return 1}
    lappend ::told [list $command {*}$args]
}
namespace eval ::tk::accessible {}
proc ::tk::accessible::speak {text} {lappend ::told [list speak $text]}
set commands [namespace ensemble configure tk -map]
namespace ensemble configure tk -map [dict merge $commands {accessible ::accessible_stand_in}]
"""
"""What Tk 9.1 has where a screen reader runs (doc/accessible.n, library/accessibility.tcl), as far as it is used: each
call is written down."""


@pytest.fixture
def heard(open_driver):
    """A window beside a screen reader, and a function that returns what that was told since it was asked last."""
    driver = open_driver(FakeServices(run=Upload(), conflict="The output folder holds another video."))
    tk = driver.window.tk
    tk.eval(STAND_IN)
    screen_reader.follow(driver.window)

    def told_since() -> list[tuple[str, ...]]:
        driver.settle()
        calls = [tuple(map(str, tk.splitlist(call))) for call in tk.splitlist(tk.eval("set ::told"))]
        tk.eval("set ::told {}")
        return calls

    return driver, told_since


def test_controls_are_named_when_they_are_shown(heard):
    """By the label in front of them; what stands beneath is said as help."""
    driver, told_since = heard
    driver.window.settings_window.open()
    driver.settle()
    general = driver.window.settings_window.opened.general
    calls = told_since()
    folder = str(general.folder)
    expected = {
        ("set_acc_name", folder, "Output folder"),
        ("set_acc_description", folder, general.folder_note.label.cget("text")),
        ("set_acc_help", folder, general.folder_note.label.cget("text")),
        ("set_acc_name", str(general.theme), "Colours"),
    }
    assert expected <= set(calls)


def test_a_problem_is_said_where_it_is(heard):
    """As soon as it stands beneath the field."""
    driver, told_since = heard
    driver.window.settings_window.open()
    general = driver.window.settings_window.opened.general
    told_since()
    general.text_size.set("5 %")
    problem = general.text_note.text
    assert problem
    assert ("set_acc_help", str(general.text_size), problem) in told_since()


def test_news_and_progress_are_said(heard):
    """A question is announced whole, and a bar has its figure as its value."""
    driver, told_since = heard
    window = driver.window
    driver.fill()
    told_since()
    driver.press(window.actions.start)
    driver.until(lambda: driver.choices)
    text = f"{driver.banner}\n{driver.sentences}"
    calls = told_since()
    title = str(window.banner_panel.title)
    assert [("set_acc_value", title, text), ("emit_selection_change", title), ("speak", text)] == [
        call for call in calls if title in call or call[0] == "speak"
    ][-3:]
    window.banner_panel.buttons[0].invoke()
    driver.until(lambda: driver.rows["720p"][0] == "40%")
    bar = next(row for row in window.progress_panel.rows if row.label.cget("text") == "720p").progress
    calls = told_since()
    assert ("set_acc_value", str(bar), "40%") in calls
    assert "720p" == name_of(bar)


def test_a_row_is_said_whole(heard):
    """With its name, which Tk leaves out, its length and how it stands."""
    driver, told_since = heard
    driver.list_videos(2)
    tree = driver.window.queue_panel.tree
    driver.until(lambda: all(tree.item(row)["values"][0] for row in tree.get_children()))
    tree.focus_force()
    told_since()
    tree.event_generate("<Down>")
    calls = told_since()
    spoken = [value for command, *_, value in calls if command == "speak"]
    assert "lesson01.mp4 · Web, 0:14, Not started" == spoken[0]  # what the banner says of it may follow at once


def test_where_tk_tells_nobody(open_driver):
    """A Tk before 9.1 has no such command: nothing is tried again, and nothing fails."""
    driver = open_driver()
    screen_reader.announce(driver.window.banner_panel.title, "news")
    assert not screen_reader._is_told(driver.window)
