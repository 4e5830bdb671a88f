"""Choosing constant rate factors by measurement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError
from pipeline.job import Codec, EncodingRequest, Job
from pipeline.media.encode import arguments as encode
from pipeline.media.encode import per_title, trial
from pipeline.media.encode.chunks import Chunk, Cutting, cut
from pipeline.media.encode.encoders import video_options
from pipeline.media.encode.per_title import (
    FACTORS,
    STRETCHES,
    ChosenFactor,
    CrfTrial,
    choose_factors,
    met,
    next_crf,
    rate_at,
    spread,
)
from pipeline.media.encode.trial import trial_arguments
from pipeline.media.encode.vmaf import measure_vmaf
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.media.source.packet_scan import scan
from pipeline.media.source.probe import probe
from pipeline.model import Plan
from pipeline.plan import make_plan

TARGET = 88.0
MOVING = (
    "mandelbrot=size=160x90:rate=25:start_scale=0.2:end_pts=600:end_scale=0.02,"
    "noise=alls=5:allf=t:all_seed=1,trim=duration={}"
)


def _plan(source: Path, target: float = TARGET, codec: Codec = Codec.H264) -> Plan:
    encoding = EncodingRequest(codec=codec, preset="ultrafast", target_vmaf=target)
    return make_plan(Job(source=source, output_dir=source.parent, slug="clip", encoding=encoding), probe(source))


def _narrow(plan: Plan) -> Plan:
    """Return a plan with a ceiling that no factor can make good."""
    return replace(plan, renditions=tuple(replace(r, bit_rate=40_000, buffer_size=60_000) for r in plan.renditions))


def _cut(plan: Plan) -> Cutting:
    return cut(plan, scan(plan.media, CancelToken()), cores=1)


def _make(ffmpeg: Path, folder: Path, seconds: int) -> Path:
    source = folder / f"{seconds}s.mkv"
    video = [
        "-f",
        "lavfi",
        "-i",
        MOVING.format(seconds),
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "4",
    ]
    run_ffmpeg(ffmpeg, [*video, "-g", "60", source.name], cwd=folder, cancel=CancelToken())
    return source


@pytest.fixture(scope="session")
def short_source(ffmpeg, tmp_path_factory) -> Path:
    """Four seconds: looked at as a whole."""
    return _make(ffmpeg, tmp_path_factory.mktemp("short"), 4)


@pytest.fixture(scope="session")
def long_source(ffmpeg, tmp_path_factory) -> Path:
    """So long that only stretches of it are looked at."""
    return _make(ffmpeg, tmp_path_factory.mktemp("long"), 24)


@pytest.fixture
def choose(ffmpeg, tmp_path) -> Callable[..., ChosenFactor]:
    """Return a function that chooses the factor of a plan's only quality."""

    def choose_one(plan: Plan, **more: object) -> ChosenFactor:
        given = {"cancel": CancelToken()} | more
        (chosen,) = choose_factors(ffmpeg, plan, _cut(plan), scratch=tmp_path, **given).values()
        return chosen

    return choose_one


@pytest.fixture
def cutting(short_source) -> Callable[[float], Cutting]:
    """Return a function that describes a source of a given length."""

    def build(length_s: float) -> Cutting:
        return replace(_cut(_plan(short_source)), length=round(length_s * 90_000))

    return build


def _encoded(ffmpeg: Path, plan: Plan, folder: Path, crf: float) -> tuple[float, float]:
    """Encode a whole source with a factor and return its score, and its bits a second."""
    (r,) = (replace(r, crf=crf) for r in plan.renditions)
    rates = video_options(plan.encoder, "ultrafast", (r,), dynamic_range=plan.dynamic_range)
    options = [part for key, value in rates.items() for part in (f"-{key}", str(value))]
    arguments = ["-i", str(plan.media.path), *options, "-force_key_frames", encode.KEYFRAMES, "made.mkv"]
    run_ffmpeg(ffmpeg, arguments, cwd=folder, cancel=CancelToken())
    made = folder / "made.mkv"
    score = measure_vmaf(ffmpeg, made, plan.media.path, (r.width, r.height), scratch=folder, cancel=CancelToken())
    return score, made.stat().st_size * 8 / (plan.media.duration_s or 0.0)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.HEVC, Codec.AV1])
