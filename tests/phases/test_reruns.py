"""A video is converted again: what is missing is added, what depends on a changed setting is made again,
and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from converting import ULTRAFAST, Converted, convert
from source_clips import AAC, H264, pattern, run, tone

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.engines import local
from pipeline.job import CaptionRules, Encryption, Existing, Job, SegmentType, TranscriptionRequest
from pipeline.job_file import SCHEMA
from pipeline.media.encode import chunks
from pipeline.model import Outcome
from pipeline.preflight import check_plan
from pipeline.preflight_answers import Ready
from pipeline.speech.caption_profiles import CaptionProfile
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Transcript

CORRECTED = "WEBVTT\n\n00:01.000 --> 00:02.000\ncorrected\n"
FASTER = replace(ULTRAFAST, preset="superfast")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds that fill 360p and 480p, with a tone."""
    inputs = (*pattern(size="854x480", length_s=7), *tone(length_s=7))
    return run(tmp_path_factory.mktemp("clips"), "clip.mp4", *inputs, *H264, "-g", "50", *AAC)


@pytest.fixture(scope="module")
def small(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its 360p, made once."""
    return convert(clip, tmp_path_factory.mktemp("small"), qualities=("360p",)).folder


@pytest.fixture(scope="module")
def speech(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first sentences of the sample, small."""
    return run(
        tmp_path_factory.mktemp("clips"), "speech.mp4", "-i", str(sample), "-t", "7", "-s", "160x90", *H264, *AAC
    )


@pytest.fixture(scope="module")
def talk(speech: Path, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that with a transcript, made once."""
    return convert(
        speech, tmp_path_factory.mktemp("talk"), transcription=TranscriptionRequest(model=str(small_model))
    ).folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a job finds a copy of one of them."""
    return tmp_path / "out"


def _copied(folder: Path, out: Path) -> Path:
    return shutil.copytree(folder, out / "clip")


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _segments(folder: Path, quality: str = "360p") -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / quality).glob("*.ts"))]


VIDEO_OF_THE_MP4 = re.compile(r" (?!.*360p/).*480p/")
"""The streams of these tests that have 480p have 360p, too."""


def _programs(made: Converted) -> list[str]:
    """Return what each ffmpeg that was started made."""
    commands = [text for text in made.log if "ffmpeg" in text and " -i " in text]
    return [
        "MP4" if "offline_480p" in text else "video of the MP4" if VIDEO_OF_THE_MP4.search(text) else "stream"
        for text in commands
    ]


def _touched(clip: Path, place: Path) -> Path:
    copy = shutil.copy2(clip, place / "clip.mp4")
    os.utime(copy, ns=(1, 1))
    return copy


def _elsewhere(clip: Path, place: Path) -> Path:
    (place / "moved").mkdir()
    return shutil.copyfile(clip, place / "moved" / "other name.mp4")


@pytest.mark.parametrize("move", [_touched, _elsewhere], ids=lambda f: f.__name__[1:])
def test_another_time_or_place_of_the_same_source_is_nothing(clip, small, out, tmp_path, move):
    """The folder stays as it is, to the byte."""
    folder = _copied(small, out)
    before = _contents(folder)
    again = convert(move(clip, tmp_path), out, qualities=("360p",))
    assert ((Outcome.DONE, "", ()), before, []) == (again.whole, _contents(folder), _programs(again))


def test_a_transcript_is_added_without_an_encode(speech, talk, out, small_model):
    """And belongs to the stream; the next run leaves all of it alone."""
    asked: dict[str, Any] = {"transcription": TranscriptionRequest(model=str(small_model))}
    folder = convert(speech, out).folder
    segments = _segments(folder, "90p")
    made = convert(speech, out, **asked)
    assert ((Outcome.DONE, "", ()), [], segments) == (made.whole, _programs(made), _segments(folder, "90p"))
    assert "A transcript is added to what is there." in made.log
    assert ["en"] == [tag["LANGUAGE"] for tag in made.tags("EXT-X-MEDIA") if tag["TYPE"] == "SUBTITLES"]
    assert (talk / "subtitles.vtt").read_text() == (folder / "subtitles.vtt").read_text()
    before = _contents(folder)
    again = convert(speech, out, **asked)
    assert ("", before) == (again.report.error, _contents(folder))


def test_another_option_of_the_captions_makes_them_again_alone(speech, talk, out, small_model):
    """The stream is not encoded again for it."""
    folder = _copied(talk, out)
    segments = _segments(folder, "90p")
    made = convert(speech, out, transcription=TranscriptionRequest(model=str(small_model), language="en"))
    assert ((Outcome.DONE, "", ()), [], segments) == (made.whole, _programs(made), _segments(folder, "90p"))
    assert "The transcript is made anew." in made.log


