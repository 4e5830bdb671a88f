"""The forms of job.json."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.job import (
    AudioRequest,
    Codec,
    EncodingRequest,
    Encryption,
    MappedAudio,
    RateControl,
    SegmentType,
    TrackChoice,
    TranscriptionRequest,
    Trim,
)
from pipeline.job_file import JobFile, read_job_file, write_job_file
from pipeline.output_settings import output_settings
from pipeline.plan import make_plan

PLAIN = json.loads("""{
  "format": 2,
  "source_path": "/videos/lesson.mp4",
  "source": {"size_bytes": 2048, "mtime_ns": 1700000000000000000, "sha256_head_tail": "0a1b"},
  "settings": {
    "qualities": null,
    "encoding": {"codec": "h264", "encoder": "auto", "preset": "medium", "rate_control": "crf", "target_vmaf": null,
                 "segment_type": "ts", "keep_hdr": false, "copy_top": false},
    "sound": {"surround": false, "loudness_lufs": null},
    "encryption": null, "black_bars": false, "mp4": true, "transcription": null
  },
  "done": {
    "hls": {"duration_s": 4.0, "renditions": ["1080p", "720p", "480p", "360p"], "audio": [], "encoder": "libx264"},
    "mp4": {"file": "offline_480p.mp4", "size_bytes": 12345},
    "package": {"renditions": ["1080p", "720p", "480p", "360p"], "captions": null}
  }
}""")
"""What the version before wrote of a plain job."""

CHOSEN = json.loads("""{
  "trim": [3, null],
  "qualities": ["720p"],
  "encoding": {"codec": "hevc", "encoder": "cpu", "preset": "slow", "rate_control": "abr", "target_vmaf": null,
               "segment_type": "fmp4", "keep_hdr": false, "copy_top": false},
  "sound": {"surround": false, "loudness_lufs": -16.0, "map": [[[1, null]]]},
  "encryption": {"key_file": "/keys/key", "key_uri": "https://keys.invalid/1", "publish": true},
  "black_bars": false, "mp4": false, "transcription": {"model": "small", "language": "de"},
  "tracks": {"programme": null, "video": null, "audio": [1]}
}""")
"""Its settings of a job for which much was chosen; the key's digest stood beside them."""


@pytest.fixture
def read(tmp_path):
    """Return a function that returns what is read of a stored job.json."""

    def build(stored):
        (tmp_path / "job.json").write_text(stored if isinstance(stored, str) else json.dumps(stored))
        return read_job_file(tmp_path)

    return build


def test_a_plain_job_of_the_version_before_is_the_same_work(read, job, media_info):
    """Nothing of it has to be done again, and the time in it is nothing."""
    found = read(PLAIN)
    wanted = output_settings(make_plan(job, media_info()))
    assert ({}, [], True) == (
        wanted.changes(found.made),
        wanted.lost(found.made),
        found.is_of({"size_bytes": 2048, "sha256_head_tail": "0a1b"}),
    )


def test_all_that_was_chosen_in_the_version_before_is_understood(read, job, media_info, tmp_path):
    """Step by step the settings are those of the same job now."""
    key = tmp_path / "key"
    key.write_bytes(bytes(16))
    chosen = replace(
        job,
        trim=Trim(start_s=3),
        qualities=("720p",),
        encoding=EncodingRequest(
            codec=Codec.HEVC, preset="slow", rate_control=RateControl.ABR, segment_type=SegmentType.FMP4
        ),
        sound=AudioRequest(loudness_lufs=-16, audio_map=((MappedAudio(track=1),),)),
        encryption=Encryption(key_file=key, key_uri="https://keys.invalid/1", publish_key=True),
        transcription=TranscriptionRequest(model="small", language="de"),
        tracks=TrackChoice(audio=(1,)),
        make_mp4=False,
    )
    wanted = output_settings(make_plan(chosen, media_info()))
    digest = wanted.steps["package"]["key"]
    hls = PLAIN["done"]["hls"] | {"renditions": ["720p"], "encoder": "libx265"}
    found = read(PLAIN | {"settings": CHOSEN, "key": digest, "done": {"hls": hls, "transcript": {}, "package": {}}})
    assert wanted.steps == found.made


@pytest.mark.parametrize(
    "stored", ["", "[]", "{}", '{"format": 3}', json.dumps(PLAIN | {"format": 99}), json.dumps(PLAIN | {"done": 1})]
)
def test_what_can_not_be_understood_is_nothing(read, stored):
    """A torn file, or one of a later version, is no error."""
    assert None is read(stored)


def test_what_was_written_is_read(tmp_path):
    """In the present form; no time of the source is in it."""
    content = JobFile(
        source_path=str(Path("/videos/lesson.mp4")),
        source={"size_bytes": 1, "sha256_head_tail": "0a"},
        settings={"hls": {"preset": "slow"}, "package": {}},
        done={"hls": {"duration_s": 1.0}},
        fresh=True,
    )
    write_job_file(tmp_path, content)
    assert content == read_job_file(tmp_path)
    assert {"hls": {"preset": "slow"}} == content.made
