"""The planner: pure decisions from job and source."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.errors import Problem, Setting, SettingsError, SourceError
from pipeline.job import (
    AudioRequest,
    Codec,
    EncoderFamily,
    EncodingRequest,
    QualityRate,
    RateControl,
    SegmentType,
    TranscriptionRequest,
    Trim,
    UploadRequest,
)
from pipeline.media.encode import ladder
from pipeline.media_info import AudioStream, DynamicRange
from pipeline.model import PhaseName
from pipeline.plan import make_plan, plan_as_made, setting_problems


def test_a_plain_job_gets_all_qualities_and_an_mp4_remuxed_from_480p(job, media_info):
    """The usual case, whole."""
    plan = make_plan(job, media_info())
    assert ["1080p", "720p", "480p", "360p"] == [r.name for r in plan.renditions]
    assert ("480p", (PhaseName.HLS, PhaseName.MP4), 6, "libx264", True) == (
        plan.mp4.remux_of,
        plan.phases,
        plan.segment_s,
        plan.encoder,
        plan.muxed_audio,
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
        pytest.param(
            {"upload": UploadRequest(prefix="a/", delete_local=True)}, "hls mp4 upload record cleanup", id="everything"
        ),
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


@pytest.mark.parametrize(
    ("changes", "setting", "problem"),
    [
        pytest.param(
            {"encoding": EncodingRequest(preset="warp")}, Setting.PRESET, "There is no preset warp", id="preset"
        ),
        pytest.param({"qualities": ("4K",)}, Setting.QUALITIES, "There is no quality 4K", id="quality"),
        pytest.param({"qualities": ()}, Setting.QUALITIES, "No quality is chosen", id="no quality"),
        pytest.param(
            {"encoding": EncodingRequest(codec=Codec.HEVC, segment_type=SegmentType.TS)},
            Setting.SEGMENT_TYPE,
            "HEVC needs fMP4 segments",
            id="HEVC in TS",
        ),
        pytest.param(
            {"encoding": EncodingRequest(keep_hdr=True)},
            Setting.KEEP_HDR,
            "HDR can't be kept in H.264",
            id="HDR in H.264",
        ),
        pytest.param(
            {"encoding": EncodingRequest(target_vmaf=100)},
            Setting.TARGET_VMAF,
            "A VMAF target lies between 60 and 99, not at 100.",
            id="VMAF",
        ),
        pytest.param(
            {"encoding": EncodingRequest(target_vmaf=94, rate_control=RateControl.ABR)},
            None,
            "A VMAF target and an average bit rate exclude each other",
            id="VMAF and ABR",
        ),
        pytest.param(
            {"encoding": EncodingRequest(target_vmaf=94, encoder=EncoderFamily.NVIDIA)},
            Setting.ENCODER,
            "A VMAF target needs an encoder that keeps a quality",
            id="VMAF in hardware",
        ),
        pytest.param(
            {"bit_rates": (QualityRate(name="4K", bit_rate=9_000_000),)},
            Setting.BIT_RATES,
            "There is no quality 4K to give a bit rate: choose from 2160p, 1440p",
            id="a rate of no quality",
        ),
        pytest.param(
            {"bit_rates": (QualityRate(name="720p", bit_rate=10**400),)},
            Setting.BIT_RATES,
            "The bit rate of 720p lies between 50 kb/s and 100,000 kb/s.",
            id="a rate out of all measure",
        ),
        pytest.param(
            {"bit_rates": (QualityRate(name="1080p", bit_rate=2_800_000),)},
            Setting.BIT_RATES,
            "1080p must get more bits than 720p, since players choose by the rate: "
            "it has 2,800 kb/s, and 720p 2,800 kb/s.",
            id="rates that do not fall",
        ),
        pytest.param(
            {"encoding": EncodingRequest(fit_ladder=True)},
            Setting.TARGET_VMAF,
            "Which qualities save hardly anything is found by measuring: set a VMAF target",
            id="a fitting ladder without a target",
        ),
        pytest.param(
            {"audio": AudioRequest(loudness_lufs=3)},
            Setting.LOUDNESS,
            "A loudness target lies between -36 and -5 LUFS, not at 3.",
            id="loudness",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence(job, media_info, changes, setting, problem):
    """What is wrong, what may be chosen instead, and which setting that is."""
    with pytest.raises(SettingsError) as caught:
        make_plan(replace(job, **changes), media_info())
    assert [(problem, setting)] == [(p.text[: len(problem)], p.setting) for p in caught.value.problems]


def test_every_wrong_setting_is_named_at_once(job, media_info):
    """One sentence each."""
    with pytest.raises(SettingsError) as caught:
        make_plan(replace(job, qualities=("4K",), encoding=EncodingRequest(preset="warp")), media_info())
    assert ["There is no quality 4K", "There is no preset warp"] == [
        text.split(":")[0] for text in caught.value.sentences
    ]


def _track(index: int, *, language: str | None = None, channels: int = 2, default: bool = False) -> AudioStream:
    return AudioStream(
        codec="aac",
        channels=channels,
        sample_rate_hz=48_000,
        language=language,
        bit_rate=None,
        start_s=0.0,
        duration_s=60.0,
        index=index,
        default=default,
    )


def test_several_audio_tracks_become_a_group_of_their_own(job, media_info):
    """The one that the file marks is the default; two of a language are told apart."""
    tracks = (_track(1, language="en"), _track(2, language="de", default=True), _track(3, language="en"))
    plan = make_plan(job, media_info(audio=tracks))
    assert (
        False,
        ["audio/en", "audio/de", "audio/en-2"],
        ["English", "German", "English 2"],
        [False, True, False],
    ) == (
        plan.muxed_audio,
        [a.folder for a in plan.audio],
        [a.name for a in plan.audio],
        [a.default for a in plan.audio],
    )


def test_surround_comes_beside_stereo_when_asked_for(job, media_info):
    """A player without surround still has audio."""
    five_one = (_track(1, channels=6),)
    plain, surround = (
        make_plan(replace(job, audio=AudioRequest(surround=asked)), media_info(audio=five_one))
        for asked in (False, True)
    )
    assert ([("audio/und", 2)], [("audio/und", 2), ("audio/und-surround", 6)]) == (
        [(a.folder, a.channels) for a in plain.audio],
        [(a.folder, a.channels) for a in surround.audio],
    )


@pytest.mark.parametrize(
    ("encoding", "segment_type", "muxed"),
    [
        pytest.param(EncodingRequest(), SegmentType.TS, True, id="H.264"),
        pytest.param(EncodingRequest(segment_type=SegmentType.FMP4), SegmentType.FMP4, False, id="H.264 in fMP4"),
        pytest.param(EncodingRequest(codec=Codec.HEVC), SegmentType.FMP4, False, id="HEVC"),
    ],
)
def test_the_codec_says_what_the_segments_are(job, media_info, encoding, segment_type, muxed):
    """Fragmented MP4 holds video and audio apart."""
    plan = make_plan(replace(job, encoding=encoding), media_info())
    assert (segment_type, muxed) == (plan.segment_type, plan.muxed_audio)


@pytest.mark.parametrize(
    ("encoding", "dynamic_range"),
    [
        pytest.param(EncodingRequest(), DynamicRange.SDR, id="converted"),
        pytest.param(EncodingRequest(codec=Codec.HEVC, keep_hdr=True), DynamicRange.PQ, id="kept"),
    ],
)
def test_hdr_is_kept_only_when_asked_for(job, media_info, encoding, dynamic_range):
    """By default everybody sees the right colours."""
    assert (
        dynamic_range
        is make_plan(replace(job, encoding=encoding), media_info(colour_transfer="smpte2084")).dynamic_range
    )


def test_rates_are_ceilings_unless_they_are_asked_for(job, media_info):
    """An even quality below the table's rates, or the table's rates."""
    plans = [
        make_plan(replace(job, encoding=EncodingRequest(rate_control=control)), media_info()) for control in RateControl
    ]
    assert [ladder.CRF[Codec.H264], None] == [plan.renditions[0].crf for plan in plans]


def test_a_source_without_a_video_becomes_a_stream_of_audio(job, media_info):
    """No rendition, no MP4, and the audio has segments of its own."""
    plan = make_plan(job, replace(media_info(), video=None))
    assert ((), None, False, (PhaseName.HLS,)) == (plan.renditions, plan.mp4, plan.muxed_audio, plan.phases)


def test_the_audio_alone_is_taken_of_a_video(job, media_info):
    """As of a source that has no more, with a note, whatever qualities are named; one without audio is refused."""
    wanted = replace(job, audio_only=True, qualities=(), trim=Trim(start_s=1.0))
    plan = make_plan(wanted, media_info())
    assert ((), None, False, None, "lesson.mp4: only its audio.") == (
        plan.renditions,
        plan.mp4,
        plan.muxed_audio,
        plan.media.video,
        plan.notes[1],
    )
    with pytest.raises(SourceError, match="has no audio that can be decoded"):
        make_plan(wanted, replace(media_info(), audio=()))


def test_what_was_not_worth_making_is_in_no_later_step(job, media_info):
    """The MP4 is encoded then; without a ladder that fits, all that was planned must be there."""
    fitted = replace(job, encoding=EncodingRequest(target_vmaf=95, fit_ladder=True))
    plan = make_plan(fitted, media_info())
    made = plan_as_made(plan, ("1080p", "360p"))
    assert (["1080p", "360p"], None, plan.mp4.rendition) == (
        [r.name for r in made.renditions],
        made.mp4.remux_of,
        made.mp4.rendition,
    )
    whole = ("1080p", "720p", "480p", "360p")
    plain = make_plan(job, media_info())
    assert (plan, "480p", plain) == (
        plan_as_made(plan, whole),
        plan_as_made(plan, whole[:3]).mp4.remux_of,
        plan_as_made(plain, whole[:2]),
    )


def test_qualities_above_the_source_are_left_out_with_a_note(job, media_info):
    """The editor reads why a quality is missing."""
    plan = make_plan(replace(job, qualities=("1080p", "480p")), media_info(width=1280, height=720))
    assert (["480p"], ("1080p left out: the source is 1280×720. Made: 480p.",)) == (
        [r.name for r in plan.renditions],
        plan.notes,
    )


@pytest.mark.parametrize(
    ("qualities", "made", "notes"),
    [
        pytest.param(
            None,
            ["1080p", "720p", "480p", "360p"],
            ("lesson.mp4 is large enough for 2160p and 1440p, which are made only when chosen.",),
            id="nothing chosen",
        ),
        pytest.param(("2160p", "720p"), ["2160p", "720p"], (), id="chosen"),
        pytest.param(("1080p",), ["1080p"], (), id="others chosen"),
    ],
)
def test_above_1080p_only_what_is_chosen_is_made(job, media_info, qualities, made, notes):
    """A 4K source gets at most 1080p, and the editor is told, unless qualities are named; the MP4 stays 480p."""
    plan = make_plan(replace(job, qualities=qualities), media_info(width=3840, height=2160))
    assert (made, notes, (854, 480)) == (
        [r.name for r in plan.renditions],
        plan.notes,
        (plan.mp4.rendition.width, plan.mp4.rendition.height),
    )


def test_a_script_needs_a_transcription(job, media_info):
    """Nothing else finds its times."""
    with pytest.raises(SettingsError, match="A script needs a transcription"):
        make_plan(replace(job, script=Path("talk.txt"), transcription=None), media_info())


@pytest.mark.parametrize(
    ("tracks", "number", "there"),
    [(2, 0, "choose from 1 to 2"), (2, 3, "choose from 1 to 2"), (1, 2, "it has one only")],
)
def test_a_caption_track_that_is_not_there_is_refused(job, media_info, tracks, number, there):
    """With its setting, before anything starts."""
    media = media_info()
    media = replace(media, audio=tuple(replace(media.audio[0], index=1 + place) for place in range(tracks)))
    wanted = replace(job, transcription=TranscriptionRequest(track=number))
    with pytest.raises(SettingsError) as refused:
        make_plan(wanted, media)
    text = f"{media.path} has no audio track {number} to caption: {there}."
    assert (Problem(text=text, setting=Setting.CAPTION_TRACK),) == refused.value.problems
    make_plan(replace(wanted, transcription=TranscriptionRequest(track=tracks)), media)


def test_rates_of_ones_own(job, media_info):
    """They take the place of the table's, with a peak and a buffer in proportion, in the MP4 too; others stay."""
    rates = (QualityRate(name="1080p", bit_rate=10_000_000), QualityRate(name="480p", bit_rate=1_050_000))
    plan = make_plan(replace(job, bit_rates=rates), media_info())
    assert [
        (10_000_000, 10_700_000, 15_000_000),
        (2_800_000, 3_000_000, 4_200_000),
        (1_050_000, 1_125_000, 1_575_000),
    ] == [(r.bit_rate, r.max_bit_rate, r.buffer_size) for r in plan.renditions[:3]]
    assert 1_050_000 == plan.mp4.rendition.bit_rate


