"""Finished sentences are translated by the templates that they were made from."""

import pytest

from ui.sentences import Sentences

GERMAN = {
    "Done": "Fertig",
    "waiting for an answer": "wartet auf eine Antwort",
    "captions": "Untertitel",
    "German": "Deutsch",
    "{path} is not a file: check it.": "{path} ist keine Datei: prüfen.",
    "{path} is not a file: check it. {more}": "{path} ist keine Datei: prüfen. {more}",
    "{name} failed": "{name} ist fehlgeschlagen",
    "Failed: {error}": "Fehlgeschlagen: {error}",
    "about {hours:.1f} hours": "etwa {hours:.1f} Stunden",
    "{free:,} of {all:,} bytes are free": "Von {all:,} Byte sind {free:,} frei",
    "{minutes} minute left": "noch {minutes} Minute",
    "{minutes} minutes left": "noch {minutes} Minuten",
    "to {destination}": "nach {destination}",
    "failed": "Fehler",
    "{a} of {b}": "{a} von {b}",
    "missing at {where}{more}": "fehlt bei {where}{more}",
    " and {others} more places": " und {others} weiteren Stellen",
    "{what}{path} is gone": "{what}{path} ist weg",
    "all of ": "alles von ",
    "{prefix} on {server}": "{prefix} auf {server}",
    "subtitles ({}), left out, since {} has them": "Untertitel ({}) ausgelassen, denn {} hat sie",
    "a set of {{braces}}": "eine Menge in {{Klammern}}",
    **{"video": "Video", "videos": "Videos", "added": "hinzugefügt", "deleted": "gelöscht"},
    "is an archive: unpack it.": "ist ein Archiv: auspacken.",
    "The upload is paused.": "Das Hochladen ist angehalten.",
    "Start it again.": "Neu starten.",
}


def backwards(day):
    """Write a day with the year at its end."""
    return ".".join(reversed(day.split("-")))


def in_german(number):
    """Write a number with a comma."""
    return number.translate({ord(","): ".", ord("."): ","})


@pytest.fixture
def shown():
    """Translate into German."""
    return Sentences(GERMAN, in_german, backwards, " und ").shown


@pytest.mark.parametrize(
    ("english", "german"),
    [
        pytest.param("Done", "Fertig", id="whole"),
        pytest.param("Waiting for an answer", "Wartet auf eine Antwort", id="capitalised"),
        pytest.param("/a b/c.mp4 is not a file: check it.", "/a b/c.mp4 ist keine Datei: prüfen.", id="field"),
        pytest.param("Done\nb.mp4 failed", "Fertig\nb.mp4 ist fehlgeschlagen", id="lines"),
        pytest.param("Done failed", "Done ist fehlgeschlagen", id="a name is no text"),
        pytest.param(
            "Failed: /x is not a file: check it.", "Fehlgeschlagen: /x ist keine Datei: prüfen.", id="a sentence in one"
        ),
        pytest.param("about 1.5 hours", "etwa 1,5 Stunden", id="number"),
        pytest.param("about half hours", "about half hours", id="no number"),
        pytest.param("1,000 of 12,000 bytes are free", "Von 12.000 Byte sind 1.000 frei", id="fields in another order"),
        pytest.param("1 minute left", "noch 1 Minute", id="one"),
        pytest.param("2 minutes left", "noch 2 Minuten", id="several"),
        pytest.param("1.5 GB", "1,5 GB", id="size"),
        pytest.param("1080p", "1080p", id="no size"),
        pytest.param("2026-01-31", "31.01.2026", id="day"),
        pytest.param("2026-01-31 12:05", "31.01.2026 12:05", id="day and time"),
        pytest.param("done", "Fertig", id="a word in small letters"),
        pytest.param("To videos/", "Nach videos/", id="a template begun with a capital letter"),
        pytest.param("Talk 1.mp4 is an archive: unpack it.", "Talk 1.mp4 ist ein Archiv: auspacken.", id="of a name"),
        pytest.param("2 waiting for an answer", "2 wartet auf eine Antwort", id="of a number"),
        pytest.param("2 videos added, 1 video deleted", "2 Videos hinzugefügt, 1 Video gelöscht", id="counted"),
        pytest.param(", 1 waiting for an answer, 2 failed", ", 1 wartet auf eine Antwort, 2 Fehler", id="begun by ,"),
        pytest.param("captions: 2; videos: 3", "Untertitel: 2; Videos: 3", id="semicolon"),
        pytest.param("missing at 0:06 and 2 more places", "fehlt bei 0:06 und 2 weiteren Stellen", id="beside"),
        pytest.param("missing at 0:06", "fehlt bei 0:06", id="the second is empty"),
        pytest.param("all of /a b.mp4 is gone", "alles von /a b.mp4 ist weg", id="the first of two is a text"),
        pytest.param(
            "missing at 0:06 and 2 more places: captions",
            "fehlt bei 0:06 und 2 weiteren Stellen: Untertitel",
            id="known end",
        ),
        pytest.param("Done: /a/Biology of cells, 1/b", "Fertig: /a/Biology of cells, 1/b", id="a path with of"),
        pytest.param("1:02 of 3:04", "1:02 von 3:04", id="times"),
        pytest.param("videos, captions and 720p", "Videos, Untertitel und 720p", id="several things"),
        pytest.param("Salt and Pepper.mp4", "Salt and Pepper.mp4", id="a name with and"),
        pytest.param("Captions.", "Untertitel.", id="with a full stop"),
        pytest.param("0.1.0", "0.1.0", id="version"),
        pytest.param("captions · to videos/ · 2.5 Mb/s", "Untertitel · nach videos/ · 2,5 Mb/s", id="put together"),
        pytest.param("The upload is paused. Start it again.", "Das Hochladen ist angehalten. Neu starten.", id="two"),
        pytest.param("The files stay on this disk", "The files stay on this disk", id="a template fits too well"),
        pytest.param("Part 1: a.mp4 failed", "Part 1: a.mp4 ist fehlgeschlagen", id="a colon in a name"),
        pytest.param("videos/ on example.com", "videos/ auf example.com", id="words in a short template"),
        pytest.param("German (de)", "Deutsch (de)", id="remark"),
        pytest.param(
            "subtitles (2), left out, since x has them", "Untertitel (2) ausgelassen, denn x hat sie", id="numbers"
        ),
        pytest.param("a set of {braces}", "eine Menge in {Klammern}", id="braces"),
        pytest.param("Nobody knows this.", "Nobody knows this.", id="unknown"),
        pytest.param("", "", id="empty"),
    ],
)
def test_shown(shown, english, german):
    """A sentence is found by what it was made from; what is not in the catalogue stays as it is."""
    assert german == shown(english)


def test_most_fixed_text_first(shown):
    """Of several templates that fit, that with the most fixed text counts."""
    assert "/x ist keine Datei: prüfen. Neu starten." == shown("/x is not a file: check it. Start it again.")


def test_many_answers(shown):
    """What is shown stays right when more was asked for than is remembered."""
    assert [f"noch {n} Minuten" for n in range(6000)] == [shown(f"{n} minutes left") for n in range(6000)]
