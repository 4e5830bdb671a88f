"""Where a source is cut, from what reading through it found."""

from __future__ import annotations

import itertools
import tracemalloc
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.job import Codec, EncoderFamily, EncodingRequest, Job, SegmentType
from pipeline.media.encode.arguments import chunk_arguments
from pipeline.media.encode.chunks import Cutting, cut, first_chunks
from pipeline.media.encode.colour_conversion import named_by_headers
from pipeline.media.encode.encoders import ENCODERS, codec_of, family_of
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.media_info import DynamicRange
from pipeline.model import Plan
from pipeline.plan import make_plan


def _scan(
    seconds: float = 180.0,
    *,
    rate: float = 25.0,
    keyframe_s: float = 10.0,
    first_s: float = 0.0,
    audio_s: float | None = None,
    orderly: bool = True,
    without: Sequence[tuple[float, float]] = (),
) -> Scan:
    times = (first_s + n / rate for n in range(round((seconds - first_s) * rate)))
    frames = array("q", (round(t * CLOCK_HZ) for t in times if not any(a <= t < b for a, b in without)))
    keys = array(
        "q", (round((first_s + n * keyframe_s) * CLOCK_HZ) for n in range(int((seconds - first_s) / keyframe_s) + 1))
    )
    audio = {} if audio_s is None else {1: round(audio_s * CLOCK_HZ)}
    end = frames[-1] + round(CLOCK_HZ / rate)
    return Scan(frames=frames, keyframes=keys, video_end=end, audio_ends=audio, orderly=orderly)


@pytest.fixture
def plan(job, media_info: Callable[..., object]) -> Plan:
    """A plan for a plain source, of which a minute is little work."""
    return make_plan(replace(job, qualities=("360p",), encoding=EncodingRequest(preset="ultrafast")), media_info())


def _starts_s(cutting: Cutting) -> list[float]:
    return [chunk.start / CLOCK_HZ for chunk in cutting.chunks]


def test_a_long_source_is_cut_near_every_minute_where_decoding_can_begin(plan):
    """A keyframe every 10 s: at 60 and 120 nothing is decoded in vain."""
    cutting = cut(plan, _scan(200), cores=1)
    assert ([0, 60, 120], [None, 60.0, 120.0], [1500, 1500, 2000]) == (
        _starts_s(cutting),
        [chunk.seek_s for chunk in cutting.chunks],
        [chunk.frames for chunk in cutting.chunks],
    )


def test_a_cut_moves_to_the_segment_that_follows_a_keyframe(plan):
    """With keyframes every 11 s, 66 costs nothing and 60 would cost five seconds of decoding."""
    assert [0, 66] == _starts_s(cut(plan, _scan(150, keyframe_s=11), cores=1))


def test_the_chunks_hold_every_frame_once(plan):
    """Also where the frame rate fits no slot."""
    scan = _scan(200, rate=30000 / 1001, keyframe_s=2.002)
    cutting = cut(plan, scan, cores=1)
    assert (3, len(scan.frames)) == (len(cutting.chunks), sum(chunk.frames or 0 for chunk in cutting.chunks))


def test_the_muxer_is_told_how_late_a_chunks_first_frame_is(plan):
    """29.97 frames a second: the first frame at or after 60 s is shown 27 ms later."""
    chunk = cut(plan, _scan(120, rate=30000 / 1001, keyframe_s=2.002), cores=1).chunks[1]
    late = min(n * 1001 * 3 for n in range(10_000) if n * 1001 * 3 >= chunk.start) - chunk.start
    assert late == chunk.first_frame


def test_a_frame_just_before_its_slot_belongs_to_it(plan):
    """Containers round times: 59.9996 s is 60 s."""
    scan = _scan(120)
    frames = array("q", (f - 40 if f == 60 * CLOCK_HZ else f for f in scan.frames))
    cutting = cut(plan, replace(scan, frames=frames), cores=1)
    assert ([0, 60], [1500, 1500]) == (_starts_s(cutting), [chunk.frames for chunk in cutting.chunks])


@pytest.mark.parametrize(
    ("changes", "scan"),
    [
        pytest.param({}, _scan(80), id="short"),
        pytest.param({"frame_rate_limit": Fraction(60)}, _scan(rate=60.1), id="timed anew"),
        pytest.param({}, _scan(orderly=False), id="damaged or without times"),
        pytest.param({}, _scan(without=[(50, 59)]), id="a pause"),
        pytest.param({}, _scan(keyframe_s=1000), id="no keyframe but the first"),
    ],
)
def test_what_can_not_be_entered_in_the_middle_is_one_chunk(plan, changes, scan):
    """And it is entered at its beginning."""
    assert [(0, None, None)] == [
        (c.start, c.end, c.seek_s) for c in cut(replace(plan, **changes), scan, cores=1).chunks
    ]


