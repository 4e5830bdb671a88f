"""Which segment is the how many'th."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ui.transcripts.segment_order import SegmentOrder


def ids(order):
    """Return all ids in their order."""
    return [order.at(number) for number in range(len(order))]


def test_by_time():
    """Segments stand in the order of time, those that begin together in the order of the file, ids of any kind."""
    order = SegmentOrder([("c", 2.0), (1, 1.0), ("a", 1.0)])
    assert [1, "a", "c"] == ids(order)
    assert [0, 1, 2] == [order.index(one) for one in (1, "a", "c")]
    with pytest.raises(IndexError):
        order.at(-1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), st.floats(0, 100)))))
def test_after_any_edits(edits):
    """After any edits the order is that of a list that is sorted anew."""
    order, starts = SegmentOrder(), {}
    for segment_id, start_s in edits:
        if start_s is None:
            assert (segment_id in starts) is order.remove(segment_id)
            starts.pop(segment_id, None)
        else:
            assert (starts.get(segment_id) != start_s) is order.put(segment_id, start_s)
            starts[segment_id] = start_s

    assert sorted(starts.values()) == [starts[one] for one in ids(order)]
    assert set(starts) == set(ids(order))
    assert list(range(len(order))) == [order.index(one) for one in ids(order)]
    assert all(one in order for one in starts)
