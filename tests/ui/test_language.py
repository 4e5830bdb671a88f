"""Which language the windows have."""

import pytest

from ui import language
from ui.language import LanguageChoice, in_order, number, shown, use


@pytest.fixture(autouse=True)
def _english_afterwards():
    """Leave the language as it was."""
    yield
    use(LanguageChoice.ENGLISH)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    """A system that says nothing about its language."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        pytest.param({}, "en", id="nothing"),
        pytest.param({"LANG": "C.UTF-8"}, "en", id="C"),
        pytest.param({"LANG": "de_DE.UTF-8"}, "de", id="LANG"),
        pytest.param({"LANG": "de_AT.UTF-8"}, "de", id="a region"),
        pytest.param({"LC_ALL": "de_DE.UTF-8", "LANG": "en_GB.UTF-8"}, "de", id="LC_ALL"),
        pytest.param({"LC_MESSAGES": "en_GB.UTF-8", "LANG": "de_DE.UTF-8"}, "en", id="LC_MESSAGES"),
        pytest.param({"LANGUAGE": "fr:de", "LANG": "fr_FR.UTF-8"}, "de", id="the next best"),
        pytest.param({"LANGUAGE": "en:de", "LANG": "en_US.UTF-8"}, "en", id="English before German"),
        pytest.param({"LANG": "ja_JP.UTF-8"}, "en", id="another"),
    ],
)
def test_system(monkeypatch, environment, code):
    """The system's language counts, as gettext reads it; what there is no catalogue of is English."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert code == use(LanguageChoice.SYSTEM)


@pytest.mark.parametrize("choice", [LanguageChoice.ENGLISH, LanguageChoice.GERMAN], ids=lambda choice: choice.name)
def test_choice(monkeypatch, choice):
    """What the settings say goes before the system."""
    monkeypatch.setenv("LANG", "de_DE.UTF-8" if choice is LanguageChoice.ENGLISH else "C.UTF-8")
    assert choice.value == use(choice)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_system_without_environment(monkeypatch, platform):
    """On Windows and on a Mac the language is the one that Tcl finds there."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("tkinter.Tcl", lambda: type("Tcl", (), {"call": lambda self, *words: "de_de"})())
    assert "de" == use(LanguageChoice.SYSTEM)


def test_german():
    """In German, texts, numbers and the order of labels are German."""
    use(LanguageChoice.GERMAN)
    assert ["Schließen", "etwa 1,5 Stunden", "1,5"] == [language._("Close"), shown("about 1.5 hours"), number("1.5")]
    assert ("Detect automatically", "German (de)", "English (en)") == in_order(
        ("Detect automatically", "English (en)", "German (de)")
    )


def test_english():
    """In English everything is as the code has it."""
    assert ["Close", "about 1.5 hours", "1.5"] == [language._("Close"), shown("about 1.5 hours"), number("1.5")]