def test_one_chunk_can_be_asked_for(plan):
    """For a file that turns out not to be seekable."""
    assert [0] == _starts_s(cut(plan, _scan(), whole=True, cores=1))


def test_the_stream_is_as_long_as_its_longest_part(plan):
    """The video is held where the audio goes on; an audio track within a frame of it changes nothing."""
    longer, even, shorter = (cut(plan, _scan(10, audio_s=s), cores=1) for s in (12.5, 10.02, 7.0))
    assert [(12.5, True), (10.0, False), (10.0, False)] == [
        (c.length / CLOCK_HZ, c.held) for c in (longer, even, shorter)
    ]


def test_a_pause_is_known(plan):
    """A video that stands longer than a slot."""
    assert [False, True] == [cut(plan, _scan(20, without=w), cores=1).pauses for w in ((), [(5.0, 8.0)])]


def test_slides_of_one_frame_a_second_are_no_pause(plan):
    """Every slot has a frame."""
    assert (False, 2) == ((c := cut(plan, _scan(120, rate=1.0, keyframe_s=10.0), cores=1)).pauses, len(c.chunks))


def test_a_short_source_is_cut_to_keep_all_cores_busy(plan):
    """One encode keeps about two cores busy; no chunk is shorter than three segments."""
    made = [cut(plan, _scan(60, keyframe_s=2.0), cores=cores) for cores in (1, 2, 16)]
    assert [[0], [0, 30], [0, 18, 36]] == [_starts_s(cutting) for cutting in made]


def test_a_long_source_in_one_piece_may_use_every_core(plan):
    """Repeatable encoders have one thread each: what can't be cut, and takes long, does without."""
    pieces = [cut(plan, _scan(s), cores=2, whole=w).repeatable for s, w in ((30, True), (300, False), (300, True))]
    assert [True, True, False] == pieces


def test_a_video_with_too_many_frames_is_cut_where_one_of_those_that_stay_is_shown(plan):
    """Of 119.88 frames a second every other one:
    a chunk begins with a frame that a run without cuts would keep as well.
    """
    scan = _scan(130, rate=120_000 / 1001, keyframe_s=2.002)
    cutting = cut(replace(plan, frame_rate_limit=Fraction(60_000, 1001)), scan, cores=1)
    second = cutting.chunks[1]
    assert (2, len(scan.frames[::2])) == (len(cutting.chunks), sum(chunk.frames for chunk in cutting.chunks))
    assert second.start + second.first_frame in scan.frames[::2]


def test_frames_that_come_seldom_are_known(plan):
    """Reordered, they would delay the first frame."""
    assert [True, False] == [cut(plan, _scan(20, rate=rate), cores=1).slow for rate in (1.0, 25.0)]


