"""`presets`, and presets in `convert`, `watch` and lists."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from json_events import events

from cli import main
from cli.convert_jobs import asked_from
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from cli.preset_arguments import parsed_with_preset
from config import Config
from pipeline.errors import SettingsError
from pipeline.job import (
    AudioRequest,
    CaptionRules,
    Codec,
    EncoderFamily,
    EncodingRequest,
    Job,
    MappedAudio,
    RateControl,
    SegmentType,
    TranscriptionRequest,
)
from pipeline.plan import setting_problems
from pipeline.presets.library import read_library, write_preset
from pipeline.presets.preset import Preset, PresetSettings, settings_of, with_settings
from pipeline.presets.shipped import SHIPPED

NOTHING_AS_USUAL = PresetSettings(
    qualities=("1440p", "360p"),
    encoding=EncodingRequest(
        codec=Codec.HEVC,
        encoder=EncoderFamily.CPU,
        preset="slower",
        target_vmaf=93.25,
        segment_type=SegmentType.FMP4,
        keep_hdr=True,
        copy_top=True,
    ),
    audio=AudioRequest(
        surround=True,
        loudness_lufs=-16.5,
        audio_map=((MappedAudio(track=1), MappedAudio(track=2)), (MappedAudio(track=3, channel=2),)),
    ),
    black_bars=True,
    make_mp4=False,
    transcription=TranscriptionRequest(
        model="small", language="de", profile=CaptionRules.BBC, fast=True, translate=True
    ),
)
HEARD = TranscriptionRequest(model="small", multilingual=True)


@pytest.fixture
def config(tmp_path, monkeypatch) -> Config:
    """A computer with a folder for the user's data."""
    monkeypatch.chdir(tmp_path)
    Path("a.mp4").touch()
    return Config(data_dir=tmp_path / "data")


@pytest.fixture
def settings_with(config):
    """Return a function that returns what a command line with a preset asks for."""

    def asked(settings: PresetSettings, *typed: str) -> PresetSettings:
        parser = main.build_parser(config, "convert")
        options = parsed_with_preset(
            lambda preset: parser.parse_args(["convert", *preset, "a.mp4", "-o", "out", *typed]), settings
        )
        found = asked_from(options, config)
        assert () == found.problems
        return settings_of(found.jobs[0])

    return asked


@pytest.mark.parametrize("preset", [*SHIPPED, Preset(name="All", settings=NOTHING_AS_USUAL)], ids=lambda one: one.name)
def test_every_setting_arrives(settings_with, preset):
    """A preset makes the job that it stands for."""
    assert preset.settings == settings_with(preset.settings)


@pytest.mark.parametrize(
    ("typed", "changed"),
    [
        ("--qualities auto", {"qualities": None}),
        ("--no-surround --loudness off --audio-map=", {"audio": AudioRequest()}),
        ("--no-black-bars --mp4", {"black_bars": False, "make_mp4": True}),
        ("--no-transcribe", {"transcription": None}),
        ("--target-vmaf off", {"encoding": replace(NOTHING_AS_USUAL.encoding, target_vmaf=None)}),
        (
            "--encoder nvidia",
            {"encoding": replace(NOTHING_AS_USUAL.encoding, target_vmaf=None, encoder=EncoderFamily.NVIDIA)},
        ),
        (
            "--rate-control abr",
            {"encoding": replace(NOTHING_AS_USUAL.encoding, target_vmaf=None, rate_control=RateControl.ABR)},
        ),
        (
            "--segment-type ts",
            {
                "encoding": replace(
                    NOTHING_AS_USUAL.encoding, codec=Codec.H264, keep_hdr=False, segment_type=SegmentType.TS
                )
            },
        ),
        ("--codec h264", {"encoding": replace(NOTHING_AS_USUAL.encoding, codec=Codec.H264, keep_hdr=False)}),
        (
            "--multilingual --no-translate",
            {
                "transcription": replace(
                    NOTHING_AS_USUAL.transcription, language=None, fast=False, multilingual=True, translate=False
                )
            },
        ),
    ],
)
def test_what_is_typed_wins(settings_with, typed, changed):
    """A setting that it rules out is left out with it."""
    assert replace(NOTHING_AS_USUAL, **changed) == settings_with(NOTHING_AS_USUAL, *typed.split())


def test_what_is_typed_wins_over_an_average_bit_rate_and_several_languages(settings_with):
    """A target of VMAF and a language rule these out."""
    averaged = PresetSettings(
        encoding=EncodingRequest(
            rate_control=RateControl.ABR, encoder=EncoderFamily.NVIDIA, segment_type=SegmentType.TS
        ),
        transcription=HEARD,
    )
    wanted = PresetSettings(
        encoding=EncodingRequest(target_vmaf=94, codec=Codec.AV1),
        transcription=replace(HEARD, multilingual=False, language="fr"),
    )
    assert wanted == settings_with(averaged, "--target-vmaf", "94", "--codec", "av1", "--language", "fr")


@pytest.mark.parametrize("typed", ["--segment-type ts", "--segment-type ts --codec h264"])
def test_the_shipped_archive_in_segments_that_every_player_takes(settings_with, typed):
    """Its codec and its HDR have no place in them."""
    archive = next(preset.settings for preset in SHIPPED if preset.name == "Archive")
    encoding = replace(archive.encoding, codec=Codec.H264, keep_hdr=False, segment_type=SegmentType.TS)
    assert replace(archive, encoding=encoding) == settings_with(archive, *typed.split())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--segment-type ts --codec hevc", "HEVC needs fMP4 segments"),
        ("--keep-hdr --codec h264", "HDR can't be kept in H.264"),
    ],
)
def test_two_that_are_typed_are_not_left_out(settings_with, typed, said):
    """They are refused as without a preset."""
    archive = next(preset.settings for preset in SHIPPED if preset.name == "Archive")
    settings = settings_with(archive, *typed.split())
    job = with_settings(Job(source=Path("a.mp4"), output_dir=Path("out"), slug="a"), settings)
    assert [True] == [said in problem.text for problem in setting_problems(job)]


