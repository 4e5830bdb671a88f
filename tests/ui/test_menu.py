"""The menu bar: its entries, when they do something, and their shortcuts."""

from __future__ import annotations

import pytest
from ui_fakes import FakeServices, Upload

from pipeline.errors import OutputError
from ui.menu import MenuCommand, key_events, shown_key
from ui.menu_bar import menus
from ui.messages import DiagnosticsSaved
from ui.view_state import WindowStage
from ui.widgets.menu_letters import letters
from ui.widgets.text_menu import TextMenu


@pytest.mark.parametrize(
    ("key", "shown", "events"),
    [
        ("", "", ()),
        ("o", "Ctrl+O", ("<Control-o>", "<Control-Lock-O>")),
        ("Shift-O", "Ctrl+Shift+O", ("<Control-Shift-O>", "<Control-Lock-Shift-o>")),
        ("Return", "Ctrl+Enter", ("<Control-Return>", "<Control-KP_Enter>")),
        ("comma", "Ctrl+,", ("<Control-Key-comma>",)),
        ("1", "Ctrl+1", ("<Control-Key-1>",)),
        ("F1", "F1", ("<F1>",)),
    ],
)
def test_keys(key, shown, events):
    """A key is shown as it is printed on the keyboard, and is bound with and without Caps Lock."""
    assert (shown, events) == (shown_key(key), key_events(key))


def enabled(driver) -> set[str]:
    """Return the labels of the entries that do something now, but for those of Edit."""
    found = set()
    for label, menu in driver.window.menu_bar.menus.items():
        for number in range(menu.index("end") + 1) if label != "Edit" else ():
            if menu.type(number) == "command" and str(menu.entrycget(number, "state")) != "disabled":
                found.add(menu.entrycget(number, "label"))
    return found


def test_every_shortcut_is_one_entrys(open_driver):
    """No two entries have the same key or label, and no two menus open with the same letter."""
    window = open_driver().window
    table = menus(window, TextMenu(window))
    commands = [entry for menu in table for entry in menu.entries if isinstance(entry, MenuCommand)]
    keys = [command.key for command in commands if command.key]
    letters = [menu.label.partition("&")[2][:1] for menu in table]
    labels = [command.label for command in commands]
    assert [(len(keys), len(labels), len(letters))] == [(len(set(keys)), len(set(labels)), len(set(letters)))]


def test_entries_follow_the_window(open_driver):
    """An entry does something when its button would; its shortcut does nothing when it would not."""
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    window = driver.window
    assert {"Choose video…", "Start", "Transcripts…", "Reset settings"} <= enabled(driver)
    assert set() == {"Cancel", "Pause upload", "Resume upload", "Open folder"} & enabled(driver)
    driver.fill(upload=True)
    window.focus_force()
    driver.settle()
    window.event_generate("<Control-Shift-P>")
    window.event_generate("<Control-Return>")
    run.encoding.wait_until_reached()
    run.encoding.release()
    run.uploading.wait_until_reached()
    driver.until(lambda: "Pause upload" in enabled(driver))
    assert set() == {"Start", "Choose video…", "Resume upload"} & enabled(driver)
    window.event_generate("<Control-Shift-P>")
    driver.until(lambda: "Resume upload" in enabled(driver))
    window.event_generate("<Control-period>")
    driver.until_stage(WindowStage.READY)


def test_edit_acts_on_the_field_with_the_keyboard(open_driver):
    """Select all and Cut do to a field what its own menu does; a button with the keyboard is left alone."""
    driver = open_driver()
    window = driver.window
    field, edit = window.output_panel.entry, window.menu_bar.menus["Edit"]
    field.insert(0, "/videos/out")
    field.focus_force()
    driver.settle()
    edit.invoke("Select all")
    edit.invoke("Cut")
    driver.settle()
    assert ("", "/videos/out") == (field.get(), window.clipboard_get())
    window.actions.start.focus_force()
    driver.settle()
    edit.invoke("Paste")
    driver.settle()
    assert "" == field.get()


def test_view_folds_the_sections(open_driver):
    """An entry of View has a tick while its section is unfolded, and changes that."""
    driver = open_driver()
    driver.window.menu_bar.menus["View"].invoke("Advanced")
    assert driver.window.variables.advanced_open.get()


def test_diagnostics_are_saved(open_driver, tmp_path, monkeypatch):
    """The entry asks for a file, and the banner says what became of it; a dialog that is closed saves nothing."""
    driver = open_driver()
    saved, answers = [], [str(tmp_path / "a.zip"), str(tmp_path / "taken.zip"), ""]

    def save(path, config):
        saved.append(path)
        if path.name == "taken.zip":
            raise OutputError(f"{path} already exists.")
        return DiagnosticsSaved(text=f"{path} has no token.")

    monkeypatch.setattr("tkinter.filedialog.asksaveasfilename", lambda **_: answers.pop(0))
    monkeypatch.setattr("ui.diagnostics.save", save)
    entry = driver.window.menu_bar.menus["Help"]
    entry.invoke("Save diagnostics…")
    driver.until(lambda: driver.banner == "The diagnostics were saved.")
    entry.invoke("Save diagnostics…")
    driver.until(lambda: driver.banner == "The diagnostics were not saved.")
    entry.invoke("Save diagnostics…")
    assert [tmp_path / "a.zip", tmp_path / "taken.zip"] == saved
    assert [f"{tmp_path / 'a.zip'} has no token.", f"{tmp_path / 'taken.zip'} already exists."] == driver.log


@pytest.mark.parametrize(
    ("labels", "chosen"),
    [
        (["Cut", "Copy", "Paste", "Select all"], "CoPS"),
        (["Choose video…", "Choose output folder…", "Open folder"], "CoF"),
        (["Ä", "ä", "1.", ""], "Ä-1-"),
    ],
    ids=["same beginning", "words", "nothing left"],
)
def test_letters_of_entries(labels, chosen):
    """Each entry has a letter of its own, one that begins a word if there is one."""
    places = letters(labels)
    found = "".join("-" if place < 0 else label[place] for label, place in zip(labels, places, strict=True))
    assert chosen.casefold() == found.casefold()


def test_every_entry_has_a_letter(open_driver):
    """In every menu of the window but the longest, which has more entries than its last has letters left."""
    window = open_driver().window
    without = {
        name: int(menu.entrycget(place, "underline"))
        for name, menu in window.menu_bar.menus.items()
        for place in range(int(menu.index("end")) + 1)
        if menu.type(place) != "separator" and int(menu.entrycget(place, "underline")) < 0
    }
    assert without.keys() <= {"List"}


def test_the_menu_of_the_list_is_opened_by_a_key(open_driver):
    """With an entry chosen that does something."""
    driver = open_driver()
    driver.list_videos(2)
    panel = driver.window.queue_panel
    panel.tree.focus_force()
    panel.tree.event_generate("<Down>")
    driver.settle()
    panel.tree.event_generate("<Shift-F10>")
    driver.settle()
    try:
        assert (True, "active") == (bool(panel.menu.winfo_viewable()), panel.menu.entrycget("active", "state"))
    finally:
        panel.menu.unpost()