def test_rates_matter_among_what_is_made(job, media_info):
    """One that would be above the next larger quality's is no fault where that is not made."""
    rates = (QualityRate(name="720p", bit_rate=6_000_000),)
    plan = make_plan(replace(job, qualities=("720p", "480p"), bit_rates=rates), media_info())
    assert [6_000_000, 1_400_000] == [r.bit_rate for r in plan.renditions]


def test_rates_are_no_matter_where_no_video_is_made(job):
    """Audio alone has none, whatever would be too close."""
    rates = (QualityRate(name="480p", bit_rate=9_000_000),)
    assert [1, 0] == [len(setting_problems(replace(job, bit_rates=rates, audio_only=only))) for only in (False, True)]


@pytest.mark.parametrize(
    ("poster_s", "trim", "refused"),
    [
        (0.0, None, ""),
        (5.0, Trim(start_s=4.0, end_s=6.0), ""),
        (3.0, Trim(start_s=4.0, end_s=6.0), "the part from 0:00:04 to 0:00:06"),
        (9.0, Trim(start_s=4.0, end_s=6.0), "the part from 0:00:04 to 0:00:06"),
        (99.0, None, "is not in the video of"),
    ],
    ids=["first frame", "in the part", "before it", "after it", "after the end"],
)
def test_a_poster_is_a_frame_of_what_is_converted(job, media_info, poster_s, trim, refused):
    """Of a part that is converted alone no other frame is at hand."""
    asked = replace(job, poster_s=poster_s, trim=trim)
    media = replace(media_info(), duration_s=10.0)
    if not refused:
        assert poster_s == make_plan(asked, media).job.poster_s
        return
    with pytest.raises(SettingsError, match=refused) as caught:
        make_plan(asked, media)
    assert [Setting.POSTER] == [problem.setting for problem in caught.value.problems]


def test_audio_alone_has_no_poster(job, media_info):
    """Nothing is asked of its time then."""
    assert make_plan(replace(job, audio_only=True, poster_s=99.0), media_info())
