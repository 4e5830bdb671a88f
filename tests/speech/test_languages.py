"""Languages have names that people read."""

from __future__ import annotations

from faster_whisper.tokenizer import _LANGUAGE_CODES

from pipeline.speech.languages import LANGUAGE_NAMES, language_name


def test_every_language_of_whisper_has_a_name():
    """The table holds exactly the codes that faster-whisper knows."""
    assert set(_LANGUAGE_CODES) == set(LANGUAGE_NAMES)


def test_names():
    """A code is named in English; an unknown one stands for itself."""
    assert ["Haitian Creole", "English", "tlh"] == [language_name("ht"), language_name("en"), language_name("tlh")]
