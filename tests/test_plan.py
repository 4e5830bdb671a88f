"""The planner: pure decisions from job and source."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.errors import SettingsError
from pipeline.model import AudioStream, PhaseName, TranscriptionRequest, UploadRequest
from pipeline.plan import make_plan, output_settings


def test_a_plain_job_gets_all_qualities_and_an_mp4_remuxed_from_480p(job, media_info):
    """The usual case, whole."""
    plan = make_plan(job, media_info())
    assert ["1080p", "720p", "480p", "360p"] == [r.name for r in plan.renditions]
    assert ("480p", (PhaseName.HLS, PhaseName.MP4), 6, 128_000) == (
        plan.mp4.remux_of,
        plan.phases,
        plan.segment_s,
        plan.audio_bit_rate,
    )


def test_without_a_480p_rendition_the_mp4_is_encoded(job, media_info):
    """The MP4 is 480p whatever the stream's qualities are."""
    plan = make_plan(replace(job, qualities=("1080p",)), media_info())
    assert (None, (854, 480)) == (plan.mp4.remux_of, (plan.mp4.rendition.width, plan.mp4.rendition.height))


def test_the_mp4_of_a_small_source_is_not_enlarged(job, media_info):
    """A source below 480p gives its own size."""
    plan = make_plan(job, media_info(width=320, height=180))
    assert ("180p", (320, 180)) == (plan.mp4.remux_of, (plan.mp4.rendition.width, plan.mp4.rendition.height))


@pytest.mark.parametrize(
    ("changes", "phases"),
    [
        pytest.param({"make_mp4": False}, "hls", id="stream only"),
        pytest.param({"transcription": TranscriptionRequest()}, "hls mp4 transcript", id="captions"),
        pytest.param({"upload": UploadRequest(prefix="a/")}, "hls mp4 upload record", id="upload"),
        pytest.param({"upload": UploadRequest(prefix="a/", delete_local=True)}, "hls mp4 upload record cleanup", id="everything"),
    ],
)
def test_the_phases_are_those_asked_for_in_their_order(job, media_info, changes, phases):
    """Nothing runs that was not asked for."""
    assert phases.split() == [p.value for p in make_plan(replace(job, **changes), media_info()).phases]


@pytest.mark.parametrize(
    ("frame_rate", "limit"),
    [
        pytest.param(Fraction(25), None, id="25"),
        pytest.param(Fraction(60), None, id="60"),
        pytest.param(Fraction(60000, 1001), None, id="59.94"),
        pytest.param(Fraction(120), Fraction(60), id="120 is halved"),
        pytest.param(Fraction(240000, 1001), Fraction(60000, 1001), id="239.76 is quartered"),
        pytest.param(Fraction(100), Fraction(50), id="100 is halved"),
    ],
)
def test_no_rendition_has_more_than_sixty_frames_a_second(job, media_info, frame_rate, limit):
    """A whole fraction, so that motion stays even."""
    assert limit == make_plan(job, media_info(frame_rate=frame_rate)).frame_rate_limit


def _sound(start_s: float, duration_s: float | None) -> tuple[AudioStream, ...]:
    return (
        AudioStream(codec="aac", channels=2, sample_rate_hz=48_000, language=None, bit_rate=None, start_s=start_s, duration_s=duration_s),
    )


@pytest.mark.parametrize(
    ("audio", "held_s"),
    [
        pytest.param((), 0.0, id="no sound"),
        pytest.param(_sound(0.0, 60.02), 0.0, id="within a frame"),
        pytest.param(_sound(0.0, 63.5), 3.5, id="longer sound"),
        pytest.param(_sound(2.0, 60.0), 2.0, id="later sound"),
        pytest.param(_sound(0.0, None), 0.0, id="unknown"),
    ],
)
def test_the_last_frame_is_held_until_the_sound_ends(job, media_info, audio, held_s):
    """Longer sound is not cut off."""
    assert held_s == make_plan(job, media_info(audio=audio)).hold_last_frame_s


def test_every_wrong_setting_is_named_at_once(job, media_info):
    """One sentence each."""
    with pytest.raises(SettingsError) as caught:
        make_plan(replace(job, qualities=("4K",), preset="warp"), media_info())
    assert ["There is no quality 4K", "There is no preset warp"] == [p.split(":")[0] for p in caught.value.problems]


def test_qualities_above_the_source_are_left_out_with_a_note(job, media_info):
    """The editor reads why a quality is missing."""
    plan = make_plan(replace(job, qualities=("1080p", "480p")), media_info(width=1280, height=720))
    assert (["480p"], ("1080p left out: the source is 1280×720. Made: 480p.",)) == ([r.name for r in plan.renditions], plan.notes)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        pytest.param({"upload": UploadRequest(prefix="a/")}, True, id="the destination does not shape the files"),
        pytest.param({"preset": "fast"}, False, id="preset"),
        pytest.param({"qualities": ("720p",)}, False, id="qualities"),
        pytest.param({"make_mp4": False}, False, id="mp4"),
        pytest.param({"transcription": TranscriptionRequest(language="es")}, False, id="transcription"),
    ],
)
def test_only_settings_that_shape_the_files_count_for_reuse(job, changes, same):
    """Another destination uses the same encode again."""
    assert same == (output_settings(job) == output_settings(replace(job, **changes)))
