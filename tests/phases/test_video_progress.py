"""How far an encode is: the bars of its renditions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline.engines.engine import EncodeProgress
from pipeline.media.encode.chunks import Chunk
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.phases.video_progress import VideoProgress
from pipeline.plan import make_plan

S = CLOCK_HZ
CHUNKS = tuple(
    Chunk(number=n, start=start * S, end=end, seek_s=None, first_frame=0, frames=None)
    for n, (start, end) in enumerate(((0, 30 * S), (30, None)))
)


@pytest.fixture
def encode(job, media_info):
    """An encode of 40 seconds in two chunks; `said` is what it has reported."""
    plan = make_plan(job, media_info())
    said: list = []
    progress = VideoProgress(SimpleNamespace(context=SimpleNamespace(plan=plan, report=said.append)))
    progress.expect(plan, SimpleNamespace(length=40 * S, chunks=CHUNKS), ["a", "b"])
    return SimpleNamespace(progress=progress, said=said, names=[r.name for r in plan.renditions])


def _running(encode, number: int, out_time_s: float, segments: int) -> float:
    """Tell how far a chunk is, all renditions alike; return their fraction."""
    counts = dict.fromkeys(encode.names, segments)
    event = EncodeProgress(out_time_s=out_time_s, segments=counts)
    encode.progress.running(CHUNKS[number], "ab"[number], event)
    (fraction,) = set(encode.said[-1].rows.values())
    return fraction


def test_a_bar_grows_with_every_frame(encode):
    """Between two segments too; a segment that is written changes nothing that its frames have not changed before."""
    seen = [_running(encode, 0, out_time_s, segments) for out_time_s, segments in ((2, 0), (4, 0), (6.5, 1), (7, 1))]
    assert [2 / 40, 4 / 40, 6.5 / 40, 7 / 40] == pytest.approx(seen)


def test_no_bar_is_a_segment_ahead_of_what_is_written(encode):
    """An encoder that holds frames back may be late; the last segment fills the bar only when the chunk is made."""
    assert 12 / 40 > _running(encode, 0, 20, 1) == pytest.approx(12 / 40, abs=1e-4)
    encode.progress.finished(CHUNKS[0], "a")
    assert 1.0 > _running(encode, 1, 10, 1)
    encode.progress.finished(CHUNKS[1], "b")
    assert {1.0} == set(encode.said[-1].rows.values())


def test_chunks_side_by_side_add_up(encode):
    """Each has its own open segment."""
    _running(encode, 1, 4, 0)
    assert (8 + 4) / 40 == pytest.approx(_running(encode, 0, 8, 1))


def test_a_rendition_that_is_behind_has_its_own_bar(encode):
    """It is not carried along by the frames of one that is ahead."""
    ahead, *others = encode.names
    event = EncodeProgress(out_time_s=20, segments={ahead: 3, **dict.fromkeys(others, 1)})
    encode.progress.running(CHUNKS[0], "a", event)
    rows = encode.said[-1].rows
    assert [20 / 40, *[12 / 40] * len(others)] == pytest.approx(
        [rows[ahead], *(rows[name] for name in others)], abs=1e-4
    )


def test_only_chunks_that_are_finished_for_good_are_kept(encode):
    """A later run finds them; of one that is made, and not joined to the one before it yet, it finds nothing."""
    _running(encode, 0, 20, 1)
    encode.progress.finished(CHUNKS[1], "b")
    assert 0.0 == encode.said[-1].kept
    encode.progress.kept(CHUNKS[0], "a")
    assert 30 / 40 == pytest.approx(encode.said[-1].kept, abs=1e-4)
    encode.progress.kept(CHUNKS[1], "of another cutting")
    assert 30 / 40 == pytest.approx(encode.said[-1].kept, abs=1e-4)