def test_other_caption_rules_need_no_listening(speech, talk, out, small_model, monkeypatch):
    """The words that were heard are shaped anew, into all files and the stream; the model is not even looked for."""
    folder = _copied(talk, out)
    words = json.loads((folder / "transcript.json").read_text(encoding="utf-8"))["segments"]
    segments = _segments(folder, "90p")

    def listens(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be heard again")

    def shaped(transcript: Transcript, profile: CaptionProfile, **_: object) -> list[Cue]:
        return [Cue(start_s=1.0, end_s=3.0, text=f"{transcript.segments[0].text}, by {profile.rules.value}")]

    monkeypatch.setattr("pipeline.phases.speech_run.shape_cues", shaped)
    monkeypatch.setattr(local.LocalEngine, "submit_transcription", listens)
    monkeypatch.setattr("pipeline.phases.model_loading.find_model", listens)
    asked = TranscriptionRequest(model=str(small_model), profile=CaptionRules.BBC)
    made = convert(speech, out, transcription=asked)
    assert ((Outcome.DONE, "", ()), [], segments) == (made.whole, _programs(made), _segments(folder, "90p"))
    assert words == json.loads((folder / "transcript.json").read_text(encoding="utf-8"))["segments"]
    subtitles = [folder / "subtitles.vtt", folder / "transcript.srt", folder / "subtitles" / "en" / "seg_001.vtt"]
    assert [1] * 3 == [path.read_text(encoding="utf-8").count("welcome lesson one, by bbc") for path in subtitles]
    again = convert(speech, out, transcription=asked)
    assert ("", _contents(folder)) == (again.report.error, _contents(folder))


def test_captions_that_were_corrected_are_not_replaced_unasked(speech, talk, out, small_model):
    """Nobody does that work twice."""
    folder = _copied(talk, out)
    (folder / "subtitles.vtt").write_text(CORRECTED)
    before = _contents(folder)
    report = convert(speech, out, transcription=TranscriptionRequest(model=str(small_model), language="en")).report
    assert (
        f"{folder / 'subtitles.vtt'} was corrected by hand, and another transcript is asked for now: keep"
        in report.error
    )
    assert (True, before) == (report.wrong_settings, _contents(folder))


@pytest.mark.parametrize(
    "asked", [{"make_mp4": True, "qualities": None}, {"encoding": FASTER}], ids=["packaged again", "encoded again"]
)
def test_a_poster_of_the_editors_own_stays(clip, small, out, asked):
    """Whatever else is made again."""
    folder = _copied(small, out)
    (folder / "poster.jpg").write_bytes(b"a photograph")
    made = convert(clip, out, **{"qualities": ("360p",)} | asked)
    assert ("", b"a photograph") == (made.report.error, (folder / "poster.jpg").read_bytes())
    (folder / "thumbnails.vtt").unlink()
    again = convert(clip, out, **{"qualities": ("360p",)} | asked)
    assert ("", [], b"a photograph") == (again.report.error, _programs(again), (folder / "poster.jpg").read_bytes())
    assert (folder / "thumbnails.vtt").exists()


def test_another_preset_encodes_again_and_keeps_the_transcript(speech, talk, out, small_model, tmp_path):
    """No model is needed for that, and what an editor has corrected in it stays."""
    model = shutil.copytree(small_model, tmp_path / "model")
    asked = TranscriptionRequest(model=str(model))
    folder = convert(speech, out, transcription=asked).folder
    shutil.rmtree(model)
    (folder / "subtitles.vtt").write_text(CORRECTED)
    segments = _segments(folder, "90p")
    made = convert(speech, out, transcription=asked, encoding=FASTER)
    assert ((Outcome.DONE, "", ()), ["stream"] * len(_programs(made)), False) == (
        made.whole,
        _programs(made),
        segments == _segments(folder, "90p"),
    )
    assert "Other settings than before (preset): the video is made again." in made.log
    assert CORRECTED == (folder / "subtitles.vtt").read_text()
    assert ["en"] == [tag["LANGUAGE"] for tag in made.tags("EXT-X-MEDIA") if tag["TYPE"] == "SUBTITLES"]


def test_the_old_folder_is_played_until_the_new_one_is_whole(clip, small, out):
    """It is as it was when the encode is cancelled, and whatever was asked for."""
    folder = _copied(small, out)
    before, cancel = _contents(folder), CancelToken()
    job = Job(source=clip, output_dir=out, slug="clip", encoding=FASTER, make_mp4=False, qualities=("360p",))

    def sink(event: object) -> None:
        if "force_key_frames" in getattr(event, "text", ""):
            cancel.cancel()

    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), sink, cancel)
    assert (Outcome.CANCELLED, before) == (report.outcome, _contents(folder))
    assert before == _contents(convert(clip, out, qualities=("360p",)).folder)


