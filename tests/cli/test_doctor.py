"""What the doctor says of ffmpeg's encoders."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import imageio_ffmpeg
import pytest
from source_server import Video, running_source_server
from stand_in_ffmpeg import Orders, encodes, make

from cli import doctor
from config import Config
from pipeline.job import Codec, EncoderFamily
from pipeline.media.encode import encoder_check
from pipeline.media.encode.encoder_check import EncoderResult, EncoderStatus
from pipeline.media.encode.encoders import ENCODERS

HARDWARE = tuple(
    name for names in ENCODERS.values() for family, name in names.items() if family is not EncoderFamily.CPU
)
LONG = (
    "OpenEncodeSessionEx failed: incompatible client key (21): (no details), "
    "and more of that kind than a line has room for"
)


def _result(family: EncoderFamily, status: EncoderStatus, reason: str = "") -> EncoderResult:
    return EncoderResult(
        codec=Codec.H264, family=family, encoder=ENCODERS[Codec.H264][family], status=status, reason=reason
    )


@pytest.fixture
def shown(tmp_path, capsys, monkeypatch):
    """Return a function that runs the doctor on a stand-in and returns its exit status,
    rows and the encoders it tried. The stand-in is slower than an encoder: Python comes first.
    """
    monkeypatch.setattr(encoder_check, "TRIAL_LIMIT_S", 120.0)

    def run(**orders) -> tuple[int, list[str], list[str]]:
        program = make(tmp_path / "program", Path(imageio_ffmpeg.get_ffmpeg_exe()), Orders(**orders))
        os.utime(program, ns=(1, 1))  # the same program to all appearances, as when only a driver has come
        config = Config(ffmpeg_path=str(program), cache_dir=tmp_path / "cache")
        status = doctor.run(argparse.Namespace(save=None), config)
        return status, capsys.readouterr().out.splitlines(), encodes(program)

    return run


def test_a_row_an_encoder():
    """Codec, hardware, what came of trying it; one of them is auto's."""
    results = (
        _result(EncoderFamily.NVIDIA, EncoderStatus.FAILS, "no NVIDIA driver on this machine"),
        _result(EncoderFamily.INTEL, EncoderStatus.WORKS),
        _result(EncoderFamily.APPLE, EncoderStatus.MISSING, "not in this ffmpeg"),
        _result(EncoderFamily.CPU, EncoderStatus.WORKS),
    )
    assert [
        "H.264  NVIDIA NVENC         no NVIDIA driver on this machine",
        "       Intel Quick Sync     works; auto takes this one",
        "       Apple VideoToolbox   not in this ffmpeg",
        "       Processor (x264)     works",
    ] == doctor.encoder_rows(results, 68)


def test_the_processors_encoders_are_spelled_as_their_projects_do():
    """Not as ffmpeg calls the libraries."""
    rows = [
        doctor.encoder_rows(
            (EncoderResult(codec=codec, family=EncoderFamily.CPU, encoder="", status=EncoderStatus.WORKS),), 68
        )
        for codec in Codec
    ]
    assert ["Processor (x264)", "Processor (x265)", "Processor (SVT-AV1)"] == [row[7:27].strip() for (row,) in rows]


def test_a_long_reason_is_broken_below_itself():
    """No row is wider than the screen, and nothing is lost."""
    rows = doctor.encoder_rows((_result(EncoderFamily.NVIDIA, EncoderStatus.FAILS, LONG),), 68)
    column = doctor.CODEC_WIDTH + doctor.FAMILY_WIDTH
    assert (True, True, LONG) == (
        max(map(len, rows)) <= 68,
        len(rows) > 1 and not rows[1][:column].strip(),
        " ".join(row[column:] for row in rows),
    )


def test_the_doctor_tries_every_encoder_each_time(shown):
    """A driver that was installed since is seen, and the table stands beside its label."""
    lacks = tuple(name for name in HARDWARE if name != "h264_nvenc")
    first = shown(lacks=lacks)
    status, rows, tried = shown(lacks=lacks, works=("h264_nvenc",))
    assert (0, ["h264_nvenc", "libx264", "libx265", "libsvtav1"] * 2) == (status, tried)
    assert (first[0], "Encoders    H.264  NVIDIA NVENC         no NVIDIA driver on this machine" in first[1]) == (
        0,
        True,
    )
    assert "Encoders    H.264  NVIDIA NVENC         works; auto takes this one" in rows


def test_no_row_is_wider_than_the_screen(shown, tmp_path, monkeypatch):
    """But for a path, which can be copied in one piece."""
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    rows = [row for row in shown()[1] if str(tmp_path) not in row]
    assert [] == [row for row in rows if len(row) > 70]


def test_an_ffmpeg_that_cannot_make_h264_is_not_sound(shown):
    """Every job needs it; the table shows the rest all the same."""
    status, rows, _ = shown(lacks=(*HARDWARE, "libx264"))
    assert (1, True, True) == (
        status,
        "Needed      this ffmpeg lacks libx264: use another one" in rows,
        any(row.strip() == "Processor (x265)     works; auto takes this one" for row in rows),
    )


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b'{"version": "99.1", "notes": "https://example.com/n"}', "version 99.1 is there: https://example.com/n"),
        (b'{"version": "0.0.1", "notes": "https://example.com/n"}', "this is the newest"),
        (b"<html>", "does not say which version is the newest"),
    ],
    ids=["newer", "not newer", "broken"],
)
def test_a_newer_version(capsys, answer, line):
    """The doctor asks where an address is set, whatever comes of it."""
    with running_source_server() as server:
        server.videos["/n"] = Video(content=answer)
        doctor._update(Config(update_url=f"{server.url}/n"))
    assert line in " ".join(capsys.readouterr().out.split())


def test_without_an_address_nobody_is_asked(capsys):
    """There is no line."""
    doctor._update(Config())
    assert "" == capsys.readouterr().out


def test_what_is_odd_about_the_settings_is_said(capsys):
    """A misspelt name is told beside what can't be read."""
    doctor._say_what_is_wrong(Config(problems=("A is wrong.",), warnings=("B: did you mean A?",)))
    assert ["Settings    A is wrong.", "Settings    B: did you mean A?"] == capsys.readouterr().out.splitlines()
