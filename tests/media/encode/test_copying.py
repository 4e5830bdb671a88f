"""Where the source's own video is cut, and the cuts of the other renditions at the same places."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.job import EncodingRequest, Job, SegmentType
from pipeline.media.encode.chunks import Chunk, cut, cut_at
from pipeline.media.encode.copying import below, boundaries
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.model import Plan
from pipeline.plan import make_plan

RATE = 25


def _scan(seconds: float, keyframes_s: Sequence[float]) -> Scan:
    frames = array("q", (n * CLOCK_HZ // RATE for n in range(round(seconds * RATE))))
    end = round(seconds * CLOCK_HZ)
    keys = array("q", (round(k * CLOCK_HZ) for k in keyframes_s))
    return Scan(frames=frames, keyframes=keys, video_end=end, audio_ends={1: end}, orderly=True)


@pytest.fixture
def plan(job: Job, media_info) -> Plan:
    """A plan for 1080p H.264 with one audio track and room below the ceiling."""
    return make_plan(replace(job, encoding=EncodingRequest(preset="ultrafast")), media_info(bit_rate=4_000_000))


def _boundaries_s(plan: Plan, scan: Scan) -> list[float]:
    return [start / CLOCK_HZ for start in boundaries(plan, scan, cut(plan, scan, cores=1))]


@pytest.mark.parametrize(
    ("seconds", "keyframes_s", "expected"),
    [
        (20, range(0, 20, 2), [0, 6, 12, 18]),
        (20, range(0, 20, 5), [0, 5, 10, 15]),
        (14, [0, 1.2, 4.4, 7.04, 9, 13.2], [0, 4.4, 9]),
        (6.4, range(0, 6, 2), [0]),
    ],
    ids=["two_seconds", "five_seconds", "uneven", "one_segment"],
)
def test_segments_begin_at_keyframes_as_near_to_six_seconds_as_can_be(plan, seconds, keyframes_s, expected):
    """None lasts longer than half a second over the target."""
    assert expected == _boundaries_s(plan, _scan(seconds, list(keyframes_s)))


def test_audio_of_its_own_is_cut_at_uneven_keyframes_too(job, media_info):
    """It is cut where the video is, wherever that is."""
    own = replace(make_plan(job, media_info(bit_rate=4_000_000)), segment_type=SegmentType.FMP4, muxed_audio=False)
    assert [0, 4, 9, 13, 18] == _boundaries_s(own, _scan(20, [0, 4, 9, 13, 18]))


def test_the_other_renditions_keep_their_distance_to_the_copied_one(plan):
    """Players choose by rate: a smaller video must not take more than the original."""
    rates = [[r.bit_rate for r in below(plan.renditions, peak)] for peak in (1_000_000, 9_000_000)]
    assert [[560_000, 280_000, 160_000], [2_800_000, 1_400_000, 800_000]] == rates


def _muxed(chunk: Chunk) -> list[int]:
    """The times at which ffmpeg's HLS muxer begins segments: the first keyframe from each multiple of its clock on."""
    assert chunk.segment is not None
    starts = [chunk.keyframes[0]]
    for keyframe in chunk.keyframes[1:]:
        if keyframe - chunk.start >= len(starts) * chunk.segment:
            starts.append(keyframe)
    return starts


@pytest.mark.parametrize("seed", range(20))
def test_the_muxer_cuts_at_the_boundaries_and_nowhere_else(plan, seed):
    """However uneven the keyframes are, and in whatever chunks."""
    chance = random.Random(seed)
    keyframes_s = [0.0]
    while keyframes_s[-1] < 200:
        keyframes_s.append(round(keyframes_s[-1] + chance.randint(10, 160) / RATE, 2))
    scan = _scan(keyframes_s[-1] + 1, keyframes_s)
    cutting = cut(plan, scan, cores=2, whole=True)
    wanted = boundaries(plan, scan, cutting)
    chunks = cut_at(plan, cutting, scan, wanted, cores=2).chunks
    assert list(wanted) == [start for chunk in chunks for start in _muxed(chunk)]
    assert len(scan.frames) == sum(chunk.frames for chunk in chunks if chunk.frames is not None)


def test_between_even_boundaries_there_is_a_keyframe_every_two_seconds(plan):
    """As where nothing is copied."""
    scan = _scan(24, range(0, 24, 6))
    (chunk,) = cut_at(plan, cut(plan, scan, cores=1), scan, [0, 540_000, 1_080_000, 1_620_000], cores=1).chunks
    assert list(range(0, 24, 2)) == [keyframe // CLOCK_HZ for keyframe in chunk.keyframes]
