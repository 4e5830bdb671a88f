"""Chunks are settled in their order, each from its own files."""

from __future__ import annotations

import pytest

from pipeline.errors import Cancelled
from pipeline.phases.picture_encode import _Line


def test_a_chunk_whose_place_was_taken_is_not_settled_until_it_is_made_again():
    """Chunks of one number share a folder: another one's files would get its mark."""
    line, settled = _Line(), []
    line.expect(["first", "a"])
    line.begin(1, "a")
    line.put(1, "a", lambda before: settled.append("a") or {})
    line.expect(["first", "b"])
    line.begin(1, "b")
    line.expect(["first", "a"])
    line.put(0, "first", lambda before: settled.append("first") or {})
    assert ["first"] == settled


def test_a_chunk_that_is_expected_no_more_is_not_begun():
    """It would take the place of the one that is."""
    line = _Line()
    line.expect(["a"])
    with pytest.raises(Cancelled):
        line.begin(0, "b")
