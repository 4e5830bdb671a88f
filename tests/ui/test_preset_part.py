"""The list of presets in the real window."""

from __future__ import annotations

from dataclasses import replace
from tkinter import filedialog

import pytest
from ui_fakes import CONFIGURED

from config import Config
from pipeline.presets.library import read_library, read_preset
from pipeline.presets.shipped import SHIPPED
from ui.panels import preset as part
from ui.panels.preset import DELETE, EXPORT, IMPORT, RENAME, SAVE, SAVE_AS, PresetPart

ODD_NAME = '{My "best" [exit] $x}'


@pytest.fixture
def config(tmp_path) -> Config:
    """A computer with a folder for presets."""
    return replace(CONFIGURED, data_dir=tmp_path / "data")


def choose(presets: PresetPart, name: str) -> None:
    """Choose a preset as with the mouse."""
    presets.list.tk.call(presets.list.cget("postcommand"))
    presets.list.current(list(presets.list.cget("values")).index(name))
    presets.list.event_generate("<<ComboboxSelected>>")


def answer(presets: PresetPart, action: str, typed: str = "") -> None:
    """Choose an action of the menu, type a name and press the button."""
    presets.menu.invoke(action)
    presets.name_row.entry.delete(0, "end")
    presets.name_row.entry.insert(0, typed)
    presets.name_row.yes.invoke()


def enabled(presets: PresetPart) -> list[str]:
    """Return which actions of the menu do something."""
    presets.list.tk.call(presets.menu.cget("postcommand"))
    return [label for label in presets.actions if presets.menu.entrycget(label, "state") == "normal"]


def test_a_preset_s_life(open_driver, config, tmp_path, monkeypatch):
    """Chosen, changed, saved under a name, changed and saved again, there at the next start, renamed, deleted."""
    driver = open_driver(config=config)
    presets, variables = driver.window.output_panel.presets, driver.window.variables
    assert ("Web", [SAVE_AS, IMPORT, EXPORT]) == (presets.list.get(), enabled(presets))
    choose(presets, "Course")
    assert ("Course", SHIPPED[0].settings.qualities, "95") == (
        presets.list.get(),
        variables.read().qualities,
        variables.advanced.target.get(),
    )
    variables.make_mp4.set(False)
    assert ("Course (changed)", [SAVE_AS, IMPORT, EXPORT]) == (presets.list.get(), enabled(presets))
    answer(presets, SAVE_AS, "course")
    assert ("There is a preset Course already: choose another name.", True) == (
        presets.note.text,
        presets.name_row.frame.winfo_manager() == "place",
    )
    presets.name_row.entry.delete(0, "end")
    presets.name_row.entry.insert(0, ODD_NAME)
    presets.name_row.yes.invoke()
    assert (ODD_NAME, "", "", [SAVE_AS, RENAME, DELETE, IMPORT, EXPORT]) == (
        presets.list.get(),
        presets.note.text,
        presets.name_row.frame.winfo_manager(),
        enabled(presets),
    )
    variables.qualities["360p"].set(True)
    assert (f"{ODD_NAME} (changed)", True) == (presets.list.get(), SAVE in enabled(presets))
    presets.menu.invoke(SAVE)
    assert (ODD_NAME, ("1080p", "480p", "360p")) == (
        presets.list.get(),
        read_library(config.data_dir).find(ODD_NAME).settings.qualities,
    )
    exported = tmp_path / "mine.json"
    monkeypatch.setattr(filedialog, "asksaveasfilename", lambda **_: str(exported))
    presets.menu.invoke(EXPORT)
    assert (ODD_NAME, False) == (read_preset(exported).name, read_preset(exported).settings.make_mp4)
    driver.window.save_settings()
    driver.window.close()

    driver = open_driver(config=config)
    presets = driver.window.output_panel.presets
    assert ODD_NAME == presets.list.get()
    answer(presets, RENAME, "Größe 1")
    assert ("Größe 1", "Größe 1") == (presets.list.get(), read_library(config.data_dir).names[-1])
    monkeypatch.setattr(filedialog, "askopenfilename", lambda **_: str(exported))
    presets.menu.invoke(IMPORT)
    assert ODD_NAME == presets.list.get()
    presets.menu.invoke(IMPORT)
    assert [ODD_NAME, "Größe 1"] == sorted(read_library(config.data_dir).files, key=len, reverse=True)
    answer(presets, DELETE)
    presets.menu.invoke(DELETE)
    presets.name_row.no.invoke()
    assert ("Größe 1", ["Größe 1"]) == (presets.list.get(), list(read_library(config.data_dir).files))


def test_a_file_that_is_none_is_named(open_driver, config, tmp_path, monkeypatch):
    """One that is imported beneath the list, one in the folder in the log; the others can be chosen."""
    folder = config.data_dir / "presets"
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{")
    driver = open_driver(config=config)
    presets = driver.window.output_panel.presets
    driver.until(lambda: any("broken.json is not a preset" in line for line in driver.log))
    (tmp_path / "other.json").write_text('{"kind": "preset", "schema": 99}')
    monkeypatch.setattr(part.filedialog, "askopenfilename", lambda **_: str(tmp_path / "other.json"))
    presets.menu.invoke(IMPORT)
    assert ("Web", True) == (presets.list.get(), "other.json is a preset of a newer version" in presets.note.text)
    choose(presets, "Audio only")
    ticks = driver.window.output_panel.qualities.values()
    assert ("", "Audio only", True) == (
        presets.note.text,
        presets.list.get(),
        all(tick.instate(["disabled"]) for tick in ticks),
    )