def test_a_short_source_meets_the_target(ffmpeg, short_source, choose, tmp_path, codec):
    """What is encoded with the chosen factor is within a point of the target."""
    plan = _plan(short_source, codec=codec)
    chosen = choose(plan)
    score, bit_rate = _encoded(ffmpeg, plan, tmp_path, chosen.crf)
    assert (pytest.approx(TARGET, abs=1), pytest.approx(chosen.bit_rate, rel=0.1)) == (score, bit_rate)


def test_a_long_source_meets_the_target(ffmpeg, long_source, choose, tmp_path):
    """Stretches stand for the whole, for its bits too."""
    plan = _plan(long_source)
    chosen = choose(plan)
    score, bit_rate = _encoded(ffmpeg, plan, tmp_path, chosen.crf)
    assert (pytest.approx(TARGET, abs=1), pytest.approx(chosen.bit_rate, rel=0.1)) == (score, bit_rate)


def test_the_same_source_gives_the_same_factor(long_source, choose):
    """A job that was interrupted goes on with what it began with."""
    plan = _plan(long_source)
    assert choose(plan) == choose(plan)


def test_an_encoder_of_a_trial_runs_on_one_thread(long_source):
    """Several threads look at each other's progress, and no two runs would give the same score."""
    plan, cutting = _plan(long_source), _cut(_plan(long_source))
    arguments = trial_arguments(plan, cutting, spread(cutting)[0], plan.renditions)
    assert "1" == arguments[arguments.index("-threads:v") + 1]


def test_a_ceiling_below_the_target_gives_the_lowest_factor(short_source, choose):
    """Where no factor meets the target, the ceiling is what is spent."""
    assert FACTORS[Codec.H264].lowest == choose(_narrow(_plan(short_source))).crf


def test_what_can_not_be_read_is_a_sentence(ffmpeg, tmp_path, short_source):
    """Where nothing can be measured, the editor is told what to do."""
    plan = _plan(short_source)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no video")
    with pytest.raises(EncodeError, match=r"No stretch of broken.mkv could be measured .*: leave the VMAF target out"):
        unreadable = replace(plan, media=replace(plan.media, path=broken))
        choose_factors(ffmpeg, unreadable, _cut(plan), scratch=tmp_path, cancel=CancelToken())


