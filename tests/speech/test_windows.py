"""Windows begin and end in pauses, and leave long silences out."""

from __future__ import annotations

import pytest

from pipeline.speech.stretch import Stretch
from pipeline.speech.windows import Window, next_window


def stretches(*edges: tuple[float, float]) -> list[Stretch]:
    """Stretches of speech by their edges."""
    return [Stretch(start_s=start, end_s=end) for start, end in edges]


def window(*edges: tuple[float, float], position_s: float = 0.0, end_s: float = 100.0, ended: bool = False):
    """The next window of at most 30 s in audio whose speech is known up to a moment."""
    return next_window(stretches(*edges), position_s, longest_s=30.0, end_s=end_s, ended=ended)


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([(5, 10)], Window(start_s=4.5, end_s=10.5, whole=True)),
        ([(5, 10), (13, 14), (20, 60)], Window(start_s=4.5, end_s=34.5, whole=False)),
        ([(5, 10), (13, 28), (30, 60)], Window(start_s=4.5, end_s=28.5, whole=True)),
        ([(5, 10), (13, 28), (28.2, 60)], Window(start_s=4.5, end_s=34.5, whole=False)),
        ([(5, 10), (18.1, 20)], Window(start_s=4.5, end_s=10.5, whole=True)),
        ([(5, 10), (17.9, 20)], Window(start_s=4.5, end_s=20.5, whole=True)),
        ([(0.1, 34)], Window(start_s=0.0, end_s=30.0, whole=False)),
        ([(0.1, 29), (31, 34)], Window(start_s=0.0, end_s=29.5, whole=True)),
    ],
    ids=[
        "speech with its margins",
        "no pause late in it",
        "cut in the last pause",
        "a stop is no pause",
        "a long pause ends it",
        "a pause stays in",
        "one long sentence",
        "the next speech is beyond it",
    ],
)
def test_edges(edges, expected):
    """A window begins before speech and ends in a pause, or has its full length."""
    assert expected == window(*edges)


def test_the_audio_ends_within_speech():
    """Speech that lasts to the end of the audio is heard to the end."""
    assert Window(start_s=0.0, end_s=12.0, whole=True) == window((0.2, 12.0), end_s=12.0, ended=True)


def test_what_was_heard_is_not_heard_again():
    """Speech that ends at the position is over, and the window does not begin before it."""
    assert Window(start_s=10.0, end_s=15.5, whole=True) == window((5, 10.02), (10.3, 15), position_s=10.0)


def test_nobody_speaks():
    """Without speech there is no window."""
    assert (None, None) == (window(), window((5, 10), position_s=10.0))
