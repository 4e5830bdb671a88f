"""The sound's segments beside a picture's."""

from __future__ import annotations

import pytest

from pipeline.errors import EncodeError
from pipeline.media.measure import Segment
from pipeline.media.sound import join_rest

SEGMENTS = (
    Segment(duration_s=6.016, uri="seg_001.ts"),
    Segment(duration_s=5.994, uri="seg_002.ts"),
    Segment(duration_s=0.021, uri="seg_003.ts"),
)


@pytest.fixture
def folder(tmp_path):
    """A sound of three segments, each with its own number in it."""
    for number, segment in enumerate(SEGMENTS, 1):
        (tmp_path / segment.uri).write_bytes(bytes([number]))
    return tmp_path


def test_a_packet_after_the_pictures_last_segment_goes_into_the_one_before(folder):
    """The pieces stay as they were, so that a run that was cut short can do it again."""
    for _ in range(2):
        first, last = join_rest(folder, SEGMENTS, 2)
        assert (SEGMENTS[0], pytest.approx(6.015), b"\x02\x03") == (first, last.duration_s, (folder / last.uri).read_bytes())


@pytest.mark.parametrize("count", [3, 4])
def test_segments_that_the_picture_has_too_stay_as_they_are(folder, count):
    """The rule, not the exception."""
    assert SEGMENTS == join_rest(folder, SEGMENTS, count)


def test_a_segment_that_is_gone_is_one_sentence(folder):
    """It was there when it was counted."""
    (folder / "seg_003.ts").unlink()
    with pytest.raises(EncodeError, match="can't be read back"):
        join_rest(folder, SEGMENTS, 2)
