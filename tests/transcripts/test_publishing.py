"""Edited transcripts published: what they change is replaced at the destination, and nothing else."""

import json
import re
import shutil
import uuid
from dataclasses import replace

import pytest
from json_events import events, fields
from uploaded_jobs import upload_copy

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.job import EncodingRequest, Job, TranscriptionRequest
from pipeline.model import Outcome
from pipeline.transfer.upload import replacing

FORMS = {"transcript.srt", "transcript.txt", "transcript.json", "subtitles.vtt"}
NULL_PACKET = b"\x47\x1f\xff\x10" + b"\xff" * 184
"""Of MPEG-TS: it says nothing (ISO/IEC 13818-1, 2.4.3.3)."""
CORRECTED = ("chapter seven", "chapter eleven")


@pytest.fixture
def uploaded(published, tmp_path):
    """The sample, uploaded from its folder and put into a dataset."""
    return upload_copy(published.report.folder, tmp_path, f"tests/{uuid.uuid4().hex}/", published.config)


def changed_by(uploaded, act) -> set[str]:
    """What is other at the destination after something was done, by path below the prefix."""
    before = uploaded.stored()
    act()
    after = uploaded.stored()
    assert set(before) == set(after)
    return {
        name
        for name, one in after.items()
        if (one.md5, one.last_modified) != (before[name].md5, before[name].last_modified)
    }


def agrees(uploaded, *options: str) -> bool:
    """Whether files here, manifest and server agree, also when every file is read."""
    return EXIT_DONE == run_command(["verify", uploaded.prefix, "--deep", *options], uploaded.config)


def without_folder(uploaded):
    """The same on a computer that has neither the job's folder nor its library."""
    shutil.rmtree(uploaded.folder)
    return replace(uploaded, config=replace(uploaded.config, data_dir=uploaded.dataset.parent / "other data"))


@pytest.mark.parametrize("has_folder", [True, False], ids=["with the job's folder", "without it"])
def test_a_correction_is_published(uploaded, has_folder, capsys):
    """Every form says it, in the stream only the segments that show it are other; manifests are as what is there."""
    place = uploaded if has_folder else without_folder(uploaded)
    place.correct(*CORRECTED)
    assert FORMS | {"subtitles/en/seg_001.vtt", "manifest.json"} == changed_by(place, lambda: place.publish())
    assert "welcome: published, 5 files.\n" in capsys.readouterr().out
    assert agrees(place)
    if has_folder:
        assert all("eleven" in (place.folder / name).read_text(encoding="utf-8") for name in FORMS)


def test_a_correction_of_a_video_that_replaced_another(published, tmp_path, capsys):
    """Its stream lies in a folder beside what stands alone: the correction goes to both places, and players show it."""
    prefix = f"tests/{uuid.uuid4().hex}/"
    first = upload_copy(another_video(published.report.folder, tmp_path), tmp_path / "first", prefix, published.config)
    place = upload_copy(published.report.folder, tmp_path / "second", prefix, published.config, "--replace")
    (segments,) = {name for name in place.stored() if re.fullmatch(r"v\d+/subtitles/en/seg_001.vtt", name)}

    place.correct(*CORRECTED)
    assert FORMS | {segments, "manifest.json"} == changed_by(place, lambda: place.publish())
    assert agrees(place)
    in_the_same_second(first, place)
    first.correct(*CORRECTED)
    capsys.readouterr()
    assert set() == changed_by(first, lambda: first.publish())
    assert "Another video (welcome) was uploaded to" in capsys.readouterr().err


def in_the_same_second(first, second):
    """Have what is known of an upload say that it was made when another one was."""
    path, made = first.folder / "manifest.json", second.folder / "manifest.json"
    known, other = (json.loads(one.read_text(encoding="utf-8")) for one in (path, made))
    known["last_synced"] = other["last_synced"]
    path.write_text(json.dumps(known), encoding="utf-8")


def another_video(finished, tmp_path):
    """Return a copy of a job's folder as that of a video with other content."""
    folder = shutil.copytree(finished, tmp_path / "another" / finished.name)
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    job["source"]["sha256_head_tail"] = "0" * 64
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    for segment in folder.glob("*/seg_*.ts"):
        segment.write_bytes(segment.read_bytes() + NULL_PACKET)
    return folder


def test_captions_of_other_passages_stay(uploaded):
    """They keep their times and texts; the words that stayed keep theirs."""
    before = json.loads((uploaded.folder / "transcript.json").read_text(encoding="utf-8"))
    uploaded.correct(*CORRECTED)
    uploaded.publish()
    after = json.loads((uploaded.folder / "transcript.json").read_text(encoding="utf-8"))
    changed = [(old["text"], new["text"]) for old, new in zip(before["cues"], after["cues"], strict=True) if old != new]
    assert [CORRECTED] == changed
    assert [True] == [one["edited"] for one in after["segments"] if "eleven" in one["text"]]
    assert before["origin"] == after["origin"]