def test_an_mp4_is_added_without_an_encode(clip, small, out):
    """It is remuxed or made by itself, and the stream stays as it is."""
    folder = _copied(small, out)
    before = _contents(folder)
    made = convert(clip, out, qualities=("360p",), make_mp4=True)
    after = _contents(folder)
    added = after.pop("offline_480p.mp4")
    assert ((Outcome.DONE, "", ()), ["video of the MP4", "MP4"], True) == (
        made.whole,
        _programs(made),
        len(added) > 10_000,
    )
    assert before | {"job.json": b""} == after | {"job.json": b""}


def test_one_more_quality_is_encoded_alone(clip, small, out):
    """The others stay as they are, byte for byte, and players can go from one to the other."""
    folder = _copied(small, out)
    segments = _segments(folder)
    made = convert(clip, out)
    assert ((Outcome.DONE, "", ()), segments) == (made.whole, _segments(folder))
    assert [("854x480", True), ("640x360", True)] == [
        (tag["RESOLUTION"], "CODECS" in tag) for tag in made.tags("EXT-X-STREAM-INF")
    ]
    commands = [text for text in made.log if "force_key_frames" in text]
    assert [(True, False)] * len(commands) == [("480p/" in text, "360p/" in text) for text in commands]
    assert "480p is added to what is there." in made.log
    assert [len(segments)] == [len(_segments(folder, "480p"))]
    before = _contents(folder)
    assert before == _contents(convert(clip, out).folder)


@pytest.mark.parametrize("kind", ["own segments", "encrypted"])
def test_one_more_quality_of_other_streams_is_encoded_alone(clip, out, encryption, kind):
    """Of those whose audio has segments of its own, and of encrypted ones."""
    asked: dict[str, Any] = {"encoding": replace(ULTRAFAST, segment_type=SegmentType.FMP4)}
    if kind == "encrypted":
        asked = {"encryption": encryption(1)}
    first = convert(clip, out, qualities=("480p",), **asked)
    segments = [path.read_bytes() for path in sorted(first.folder.rglob("480p/seg_*"))]
    made = convert(clip, out, **asked)
    assert (Outcome.DONE, "") == (made.report.outcome, made.report.error)
    assert segments == [path.read_bytes() for path in sorted(first.folder.rglob("480p/seg_*"))]
    assert len(segments) == len(list(first.folder.rglob("360p/seg_*")))
    assert {False} == {"480p/" in text for text in made.log if "force_key_frames" in text}


def test_one_more_quality_that_was_stopped_goes_on(out, tmp_path, monkeypatch):
    """From its last finished chunk; what is there is played meanwhile."""
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)
    monkeypatch.setattr(local, "side_by_side", lambda cores: 1)
    clip = run(
        tmp_path,
        "clip.mp4",
        *pattern(size="854x480", rate="10", length_s=14),
        *tone(length_s=14),
        *H264,
        "-g",
        "20",
        *AAC,
    )
    folder = convert(clip, out, qualities=("360p",)).folder
    before, cancel = _contents(folder), CancelToken()
    job = Job(source=clip, output_dir=out, slug="clip", encoding=ULTRAFAST, make_mp4=False)

    def sink(event: object) -> None:
        if "0001" in getattr(event, "text", "").split(" && ")[0]:
            cancel.cancel()

    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), sink, cancel)
    assert (Outcome.CANCELLED, before) == (report.outcome, _contents(folder))
    made = convert(clip, out)
    assert (Outcome.DONE, "", ()) == made.whole
    assert "0000" not in {Path(text.split(" && ")[0]).stem for text in made.log if "force_key_frames" in text}


