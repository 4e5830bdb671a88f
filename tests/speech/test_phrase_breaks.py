"""Each place between two words is judged: good for a break, bad, or never."""

from __future__ import annotations

import pytest

from pipeline.speech.phrase_breaks import Break, breaks
from pipeline.speech.phrase_words import LANGUAGES

PLACES = [
    ("en", "We saw it. | Then we left", Break.SENTENCE),
    ("en", 'He said "stop." | Then we left', Break.SENTENCE),
    ("en", "We saw it, | then we left", Break.CLAUSE),
    ("en", "We waited... | then we left", Break.CLAUSE),
    ("en", "We waited | because it rained", Break.CONJUNCTION),
    ("en", "We waited | under the tree", Break.PREPOSITION),
    ("en", "We waited | patiently there", Break.OPEN),
    ("en", "We saw the | tree there", Break.WEAK),
    ("en", "We saw my | tree there", Break.WEAK),
    ("en", "We waited under | trees there", Break.WEAK),
    ("en", "We will | wait there", Break.WEAK),
    ("en", "now we | wait there", Break.WEAK),
    ("en", "We know what it is | and wait there", Break.CONJUNCTION),
    ("en", "We met Mr. | Brown there", Break.NEVER),
    ("en", "We met Mr | Brown there", Break.NEVER),
    ("en", "We met Dr. | Green there", Break.NEVER),
    ("en", "We met Peter | Brown there", Break.NEVER),
    ("en", "We met Vincent | van Gogh there", Break.NEVER),
    ("en", "We heard No. | 5 there", Break.NEVER),
    ("en", "No. | I did not", Break.SENTENCE),
    ("en", "We read J. | K. Rowling there", Break.NEVER),
    ("en", "So do I. | They do", Break.SENTENCE),
    ("en", "We met at 3 p.m. | today there", Break.NEVER),
    ("en", "We met at 3 p.m. | They left", Break.SENTENCE),
    ("en", "We met at 3 | p.m. there", Break.NEVER),
    ("en", "We left the U.S. | Government there", Break.NEVER),
    ("en", "We left the U.S. | The others stayed", Break.SENTENCE),
    ("en", "We have 5 | kg there", Break.NEVER),
    ("en", "We have five | minutes there", Break.NEVER),
    ("en", "We have 5 | million there", Break.NEVER),
    ("en", "We have 5 | apples there", Break.WEAK),
    ("en", "We read chapter | 7 there", Break.NEVER),
    ("en", "We use Python | 3.11 there", Break.NEVER),
    ("en", "We saw cups, plates, etc. | on it", Break.NEVER),
    ("es", "Vimos al Sr. | García allí", Break.NEVER),
    ("es", "Vimos la | casa allí", Break.WEAK),
    ("es", "Esperamos | porque llueve", Break.CONJUNCTION),
    ("fr", "Nous avons vu M. | Dupont ici", Break.NEVER),
    ("fr", "On voit une | maison ici", Break.WEAK),
    ("fr", "On attend | dans la maison", Break.PREPOSITION),
    ("de", "Wir sahen Dr. | Müller dort", Break.NEVER),
    ("de", "Wir kommen am 5. | Mai dort", Break.NEVER),
    ("de", "Wir sahen z.B. | rote Häuser", Break.NEVER),
    ("de", "Wir sahen ein | Haus dort", Break.WEAK),
    ("de", "Wir sahen alte | Häuser dort", Break.WEAK),
    ("de", "Wir warten, | weil es regnet", Break.CLAUSE),
    ("ar", "نحن ننتظر | لأن المطر", Break.CONJUNCTION),
    ("ar", "نحن ننتظر | في البيت", Break.PREPOSITION),
    ("ar", "نحن ننتظر في | البيت", Break.WEAK),
    ("ar", "هل تنتظر؟ | نعم أنتظر", Break.SENTENCE),
    ("hi", "राम घर | में है", Break.WEAK),
    ("hi", "राम आया | और गया", Break.CONJUNCTION),
    ("hi", "राम आया। | सीता गयी", Break.SENTENCE),
    ("pt", "Vimos o Sr. | Silva ali", Break.NEVER),
    ("pt", "Vimos uma | casa ali", Break.WEAK),
    ("it", "Vediamo una | casa lì", Break.WEAK),
    ("it", "Ecco il dott. | Rossi lì", Break.NEVER),
    ("xx", "Abc def. | Ghi jkl", Break.SENTENCE),
    (None, "Abc def | ghi jkl", Break.OPEN),
]


@pytest.mark.parametrize(("language", "text", "expected"), PLACES, ids=[f"{lang} {text}" for lang, text, _ in PLACES])
def test_places_are_judged(language: str | None, text: str, expected: Break):
    """What stands on both sides decides."""
    left, right = text.split(" | ")
    assert expected is breaks([*left.split(), *right.split()], language)[len(left.split())]


def test_a_sign_by_itself_stays_with_the_word_before():
    """A dash never begins a line."""
    assert Break.NEVER is breaks(["word", "–", "word"], "en")[1]


def test_languages_with_a_country_have_the_words_of_the_language():
    """Codes such as `pt-BR` are read."""
    assert breaks(["vimos", "uma", "casa"], "pt-BR") == breaks(["vimos", "uma", "casa"], "pt")


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_written_as_they_are_looked_for(language: str):
    """Every word of the tables is in lower case and without a full stop at its end, or it would never be found."""
    known = LANGUAGES[language]
    words = frozenset().union(*(getattr(known, name) for name in vars(known)))
    assert [] == [word for word in words if word != word.lower() or word.endswith(".")]