def test_a_part_that_can_not_be_read_is_left_out(ffmpeg, long_source, tmp_path):
    """A source that ends before it says it does is judged by what there is."""
    torn = tmp_path / "torn.mkv"
    torn.write_bytes(long_source.read_bytes()[: long_source.stat().st_size * 2 // 3])
    cutting = _cut(_plan(long_source))
    (chosen,) = choose_factors(ffmpeg, _plan(torn), cutting, scratch=tmp_path, cancel=CancelToken()).values()
    assert 12 < chosen.crf < 40


def test_cancel_ends_it(long_source, choose, tmp_path):
    """A cancelled choice raises and leaves nothing behind."""
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        choose(_plan(long_source), cancel=cancel, on_progress=lambda _: cancel.cancel())
    assert [] == list(tmp_path.iterdir())


def test_a_cancel_is_heard_however_soon_all_is_measured(short_source, choose, monkeypatch):
    """Also where no other trial follows."""
    monkeypatch.setattr(per_title, "TRIALS", 1)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        choose(_plan(short_source), cancel=cancel, on_progress=lambda _: cancel.cancel())


def test_progress_rises_to_one(short_source, choose):
    """It never falls, and ends at 1 even when few trials were enough."""
    shares: list[float] = []
    choose(_narrow(_plan(short_source)), on_progress=shares.append)
    assert (sorted(shares), 1.0) == (shares, shares[-1])


@pytest.mark.parametrize(
    ("trials", "crf", "bit_rate"),
    [
        pytest.param([(22, 500.0)], 25.0, 500.0, id="one: its own"),
        pytest.param([(22, 800.0), (28, 400.0)], 25.0, 565.7, id="between two"),
        pytest.param([(22, 800.0), (28, 400.0), (40, 1.0)], 34.0, 20.0, id="by the two nearest"),
        pytest.param([(22, 0.0), (28, 400.0)], 23.0, 0.0, id="one without any"),
    ],
)
def test_a_factor_s_rate_lies_on_a_line_of_shares(trials, crf, bit_rate):
    """Each step of the factor changes the rate by the same share."""
    found = rate_at(crf, [CrfTrial(crf=tried, vmaf=90, bit_rate=rate) for tried, rate in trials])
    assert bit_rate == pytest.approx(found, abs=0.1)


def test_stretches_are_slots_spread_evenly(cutting):
    """Of ten minutes so many slots are taken, each from the middle of its part."""
    starts = [(s.start / 90_000, s.end / 90_000) for s in spread(cutting(600))]
    assert [(start, start + 2) for start in (42, 128, 214, 300, 384, 470, 556)] == starts


def test_a_source_of_few_slots_is_taken_whole(cutting):
    """It is encoded in one run, which is what will be made."""
    whole = Chunk(number=0, start=0, end=None, seek_s=None, first_frame=0, frames=None)
    assert (whole,) == spread(cutting(2 * STRETCHES))


@pytest.mark.parametrize(
    ("trials", "crf"),
    [
        pytest.param([(22, 96.4)], 25.0, id="one, too good: by the usual slope"),
        pytest.param([(22, 90.0)], 17.0, id="one, too poor"),
        pytest.param([(20, 95.0), (24, 93.0)], 22.0, id="two around the target: between them"),
        pytest.param([(20, 96.0), (24, 95.0), (30, 92.0)], 26.0, id="three: by the nearest on either side"),
        pytest.param([(20, 98.0), (24, 96.0)], 28.0, id="both too good: by their own slope"),
        pytest.param([(22, 80.0), (14, 80.1)], 12, id="more bits don't help: the lowest"),
        pytest.param([(22, 99.9), (30, 99.8)], 40, id="nothing is lost: the highest"),
    ],
)
def test_the_factor_follows_from_the_trials(trials, crf):
    """Straight lines between what was measured, within the codec's limits."""
    assert crf == met([CrfTrial(crf=c, vmaf=v) for c, v in trials], 94.0, FACTORS[Codec.H264])


def test_av1_takes_whole_factors():
    """SVT-AV1 knows no others."""
    assert 30 == met([CrfTrial(crf=28, vmaf=94.9), CrfTrial(crf=33, vmaf=92.9)], 94.0, FACTORS[Codec.AV1])


@pytest.mark.parametrize(
    ("trials", "crf"),
    [
        pytest.param([], 22.5, id="none yet: the usual one"),
        pytest.param([(22.5, 94.3)], None, id="close enough"),
        pytest.param([(22.5, 96.1)], 25.1, id="not close: where the target should be"),
        pytest.param([(22.5, 85.0), (12, 85.6)], None, id="the lowest was tried"),
    ],
)
def test_the_next_trial_is_where_the_target_should_be(trials, crf):
    """Trials end when the target is met, or when nothing new can be tried."""
    assert crf == next_crf([CrfTrial(crf=c, vmaf=v) for c, v in trials], 94.0, FACTORS[Codec.H264], 22.5)


def test_what_was_measured_before_a_stop_is_not_measured_again(ffmpeg, long_source, tmp_path, monkeypatch):
    """The factors are those of one run; of another work nothing is taken."""
    plan, log = _plan(long_source), tmp_path / "measured.jsonl"
    cutting, runs = _cut(plan), []
    real = trial.run_ffmpeg

    def counted(*given, **more):
        if len(runs) == 5:
            raise Cancelled
        runs.append(given)
        return real(*given, **more)

    monkeypatch.setattr(per_title, "side_by_side", lambda cores: 1)
    monkeypatch.setattr(trial, "run_ffmpeg", counted)
    with pytest.raises(Cancelled):
        choose_factors(ffmpeg, plan, cutting, scratch=tmp_path, cancel=CancelToken(), log=log, key="key")
    runs.clear()
    monkeypatch.setattr(trial, "run_ffmpeg", lambda *given, **more: (runs.append(given), real(*given, **more))[1])
    resumed = choose_factors(ffmpeg, plan, cutting, scratch=tmp_path, cancel=CancelToken(), log=log, key="key")
    again = len(runs)
    runs.clear()
    assert resumed == choose_factors(
        ffmpeg, plan, cutting, scratch=tmp_path, cancel=CancelToken(), log=log, key="other"
    )
    assert 4 <= len(runs) - again <= 5  # the last may have ended together with the stop
