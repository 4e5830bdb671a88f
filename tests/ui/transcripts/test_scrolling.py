"""Which rows are in view."""

from ui.transcripts.scrolling import Scrolling


def test_it_stays_within_the_table():
    """Neither before the first row nor beyond the last one, also when the table becomes shorter."""
    view = Scrolling().with_size(100, 10)
    assert [0, 90, 50] == [view.at(-5).top, view.at(500).top, view.at(50).top]
    assert 10 == view.at(90).with_size(20, 10).top
    assert range(90, 100) == view.at(90).rows
    assert range(5) == Scrolling().with_size(5, 10).rows


def test_a_row_is_brought_into_view():
    """The view moves as little as that takes."""
    view = Scrolling().with_size(100, 10).at(50)
    assert [50, 50, 51, 7] == [view.showing(row).top for row in (50, 59, 60, 7)]


def test_scrollbar():
    """The bar shows where the view is, and dragging it leads there."""
    view = Scrolling().with_size(200_000, 20)
    assert (0.5, 0.5001) == view.at_fraction(0.5).fractions
    assert 199_980 == view.at_fraction(1.0).top
    assert (0.0, 1.0) == Scrolling().with_size(20, 20).fractions
