"""backend.routes.ranges: the Range header."""

import pytest

from backend.routes.ranges import BodyRange, UnsatisfiableRangeError, parse_range


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=90-500", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-500", 0, 100),
        ("bytes = 5 - 6", 5, 7),
    ],
)
def test_one_range(header, start, stop):
    """A range within 100 bytes, open at either end, is cut to what is there."""
    assert BodyRange(start=start, stop=stop) == parse_range(header, 100)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "lines=0-1",
        "bytes=0-1,5-6",
        "bytes=٣-٤",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_anything_else_means_the_whole(header):
    """Several ranges, or what is not a range, get the whole object."""
    assert parse_range(header, 100) is None


@pytest.mark.parametrize(
    ("header", "size_bytes"), [("bytes=100-", 100), ("bytes=500-600", 100), ("bytes=-0", 100), ("bytes=0-", 0)]
)
def test_outside(header, size_bytes):
    """A range that begins behind the end can't be satisfied."""
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, size_bytes)
