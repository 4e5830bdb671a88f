"""How a row's text is broken into lines."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ui.transcripts.row_view import Mark, MarkedText, broken_into_lines


def lines_of(text, width, lines=2):
    """Return the lines of a text, a character being one pixel wide."""
    found = broken_into_lines((MarkedText(text=text),), width, lines, len)
    return ["".join(one.text for one in found if one.line == line) for line in range(lines)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ["", ""]),
        ("one two", ["one two", ""]),
        ("one two three", ["one two ", "three"]),
        ("one\ntwo", ["one two", ""]),
        ("one two three four five", ["one two ", "three fou…"]),
        ("incomprehensibilities", ["incompreh…", ""]),
    ],
    ids=["nothing", "one line", "two lines", "a break of its own", "too long", "one long word"],
)
def test_lines(text, shown):
    """Words are kept whole, and what finds no room ends in an ellipsis."""
    assert shown == lines_of(text, 10)


def test_marks_keep_their_words():
    """A mark belongs to its own piece; neighbours with the same mark are drawn together."""
    pieces = (
        MarkedText(text="a "),
        MarkedText(text="b "),
        MarkedText(text="dot", mark=Mark.DOUBTFUL),
        MarkedText(text=" c"),
    )
    found = broken_into_lines(pieces, 100, 2, len)
    assert [("a b ", Mark.NONE, 0), ("dot", Mark.DOUBTFUL, 4), (" c", Mark.NONE, 7)] == [
        (one.text, one.mark, one.x) for one in found
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="ab \n", max_size=80), st.integers(3, 30))
def test_nothing_is_wider_than_the_column(text, width):
    """No line reaches beyond its column but for spaces at its end."""
    assert all(len(line.rstrip()) <= width for line in lines_of(text, width))
