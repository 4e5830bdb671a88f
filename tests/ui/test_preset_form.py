"""Presets in the form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config import Config
from pipeline.inputs import Input
from pipeline.job import (
    AudioRequest,
    CaptionRules,
    Codec,
    EncoderFamily,
    EncodingRequest,
    MappedAudio,
    SegmentType,
    TranscriptionRequest,
)
from pipeline.presets.library import Library
from pipeline.presets.preset import Preset, PresetSettings, do_the_same, settings_of
from pipeline.presets.shipped import SHIPPED
from ui.form_of_job import form_of
from ui.job_form import FormValues, form_problems, form_settings, to_job
from ui.preferences import Preferences
from ui.preset_form import NO_PRESET, based_on, preset_hint, preset_label, with_preset
from ui.remembered_form import form_from_preferences, to_preferences, usual_form
from ui.speech import SpeechValues

LIBRARY = Library(folder=None)
FIRST = form_from_preferences(Preferences(), Config())
ODD = Preset(
    name="Odd",
    settings=PresetSettings(
        qualities=("480p", "1080p"),
        encoding=EncodingRequest(
            codec=Codec.HEVC,
            encoder=EncoderFamily.CPU,
            preset="slower",
            target_vmaf=93.125,
            fit_ladder=True,
            segment_type=SegmentType.FMP4,
            keep_hdr=True,
        ),
        audio=AudioRequest(surround=True, loudness_lufs=-18.5, audio_map=((MappedAudio(track=1, channel=2),),)),
        black_bars=True,
        make_mp4=False,
        transcription=TranscriptionRequest(
            model="small", language="de", profile=CaptionRules.BBC, fast=True, translate=True
        ),
    ),
)


def job_of(values: FormValues):
    """Return the job that a form describes."""
    return to_job(values, Input(source=Path("/videos/a.mp4"), slug="a", alone=True))


@pytest.mark.parametrize("preset", [*SHIPPED, ODD], ids=lambda preset: preset.name)
def test_a_preset_that_is_chosen_makes_its_job(preset):
    """Also what the form has no field for; nothing counts as changed, and a job of it is told by the preset's name."""
    library = replace(LIBRARY, presets=(*SHIPPED, preset))
    filled = with_preset(FIRST, preset)
    assert (True, preset.name) == (
        do_the_same(preset.settings, settings_of(job_of(filled))),
        preset_label(filled, library),
    )
    assert preset.name == library.name_of(settings_of(job_of(filled)))
    assert preset.name == preset_label(form_of(job_of(filled), FIRST), library)


def test_what_is_not_a_preset_s_stays():
    """The video, its place, its names and its track, the upload, encryption and damage."""
    own = replace(
        FIRST,
        source="/videos/a.mp4",
        title="A",
        output_dir="/out",
        captions="/a.srt",
        upload=True,
        destination="videos/",
        speech=SpeechValues(names_file="/names.txt", track="2"),
        advanced=replace(FIRST.advanced, encrypt=True, accept_damaged=True, audio_tracks="2", background=False),
    )
    filled = with_preset(own, ODD)
    kept = ("source", "title", "output_dir", "captions", "upload", "destination")
    assert [getattr(own, name) for name in kept] == [getattr(filled, name) for name in kept]
    assert ("/names.txt", "2", True, True, "2", False) == (
        filled.speech.names_file,
        filled.speech.track,
        filled.advanced.encrypt,
        filled.advanced.accept_damaged,
        filled.advanced.audio_tracks,
        filled.advanced.background,
    )


def test_labels():
    """The first start is Web; a change is told, one that changes nothing is not, and what is deleted has no name."""
    course = with_preset(FIRST, SHIPPED[0])
    audio = with_preset(FIRST, SHIPPED[-1])
    cases = {
        "Web": FIRST,
        "Course": replace(course, source="b.mp4", qualities=("480p", "1080p")),
        "Course (changed)": replace(course, make_mp4=False),
        "Audio only": replace(audio, qualities=("720p",), make_mp4=True),
        NO_PRESET: replace(FIRST, make_mp4=False),
    }
    assert list(cases) == [preset_label(values, LIBRARY) for values in cases.values()]
    assert NO_PRESET == preset_label(replace(course, preset_name="Gone"), LIBRARY)


def test_the_last_one_comes_back():
    """With what the form has no field for; after a reset there is none of that."""
    library = replace(LIBRARY, presets=(*SHIPPED, ODD))
    remembered = to_preferences(with_preset(FIRST, ODD))
    again = based_on(form_from_preferences(remembered, Config()), library)
    assert ("Odd", True) == (preset_label(again, library), form_settings(again).black_bars)
    reset = usual_form(again, Config())
    assert ("Web", PresetSettings()) == (preset_label(reset, library), reset.base)


def test_segments_of_a_preset_are_for_its_format():
    """Another video format has its own."""
    settings = PresetSettings(encoding=EncodingRequest(segment_type=SegmentType.TS))
    filled = with_preset(FIRST, Preset(name="TS", settings=settings))
    changed = replace(filled, advanced=replace(filled.advanced, codec=Codec.AV1))
    assert [SegmentType.TS, None] == [job_of(values).encoding.segment_type for values in (filled, changed)]


def test_the_audio_alone_needs_no_quality():
    """Nothing is wrong with the form then."""
    values = replace(FIRST, source="a.mp4", output_dir="/out", qualities=(), audio_only=True)
    assert ((), True) == (form_problems(values), job_of(values).audio_only)


def test_the_line_says_how_is_encoded():
    """What no other line of the card tells."""
    assert ["H.264, VMAF 95, fitting qualities", "HEVC, preset slow, on the processor, HDR kept", ""] == [
        preset_hint(with_preset(FIRST, preset)) for preset in (SHIPPED[0], SHIPPED[2], SHIPPED[-1])
    ]
