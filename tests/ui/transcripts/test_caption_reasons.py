"""Which captions break the rules of their profile."""

import threading

import pytest

from pipeline.job import CaptionRules
from ui.transcripts.caption_reasons import CaptionReasons, caption_reason
from ui.transcripts.messages import ReasonsKnown
from ui.transcripts.segment import segment_of

DEADLINE_S = 60


def segment(start, duration, text, **more):
    """Return a segment without times of words."""
    return segment_of({"id": text, "start": start, "duration": duration, "text": text, "language": "en", **more})


FAST = "This is much faster than anybody reads."
FOLLOWING = segment(7.5, 6, "It is a number that is the sum of all of the products, and nothing else at all.")


@pytest.mark.parametrize(
    ("before", "own", "after", "reason"),
    [
        (None, segment(0, 2, "The dot product."), FOLLOWING, ""),
        (None, segment(6.4, 1.0, FAST), FOLLOWING, "characters a second"),
        (segment(0, 0.5, FAST), FOLLOWING, None, ""),
        (None, segment(0, 0, ""), None, ""),
    ],
    ids=["right", "too fast", "the one before", "no text"],
)
def test_reasons(before, own, after, reason):
    """The reason says what and how much; what is wrong with a neighbour is not said of the segment."""
    found = caption_reason((before, own, after), "en")
    assert (found == "") is (reason == "")
    assert reason in found


def test_by_profile():
    """Children's captions are slower."""
    neighbours = (None, segment(6.4, 1.0, FAST), FOLLOWING)
    assert "where 20 are allowed" in caption_reason(neighbours, "en")
    assert "where 17 are allowed" in caption_reason(neighbours, "en", CaptionRules.NETFLIX_CHILDREN)


def test_found_by_a_thread_and_kept():
    """What is asked for is told when it is known, and from then on at once."""
    told, known = [], threading.Event()
    reasons = CaptionReasons(lambda message: (told.append(message), known.set()))
    neighbours = (None, segment(6.4, 1.0, FAST), FOLLOWING)
    assert "" == reasons.reason(neighbours, "en", CaptionRules.NETFLIX)
    assert known.wait(DEADLINE_S)
    assert caption_reason(neighbours, "en") == reasons.reason(neighbours, "en", CaptionRules.NETFLIX) != ""
    assert [ReasonsKnown()] == told