def test_all_is_encoded_again_where_one_more_quality_would_be_cut_otherwise(clip, out, monkeypatch):
    """As of a version with segments of another length: players could not go from one quality to the other."""
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.plan.SEGMENT_S", 4)
        convert(clip, out, qualities=("360p",))
    made = convert(clip, out)
    assert (Outcome.DONE, "", ()) == made.whole
    assert "The existing segments begin at other times: every quality is encoded again." in made.log
    assert [2, 2] == [len(_segments(made.folder, quality)) for quality in ("360p", "480p")]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        pytest.param({"qualities": ("480p",)}, "with 360p, which is not asked for now", id="quality"),
        pytest.param({"qualities": ("360p",), "source": "other"}, "from another source", id="source"),
    ],
)
def test_what_would_be_lost_is_asked_about_by_its_name(clip, small, out, tmp_path, asked, named):
    """In the window, and as wrong usage on the command line; what was there stays."""
    folder = _copied(small, out)
    before = _contents(folder)
    source = (
        clip
        if "source" not in asked
        else run(tmp_path, "other.mp4", "-i", str(clip), "-c", "copy", "-metadata", "title=New")
    )
    job = Job(
        source=source, output_dir=out, slug="clip", encoding=ULTRAFAST, make_mp4=False, qualities=asked["qualities"]
    )
    plan = wiring.probe_and_plan(job, Config())
    question = check_plan(plan, Config(), CancelToken())
    report = wiring.run_job(plan, Config(), lambda event: None, CancelToken())
    assert (True, True, True) == (
        f"{folder} was made {named}" in question.reason,
        "fresh" not in question.reason,
        named in report.error,
    )
    assert (True, before) == (report.wrong_settings, _contents(folder))
    fresh = replace(plan, job=replace(job, existing=Existing.FRESH))
    assert Ready(plan=fresh) == check_plan(fresh, Config(), CancelToken())


@pytest.fixture
def encryption(tmp_path: Path) -> Callable[[int], Encryption]:
    """Return a function that returns an encryption with a key of its own."""

    def build(number: int, **choices: Any) -> Encryption:
        key = tmp_path / f"key-{number}"
        key.write_bytes(bytes([number]) * 16)
        return Encryption(key_file=key, key_uri="key.bin", **choices)

    return build


def test_encryption_is_added_and_changed_without_an_encode_as_far_as_can_be(clip, small, out, encryption):
    """With another key all is encoded again, for nobody has the old one;
    the key in the folder goes when it is not to be published.
    """
    folder = _copied(small, out)

    def asked(encrypted: Encryption) -> tuple[Outcome, list[str], bool]:
        job = Job(
            source=clip,
            output_dir=out,
            slug="clip",
            encoding=ULTRAFAST,
            make_mp4=False,
            qualities=("360p",),
            encryption=encrypted,
        )
        texts: list[str] = []
        report = wiring.run_job(
            wiring.probe_and_plan(job, Config()),
            Config(),
            lambda e: texts.append(getattr(e, "text", "")),
            CancelToken(),
        )
        return (
            report.outcome,
            sorted({"stream" for text in texts if "force_key_frames" in text}),
            (folder / "key.bin").exists(),
        )

    plain = _segments(folder)
    assert (Outcome.DONE, [], True) == asked(encryption(1, publish_key=True))
    assert [True] * len(plain) == [a != b for a, b in zip(plain, _segments(folder), strict=True)]
    assert (Outcome.DONE, [], False) == asked(encryption(1))
    assert (Outcome.DONE, ["stream"], False) == asked(encryption(2))


def test_a_folder_of_the_version_before_gets_what_is_missing(clip, small, out):
    """Its job.json is read: nothing was lost, nothing is made twice, and it is written in the present form."""
    folder = _copied(small, out)
    stored = json.loads((folder / "job.json").read_text())
    encoding = {"codec": "h264", "encoder": "cpu", "preset": "ultrafast", "rate_control": "crf", "target_vmaf": None}
    settings = {
        "qualities": ["360p"],
        "encoding": {**encoding, "segment_type": "ts", "keep_hdr": False, "copy_top": False},
        "sound": {"surround": False, "loudness_lufs": None},
        "encryption": None,
        "black_bars": False,
        "mp4": False,
        "transcription": None,
    }
    source = stored["source"] | {"mtime_ns": 1_700_000_000_000_000_000}
    older = {
        "format": 2,
        "source_path": stored["source_path"],
        "source": source,
        "settings": settings,
        "done": stored["done"],
    }
    (folder / "job.json").write_text(json.dumps(older))
    assert [] == _programs(convert(clip, out, qualities=("360p",)))
    assert older == json.loads((folder / "job.json").read_text())
    made = convert(clip, out, qualities=("360p",), make_mp4=True)
    assert ["video of the MP4", "MP4"] == _programs(made)
    assert (SCHEMA, source.keys() - {"mtime_ns"}) == (
        (now := json.loads((folder / "job.json").read_text()))["schema"],
        now["source"].keys(),
    )
