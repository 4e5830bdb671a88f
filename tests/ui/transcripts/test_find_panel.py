"""What the list of find and replace shows."""

import pytest

from ui.transcripts.find_panel import excerpts


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("A doc.", "A dot.", ("A doc.", "A dot.")),
        (
            "So much is said before it, that nobody would see the doc product.",
            "So much is said before it, that nobody would see the dot product.",
            ("…nobody would see the doc product.", "…nobody would see the dot product."),
        ),
        ("one\ntwo", "one", ("one two", "one")),
        (f"{'x' * 60}a", f"{'x' * 60}b", (f"…{'x' * 24}a", f"…{'x' * 24}b")),
    ],
    ids=["short", "long", "line end", "no spaces"],
)
def test_excerpts(before, after, shown):
    """What differs is always in view."""
    assert shown == excerpts(before, after)
