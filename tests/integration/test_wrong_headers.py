"""Files that are whole and declare another length than they have: made, with a warning;
those that broke off are refused as before.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from converting import convert
from source_clips import AAC, H264, SHORT_GOP, pattern, run, tone

from pipeline.media.source.probe import probe
from pipeline.media.source.source_notes import declared_end_s, missing_s
from pipeline.model import Outcome

WRONG = "declares 60.0 s, but ends after 4.0 s. All of it can be read, so the declared length is assumed to be wrong."


def _clip(folder: Path, name: str, *more: str, length_s: float = 4) -> Path:
    return run(folder, name, *pattern(length_s=length_s), *tone(length_s=length_s), *H264, *SHORT_GOP, *AAC, *more)


@pytest.fixture
def wrong_flv(tmp_path) -> Path:
    """Four seconds whose metadata says sixty: a number after the name, a byte of type and eight of a double (FLV 10.1,
    E.4.4.2).
    """
    clip = _clip(tmp_path, "wrong.flv")
    data = bytearray(clip.read_bytes())
    at = data.index(b"duration") + len(b"duration") + 1
    data[at : at + 8] = struct.pack(">d", 60.0)
    clip.write_bytes(data)
    return clip


def test_a_header_that_is_wrong_is_a_warning(wrong_flv, tmp_path):
    """The stream is as long as what is there."""
    made = convert(wrong_flv, tmp_path)
    assert (Outcome.DONE, "", ()) == made.whole
    assert [f"{wrong_flv} {WRONG}"] == list(made.report.warnings)


def test_a_file_with_that_header_that_broke_off_is_refused(wrong_flv, tmp_path):
    """Its last packet is not whole."""
    data = wrong_flv.read_bytes()
    wrong_flv.write_bytes(data[: len(data) * 6 // 10])
    made = convert(wrong_flv, tmp_path)
    assert (Outcome.FAILED, True) == (
        made.report.outcome,
        "ends early: it declares 60.0 s, but only 2." in made.report.error,
    )


@pytest.fixture
def late_audio(tmp_path) -> Path:
    """Audio that begins two seconds late, in a Matroska file that ffmpeg copied from one of mkvmerge's."""
    clip = run(
        tmp_path, "late.mkv", *pattern(length_s=4), "-itsoffset", "2", *tone(length_s=2), *H264, *AAC,
        "-metadata:s:a", (
            "_STATISTICS_WRITING_APP=mkvmerge "
            "v74.0.0"
        ), "-metadata:s:v", "_STATISTICS_WRITING_APP=mkvmerge v74.0.0",
    )  # fmt: skip
    assert b"DURATION" in clip.read_bytes()
    return clip


def test_a_track_does_not_end_after_its_file(late_audio, tmp_path):
    """ffmpeg writes when a track ends, mkvmerge how long it is; the other tags don't tell which."""
    media = probe(late_audio)
    assert [pytest.approx(4.0, abs=0.1), pytest.approx(0.0, abs=0.1)] == [declared_end_s(media), missing_s(media)]
    assert ((Outcome.DONE, "", ()), ()) == ((made := convert(late_audio, tmp_path)).whole, made.report.warnings)
