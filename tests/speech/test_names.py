"""Names are corrected after listening by a list, and nothing else is."""

from __future__ import annotations

import pytest

from pipeline.cancel import CancelToken
from pipeline.speech.names import correct_names, corrections_text, name_list
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import Correction, Segment, Transcript, Word


def heard(text: str, probability: float = 0.6) -> Transcript:
    """Return words of a second each as a transcript; those in brackets Whisper is sure of."""
    words = tuple(
        Word(
            start_s=float(place),
            end_s=place + 1.0,
            text=f" {word.strip('[]')}",
            probability=0.99 if word.startswith("[") else probability,
        )
        for place, word in enumerate(text.split(" "))
    )
    segment = Segment(start_s=0.0, end_s=float(len(words)), text="".join(w.text for w in words).strip(), words=words)
    return Transcript(language="en", language_probability=1.0, duration_s=segment.end_s, segments=(segment,))


@pytest.mark.parametrize(
    ("said", "names", "written"),
    [
        ("then Miss Elanor Dashwod said", ["Elinor Dashwood"], "then Miss Elinor Dashwood said"),
        ("Karl marks wrote it.", ["Marx"], "Karl Marx wrote it."),
        ("so mary ann, went", ["Marianne"], "so Marianne, went"),
        ("with power point now", ["PowerPoint"], "with PowerPoint now"),
        ("in kubernetes' clusters", ["Kubernetes"], "in Kubernetes' clusters"),
        ("by Maier's theorem", ["Meyer"], "by Meyer's theorem"),
        ("[we] [use] [Cooper] [Nettie's] here", ["Kubernetes"], "we use Cooper Nettie's here"),
        ("for Francois [he] said", ["François"], "for François he said"),
        ("the course Einführung in die Statistick", ["Statistik"], "the course Einführung in die Statistik"),
        ("the Oilers formula", ["Euler"], "the Oilers formula"),
    ],
    ids=[
        "two words",
        "by sound",
        "two for one, before a comma",
        "one for two",
        "capitals",
        "possessive",
        "not alike",
        "accents",
        "another language",
        "plural of another word",
    ],
)
def test_what_is_written(said, names, written):
    """A name takes the place of what sounds and is spelled like it, with the punctuation around it."""
    assert written == correct_names(heard(said), names).segments[0].text


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("[during] [the] [war]", ["Turing", "Thea"]),
        ("and [will] [he] come", ["Will"]),
        ("Mr. Dashwood came", ["Dashwood"]),
        ("the Dashwoods came", ["Dashwood"]),
        ("an art", ["Ann", "Bart"]),
        ("[marks] [are] [given]", ["Marx"]),
        ("[Marks] [are] [given]", ["Marx"]),
        ("said Ada, love lace", ["Ada Lovelace"]),
    ],
    ids=[
        "another first sound",
        "a word that is a name too",
        "with a title",
        "plural",
        "too short",
        "sure of a common word",
        "sure of a common word that begins a sentence",
        "parted by a comma",
    ],
)
def test_what_stays(said, names):
    """What is a name already, or surely another word, is left alone."""
    before = heard(said)
    assert before == correct_names(before, names)


def test_words_keep_their_times():
    """Two words that are heard for one share its time, and the change is noted."""
    (segment,) = correct_names(heard("so adalovelace said"), ["Ada Lovelace"]).segments
    assert [(" so", 0.0, 1.0), (" Ada ", 1.0), ("Lovelace", 2.0), (" said", 2.0, 3.0)] == [
        (segment.words[0].text, segment.words[0].start_s, segment.words[0].end_s),
        (segment.words[1].text, segment.words[1].start_s),
        (segment.words[2].text, segment.words[2].end_s),
        (segment.words[3].text, segment.words[3].start_s, segment.words[3].end_s),
    ]
    assert (Correction(start_s=1.0, heard="adalovelace", written="Ada Lovelace"),) == segment.corrections


def test_each_change_is_said():
    """Once for each kind, with how often."""
    changed = correct_names(heard("Karl marks and Karl marks and Elanor"), ["Marx", "Elinor"])
    assert [
        "By the list of names, 'marks' was corrected to 'Marx', 2 times.",
        "By the list of names, 'Elanor' was corrected to 'Elinor'.",
    ] == corrections_text(changed)


def test_a_list():
    """Names stand on lines of their own; spaces, empty lines and repetitions are passed over."""
    assert ("Ada Lovelace", "Zoë") == name_list("\ufeff Ada  Lovelace\r\n\n--\nZoë\nAda Lovelace\n")


def test_recorded_speech(tiny_en, librivox, whisper):
    """In what a real model hears, the name is put right, and no other word is changed."""
    before = transcribe(whisper, librivox[0].path, CancelToken(), model=str(tiny_en))
    after = correct_names(before, ["Jon Dashwoode", "Turing", "Powers", "Dunn", "Considder & Sons", "Hans"])
    assert "Mr. John Dashwood had then" in before.segments[0].text
    assert before.segments[0].text.replace("John Dashwood", "Jon Dashwoode") == after.segments[0].text
    assert ["John Dashwood"] == [one.heard for segment in after.segments for one in segment.corrections]
