"""Which settings count for what an earlier run made, and how a difference is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.job import (
    AudioRequest,
    CaptionRules,
    Codec,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    MappedAudio,
    QualityRate,
    RateControl,
    SegmentType,
    TrackChoice,
    TranscriptionRequest,
    Trim,
    UploadRequest,
)
from pipeline.media.hls.encryption import key_digest
from pipeline.model import CaptionText
from pipeline.output_settings import OutputSettings, output_settings
from pipeline.plan import make_plan

KEY = b"0123456789abcdef"


@pytest.fixture
def settings(job, media_info):
    """Return a function that returns the settings of a job with changes, of a 1080p source with stereo audio."""

    def build(encoder=None, media=None, **changes):
        return output_settings(make_plan(replace(job, **changes), media or media_info(), encoder))

    return build


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"upload": UploadRequest(prefix="a/")}, {}, id="another destination"),
        pytest.param({"accept_damaged": True}, {}, id="what may be missing"),
        pytest.param(
            {"encoding": EncodingRequest(preset="fast")}, {"hls": ("preset",), "mp4": ("preset",)}, id="preset"
        ),
        pytest.param(
            {"encoding": EncodingRequest(encoder=EncoderFamily.CPU)}, {}, id="the encoder that did it, by its name"
        ),
        pytest.param(
            {"encoding": EncodingRequest(segment_type=SegmentType.TS)}, {}, id="the usual segments, by their name"
        ),
        pytest.param({"audio": AudioRequest(surround=True)}, {}, id="5.1 of a stereo source"),
        pytest.param({"black_bars": True}, {}, id="black bars around 16:9"),
        pytest.param({"qualities": ("1080p", "720p", "480p", "360p")}, {}, id="the usual qualities, by their names"),
        pytest.param(
            {"qualities": ("2160p", "1080p", "720p", "480p", "360p")}, {}, id="a quality that the source does not fill"
        ),
        pytest.param(
            {"audio": AudioRequest(loudness_lufs=-16)},
            {"hls": ("loudness_lufs",), "mp4": ("loudness_lufs",)},
            id="loudness",
        ),
        pytest.param({"transcription": TranscriptionRequest(model="small")}, {"transcript": ()}, id="captions"),
        pytest.param({"trim": Trim(start_s=3)}, {"hls": ("trim",), "mp4": ("trim",)}, id="a part"),
        pytest.param(
            {"bit_rates": (QualityRate(name="720p", bit_rate=2_000_000),)},
            {"hls": ("bit_rates",), "mp4": ("bit_rates",)},
            id="a bit rate",
        ),
        pytest.param(
            {"bit_rates": (QualityRate(name="2160p", bit_rate=20_000_000),)}, {}, id="a bit rate of what is not made"
        ),
        pytest.param({"tracks": TrackChoice(audio=(2,))}, {"hls": ("tracks",), "mp4": ("tracks",)}, id="tracks"),
    ],
)
def test_only_what_shapes_a_step_does_it_again(settings, changes, steps):
    """A setting that makes no difference to this source is none."""
    assert steps == settings(**changes).changes(settings().steps)


def test_captions_of_files_are_told_by_their_content(job, media_info):
    """By language and text; where something is transcribed too, they are no part of the transcript."""
    german, english = CaptionText(language="de", text="WEBVTT"), CaptionText(language="en", text="WEBVTT")

    def build(*captions, **changes):
        return output_settings(make_plan(replace(job, **changes), media_info(), captions=captions))

    made = build(german, english)
    other = replace(english, text="WEBVTT\n")
    assert {} == made.changes(made.steps)
    assert {"package": ("captions",)} == build(german, other).changes(made.steps)
    assert {"package": ("captions",), "transcript": ("captions",)} == build(english, german).changes(made.steps)
    assert (["captions in English"], []) == (build(german).lost(made.steps), made.lost(build(german).steps))
    assert ["captions in German", "captions in English"] == build().lost(made.steps)
    heard = build(german, transcription=TranscriptionRequest())
    assert "captions" not in heard.steps["transcript"]


def test_another_option_of_the_captions_is_the_captions_alone(settings):
    """The video knows nothing of it."""
    made = settings(transcription=TranscriptionRequest()).steps
    assert {"transcript": ("language",)} == settings(transcription=TranscriptionRequest(language="es")).changes(made)


def test_a_transcript_is_of_the_part_and_the_tracks_that_were_chosen(settings):
    """Of another part other words are heard."""
    asked = TranscriptionRequest()
    made = settings(transcription=asked).steps
    assert ("trim",) == settings(transcription=asked, trim=Trim(start_s=3)).changes(made)["transcript"]


@pytest.mark.parametrize(
    ("family", "same"), [(EncoderFamily.AUTO, True), (EncoderFamily.NVIDIA, False)], ids=["any", "a named one"]
)
def test_any_encoder_will_do_where_none_is_named(settings, family, same):
    """A graphics card that is busy today is no reason to encode again."""
    wanted = settings(encoder="h264_nvenc", encoding=EncodingRequest(encoder=family))
    assert same == (wanted.changes(settings(encoder="libx264").steps) == {})


def test_audio_settings_mean_nothing_without_audio(settings, media_info):
    """Nor is there a transcript to wait for."""
    silent = media_info(audio=())
    wanted = settings(media=silent, audio=AudioRequest(loudness_lufs=-16), transcription=TranscriptionRequest())
    assert {} == wanted.changes(settings(media=silent).steps)


def test_a_source_that_fills_no_quality_has_one_of_its_own_whatever_is_chosen(settings, media_info):
    """Whatever a version calls it."""
    small = media_info(width=320, height=180)
    assert ({}, []) == (
        (wanted := settings(media=small, qualities=("360p",))).changes(
            settings(media=small).steps | {"hls": {"qualities": ["176p"]}}
        ),
        wanted.lost({"hls": {"qualities": ["176p"]}}),
    )


@pytest.mark.parametrize(
    ("made", "now", "lost"),
    [
        pytest.param({}, {"qualities": ("1080p", "720p")}, ["480p", "360p"], id="qualities"),
        pytest.param({"qualities": ("720p",)}, {}, [], id="more qualities"),
        pytest.param({}, {"make_mp4": False}, ["an MP4"], id="MP4"),
        pytest.param({"transcription": TranscriptionRequest()}, {}, ["a transcript"], id="transcript"),
        pytest.param({"encoding": EncodingRequest(preset="slow")}, {}, [], id="preset"),
        pytest.param(
            {"encoding": EncodingRequest(preset="slow")},
            {"encoding": EncodingRequest(preset="fast")},
            [],
            id="another preset",
        ),
        pytest.param({"encoding": EncodingRequest(codec=Codec.HEVC)}, {}, [], id="codec"),
        pytest.param({"audio": AudioRequest(loudness_lufs=-16)}, {}, [], id="loudness"),
        pytest.param({"encoding": EncodingRequest(target_vmaf=93)}, {}, [], id="VMAF target"),
        pytest.param(
            {"encoding": EncodingRequest(copy_top=True)},
            {},
            ["the original video as its largest quality"],
            id="original",
        ),
        pytest.param({"audio": AudioRequest(surround=True)}, {}, [], id="5.1 that there never was"),
        pytest.param({"trim": Trim(start_s=3)}, {}, ["a part of the video alone"], id="part"),
    ],
)
def test_what_is_not_asked_for_any_more_is_named(settings, made, now, lost):
    """What is asked for otherwise is not lost, nor is a value for which another one is the default:
    that is done again.
    """
    assert lost == settings(**now).lost(settings(**made).steps)


@pytest.fixture
def encrypted(tmp_path):
    """An encryption with a key of its own."""
    (tmp_path / "key").write_bytes(KEY)
    return Encryption(key_file=tmp_path / "key", key_uri="https://keys.invalid/1")


def test_encryption_is_a_matter_of_packaging(settings, encrypted):
    """Segments are encrypted after the encode, and with the key that they have they can be made plain again."""
    wanted = settings(encryption=encrypted)
    assert ("key", "key_uri") == wanted.changes(settings().steps)["package"]
    moved = settings(encryption=replace(encrypted, key_uri="https://keys.invalid/2"))
    assert {"package": ("key_uri",)} == moved.changes(wanted.steps)
    assert ["encryption"] == settings().lost(wanted.steps)


def test_another_key_means_another_encode(settings, encrypted):
    """Nobody has the old one to make the segments plain."""
    made = settings(encryption=encrypted).steps
    encrypted.key_file.write_bytes(KEY[::-1])
    assert {"package": ("key",), "hls": ("key",)} == settings(encryption=encrypted).changes(made)


def test_an_option_that_a_newer_version_adds_makes_no_difference():
    """What was made before it has nothing of that name, and its default is left out."""
    made = {"hls": {"encoder": "libx264"}, "package": {}}
    assert {} == OutputSettings(steps=made).changes(made)
    assert {"hls": ("new_option",)} == OutputSettings(
        steps=made | {"hls": {"encoder": "libx264", "new_option": True}}
    ).changes(made)


def test_the_settings_keep_the_names_and_forms_that_job_json_has(settings, encrypted):
    """Folders that were made earlier are known by them: a setting that is called otherwise is another setting."""
    source = {"tracks": {"programme": None, "video": None, "audio": [1]}, "trim": [1.5, None]}
    stream = source | {
        "codec": "hevc",
        "preset": "slow",
        "rate_control": "abr",
        "keep_hdr": True,
        "copy_top": True,
        "black_bars": True,
        "surround": True,
        "loudness_lufs": -16.0,
        "audio_map": [[[1, None]], [[1, 1], [1, 2]]],
        "encoder": "hevc_nvenc",
    }
    chosen = settings(
        encoder="hevc_nvenc",
        tracks=TrackChoice(audio=(1,)),
        trim=Trim(start_s=1.5),
        qualities=("720p",),
        encoding=EncodingRequest(
            codec=Codec.HEVC,
            encoder=EncoderFamily.NVIDIA,
            preset="slow",
            rate_control=RateControl.ABR,
            keep_hdr=True,
            copy_top=True,
        ),
        audio=AudioRequest(
            surround=True,
            loudness_lufs=-16.0,
            audio_map=((MappedAudio(track=1),), (MappedAudio(track=1, channel=1), MappedAudio(track=1, channel=2))),
        ),
        black_bars=True,
        transcription=TranscriptionRequest(model="small", language="de", profile=CaptionRules.BBC, fast=True),
        encryption=replace(encrypted, publish_key=True),
    )
    assert {
        "hls": stream | {"qualities": ["720p"]},
        "mp4": stream,
        "transcript": source | {"model": "small", "language": "de", "profile": "bbc", "fast": True},
        "package": {"key": key_digest(encrypted), "key_uri": "https://keys.invalid/1", "publish_key": True},
    } == json.loads(json.dumps(chosen.steps))
    assert {
        "hls": {"encoder": "libx264", "target_vmaf": 93.0, "segment_type": "fmp4", "qualities": ["360p"]},
        "package": {},
    } == settings(
        encoding=EncodingRequest(target_vmaf=93.0, segment_type=SegmentType.FMP4), qualities=("360p",), make_mp4=False
    ).steps


def test_a_transcript_with_the_usual_model_and_any_language_has_no_settings(settings):
    """So a folder whose captions were made by default stays what it is."""
    assert {} == settings(transcription=TranscriptionRequest()).steps["transcript"]


def test_another_poster_is_packaged_and_nothing_is_encoded(job, media_info):
    """What was made stays as it is."""
    before, wanted = (output_settings(make_plan(replace(job, poster_s=time_s), media_info())) for time_s in (None, 1.0))
    assert ({"package": ("poster_s",)}, []) == (wanted.changes(before.steps), wanted.lost(before.steps))
