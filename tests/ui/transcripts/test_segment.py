"""Segments as they are read from rows."""

import pytest

from ui.transcripts.segment import DatasetWord, exact_time_text, seconds_of, segment_of, time_text


def test_a_whole_row():
    """Everything that a row of the format has is read."""
    words = [["The", 0.0, 0.2, 0.98], ["end.", 0.3, 0.4]]
    row = {"id": "s1", "media_id": "m1", "start": 1, "duration": 2.5, "text": "The end.", "speaker": 3, "edited": True}
    found = segment_of({**row, "alignment": {"word": words}})

    assert ("s1", "m1", 1.0, 3.5, "The end.", 3, True) == (
        found.id,
        found.media_id,
        found.start_s,
        found.end_s,
        found.text,
        found.speaker,
        found.edited,
    )
    assert (
        DatasetWord(text="The", start_s=0.0, duration_s=0.2, probability=0.98),
        DatasetWord(text="end.", start_s=0.3, duration_s=0.4, probability=None),
    ) == found.words


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"start": "1", "duration": None, "text": 7, "speaker": [], "media_id": {}, "alignment": 3},
        {"start": True, "duration": -2, "text": None, "alignment": {"word": [None, [], ["a"], [1, 2, 3]]}},
        {"start": float("inf"), "duration": float("nan"), "alignment": {"word": "x"}},
    ],
    ids=["nothing", "other kinds", "broken words", "no numbers"],
)
def test_a_row_of_another_program(fields):
    """What is missing, or of another kind than the format says, is taken for nothing."""
    found = segment_of({"id": 1, **fields})
    assert (0.0, 0.0, "", None, ()) == (found.start_s, found.duration_s, found.text, found.speaker, found.words)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (12.48, "0:12.5"), (59.97, "1:00.0"), (3723.44, "1:02:03.4"), (-1, "0:00.0")],
)
def test_times_in_words(seconds, text):
    """Minutes and seconds with tenths, hours where there are any."""
    assert text == time_text(seconds)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 59.9994, 59.9996, 3599.9999, 3723.4])
def test_exact_times(seconds):
    """What is shown can be typed again, to a thousandth of a second."""
    assert round(seconds, 3) == seconds_of(exact_time_text(seconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("62.5", 62.5),
        (" 1:02,5 ", 62.5),
        ("0:01:02.500", 62.5),
        ("90:00", 5400.0),
        ("", None),
        ("-1", None),
        ("1:2:3:4", None),
        ("soon", None),
        ("1e3", None),
        (".5", None),
    ],
)
def test_typed_times(text, seconds):
    """Seconds, with minutes and hours before them or not; anything else is no time."""
    assert seconds == seconds_of(text)
