"""Chunks are settled in their order, each from its own files."""

from __future__ import annotations

import pytest

from pipeline.errors import Cancelled
from pipeline.phases.chunk_order import ChunkOrder


def test_a_chunk_whose_place_was_taken_is_not_settled_until_it_is_made_again():
    """Chunks of one number share a folder: another one's files would get its mark."""
    in_order, settled = ChunkOrder(), []
    in_order.expect(["first", "a"])
    in_order.begin(1, "a")
    in_order.put(1, "a", lambda before: settled.append("a") or {})
    in_order.expect(["first", "b"])
    in_order.begin(1, "b")
    in_order.expect(["first", "a"])
    in_order.put(0, "first", lambda before: settled.append("first") or {})
    assert ["first"] == settled


def test_a_chunk_that_is_expected_no_more_is_not_begun():
    """It would take the place of the one that is."""
    in_order = ChunkOrder()
    in_order.expect(["a"])
    with pytest.raises(Cancelled):
        in_order.begin(0, "b")
