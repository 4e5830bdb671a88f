"""Containers' words for languages."""

from __future__ import annotations

import pytest

from pipeline.media.source.language_tags import TWO_LETTERS, language_tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("fre", "fr"),
        ("fra", "fr"),
        ("EN", "en"),
        ("gsw", "gsw"),
        ("pt-br", "pt-BR"),
        ("en_US", "en-US"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("eng,deu", "en"),
        ("und", None),
        ("zxx", None),
        ("", None),
        (None, None),
        ("English", None),
    ],
    ids=str,
)
def test_a_language_gets_the_shortest_code(text, tag):
    """Three letters become two where there are two; what is not a code is unknown."""
    assert tag == language_tag(text)


def test_every_two_letter_language_is_known():
    """ISO 639-1 has 183 languages; 20 of them have two three-letter codes."""
    assert (183, 203) == (len(set(TWO_LETTERS.values())), len(TWO_LETTERS))
