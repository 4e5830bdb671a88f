"""The forms of job.json."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import NewerVersionError
from pipeline.facts import DecodedAudio, Facts, HlsFacts, MeasuredLoudness, TranscriptFacts
from pipeline.fingerprint import Fingerprint
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
from pipeline.job_file import SCHEMA, JobFile, read_job_file, write_job_file
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
        found.source == Fingerprint(size_bytes=2048, sha256_head_tail="0a1b"),
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
        audio=AudioRequest(loudness_lufs=-16, audio_map=((MappedAudio(track=1),),)),
        encryption=Encryption(key_file=key, key_uri="https://keys.invalid/1", publish_key=True),
        transcription=TranscriptionRequest(model="small", language="de"),
        tracks=TrackChoice(audio=(1,)),
        make_mp4=False,
    )
    wanted = output_settings(make_plan(chosen, media_info()))
    digest = wanted.steps["package"]["key"]
    hls = PLAIN["done"]["hls"] | {"renditions": ["720p"], "encoder": "libx265"}
    done = {"hls": hls, "transcript": {"language": "de", "cues": 1}, "package": {}}
    found = read(PLAIN | {"settings": CHOSEN, "key": digest, "done": done})
    assert wanted.steps == found.made


KEPT = Path(__file__).parent / "kept"
"""job.json as earlier versions of the program, and this one, wrote it of samples/welcome.mp4; long lists cut short."""

RENDITIONS = ("720p", "480p", "360p")
LOUDNESS = MeasuredLoudness(integrated_lufs=-21.04277223881554, range_lu=3.2661261335947636)
FIRST = HlsFacts(duration_s=14.0, renditions=RENDITIONS)
SINCE = replace(
    FIRST, frame_s=0.04, frame_rate=25.0, loudness=(LOUDNESS,), encoder="libx264", chunks=1, audio_ends={"1": 14.0}
)


def kept(name: str, folder: Path, *, oldest: int = 1) -> JobFile:
    """Return what is read of a kept job.json."""
    shutil.copyfile(KEPT / name, folder / "job.json")
    return read_job_file(folder, oldest=oldest)


@pytest.mark.parametrize(
    ("name", "encoded", "steps"),
    [
        pytest.param("job_format_1.json", FIRST, [], id="1"),
        pytest.param("job_format_2.json", SINCE, ["hls", "package", "mp4", "transcript"], id="2"),
        pytest.param("job_format_3.json", SINCE, ["hls", "mp4", "transcript", "package"], id="3"),
        pytest.param("job_schema_4.json", SINCE, ["hls", "mp4", "transcript", "package"], id="4"),
        pytest.param("job_schema_5.json", SINCE, ["hls", "mp4", "transcript", "package"], id="5"),
        pytest.param("job_schema_6.json", SINCE, ["hls", "mp4", "transcript", "translation", "package"], id="6"),
        pytest.param("job_schema_7.json", SINCE, ["hls", "mp4", "transcript", "translation", "package"], id="7"),
        pytest.param("job_schema_8.json", SINCE, ["hls", "mp4", "transcript", "translation", "package"], id="8"),
        pytest.param("job_schema_9.json", SINCE, ["hls", "mp4", "transcript", "translation", "package"], id="9"),
    ],
)
def test_what_every_version_wrote_is_read(tmp_path, name, encoded, steps):
    """Step by step; a field that a version did not write yet has its default."""
    found = kept(name, tmp_path)
    assert (encoded, TranscriptFacts(language="en", cues=4), "demo/welcome/", steps) == (
        found.done.hls,
        found.done.transcript,
        found.done.upload.prefix,
        list(found.made),
    )
    done = [step for step in found.done.by_step if step != "translation"]
    assert ["hls", "mp4", "transcript", "package", "upload", "record"] == done
    assert "demo/welcome/master.m3u8" == found.done.record.fields["s3Keys"]["hls"]
    assert (467296, RENDITIONS) == (found.source.size_bytes, found.done.package.renditions)


def test_audio_that_was_not_whole_is_read(read):
    """An earlier version called it otherwise."""
    stored = json.loads((KEPT / "job_schema_7.json").read_text())
    stored["done"]["hls"]["sound"] = {"declared_s": 14.0, "decoded_s": 9.5}
    assert DecodedAudio(declared_s=14.0, decoded_s=9.5) == read(stored).done.hls.decoded_audio


def test_the_first_version_is_read_for_its_facts_alone(tmp_path):
    """Nobody knows from its settings whether the work is what is wanted now."""
    assert None is kept("job_format_1.json", tmp_path, oldest=2)


def test_the_present_form_is_written_as_it_was_kept(tmp_path):
    """Key by key, so that every version from now on reads what this one writes."""
    write_job_file(tmp_path, kept("job_schema_9.json", tmp_path))
    assert json.loads((KEPT / "job_schema_9.json").read_text()) == json.loads((tmp_path / "job.json").read_text())


def test_a_newer_version_s_folder_is_refused_with_a_sentence(read, tmp_path):
    """It tells what to do, and names the folder."""
    with pytest.raises(NewerVersionError) as caught:
        read({"schema": SCHEMA + 1, "anything": "else"})
    told = f"{tmp_path} was made by a newer version of this program: update the program and start again."
    assert told == str(caught.value)


def test_a_fact_that_no_step_needs_any_more(read):
    """One that an earlier version wrote is passed over; in the present form it is a file that can't be understood."""
    done = {"hls": PLAIN["done"]["hls"] | {"colour": "blue"}, "captions": {}}
    assert PLAIN["done"]["hls"]["duration_s"] == read(PLAIN | {"done": done}).done.hls.duration_s
    stored = json.loads((KEPT / "job_schema_9.json").read_text())
    stored["done"]["hls"]["colour"] = "blue"
    assert None is read(stored)


@pytest.mark.parametrize(
    "stored",
    ["", "[]", "{}", "5", '{"format": 3}', '{"schema": "4"}', json.dumps(PLAIN | {"done": 1})],
)
def test_what_can_not_be_understood_is_nothing(read, stored):
    """A torn file is not an error."""
    assert None is read(stored)


def test_what_was_written_is_read(tmp_path):
    """In the present form; no time of the source is in it."""
    content = JobFile(
        source_path=str(Path("/videos/lesson.mp4")),
        source=Fingerprint(size_bytes=1, sha256_head_tail="0a"),
        settings={"hls": {"preset": "slow", "audio_map": [[[1, None]]]}, "package": {}},
        done=Facts(hls=FIRST),
        fresh=True,
    )
    write_job_file(tmp_path, content)
    assert content == read_job_file(tmp_path)
    assert {"hls": content.settings["hls"]} == content.made
    assert {"size_bytes", "sha256_head_tail"} == json.loads((tmp_path / "job.json").read_text())["source"].keys()
