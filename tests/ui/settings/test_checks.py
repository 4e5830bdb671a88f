"""What may be typed into the settings."""

from __future__ import annotations

import pytest

from ui.settings import checks


@pytest.mark.parametrize("typed", ["100", "125 %", " 140% "], ids=["least", "with its sign", "most that has room"])
def test_a_text_size(typed):
    """A number of percent, with its sign or without."""
    assert int(typed.strip().rstrip("%")) == checks.text_percent(typed, 140)


@pytest.mark.parametrize("typed", ["", "%", "99", "201", "1e2", "120.5", "-150", "١٥٠", "9" * 5000], ids=repr)
def test_what_is_no_text_size(typed):
    """It is refused with the limits."""
    with pytest.raises(ValueError, match=r"^The text size must be a number from 100 to 200\.$"):
        checks.text_percent(typed, 200)


def test_a_text_size_that_the_screen_has_no_room_for():
    """What would be cut off is refused."""
    with pytest.raises(ValueError, match=r"^This screen has room for at most 140 %\.$"):
        checks.text_percent("150 %", 140)


@pytest.mark.parametrize(
    ("typed", "folder"),
    [(' "/videos/out" ', "/videos/out"), ("file:///videos/a%20b", "/videos/a b"), ("  ", "")],
    ids=["in quotes", "as an address", "none"],
)
def test_a_folder(typed, folder):
    """As it is copied from a file manager, or none."""
    assert folder == checks.output_folder(typed)


def test_half_a_folder():
    """A path that depends on where the program was started is refused."""
    with pytest.raises(ValueError, match="whole path"):
        checks.output_folder("videos/out")