def test_what_is_typed_and_can_t_be_is_refused(config, capsys):
    """As without a preset: two options that rule each other out."""
    write_preset(SHIPPED[0], Path("course.json"))
    command = "convert a.mp4 -o out --dry-run --preset-file course.json --no-transcribe --model small"
    assert (EXIT_WRONG_USAGE, True) == (
        run_command(command.split(), config),
        "--model needs --transcribe" in capsys.readouterr().err,
    )


def test_convert_and_watch_take_a_file(config, sample, capsys):
    """Its settings count for the video; a file that is none is refused in a sentence."""
    write_preset(Preset(name="Mine", settings=PresetSettings(make_mp4=False)), Path("mine.json"))
    command = ["convert", str(sample), "-o", "out", "--dry-run", "--preset-f=mine.json"]
    assert EXIT_DONE == run_command(command, config)
    plain = capsys.readouterr().out
    assert (False, True) == ("MP4" in plain, EXIT_DONE == run_command([*command, "--mp4"], config))
    assert "480p MP4" in capsys.readouterr().out
    Path("broken.json").write_text("{")
    for given in ("convert a.mp4 -o out --preset-file broken.json", "watch . -o out --preset-file broken.json"):
        assert EXIT_WRONG_USAGE == run_command(given.split(), config)
        assert "hls-converter: broken.json is not a preset" in capsys.readouterr().err


def test_a_row_names_a_preset(config):
    """Shipped, own, or a file beside the list; its other cells win over it, and it wins over the command line."""
    read_library(config.data_dir).save(Preset(name="Mine", settings=NOTHING_AS_USUAL))
    Path("rows").mkdir()
    write_preset(Preset(name="Other", settings=PresetSettings(qualities=("360p",))), Path("rows/other.json"))
    for name in "abcde":
        Path(f"rows/{name}.mp4").touch()
    Path("rows/list.csv").write_text(
        "source,preset,qualities\na.mp4,course,\nb.mp4,MINE,720p\nc.mp4,other.json,\nd.mp4,slow,\ne.mp4,,\n"
    )
    common = "--qualities 480p --target-vmaf 90 --loudness -20 --transcribe --model small --fast"
    parser = main.build_parser(config, "convert")
    found = asked_from(parser.parse_args(["convert", "-o", "out", "--list", "rows/list.csv", *common.split()]), config)
    typed = PresetSettings(
        qualities=("480p",),
        encoding=EncodingRequest(target_vmaf=90),
        audio=AudioRequest(loudness_lufs=-20),
        transcription=TranscriptionRequest(model="small", fast=True),
    )
    assert () == found.problems
    assert [
        SHIPPED[0].settings,
        replace(NOTHING_AS_USUAL, qualities=("720p",)),
        PresetSettings(qualities=("360p",)),
        replace(typed, encoding=EncodingRequest(target_vmaf=90, preset="slow")),
        typed,
    ] == [settings_of(job) for job in found.jobs]


def test_a_row_with_a_preset_that_is_none(config):
    """Is refused by its line, with those that there are."""
    Path("list.csv").write_text("source,preset\na.mp4,Lecture\n./a.mp4,gone.json\n")
    options = main.build_parser(config, "convert").parse_args(["convert", "-o", "out", "--list", "list.csv"])
    with pytest.raises(SettingsError) as caught:
        asked_from(options, config)
    first, second = caught.value.sentences
    assert (True, True, True) == (
        first.startswith("list.csv, line 2: preset: there is no 'Lecture': choose from Course, "),
        "ultrafast" in first,
        second.startswith("list.csv, line 3: preset: The preset gone.json can't be read"),
    )


def test_the_command(config, capsys):
    """Presets are listed, printed, written to files and taken from them."""

    def said(command: str, status: int = EXIT_DONE) -> str:
        assert status == run_command(["presets", *command.split()], config)
        output = capsys.readouterr()
        return output.out + output.err

    assert "course.json" in said("export course course.json")
    assert "there already" in said("export web course.json", EXIT_WRONG_USAGE)
    assert json.loads(Path("course.json").read_text()) == json.loads(said("show Course"))
    assert "same settings" in said("import course.json")
    assert "can be chosen" in said("import course.json --name Mine")
    said("export web course.json --overwrite")
    assert "--replace" in said("import course.json --name Mine", EXIT_WRONG_USAGE)
    assert "can be chosen" in said("import course.json --name Mine --replace")
    assert "comes with the program" not in said("list")
    rows = events(said("list --json"))
    assert (["Course", "Web", "Mine"], ["1080p", "720p", "480p"], "mine.json") == (
        [row["name"] for row in rows if row["name"] in ("Course", "Web", "Mine")],
        rows[-1]["settings"]["qualities"],
        Path(rows[-1]["file"]).name,
    )
    (config.data_dir / "presets" / "broken.json").write_text("[]")
    assert "broken.json is not a preset" in said("list", EXIT_FAILED)
    assert "is deleted" in said("delete mine")
    assert "no preset mine" in said("show mine", EXIT_WRONG_USAGE)
