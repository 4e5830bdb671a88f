"""Texts that are longer than their line."""

from __future__ import annotations

import pytest

from ui.widgets.elided import clipped


@pytest.mark.parametrize(
    ("width", "expected"),
    [(10, "Uploading"), (9, "Uploading"), (8, "Uploadi…"), (2, "U…"), (1, "…"), (0, "…")],
    ids=["room", "exactly", "one too long", "one letter", "ellipsis only", "no room"],
)
def test_clipped(width, expected):
    """As much is shown as fits, and an ellipsis says that there is more."""
    assert expected == clipped("Uploading", width, len)
