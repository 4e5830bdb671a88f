"""The choices under Advanced."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pipeline.job import AudioRequest, Codec, EncoderFamily, EncodingRequest
from ui import advanced
from ui.advanced import (
    AdvancedValues,
    Aim,
    advanced_from_preferences,
    changes,
    encoder_choices,
    remembered_address,
)
from ui.preferences import Preferences

AUTO, CPU, NVIDIA, AMD = EncoderFamily.AUTO, EncoderFamily.CPU, EncoderFamily.NVIDIA, EncoderFamily.AMD
INTEL, APPLE, VAAPI = EncoderFamily.INTEL, EncoderFamily.APPLE, EncoderFamily.VAAPI


@pytest.mark.parametrize(
    ("codec", "platform", "expected"),
    [
        (Codec.H264, "linux", (AUTO, CPU, NVIDIA, AMD, INTEL, VAAPI)),
        (Codec.HEVC, "win32", (AUTO, CPU, NVIDIA, AMD, INTEL)),
        (Codec.HEVC, "darwin", (AUTO, CPU, APPLE)),
        (Codec.AV1, "darwin", (AUTO, CPU)),
    ],
    ids=["Linux", "Windows", "macOS", "AV1 on macOS"],
)
def test_only_encoders_that_can_be_asked_for_are_offered(codec, platform, expected):
    """Hardware that the system or the format rules out is not in the list."""
    assert expected == encoder_choices(codec, platform)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (advanced.ENCODER_LABELS, EncoderFamily),
        (advanced.CODEC_LABELS, Codec),
        (advanced.AIM_LABELS, Aim),
    ],
    ids=["encoder", "codec", "aim"],
)
def test_every_choice_has_a_label_of_its_own(labels, kind):
    """A label leads back to the choice that it stands for."""
    assert list(kind) == [advanced.labelled(labels, labels[choice]) for choice in kind]


def test_a_loudness_has_a_label_of_its_own():
    """Those that can be chosen, and another that a preset has."""
    wanted = [*advanced.LOUDNESS_LABELS, -18.25]
    labels = [advanced.loudness_label(lufs) for lufs in wanted]
    assert (wanted, "-18.25 LUFS") == ([advanced.loudness_of(label) for label in labels], labels[-1])


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("94", 94.0),
        ("92.5", 92.5),
        ("92,5", 92.5),
        ("60", 60.0),
        ("59.9", None),
        ("100", None),
        ("nan", None),
        ("", None),
        ("best", None),
    ],
)
def test_a_typed_target(typed, expected):
    """A number from 60 to 99 is one, with either decimal sign; anything else is none."""
    assert expected == AdvancedValues(target=typed).target_vmaf


def test_defaults_are_no_changes():
    """The folded section says nothing of what is as it always is."""
    assert () == changes(AdvancedValues())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (AdvancedValues(encoder=CPU), ("Processor",)),
        (AdvancedValues(codec=Codec.HEVC, loudness=-16.0), ("HEVC", "-16 LUFS")),
        (AdvancedValues(codec=Codec.AV1, keep_hdr=True), ("AV1", "HDR kept")),
        (AdvancedValues(keep_hdr=True), ()),
        (AdvancedValues(copy_top=True), ("original kept where possible",)),
        (AdvancedValues(copy_top=True, codec=Codec.HEVC), ("HEVC",)),
        (AdvancedValues(aim=Aim.MEASURED), ("quality measured (94)",)),
        (AdvancedValues(aim=Aim.BIT_RATE), ("average bit rate",)),
        (AdvancedValues(target="90"), ()),
        (AdvancedValues(surround=True, accept_damaged=True), ("5.1 audio", "damaged videos too")),
        (AdvancedValues(encrypt=True), ("encrypted",)),
        (AdvancedValues(encrypt=True, publish_key=True), ("encrypted, key uploaded too",)),
        (AdvancedValues(publish_key=True, key_file="/k", key_uri="k"), ()),
    ],
    ids=[
        "encoder",
        "format and loudness",
        "HDR",
        "HDR in H.264",
        "original",
        "original in HEVC",
        "measured",
        "rate",
        "unused target",
        "ticks",
        "key",
        "key too",
        "no key",
    ],
)
def test_changes_are_named(values, expected):
    """What is not as usual can be read while the section is folded; what has no effect is not named."""
    assert expected == changes(values)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://keys.example.com/course", "https://keys.example.com/course"),
        ("key.bin", "key.bin"),
        ("https://keys.example.com/course?token=hush", ""),
        ("https://editor:hush@keys.example.com/course", ""),
        ("https://keys.example.com/course#hush", ""),
        ("https://[", ""),
    ],
    ids=["address", "relative", "query", "login", "fragment", "broken"],
)
def test_an_address_with_a_secret_is_not_remembered(uri, expected):
    """Nothing that opens the key goes into the preferences."""
    assert expected == remembered_address(uri)


def test_a_loudness_that_can_not_be_reached_falls_back():
    """It gives way to the default, and nothing else does; one that is not offered but can be reached stays."""
    kept = [Preferences(audio=AudioRequest(surround=True, loudness_lufs=lufs)) for lufs in (-99.0, -20.0)]
    wanted = [AdvancedValues(surround=True), AdvancedValues(surround=True, loudness=-20.0)]
    assert wanted == [advanced_from_preferences(preferences) for preferences in kept]


@pytest.mark.parametrize("target", [0.0, 100.0, float("nan")], ids=["too low", "too high", "no number"])
def test_a_target_that_can_not_be_aimed_at_falls_back(target):
    """A remembered target is one that Start takes."""
    assert AdvancedValues() == advanced_from_preferences(Preferences(target_vmaf=target))
    measured = Preferences(encoding=EncodingRequest(target_vmaf=target))
    assert AdvancedValues(aim=Aim.MEASURED) == advanced_from_preferences(measured)


@pytest.mark.parametrize("aim", Aim)
@pytest.mark.parametrize("typed", ["90", "best"])
def test_the_aim_and_the_target_are_remembered(aim, typed):
    """Also a target while something else is aimed at; what is not a target becomes the usual one."""
    values = AdvancedValues(aim=aim, target=typed, codec=Codec.HEVC, keep_hdr=True, copy_top=True)
    remembered = Preferences(
        encoding=advanced.chosen_encoding(values, "medium"), target_vmaf=advanced.remembered_target(values)
    )
    assert replace(values, target="90" if typed == "90" else "94") == advanced_from_preferences(remembered)


def test_the_target_that_is_aimed_at_is_shown():
    """The one beside it was typed while something else was aimed at."""
    kept = Preferences(encoding=EncodingRequest(target_vmaf=90.0), target_vmaf=80.0)
    assert AdvancedValues(aim=Aim.MEASURED, target="90") == advanced_from_preferences(kept)


def test_hardware_of_another_computer_falls_back():
    """Preferences that came from a Mac don't ask for its encoder elsewhere."""
    stored = Preferences(encoding=EncodingRequest(encoder=APPLE, codec=Codec.HEVC))
    assert (APPLE, AUTO) == (
        advanced_from_preferences(stored, "darwin").encoder,
        advanced_from_preferences(stored, "linux").encoder,
    )


def test_every_value_is_remembered():
    """The preferences have a field for every value of the section, but for what is of one video only, and dangerous."""
    names = {"aim": "rate_control", "target": "target_vmaf", "loudness": "loudness_lufs"}
    stored = {field.name for kind in (Preferences, EncodingRequest, AudioRequest) for field in fields(kind)}
    assert {"accept_damaged", "audio_tracks", "encrypt"} == {
        names.get(field.name, field.name) for field in fields(AdvancedValues)
    } - stored
