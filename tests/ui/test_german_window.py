"""The real window in German: what is chosen means the same, and nothing is cut off."""

from __future__ import annotations

import json
import tkinter
from tkinter import ttk

import pytest
from cut_off import faults
from displays import needs_xvfb
from every_state import EDITOR, JOBS, LISTS, STATES, give_size

from pipeline.job import Codec, EncoderFamily
from pipeline.speech.caption_profiles import TITLES
from ui.advanced import Aim
from ui.engine import ConvertOn
from ui.language import LanguageChoice, shown
from ui.preferences import LimitDays, Preferences, ProgramSettings, ThemeChoice
from ui.widgets.choice_box import ChoiceBox

ALIKE = {
    name
    for name in (*JOBS, *LISTS, *EDITOR)
    if name not in ("token refused", "uploading, unfolded", "list runs", "transcripts", "find in transcripts")
}
"""States that differ from others, which are looked at, in texts that may take more lines or an ellipsis."""


def squeezed(widget: tkinter.Misc) -> list[str]:
    """Return the texts of buttons, and of labels of a fixed width, that are wider than their widget."""
    found = [text for child in widget.winfo_children() for text in squeezed(child)]
    kind, made = widget.winfo_class(), {"TButton": ttk.Button, "TLabel": ttk.Label}
    if kind in made and widget.winfo_ismapped() and int(str(widget.cget("width") or 0)) > 1:
        options = {name: widget.cget(name) for name in ("style", "text", "padding")}
        free = made[kind](widget.winfo_toplevel(), **options)
        if free.winfo_reqwidth() > widget.winfo_width():
            found.append(str(widget.cget("text")))
        free.destroy()
    return found


def choose(driver, box: ttk.Combobox, number: int) -> str:
    """Choose an entry of a list as with the mouse, and return what it says."""
    box.current(number)
    box.event_generate("<<ComboboxSelected>>")
    driver.settle()
    return str(box.get())


@pytest.mark.usefixtures("german")
def test_lists_mean_what_they_say(open_driver):
    """Each entry of each list of the form gives the same job as its English one."""
    driver = open_driver()
    driver.unfold()
    window, read = driver.window, driver.window.variables.read
    panel = window.advanced_panel
    lists = {
        panel.codec: (lambda: read().advanced.codec, list(Codec)),
        panel.encoder: (lambda: read().advanced.encoder, [EncoderFamily.AUTO, EncoderFamily.CPU]),
        panel.aim: (lambda: read().advanced.aim, list(Aim)),
        panel.loudness: (lambda: read().advanced.loudness, [None, -16.0, -23.0, -14.0]),
        panel.speed: (lambda: read().preset, ["veryfast", "medium", "slow"]),
        panel.engine.convert_on: (lambda: read().engine.convert_on, list(ConvertOn)),
        window.transcription_panel.rules: (lambda: read().caption_rules, list(TITLES)),
    }
    for box, (value, expected) in lists.items():
        found = []
        for number in range(len(expected)):
            choose(driver, box, number)
            found.append(value())
        assert expected == found


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("typed", "language"),
    [
        pytest.param("Deutsch (de)", "German (de)", id="chosen"),
        pytest.param("deutsch (DE)", "German (de)", id="typed"),
        pytest.param("de", "de", id="code"),
        pytest.param("Automatisch erkennen", "Detect automatically", id="automatic"),
        pytest.param("Klingonisch", "Klingonisch", id="unknown"),
    ],
)
def test_typed_language(open_driver, typed, language):
    """A language that is typed in German is the one that the form has."""
    driver = open_driver()
    window = driver.window
    window.transcription_panel.language.set(typed)
    assert language == window.variables.spoken_language.get()
    assert typed == window.transcription_panel.language.get()


@pytest.mark.usefixtures("german")
def test_a_list_follows_its_variable(open_driver):
    """What the program chooses is shown in German."""
    driver = open_driver()
    driver.window.variables.advanced.codec.set("HEVC (smaller, newer devices)")
    assert "HEVC (kleiner, neuere Geräte)" == driver.window.advanced_panel.codec.get()


@pytest.mark.usefixtures("german")
def test_settings_mean_what_they_say(open_driver):
    """Each entry of the lists of the settings is kept as in English."""
    driver = open_driver()
    window = driver.window
    window.settings_window.open()
    general, upload = window.settings_window.opened.general, window.settings_window.opened.upload
    for number, choice in enumerate(ThemeChoice):
        choose(driver, general.theme, number)
        assert choice is window.variables.program.theme
    for number, transcribe in enumerate((None, True, False)):
        choose(driver, general.captions, number)
        assert transcribe is window.variables.program.transcribe
    upload.add.invoke()
    for number, days in enumerate(LimitDays):
        choose(driver, upload.rows[0].first, number)
        assert days is window.variables.program.upload_limits[0].days


def test_language_of_the_settings(open_driver):
    """A language that is chosen is kept, and the window has it when it is opened the next time."""
    driver = open_driver()
    window = driver.window
    window.settings_window.open()
    box = window.settings_window.opened.general.own_language
    assert ("As the system has it", "English", "Deutsch") == box.cget("values")
    choose(driver, box, 2)
    assert "Start" == window.actions.start.cget("text")
    driver.until(driver.preferences_path.exists)
    kept = json.loads(driver.preferences_path.read_text(encoding="utf-8"))["program"]["language"]
    assert "de" == kept
    window.destroy()
    again = open_driver(preferences_path=driver.preferences_path).window
    assert "Starten" == again.actions.start.cget("text")
    again.settings_window.open()
    box = again.settings_window.opened.general.own_language
    assert (("Wie im System", "English", "Deutsch"), "Deutsch") == (box.cget("values"), box.get())


@pytest.mark.parametrize(("choice", "text"), [("de", "Abbruch"), ("en", "Cancel")])
def test_dialogs_of_tk(open_driver, tmp_path, monkeypatch, choice, text):
    """Tk's own dialogs have the language of the window, whichever the system has."""
    monkeypatch.setenv("LANGUAGE", "en" if choice == "de" else "de")
    path = tmp_path / "s3_config.json"
    Preferences(program=ProgramSettings(language=LanguageChoice(choice))).save(path)
    window = open_driver(preferences_path=path).window
    said = window.tk.eval("namespace eval ::tk {::msgcat::mc &Cancel}")
    assert text == str(said).replace("&", "")


@needs_xvfb
@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("dense_screen", [(144, "1920x1300")], ids=["scale-1.5"], indirect=True)
@pytest.mark.parametrize("state", [name for name in STATES if name not in ALIKE])
def test_nothing_is_cut_off_in_german(dense_screen, open_driver, state):
    """In every state, German texts fit into the smallest window at one and a half times the size."""
    shown = STATES[state]
    driver = open_driver(shown.services(), config=shown.config)
    window = shown.window(driver)
    give_size(driver, window, "smallest")
    assert ([], []) == (faults(window), squeezed(window))


def test_a_list_goes_before_its_variable(open_driver):
    """The variable of a list lives on when the list is gone."""
    driver = open_driver()
    variable = driver.window.variables.advanced.codec
    box = ChoiceBox(driver.window, variable, (variable.get(),))
    box.destroy()
    variable.set("AV1 (smallest, newest devices)")
    assert shown("AV1 (smallest, newest devices)") == driver.window.advanced_panel.codec.get()