def test_what_is_published_is_not_published_again(uploaded, capsys):
    """Nothing is sent where the server has all of it, with or without --changed."""
    for options in ([], ["--changed"]):
        assert set() == changed_by(uploaded, lambda chosen=options: uploaded.publish(*chosen))
        assert "welcome: unchanged.\n" == capsys.readouterr().out.splitlines(keepends=True)[-1]


def test_json(uploaded, capsys):
    """One event a video, with what was replaced."""
    uploaded.correct(*CORRECTED)
    capsys.readouterr()
    assert EXIT_DONE == uploaded.publish("--media", "welcome", "--json")
    (event,) = [fields(line) for line in events(capsys.readouterr().out)]
    assert ("dataset_published", "welcome", "published", "") == tuple(
        event[name] for name in ("event", "title", "outcome", "error")
    )
    forms = ["transcript.srt", "transcript.txt", "subtitles.vtt", "transcript.json"]
    assert ["subtitles/en/seg_001.vtt", *forms] == event["files"]


def test_what_was_left_half_done_is_finished(uploaded, monkeypatch, capsys):
    """A publication that breaks off is told, and the next one does the rest."""
    uploaded.correct(*CORRECTED)
    send = replacing._sent

    def break_off(sender, path, entry):
        if entry.filename == "subtitles.vtt":
            raise TransferError("The line was cut.")
        return send(sender, path, entry)

    with monkeypatch.context() as broken:
        broken.setattr(replacing, "_sent", break_off)
        assert EXIT_FAILED == uploaded.publish()
    assert "welcome was not published. The line was cut." in capsys.readouterr().err
    assert EXIT_DONE == uploaded.publish("--changed")
    assert agrees(uploaded)
    assert all("eleven" in (uploaded.folder / name).read_text(encoding="utf-8") for name in FORMS)


def test_the_next_job_takes_it_for_its_own(uploaded, sample, small_model):
    """Converting again does nothing: the captions that were published are no correction by hand."""
    uploaded.correct(*CORRECTED)
    uploaded.publish()
    job = Job(
        source=sample,
        output_dir=uploaded.folder.parent,
        slug="welcome",
        encoding=EncodingRequest(preset="veryfast"),
        transcription=TranscriptionRequest(model=str(small_model)),
    )
    texts = []
    report = wiring.run_job(
        wiring.probe_and_plan(job, Config()), Config(), lambda event: texts.append(str(event)), CancelToken()
    )
    assert (Outcome.DONE, False) == (report.outcome, any("corrected by hand" in text for text in texts))
    assert "eleven" in (uploaded.folder / "transcript.srt").read_text(encoding="utf-8")


def test_a_correction_in_the_folder_is_not_overwritten(uploaded, capsys):
    """What an editor has corrected there and not uploaded stays; it is said what to do."""
    (uploaded.folder / "transcript.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nMine.\n", encoding="utf-8")
    uploaded.correct(*CORRECTED)
    assert set() == changed_by(uploaded, lambda: uploaded.publish())
    assert "transcript.srt was corrected by hand and not uploaded: upload the folder first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("media", "sentence"),
    [
        ({"fingerprint": {"size_bytes": 1, "sha256_head_tail": "x"}}, "Another video (welcome) was uploaded to"),
        ({"backend_url": "http://other"}, "It was uploaded by the backend http://other, not by"),
        ({"prefix": "tests/nothing/here/"}, "Nothing is known of what was uploaded to tests/nothing/here/"),
    ],
    ids=["another video", "another backend", "nothing there"],
)
def test_what_can_not_be_published(uploaded, media, sentence, capsys):
    """Exit 1 and one sentence; nothing at the destination is touched."""
    uploaded.correct(*CORRECTED)
    uploaded.media(**media)
    assert set() == changed_by(uploaded, lambda: uploaded.publish())
    err = capsys.readouterr().err
    assert (True, 1) == (f"welcome was not published. {sentence}" in err, len(err.splitlines()))


def test_videos_that_were_not_uploaded(uploaded, capsys):
    """They are passed over, unless they are named."""
    for name in ("prefix", "backend_url", "folder"):
        uploaded.media(**{name: ""})
    assert EXIT_DONE == uploaded.publish()
    assert "welcome: not uploaded.\n" in capsys.readouterr().out
    assert EXIT_FAILED == uploaded.publish("--media", "welcome")
    assert "It was not uploaded" in capsys.readouterr().err


def test_a_video_that_was_uploaded_later(uploaded):
    """The manifest in the job's folder says where."""
    uploaded.media(prefix="", backend_url="")
    uploaded.correct(*CORRECTED)
    assert "transcript.srt" in changed_by(uploaded, lambda: uploaded.publish())


def test_without_a_backend(tmp_path, capsys):
    """It is said what is missing, before anything is looked at."""
    status = run_command(["transcripts", "publish", str(tmp_path / "nowhere.json")], Config())
    assert (EXIT_WRONG_USAGE, True) == (status, "BACKEND_URL" in capsys.readouterr().err)
