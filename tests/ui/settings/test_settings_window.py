"""The window of the settings, beside the real main window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cut_off import faults
from displays import needs_xvfb
from ui_fakes import CONFIGURED

from ui.preferences import Preferences, ProgramSettings, ThemeChoice


def choose(box, text: str) -> None:
    """Choose or type a value."""
    box.set(text)
    box.event_generate("<<ComboboxSelected>>")


def test_colours_change_at_once_and_are_remembered(opened, kept):
    """All windows have them, and so has the next one; what can't be used is told beneath its field and not taken."""
    driver, settings = opened()
    choose(settings.general.theme, "Light")
    settings.general.folder.insert(0, "out")
    driver.settle()
    assert "converter-light" == driver.window.style.theme_use()
    assert "#ffffff" == str(driver.window.log_panel.text.cget("background"))
    assert "Type the whole path of the folder, or press Browse." == settings.general.folder_note.text
    driver.press(settings.close_button)
    assert {"theme": "light", "output_dir": ""} == {name: kept(driver)[name] for name in ("theme", "output_dir")}
    driver.window.destroy()
    assert "converter-light" == open_again(driver, opened).window.style.theme_use()


def open_again(driver, opened):
    """Open the next window."""
    return opened(preferences_path=driver.preferences_path)[0]


def test_what_env_says_is_shown_as_such(opened):
    """The theme of `.env` is used and can't be changed."""
    driver, settings = opened(config=replace(CONFIGURED, window_theme="light"))
    assert "converter-light" == driver.window.style.theme_use()
    assert ("Light", True) == (settings.general.theme.get(), settings.general.theme.instate(["disabled"]))
    assert "Set in .env." == settings.general.theme_note.label.cget("text")


def test_the_colours_of_the_system_are_followed(opened, monkeypatch):
    """They are asked for when they are chosen, and again when the window gets the keyboard."""
    system = ["Light"]
    monkeypatch.setattr("darkdetect.theme", lambda: system[0])
    driver, settings = opened()
    choose(settings.general.theme, "As the system has it")
    driver.until(lambda: driver.window.style.theme_use() == "converter-light")
    system[0] = "Dark"
    driver.window.event_generate("<FocusIn>")
    driver.until(lambda: driver.window.style.theme_use() == "converter-dark")


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "2560x1600")], ids=["large"], indirect=True)
def test_a_larger_text(dense_screen, opened, tmp_path):
    """The next window is drawn larger, letters and distances alike, and nothing of it or its settings is cut off."""
    path = tmp_path / "s3_config.json"
    Preferences(program=ProgramSettings(text_percent=200, theme=ThemeChoice.LIGHT)).save(path)
    driver, settings = opened(preferences_path=path)
    driver.until(lambda: settings.window.winfo_viewable())
    window = driver.window
    below = window.output_panel.card.winfo_rooty() - window.source_panel.card.winfo_rooty()
    below -= window.source_panel.card.winfo_height()
    assert 2 * 10 == below
    assert 2 * 13 <= int(window.tk.call("font", "metrics", "TkDefaultFont", "-linespace"))
    while not settings.upload.add.instate(["disabled"]):
        settings.upload.add.invoke()
    found = faults(window)
    for section in settings.sections.tabs():
        settings.sections.select(section)
        driver.settle()
        found += faults(settings.window)
    assert [] == found


def test_rates_reach_the_job(opened):
    """A rate counts when it is typed; while one is wrong, those before count."""
    driver, settings = opened()
    section = settings.qualities
    section.entries["720p"].insert(0, "2000")
    section.entries["480p"].insert(0, "2001")
    assert ("720p must get more bits", True) == (section.note.text[:23], section.entries["720p"].instate(["invalid"]))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.services.plans)
    (plan,) = driver.services.plans
    assert {"720p": 2_000_000, "480p": 1_400_000} == {r.name: r.bit_rate for r in plan.renditions}


def test_a_new_window_begins_as_the_settings_say(opened):
    """Whatever was used last."""
    driver, settings = opened()
    driver.window.variables.output_dir.set("/videos/last")
    general = settings.general
    assert ("tiny", "base", "small") == general.model.cget("values")
    general.folder.insert(0, "/videos/out")
    choose(general.captions, "Off")
    choose(general.model, "small")
    choose(general.language, "German (de)")
    settings.close()
    driver.window.close()
    form = open_again(driver, opened).window.variables.read()
    begun = (form.output_dir, form.transcribe, form.model, form.spoken_language)
    assert ("/videos/out", False, "small", "German (de)") == begun
