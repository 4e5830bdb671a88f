"""Languages between the list and Whisper's codes."""

from __future__ import annotations

import pytest

from ui.spoken_languages import AUTOMATIC, choices, code_of, language_text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (AUTOMATIC, None),
        ("", None),
        ("auto", None),
        ("German (de)", "de"),
        ("german", "de"),
        (" DE ", "de"),
        ("Haitian Creole (ht)", "ht"),
        ("yue", "yue"),
    ],
    ids=["automatic", "empty", "auto", "entry", "name", "code", "two words", "three letters"],
)
def test_code_of(text, code):
    """Entries, names and codes are understood, in any case."""
    assert code == code_of(text)


def test_unknown_language():
    """What is not a language is refused."""
    with pytest.raises(ValueError, match="Klingon"):
        code_of("Klingon")


def test_every_choice_is_understood():
    """The list offers automatic first and nothing that is refused afterwards."""
    assert AUTOMATIC == choices()[0]
    assert 90 < len({code_of(choice) for choice in choices()})


def test_choices_are_sorted_by_name():
    """A person finds a language by its name."""
    assert list(choices()[1:]) == sorted(choices()[1:])


@pytest.mark.parametrize("text", choices())
def test_a_code_leads_back_to_its_text(text):
    """What the list shows for a remembered code is the entry that was chosen."""
    assert text == language_text(code_of(text))


def test_a_code_that_is_not_known_any_more_is_automatic():
    """The list never shows what it does not offer."""
    assert AUTOMATIC == language_text("tlh")
