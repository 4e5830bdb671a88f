"""pipeline.folder_results: what a finished folder tells."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from finished_jobs import heard

from pipeline.errors import NewerVersionError, OutputError
from pipeline.folder_results import FolderLoudness, folder_results
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.transcript_file import transcript_to_json

KEPT = Path(__file__).parent / "kept"
MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=287523,AVERAGE-BANDWIDTH=281806,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=489811,AVERAGE-BANDWIDTH=476574,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720
720p/index.m3u8
"""
WORDS = "WEBVTT\n\n00:01.000 --> 00:03.000\nTwenty characters ok\n\n00:04.000 --> 00:04.500\nToo fast for a reader\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder as this version leaves it, without its segments."""
    (tmp_path / "master.m3u8").write_text(MASTER, encoding="utf-8")
    (tmp_path / "subtitles.vtt").write_text(WORDS, encoding="utf-8")
    transcript = heard("Welcome to the course", "Good bye", edited=[1])
    (tmp_path / "transcript.json").write_text(transcript_to_json(transcript, shape_cues(transcript)), encoding="utf-8")
    shutil.copyfile(KEPT / "job_schema_9.json", tmp_path / "job.json")
    return tmp_path


def test_what_the_job_has_noted_is_told(folder):
    """Sizes, rates, loudness, the check and addresses come from what is there; no segment has to be."""
    found = folder_results(folder)
    assert ("Welcome to the course", 14.0, True, ()) == (found.title, found.duration_s, found.checked, found.not_ideal)
    qualities = [(one.name, one.width, one.codec, one.average_bit_rate, one.size_bytes) for one in found.qualities]
    assert [("720p", 1280, "H.264", 476574, None), ("360p", 640, "H.264", 281806, 215448)] == qualities
    assert (442344, FolderLoudness(measured_lufs=-21.04277223881554, target_lufs=None)) == (
        found.mp4_bytes,
        found.loudness,
    )
    assert "http://127.0.0.1:46005/objects/demo/welcome/master.m3u8" == found.addresses["master.m3u8"]


def test_the_captions_are_told_with_what_breaks_the_limits(folder):
    """How many, how fast, and what a person has edited."""
    found = folder_results(folder).captions
    assert found is not None
    assert (2, 42.0, 1) == (found.cues, found.fastest_cps, found.edited)
    assert "1 of 2 captions is outside" in found.outside


def test_a_folder_of_an_earlier_version_tells_what_it_has(folder):
    """Nobody noted then what the check had to say."""
    shutil.copyfile(KEPT / "job_schema_8.json", folder / "job.json")
    found = folder_results(folder)
    assert (True, None) == (found.checked, found.not_ideal)


def test_a_folder_that_no_job_made_is_told_as_far_as_it_goes(tmp_path):
    """The qualities are in its playlists, the sizes on the disk."""
    (tmp_path / "master.m3u8").write_text(MASTER, encoding="utf-8")
    (tmp_path / "360p").mkdir()
    (tmp_path / "360p" / "seg_001.ts").write_bytes(bytes(10))
    found = folder_results(tmp_path)
    assert (tmp_path.name, "", False, None) == (found.title, found.source, found.checked, found.captions)
    assert [None, 10] == [one.size_bytes for one in found.qualities]


def test_an_empty_folder_has_no_results(tmp_path):
    """No error: there is nothing to tell."""
    assert ((), None, {}) == (
        folder_results(tmp_path).qualities,
        folder_results(tmp_path).total_bytes,
        folder_results(tmp_path).addresses,
    )


def test_a_folder_that_is_gone_is_said(tmp_path):
    """Its drive may be away."""
    with pytest.raises(OutputError, match="its drive is away"):
        folder_results(tmp_path / "gone")


def test_a_newer_version_s_folder_is_refused(folder):
    """It may hold what this one does not understand."""
    (folder / "job.json").write_text(json.dumps({"schema": 99}), encoding="utf-8")
    with pytest.raises(NewerVersionError):
        folder_results(folder)