@pytest.mark.parametrize(
    ("hours", "rate", "chunks"), [(10, 30, 600), (2.5, 120, 150)], ids=["every frame", "every other frame"]
)
def test_a_million_frames_are_cut_in_little_memory(plan, hours, rate, chunks):
    """Their times are never put into lists, of which each would take 40 MB."""
    length = round(hours * 3600) * CLOCK_HZ
    frames = array("q", range(0, length, CLOCK_HZ // rate))
    scan = Scan(frames=frames, keyframes=frames[:: 2 * rate], video_end=length, audio_ends={}, orderly=True)
    tracemalloc.start()
    cutting = cut(plan, scan, cores=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (chunks, True, rate > 60) == (len(cutting.chunks), peak < 40 << 20, cutting.thinning is not None), peak


@pytest.mark.parametrize(
    ("asked", "qualities", "cores", "longest_s"),
    [
        pytest.param(EncodingRequest(preset="ultrafast"), ("360p",), 2, 60, id="quick"),
        pytest.param(EncodingRequest(preset="veryfast"), ("1080p", "720p", "480p"), 2, 30, id="veryfast"),
        pytest.param(EncodingRequest(preset="medium"), ("1080p", "720p", "480p"), 2, 12, id="medium"),
        pytest.param(EncodingRequest(preset="medium"), ("1080p", "720p", "480p"), 16, 30, id="on sixteen cores"),
        pytest.param(EncodingRequest(codec=Codec.HEVC, preset="veryslow"), None, 2, 6, id="slow"),
    ],
)
def test_a_chunk_is_as_long_as_a_minutes_work(job, media_info, asked, qualities, cores, longest_s):
    """Whatever is asked for: what is lost when the program is killed is at most a chunk of each worker."""
    plan = make_plan(replace(job, encoding=asked, qualities=qualities), media_info())
    starts = _starts_s(cut(plan, _scan(600, keyframe_s=2.0), cores=cores))
    assert longest_s == max(b - a for a, b in itertools.pairwise(starts))


@pytest.mark.parametrize("keyframe_s", [2.0, 11.0, 70.0])
@pytest.mark.parametrize("limit", [None, Fraction(15)], ids=["every frame", "every other frame"])
def test_the_first_chunks_are_those_of_the_whole_source(plan, keyframe_s, limit):
    """However far the source was read by then; but for how many frames there are nothing more is needed."""
    plan = replace(plan, frame_rate_limit=limit, media=replace(plan.media, duration_s=900.0))
    whole = _scan(900, rate=30.0, keyframe_s=keyframe_s)
    every = cut(plan, whole, cores=2)
    counts = []
    for reach_s in range(50, 900, 50):
        reach = reach_s * CLOCK_HZ
        frames, keyframes = (array("q", (t for t in times if t < reach)) for times in (whole.frames, whole.keyframes))
        part = Scan(frames=frames, keyframes=keyframes, video_end=reach, audio_ends={}, orderly=True)
        first = first_chunks(plan, part, cores=2)
        chunks = () if first is None else first.chunks
        assert every.chunks[: len(chunks)] == chunks
        assert [chunk_arguments(plan, every, c, None) for c in chunks] == [
            chunk_arguments(plan, first or every, c, None) for c in chunks
        ]
        counts.append(len(chunks))
    assert (0, sorted(counts), True) == (counts[0], counts, counts[-1] >= len(every.chunks) - 4)


@pytest.mark.parametrize("segment_type", SegmentType, ids=lambda kind: kind.value)
@pytest.mark.parametrize("encoder", [encoder for names in ENCODERS.values() for encoder in names.values()])
def test_what_hardware_makes_has_its_colours_named_afterwards(media_info, tmp_path, encoder, segment_type):
    """Drivers leave them out; the processor's encoders don't. The times of fragments are still put right."""
    job = Job(source=tmp_path / "a.mp4", output_dir=tmp_path, slug="a")
    plan = replace(make_plan(job, media_info()), encoder=encoder, segment_type=segment_type)
    cutting = cut(plan, _scan(10), cores=1)
    chunk = chunk_arguments(plan, cutting, cutting.chunks[0], None)
    filters = chunk[chunk.index("-bsf:v") + 1] if "-bsf:v" in chunk else ""
    hardware = family_of(encoder) is not EncoderFamily.CPU
    named = named_by_headers(codec_of(encoder), DynamicRange.SDR) if hardware else ""
    times = segment_type is SegmentType.FMP4
    assert (named, times) == (filters.partition(",setts")[0] if hardware else "", "setts=" in filters)


@pytest.mark.parametrize(
    ("changes", "scan", "duration_s"),
    [
        pytest.param({}, _scan(200), 100.0, id="a short source"),
        pytest.param({}, _scan(200), None, id="a source that does not tell its length"),
        pytest.param({}, _scan(200, without=[(50, 59)]), 900.0, id="a pause"),
        pytest.param({}, _scan(200, orderly=False), 900.0, id="damage"),
        pytest.param({"frame_rate_limit": Fraction(60)}, _scan(200, rate=60.1), 900.0, id="timed anew"),
        pytest.param({}, replace(_scan(200), jumps=True), 900.0, id="times that jump"),
    ],
)
def test_nothing_is_begun_early_where_the_whole_source_decides(plan, changes, scan, duration_s):
    """It is read through first."""
    plan = replace(plan, media=replace(plan.media, duration_s=duration_s), **changes)
    assert None is first_chunks(plan, scan, cores=2)


def test_an_interlaced_source_is_entered_a_frame_earlier(plan):
    """The lines of a chunk's first frame are told from those of the frame before:
    a keyframe at that very time is too late.
    """
    cutting = cut(replace(plan, deinterlace=True), _scan(200), cores=1)
    assert [(0, None), (72, 70.0), (132, 130.0)] == [(c.start // CLOCK_HZ, c.seek_s) for c in cutting.chunks]


def test_a_video_that_begins_late_is_cut_like_any_other(plan):
    """The first chunk holds what fills the time before it."""
    scan = _scan(200, first_s=3.0)
    cutting = cut(plan, scan, cores=1)
    assert (3, len(scan.frames) + cutting.copies_before) == (
        len(cutting.chunks),
        sum(chunk.frames for chunk in cutting.chunks),
    )
