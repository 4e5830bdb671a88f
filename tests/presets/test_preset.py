"""What a preset is, and its form in a file."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from pipeline.errors import CodecError
from pipeline.job import AudioRequest, EncodingRequest, Job, MappedAudio, TranscriptionRequest
from pipeline.presets.preset import (
    Preset,
    PresetSettings,
    name_problem,
    preset_from_text,
    preset_to_text,
    settings_of,
    with_settings,
)
from pipeline.presets.shipped import SHIPPED
from pipeline.presets.summary import summary

KEPT = Path(__file__).parent.parent / "kept"
JOB = Job(source=Path("a.mp4"), output_dir=Path("out"), slug="a", title="A", script=Path("a.txt"))


@pytest.mark.parametrize("preset", SHIPPED, ids=[preset.name for preset in SHIPPED])
def test_a_shipped_preset_is_a_file_too(preset):
    """What is exported is read again as it was, so each is also one that a job can have."""
    assert preset == preset_from_text(preset_to_text(preset), "a.json")


def test_a_preset_of_an_earlier_version_is_read():
    """With all that it says."""
    preset = preset_from_text((KEPT / "preset_1.json").read_bytes(), "preset_1.json")
    assert ("Größe 1", ("1080p", "480p"), 93.5, "slow", -16.0, True, False, "small", "de") == (
        preset.name,
        preset.settings.qualities,
        preset.settings.encoding.target_vmaf,
        preset.settings.encoding.preset,
        preset.settings.audio.loudness_lufs,
        preset.settings.black_bars,
        preset.settings.make_mp4,
        preset.settings.transcription.model,
        preset.settings.transcription.language,
    )


def test_a_job_keeps_what_is_its_own():
    """Source, place, title, script, and the names and the track of its transcription."""
    speech = TranscriptionRequest(model="small", names=("Ada",), track=2)
    settings = PresetSettings(qualities=("480p",), make_mp4=False, transcription=TranscriptionRequest(fast=True))
    changed = with_settings(replace(JOB, transcription=speech), settings)
    wanted = replace(
        JOB,
        qualities=("480p",),
        make_mp4=False,
        transcription=TranscriptionRequest(fast=True, names=("Ada",), track=2),
    )
    assert (wanted, settings) == (changed, settings_of(changed))


def test_every_setting_is_one_of_a_job():
    """By the same name and with the same default."""
    assert {field.name: getattr(JOB, field.name) for field in fields(PresetSettings)} == vars(PresetSettings())


def file_of(**changes: object) -> str:
    """Return the text of a preset's file with other fields."""
    data = json.loads(preset_to_text(Preset(name="Mine", settings=PresetSettings())))
    return json.dumps(data | changes)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not JSON text"),
        ("[" * 100_000, "not JSON text"),
        ("[]", "is not a preset"),
        (file_of(kind="job"), "is not a preset"),
        (file_of(schema="1"), "which schema"),
        (file_of(schema=999), "newer version"),
        (file_of(name=""), "needs a name"),
        (file_of(name="Fast"), "speed of the encoder"),
        (file_of(name="a\nb"), "one line"),
        (file_of(name=7), "name must be a text"),
        (file_of(more=1), "more is not a known field"),
        (file_of(settings={"qualities": ["999p"]}), "999p"),
        (file_of(settings={"qualities": []}), "No quality"),
        (file_of(settings={"encoding": {"codec": "vp9"}}), "settings.encoding.codec"),
        (file_of(settings={"encoding": {"target_vmaf": 101}}), "between 60 and 99"),
        (file_of(settings={"audio": {"audio_map": [[]]}}), "audio_map"),
        (file_of(settings={"transcription": {"names": ["Ada"]}}), "single videos"),
        (file_of(settings={"source": "a.mp4"}), "settings.source is not a known field"),
    ],
)
def test_a_wrong_file_is_a_sentence(text, named):
    """It names the file and what is wrong."""
    with pytest.raises(CodecError) as caught:
        preset_from_text(text, "a.json")
    assert (True, True) == (str(caught.value).startswith("a.json"), named in str(caught.value))


def test_names():
    """Any language's letters, but one line, not too long, and not what the encoder calls its speeds."""
    wrong = ["", "  ", " a", "a\tb", "x" * 61, "medium", "SLOW"]
    assert [False] * 3 + [True] * 7 == [
        name_problem(name) is not None for name in ("Größe 1", "講義", "x" * 60, *wrong)
    ]


def test_a_summary_says_what_is_not_as_usual():
    """In a line."""
    settings = PresetSettings(
        qualities=("720p",),
        encoding=EncodingRequest(target_vmaf=94, preset="slow", copy_top=True),
        audio=AudioRequest(surround=True, loudness_lufs=-16, audio_map=((MappedAudio(track=1),),)),
        black_bars=True,
        transcription=TranscriptionRequest(translate=True),
    )
    assert [
        "all qualities up to 1080p, H.264, MP4",
        "720p, H.264, VMAF 94, preset slow, original kept where possible, black bars, 5.1 audio, -16 LUFS, audio map, "
        "MP4, captions (base), captions in English",
    ] == [summary(PresetSettings()), summary(settings)]
